"""Files within files: what of an archive may be read, one member after another, and nothing written where its names say.

What: each member of a .zip, of a .zip within it too, as a thing that opens like a file. Why: portals hand out zips, and
people zip what they export. How: a member is inflated while it is read; only an archive within an archive is unpacked, into
a nameless file. Refused in one line: names that leave the folder, encrypted members, a size that no log has for its bytes,
members that overlap. Misses: other archives; a member that is no log is named as such.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import BinaryIO, cast

from brokenseal.errors import InputError

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
MOST_MEMBERS = 200_000
MOST_DEEP = 3
MOST_RATIO = 250
"""Logs shrink to a twentieth, the dullest of them to a hundredth."""
SMALL = 1 << 20
"""Below this a ratio says nothing."""
MOST_NESTED = 8 << 30
"""Bytes of archives within one archive, unpacked."""
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_WORKBOOK = "[Content_Types].xml"


@dataclass(frozen=True)
class Packed:
    """A member of an archive, which opens as a path does. name: its path within the file on disk. shown: for people."""

    archive: zipfile.ZipFile = field(repr=False)
    info: zipfile.ZipInfo = field(repr=False)
    name: str
    shown: str

    def open(self, mode: str = "rb", buffering: int = -1) -> BinaryIO:
        """The inflated bytes; never more of them than the archive says. Raises InputError where they are damaged."""
        try:
            return cast(BinaryIO, _Checked(cast(BinaryIO, self.archive.open(self.info)), self.shown))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise InputError(f"{self.shown}: the archive is damaged ({error})") from None

    def stat(self) -> SimpleNamespace:
        """Its size alone."""
        return SimpleNamespace(st_size=self.info.file_size)


Place = Path | Packed


class _Checked(io.RawIOBase):
    """A member's bytes; damage becomes an InputError."""

    def __init__(self, inner: BinaryIO, shown: str) -> None:
        self._inner, self._shown = inner, shown

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _damage(self._shown):
            part = self._inner.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        with _damage(self._shown):
            return self._inner.seek(offset, whence)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _damage:
    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and (issubclass(kind, (zipfile.BadZipFile, EOFError)) or kind.__module__ == "zlib"):
            raise InputError(f"{self._shown}: the archive is damaged ({error})") from None


def is_archive(path: Path) -> bool:
    """The file is a .zip. Raises OSError where it cannot be opened."""
    with path.open("rb") as handle:
        return handle.read(4) in ZIP


def weight(path: Path) -> int:
    """Bytes that an archive's members say they have; 0 where it cannot be told."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(i.file_size for i in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return 0


def places(path: Path, shown: str) -> Iterator[Place]:
    """The file itself, or the files in it where it is an archive. shown: its name for people.

    Raises InputError, before anything is read, for an archive that nobody should unpack; OSError where it cannot be opened.
    """
    if not is_archive(path):
        yield path
        return
    with path.open("rb") as handle:
        yield from _members(handle, shown, "", 1, [MOST_NESTED])


def _members(handle: BinaryIO, shown: str, within: str, depth: int, left: list[int]) -> Iterator[Packed]:
    try:
        archive = zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise InputError(f"{shown}: the archive is damaged ({error})") from None
    with archive:
        infos = archive.infolist()
        _refuse(infos, shown, handle.seek(0, 2))
        if any(i.filename == _WORKBOOK for i in infos):
            raise InputError(f"{shown}: a workbook: save its sheet as CSV")
        for info in sorted(infos, key=lambda i: i.filename):
            if info.is_dir() or info.filename.startswith("__MACOSX/"):
                continue
            member = Packed(archive, info, within + info.filename, f"{shown}/{info.filename}")
            if not _nested(member):
                yield member
                continue
            if depth == MOST_DEEP:
                raise InputError(f"{shown}: archives within archives, more than {MOST_DEEP} deep")
            left[0] -= info.file_size
            if left[0] < 0:
                raise InputError(f"{shown}: more than {MOST_NESTED >> 30} GB of archives within it")
            with tempfile.TemporaryFile() as file, member.open() as source:
                shutil.copyfileobj(source, file)
                yield from _members(
                    cast(BinaryIO, file), f"{shown}/{info.filename}", member.name + "/", depth + 1, left
                )


def _nested(member: Packed) -> bool:
    with member.open() as source:
        return source.read(4) in ZIP


def _refuse(infos: Sequence[zipfile.ZipInfo], shown: str, size: int) -> None:
    """Raise for what no export of logs looks like."""
    if len(infos) > MOST_MEMBERS:
        raise InputError(f"{shown}: an archive of {len(infos)} files")
    if sum(i.compress_size for i in infos) > size:
        raise InputError(f"{shown}: the archive's members overlap")
    names = [i.filename for i in infos]
    if len(set(names)) < len(names):
        raise InputError(f"{shown}: two members of the archive have one name")
    for info in infos:
        why = _why_not(info)
        if why:
            raise InputError(f"{shown}: the member {info.filename} {why}")


def _why_not(info: zipfile.ZipInfo) -> str | None:
    name = PurePosixPath(info.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in info.filename[:2]:
        return "has a name that leaves the folder"
    if info.flag_bits & 1:
        return "is encrypted: unpack it first"
    if info.compress_type not in _KINDS:
        return "is packed in a way that is not read here: unpack it first"
    if info.file_size > SMALL and info.file_size > MOST_RATIO * max(info.compress_size, 1):
        return f"would grow to more than {MOST_RATIO} times its size: no log does"
    return None
