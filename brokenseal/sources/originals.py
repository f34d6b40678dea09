"""Where the files that were taken in lie now: by their bytes, under the path or the name that they had."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Originals:
    """Where to look. near: folders in which a file may lie under its path, or the file itself; folders: anywhere below."""

    near: Sequence[Path] = field(default_factory=tuple)
    folders: Sequence[Path] = field(default_factory=tuple)

    def find(self, path: str, sha: str) -> tuple[Path | None, str]:
        """The file with these bytes; or None, and why. path: as it was taken in. Raises OSError where one is unreadable."""
        name = Path(path).name
        candidates = [root / path for root in [*self.near, *self.folders]]
        candidates += [root for root in self.near if root.name == name]
        candidates += self._below.get(name, [])
        there = [c for c in candidates if c.is_file()]
        for candidate in there:
            if sha256(candidate) == sha:
                return candidate, f"{candidate} has this SHA-256."
        if there:
            return None, f"{there[0]} is another file: its SHA-256 differs."
        return None, "The file was not found: name its folder with --files."

    @cached_property
    def _below(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in (p for folder in self.folders for p in sorted(folder.rglob("*"))):
            found.setdefault(path.name, []).append(path)
        return found


def sha256(path: Path) -> str:
    """Of the bytes as they lie on disk."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
