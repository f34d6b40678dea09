"""Files and folders into a lake: each file once, whole or not at all, many at a time.

What: folders are expanded, files hashed before anything reads them, known ones skipped, the rest extracted by processes and
published one by one as they finish. Why: an export is hundreds of files, some of them broken, and a broken one must not
cost the others. How: workers write segments aside; only this process, which holds the lake's lock, publishes.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from brokenseal.errors import InputError, LakeError, UsageError
from brokenseal.lake import Lake, embedded
from brokenseal.lake.connect import clear, megabytes
from brokenseal.sources.take import Job, Taken, take

Report = Callable[[str, int, int], None]
FEW_BYTES = 24 << 20
"""Below this a second process costs more than it saves."""


@dataclass
class IngestSummary:
    """What an ingest did. files: taken in now; skipped: known before, or the same bytes twice; rows: of the files taken in."""

    files: int = 0
    rows: int = 0
    rejected: int = 0
    skipped: int = 0
    unread: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Named:
    """A file to look at: where it is, and how people see it."""

    path: Path
    shown: str


def ingest(
    lake: Lake,
    paths: Sequence[Path],
    *,
    tenant: str | None = None,
    threads: int = 2,
    memory: str = "2GB",
    report: Report | None = None,
) -> IngestSummary:
    """Take files and folders into a lake opened for writing.

    tenant: organisation id for records that name none. memory: for all workers together, as '2GB'. report: called with a
    file's name, the bytes done and the bytes in all. Raises UsageError for a path that is not there, LakeError where the lake
    cannot be written; what is wrong with a file becomes a line of `problems`.
    """
    if tenant is not None and not re.fullmatch(r"[0-9A-Za-z._-]{1,64}", tenant):
        raise UsageError(f"--tenant {tenant!r} is no organisation's id")
    summary = IngestSummary()
    intake = lake.intake()
    found = sorted(_files(lake.path, paths, summary), key=lambda n: (n.shown, str(n.path)))
    jobs = _jobs(lake, found, tenant, intake.aside, summary)
    total, done = sum(j.size for j in jobs), 0
    for job, taken in _results(jobs, intake.aside, threads=threads, memory=memory):
        if isinstance(taken, InputError):
            summary.problems.append(str(taken))
            summary.unread += 1
        elif intake.publish(taken.file):
            summary.files += 1
            summary.rows += taken.file.rows
            summary.rejected += taken.file.rejected
            summary.unread += taken.file.note is not None
            summary.problems += taken.problems
        done += job.size
        if report:
            report(job.shown, done, total)
    lake.compact()
    lake.refresh()
    summary.problems.sort()
    return summary


def _files(lake: Path, paths: Sequence[Path], summary: IngestSummary) -> Iterator[Named]:
    """Regular files below the paths; lakes are no logs."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        if not path.is_dir():
            yield Named(path, path.name)
        else:
            before = len(summary.problems)
            count = 0
            for folder, folders, names in os.walk(path, onerror=lambda e: summary.problems.append(_trouble(e))):
                here = Path(folder)
                folders[:] = sorted(f for f in folders if not (here / f / "ledger.db").exists())
                if here.resolve() == lake.resolve():
                    folders[:], names = [], []
                for name in sorted(names):
                    count += 1
                    yield Named(here / name, str((here / name).relative_to(path)))
            if not count and len(summary.problems) == before:
                summary.problems.append(f"{path}: no file in it")
                summary.unread += 1


def _trouble(error: OSError) -> str:
    return f"{error.filename}: {error.strerror or error}"


def _hash(named: Named) -> tuple[str, os.stat_result]:
    """SHA-256 of the bytes, and what the file was like then."""
    before = named.path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise InputError(f"{named.shown}: not a regular file")
    with named.path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest(), before


def _jobs(lake: Lake, found: Sequence[Named], tenant: str | None, aside: Path, summary: IngestSummary) -> list[Job]:
    """One job for each file that the lake does not know, the largest first, so that the last to finish are small."""
    known = set(lake.known_inputs())
    jobs = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for named, future in [(n, pool.submit(_hash, n)) for n in found]:
            try:
                digest, status = future.result()
            except (OSError, InputError) as error:
                reason = str(error) if isinstance(error, InputError) else f"{named.shown}: {error.strerror or error}"
                summary.problems.append(reason)
                summary.unread += 1
                continue
            if digest in known:
                summary.skipped += 1
                continue
            known.add(digest)
            jobs.append(Job(named.path, named.shown, digest, status.st_size, status.st_mtime_ns, tenant, aside))
    return sorted(jobs, key=lambda j: (-j.size, j.shown))


def _results(
    jobs: Sequence[Job], aside: Path, *, threads: int, memory: str
) -> Iterator[tuple[Job, Taken | InputError]]:
    """Each job with what came of it, as it finishes."""
    workers = 1 if sum(j.size for j in jobs) < FEW_BYTES else min(threads, len(jobs))
    share = (f"{max(megabytes(memory) // max(workers, 1), 128)}MB", max(threads // max(workers, 1), 1), aside / "spill")
    if workers < 2:
        _begin(*share)
        try:
            for job in jobs:
                yield job, _outcome(job)
        finally:
            _ENGINES.pop().close()
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_begin, initargs=share)
    try:
        futures: dict[Future[Taken | InputError], Job] = {pool.submit(_outcome, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise LakeError(
            "a worker process was killed, perhaps for lack of memory; --memory and --threads lower it"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_ENGINES: list[Any] = []
"""The embedded engine of this process, while it takes files in."""


def _begin(memory: str, threads: int, spill: Path) -> None:
    _follow()
    _ENGINES.append(embedded(memory=memory, threads=threads, spill=spill))


def _outcome(job: Job) -> Taken | InputError:
    try:
        with clear(f"cannot take {job.shown} in"):
            return take(job, _ENGINES[-1])
    except InputError as error:
        return error


def _follow() -> None:
    """A worker ends with its parent, however that ends: it must not write into a lake that another writer has taken."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
