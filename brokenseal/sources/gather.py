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
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from importlib.abc import MetaPathFinder
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from brokenseal.errors import InputError, LakeError, UsageError
from brokenseal.lake.connect import clear, embedded, megabytes
from brokenseal.sources import unpack
from brokenseal.sources.derive import refresh
from brokenseal.sources.lines import GZIP, PACKED
from brokenseal.sources.take import Batch, Job, Taken, take

if TYPE_CHECKING:
    from brokenseal.lake import Lake

Report = Callable[[str, int, int], None]
FEW_BYTES = 24 << 20
"""Below this a second process costs more than it saves."""
BIG_BYTES = 48 << 20
"""From here a file is a batch of its own."""
BATCH_BYTES = 96 << 20
MOST_FILES = 2000
INFLATES = 15
"""How much bigger JSON is than its .gz, about."""


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
    refresh(lake)
    summary = IngestSummary()
    intake = lake.intake()
    found = sorted(_files(lake.path, paths, summary), key=lambda n: (n.shown, str(n.path)))
    batches = _batches(_jobs(lake, found, summary), tenant, intake.aside)
    total, done = sum(b.size for b in batches), 0
    for batch, taken in _results(batches, intake.aside, threads=threads, memory=memory):
        intake.publish_all(taken.files, taken.segments)
        summary.files += len(taken.files)
        summary.rows += sum(f.rows for f in taken.files)
        summary.rejected += sum(f.rejected for f in taken.files)
        summary.unread += taken.unread
        summary.problems += taken.problems
        done += batch.size
        if report:
            report(batch.jobs[-1].shown, done, total)
    lake.compact()
    lake.refresh()
    summary.problems.sort()
    return summary


def _files(lake: Path, paths: Sequence[Path], summary: IngestSummary) -> Iterator[Named]:
    """Regular files below the paths; lakes are no logs."""
    for path in paths:
        if not _is_folder(path):
            yield Named(path, path.name)
        else:
            before = len(summary.problems)
            count = 0
            for folder, folders, names in os.walk(path, onerror=lambda e: _closed(e, summary)):
                here = Path(folder)
                # unlike Path's, this says no where it may not look
                folders[:] = sorted(f for f in folders if not os.path.exists(here / f / "ledger.db"))  # noqa: PTH110
                if here.resolve() == lake.resolve():
                    folders[:], names = [], []
                for name in sorted(names):
                    count += 1
                    yield Named(here / name, str((here / name).relative_to(path)))
            if not count and len(summary.problems) == before:
                summary.problems.append(f"{path}: no file in it")
                summary.unread += 1


def _is_folder(path: Path) -> bool:
    """Raises UsageError for a path that is not there, or may not be looked at."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file or folder") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _closed(error: OSError, summary: IngestSummary) -> None:
    """A folder that may not be looked into."""
    summary.problems.append(f"{error.filename}: {error.strerror or error}")
    summary.unread += 1


def _hash(named: Named) -> tuple[str, os.stat_result, int]:
    """SHA-256 of the bytes, what the file was like then, and about how many bytes it holds when inflated."""
    before = named.path.stat()
    if not stat.S_ISREG(before.st_mode):
        raise InputError(f"{named.shown}: not a regular file")
    with named.path.open("rb") as handle:
        head = handle.read(4)
        handle.seek(0)
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        inflated = before.st_size * (INFLATES if head.startswith(PACKED) else 1)
        if head in unpack.ZIP:
            inflated = max(unpack.weight(named.path), before.st_size)
        if head.startswith(GZIP) and inflated < BIG_BYTES:
            inflated = min(max(_told(handle), before.st_size), inflated)
        return digest, before, inflated


def _told(handle: BinaryIO) -> int:
    """Bytes that a .gz says it holds, in its last four: of its last member alone, and anybody may have written them, so
    they only ever make a file lighter that is small in any case."""
    handle.seek(max(handle.seek(0, os.SEEK_END) - 4, 0))
    return int.from_bytes(handle.read(4), "little")


def _jobs(lake: Lake, found: Sequence[Named], summary: IngestSummary) -> list[tuple[Job, int]]:
    """One job for each file that the lake does not know, with the bytes that its reading will take, about."""
    known = set(lake.known_inputs())
    jobs = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for named, future in [(n, pool.submit(_hash, n)) for n in found]:
            try:
                digest, status, inflated = future.result()
            except (OSError, InputError) as error:
                reason = str(error) if isinstance(error, InputError) else f"{named.shown}: {error.strerror or error}"
                summary.problems.append(reason)
                summary.unread += 1
                continue
            if digest in known:
                summary.skipped += 1
                continue
            known.add(digest)
            jobs.append((Job(named.path, named.shown, digest, status.st_size, status.st_mtime_ns), inflated))
    return jobs


def _batches(jobs: Sequence[tuple[Job, int]], tenant: str | None, aside: Path) -> list[Batch]:
    """Big files alone, small ones together; the heaviest first, so that the last to finish are light."""
    groups: list[tuple[int, list[Job]]] = []
    held: list[Job] = []
    weight = 0
    for job, size in jobs:
        if size >= BIG_BYTES:
            groups.append((size, [job]))
            continue
        if held and (weight + size > BATCH_BYTES or len(held) >= MOST_FILES):
            groups.append((weight, held))
            held, weight = [], 0
        held.append(job)
        weight += size
    if held:
        groups.append((weight, held))
    groups.sort(key=lambda g: (-g[0], g[1][0].shown))
    return [Batch(tuple(group), tenant, aside, 1) for _, group in groups]


def _results(batches: Sequence[Batch], aside: Path, *, threads: int, memory: str) -> Iterator[tuple[Batch, Taken]]:
    """Each batch with what came of it, as it finishes."""
    workers = 1 if sum(b.size for b in batches) < FEW_BYTES else min(threads, len(batches))
    each = max(threads // max(workers, 1), 1)
    share = (f"{max(megabytes(memory) // max(workers, 1), 128)}MB", each, aside / "spill")
    if workers < 2:
        _begin(*share)
        try:
            for batch in batches:
                yield batch, _outcome(replace(batch, threads=each))
        finally:
            _ENGINES.pop().close()
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_begin_worker, initargs=share)
    try:
        futures: dict[Future[Taken], Batch] = {pool.submit(_outcome, batch): batch for batch in batches}
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


class _NoPandas(MetaPathFinder):
    """As if pandas were not installed: Arrow would load it to ask of each value whether it is of that, and no value is."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(f"a worker does without {fullname}", name=fullname)


def _begin_worker(memory: str, threads: int, spill: Path) -> None:
    _follow()
    sys.meta_path.insert(0, _NoPandas())
    _begin(memory, threads, spill)


def _begin(memory: str, threads: int, spill: Path) -> None:
    _ENGINES.append(embedded(memory=memory, threads=threads, spill=spill))


def _outcome(batch: Batch) -> Taken:
    with clear(f"cannot take {batch.jobs[0].shown} in"):
        return take(batch, _ENGINES[-1])


def _follow() -> None:
    """A worker ends with its parent, however that ends: it must not write into a lake that another writer has taken."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
