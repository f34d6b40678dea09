"""Files recognised, read and extracted: one big file, or a batch of small ones. Runs in a process of its own.

What: from paths to what the ledger is told of them. Why: a file is taken in whole or not at all, and one that makes no
record says why; hundreds of small files must not make thousands of segments. How: a small file is read whole before any of
its rows count; a big one goes block by block, and so do the members of an archive. A file whose bytes changed while it was
read is not taken, nor is an archive with one member that cannot be read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.lake.taken import FileTaken, Segment
from brokenseal.sources import lines, log, mixed, recognise, unpack, wide
from brokenseal.sources.extract import Extraction, Reject

BIG_BYTES = 48 << 20
"""From here a file's rows do not wait for those of others."""
MOST_NOTES = 5
MIXED = "mixed"


@dataclass(frozen=True)
class Job:
    """A file to take in. shown: its path as people gave it. changed: when its bytes were hashed."""

    path: Path
    shown: str
    file_sha256: str
    size: int
    changed: int


@dataclass(frozen=True)
class Batch:
    """Files that are published together. tenant: for records that name none. aside: where a folder for segments is made."""

    jobs: tuple[Job, ...]
    tenant: str | None
    aside: Path
    threads: int

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(j.size for j in self.jobs)


@dataclass
class Taken:
    """What came of a batch: what the ledger is told, what a person should know, and what could not be read."""

    files: list[FileTaken] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unread: int = 0


def take(batch: Batch, db: Any) -> Taken:
    """Take the files of a batch, on an embedded engine. What is wrong with a file becomes a problem of the result."""
    folder = batch.aside / batch.jobs[0].file_sha256[:16]
    folder.mkdir(parents=True)
    out = Taken()
    work = _Work(batch, folder, db)
    for job in batch.jobs:
        try:
            work.take(job)
        except OSError as error:
            out.problems.append(f"{job.shown}: {error.strerror or error}")
            out.unread += 1
        except InputError as error:
            out.problems.append(str(error))
            out.unread += 1
    work.end(out)
    return out


@dataclass
class _Reading:
    """One file, or member of an archive, being read: its rows, and what was no row.

    key: its extraction. parts: of rows that are of other logs, by the log's name, the extraction and the file's number there.
    """

    job: Job
    place: unpack.Place
    seen: recognise.Sample
    log: log.Log
    key: str = ""
    number: int = 0
    rows: int = 0
    last: int = 0
    name: str = ""
    cut: str | None = None
    ragged: list[tuple[int, str]] = field(default_factory=list)
    note: str | None = None
    parts: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def member(self) -> str | None:
        """Its name within an archive."""
        return self.place.name if isinstance(self.place, unpack.Packed) else None

    @property
    def shown(self) -> str:
        """Its path for people."""
        return self.job.shown if self.member is None else f"{self.job.shown}/{self.member}"

    @property
    def looks(self) -> bool:
        """Its rows may be of several logs: a CSV has one header."""
        return self.seen.shape != "csv"

    def blocks(self, *, slow: bool) -> Iterator[pa.Table]:
        """Blocks of rows (file, row, raw)."""
        stream = lines.Stream(self.place)
        for block in blocks(stream, self.seen, self.log, self.ragged, slow=slow):
            if block.num_rows:
                self.rows += block.num_rows
                self.last = block["row"][-1].as_py()
                numbers = pa.repeat(pa.scalar(self.number, pa.int32()), block.num_rows)
                yield block.add_column(0, "file", numbers)
        self.cut = stream.cut
        now = self.job.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.job.size, self.job.changed):
            raise InputError(f"{self.job.shown}: changed while it was being read")

    def _rejects(self, extractions: Mapping[str, Extraction]) -> list[Reject]:
        """Its refused rows, whichever log they are of."""
        places = [(self.key, self.number), *self.parts.values()]
        return [r for key, number in places for r in extractions[key].rejects if r.file == number]

    def close(self, extractions: Mapping[str, Extraction]) -> None:
        """Count what came as no row."""
        extraction = extractions[self.key]
        for row, why in self.ragged:
            extraction.rejects.append(Reject(self.number, row, why, True))
        self.rows += len(self.ragged)
        refused = [r.row for r in self._rejects(extractions)]
        if self.cut and self.last not in refused:
            # a row that was cut is a reject already; here the cut fell between two rows
            self.rows += 1
            extraction.rejects.append(Reject(self.number, self.last + 1, self.cut, True))

    def tell(self, out: Taken, extractions: Mapping[str, Extraction]) -> int:
        """What a person is told; returns the number of rejects."""
        mine = self._rejects(extractions)
        held = {self.log.name: extractions[self.key].records[self.number]}
        held |= {name: extractions[key].records[number] for name, (key, number) in self.parts.items()}
        held = {name: count for name, count in sorted(held.items()) if count}
        if self.parts:
            self.name = f"{MIXED}: " + ", ".join(f"{count} {name}" for name, count in held.items())
        self.note = self.cut or (None if held else "no record in it")
        if self.note:
            out.problems.append(f"{self.shown}: {self.note}")
            out.unread += 1
        if mine:
            first = min(mine, key=lambda r: r.row)
            out.problems.append(
                f"{self.shown}: {len(mine)} of {self.rows} rows rejected, row {first.row}: {first.reason}"
            )
        return len(mine)


