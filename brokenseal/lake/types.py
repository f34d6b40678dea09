"""The types that both engines write alike, between schema.py, Ibis and Arrow."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa

from brokenseal import schema

_KINDS: dict[str, dt.DataType] = {
    "string": dt.string,
    "int64": dt.int64,
    "boolean": dt.boolean,
    "timestamp": dt.timestamp,
    "array<string>": dt.Array(dt.string),
}


def columns_of(table: str) -> ibis.Schema | None:
    """The columns of a table of schema.py; None for a name that it does not know."""
    described = schema.TABLES.get(table)
    return ibis.schema({c.name: _KINDS[c.type] for c in described.columns}) if described else None


def widened(columns: ibis.Schema) -> ibis.Schema:
    """The same columns in types that come back from a file as they went in: every whole number is an int64."""
    return ibis.schema({name: _wide(kind) for name, kind in columns.items()})


def _wide(kind: dt.DataType) -> dt.DataType:
    if kind.is_integer():
        return dt.int64
    if kind.is_floating():
        return dt.float64
    if kind.is_timestamp():
        return dt.timestamp
    if kind.is_null():
        return dt.string
    if kind.is_array():
        return dt.Array(_wide(kind.value_type))
    return kind.copy(nullable=True)


def cast(expr: ibis.Table, columns: ibis.Schema) -> ibis.Table:
    """These columns of an expression, in this order and of these types."""
    return expr.select(**{name: expr[name].cast(kind) for name, kind in columns.items()})


def arrow(columns: ibis.Schema) -> pa.Schema:
    """The Arrow schema: times in microseconds without zone."""
    return pa.schema([pa.field(name, _arrow(kind)) for name, kind in columns.items()])


def _arrow(kind: dt.DataType) -> pa.DataType:
    if kind.is_timestamp():
        return pa.timestamp("us")
    if kind.is_array():
        return pa.list_(_arrow(kind.value_type))
    return kind.to_pyarrow()
