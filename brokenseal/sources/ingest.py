"""All files of all paths, each taken in whole and once, a process a core.

How: folders are walked in order of names; every file is hashed before anything reads it; files already in the lake are
skipped; the rest are done largest first by worker processes, and published one by one as they finish. A file that cannot be
read is named with its reason, and the rest goes on.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from brokenseal.errors import InputError, LakeError, UsageError
from brokenseal.lake import FileTaken, Intake, Lake
from brokenseal.sources.take import Job, take

Report = Callable[[str, int, int], None]
SMALL_BYTES = 8 << 20
"""Below this in all, starting processes costs more than they save."""


@dataclass
class Summary:
    """What an ingest did. problems: one clear line each."""

    files: int = 0
    skipped: int = 0
    rows: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)


def ingest(
    lake: Lake,
    paths: Sequence[Path],
    *,
    tenant: str | None = None,
    report: Report = lambda *_: None,
) -> Summary:
    """Take all files into the lake. tenant: the organisation of records that name none.

    report: called with (words, files done, files in all). Raises UsageError for a path that does not exist.
    """
    if tenant is not None and not re.fullmatch(r"[0-9A-Za-z._-]{1,64}", tenant):
        raise UsageError(f"--tenant {tenant!r} is no tenant id")
    files = list(walk(paths, lake.path))
    summary = Summary()
    way = lake.intake()
    jobs = _jobs(lake, files, way, tenant, summary, report)
    for done, (job, taken) in enumerate(_taken(jobs, lake.threads), start=1):
        if isinstance(taken, InputError):
            summary.problems.append(str(taken))
            taken = FileTaken(
                job.sha256, job.shown, "unreadable", "none", job.path.stat().st_size, 0, 0, str(taken), ()
            )
        _count(summary, taken)
        way.publish(taken)
        report(job.shown, done, len(jobs))
    lake.refresh()
    lake.compact()
    return summary


def walk(paths: Sequence[Path], lake: Path) -> Iterator[tuple[Path, str]]:
    """Each file, with the path it is shown by; a lake's own files are none."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        if path.is_file():
            yield path, path.name
            continue
        for found in sorted(path.rglob("*")):
            inside = any((p / "ledger.db").exists() for p in found.parents if p != path and path in p.parents)
            if found.is_file() and not inside and lake not in found.absolute().parents:
                yield found, str(found.relative_to(path))


def _jobs(
    lake: Lake, files: list[tuple[Path, str]], way: Intake, tenant: str | None, summary: Summary, report: Report
) -> list[Job]:
    """Files that the lake does not hold yet, largest first."""
    known, jobs = set(lake.known_inputs()), []
    share = _share(lake.memory, lake.threads)
    for number, (path, shown) in enumerate(files, start=1):
        report(f"hashing {shown}", number, len(files))
        try:
            with path.open("rb") as handle:
                sha = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            summary.problems.append(f"{shown}: cannot be opened: {error.strerror or error}")
            continue
        if sha in known:
            summary.skipped += 1
            continue
        known.add(sha)
        jobs.append(Job(path, shown, sha, way.aside, tenant, share, 1))
    return sorted(jobs, key=lambda j: (-j.path.stat().st_size, j.sha256))


def _share(memory: str, threads: int) -> str:
    """A worker's part of the memory."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B)", memory.strip(), re.IGNORECASE)
    if not found:
        raise UsageError(f"--memory {memory!r}: say it as 2GB or 500MB")
    return f"{float(found[1]) / max(threads, 1):.3f}{found[2]}"


def _taken(jobs: list[Job], threads: int) -> Iterator[tuple[Job, FileTaken | InputError]]:
    """Results as they come."""
    if threads <= 1 or len(jobs) < 2 or sum(j.path.stat().st_size for j in jobs) < SMALL_BYTES:
        for job in jobs:
            yield job, _careful(job)
        return
    with ProcessPoolExecutor(threads, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(_careful, job): job for job in jobs}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


def _careful(job: Job) -> FileTaken | InputError:
    """A file that cannot be read is a result; that the lake cannot be written is not."""
    try:
        return take(job)
    except InputError as error:
        return error
    except OSError as error:
        if error.filename and str(job.aside) in str(error.filename):
            raise LakeError(f"cannot write {error.filename}: {error.strerror}") from error
        return InputError(f"{job.shown}: {error.strerror or error}")


def _count(summary: Summary, taken: FileTaken) -> None:
    summary.files += 1
    summary.rows += taken.rows
    summary.rejected += taken.rejected
    if taken.note and taken.format not in ("unreadable",):
        summary.problems.append(f"{taken.path}: {taken.format}: {taken.note}")
