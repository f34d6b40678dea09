"""One opened lake: what the stages call."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal import schema
from brokenseal.errors import LakeError, UsageError
from brokenseal.lake import compaction, query, seal
from brokenseal.lake.connect import COMPRESSION, clear, megabytes
from brokenseal.lake.engine import Engine, Settings, started
from brokenseal.lake.intake import Intake, aside, place
from brokenseal.lake.ledger import Ledger
from brokenseal.lake.lock import WriterLock
from brokenseal.lake.published import Published, changed
from brokenseal.lake.runs import Run, Version, remove
from brokenseal.lake.spill import Spill
from brokenseal.lake.sweep import sweep
from brokenseal.lake.taken import Segment
from brokenseal.lake.types import arrow, cast, columns_of, widened


class Lake:
    """One opened lake; a context manager. A reader sees what was published when it opened, a writer what it published.

    path: its folder. memory, threads: what an engine may use. compiled: the SQL that the engine was given so far.
    """

    def __init__(self, path: Path, settings: Settings, lock: WriterLock | None) -> None:
        self.path = path
        self.memory = settings.memory
        self.threads = settings.threads
        self.compiled: list[str] = []
        self._settings = settings
        self._lock = lock
        self._seals = False
        self._ledger = Ledger.at(path)
        self._spill = Spill(path)
        self._engine: Engine | None = None
        self._run: Run | None = None
        self._published: Published | None = None
        self._current = False
        self._scanned: dict[str, ibis.Table] = {}
        self._views = 0

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        write: bool = False,
        create: bool = False,
        memory: str = "2GB",
        threads: int | None = None,
        engine: str = "duckdb",
        master: str = "local[2]",
        waiting: Callable[[str], None] | None = None,
    ) -> Lake:
        """Open a lake. write: take the one writer lock, waiting for its holder, and sweep. create: make it if missing.

        waiting: told once who holds the lock. Raises LakeError where there is no lake or it cannot be used, UsageError
        for an engine or a memory that is none.
        """
        if engine not in ("duckdb", "spark"):
            raise UsageError(f"--engine {engine!r}: say duckdb or spark")
        megabytes(memory)
        path = Path(path).absolute()
        settings = Settings(engine, memory, threads or os.cpu_count() or 1, master)
        lock = WriterLock(path / "lock") if write else None
        try:
            _prepare(path, create=create)
            if lock is not None:
                lock.acquire(waiting)
        except OSError as error:
            raise LakeError(f"cannot open the lake {path}: {error.strerror or error}") from error
        lake = cls(path, settings, lock)
        try:
            lake._begin(create=create)
        except BaseException:
            lake.close()
            raise
        return lake

    def _begin(self, *, create: bool) -> None:
        if self._lock is not None:
            with clear(f"cannot write into {self.path}"):
                self._seals = seal.lift(self.path)
            if create:
                self._ledger.begin()
            version = self._ledger.state().version
            if version > schema.VERSION:
                raise LakeError(f"the lake {self.path} was written by a newer brokenseal: upgrade this one")
            sweep(self.path, self._ledger)
        self.refresh()

    def __enter__(self) -> Lake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give everything back: engine, spill, a run that was not published, ledger, lock."""
        try:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
        finally:
            self._spill.close()
            self._drop_run()
            self._ledger.close()
            if self._lock is not None:
                try:
                    self._set_seal()
                finally:
                    self._lock.release()
                    self._lock = None

    def _set_seal(self) -> None:
        """Without one a ledger is used all the same, so a full disk is no reason to fail here."""
        if self._seals and (self.path / seal.LEDGER).exists():
            with contextlib.suppress(OSError):
                seal.press(self.path)

    # --- what is published

    def refresh(self) -> None:
        """See what is published now."""
        now = Published(self.path, self._ledger.state(), self._settings, self._spill)
        if self._published is not None:
            now.inherit(self._published)
        self._published = now
        self._current = True
        self._scanned = {n: t for n, t in self._scanned.items() if self._run is not None and n in self._run.tables}

    def _outdated(self) -> None:
        self._current = False

    @property
    def _now(self) -> Published:
        if self._published is None or not self._current:
            self.refresh()
        assert self._published is not None
        return self._published

    def stale(self) -> bool:
        """The tables derived from records are of an older schema version."""
        return self._now.state.version != schema.VERSION

    def current(self) -> Lake:
        """This lake, for whoever only reads. Raises LakeError, which says what to do, where `stale`."""
        if self.stale():
            raise LakeError(
                f"the tables of {self.path} are those of an earlier brokenseal: run `brokenseal hunt --lake {self.path}`, "
                "which makes them again from its records"
            )
        return self

    def fingerprint(self) -> str:
        """Hash of the set of inputs, whatever their order."""
        names = sorted(r["file_sha256"] for r in self._now.state.inputs)
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    def head(self) -> str:
        """Head of the ledger's hash chain: each publication's hash covers all before it."""
        return self._now.state.head

    def faults(self) -> list[str]:
        """Where ledger, segments or runs are not as they were published, one line each. Hashes every file."""
        return self._ledger.faults() + changed(self.path, self._ledger.digests())

    def unhashed(self) -> list[str]:
        """Runs whose files cannot be verified: an earlier version kept no hashes of them."""
        return self._ledger.unhashed()

    def since(self, head: str) -> int | None:
        """How often something was published after the chain had this head; None where it never had."""
        return self._ledger.since(head)

    def files(self) -> list[str]:
        """Every file that the ledger knows, by its path within the lake."""
        return sorted(self._ledger.digests())

    def known_inputs(self) -> dict[str, str]:
        """SHA-256 of each input to its format."""
        return {r["file_sha256"]: r["format"] for r in self._now.state.inputs}

    def inputs(self) -> pa.Table:
        """The table `inputs`, by path and hash. A record counts for the file of its kept copy, whatever the order."""
        return self._now.inputs()

    def segments(self, table: str) -> list[Segment]:
        """What is published of a table."""
        return list(self._now.state.segments.get(table, ()))

    # --- the engine seam

    @property
    def engine(self) -> Engine:
        """The engine, started when it is first asked for."""
        if self._engine is None:
            self._engine = started(self._settings, self._spill.folder / self._settings.engine, self.compiled)
        return self._engine

    def read(self, table: str) -> ibis.Table:
        """A table: of the run being made, else of what is published; with the columns of schema.py.

        Of records, and of what is derived from them, only the kept copy. Raises LakeError for a name that is unknown.
        """
        now = self._now
        if table not in self._scanned:
            self._scanned[table] = self._scan(now, table)
        return self._scanned[table]

    def _scan(self, now: Published, table: str) -> ibis.Table:
        files, columns = now.files(table), now.columns(table)
        if columns is None:
            raise LakeError(f"no table {table!r} in {self.path}: run `brokenseal hunt` first")
        lost = now.lost() if now.has_copies(table) else None
        if lost is None:
            return self.engine.scan(self._view(table), files, columns)
        whole = self.engine.scan(self._view(table), files, ibis.schema({**dict(columns.items()), **now.hidden}))
        # a lake of an earlier version has files alone
        whole = whole.mutate(place=ibis.coalesce(whole.place, whole.file_sha256))
        losers = self.engine.scan(self._view("losers"), [lost], now.losers)
        return whole.anti_join(losers, list(now.losers.names)).select(*columns.names)

    def _view(self, table: str) -> str:
        self._views += 1
        return f"lake_{table}_{self._views}"

    def write(self, table: str, expr: ibis.Table) -> ibis.Table:
        """Run an expression into a table of the run being made; with the columns of schema.py where it has the table.

        A name may be written again; what was made from the earlier rows still sees those, until `turn`.
        """
        run = self._making()
        known = columns_of(table)
        expr = cast(expr, known or widened(expr.schema()))
        view, place_ = run.target(table)
        files = self.engine.store(expr, place_, loose=known is None)
        return self._kept(run, table, Version(view, place_, files, expr.schema()))

    def put(self, table: str, rows: pa.Table) -> ibis.Table:
        """Small rows back into the engine, as a table of the run being made."""
        run = self._making()
        columns = columns_of(table) or widened(ibis.Schema.from_pyarrow(rows.schema))
        rows = rows.select(list(columns.names)).cast(arrow(columns))
        view, place_ = run.target(table)
        return self._kept(run, table, Version(view, place_, run.put(rows, place_), columns))

    def _kept(self, run: Run, table: str, version: Version) -> ibis.Table:
        run.keep(table, version)
        self._scanned[table] = self.engine.scan(version.view, version.files, version.columns, own=True)
        return self._scanned[table]

    def rename(self, table: str, name: str) -> None:
        """What was written with columns to work with becomes the table of schema.py, which shows only its own."""
        run, columns = self._making(), columns_of(name)
        made = run.tables.pop(table)
        assert columns is not None and all(made.columns[c] == kind for c, kind in columns.items())
        view, _ = run.target(name)
        self._kept(run, name, Version(view, made.place, made.files, columns))

    def turn(self) -> None:
        """A round of a loop ends: where the next writes a table again, what was made from earlier rows sees the new ones.

        So the next round's expressions are equal to this one's, and need not be compiled.
        """
        self._making().turn()

    def drop(self, *tables: str) -> None:
        """What the rest of the run does without, and whoever reads it later: not kept, not hashed."""
        run = self._making()
        for table in tables:
            run.drop(table)
            self._scanned.pop(table, None)

    def fetch(self, expr: ibis.Expr) -> pa.Table:
        """Run an expression; Arrow out, times in microseconds without zone. For what is small."""
        table = expr if isinstance(expr, ibis.Table) else expr.as_table()
        return self.engine.fetch(table).cast(arrow(table.schema()))

    # --- what people said

    def say(self, kind: str, payload: dict[str, Any]) -> bool:
        """Keep what a person said, in the ledger and its chain; False where it is kept already. Only with the lock."""
        self._writing()
        new = self._ledger.say(kind, payload)
        self._outdated()
        return new

    def said(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and payload of all that people said, in order."""
        return self._ledger.said()

    # --- runs

    def start_run(self, key: str) -> str:
        """Begin a run named by the hash of its options and inputs; one that was begun before is dropped."""
        self._writing()
        self._drop_run()
        run_id = hashlib.sha256(f"{key}\n{self.fingerprint()}".encode()).hexdigest()[:16]
        self._run = Run(self.path, run_id)
        return run_id

    def publish_run(self) -> None:
        """The run becomes the latest, in one transaction."""
        run = self._making()
        with clear(f"cannot publish a run in {self.path}"):
            if self._engine is not None:
                self._engine.settle()
            tables = run.hashed()
        self._ledger.publish_run(run.run_id, run.name, tables, time.time())
        run.tidy()
        self._run = None
        self.refresh()

    def _making(self) -> Run:
        if self._run is None:
            raise LakeError("no run was started")
        return self._run

    def _drop_run(self) -> None:
        if self._run is not None:
            for table in self._run.tables:
                self._scanned.pop(table, None)
            remove(self._run.folder)
            self._run = None

    # --- taking in

    def _writing(self) -> None:
        if self._lock is None:
            raise LakeError(f"the lake {self.path} was opened for reading")

    def intake(self) -> Intake:
        """The way in; only with the lock."""
        self._writing()
        return Intake(self.path, self._ledger, self._outdated)

    def append(self, rows: Mapping[str, pa.Table]) -> None:
        """Rows of tables of the truth that come from no input, by table, published in one transaction."""
        self._writing()
        folder = self.aside()
        segments = []
        for table, own in rows.items():
            columns = columns_of(table)
            if columns is None:
                raise LakeError(f"no table {table!r}")
            if own.num_rows:
                file = folder / f"{table}.parquet"
                with clear(f"cannot write into {self.path}"):
                    pq.write_table(own.select(list(columns.names)).cast(arrow(columns)), file, compression=COMPRESSION)
                segments.append(Segment(table, str(file), own.num_rows))
        if segments:
            with clear(f"cannot write into {self.path}"):
                moved = place(self.path, segments, f"appended-{self._ledger.links()}")
            self._ledger.replace(moved, (), time.time(), "appended")
            self.refresh()

    def state_custody(self, list_sha256: str, rows: Iterable[dict[str, str | None]]) -> None:
        """What a custody list, named by its hash, says of files; a list that is known already changes nothing."""
        self._writing()
        self._ledger.begin()
        if self._ledger.publish_custody(list_sha256, rows):
            self.refresh()

    def replace(self, new: Iterable[Segment], old: Iterable[str] | None = None) -> None:
        """Derived tables made again: new segments, which lie aside, in, and old ones out, in one transaction.

        old: files as `segments` names them; by default all of every table derived from records. The lake is then of
        this schema's version.
        """
        self._writing()
        derived = [t.name for t in schema.TABLES.values() if t.stage == "log"]
        gone = list(old) if old is not None else [s.file for t in derived for s in self.segments(t)]
        moved = place(self.path, tuple(new), f"derived-{self._ledger.links()}")
        self._ledger.replace(moved, gone, time.time(), "derived")
        self.refresh()

    def aside(self) -> Path:
        """A fresh folder for segments that `replace` is given."""
        self._writing()
        return aside(self.path)

    def compact(self) -> int:
        """Merge the small segments of each table that has too many of them; returns how many went."""
        self._writing()
        merged = 0
        for table in sorted(self._now.state.segments):
            small = compaction.due(self.segments(table))
            if small:
                spill = self._spill.folder / "compaction"
                lost = self._now.lost() if self._now.has_copies(table) else None
                compaction.compact(
                    self.path, self._ledger, small, lost=lost, memory=self.memory, threads=self.threads, spill=spill
                )
                merged += len(small)
        if merged:
            self.refresh()
        return merged

    # --- a person's question

    def query(self, sql: str) -> pa.Table:
        """One SELECT over the lake's tables; no file, no setting, no other statement. Raises QueryError."""
        now = self._now
        views = {name: now.view(name) for name in query.named(sql, now.tables())}
        return query.run(sql, views, memory=self.memory, threads=self.threads, spill=self._spill.folder / "query")


def _prepare(path: Path, *, create: bool) -> None:
    """A folder with a ledger in it, or one that may become so."""
    if create:
        path.mkdir(parents=True, exist_ok=True)
    elif not path.is_dir():
        raise LakeError(f"{path} is not a lake: no such folder")
    elif not (path / "ledger.db").exists():
        raise LakeError(f"{path} is not a lake: no ledger.db in it")
