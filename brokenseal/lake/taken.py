"""What the ledger is told of a file that was taken in.

Apart from the ledger, so that a process that only takes files in needs no database, and starts the sooner.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """One Parquet file of one table.

    file: its path within the lake, or where it lies aside until it is published. size: bytes. The ranges of
    organisation and time serve pruning; sha256 is filled in when it is published.
    """

    table: str
    file: str
    rows: int
    size: int = 0
    tenant_first: str | None = None
    tenant_last: str | None = None
    time_first: str | None = None
    time_last: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class FileTaken:
    """What became of one input."""

    file_sha256: str
    path: str
    format: str
    shape: str
    size: int
    rows: int
    rejected: int
    note: str | None
    segments: tuple[Segment, ...]
