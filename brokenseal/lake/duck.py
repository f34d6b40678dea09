"""DuckDB: the default engine, embedded, one process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.sql.datatypes import DuckDBType

from brokenseal.lake.behind import Behind
from brokenseal.lake.connect import LOOSE, PACKED, clear, connect, megabytes, parquet, quoted
from brokenseal.lake.engine import Compiler


def selection(files: Sequence[Path], columns: ibis.Schema, present: frozenset[str] | None = None) -> str:
    """The SELECT that yields these columns of these files. present: what the files have, where that is not all."""
    kinds = {name: DuckDBType.to_string(kind) for name, kind in columns.items()}
    if not files:
        return "select " + ", ".join(f"null::{kind} as {_name(name)}" for name, kind in kinds.items()) + " where false"
    parts = (
        f"{_name(name) if present is None or name in present else 'null'}::{kind} as {_name(name)}"
        for name, kind in kinds.items()
    )
    return f"select {', '.join(parts)} from {parquet(files)}"


def view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], columns: ibis.Schema) -> None:
    """The files as a view with these columns; one that no file has is NULL."""
    make = f"create or replace view {_name(name)} as "
    with clear(f"cannot open the table {name}"):
        try:
            connection.execute(make + selection(files, columns))
        except duckdb.BinderException:
            # a column newer than all the files: found only now, since to ask first would open every file twice
            described = connection.execute(f"describe select * from {parquet(files)}").fetchall()
            present = frozenset(r[0] for r in described)
            connection.execute(make + selection(files, columns, present))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class DuckDB:
    """Compiles with Ibis, runs here; tables go straight from the compiled SQL into Parquet.

    What is written is written behind: the next expression is built meanwhile.
    """

    def __init__(self, *, memory: str, threads: int, spill: Path, compiled: list[str]) -> None:
        self._connection = connect(memory=memory, threads=threads, spill=spill)
        # an analysis is hundreds of short queries over the same files: what each would ask of the system anew, memory and
        # the files' footers, is kept from one to the next
        self._connection.execute(f"set block_allocator_memory = '{megabytes(memory) // 2}MiB'")
        self._connection.execute("set parquet_metadata_cache = true")
        self._compiler = Compiler(ibis.duckdb.from_connection(self._connection), compiled)
        self._behind = Behind()

    def scan(self, name: str, files: Sequence[Path], columns: ibis.Schema) -> ibis.Table:
        """The files as one table; columns that a file lacks are NULL."""
        self._behind.later(lambda: view(self._connection, name, files, columns))
        return ibis.table(columns, name=name)

    def store(self, expr: ibis.Table, target: Path, *, loose: bool = False) -> tuple[Path, ...]:
        """Run the expression into one Parquet file. loose: it is read by this run alone, and soon."""
        sql = self._typed(expr)

        def write() -> None:
            with clear(f"cannot write {target}"):
                packed = LOOSE if loose else PACKED
                self._connection.execute(f"copy ({sql}) to {quoted(target)} (format parquet, {packed})")

        self._behind.later(write)
        return (target,)

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """Run the expression; Arrow out."""
        sql = self._typed(expr)

        def run() -> pa.Table:
            with clear("cannot run the query"):
                return self._connection.execute(sql).to_arrow_table()

        return self._behind.now(run)

    def settle(self) -> None:
        """Wait until all is written. Raises LakeError where something could not be."""
        self._behind.settle()

    def _typed(self, expr: ibis.Table) -> str:
        """The SQL with every column cast to what Ibis takes it for: a sum of integers is no integer to DuckDB."""
        # the engine fuses them itself, in no time
        ibis.options.sql.fuse_selects = False
        sql = self._compiler.sql(expr)
        casts = (f"{_name(n)}::{DuckDBType.to_string(k)} as {_name(n)}" for n, k in expr.schema().items())
        return f"select {', '.join(casts)} from ({sql})"

    def close(self) -> None:
        """Free the memory and the spill; what is still running is broken off."""
        self._connection.interrupt()
        self._behind.close()
        self._connection.close()
