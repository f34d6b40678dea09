"""The engine seam: Ibis compiles, an engine executes, Parquet files lie in between.

Nothing here knows what is analysed. Both engines see the same files and keep times in UTC without zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ibis
import pyarrow as pa
from ibis.backends.sql import SQLBackend
from ibis.expr.operations import Node


@dataclass(frozen=True)
class Settings:
    """What a lake is opened with. engine: duckdb or spark; memory: as '2GB'; master: Spark's."""

    engine: str
    memory: str
    threads: int
    master: str


class Engine(Protocol):
    """What the lake asks of an engine."""

    def scan(self, name: str, files: Sequence[Path], columns: ibis.Schema, *, own: bool = False) -> ibis.Table:
        """These files as a table of this name, with these columns. own: the run has made them, with all of the columns."""

    def store(self, expr: ibis.Table, target: Path, *, loose: bool = False) -> tuple[Path, ...]:
        """Run an expression into Parquet; returns its files, which may not be there before `settle`.

        loose: it is read by this run alone, and soon.
        """

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """Run an expression; Arrow out."""

    def settle(self) -> None:
        """Wait until all that was stored is in its files; raises where something could not be."""

    def close(self) -> None:
        """Free what the engine holds."""


class Compiler:
    """Expressions to SQL; equal ones are compiled once, since a loop asks the same in each round.

    compiled: where it notes each SQL text that is asked for.
    """

    def __init__(self, backend: SQLBackend, compiled: list[str]) -> None:
        self._backend = backend
        self._compiled = compiled
        self._known: dict[Node, str] = {}

    def sql(self, expr: ibis.Table) -> str:
        """The SQL of an expression."""
        node = expr.op()
        if node not in self._known:
            self._known[node] = str(self._backend.compile(expr))
        self._compiled.append(self._known[node])
        return self._known[node]


def started(settings: Settings, spill: Path, compiled: list[str]) -> Engine:
    """The engine that the settings name. compiled: where it notes each SQL text it runs."""
    if settings.engine == "spark":
        # a lake on DuckDB pays nothing for Spark
        from brokenseal.lake.spark import Spark

        return Spark(master=settings.master, memory=settings.memory, spill=spill, compiled=compiled)
    from brokenseal.lake.duck import DuckDB

    return DuckDB(memory=settings.memory, threads=settings.threads, spill=spill, compiled=compiled)
