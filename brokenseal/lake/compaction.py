"""Small segments merged into one file a month, so that a lake of many small inputs stays quick to open.

A copy that is not kept is left out here: another file that comes later may take a record over, but none gives it back.
"""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

from brokenseal.lake import kept
from brokenseal.lake.connect import COMPRESSION, clear, connect, parquet, quoted
from brokenseal.lake.intake import aside, place
from brokenseal.lake.ledger import Ledger
from brokenseal.lake.taken import Segment

TINY_BYTES, MOST_SMALL = 256 << 10, 64
SMALL_BYTES, MOST_MIDDLING = 16 << 20, 1024
"""A file costs its opening, a merge costs every record again: many tiny ones are merged soon, middling ones late."""
_UNTIMED = ("sightings", "rejects", "key_documents", "trusted_keys", "key_findings", "leaks")
_MERGED = "month-"


def due(segments: list[Segment]) -> list[Segment]:
    """The tiny segments of a table where more than 64 of them came from inputs, or all small ones beyond 1,024; else none."""
    for size, most in ((TINY_BYTES, MOST_SMALL), (SMALL_BYTES, MOST_MIDDLING)):
        small = [s for s in segments if s.size < size]
        # months stay small in a small lake, and are no reason to merge them again
        if sum(not Path(s.file).name.startswith(_MERGED) for s in small) > most:
            return small
    return []


def compact(
    lake: Path, ledger: Ledger, segments: list[Segment], *, lost: Path | None, memory: str, threads: int, spill: Path
) -> None:
    """Merge these segments of one table: new ones published, old ones retired, in one transaction."""
    table = segments[0].table
    source = f"select * from {parquet(lake / s.file for s in segments)}"
    if lost is not None and table in kept.FROM_FILES:
        source = kept.without(source, lost)
    with clear(f"cannot merge segments of {table}"):
        connection = connect(memory=memory, threads=threads, spill=spill)
        try:
            new = _months(connection, aside(lake), table, source)
        finally:
            connection.close()
        number = ledger.links()
        moved = [m for name, segment in new for m in place(lake, (segment,), f"{_MERGED}{name}-{number}")]
    ledger.replace(moved, [s.file for s in segments], time.time(), "compaction")


def _months(connection: duckdb.DuckDBPyConnection, folder: Path, table: str, source: str) -> list[tuple[str, Segment]]:
    """One file a month, ordered by organisation and time; the name of each month with it."""
    if table in _UNTIMED:
        month, order, spans = "'all'", "", "null, null, null, null"
    else:
        month, order = "coalesce(strftime(time, '%Y-%m'), 'none')", "order by tenant_id, time, record_id"
        spans = "min(tenant_id), max(tenant_id), min(time), max(time)"
    found = connection.execute(
        f"select {month} as month, count(*), {spans} from ({source}) group by month order by month"
    ).fetchall()
    out = []
    for name, rows, *ranges in found:
        file = folder / f"{table}-{name}.parquet"
        connection.execute(
            f"copy (select * from ({source}) where {month} = {quoted(name)} {order}) "
            f"to {quoted(file)} (format parquet, compression {COMPRESSION})"
        )
        texts = [None if r is None else str(r) for r in ranges]
        out.append((name, Segment(table, str(file), rows, file.stat().st_size, *texts)))
    return out
