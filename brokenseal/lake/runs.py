"""The tables of one analysis: written beside the published ones, published whole."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal.lake.connect import COMPRESSION, clear

FOLDER = "runs"
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Version:
    """One writing of a table: its name as a view, its files, and its columns."""

    view: str
    place: Path
    files: tuple[Path, ...]
    columns: ibis.Schema


@dataclass
class Run:
    """A run being made. Its folder counts only once the ledger names it.

    A table may be written again; expressions made from an earlier version still see that version, so it lies there until
    the run is published. Only `turn` ends that: then the names of views are given out anew.
    """

    lake: Path
    run_id: str
    tables: dict[str, Version] = field(default_factory=dict)
    _older: list[Version] = field(default_factory=list)
    _count: int = 0
    _versions: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.name = f"{FOLDER}/{self.run_id}-{os.getpid()}-{next(_NUMBERS)}"
        self.folder = self.lake / self.name
        with clear(f"cannot write a run into {self.lake}"):
            self.folder.mkdir(parents=True)

    def target(self, table: str) -> tuple[str, Path]:
        """The next version of a table: the view's name, and the place it is written to."""
        self._count += 1
        self._versions[table] += 1
        return f"run_{table}_{self._versions[table]}", self.folder / f"{table}-{self._count}.parquet"

    def turn(self) -> None:
        """A round ends: a table that the next one writes again takes the view of its first version."""
        self._versions.clear()

    def keep(self, table: str, version: Version) -> None:
        """This is the table now."""
        if table in self.tables:
            self._older.append(self.tables[table])
        self.tables[table] = version

    def drop(self, table: str) -> None:
        """Nothing asks for this table any more; its files lie there until the run is published, for what is not yet run."""
        if (gone := self.tables.pop(table, None)) is not None:
            self._older.append(gone)

    def put(self, rows: pa.Table, place: Path) -> tuple[Path, ...]:
        """Rows from outside the engine as a file of the run."""
        with clear(f"cannot write {place}"):
            pq.write_table(rows, place, compression=COMPRESSION)
        return (place,)

    def hashed(self) -> dict[str, dict[str, str]]:
        """Each table's files, as the ledger names them, with their SHA-256."""
        files = [(table, file) for table, version in sorted(self.tables.items()) for file in version.files]
        found: dict[str, dict[str, str]] = {table: {} for table in sorted(self.tables)}
        with ThreadPoolExecutor() as beside:
            for (table, _), (name, digest) in zip(files, beside.map(lambda f: self._hashed(f[1]), files)):
                found[table][name] = digest
        return found

    def _hashed(self, file: Path) -> tuple[str, str]:
        with file.open("rb") as handle:
            return str(file.relative_to(self.lake)), hashlib.file_digest(handle, "sha256").hexdigest()

    def tidy(self) -> None:
        """Remove what later versions have replaced, and what was dropped."""
        for old in self._older:
            remove(old.place)
        self._older.clear()


def remove(place: Path) -> None:
    """A file or a folder, if it is there."""
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
