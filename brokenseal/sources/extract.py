"""Rows of one log to segments of the tables, block by block.

What: each block is parsed once into a struct of texts and copied from there into one Parquet file a table; a block holds a
part of a big file, or several small ones. Why: one pass over the bytes is all that the size of these logs allows. How: the
fast reader's refusals are read again by `second`; repeats within a file are found by keys alone; addresses and client
strings are normalised once for each distinct one.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal import identifiers, schema
from brokenseal.lake.connect import PACKED, quoted
from brokenseal.lake.taken import Segment
from brokenseal.sources import mixed, second
from brokenseal.sources.log import Log

FAST = "starts_with(raw, '{') and not contains(raw, '\\u0000')"
"""What the fast reader may try: an escaped NUL it would take as it is."""
ROW_BITS = 40
_NUMBERS = itertools.count()
GROUP = 20_480
RAW_GROUP = 8192
"""Rows of `records` in a row group: the writer holds a group's texts three times over, and memory that the processor keeps
near is the quicker."""
SLICE = 4096
"""Rows that one thread of the engine takes at a time."""
_REJECTS = schema.TABLES["rejects"].arrow()
_MENDED = pa.schema([("file", pa.int32()), ("row", pa.int64()), ("raw", pa.large_string())])
_GIVEN = pa.schema([("file", pa.int32()), ("row", pa.int64()), ("id", pa.string())])
_GONE = pa.schema([("file", pa.int32()), ("row", pa.int64())])
_HARD = pa.schema([(n, pa.string()) for n in ("host", "ip", "prefix", "wide")])
_NETS = pa.schema([(n, pa.string()) for n in ("net", "kind", "serves")])
HOSTS = """create or replace temp table hosts as select host, host as ip, bs_prefix(host) as prefix, bs_wide(host) as wide
    from (select distinct host from typed where host is not null)"""
_PROVIDER_CLIENTS = """case
    when starts_with(info, 'Client=REST;Client=RESTSystem') then 'restsystem'
    when starts_with(info, 'Client=REST') then 'rest'
    when starts_with(info, 'Client=OWA') then 'owa'
    when regexp_matches(info, '^Client=(MSExchangeRPC|Outlook|MAPI)') then 'outlook'
    when starts_with(info, 'Client=WebServices') then 'ews'
    when regexp_matches(info, '^Client=(ActiveSync|AirSync)') then 'activesync'
    when regexp_matches(info, '^Client=(IMAP|POP3/IMAP4.*Protocol=IMAP)') then 'imap'
    when starts_with(info, 'Client=POP') then 'pop'
    when info is not null then 'other' end"""
_SAID = r"""bs_text(regexp_replace(replace(
    coalesce(nullif(regexp_extract(info, 'UserAgent=([^;]*)', 1), ''),
        regexp_replace(regexp_replace(info, '^(Client=[^;]*;*)+', ''), ';+$', '')),
    '[NoUserAgent]', ''), '\[AppId=[^\]]*\]', ''))"""
CLIENTS = f"""create or replace temp table clients as
    select info, program, client, user_agent, regexp_replace(user_agent, '[0-9]+', '0', 'g') as agent
    from (select info, program, {_PROVIDER_CLIENTS} as client, coalesce(
            case when not regexp_matches(said, '^(Action|Protocol)=') then nullif(said, '') end, program) as user_agent
        from (select info, program, {_SAID} as said from (select distinct info, program from typed)))"""


@dataclass(frozen=True)
class Reject:
    """A row that is no record: `file` is the file's number in its extraction."""

    file: int
    row: int
    reason: str
    mail: bool


