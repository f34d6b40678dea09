"""A person's SQL: one SELECT over the lake's tables, and nothing else.

Two walls. The engine's own parser says what the text is, so that no two parsers can differ about it: one SELECT that
names only tables of the lake, and only functions that look at nothing else. And it runs where no file but the segments
of these tables can be opened and no setting changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from brokenseal.errors import QueryError
from brokenseal.lake import kept
from brokenseal.lake.connect import connect, quoted
from brokenseal.lake.duck import view

_ROWS_FROM = ("unnest", "range", "generate_series")
"""The table functions that make rows of nothing but their arguments."""
_REACHING = (
    "read_",
    "getenv",
    "current_setting",
    "query",
    "pragma_",
    "duckdb_",
    "write_log",
    "txid",
    "nextval",
    "currval",
)
_ONE = "only one SELECT over the lake's tables is allowed"


@dataclass(frozen=True)
class View:
    """A table as the query sees it: its files and columns; lost: the copies that are not kept, if any."""

    files: tuple[Path, ...]
    columns: ibis.Schema
    lost: Path | None = None

    def make(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make it under this name."""
        if self.lost is None:
            return view(connection, name, self.files, self.columns)
        whole = f"whole of {name}"
        view(connection, whole, self.files, ibis.schema({**dict(self.columns.items()), **kept.HIDDEN}))
        columns = ", ".join(f'"{c}"' for c in self.columns.names)
        source = kept.without(f'select * from "{whole}"', self.lost)
        connection.execute(f'create view "{name}" as select {columns} from ({source})')


def named(sql: str, tables: Collection[str]) -> list[str]:
    """The lake's tables that `sql` names, in order of name. Raises QueryError unless it is one SELECT over `tables`."""
    nodes = list(_nodes(_tree(sql)))
    own = {key.lower() for node in nodes for key in _ctes(node)}
    odd = sorted(name for name in own if not re.fullmatch(r"\w+", name))
    if odd:
        raise QueryError(f"a WITH needs a plain name, not {odd[0]!r}")
    found = set()
    for node in nodes:
        kind = node.get("type")
        if kind == "SHOW_REF":
            raise QueryError(f"{_ONE}: no DESCRIBE, SHOW or SUMMARIZE")
        if kind == "TABLE_FUNCTION":
            function = str(node["function"].get("function_name", "")).lower()
            if function not in _ROWS_FROM:
                raise QueryError(f"{_ONE}: not the function {function}")
        if kind == "FUNCTION" and str(node.get("function_name", "")).lower().startswith(_REACHING):
            raise QueryError(f"{_ONE}: not the function {node['function_name'].lower()}")
        if kind == "BASE_TABLE":
            found.add(_table(node, own, tables))
    return sorted(found - {""})


def _table(node: Mapping[str, Any], own: set[str], tables: Collection[str]) -> str:
    """The table's name in lower case; '' for one that the query makes itself."""
    name = str(node["table_name"]).lower()
    if node.get("schema_name") or node.get("catalog_name"):
        raise QueryError(f"name the table {name!r} without a schema")
    if name in own and name not in tables:
        return ""
    if name not in tables:
        raise QueryError(f"no table {name!r}; there are {', '.join(sorted(tables))}")
    return name


def _tree(sql: str) -> dict[str, Any]:
    """The one statement, as the engine's parser sees it."""
    with_nothing = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    try:
        parsed = json.loads(with_nothing.execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()[0][0])
    except (duckdb.Error, UnicodeError) as error:
        raise QueryError(f"not a query: {_line(error)}") from error
    except RecursionError as error:
        raise QueryError("not a query: nested too deeply") from error
    finally:
        with_nothing.close()
    if parsed.get("error"):
        said = " ".join(str(parsed.get("error_message", "")).split())[:200]
        raise QueryError(_ONE if parsed.get("error_type") == "not implemented" else f"not a query: {said}")
    if len(parsed["statements"]) != 1:
        raise QueryError(_ONE)
    return parsed["statements"][0]


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Every object of the tree; without recursion, since a query can be nested deeply."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _ctes(node: Mapping[str, Any]) -> Iterator[str]:
    """Names of the tables that a WITH makes."""
    made = node.get("cte_map")
    if isinstance(made, dict):
        yield from (str(entry["key"]) for entry in made.get("map", ()))
    if node.get("type") == "RECURSIVE_CTE_NODE" or node.get("type") == "CTE_NODE":
        yield str(node.get("cte_name", ""))


def run(sql: str, views: Mapping[str, View], *, memory: str, threads: int, spill: Path) -> pa.Table:
    """Run a query that `named` has passed; `views` by table. Raises QueryError where it fails."""
    connection = connect(memory=memory, threads=threads, spill=spill)
    try:
        for name, table in views.items():
            table.make(connection, name)
        files = ", ".join(quoted(f) for t in views.values() for f in (*t.files, *([t.lost] if t.lost else ())))
        connection.execute("set python_enable_replacements = false")
        connection.execute(f"set allowed_paths = [{files}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return _plain(connection.execute(sql).to_arrow_table())
    except duckdb.Error as error:
        raise QueryError(f"the query failed: {_line(error)}") from error
    finally:
        connection.close()


def _plain(table: pa.Table) -> pa.Table:
    """Sums of whole numbers come out wider than any sum here; as int64, where they fit."""
    for at, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type) and column.type.scale == 0:
            try:
                table = table.set_column(at, column.name, table.column(at).cast(pa.int64()))
            except pa.ArrowInvalid:
                continue
    return table


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