@dataclass
class _Left:
    """A file, or member of an archive, that makes no record."""

    job: Job
    member: str | None
    name: str
    note: str


@dataclass
class _Work:
    """The extractions of a batch, the rows that wait for them, and what was read."""

    batch: Batch
    folder: Path
    db: Any
    extractions: dict[str, Extraction] = field(default_factory=dict)
    waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    held: int = 0
    readings: list[_Reading] = field(default_factory=list)
    left: list[_Left] = field(default_factory=list)
    numbered: dict[tuple[str, int], _Reading] = field(default_factory=dict)

    def take(self, job: Job) -> None:
        """Read a file, or all that an archive holds. Raises where the file is not to be taken, and forgets it then."""
        alone, before = len(self.batch.jobs) == 1, (len(self.readings), len(self.left))
        fresh: list[tuple[_Reading, list[pa.Table]]] = []
        try:
            for place in unpack.places(job.path, job.shown):
                member = place.name if isinstance(place, unpack.Packed) else None
                seen = recognise.sample(place)
                found = log.recognised(seen) or _later(place, seen)
                if found is None:
                    self.left.append(_Left(job, member, *recognise.other(seen)))
                elif alone and (member is None or place.stat().st_size >= BIG_BYTES):
                    self._alone(_Reading(job, place, seen, found))
                else:
                    fresh.append(_whole(_Reading(job, place, seen, found)))
                if alone:
                    self._hold(fresh)
                    fresh = []
            if before == (len(self.readings) + len(fresh), len(self.left)):
                self.left.append(_Left(job, None, "empty", "an archive with no file in it"))
        except (OSError, InputError):
            del self.readings[before[0] :], self.left[before[1] :]
            if alone:
                self._drop()
            raise
        self._hold(fresh)

    def _extraction(self, key: str, found: log.Log, *, looks: bool) -> Extraction:
        """The extraction of this key, begun when it is first asked for."""
        if key not in self.extractions:
            folder = self.folder / key
            folder.mkdir()
            threads = self.batch.threads
            self.extractions[key] = Extraction(self.db, found, self.batch.tenant, folder, threads, looks=looks)
        return self.extractions[key]

    def _drop(self, keys: Sequence[str] | None = None) -> None:
        """Forget extractions and their segments."""
        for key in list(self.extractions) if keys is None else keys:
            shutil.rmtree(self.extractions.pop(key).folder)
            self.waiting.pop(key, None)

    def _alone(self, reading: _Reading) -> None:
        """A file by itself, block by block; all of it again, slowly, where the fast CSV reader gives up."""
        for slow in (False, True):
            reading = _Reading(reading.job, reading.place, reading.seen, reading.log)
            reading.key = f"{reading.log.name}-{len(self.readings)}"
            extraction = self._extraction(reading.key, reading.log, looks=reading.looks)
            extraction.add(reading.job.file_sha256, reading.member)
            self.numbered[reading.key, 0] = reading
            try:
                for block in reading.blocks(slow=slow):
                    self._others(reading.key, extraction.take(block))
            except pa.ArrowInvalid:
                self._drop([reading.key])
                if slow:
                    raise InputError(f"{reading.shown}: no CSV that can be read") from None
                continue
            self.readings.append(reading)
            return

    def _hold(self, fresh: Sequence[tuple[_Reading, list[pa.Table]]]) -> None:
        """Rows that were read whole wait for more, up to a block of them."""
        for reading, tables in fresh:
            reading.key = reading.log.name if reading.looks else f"{reading.log.name}-csv"
            extraction = self._extraction(reading.key, reading.log, looks=reading.looks)
            reading.number = extraction.add(reading.job.file_sha256, reading.member)
            self.numbered[reading.key, reading.number] = reading
            numbers = (pa.repeat(pa.scalar(reading.number, pa.int32()), t.num_rows) for t in tables)
            placed = [t.set_column(0, "file", n) for t, n in zip(tables, numbers)]
            self.readings.append(reading)
            self.waiting.setdefault(reading.key, []).extend(placed)
            self.held += sum(t.nbytes for t in tables)
        if self.held >= lines.BLOCK:
            self._extract()

    def _extract(self) -> None:
        while self.waiting:
            waiting, self.waiting, self.held = self.waiting, {}, 0
            for key, tables in waiting.items():
                self._others(key, self.extractions[key].take(_joined(tables)))

    def _others(self, key: str, others: Mapping[str, pa.Table]) -> None:
        """Rows that an extraction handed back wait for that of their own log."""
        for name, rows in others.items():
            own = f"{MIXED}-{name}"
            extraction = self._extraction(own, log.named(name), looks=False)
            before, after = rows["file"].to_numpy(), np.empty(rows.num_rows, np.int32)
            for number in np.unique(before).tolist():
                reading = self.numbered[key, number]
                if name not in reading.parts:
                    reading.parts[name] = (own, extraction.add(reading.job.file_sha256, reading.member, name))
                after[before == number] = reading.parts[name][1]
            self.waiting.setdefault(own, []).append(rows.set_column(0, "file", pa.array(after)))
            self.held += rows.nbytes
        if others and self.held >= lines.BLOCK:
            self._extract()

    def end(self, out: Taken) -> None:
        """Extract what waits, write the rejects, tell of every file."""
        self._extract()
        for reading in self.readings:
            reading.close(self.extractions)
        for extraction in self.extractions.values():
            extraction.finish()
            out.segments += extraction.segments
        rejected = {id(r): r.tell(out, self.extractions) for r in self.readings}
        for left in self.left:
            shown = left.job.shown if left.member is None else f"{left.job.shown}/{left.member}"
            out.problems.append(f"{shown}: {left.note}")
            out.unread += 1
        for job in self.batch.jobs:
            own = [r for r in self.readings if r.job is job]
            left_out = [x for x in self.left if x.job is job]
            if own or left_out:
                out.files.append(_taken(job, own, left_out, sum(rejected[id(r)] for r in own)))


