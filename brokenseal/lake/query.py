"""A person's SQL: one SELECT over the lake's tables, and nothing else.

Two walls: the text is parsed and must be a single query that names only tables of the lake; and it runs on a connection
that may open no file outside the lake and change no setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from brokenseal.errors import QueryError
from brokenseal.lake.engine import embedded, quoted

_REACHING = ("read_", "parquet_", "glob", "sniff_", "getenv", "query", "duckdb_", "pragma_", "sqlite_", "which_secret")


def check(sql: str, tables: Sequence[str]) -> None:
    """Raise QueryError unless `sql` is one SELECT over these tables."""
    try:
        statements = [s for s in sqlglot.parse(sql, dialect="duckdb") if s is not None]
    except sqlglot.errors.SqlglotError as error:
        raise QueryError(f"not a query: {' '.join(str(error).split())[:200]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryError("only one SELECT is allowed")
    tree = statements[0]
    if tree.find(exp.Into, exp.Command, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop):
        raise QueryError("only one SELECT is allowed")
    own = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            continue
        if table.name not in own and table.name not in tables:
            raise QueryError(f"no table {table.name!r}; there are {', '.join(tables)}")
        if table.args.get("db") or table.args.get("catalog"):
            raise QueryError(f"name {table.name!r} without a schema")
    for call in tree.find_all(exp.Func):
        name = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
        if name.startswith(_REACHING):
            raise QueryError(f"the function {name} reaches outside the lake's tables")


def run(sql: str, views: Mapping[str, str], lake: Path, *, memory: str, threads: int, spill: Path) -> pa.Table:
    """Check and run; `views` maps a table's name to the SELECT that yields it."""
    check(sql, sorted(views))
    connection = embedded(memory=memory, threads=threads, spill=spill)
    try:
        for name, source in views.items():
            connection.execute(f'create view "{name}" as {source}')
        connection.execute(f"set allowed_directories = [{quoted(str(lake) + '/')}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return connection.execute(sql).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(f"the query failed: {' '.join(str(error).split())[:300]}") from error
    finally:
        connection.close()
