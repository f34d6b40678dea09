"""The embedded DuckDB: how it is set up, how it names files, and what it says when it cannot."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from brokenseal import identifiers
from brokenseal.errors import LakeError, UsageError

COMPRESSION = "zstd"
PACKED = f"compression {COMPRESSION}, compression_level 1, dictionary_size_limit 4000, parquet_version v2"
"""Quick, for what is short-lived or merged later anyway; tables of short texts come out no bigger."""
LOOSE = "compression lz4_raw, dictionary_size_limit 4000, parquet_version v2"
"""For what only the same run reads again: not twice as big, and an analysis takes a twentieth less processor time."""
_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_UNITS = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}
_NUMBERS = itertools.count()


def connect(*, memory: str, threads: int, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection of its own: offline, in UTC, spilling into a folder of its own inside `spill`.

    memory: as '2GB'. The caller removes `spill`. Raises UsageError for a memory that is none, LakeError where `spill`
    cannot be made.
    """
    megabytes(memory)
    connection = duckdb.connect(":memory:", config={**_OFFLINE, "memory_limit": memory, "threads": str(threads)})
    connection.execute("set timezone = 'UTC'")
    connection.execute("set preserve_insertion_order = false")
    # a person is told what is going on by us alone
    connection.execute("set enable_progress_bar = false")
    if spill is not None:
        # two connections that spill into one folder would write each other's files
        own = spill / f"{os.getpid()}-{next(_NUMBERS)}"
        with clear(f"cannot spill into {spill}"):
            own.mkdir(parents=True, exist_ok=True)
        connection.execute(f"set temp_directory = {quoted(own)}")
    return connection


def embedded(*, memory: str, threads: int, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """As `connect`, with the macros of `identifiers`: where raw text is folded and decoded."""
    connection = connect(memory=memory, threads=threads, spill=spill)
    # memory that one block of rows gave back is the next one's, and is not asked of the system anew
    connection.execute(f"set block_allocator_memory = '{megabytes(memory) // 2}MiB'")
    for macro in identifiers.MACROS:
        connection.execute(macro)
    return connection


def megabytes(memory: str) -> int:
    """A size such as '2GB', '500MB' or '1.5GiB' in MiB; raises UsageError where it is none."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])i?B?\s*", memory, re.IGNORECASE)
    size = float(found[1]) * _UNITS[found[2].upper()] if found else 0
    if size < 1:
        raise UsageError(f"--memory {memory!r}: say it as 2GB or 500MB")
    return int(size)


def quoted(text: str | Path) -> str:
    """A text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def parquet(files: Iterable[Path]) -> str:
    """These files as one table, to stand after FROM. Folder names never become columns."""
    return f"read_parquet([{', '.join(quoted(f) for f in files)}], union_by_name = true, hive_partitioning = false)"


@contextmanager
def clear(what: str) -> Iterator[None]:
    """Turn what a disk, a memory limit or a damaged file does to an engine into one line; other errors pass."""
    try:
        yield
    except OSError as error:
        raise LakeError(f"{what}: {error.strerror or error}") from error
    except duckdb.OutOfMemoryException as error:
        raise LakeError(f"{what}: out of memory or of spill space (--memory gives more): {one_line(error)}") from error
    except (duckdb.IOException, duckdb.FatalException) as error:
        raise LakeError(f"{what}: {one_line(error)}") from error
    except duckdb.SerializationException as error:
        raise LakeError(f"{what}: a file of the lake is damaged: {one_line(error)}") from error
    except duckdb.InvalidInputException as error:
        if "parquet" not in str(error).lower():
            raise
        raise LakeError(f"{what}: a file of the lake is damaged: {one_line(error)}") from error
    except duckdb.Error as error:
        # what the engine's reader of damaged metadata throws has no class of its own
        if type(error) is not duckdb.Error:
            raise
        raise LakeError(f"{what}: a file of the lake is damaged: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """The first line of an error's text, at most 300 letters."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
