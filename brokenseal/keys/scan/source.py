"""Bytes to scan, in chunks, and the surroundings of a place in them.

What: one shape for bytes in memory, a file or device, and a stream that can be read once. Why: an image of a terabyte
must be scanned in the memory of a few chunks, and a file that grows, shrinks or has bad sectors must not end the scan;
a mapped file would. How: chunks overlap by the longest anchor, and an anchor belongs to the chunk that it begins in.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from brokenseal.keys.scan import der
from brokenseal.keys.scan.rules import LONGEST
from brokenseal.keys.scan.text import AFTER, BEFORE

CHUNK = 1 << 20
REACH = max(AFTER, der.MOST + 16)
"""Bytes that a reader may look at behind an anchor."""
_PASSES = 3
_SECTOR = 4096


class Reader(Protocol):
    """What gives bytes: at the end none."""

    def read(self, size: int = -1, /) -> bytes: ...


class Source(Protocol):
    """Bytes that are scanned."""

    def chunks(self) -> Iterator[tuple[int, bytes, int]]:
        """Offset, bytes, and how many of these are its own: an anchor beyond belongs to the next chunk."""

    def around(self, at: int) -> tuple[bytes, int]:
        """Bytes around a place of the chunk given last, and the offset of the first of them, which is even."""


class Bytes:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def chunks(self) -> Iterator[tuple[int, bytes, int]]:
        yield 0, self._data, len(self._data)

    def around(self, at: int) -> tuple[bytes, int]:
        return self._data, 0


class Stream:
    """What can be read once: three chunks of it are held."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held = b""
        self._base = 0
        self._parts: tuple[bytes, ...] = ()

    def chunks(self) -> Iterator[tuple[int, bytes, int]]:
        before, own, offset = b"", _full(self._reader, CHUNK), 0
        after = _full(self._reader, CHUNK) if own else b""
        while own:
            self._parts, self._held, self._base = (before, own, after), b"", offset - len(before)
            yield offset, own + after[:LONGEST], len(own)
            offset += len(own)
            before, own, after = own, after, _full(self._reader, CHUNK) if after else b""

    def around(self, at: int) -> tuple[bytes, int]:
        if not self._held:
            self._held = b"".join(self._parts)
        return self._held, self._base


def _full(reader: Reader, size: int) -> bytes:
    """So many bytes, or all that are left."""
    first = reader.read(size)
    if not first or len(first) == size:
        return first
    parts, have = [first], len(first)
    while have < size and (more := reader.read(size - have)):
        parts.append(more)
        have += len(more)
    return b"".join(parts)


class File:
    """A file or block device. Holes are skipped, what it grows by is read too, bad sectors are told and passed over."""

    def __init__(self, path: Path, problem: Callable[[str], None]) -> None:
        """Raises OSError where it cannot be opened."""
        self._problem = problem
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.read = 0
        self._held = b""
        self._base = 0
        self._whole = False

    def close(self) -> None:
        os.close(self._fd)

    def chunks(self) -> Iterator[tuple[int, bytes, int]]:
        done = 0
        for _ in range(_PASSES):
            size = os.lseek(self._fd, 0, os.SEEK_END)
            if size <= done:
                if size < done:
                    self._problem(f"became shorter while it was read: {size:,} of {done:,} bytes are left")
                return
            # what had grown may have begun in the middle of an anchor
            for begin, end in self._extents(max(0, done - LONGEST), size):
                yield from self._extent(begin, end)
            done = size
        if os.lseek(self._fd, 0, os.SEEK_END) > done:
            self._problem(f"still grows: scanned up to byte {done:,}")

    def _extents(self, begin: int, size: int) -> Iterator[tuple[int, int]]:
        """Where there are bytes at all."""
        at = begin
        while at < size:
            try:
                data = os.lseek(self._fd, at, os.SEEK_DATA)
                hole = os.lseek(self._fd, data, os.SEEK_HOLE)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    yield at, size
                return
            yield data, min(hole, size)
            at = hole

    def _extent(self, begin: int, end: int) -> Iterator[tuple[int, bytes, int]]:
        at = begin
        while at < end:
            own = min(CHUNK, end - at)
            data = self._pread(own + LONGEST, at)
            if not data:
                return
            self._held = b""
            self.read += min(own, len(data))
            yield at, data, own
            at += own

    def _pread(self, size: int, at: int) -> bytes:
        try:
            return os.pread(self._fd, size, at)
        except OSError as error:
            self._problem(f"bytes {at:,} to {at + size:,}: {error.strerror}; what can be read of them was")
        parts = []
        for sector in range(at, at + size, _SECTOR):
            try:
                part = os.pread(self._fd, min(_SECTOR, at + size - sector), sector)
            except OSError:
                part = bytes(min(_SECTOR, at + size - sector))
            parts.append(part)
        return b"".join(parts)

    def around(self, at: int) -> tuple[bytes, int]:
        base = max(0, at - BEFORE) & ~1
        inside = self._held and self._base <= base
        if not inside or not (self._whole or at + REACH <= self._base + len(self._held)):
            self._base = base
            self._held = self._pread(BEFORE + REACH + CHUNK, base)
            self._whole = len(self._held) < BEFORE + REACH + CHUNK
        return self._held, self._base
