"""Files and folders scanned, one after the other, and what came of it.

Each file is looked at as it lies there, and what can be unpacked of it member by member; a secret that a member holds is
told with the member's name and not a second time. What could not be read is told with the reason.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from brokenseal.errors import InputError
from brokenseal.keys.scan import unpack
from brokenseal.keys.scan.examine import Examiner
from brokenseal.keys.scan.found import Secret
from brokenseal.keys.scan.known import Known
from brokenseal.keys.scan.source import File, Source, Stream

MOST_TOKENS = 1_000
"""Tokens told of one file or member; the rest is counted."""
MOST_KEYS = 20_000
"""Keys told of one file or member: nobody keeps more, but somebody may have made them up."""
Progress = Callable[[str, int], None]


@dataclass
class Leak:
    """A secret in a file. offset: its first place there, in bytes of the member where it lies in one. count: places."""

    file: str
    member: str | None
    offset: int
    kind: str
    form: str
    size: int | None
    thumbprint: str | None
    locked: bool
    severity: str
    known: str | None
    detail: dict[str, str]
    count: int = 1

    @property
    def leak_id(self) -> str:
        """Names the finding, the same in every run."""
        place = "\n".join((self.file, self.member or "", str(self.offset), self.kind, self.thumbprint or ""))
        return sha256(place.encode("utf-8", "backslashreplace")).hexdigest()[:16]


@dataclass
class Scanned:
    """What a scan came to. unread: file or member, and why. more_tokens: beyond those told."""

    leaks: list[Leak] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    more_tokens: int = 0


def scan(
    paths: Sequence[Path],
    *,
    known: Known | None = None,
    passwords: Sequence[bytes] = (),
    primes: bool = False,
    unpacked: int = 16 << 30,
    progress: Progress = lambda name, size: None,
) -> Scanned:
    """Scan files, folders and devices.

    known: keys that are trusted. passwords: tried on what is locked. primes: look for the primes of known moduli too.
    unpacked: bytes that one file may unpack to. progress: told each file and its size. Raises nothing for a bad file.
    """
    out = Scanned()
    job = _Job(out, known or Known(), Examiner(passwords), primes, unpacked)
    with warnings.catch_warnings():
        # what a library thinks of an old key or an odd certificate is no news to who looks for them
        warnings.simplefilter("ignore")
        for path, size in _files(paths, out):
            progress(str(path), size)
            job.file(path)
    out.leaks.sort(key=lambda k: (_ORDER.index(k.severity), k.file, k.member or "", k.offset))
    return out


_ORDER = ("critical", "high", "medium", "low")


def severity(secret: Secret, name: str | None) -> str:
    """critical: a key that is trusted; high: a key that lies open; medium: one that is locked, a token; low: a guess."""
    if name and "private" in secret.kind:
        return "critical"
    if secret.kind in ("JSON Web Token", "refresh token") or secret.locked:
        return "low" if secret.kind == "refresh token" else "medium"
    return "high"


def _files(paths: Sequence[Path], out: Scanned) -> Iterator[tuple[Path, int]]:
    """Every file once, in order of name, links not followed; devices only where they are named."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        for found in _walk(path, out):
            try:
                about = found.stat()
            except OSError as error:
                out.unread.append((str(found), error.strerror or "cannot be read"))
                continue
            named = found == path and stat.S_ISBLK(about.st_mode)
            if not (stat.S_ISREG(about.st_mode) or named):
                if found == path:
                    out.unread.append((str(found), "neither file, folder nor block device"))
                continue
            if (about.st_dev, about.st_ino) not in seen:
                seen.add((about.st_dev, about.st_ino))
                yield found, about.st_size


def _walk(path: Path, out: Scanned) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return

    def failed(error: OSError) -> None:
        out.unread.append((str(error.filename), error.strerror or "cannot be read"))

    for folder, folders, names in os.walk(path, onerror=failed):
        folders.sort()
        for name in sorted(names):
            found = Path(folder, name)
            if not found.is_symlink():
                yield found


class _Job:
    """One scan on its way."""

    def __init__(self, out: Scanned, known: Known, examiner: Examiner, primes: bool, unpacked: int) -> None:
        self._out = out
        self._known = known
        self._examiner = examiner
        self._unpacked = unpacked
        self._hunter = None
        if primes and known.moduli:
            from brokenseal.keys.scan.primes import Hunter

            self._hunter = Hunter(known.moduli)

    def file(self, path: Path) -> None:
        """One file: its members first, then its own bytes."""
        name = str(path)
        self._out.files += 1
        told: dict[bytes, Leak] = {}
        try:
            source = File(path, lambda reason: self._out.unread.append((name, reason)))
        except OSError as error:
            self._out.unread.append((name, error.strerror or "cannot be opened"))
            return
        try:
            self._members(path, name, told)
            inside = set(told)
            own: dict[bytes, Leak] = {}
            self._source(source, name, None, own, inside)
        except OSError as error:
            self._out.unread.append((name, error.strerror or "cannot be read"))
        finally:
            self._out.bytes += source.read
            source.close()

    def _members(self, path: Path, name: str, told: dict[bytes, Leak]) -> None:
        with path.open("rb") as stream:
            shape = unpack.kind(stream.read(unpack.HEAD))
            if shape is None:
                return
            stream.seek(0)

            def tell(member: str, reason: str) -> None:
                self._out.unread.append((f"{name}!{member}" if member else name, reason))

            budget = unpack.Budget(self._unpacked)
            for member, reader in unpack.members(stream, shape, budget, tell):
                here: dict[bytes, Leak] = {}
                try:
                    self._source(Stream(reader), name, member, here, set())
                except InputError as error:
                    tell(member, str(error))
                    return
                except unpack.BROKEN as error:
                    tell(member, f"is damaged or locked: {str(error)[:200] or type(error).__name__}")
                finally:
                    told.update(here)

    def _source(self, source: Source, name: str, member: str | None, told: dict[bytes, Leak], not_: set[bytes]) -> None:
        """Every secret of a source, each once."""
        tokens = 0
        found = self._examiner.secrets(source) if self._hunter is None else self._hunter.beside(self._examiner, source)
        for secret in found:
            if secret.identity in not_:
                continue
            if secret.identity in told:
                told[secret.identity].count += 1
                continue
            if secret.kind == "JSON Web Token":
                tokens += 1
                if tokens > MOST_TOKENS:
                    self._out.more_tokens += 1
                    continue
            if len(told) - min(tokens, MOST_TOKENS) >= MOST_KEYS:
                place = f"{name}!{member}" if member else name
                self._out.unread.append(
                    (place, f"more than {MOST_KEYS:,} keys; what stands behind them was not looked at")
                )
                return
            told[secret.identity] = leak = self._leak(secret, name, member)
            self._out.leaks.append(leak)

    def _leak(self, secret: Secret, name: str, member: str | None) -> Leak:
        whose = self._known.names.get(secret.thumbprint or "")
        detail = dict(secret.detail)
        return Leak(
            name,
            member,
            secret.begin,
            secret.kind,
            secret.form,
            secret.size,
            secret.thumbprint,
            secret.locked,
            severity(secret, whose),
            whose,
            detail,
        )
