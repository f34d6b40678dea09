"""Spark: the same expressions, for a history that has outgrown one machine.

Files lie on a file system that all workers share. Times are UTC and without zone, as in DuckDB.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from brokenseal.errors import LakeError
from brokenseal.lake.connect import COMPRESSION, megabytes, one_line
from brokenseal.lake.engine import Compiler

_MACHINE = (
    "No space left",
    "FileNotFound",
    "OutOfMemory",
    "Input/output error",
    "not a Parquet file",
    "File too large",
)
# without an appender, or at another level, Spark sets up a logging of its own and says so
_LOGGING = """status = off
rootLogger.level = warn
rootLogger.appenderRef.none.ref = none
appender.none.type = Null
appender.none.name = none
"""
_OPEN: set[str] = set()


class Spark:
    """One session; a process holds one at a time, since Spark allows no more."""

    def __init__(self, *, master: str, memory: str, spill: Path, compiled: list[str]) -> None:
        _can_run()
        if _OPEN:
            raise LakeError("a process can hold one lake open on Spark at a time: close the other first")
        if _on_this_machine(master):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        spill.mkdir(parents=True, exist_ok=True)
        self._session = _session(settings(master, memory, spill))
        _OPEN.add(str(spill))
        self._spill = str(spill)
        self._compiler = Compiler(ibis.pyspark.connect(self._session), compiled)

    def scan(self, name: str, files: Sequence[Path], columns: ibis.Schema, *, own: bool = False) -> ibis.Table:
        """The files as one table, with the columns and types that are asked for; what a file lacks is NULL."""
        from ibis.backends.pyspark.datatypes import PySparkSchema

        kind = PySparkSchema.from_ibis(columns)
        with _clear(f"cannot open the table {name}"):
            if files:
                frame = self._session.read.schema(kind).parquet(*(str(f) for f in files))
            else:
                frame = self._session.createDataFrame([], schema=kind)
            frame.createOrReplaceTempView(name)
        return ibis.table(columns, name=name)

    def store(self, expr: ibis.Table, target: Path, *, loose: bool = False) -> tuple[Path, ...]:
        """Run the expression into a folder of Parquet files, packed alike whether loose or not: many machines share them."""
        with _clear(f"cannot write {target}"):
            self._typed(expr).write.mode("overwrite").parquet(str(target))
        return tuple(sorted(target.glob("part-*.parquet")))

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """Run the expression; Arrow out, without a detour through pandas."""
        with _clear("cannot run the query"):
            return self._typed(expr).toArrow()

    def _typed(self, expr: ibis.Table) -> Any:
        """A data frame with every column cast to what Ibis takes it for."""
        from ibis.backends.pyspark.datatypes import PySparkType
        from pyspark.sql import functions

        sql = self._compiler.sql(expr)
        casts = (
            functions.col("`" + name.replace("`", "``") + "`").cast(PySparkType.from_ibis(kind)).alias(name)
            for name, kind in expr.schema().items()
        )
        return self._session.sql(sql).select(*casts)

    def settle(self) -> None:
        """All is written at once."""

    def close(self) -> None:
        """End the session."""
        self._session.stop()
        _OPEN.discard(self._spill)


def settings(master: str, memory: str, spill: Path) -> dict[str, str]:
    """What a session is started with."""
    size = f"{megabytes(memory)}m"
    found = {
        "spark.master": master,
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dlog4j2.configurationFile={_quiet(spill)}",
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": size,
        "spark.executor.memory": size,
        "spark.local.dir": str(spill),
        "spark.sql.warehouse.dir": str(spill / "warehouse"),
        "spark.sql.parquet.compression.codec": COMPRESSION,
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.artifact.isolation.enabled": "false",
    }
    if _on_this_machine(master):
        found["spark.driver.host"] = found["spark.driver.bindAddress"] = "127.0.0.1"
    if master.startswith("local"):
        # a cluster's own number of partitions stands; on one machine 200 are 196 too many
        found["spark.sql.shuffle.partitions"] = "4"
    return found


def _quiet(spill: Path) -> str:
    """Where the logging of Spark itself is turned off: what goes wrong is raised, and said in one line."""
    file = spill / "log4j2.properties"
    file.write_text(_LOGGING, encoding="utf-8")
    return file.as_uri()


def _on_this_machine(master: str) -> bool:
    return master.startswith("local") or "//127.0.0.1:" in master or "//localhost:" in master


def _can_run() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise LakeError("the Spark engine needs pyspark: pip install 'brokenseal[spark]'") from error
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise LakeError("the Spark engine needs Java 17 or later on the path")


def _session(config: dict[str, str]) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("brokenseal")
    for key, value in config.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise LakeError(f"Spark does not start: {one_line(error)}") from error


@contextmanager
def _clear(what: str) -> Iterator[None]:
    """Turn what a disk, a memory limit or a damaged file does to Spark into one line; other errors pass."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        text = str(error)
        found = next((m for m in _MACHINE if m in text), None)
        if found is None:
            raise
        line = next(part.strip() for part in text.splitlines() if found in part)
        raise LakeError(f"{what}: {line[:300]}") from error
