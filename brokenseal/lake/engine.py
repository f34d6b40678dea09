"""The engine seam: Ibis compiles, an engine executes, Parquet files lie in between.

Nothing here knows what is analysed. DuckDB is embedded and the default; Spark serves a history that has outgrown one
machine. Both see the same files, keep naive timestamps in UTC, and share the functions in `identifiers`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal.errors import LakeError

COMPRESSION = "zstd"


class Engine(Protocol):
    """What the lake asks of an engine."""

    name: str
    compiled: list[str]

    def scan(self, name: str, files: Sequence[Path], schema: ibis.Schema) -> ibis.Table: ...
    def store(self, expr: ibis.Table, target: Path) -> list[Path]: ...
    def fetch(self, expr: ibis.Expr) -> pa.Table: ...
    def close(self) -> None: ...


def quoted(text: str | Path) -> str:
    """A text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def embedded(*, memory: str, threads: int, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection of its own, in UTC, spilling into a folder of its own.

    memory: as '2GB'. spill: made if missing; the caller removes it.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"set memory_limit = {quoted(memory)}")
    connection.execute(f"set threads = {threads}")
    connection.execute("set preserve_insertion_order = false")
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        connection.execute(f"set temp_directory = {quoted(spill)}")
    return connection


class DuckDB:
    """The default: embedded, one process."""

    name = "duckdb"

    def __init__(self, *, memory: str, threads: int, spill: Path) -> None:
        self._connection = embedded(memory=memory, threads=threads, spill=spill)
        self._ibis = ibis.duckdb.from_connection(self._connection)
        self.compiled: list[str] = []

    def scan(self, name: str, files: Sequence[Path], schema: ibis.Schema) -> ibis.Table:
        """The files as one table; columns that a file lacks are NULL."""
        if files:
            paths = ", ".join(quoted(f) for f in files)
            source = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
            columns = ", ".join(f'"{c}"' for c in schema.names)
            sql = f"select {columns} from {source}"
        else:
            columns = ", ".join(f'null::{_duckdb_type(t)} as "{c}"' for c, t in schema.items())
            sql = f"select {columns} where false"
        self._connection.execute(f'create or replace view "{name}" as {sql}')
        return self._ibis.table(name)

    def store(self, expr: ibis.Table, target: Path) -> list[Path]:
        """Run the expression into one Parquet file."""
        sql = str(self._ibis.compile(expr))
        self.compiled.append(sql)
        try:
            self._connection.execute(f"copy ({sql}) to {quoted(target)} (format parquet, compression {COMPRESSION})")
        except duckdb.IOException as error:
            raise LakeError(f"cannot write {target}: {_first_line(error)}") from error
        except duckdb.OutOfMemoryException as error:
            raise LakeError(f"out of memory or spill space: {_first_line(error)} (--memory gives more)") from error
        return [target]

    def fetch(self, expr: ibis.Expr) -> pa.Table:
        """Run the expression; Arrow out."""
        self.compiled.append(str(self._ibis.compile(expr)))
        return self._ibis.to_pyarrow(expr)

    def close(self) -> None:
        self._connection.close()


def _duckdb_type(kind: Any) -> str:
    names = {"string": "varchar", "int64": "bigint", "boolean": "boolean", "float64": "double"}
    if kind.is_array():
        return _duckdb_type(kind.value_type) + "[]"
    return "timestamp" if kind.is_timestamp() else names[str(kind).lstrip("!")]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


class Spark:
    """The same expressions on Spark; files on a file system that all workers share."""

    name = "spark"

    def __init__(self, *, master: str, memory: str, spill: Path) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise LakeError("the Spark engine needs pyspark: pip install 'brokenseal[spark]'") from error
        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            raise LakeError("the Spark engine needs Java 17 or later on the path")
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        spill.mkdir(parents=True, exist_ok=True)
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
            "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.shuffle.partitions": "4",
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": memory.upper().replace("GB", "g").replace("MB", "m"),
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "warehouse"),
            "spark.sql.parquet.compression.codec": COMPRESSION,
            "spark.log.level": "ERROR",
        }
        builder = SparkSession.builder.master(master).appName("brokenseal")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate()
        self._ibis = ibis.pyspark.connect(self._session)
        self.compiled: list[str] = []

    def scan(self, name: str, files: Sequence[Path], schema: ibis.Schema) -> ibis.Table:
        """The files as one table, with the columns and types that are asked for."""
        from ibis.backends.pyspark.datatypes import PySparkSchema

        kind = PySparkSchema.from_ibis(schema)
        if files:
            frame = self._session.read.schema(kind).parquet(*(str(f) for f in files))
        else:
            frame = self._session.createDataFrame([], schema=kind)
        frame.createOrReplaceTempView(name)
        return self._ibis.table(name)

    def store(self, expr: ibis.Table, target: Path) -> list[Path]:
        """Run the expression into a folder of Parquet files."""
        sql = str(self._ibis.compile(expr))
        self.compiled.append(sql)
        self._session.sql(sql).write.mode("overwrite").parquet(str(target))
        return sorted(target.glob("part-*.parquet"))

    def fetch(self, expr: ibis.Expr) -> pa.Table:
        """Run the expression; Arrow out, by way of files, since Spark's own way loses what pandas lacks."""
        table = expr if isinstance(expr, ibis.Table) else expr.as_table()
        folder = Path(tempfile.mkdtemp(prefix="brokenseal-fetch-"))
        try:
            ordered = self.store(table, folder / "rows")
            parts = [pq.read_table(f) for f in ordered]
            wanted = table.schema().to_pyarrow()
            whole = pa.concat_tables(parts) if parts else wanted.empty_table()
            return whole.cast(wanted)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        self._session.stop()
