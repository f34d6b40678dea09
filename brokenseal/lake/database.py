"""The ledger's tables, and how a transaction begins and ends on disk."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from brokenseal.lake.handed import STATED

META = sa.MetaData()
FACTS = sa.Table("facts", META, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String))
INPUTS = sa.Table(
    "inputs",
    META,
    sa.Column("file_sha256", sa.String, primary_key=True),
    *(sa.Column(name, sa.String) for name in ("path", "format", "shape", "note", "taken_at")),
    *(sa.Column(name, sa.BigInteger) for name in ("size", "rows", "rejected")),
)
SEGMENTS = sa.Table(
    "segments",
    META,
    sa.Column("file", sa.String, primary_key=True),
    *(sa.Column(n, sa.String) for n in ("tbl", "tenant_first", "tenant_last", "time_first", "time_last", "sha256")),
    sa.Column("rows", sa.BigInteger),
    sa.Column("size", sa.BigInteger),
    sa.Column("retired_at", sa.Float),
)
RUNS = sa.Table(
    "runs",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.String) for name in ("run_id", "folder", "tables")),
    sa.Column("retired_at", sa.Float),
)
CUSTODY = sa.Table(
    "custody",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(n, sa.String) for n in ("list_sha256", *STATED)),
)
SAID = sa.Table(
    "said",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("identity", sa.String, unique=True),
    *(sa.Column(name, sa.String) for name in ("kind", "payload")),
)
"""What people said: decisions, and files of what they suspect, vouch for, or know as indicators."""
CHAIN = sa.Table(
    "chain",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.String) for name in ("kind", "payload", "hash")),
)


def engine(url: str | sa.URL) -> sa.Engine:
    """An engine whose transactions are whole: on SQLite a writer says so at once, and a commit is on disk."""
    made = sa.create_engine(url)
    if made.dialect.name == "sqlite":
        sa.event.listen(made, "connect", _careful)
        sa.event.listen(made, "begin", _begin)
    return made


def _careful(connection: Any, _: Any) -> None:
    # the driver would begin by itself, and only at the first change
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 60000")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("begin immediate" if writing else "begin")
