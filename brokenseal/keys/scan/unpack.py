"""What lies inside a file: archives, compressed files and git's objects, inside limits.

What: the members of a container, each a stream that is read once, containers inside containers too. Why: a key is more
often in a backup than beside it. How: recognised by content; nothing is written to disk, and a budget counts what comes
out, so that a file of a few bytes cannot unpack for ever. What could not be opened is told, with the reason.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any

import zstandard

from brokenseal.errors import InputError
from brokenseal.keys.scan.pack import Pack
from brokenseal.keys.scan.source import Reader

HEAD = 512
BROKEN: tuple[type[Exception], ...] = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError),
    *(NotImplementedError, RuntimeError, ValueError, KeyError, IndexError, OverflowError),
)
"""What the readers of containers raise for one that is damaged, encrypted, or made to harm."""
_HELD = 128 << 20
_WINDOW = 128 << 20
_LZMA_MEMORY = 256 << 20
Tell = Callable[[str, str], None]


@dataclass
class Budget:
    """What one file may still unpack to: bytes, and members."""

    bytes: int = 16 << 30
    members: int = 1_000_000
    depth: int = 6

    def take(self, count: int) -> None:
        """Raises InputError where it is spent."""
        self.bytes -= count
        if self.bytes < 0:
            raise InputError("it unpacks to more than the limit (--unpack); the rest was not looked at")

    def member(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise InputError("it has more members than the limit; the rest was not looked at")


class _Counted:
    """A stream whose bytes are counted, whose first bytes can be seen, and that never gives more than was asked for."""

    def __init__(self, inner: Reader, budget: Budget) -> None:
        self._inner = inner
        self._budget = budget
        self._held, self._at = b"", 0
        while len(self._held) < HEAD and (more := self._next(HEAD - len(self._held))):
            self._held += more
        self.head = self._held[:HEAD]

    def _next(self, size: int) -> bytes:
        data = self._inner.read(size)
        self._budget.take(len(data))
        return data

    def read(self, size: int = -1, /) -> bytes:
        size = size if size >= 0 else _HELD
        if self._at >= len(self._held):
            self._held, self._at = self._next(size), 0
        part = self._held[self._at : self._at + size]
        self._at += len(part)
        return part


class _Inflated:
    """What a decompressor object of the standard library makes of a stream."""

    def __init__(self, inner: Reader, machine: Any) -> None:
        self._inner = inner
        self._machine = machine
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        size = size if size > 0 else 1 << 20
        while not self._machine.eof:
            if self._left or not getattr(self._machine, "needs_input", True):
                data = self._left
            else:
                data = self._inner.read(1 << 16)
                if not data:
                    raise EOFError("it ends in the middle of its compressed data")
            out = self._machine.decompress(data, size)
            self._left = getattr(self._machine, "unconsumed_tail", b"")
            if out:
                return out
        return b""


class _Zstandard:
    """Frames one after the other. The library's own stream takes a missing end for an end."""

    _PIECE = 1024
    """Bytes given at once: each few of them may stand for a block of 128 KB."""

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self._machine: Any = None
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        """Any number of bytes: a frame's piece gives what it gives."""
        while True:
            data = self._left or self._inner.read(self._PIECE)
            if not data:
                if self._machine is not None:
                    raise EOFError("it ends in the middle of its compressed data")
                return b""
            self._left = b""
            if self._machine is None:
                self._machine = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            out = self._machine.decompress(data)
            if self._machine.eof:
                self._left, self._machine = self._machine.unused_data, None
            if out:
                return out


def kind(head: bytes) -> str | None:
    """What container begins with these bytes; None for none."""
    for name, magic in _MAGIC:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "tar"
    if len(head) > 2 and head[0] & 0x8F == 8 and (head[0] << 8 | head[1]) % 31 == 0 and _is_git(head):
        return "git"
    return None


_MAGIC = (
    ("gz", b"\x1f\x8b\x08"),
    ("zip", b"PK\x03\x04"),
    ("zst", b"\x28\xb5\x2f\xfd"),
    ("bz2", b"BZh"),
    ("xz", b"\xfd7zXZ\0"),
    ("git pack", b"PACK\0\0\0"),
)


def _is_git(head: bytes) -> bool:
    try:
        start = zlib.decompressobj().decompress(head, 16)
    except zlib.error:
        return False
    return start.startswith((b"blob ", b"tree ", b"commit ", b"tag "))


def members(
    stream: IO[bytes] | Reader, shape: str, budget: Budget, tell: Tell, name: str = ""
) -> Iterator[tuple[str, Reader]]:
    """Every member of a container that is no container itself: its name, the outer ones before it, and its bytes.

    A member must be read before the next is asked for. tell: given the name of what could not be opened, and why.
    """
    if name.count("!") + 1 > budget.depth:
        tell(name, "containers are nested too deeply; not opened")
        return
    try:
        for inner, reader in _opened(stream, shape, budget, tell, name):
            budget.member()
            full = f"{name}!{inner}" if name else inner
            counted = _Counted(reader, budget)
            nested = kind(counted.head)
            if nested:
                yield from members(counted, nested, budget, tell, full)
            else:
                yield full, counted
    except InputError as error:
        tell(name, str(error))
    except BROKEN as error:
        tell(name, f"the {shape} is damaged or locked: {str(error)[:200] or type(error).__name__}")


def _opened(stream: Any, shape: str, budget: Budget, tell: Tell, name: str) -> Iterator[tuple[str, Reader]]:
    """The members of one container as it lies there."""
    if shape == "zip":
        yield from _zip(stream, tell, name)
    elif shape == "tar":
        with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18) as archive:
            for member in archive:
                found = archive.extractfile(member) if member.isreg() else None
                if found is not None:
                    yield member.name, found
                archive.members.clear()  # type: ignore[attr-defined]
    elif shape == "gz":
        with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
            yield "gz", unpacked
    elif shape == "bz2":
        with bz2.BZ2File(stream) as unpacked2:
            yield "bz2", unpacked2
    elif shape == "xz":
        yield "xz", _Inflated(stream, lzma.LZMADecompressor(memlimit=_LZMA_MEMORY))
    elif shape == "zst":
        yield "zst", _Zstandard(stream)
    elif shape == "git pack":
        packed = Pack(_seekable(stream, "git pack"), budget.take)
        for inner, data in packed.objects():
            yield inner, io.BytesIO(data)
        for reason in packed.skipped:
            tell(name, reason)
    else:
        yield "git object", _Inflated(stream, zlib.decompressobj())


def _seekable(stream: Any, shape: str) -> Any:
    """What is not read from front to back: inside another container it is held in memory."""
    if hasattr(stream, "seek"):
        return stream
    parts, size = [], 0
    while size <= _HELD and (more := stream.read(1 << 20)):
        parts.append(more)
        size += len(more)
    if size > _HELD:
        raise InputError(f"a {shape} of more than {_HELD >> 20} MB inside another container is not opened")
    return io.BytesIO(b"".join(parts))


def _zip(stream: Any, tell: Tell, name: str) -> Iterator[tuple[str, Reader]]:
    """A zip's members, as its end lists them."""
    with zipfile.ZipFile(_seekable(stream, "zip")) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            try:
                opened = archive.open(info)
            except BROKEN as error:
                tell(f"{name}!{info.filename}" if name else info.filename, f"cannot be opened: {str(error)[:200]}")
                continue
            with closing(opened):
                yield info.filename, opened
