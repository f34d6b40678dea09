"""Rows of a table by an id: what dossiers and decisions are looked up with."""

from __future__ import annotations

from typing import Any

from brokenseal.lake import Lake

Row = dict[str, Any]


def rows(lake: Lake, table: str, column: str, wanted: list[str]) -> list[Row]:
    """The rows of a table whose column holds one of these."""
    whole = lake.read(table)
    return lake.fetch(whole.filter(whole[column].isin(wanted))).to_pylist() if wanted else []