def _whole(reading: _Reading) -> tuple[_Reading, list[pa.Table]]:
    """A small file's rows."""
    try:
        return reading, list(reading.blocks(slow=False))
    except pa.ArrowInvalid:
        again = _Reading(reading.job, reading.place, reading.seen, reading.log)
        try:
            return again, list(again.blocks(slow=True))
        except pa.ArrowInvalid:
            raise InputError(f"{reading.shown}: no CSV that can be read") from None


def _taken(job: Job, readings: Sequence[_Reading], left: Sequence[_Left], rejected: int) -> FileTaken:
    """What the ledger is told of a file; of an archive, of all its members together."""
    notes = [(r.member, r.note) for r in readings if r.note] + [(x.member, x.note) for x in left]
    note = "; ".join(n if member is None else f"{member}: {n}" for member, n in notes[:MOST_NOTES]) or None
    names = sorted({r.name or r.log.name for r in readings} or {x.name for x in left})
    shape = "none" if not readings else readings[0].seen.shape
    if unpack.is_archive(job.path):
        shape = "zip"
    name = names[0] if len(names) == 1 else "several"
    return FileTaken(
        job.file_sha256, job.shown, name, shape, job.size, sum(r.rows for r in readings), rejected, note, ()
    )


def _later(place: unpack.Place, seen: recognise.Sample) -> log.Log | None:
    """The log of a file whose first objects are of none that is read here, and a later one is."""
    if seen.shape not in ("json-lines", "json-array", "json-pages") or not seen.objects:
        return None
    try:
        known = mixed.any_known(blocks(lines.Stream(place), seen, mixed.UNKNOWN, [], slow=False))
    except InputError:
        return None
    return mixed.UNKNOWN if known else None


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables) if tables else pa.table({"file": [], "row": [], "raw": []})


def blocks(
    stream: lines.Stream, seen: recognise.Sample, found: log.Log, ragged: list[tuple[int, str]], *, slow: bool
) -> Iterator[pa.Table]:
    """Blocks of rows of a file; what is no row goes to `ragged`. Raises ArrowInvalid where the fast CSV reader gives up."""
    if seen.shape == "csv" and found.column is None:
        return (wide.slow if slow else wide.records)(stream, seen.header, seen.skip, seen.delimiter, ragged)
    if seen.shape == "csv":
        read = lines.csv_slow if slow else lines.csv_records
        return read(stream, found.column or "", seen.skip, seen.delimiter, ragged)
    if found.column:
        return lines.numbered(mixed.inner(lines.elements(stream), found.column))
    if seen.shape == "json-lines":
        return lines.physical(stream)
    if seen.shape == "json-pages":
        return lines.numbered(lines.pages(stream))
    return lines.numbered(lines.elements(stream))
