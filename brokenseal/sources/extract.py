"""Rows of one file to segments of the tables, block by block.

What: each block is parsed once into a struct of texts and copied from there into one Parquet file a table. Why: one pass
over the bytes is all that the size of these logs allows. How: the fast reader's refusals are read again by `second`;
repeats within the file are found by keys alone; addresses and client strings are normalised once for each distinct one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from brokenseal import identifiers, schema
from brokenseal.lake import Segment
from brokenseal.lake.connect import quoted
from brokenseal.sources import second
from brokenseal.sources.log import Log

MEMBER = "null::varchar"
_REJECTS = schema.TABLES["rejects"].arrow()
_HOSTS = pa.schema([(n, pa.string()) for n in ("host", "ip", "prefix", "wide", "ip_is", "ip_serves")])
CLIENTS = """create or replace temp table clients as select info, program, client, user_agent,
    regexp_replace(user_agent, '[0-9]+', '0', 'g') as agent
    from (select info, program, case
        when starts_with(info, 'Client=REST;Client=RESTSystem') then 'restsystem'
        when starts_with(info, 'Client=REST') then 'rest'
        when starts_with(info, 'Client=OWA') then 'owa'
        when starts_with(info, 'Client=MSExchangeRPC') or starts_with(info, 'Client=Outlook')
            or starts_with(info, 'Client=MAPI') then 'outlook'
        when starts_with(info, 'Client=WebServices') then 'ews'
        when regexp_matches(info, '^Client=(ActiveSync|AirSync)') then 'activesync'
        when regexp_matches(info, '^Client=(POP3/IMAP4|IMAP)') and contains(info, 'IMAP4;') or contains(info, 'Protocol=IMAP')
            then 'imap'
        when regexp_matches(info, '^Client=(POP|IMAP)') then case when contains(info, 'Client=IMAP') then 'imap' else 'pop' end
        when info is not null then 'other' end as client,
        coalesce(case when not regexp_matches(said, '^(Action|Protocol)=') then nullif(said, '') end, program) as user_agent
    from (select info, program, bs_text(regexp_replace(replace(coalesce(nullif(regexp_extract(info, 'UserAgent=([^;]*)', 1), ''),
        regexp_replace(regexp_replace(info, '^(Client=[^;]*;*)+', ''), ';+$', '')), '[NoUserAgent]', ''),
        '\\[AppId=[^\\]]*\\]', '')) as said
    from (select distinct info, program from extracted)))"""


@dataclass
class Reject:
    """A row that is no record."""

    row: int
    reason: str
    mail: bool


@dataclass
class Extraction:
    """One file being taken in. `shape` is that of its sightings; `folder` a fresh one for segments."""

    db: Any
    log: Log
    file_sha256: str
    tenant: str | None
    folder: Path
    rows: int = 0
    last: int = 0
    seen: int = 0
    segments: list[Segment] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.db.execute("create or replace temp table ids (record_id varchar)")
        given = f"'{self.tenant}'" if self.tenant else "null::varchar"
        self._given = f"bs_guid({given})"
        self._columns = ", ".join(
            f"{sql.replace('given_tenant', self._given)} as {n}" for n, sql in self.log.record.items()
        )

    def take(self, block: pa.Table) -> None:
        """One block of rows (row, raw)."""
        if not block.num_rows:
            return
        self.rows += block.num_rows
        self.last = block["row"][-1].as_py()
        self._parse(block)
        self._identify()
        self._distinct()
        self._copy()

    def refuse(self, row: int, reason: str, *, mail: bool) -> None:
        """A row that did not come in a block, and is no record."""
        self.rows += 1
        self.rejects.append(Reject(row, reason, mail))

    # --- parsing

    def _typed(self, source: str, text: str, guard: str) -> str:
        parsed = f"case when {guard} then try(json_transform({text}, '{self.log.spec_json}')) end as p"
        unwrapped = f"select *, {self.log.unwrap} as u from (select row, raw, {parsed} from {source})"
        return f"select *, coalesce({self.log.valid}, false) as valid, {self._columns} from ({unwrapped})"

    def _parse(self, block: pa.Table) -> None:
        guard = "starts_with(raw, '{')"
        if pc.any(pc.match_substring(block["raw"], "\\u0000")).as_py():
            guard += " and not contains(raw, '\\u0000')"
        self.db.register("block", block)
        self.db.execute(f"create or replace temp table typed as {self._typed('block', 'raw', guard)}")
        self.db.unregister("block")
        refused = self.db.execute("select row, raw from typed where not valid order by row").fetchall()
        if refused:
            self._second(refused)

    def _second(self, refused: Sequence[tuple[int, str]]) -> None:
        """Read refused rows again; what is still refused is a reject."""
        read = [(row, raw, second.again(raw)) for row, raw in refused]
        columns = [pa.array(c, t) for c, t in zip(zip(*read), (pa.int64(), pa.large_string(), pa.large_string()))]
        self.db.register("mended", pa.table(columns, names=["row", "raw", "text"]))
        self.db.execute("delete from typed where not valid")
        self.db.execute(f"insert into typed {self._typed('mended', 'text', 'text is not null')}")
        self.db.unregister("mended")
        again = self.db.execute("select row, raw, p is not null from typed where not valid order by row").fetchall()
        for row, raw, parsed in again:
            why = (
                f"no record of {self.log.name}: it has neither id nor operation nor time"
                if parsed
                else second.reason(raw)
            )
            self.rejects.append(Reject(row, why, second.names_mail(raw)))
        self.db.execute("delete from typed where not valid")

    def _identify(self) -> None:
        nameless = self.db.execute("select row, raw from typed where record_id is null").fetchall()
        if not nameless:
            return
        ids = pa.table({"row": [r for r, _ in nameless], "id": [second.identity(raw) for _, raw in nameless]})
        self.db.register("given", ids)
        self.db.execute("update typed set record_id = given.id from given where typed.row = given.row")
        self.db.unregister("given")

    def _distinct(self) -> None:
        """`kept`: the first copy of each record that no earlier block had."""
        count = self.db.execute("select count(*), count(distinct record_id) from typed").fetchone()
        firsts = "select record_id, min(row) as row from typed group by record_id"
        if self.seen:
            firsts = f"select * from ({firsts}) anti join ids using (record_id)"
        self.db.execute(f"create or replace temp table firsts as {firsts}")
        fresh = self.db.execute("select count(*) from firsts").fetchone()[0]
        self.db.execute("insert into ids select record_id from firsts")
        self.seen += fresh
        rows = "typed" if fresh == count[0] else "typed semi join firsts using (row)"
        self.db.execute(f"create or replace temp view kept as select * from {rows}")

    # --- writing

    def _copy(self) -> None:
        place = f"'{self.file_sha256}' as file_sha256"
        self._segment(
            "sightings",
            f"select record_id, {place}, {MEMBER} as member, row, '{self.log.name}' as shape, content from typed",
        )
        available = "null::timestamp"
        self._segment(
            "records",
            f"select record_id, tenant_id, '{self.log.source}' as source, '{self.log.name}' as shape, operation, time, raw, "
            f"{available} as available_at, {place}, {MEMBER} as member, row from kept",
        )
        for table, (where, sql) in self.log.tables.items():
            if not self.db.execute(f"select 1 from kept where {where} limit 1").fetchone():
                continue
            self.db.execute(f"create or replace temp table extracted as {sql}")
            columns = {r[0] for r in self.db.execute("describe extracted").fetchall()}
            source = "extracted"
            if "info" in columns:
                self.db.execute(CLIENTS)
                source += " left join clients on extracted.info is not distinct from clients.info "
                source += "and extracted.program is not distinct from clients.program"
            if "host" in columns:
                self._addresses()
                source += " left join hosts on extracted.host = hosts.host"
            self._segment(table, self._shaped(table, source, "info" in columns, place))

    def _shaped(self, table: str, source: str, has_info: bool, place: str) -> str:
        described = schema.TABLES[table]
        columns = []
        for name, kind in described.sql().items():
            sql = name
            if name == "ip_is" and has_info:
                # the provider's background service may run in a cloud that it rents out too
                sql = "case when ip_is = 'caller' and client = 'restsystem' then ip_serves else ip_is end"
            columns.append(f'cast({sql} as {kind}) as "{name}"')
        order = " order by tenant_id, time, record_id" if described.stage == "log" else ""
        return f"select {', '.join(columns)}, {place}, row from {source}{order}"

    def _addresses(self) -> None:
        """`hosts`: each distinct address as written, normalised."""
        written = [
            r[0] for r in self.db.execute("select distinct host from extracted where host is not null").fetchall()
        ]
        self.db.register(
            "hosts", pa.table([pa.array(c, pa.string()) for c in _columns(map(_host, written))], schema=_HOSTS)
        )

    def _segment(self, table: str, sql: str) -> None:
        target = self.folder / f"{table}-{len(self.segments)}.parquet"
        self.db.execute(f"copy ({sql}) to {quoted(target)} (format parquet, compression zstd)")
        rows = pq.read_metadata(target).num_rows
        if not rows:
            target.unlink()
            return
        ranges: tuple[Any, ...] = (None,) * 4
        if table not in ("sightings", "rejects"):
            ranges = _ranges(target)
        self.segments.append(Segment(table, str(target), rows, target.stat().st_size, *ranges))

    def finish(self) -> None:
        """Write the rejects."""
        self.db.execute("drop table if exists typed")
        if not self.rejects:
            return
        self.rejects.sort(key=lambda r: r.row)
        rows = [(self.file_sha256, None, r.row, r.reason, r.mail) for r in self.rejects]
        target = self.folder / f"rejects-{len(self.segments)}.parquet"
        table = pa.table([pa.array(c, t) for c, t in zip(zip(*rows), _REJECTS.types)], schema=_REJECTS)
        pq.write_table(table, target, compression="zstd")
        self.segments.append(Segment("rejects", str(target), len(rows), target.stat().st_size))


def _host(written: str) -> tuple[str | None, ...]:
    return (written, *(identifiers.placed(written) or (None, None, None, "unknown", "unknown")))


def _columns(rows: Any) -> list[list[Any]]:
    found = list(zip(*rows))
    return [list(c) for c in found] if found else [[] for _ in _HOSTS]


def _ranges(target: Path) -> tuple[str | None, ...]:
    """Tenants and times of a segment, from its Parquet statistics."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    metadata = pq.read_metadata(target)
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            stats = column.statistics
            if column.path_in_schema in ("tenant_id", "time") and stats is not None and stats.has_min_max:
                name = column.path_in_schema
                low[name] = min(low.get(name, stats.min), stats.min)
                high[name] = max(high.get(name, stats.max), stats.max)
    times = [v.isoformat() if (v := side.get("time")) is not None else None for side in (low, high)]
    return low.get("tenant_id"), high.get("tenant_id"), times[0], times[1]
