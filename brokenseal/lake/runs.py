"""The tables of one analysis: written beside the published ones, published whole."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal.errors import LakeError
from brokenseal.lake.engine import COMPRESSION
from brokenseal.lake.ledger import Ledger

FOLDER = "runs"
_NUMBERS = itertools.count()


class Run:
    """A run being made. Its folder counts only once the ledger names it."""

    def __init__(self, lake: Path, run_id: str) -> None:
        self.run_id = run_id
        self.name = f"{FOLDER}/{run_id}-{os.getpid()}-{next(_NUMBERS)}"
        self._lake = lake
        self.folder = lake / self.name
        self.tables: dict[str, list[Path]] = {}
        self._versions: dict[str, int] = {}
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise LakeError(f"cannot write a run into {lake}: {error.strerror}") from error

    def target(self, table: str) -> Path:
        """Where the next version of a table goes; a table may be written again in each round."""
        number = self._versions[table] = self._versions.get(table, 0) + 1
        return self.folder / f"{table}-{number}.parquet"

    def put(self, table: str, rows: pa.Table) -> list[Path]:
        """Rows from outside the engine as a file of the run."""
        target = self.target(table)
        try:
            pq.write_table(rows, target, compression=COMPRESSION)
        except OSError as error:
            raise LakeError(f"cannot write {target}: {error.strerror or error}") from error
        return [target]

    def publish(self, ledger: Ledger, now: float) -> None:
        """Make it the latest."""
        named = {t: [str(f.relative_to(self._lake)) for f in files] for t, files in sorted(self.tables.items())}
        ledger.publish_run(self.run_id, self.name, named, now)
