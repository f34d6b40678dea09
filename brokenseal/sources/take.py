"""One file: recognised, read, extracted. Runs in a process of its own.

What: from a path to what the ledger is told of it. Why: a file is taken in whole or not at all, and one that makes no
record says why. How: a file whose bytes changed while it was read is not taken.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.lake import FileTaken
from brokenseal.sources import lines, log, recognise
from brokenseal.sources.extract import Extraction, Reject


@dataclass(frozen=True)
class Job:
    """A file to take in. shown: its path as people gave it. changed: when its bytes were hashed. aside: for segments."""

    path: Path
    shown: str
    file_sha256: str
    size: int
    changed: int
    tenant: str | None
    aside: Path


@dataclass(frozen=True)
class Taken:
    """What came of it: what the ledger is told, and what a person should know."""

    file: FileTaken
    problems: tuple[str, ...]


def take(job: Job, db: Any) -> Taken:
    """Take one file, on an embedded engine. Raises InputError where it cannot be read."""
    try:
        seen = recognise.sample(job.path)
        found = log.recognised(seen)
        if found is None:
            return _left(job, *recognise.other(seen))
        taken = _extract(job, seen, found, db)
        now = job.path.stat()
    except OSError as error:
        raise InputError(f"{job.shown}: {error.strerror or error}") from error
    if (now.st_size, now.st_mtime_ns) != (job.size, job.changed):
        raise InputError(f"{job.shown}: changed while it was being read")
    return taken


def _left(job: Job, name: str, note: str) -> Taken:
    """A file that makes no record."""
    file = FileTaken(job.file_sha256, job.shown, name, "none", job.size, 0, 0, note, ())
    return Taken(file, (f"{job.shown}: {note}",))


def _extract(job: Job, seen: recognise.Sample, found: log.Log, db: Any) -> Taken:
    folder = job.aside / job.file_sha256[:16]
    for slow in (False, True):
        folder.mkdir(parents=True)
        work = Extraction(db, found, job.file_sha256, job.tenant, folder)
        try:
            return _told(job, seen, work, _read(job, seen, work, slow=slow))
        except pa.ArrowInvalid:
            # the fast CSV reader gave up on this file: all of it again, slowly
            shutil.rmtree(folder)
    raise InputError(f"{job.shown}: no CSV that can be read")


def _read(job: Job, seen: recognise.Sample, work: Extraction, *, slow: bool) -> str | None:
    """All rows of the file; returns why they end early, where they do."""
    stream = lines.Stream(job.path)
    ragged: list[tuple[int, str]] = []
    for block in _blocks(stream, seen, work.log, ragged, slow=slow):
        work.take(block)
    for row, why in ragged:
        work.refuse(row, why, mail=True)
    if stream.cut and not any(r.row == work.last for r in work.rejects):
        # a row that was cut is a reject already; here the cut fell between two rows
        work.refuse(work.last + 1, stream.cut, mail=True)
    work.finish()
    return stream.cut


def _told(job: Job, seen: recognise.Sample, work: Extraction, cut: str | None) -> Taken:
    note = cut or (None if work.seen else "no record in it")
    problems = [f"{job.shown}: {note}"] if note else []
    if work.rejects:
        first = work.rejects[0]
        problems.append(
            f"{job.shown}: {len(work.rejects)} of {work.rows} rows rejected, row {first.row}: {first.reason}"
        )
    numbers = (job.size, work.rows, len(work.rejects))
    file = FileTaken(job.file_sha256, job.shown, work.log.name, seen.shape, *numbers, note, tuple(work.segments))
    return Taken(file, tuple(problems))


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
    return lines.numbered(lines.elements(stream))


def _inner(rows: Iterator[bytes], member: str) -> Iterator[bytes]:
    """The record that each row wraps, as an object or as a text."""
    for row in rows:
        try:
            inner = bytes(msgspec.json.decode(row, type=dict[str, msgspec.Raw])[member])
            yield msgspec.json.decode(inner, type=str).encode() if inner.startswith(b'"') else inner
        except (msgspec.DecodeError, KeyError, RecursionError):
            yield row