@dataclass
class Extraction:
    """Files of one log being taken in. `folder`: a fresh one for segments. `files`: SHA-256, member and part, by number.

    looks: rows that are not surely of this log are looked at, and those of another are handed back.
    """

    db: Any
    log: Log
    tenant: str | None
    folder: Path
    threads: int = 1
    looks: bool = False
    files: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    records: Counter[int] = field(default_factory=Counter)
    segments: list[Segment] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Arrow has no filter for the texts of a block: the engine must not hand it one. Nor does it tell how many rows it
        # has: the engine would take it for the small side of a join, and copy every text into a hash table
        self.db.execute("set disabled_optimizers = 'join_filter_pushdown,build_side_probe_side'")
        # the ids of one log are not those of another that waits beside it
        self._ids = f"ids_{next(_NUMBERS)}"
        self.db.execute(f"create temp table {self._ids} (file int, record_id varchar)")
        given = f"bs_guid({quoted(self.tenant)})" if self.tenant else "null::varchar"
        self._texts = ", ".join(f"{sql} as {name}" for name, sql in self.log.texts.items())
        columns = self.log.record.items()
        self._columns = ", ".join(f"{sql.replace('given_tenant', given)} as {name}" for name, sql in columns)

    def add(self, file_sha256: str, member: str | None = None, part: str | None = None) -> int:
        """A file, or a member of an archive, whose rows will come; returns its number.

        part: the log whose rows of that file these are, where the file is another log's.
        """
        self.files.append((file_sha256, member, part))
        return len(self.files) - 1

    def take(self, block: pa.Table) -> dict[str, pa.Table]:
        """One block of rows (file, row, raw). Returns those of them that are of other logs, by the log's name."""
        self._others: dict[str, pa.Table] = {}
        if not block.num_rows:
            return {}
        if self.threads > 1:
            block = pa.Table.from_batches(block.to_batches(max_chunksize=SLICE))
        # the texts stay outside the engine: what is parsed refers to them by file and row
        self._hold(block)
        self._parse()
        self._identify()
        self._firsts()
        self._copy()
        self._release()
        return self._others

    def again(self, block: pa.Table) -> None:
        """One block of records that are in a lake (file, row, raw, record_id, tenant_id): only what is derived from them."""
        self._hold(block)
        self._parse()
        self.db.execute(
            "update typed set record_id = block.record_id, tenant_id = block.tenant_id from block "
            "where typed.file = block.file and typed.row = block.row"
        )
        self._derive()
        self._release()

    def _hold(self, block: pa.Table) -> None:
        self._block = block
        self.db.register("block", block)

    def _release(self) -> None:
        self.db.execute("drop table typed")
        self.db.unregister("block")
        del self._block

    # --- parsing

    def _typed(self, source: str, text: str, guard: str, *, doubted: bool) -> str:
        parse = f"json_transform({text}, '{self.log.spec_json}')"
        parsed = f"case when {guard} then {f'try({parse})' if doubted else parse} end as p"
        unwrapped = f"select *, {self.log.unwrap} as u from (select file, row, {text} as raw, {parsed} from {source})"
        picked = f"select *, {self._texts} from ({unwrapped})"
        sure = f", coalesce({self.log.own}, false) as own" if self.looks else ""
        return f"select file, row, coalesce({self.log.valid}, false) as valid{sure}, {self._columns} from ({picked})"

    def _parse(self) -> None:
        make = "create or replace temp table typed as "
        try:
            self.db.execute(make + self._typed("block", "raw", FAST, doubted=False))
        except Exception:  # noqa: BLE001, since what is no broken row fails again below
            # what the engine says of a broken row may be no text itself, and so be an error of any class; not to doubt
            # every row spares a copy of every struct
            self.db.execute(make + self._typed("block", "raw", FAST, doubted=True))
        if self.looks and self._any("typed", "not (own and valid)"):
            self._part(mixed.parted(self._texts_where("not (own and valid)"), self.log.name))
        if self._any("typed", "not valid"):
            self._second(self._texts_where("not valid"))

    def _part(self, parted: mixed.Parted) -> None:
        """Rows that are not of this log: out, to be handed back or refused."""
        gone = parted.gone()
        if not gone:
            return
        self.db.register("gone", _table(gone, _GONE))
        self.db.execute("delete from typed using gone where typed.file = gone.file and typed.row = gone.row")
        self.db.unregister("gone")
        self._others = {name: mixed.table(rows) for name, rows in sorted(parted.others.items())}
        for (file, row, raw), why in parted.refused:
            self.rejects.append(Reject(file, row, why, second.names_mail(raw)))

    def _texts_where(self, condition: str) -> list[tuple[int, int, str]]:
        """File, row and text of rows in `typed`, in order."""
        sql = f"select file, row from typed where {condition} order by file, row"
        chosen = self.db.execute(sql).fetchnumpy()
        files, rows = (self._block[n].to_numpy() for n in ("file", "row"))
        order = np.lexsort((rows, files))
        keys = files[order].astype(np.int64) << ROW_BITS | rows[order]
        found = order[np.searchsorted(keys, chosen["file"].astype(np.int64) << ROW_BITS | chosen["row"])]
        texts = self._block["raw"]
        return [(int(files[at]), int(rows[at]), texts[at].as_py()) for at in found.tolist()]

    def _second(self, refused: Sequence[tuple[int, int, str]]) -> None:
        """Read refused rows again; what is still refused is a reject."""
        read = [(file, row, second.again(raw)) for file, row, raw in refused]
        self.db.register("mended", _table(read, _MENDED))
        self.db.execute("delete from typed where not valid")
        self.db.execute(f"insert into typed {self._typed('mended', 'raw', 'raw is not null', doubted=True)}")
        self.db.unregister("mended")
        for file, row, raw in self._texts_where("not valid"):
            why = second.reason(raw) or f"no record of {self.log.name}: it lacks {self.log.needs}"
            self.rejects.append(Reject(file, row, why, second.names_mail(raw)))
        self.db.execute("delete from typed where not valid")

    def _identify(self) -> None:
        if not self._any("typed", "record_id is null"):
            return
        rows = [(file, row, second.identity(raw)) for file, row, raw in self._texts_where("record_id is null")]
        self.db.register("given", _table(rows, _GIVEN))
        self.db.execute(
            "update typed set record_id = given.id from given where typed.file = given.file and typed.row = given.row"
        )
        self.db.unregister("given")

    def _firsts(self) -> None:
        """`firsts`: the first copy of each record that no earlier block of its file had."""
        firsts = "select file, record_id, min(row) as row from typed group by file, record_id"
        if self.records:
            firsts = f"select * from ({firsts}) anti join {self._ids} using (file, record_id)"
        self.db.execute(f"create or replace temp table firsts as {firsts}")
        self.db.execute(f"insert into {self._ids} select file, record_id from firsts")
        fresh = dict(self.db.execute("select file, count(*) from firsts group by file").fetchall())
        self.records.update(fresh)

    def _keep(self) -> None:
        """Of the rows, the first copies stay: every table would have to leave out the others again."""
        self.db.execute(
            "delete from typed where not exists (select 1 from firsts where firsts.file = typed.file and firsts.row = typed.row)"
        )

    # --- writing

    def _copy(self) -> None:
        place = self._place()
        source = "source" if "source" in self.log.record else quoted(self.log.source)
        self._segment(
            "sightings",
            f"select record_id, {place}, row, '{self.log.name}' as shape, content from typed",
        )
        self._keep()
        self._segment(
            "records",
            f"select record_id, tenant_id, {source} as source, '{self.log.name}' as shape, operation, time, raw, "
            f"null::timestamp as available_at, {place}, row from block join typed using (file, row)",
        )
        self._derive()

    def _place(self) -> str:
        """The file, its member, and both as one text, of a row's file number."""

        def of(texts: Sequence[str | None]) -> str:
            written = ["null::varchar" if t is None else quoted(t) for t in texts]
            return written[0] if len(set(written)) == 1 else f"[{', '.join(written)}][file + 1]"

        both = [placed(*file) for file in self.files]
        shas, members, _ = zip(*self.files)
        return f"{of(shas)} as file_sha256, {of(members)} as member, {of(both)} as place"

    def _derive(self) -> None:
        """The tables that are made of records."""
        wanted = {t: sql for t, (where, sql) in self.log.tables.items() if self._any("typed", where)}
        if "info" in self.log.record and wanted:
            self.db.execute(CLIENTS)
        if "host" in self.log.record and wanted:
            self._addresses()
        for table, sql in wanted.items():
            self._segment(table, self._shaped(table, sql, self._place()))

    def _any(self, rows: str, where: str) -> bool:
        return self.db.execute(f"select 1 from {rows} where {where} limit 1").fetchone() is not None

    def _shaped(self, table: str, sql: str, place: str) -> str:
        """The SELECT of a table's columns, joined with what was normalised once."""
        described = schema.TABLES[table].sql()
        made = {}
        if "ip" in described:
            made["ip_is"] = "coalesce(kind, 'unknown')"
            if "original" in self.log.record and table == "issuances":
                made["ip_is"] = (
                    "case when original and host is not null then 'original' else coalesce(kind, 'unknown') end"
                )
            sql = f"select * from ({sql}) left join hosts using (host) left join nets on hosts.prefix = nets.net"
        if "client" in described:
            # the provider's background service may run in a cloud that it rents out too
            made["ip_is"] = "coalesce(case when client = 'restsystem' then serves else kind end, 'unknown')"
            sql = f"""select * from ({sql}) as a left join clients on a.info is not distinct from clients.info
                and a.program is not distinct from clients.program"""
        shaped = [f'cast({made.get(n, n)} as {kind}) as "{n}"' for n, kind in described.items()]
        return f"select {', '.join(shaped)}, {place}, row from ({sql})"

    def _addresses(self) -> None:
        """`hosts`: each distinct address as written, normalised; `nets`: whose their networks are."""
        self.db.execute(HOSTS)
        hard = self.db.execute("select host from hosts where prefix is null").fetchall()
        rows = [(host, *(identifiers.placed(host) or (None,) * 3)[:3]) for (host,) in hard]
        self.db.execute("delete from hosts where prefix is null")
        self.db.register("hard", _table(rows, _HARD))
        self.db.execute("insert into hosts select * from hard")
        self.db.unregister("hard")
        nets = self.db.execute("select distinct prefix from hosts where prefix is not null").fetchall()
        self.db.register("nets", _table([(net, *identifiers.kinds(net)) for (net,) in nets], _NETS))

    def _segment(self, table: str, sql: str) -> None:
        target = self.folder / f"{table}-{len(self.segments)}.parquet"
        # a row group is one thread's work
        size = RAW_GROUP if table == "records" else GROUP if self.threads > 1 else None
        groups = f", row_group_size {size}" if size else ""
        self.db.execute(f"copy ({sql}) to {quoted(target)} (format parquet, {PACKED}{groups})")
        written = pq.read_metadata(target)
        if not written.num_rows:
            target.unlink()
            return
        ranges = _ranges(written) if table != "sightings" else (None,) * 4
        self.segments.append(Segment(table, str(target), written.num_rows, target.stat().st_size, *ranges))

    def finish(self) -> None:
        """Write the rejects."""
        self.db.execute(f"drop table if exists {self._ids}")
        if not self.rejects:
            return
        self.rejects.sort(key=lambda r: (r.file, r.row))
        rows = [(*self.files[r.file][:2], r.row, r.reason, r.mail) for r in self.rejects]
        target = self.folder / f"rejects-{len(self.segments)}.parquet"
        pq.write_table(_table(rows, _REJECTS), target, compression="zstd")
        self.segments.append(Segment("rejects", str(target), len(rows), target.stat().st_size))


