"""DuckDB: the default engine, embedded, one process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import SimpleQueue

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.sql.datatypes import DuckDBType
from ibis.expr.datatypes import DataType

from brokenseal.lake.behind import Behind
from brokenseal.lake.connect import LOOSE, PACKED, clear, connect, megabytes, parquet, quoted
from brokenseal.lake.engine import Compiler


def selection(files: Sequence[Path], columns: ibis.Schema, present: frozenset[str] | None = None) -> str:
    """The SELECT that yields these columns of these files. present: what the files have, where that is not all."""
    kinds = {name: _kind(kind) for name, kind in columns.items()}
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


@cache
def _kind(kind: DataType) -> str:
    return str(DuckDBType.to_string(kind))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_QUOTED = re.compile(r"""'(?:[^']|'')*'|("(?:[^"]|"")*")""")
"""Texts and names of an SQL statement, each whole, so that what looks like a name within a text is none."""
MOST_BESIDE = 2
"""Statements that run beside one another. More would need their memory, too."""


class DuckDB:
    """Compiles with Ibis, runs here; tables go straight from the compiled SQL into Parquet.

    What is written is written behind: the next expression is built meanwhile, and what does not need it runs beside it.
    """

    def __init__(self, *, memory: str, threads: int, spill: Path, compiled: list[str]) -> None:
        self._connection = connect(memory=memory, threads=threads, spill=spill)
        # an analysis is hundreds of short queries over the same files: what each would ask of the system anew, memory and
        # the files' footers, is kept from one to the next
        self._connection.execute(f"set block_allocator_memory = '{megabytes(memory) // 2}MiB'")
        self._compiler = Compiler(ibis.duckdb.from_connection(self._connection), compiled)
        beside = min(threads, MOST_BESIDE)
        self._cursors = [self._cursor() for _ in range(beside)]
        self._idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for cursor in self._cursors:
            self._idle.put(cursor)
        self._behind = Behind(beside)
        self._own: dict[str, tuple[str, tuple[str, ...]]] = {}

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """One more connection to the same database. These settings are a connection's own."""
        cursor = self._connection.cursor()
        cursor.execute("set timezone = 'UTC'")
        cursor.execute("set parquet_metadata_cache = true")
        return cursor

    @contextmanager
    def _taken(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._idle.get()
        try:
            yield cursor
        finally:
            self._idle.put(cursor)

    def scan(self, name: str, files: Sequence[Path], columns: ibis.Schema, *, own: bool = False) -> ibis.Table:
        """The files as one table; columns that a file lacks are NULL."""
        if own:
            # a view would be bound twice, when it is made and when it is asked
            self._own[name] = selection(files, columns), tuple(map(str, files))
        else:
            self._own.pop(name, None)

            def make() -> None:
                with self._taken() as cursor:
                    view(cursor, name, files, columns)

            self._behind.later(make, makes=(name,))
        return ibis.table(columns, name=name)

    def store(self, expr: ibis.Table, target: Path, *, loose: bool = False) -> tuple[Path, ...]:
        """Run the expression into one Parquet file. loose: it is read by this run alone, and soon."""
        sql, needs = self._typed(expr)
        packed = LOOSE if loose else PACKED

        def write() -> None:
            with clear(f"cannot write {target}"), self._taken() as cursor:
                cursor.execute(f"copy ({sql}) to {quoted(target)} (format parquet, {packed})")

        self._behind.later(write, makes=(str(target),), needs=needs)
        return (target,)

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """Run the expression; Arrow out."""
        sql, needs = self._typed(expr)

        def run() -> pa.Table:
            with clear("cannot run the query"), self._taken() as cursor:
                return cursor.execute(sql).to_arrow_table()

        return self._behind.now(run, needs=needs)

    def settle(self) -> None:
        """Wait until all is written. Raises LakeError where something could not be."""
        self._behind.settle()

    def _typed(self, expr: ibis.Table) -> tuple[str, set[str]]:
        """The SQL with every column cast to what Ibis takes it for: a sum of integers is no integer to DuckDB; and what it
        needs, views by name and files by path."""
        # the engine fuses them itself, in no time
        ibis.options.sql.fuse_selects = False
        needs: set[str] = set()

        def files(found: re.Match[str]) -> str:
            """A run's own table as it is now: a later version may take its name before this is run."""
            name = (found[1] or "")[1:-1]
            if name not in self._own:
                needs.add(name)
                return found[0]
            chosen, paths = self._own[name]
            needs.update(paths)
            return f"({chosen})"

        sql = _QUOTED.sub(files, self._compiler.sql(expr))
        casts = (f"{_name(n)}::{_kind(k)} as {_name(n)}" for n, k in expr.schema().items())
        return f"select {', '.join(casts)} from ({sql})", needs

    def close(self) -> None:
        """Free the memory and the spill; what is still running is broken off."""
        self._behind.close(lambda: [cursor.interrupt() for cursor in self._cursors])
        for connection in (*self._cursors, self._connection):
            connection.close()
