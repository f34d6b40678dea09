"""Files taken in: written aside, moved in, published by one row; and small segments merged.

A writer killed at any moment leaves files that the ledger does not know; the next writer sweeps them, under the lock.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from brokenseal.errors import LakeError
from brokenseal.lake.engine import COMPRESSION, embedded, quoted
from brokenseal.lake.ledger import FileTaken, Ledger, Segment

ASIDE = "aside"
SEGMENTS = "segments"
SPILL = "spill"
KEEP_SECONDS = 3600
SMALL_BYTES = 16 << 20
MOST_SMALL = 64
UNTIMED = ("sightings", "rejects")


@dataclass
class Intake:
    """The way into a lake. `aside` is a folder for segments that are not published yet."""

    lake: Path
    ledger: Ledger

    def __post_init__(self) -> None:
        self.aside = self.lake / ASIDE
        self.aside.mkdir(exist_ok=True)

    def publish(self, taken: FileTaken) -> bool:
        """Move an input's segments in and publish it; False where its bytes are in the lake already.

        Segments name their file by its absolute path, or relative to the lake.
        """
        if taken.file_sha256 in {r["file_sha256"] for r in self.ledger.inputs()}:
            return False
        moved = []
        try:
            for number, segment in enumerate(taken.segments):
                source = self.lake / segment.file
                target = f"{SEGMENTS}/{segment.table}/{taken.file_sha256[:16]}-{number}.parquet"
                (self.lake / target).parent.mkdir(parents=True, exist_ok=True)
                size = source.stat().st_size
                source.replace(self.lake / target)
                moved.append(replace(segment, file=target, size=size))
            return self.ledger.publish_input(replace(taken, segments=tuple(moved)))
        except OSError as error:
            raise LakeError(f"cannot take {taken.path} into {self.lake}: {error.strerror or error}") from error


def sweep(lake: Path, ledger: Ledger) -> None:
    """Remove what no row knows, and what was retired an hour ago. Only under the lock."""
    now = time.time()
    shutil.rmtree(lake / ASIDE, ignore_errors=True)
    gone = ledger.retired(now - KEEP_SECONDS)
    for file in gone:
        (lake / file).unlink(missing_ok=True)
    ledger.forget(gone)
    known = ledger.files()
    for path in (lake / SEGMENTS).glob("*/*"):
        if str(path.relative_to(lake)) not in known:
            path.unlink()
    kept, _ = ledger.run_folders(now - KEEP_SECONDS)
    for folder in (lake / "runs").glob("*"):
        if str(folder.relative_to(lake)) not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    for folder in (lake / SPILL).glob("*"):
        owner = folder.name.split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def compact(lake: Path, ledger: Ledger, *, memory: str, threads: int, spill: Path) -> int:
    """Merge the small segments of each table that has more than 64 of them; returns how many went."""
    merged = 0
    for table, segments in sorted(ledger.segments().items()):
        small = [s for s in segments if s.size < SMALL_BYTES]
        if len(small) > MOST_SMALL:
            new = _merge(lake, table, small, memory=memory, threads=threads, spill=spill)
            ledger.replace(new, [s.file for s in small], time.time(), "compaction")
            merged += len(small)
    return merged


def _merge(lake: Path, table: str, small: list[Segment], *, memory: str, threads: int, spill: Path) -> list[Segment]:
    """One file a month, ordered by tenant and time."""
    paths = ", ".join(quoted(lake / s.file) for s in small)
    source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
    timed = table not in UNTIMED
    month = "coalesce(strftime(time, '%Y-%m'), 'none')" if timed else "'all'"
    order = "order by tenant_id, time, record_id" if timed else ""
    connection = embedded(memory=memory, threads=threads, spill=spill)
    stamp = f"{int(time.time() * 1000):x}"
    out = []
    try:
        months = connection.execute(f"select {month}, count(*) from {source} group by 1 order by 1").fetchall()
        for name, rows in months:
            file = f"{SEGMENTS}/{table}/month-{name}-{stamp}.parquet"
            connection.execute(
                f"copy (select * from {source} where {month} = {quoted(name)} {order}) "
                f"to {quoted(lake / file)} (format parquet, compression {COMPRESSION})"
            )
            out.append(Segment(table, file, rows, (lake / file).stat().st_size))
    finally:
        connection.close()
    return out
