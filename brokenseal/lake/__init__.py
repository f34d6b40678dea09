"""Where tables live, what was taken in, exactly once. The engine seam.

A lake is a folder: Parquet segments that never change, runs of analyses, and a ledger that says which of them count.
`Lake.read` and `Lake.write` are all that the analysis knows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokenseal.lake.connect import embedded
    from brokenseal.lake.intake import Intake
    from brokenseal.lake.opened import Lake
    from brokenseal.lake.taken import FileTaken, Segment

__all__ = ["FileTaken", "Intake", "Lake", "Segment", "embedded"]
_HOME = {"FileTaken": "taken", "Intake": "intake", "Lake": "opened", "Segment": "taken", "embedded": "connect"}


def __getattr__(name: str) -> Any:
    # a process that only takes files in needs no analysis engine, and starts the sooner
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"brokenseal.lake.{_HOME[name]}"), name)
