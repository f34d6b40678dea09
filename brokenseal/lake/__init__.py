"""Where tables live, what was taken in, exactly once. The engine seam.

A lake is a folder: Parquet segments that never change, runs of analyses, and a ledger that says which of them count.
`Lake.read` and `Lake.write` are all that the analysis knows of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet

from brokenseal import schema
from brokenseal.errors import LakeError
from brokenseal.lake import intake as _intake
from brokenseal.lake import query as _query
from brokenseal.lake.engine import DuckDB, Engine, Spark, embedded, quoted
from brokenseal.lake.intake import SPILL, Intake
from brokenseal.lake.ledger import FileTaken, Ledger, Segment
from brokenseal.lake.lock import WriterLock
from brokenseal.lake.runs import Run

SHAPE_RANK = "case shape when 'unified-audit-csv' then 1 when 'graph-audit' then 2 else 0 end"
"""The fullest shape of a record first; then the smallest (file, row)."""
_IBIS = {"string": "string", "int64": "int64", "boolean": "boolean", "timestamp": "timestamp"}
_FROM_FILES = ("records", "accesses", "items", "issuances")


class Lake:
    """One opened lake; a context manager. A reader sees what was published when it opened."""

    def __init__(self, path: Path, ledger: Ledger, *, memory: str, threads: int, engine: str, master: str) -> None:
        self.path = path
        self.memory = memory
        self.threads = threads
        self._ledger = ledger
        self._lock: WriterLock | None = None
        self._engine_name, self._master = engine, master
        self._engine: Engine | None = None
        self._spill = path / SPILL / f"{os.getpid()}-{time.monotonic_ns():x}"
        self._run: Run | None = None
        self._scanned: dict[str, ibis.Table] = {}
        self._segments: dict[str, list[Segment]] = {}
        self._losers: Path | None = None

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

        Raises LakeError where there is no lake, or it cannot be written.
        """
        path = Path(path).absolute()
        if engine not in ("duckdb", "spark"):
            raise LakeError(f"no engine {engine!r}: duckdb or spark")
        try:
            if create:
                path.mkdir(parents=True, exist_ok=True)
            elif not path.is_dir():
                raise LakeError(f"{path} is not a lake: no such folder")
            lock = WriterLock(path / "lock") if write else None
            if lock:
                if not create and not (path / "ledger.db").exists():
                    raise LakeError(f"{path} is not a lake: no ledger.db in it")
                lock.acquire(waiting)
        except OSError as error:
            raise LakeError(f"cannot open the lake {path}: {error.strerror or error}") from error
        ledger = Ledger.at(path, create=create)
        lake = cls(path, ledger, memory=memory, threads=threads or os.cpu_count() or 1, engine=engine, master=master)
        lake._lock = lock
        if lock:
            if create:
                ledger.begin()
            _intake.sweep(path, ledger)
        lake.refresh()
        return lake

    def __enter__(self) -> Lake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give everything back: engine, spill, ledger, lock."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        shutil.rmtree(self._spill, ignore_errors=True)
        if self._run is not None:
            shutil.rmtree(self._run.folder, ignore_errors=True)
            self._run = None
        self._ledger.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # --- what is published

    def refresh(self) -> None:
        """See what is published now."""
        self._segments = self._ledger.segments()
        self._scanned.clear()
        self._losers = None

    def stale(self) -> bool:
        """The tables derived from records are of an older schema version."""
        return self._ledger.version() != schema.VERSION

    def fingerprint(self) -> str:
        """Hash of the set of inputs, whatever their order."""
        names = sorted(r["file_sha256"] for r in self._ledger.inputs())
        return hashlib.sha256("\n".join(names).encode()).hexdigest()

    def head(self) -> str:
        """Head of the ledger's hash chain."""
        return self._ledger.head()

    def known_inputs(self) -> dict[str, str]:
        """SHA-256 of each input to its format."""
        return {r["file_sha256"]: r["format"] for r in self._ledger.inputs()}

    def inputs(self) -> pa.Table:
        """The table `inputs`. A record counts for the file that holds its kept copy, so no order of taking in matters."""
        with self._plain() as db:
            if self._files("sightings"):
                counted = db.execute(f"select file_sha256, count(*) from ({self._kept_sql()}) group by 1").fetchall()
            else:
                counted = []
        records = dict(counted)
        rows = [
            {
                **{k: r[k] for k in ("file_sha256", "path", "format", "shape", "size", "rows", "rejected", "note")},
                "records": (n := records.get(r["file_sha256"], 0)),
                "duplicates": r["rows"] - r["rejected"] - n,
                "taken_at": r["taken_at"],
            }
            for r in self._ledger.inputs()
        ]
        return _typed(rows, schema.TABLES["inputs"])

    def _files(self, table: str) -> list[Path]:
        return [self.path / s.file for s in self._segments.get(table, [])]

    def _kept_sql(self) -> str:
        """One row a record: the file that holds its kept copy."""
        paths = ", ".join(quoted(f) for f in self._files("sightings"))
        source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        kept = f"arg_min(file_sha256, ({SHAPE_RANK}, file_sha256))"
        return f"select record_id, {kept} as file_sha256 from {source} group by record_id"

    def _lost(self) -> Path:
        """A file of (record, file) whose copy is not the kept one; made once for what is published now."""
        if self._losers is None:
            self._spill.mkdir(parents=True, exist_ok=True)
            self._losers = self._spill / "losers.parquet"
            files = self._files("sightings")
            with self._plain() as db:
                if len(self._ledger.inputs()) < 2 or not files:
                    sql = "select null::varchar as record_id, null::varchar as file_sha256 where false"
                else:
                    paths = ", ".join(quoted(f) for f in files)
                    source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
                    sql = f"""with copies as (select record_id, file_sha256, min({SHAPE_RANK}) as rank
                            from {source} group by 1, 2),
                        shared as (select record_id, arg_min(file_sha256, (rank, file_sha256)) as kept
                            from copies group by 1 having count(*) > 1)
                        select record_id, file_sha256 from copies join shared using (record_id)
                        where file_sha256 <> kept"""
                db.execute(f"copy ({sql}) to {quoted(self._losers)} (format parquet)")
        return self._losers

    def _plain(self) -> duckdb.DuckDBPyConnection:
        return embedded(memory=self.memory, threads=self.threads, spill=self._spill / "duckdb")

    # --- the engine seam

    @property
    def engine(self) -> Engine:
        """The engine, started when it is first asked for."""
        if self._engine is None:
            spill = self._spill / self._engine_name
            if self._engine_name == "spark":
                self._engine = Spark(master=self._master, memory=self.memory, spill=spill)
            else:
                self._engine = DuckDB(memory=self.memory, threads=self.threads, spill=spill)
        return self._engine

    def read(self, table: str) -> ibis.Table:
        """A table: of the run being made, else of what is published; with the columns of schema.py."""
        if table not in self._scanned:
            self._scanned[table] = self._scan(table)
        return self._scanned[table]

    def _scan(self, table: str) -> ibis.Table:
        described = schema.TABLES.get(table)
        if described is not None and described.stage != "run":
            if table == "inputs":
                self._spill.mkdir(parents=True, exist_ok=True)
                target = self._spill / "inputs.parquet"
                pa.parquet.write_table(self.inputs(), target)
                return self.engine.scan("inputs", [target], _ibis_schema(described))
            return self._from_segments(described)
        published = self._ledger.run()
        files = [self.path / f for f in published[1].get(table, [])] if published else []
        if described is None:
            if not files:
                raise LakeError(f"no table {table!r} in {self.path}; run `brokenseal hunt` first")
            return self.engine.scan(f"run_{table}", files, _schema_of(files[0]))
        return self.engine.scan(f"run_{table}", files, _ibis_schema(described))

    def _from_segments(self, described: schema.Table) -> ibis.Table:
        name = described.name
        files = self._files(name)
        wanted = _ibis_schema(described)
        if name not in _FROM_FILES:
            return self.engine.scan(f"log_{name}", files, wanted)
        hidden = {**dict(wanted.items()), "file_sha256": "string", "row": "int64"}
        whole = self.engine.scan(f"log_{name}", files, ibis.schema(hidden))
        losers = self.engine.scan(
            f"lost_{name}", [self._lost()], ibis.schema({"record_id": "string", "file_sha256": "string"})
        )
        return whole.anti_join(losers, ["record_id", "file_sha256"]).select(*described.names)

    def write(self, table: str, expr: ibis.Table) -> ibis.Table:
        """Run an expression into a table of the run being made."""
        run = self._making()
        described = schema.TABLES.get(table)
        if described is not None:
            expr = expr.select(**{c.name: expr[c.name].cast(_ibis_type(c.type)) for c in described.columns})
        return self._written(table, self.engine.store(expr, run.target(table)), expr.schema())

    def put(self, table: str, rows: pa.Table) -> ibis.Table:
        """Small rows back into the engine, as a table of the run being made."""
        return self._written(table, self._making().put(table, rows), ibis.Schema.from_pyarrow(rows.schema))

    def _written(self, table: str, files: list[Path], columns: ibis.Schema) -> ibis.Table:
        run = self._making()
        for old in run.tables.get(table, []):
            (shutil.rmtree(old.parent) if old.parent != run.folder else old.unlink()) if old.exists() else None
        run.tables[table] = files
        self._scanned[table] = self.engine.scan(f"run_{table}", files, columns)
        return self._scanned[table]

    def fetch(self, expr: ibis.Expr) -> pa.Table:
        """Run an expression; Arrow out. For what is small."""
        return self.engine.fetch(expr)

    @property
    def compiled(self) -> list[str]:
        """The SQL that the engine was given in this session."""
        return self.engine.compiled

    def start_run(self, key: str) -> str:
        """Begin a run named by the hash of its options and inputs."""
        if self._lock is None:
            raise LakeError("the lake was opened for reading")
        run_id = hashlib.sha256(f"{key}\n{self.fingerprint()}".encode()).hexdigest()[:16]
        self._run = Run(self.path, run_id)
        return run_id

    def _making(self) -> Run:
        if self._run is None:
            raise LakeError("no run was started")
        return self._run

    def publish_run(self) -> None:
        """The run becomes the latest, in one transaction."""
        self._making().publish(self._ledger, time.time())
        self._run = None

    # --- taking in

    def intake(self) -> Intake:
        """The way in; only with the lock."""
        if self._lock is None:
            raise LakeError("the lake was opened for reading")
        return Intake(self.path, self._ledger)

    def replace(self, new: Iterable[Segment], old: Iterable[str]) -> None:
        """Derived tables written again: new segments in, old ones out, the schema's version with them."""
        self._ledger.replace(new, old, time.time(), "derived")
        self.refresh()

    def segments(self, table: str) -> list[Segment]:
        """Live segments of a table."""
        return list(self._segments.get(table, []))

    def compact(self) -> int:
        """Merge small segments; returns how many went."""
        merged = _intake.compact(
            self.path, self._ledger, memory=self.memory, threads=self.threads, spill=self._spill / "compact"
        )
        if merged:
            self.refresh()
        return merged

    # --- a person's question

    def query(self, sql: str) -> pa.Table:
        """One SELECT over the lake's tables."""
        _query.check(sql, sorted({*schema.TABLES, *self._run_tables()}))
        named = {t.name for t in _query.sqlglot.parse_one(sql, dialect="duckdb").find_all(_query.exp.Table)}
        views = {name: self._view(name) for name in sorted(named & {*schema.TABLES, *self._run_tables()})}
        return _query.run(sql, views, self.path, memory=self.memory, threads=self.threads, spill=self._spill / "query")

    def _run_tables(self) -> list[str]:
        published = self._ledger.run()
        return sorted(published[1]) if published else []

    def _view(self, name: str) -> str:
        """The SELECT behind a table's name, for the embedded engine."""
        described = schema.TABLES.get(name)
        if name == "inputs":
            self._spill.mkdir(parents=True, exist_ok=True)
            pa.parquet.write_table(self.inputs(), self._spill / "inputs.parquet")
            return f"select * from read_parquet({quoted(self._spill / 'inputs.parquet')})"
        published = self._ledger.run()
        in_run = described is None or described.stage == "run"
        files = [self.path / f for f in published[1].get(name, [])] if in_run and published else self._files(name)
        if not files and described is not None:
            return "select " + ", ".join(f'null::{t} as "{c}"' for c, t in described.sql().items()) + " where false"
        paths = ", ".join(quoted(f) for f in files)
        source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        columns = ", ".join(f'"{c}"' for c in described.names) if described else "*"
        lost = f" anti join read_parquet({quoted(self._lost())}) using (record_id, file_sha256)"
        return f"select {columns} from {source}{lost if name in _FROM_FILES else ''}"


def _ibis_type(kind: str) -> str:
    return _IBIS.get(kind, kind)


def _ibis_schema(table: schema.Table) -> ibis.Schema:
    return ibis.schema({c.name: _ibis_type(c.type) for c in table.columns})


def _schema_of(file: Path) -> ibis.Schema:
    return ibis.Schema.from_pyarrow(pa.parquet.read_schema(file))


def _typed(rows: list[dict[str, object]], table: schema.Table) -> pa.Table:
    """Rows as Arrow with the table's types; times are given as text."""
    from datetime import datetime

    for r in rows:
        r["taken_at"] = datetime.fromisoformat(str(r["taken_at"]))
    return pa.Table.from_pylist(rows, schema=table.arrow())


__all__ = ["FileTaken", "Intake", "Lake", "Segment", "embedded"]
