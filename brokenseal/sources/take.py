"""Files recognised, read and extracted: one big file, or a batch of small ones. Runs in a process of its own.

What: from paths to what the ledger is told of them. Why: a file is taken in whole or not at all, and one that makes no
record says why; hundreds of small files must not make thousands of segments. How: a small file is read whole before any of
its rows count; a big one goes block by block. A file whose bytes changed while it was read is not taken.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.lake.ledger import FileTaken, Segment
from brokenseal.sources import lines, log, recognise
from brokenseal.sources.extract import Extraction, Reject


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
            seen = recognise.sample(job.path)
            found = log.recognised(seen)
            if found is None:
                _left(out, job, *recognise.other(seen))
            elif len(batch.jobs) == 1:
                _alone(out, job, seen, found, work)
            else:
                work.hold(out, job, seen, found)
        except OSError as error:
            out.problems.append(f"{job.shown}: {error.strerror or error}")
            out.unread += 1
        except InputError as error:
            out.problems.append(str(error))
            out.unread += 1
    work.end(out)
    return out


def _left(out: Taken, job: Job, name: str, note: str) -> None:
    """A file that makes no record."""
    out.files.append(FileTaken(job.file_sha256, job.shown, name, "none", job.size, 0, 0, note, ()))
    out.problems.append(f"{job.shown}: {note}")
    out.unread += 1


@dataclass
class _Reading:
    """One file being read: its rows, and what was no row."""

    job: Job
    seen: recognise.Sample
    log: log.Log
    number: int = 0
    rows: int = 0
    last: int = 0
    cut: str | None = None
    ragged: list[tuple[int, str]] = field(default_factory=list)

    def blocks(self, *, slow: bool) -> Iterator[pa.Table]:
        """Blocks of rows (file, row, raw)."""
        stream = lines.Stream(self.job.path)
        for block in _blocks(stream, self.seen, self.log, self.ragged, slow=slow):
            if block.num_rows:
                self.rows += block.num_rows
                self.last = block["row"][-1].as_py()
                numbers = pa.repeat(pa.scalar(self.number, pa.int32()), block.num_rows)
                yield block.add_column(0, "file", numbers)
        self.cut = stream.cut
        now = self.job.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.job.size, self.job.changed):
            raise InputError(f"{self.job.shown}: changed while it was being read")

    def close(self, extraction: Extraction) -> None:
        """Count what came as no row."""
        for row, why in self.ragged:
            extraction.rejects.append(Reject(self.number, row, why, True))
        self.rows += len(self.ragged)
        refused = [r.row for r in extraction.rejects if r.file == self.number]
        if self.cut and self.last not in refused:
            # a row that was cut is a reject already; here the cut fell between two rows
            self.rows += 1
            extraction.rejects.append(Reject(self.number, self.last + 1, self.cut, True))

    def tell(self, out: Taken, extraction: Extraction) -> None:
        """What the ledger and a person are told."""
        job = self.job
        mine = [r for r in extraction.rejects if r.file == self.number]
        note = self.cut or (None if extraction.records[self.number] else "no record in it")
        if note:
            out.problems.append(f"{job.shown}: {note}")
            out.unread += 1
        if mine:
            first = min(mine, key=lambda r: r.row)
            out.problems.append(
                f"{job.shown}: {len(mine)} of {self.rows} rows rejected, row {first.row}: {first.reason}"
            )
        numbers = (job.size, self.rows, len(mine))
        out.files.append(FileTaken(job.file_sha256, job.shown, self.log.name, self.seen.shape, *numbers, note, ()))


def _alone(out: Taken, job: Job, seen: recognise.Sample, found: log.Log, work: _Work) -> None:
    """A file by itself, block by block; all of it again, slowly, where the fast CSV reader gives up."""
    for slow in (False, True):
        reading = _Reading(job, seen, found)
        extraction = work.extraction(found)
        extraction.add(job.file_sha256)
        try:
            for block in reading.blocks(slow=slow):
                extraction.take(block)
        except pa.ArrowInvalid:
            work.drop(found)
            if slow:
                raise InputError(f"{job.shown}: no CSV that can be read") from None
            continue
        except InputError:
            work.drop(found)
            raise
        work.readings.append(reading)
        return


@dataclass
class _Work:
    """The extractions of a batch, one a log, and the rows that wait for them."""

    batch: Batch
    folder: Path
    db: Any
    extractions: dict[str, Extraction] = field(default_factory=dict)
    waiting: dict[str, list[pa.Table]] = field(default_factory=dict)
    readings: list[_Reading] = field(default_factory=list)

    def extraction(self, found: log.Log) -> Extraction:
        """The extraction of a log, begun when it is first asked for."""
        if found.name not in self.extractions:
            folder = self.folder / found.name
            folder.mkdir()
            self.extractions[found.name] = Extraction(self.db, found, self.batch.tenant, folder, self.batch.threads)
        return self.extractions[found.name]

    def drop(self, found: log.Log) -> None:
        """Forget an extraction and its segments."""
        shutil.rmtree(self.extractions.pop(found.name).folder)

    def hold(self, out: Taken, job: Job, seen: recognise.Sample, found: log.Log) -> None:
        """Read a small file whole; its rows wait for more."""
        extraction = self.extraction(found)
        reading = _Reading(job, seen, found, len(extraction.files))
        try:
            held = list(reading.blocks(slow=False))
        except pa.ArrowInvalid:
            reading = _Reading(job, seen, found, len(extraction.files))
            held = list(reading.blocks(slow=True))
        extraction.add(job.file_sha256)
        self.readings.append(reading)
        self.waiting.setdefault(found.name, []).extend(held)

    def end(self, out: Taken) -> None:
        """Extract what waits, write the rejects, tell of every file."""
        for name, tables in self.waiting.items():
            self.extractions[name].take(_joined(tables))
        for reading in self.readings:
            reading.close(self.extractions[reading.log.name])
        for extraction in self.extractions.values():
            extraction.finish()
            out.segments += extraction.segments
        for reading in self.readings:
            reading.tell(out, self.extractions[reading.log.name])


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables) if tables else pa.table({"file": [], "row": [], "raw": []})


def _blocks(
    stream: lines.Stream, seen: recognise.Sample, found: log.Log, ragged: list[tuple[int, str]], *, slow: bool
) -> Iterator[pa.Table]:
    if seen.shape == "csv":
        read = lines.csv_slow if slow else lines.csv_records
        return read(stream, found.column or "", seen.skip, seen.delimiter, ragged)
    if found.column:
        return lines.numbered(_inner(lines.elements(stream), found.column))
    if seen.shape == "json-lines":
        return lines.physical(stream)
    if seen.shape == "json-pages":
        return lines.numbered(lines.pages(stream))
    return lines.numbered(lines.elements(stream))


def _inner(rows: Iterator[lines.Row], member: str) -> Iterator[lines.Row]:
    """The record that each row wraps, as an object or as a text."""
    for row in rows:
        try:
            yield _member(row, member)
        except UnicodeDecodeError:
            # a byte that is no UTF-8 must not hide what it lies beside
            yield from _inner(iter([bytes(row).decode("utf-8", "replace").encode()]), member)
        except (msgspec.DecodeError, KeyError, RecursionError):
            yield row


def _member(row: lines.Row, member: str) -> bytes:
    inner = bytes(msgspec.json.decode(row, type=dict[str, msgspec.Raw])[member])
    return msgspec.json.decode(inner, type=str).encode() if inner.startswith(b'"') else inner
