"""Raw files to records and tables. One file, one log.

`recognise` says by content what a file is, `lines` yields its rows, a log's own file (`unified_audit`, `entra_signin`) says
what its records mean, `second` reads again what the fast reader refused, `extract` writes the tables, `take` does one
batch of files, `gather` all of them, and `derive` makes the tables again from records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokenseal.sources.derive import rederive, refresh
    from brokenseal.sources.gather import IngestSummary, ingest

__all__ = ["IngestSummary", "ingest", "rederive", "refresh"]
_HOME = {"IngestSummary": "gather", "ingest": "gather", "rederive": "derive", "refresh": "derive"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"brokenseal.sources.{_HOME[name]}"), name)