def placed(file_sha256: str, member: str | None, part: str | None = None) -> str:
    """Where a copy lies, as one text. A part of a file is a place of its own; no member's name begins with a slash."""
    return "/".join([file_sha256, *(("", part) if part else ()), *((member,) if member is not None else ())])


def at(place: str) -> tuple[str, str | None, str | None]:
    """SHA-256, member and part of what `placed` wrote."""
    file_sha256, _, rest = place.partition("/")
    part, _, member = rest[1:].partition("/") if rest.startswith("/") else ("", "", rest)
    return file_sha256, member or None, part or None


def _table(rows: Sequence[tuple[Any, ...]], columns: pa.Schema) -> pa.Table:
    """Rows as a table, even if there are none."""
    values = list(zip(*rows)) or [()] * len(columns)
    return pa.table([pa.array(c, t) for c, t in zip(values, columns.types)], schema=columns)


def _ranges(written: Any) -> tuple[str | None, ...]:
    """First and last organisation and time of a segment, from its Parquet statistics."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    for group in range(written.num_row_groups):
        for index in range(written.num_columns):
            column = written.row_group(group).column(index)
            name, stats = column.path_in_schema, column.statistics
            if name in ("tenant_id", "time") and stats is not None and stats.has_min_max:
                low[name] = min(low.get(name, stats.min), stats.min)
                high[name] = max(high.get(name, stats.max), stats.max)
    times = [v.isoformat() if (v := side.get("time")) is not None else None for side in (low, high)]
    return low.get("tenant_id"), high.get("tenant_id"), times[0], times[1]
