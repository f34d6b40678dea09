"""Left joins that keep the left side's columns.

What: `beside`. Why: Ibis keeps both of two columns of one name and calls the right one `_right`, and nobody here wants that one.
How: it is dropped. Misses: a column of the right side that differs from the left's of its name; give it another name first.
"""

from __future__ import annotations

from collections.abc import Sequence

from ibis import Table
from ibis.expr.types import BooleanValue


def beside(left: Table, right: Table, on: str | BooleanValue | Sequence[str | BooleanValue]) -> Table:
    """Each row of `left`, with what `right` knows of it: NULL where it knows nothing."""
    joined = left.left_join(right, on)
    return joined.drop([c for c in joined.columns if c.endswith("_right")])
