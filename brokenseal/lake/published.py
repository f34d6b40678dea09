"""What is published at one moment: which files hold a table, which columns, which copies of a record are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal import schema
from brokenseal.errors import LakeError
from brokenseal.lake import handed, kept
from brokenseal.lake.connect import COMPRESSION, clear, connect, quoted
from brokenseal.lake.engine import Settings
from brokenseal.lake.ledger import State
from brokenseal.lake.query import View
from brokenseal.lake.spill import Spill
from brokenseal.lake.types import columns_of, widened


class Published:
    """A state of the ledger, and what is worked out from it once."""

    hidden = kept.HIDDEN
    losers = ibis.schema(kept.LOSERS)

    def __init__(self, lake: Path, state: State, settings: Settings, spill: Spill) -> None:
        self.state = state
        self._lake = lake
        self._settings = settings
        self._spill = spill
        self._inputs: pa.Table | None = None
        self._own = {"inputs": self.inputs, "custody": self.custody}
        self._lost: tuple[Path | None] | None = None

    def inherit(self, earlier: Published) -> None:
        """Take over what was worked out for an earlier state: kept copies depend on the set of inputs alone."""
        if self.state.inputs == earlier.state.inputs:
            self._inputs, self._lost = earlier._inputs, earlier._lost

    def tables(self) -> list[str]:
        """Names that a query may use."""
        return sorted({*schema.TABLES, *self.state.run_tables})

    def files(self, table: str) -> list[Path]:
        """The files that hold a table."""
        described = schema.TABLES.get(table)
        if table in self._own:
            return [self._own_file(table)]
        if described is None or described.stage == "run":
            return [self._lake / f for f in self.state.run_tables.get(table, ())]
        return [self._lake / s.file for s in self.state.segments.get(table, ())]

    def columns(self, table: str) -> ibis.Schema | None:
        """Its columns; None where there is no such table."""
        known = columns_of(table)
        if known is not None:
            return known
        files = self.files(table)
        if not files:
            return None
        with clear(f"cannot open the table {table}"):
            try:
                return widened(ibis.Schema.from_pyarrow(pq.read_schema(files[0])))
            except pa.ArrowInvalid as error:
                raise LakeError(f"cannot open the table {table}: {files[0]} is damaged") from error

    def has_copies(self, table: str) -> bool:
        """The table's segments may hold copies that are not kept."""
        return table in kept.FROM_FILES and len(self.state.segments.get(table, ())) > 0

    def lost(self) -> Path | None:
        """A file of (record_id, place) of the copies that are not kept; None where every copy is."""
        if self._lost is None:
            self._lost = (self._written_losers(),)
        return self._lost[0]

    def _written_losers(self) -> Path | None:
        sightings = self.files("sightings")
        alone = len(self.state.inputs) == 1 and _one_place(self.state.inputs[0])
        if not self.state.inputs or alone or not sightings:
            return None
        target = self._spill.folder / f"losers-{self.state.head[:16]}.parquet"
        with self._plain("cannot tell which copies are kept") as db:
            rows = db.execute(
                f"copy ({kept.losers(sightings)}) to {quoted(target)} (format parquet, compression {COMPRESSION})"
            ).fetchall()[0][0]
        return target if rows else None

    @contextmanager
    def _plain(self, what: str) -> Iterator[duckdb.DuckDBPyConnection]:
        with clear(what):
            memory, threads = self._settings.memory, self._settings.threads
            connection = connect(memory=memory, threads=threads, spill=self._spill.folder / "published")
            try:
                yield connection
            finally:
                connection.close()

    def inputs(self) -> pa.Table:
        """The table `inputs`, ordered by path and hash."""
        if self._inputs is None:
            held = self.files("records")
            records: dict[str, int] = {}
            if held:
                lost = self.lost()
                with self._plain("cannot count the records of the inputs") as db:
                    records = dict(db.execute(kept.counts(held, lost)).fetchall())
            rows = [_counted(r, records.get(r["file_sha256"], 0)) for r in self.state.inputs]
            self._inputs = schema.TABLES["inputs"].filled(rows)
        return self._inputs

    def custody(self) -> pa.Table:
        """The table `custody`: each statement with the input that it speaks of."""
        rows = [{**stated, **handed.spoken_of(stated, self.state.inputs)} for stated in self.state.custody]
        return schema.TABLES["custody"].filled(rows)

    def _own_file(self, table: str) -> Path:
        """What the ledger itself tells, as a file for the engines."""
        target = self._spill.folder / f"{table}-{self.state.head[:16]}.parquet"
        if not target.exists():
            with clear(f"cannot list {table}"):
                pq.write_table(self._own[table](), target)
        return target

    def view(self, table: str) -> View:
        """A table of `tables` as a person's query sees it."""
        files, columns = self.files(table), self.columns(table)
        if columns is None:
            raise LakeError(f"the table {table} has no file")
        return View(tuple(files), columns, self.lost() if self.has_copies(table) else None)


def changed(lake: Path, digests: Mapping[str, str | None]) -> list[str]:
    """Files whose bytes are not those that were published; one line each. digests: SHA-256 by path within the lake."""
    found = []
    for file, published in sorted(digests.items()):
        kind = file.split("/", 1)[0].removesuffix("s")
        try:
            with (lake / file).open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            found.append(f"{kind} {file} cannot be opened: {error.strerror or error}")
            continue
        if digest != published:
            found.append(f"{kind} {file} was changed since it was published")
    return found


def _one_place(taken: Mapping[str, object]) -> bool:
    """Whether an input holds each record once at most; members of an archive, and parts of several logs, may share one."""
    return taken["shape"] != "zip" and not str(taken["format"]).startswith("mixed")


def _counted(row: dict[str, object], records: int) -> dict[str, object]:
    rows, rejected = int(str(row["rows"])), int(str(row["rejected"]))
    taken_at = datetime.fromisoformat(str(row["taken_at"]))
    return {**row, "records": records, "duplicates": rows - rejected - records, "taken_at": taken_at}
