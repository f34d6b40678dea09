"""Files taken in: written aside, moved in, published by one row.

A writer killed at any moment leaves files that the ledger does not know; the next writer sweeps them, under the lock.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from brokenseal.lake.connect import clear
from brokenseal.lake.ledger import Ledger
from brokenseal.lake.taken import FileTaken, Segment

ASIDE = "aside"
SEGMENTS = "segments"
_NUMBERS = itertools.count()


class Intake:
    """The way into a lake: segments are written into `aside`, and `publish` makes them count."""

    def __init__(self, lake: Path, ledger: Ledger, published: Callable[[], None]) -> None:
        self._lake = lake
        self._ledger = ledger
        self._published = published

    @cached_property
    def aside(self) -> Path:
        """A fresh folder for segments that are not published yet, made when it is first asked for."""
        return aside(self._lake)

    def publish(self, taken: FileTaken) -> bool:
        """Publish one input with its own segments; False, and nothing changes, where its bytes are in already."""
        return self.publish_all([taken], taken.segments)

    def publish_all(self, taken: Sequence[FileTaken], segments: Sequence[Segment]) -> bool:
        """Publish inputs that share segments, in one transaction; False, and nothing changes, where one is in already.

        Segments name their file by its absolute path. Raises LakeError where the disk or the ledger refuses.
        """
        if not taken:
            return True
        if self._ledger.holds([t.file_sha256 for t in taken]):
            return False
        with clear(f"cannot take {taken[0].path} into {self._lake}"):
            moved = place(self._lake, segments, taken[0].file_sha256[:16])
        whole = [replace(t, path=_utf8(t.path), note=t.note and _utf8(t.note), segments=()) for t in taken]
        added = self._ledger.publish_inputs(whole, moved)
        self._published()
        return added


def aside(lake: Path) -> Path:
    """A fresh folder for what is not published yet."""
    folder = lake / ASIDE / f"{os.getpid()}-{next(_NUMBERS)}"
    with clear(f"cannot write into {lake}"):
        folder.mkdir(parents=True)
    return folder


def place(lake: Path, segments: Sequence[Segment], stem: str) -> tuple[Segment, ...]:
    """Move segments to where they stay, named by `stem` and their number, on disk before any row can name them."""
    moved = []
    for number, segment in enumerate(segments):
        source = lake / segment.file
        target = f"{SEGMENTS}/{segment.table}/{stem}-{number}.parquet"
        (lake / target).parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            os.fsync(handle.fileno())
        size = source.stat().st_size
        source.replace(lake / target)
        moved.append(replace(segment, file=target, size=size, sha256=digest))
    for folder in {(lake / s.file).parent for s in moved}:
        _settle(folder)
    return tuple(moved)


def _settle(folder: Path) -> None:
    """The names in a folder are on disk too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _utf8(text: str) -> str:
    """A file's name may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()
