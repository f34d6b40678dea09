"""One file to segments, in a process of its own.

How: blocks of rows go into the embedded engine as they are; one parse with text leaves makes a typed row beside the raw
one; what the fast reader refuses is read a second time; repeats within the file fall to the first row; each block writes
one Parquet segment a table. Memory is bounded by the block, whatever the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from brokenseal import identifiers, schema
from brokenseal.errors import InputError
from brokenseal.lake import FileTaken, Segment, embedded
from brokenseal.sources import entra_signin, lines, recognise, second, unified_audit
from brokenseal.sources.recognise import Kind

LOGS: tuple[ModuleType, ...] = (unified_audit, entra_signin)
_IPS = pa.schema([(n, pa.string()) for n in ("ip_text", "ip", "prefix", "wide", "ip_is")])
_REJECTS = schema.TABLES["rejects"].arrow()


@dataclass(frozen=True)
class Job:
    """One file to take in. tenant: for records that name none."""

    path: Path
    shown: str
    sha256: str
    aside: Path
    tenant: str | None
    memory: str
    threads: int


@dataclass
class _Taking:
    """What has been seen of one file so far."""

    job: Job
    log: ModuleType
    kind: Kind
    rows: int = 0
    parts: int = 0
    segments: list[Segment] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, row: int, reason: str, mail: bool = False) -> None:
        self.rejects.append(
            {"file_sha256": self.job.sha256, "member": None, "row": row, "reason": reason, "mail_operation": mail}
        )


def log_of(kind: str) -> ModuleType | None:
    """The log that takes this format in, if any does."""
    return next((m for m in LOGS if kind in m.FORMATS), None)


def take(job: Job) -> FileTaken:
    """Read one file; its segments lie in the aside folder. Raises InputError where nothing of it can be read."""
    stream = lines.Stream(job.path)
    size = job.path.stat().st_size
    try:
        kind = recognise.recognise(stream)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{job.shown}: {error}") from error
    log = log_of(kind.format)
    if log is None:
        note = "no log that is read here" if kind.format not in ("empty", "binary") else f"the file is {kind.format}"
        if "without AuditData" in kind.format:
            note = "the export lacks its AuditData column: export again with all columns"
        return FileTaken(job.sha256, job.shown, kind.format, kind.shape, size, 0, 0, note, ())
    taking = _Taking(job, log, kind)
    connection = embedded(memory=job.memory, threads=job.threads, spill=job.aside / "spill")
    try:
        for macro in identifiers.MACROS:
            connection.execute(macro)
        connection.execute("create temp table seen (record_id varchar primary key)")
        note = _blocks(connection, taking)
        _write_rejects(connection, taking)
    finally:
        connection.close()
    return FileTaken(
        job.sha256,
        job.shown,
        kind.format,
        kind.shape,
        size,
        taking.rows,
        len(taking.rejects),
        note,
        tuple(taking.segments),
    )


def _blocks(connection: Any, taking: _Taking) -> str | None:
    """All blocks of the file; returns what a reader of `inputs` must know of it."""
    stream = lines.Stream(taking.job.path)
    bad: list[tuple[int, str]] = []
    last = 0
    note = None
    try:
        for batch in _rows(stream, taking.kind, bad):
            if batch.num_rows:
                last = batch.column(0)[-1].as_py()
            _block(connection, taking, batch)
    except (InputError, pa.ArrowInvalid, UnicodeError) as error:
        note = str(error).splitlines()[0][:300]
        taking.rows += 1
        taking.refuse(last + 1, f"the rest of the file cannot be read: {note}", mail=True)
    for row, reason in bad:
        taking.rows += 1
        taking.refuse(row, reason)
    if stream.cut:
        note = stream.cut
        # a cut line was counted and refused as broken JSON already; of a whole one only the rest is missing
        if not any(r["row"] >= last for r in taking.rejects):
            taking.rows += 1
            taking.refuse(last + 1, f"{stream.cut}: what followed is missing", mail=True)
    return note


def _rows(stream: lines.Stream, kind: Kind, bad: list[tuple[int, str]]) -> Iterator[pa.RecordBatch]:
    if kind.shape == "json-lines":
        return lines.physical(stream)
    if kind.shape == "csv":
        return lines.records(stream, "AuditData", kind.skip, bad)
    return lines.elements(stream)


def _block(connection: Any, taking: _Taking, batch: pa.RecordBatch) -> None:
    """One block: parse, read again, drop repeats, write."""
    connection.register("block", pa.Table.from_batches([batch]))
    blank = "octet_length(bytes) = 0 or (octet_length(bytes) < 64 and try(bs_text(decode(bytes))) is null)"
    if taking.kind.shape == "csv":
        blank = "false"
    connection.execute(
        f"create or replace temp table raw_rows as select row, bytes, try(decode(bytes)) as raw from block where not ({blank})"
    )
    connection.unregister("block")
    taking.rows += connection.execute("select count(*) from raw_rows").fetchone()[0]
    connection.execute(f"create or replace temp table parsed as {_parse(taking, 'raw_rows')}")
    _again(connection, taking)
    _identify(connection, taking)
    _repeats(connection)
    _write(connection, taking)


def _parse(taking: _Taking, source: str) -> str:
    """SELECT of row, raw and the typed record r."""
    inner = taking.log.INNER.get(taking.kind.format)
    text = "raw"
    if inner:
        text = (
            f"case when json_valid(raw) then case json_type(raw, '$.{inner}') when 'VARCHAR' "
            f"then json_extract_string(raw, '$.{inner}') else cast(json_extract(raw, '$.{inner}') as varchar) end end"
        )
    spec = json.dumps(taking.log.SPEC).replace("'", "''")
    whole = "case when json_valid(body) then json_type(body) = 'OBJECT' else false end"
    return (
        f"select row, raw, case when {whole} then json_transform(body, '{spec}') end as r "
        f"from (select row, raw, {text} as body from {source})"
    )


def _again(connection: Any, taking: _Taking) -> None:
    """What the fast reader refused is read a second time; what is no record of this log is refused for good."""
    refused = connection.execute(
        f"select p.row, b.bytes from parsed p join raw_rows b using (row) where p.r is null or not ({taking.log.VALID})"
        " order by p.row"
    ).fetchall()
    connection.execute(f"delete from parsed where r is null or not ({taking.log.VALID})")
    if not refused:
        return
    good = []
    for row, data in refused:
        if not data.strip():
            taking.refuse(row, "empty AuditData" if taking.kind.shape == "csv" else "empty")
            continue
        reading = second.read(data)
        if reading.raw is None:
            taking.refuse(row, reading.reason or "unreadable", reading.mail)
        else:
            good.append({"row": row, "raw": reading.raw})
    if not good:
        return
    fields = pa.schema([("row", pa.int64()), ("raw", pa.string())])
    connection.register("again_rows", pa.Table.from_pylist(good, schema=fields))
    connection.execute(f"create or replace temp table again as {_parse(taking, 'again_rows')}")
    connection.unregister("again_rows")
    for (row,) in connection.execute(
        f"select row from again where r is null or not coalesce({taking.log.VALID}, false) order by row"
    ).fetchall():
        taking.refuse(row, taking.log.INVALID)
    connection.execute(f"insert into parsed select * from again where r is not null and {taking.log.VALID}")


def _identify(connection: Any, taking: _Taking) -> None:
    """Each row its record id, address, time and tenant."""
    log, tenant = taking.log, taking.job.tenant
    nameless = connection.execute(f"select row, raw from parsed where {log.ID} is null").fetchall()
    made = pa.Table.from_pylist(
        [{"row": row, "made": second.canonical(raw)} for row, raw in nameless],
        schema=pa.schema([("row", pa.int64()), ("made", pa.string())]),
    )
    connection.register("made", made)
    texts = [t[0] for t in connection.execute(f"select distinct {log.IP} from parsed").fetchall() if t[0]]
    connection.register("ips", pa.Table.from_pylist([_address(t) for t in sorted(texts)], schema=_IPS))
    known = f"'{tenant}'" if tenant else "null::varchar"
    connection.execute(
        f"""create or replace temp table named as
        select p.row, p.raw, p.r, coalesce({log.ID}, made) as record_id, ip, prefix, wide, coalesce(ip_is, 'unknown') as ip_is,
            {log.TIME} as time, coalesce({log.TENANT}, {known}) as tenant_id
        from parsed p left join made on p.row = made.row left join ips on {log.IP} = ips.ip_text"""
    )
    connection.unregister("made")
    connection.unregister("ips")


def _address(text: str) -> dict[str, str | None]:
    ip = identifiers.address(text)
    prefix, wide, kind = identifiers.networks(ip) if ip else (None, None, None)
    return {"ip_text": text, "ip": ip, "prefix": prefix, "wide": wide, "ip_is": kind}


def _repeats(connection: Any) -> None:
    """`fresh`: the first row of each record that this file has not shown before."""
    connection.execute(
        """create or replace temp table firsts as
        select record_id, min(row) as row from named anti join seen using (record_id) group by record_id"""
    )
    connection.execute("insert into seen select record_id from firsts")
    connection.execute(
        "create or replace temp view fresh as select n.* from named n semi join firsts using (record_id, row)"
    )


def _write(connection: Any, taking: _Taking) -> None:
    """One segment a table of this block."""
    sha, log = taking.job.sha256, taking.log
    shape = {"unified-audit-wrapped": "unified-audit-csv"}.get(taking.kind.format, taking.kind.format)
    selects = {
        "records": f"""select record_id, tenant_id, '{log.SOURCE}' as source, '{shape}' as shape, {log.OPERATION} as operation,
            time, raw, {log.AVAILABLE} as available_at, '{sha}' as file_sha256, null::varchar as member, row from fresh""",
        "sightings": f"""select record_id, '{sha}' as file_sha256, null::varchar as member, row, '{shape}' as shape,
            left(md5({log.CONTENT}), 16) as content from named""",
    }
    for table, select in log.TABLES.items():
        columns = ", ".join(f'cast(x."{n}" as {t}) as "{n}"' for n, t in schema.TABLES[table].sql().items())
        selects[table] = f"""select {columns}, '{sha}' as file_sha256, f.row from ({select}) x
            join (select record_id, row from firsts) f using (record_id)"""
    taking.parts += 1
    for table, select in selects.items():
        _segment(connection, taking, table, select)


def _segment(connection: Any, taking: _Taking, table: str, select: str) -> None:
    target = taking.job.aside / f"{taking.job.sha256[:16]}-{table}-{taking.parts}.parquet"
    order = "order by tenant_id, time" if table in ("records", "accesses") else ""
    ranged = "tenant_id" in schema.TABLES[table].names
    rows = connection.execute(
        f"copy ({select} {order}) to '{str(target).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)"
    ).fetchone()[0]
    if rows == 0:
        target.unlink()
        return
    spans: tuple[Any, ...] = (None,) * 4
    if ranged:
        spans = connection.execute("select min(tenant_id), max(tenant_id), min(time), max(time) from fresh").fetchone()
    texts = [str(s) if s is not None else None for s in spans]
    taking.segments.append(Segment(table, str(target), rows, target.stat().st_size, *texts))


def _write_rejects(connection: Any, taking: _Taking) -> None:
    if not taking.rejects:
        return
    connection.register(
        "refused", pa.Table.from_pylist(sorted(taking.rejects, key=lambda r: r["row"]), schema=_REJECTS)
    )
    taking.parts += 1
    _segment(connection, taking, "rejects", "select * from refused")
    connection.unregister("refused")
