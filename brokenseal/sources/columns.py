"""SQL that puts the columns of an export back into the provider's record.

What: fragments of SQL over `p`, a struct of texts. Why: workspaces, portals and hunting consoles rename the fields of one
and the same record; put back, one reader tells what it means. How: the first column that holds something counts; nested
values, which come as objects or as their JSON text, are parsed by the provider's own shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brokenseal.lake.connect import quoted

TEXT = "VARCHAR"


def leaves(names: Iterable[str]) -> dict[str, str]:
    """A struct of texts with these members."""
    return dict.fromkeys(names, TEXT)


def column(name: str) -> str:
    """A member of `p`."""
    return f'p."{name}"'


def first(names: Sequence[str]) -> str:
    """The first of these columns that is not empty."""
    if len(names) == 1:
        return column(names[0])
    filled = (f"nullif({column(n)}, '')" for n in names)
    return f"coalesce({', '.join(filled)})"


def parsed(names: Sequence[str], shape: Any) -> str:
    """The first of these columns, parsed by a shape; NULL where it is no JSON."""
    return f"try(json_transform({first(names)}, {quoted(json.dumps(shape))}))"


def kind(shape: Any) -> str:
    """The SQL type of a shape."""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, list):
        return f"{kind(shape[0])}[]"
    members = (f'"{name}" {kind(inner)}' for name, inner in shape.items())
    return f"struct({', '.join(members)})"


def rebuilt(members: Mapping[str, str], shape: Mapping[str, Any]) -> str:
    """A struct with exactly the members of a shape, each from its SQL; what has none is NULL."""
    given = (f'"{name}" := cast({members.get(name, "null")} as {kind(inner)})' for name, inner in shape.items())
    return f"struct_pack({', '.join(given)})"
