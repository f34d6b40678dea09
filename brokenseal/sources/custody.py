"""A custody list: who handed over which files, when, and with which hashes.

What: a CSV with a header, or a JSON list of objects, that names for each file what was done with it. Why: a court asks who
exported what with which account and query; what nobody stated must be seen to be missing. How: the words are kept as they
were stated. Misses: whether they are true.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brokenseal.errors import UsageError
from brokenseal.lake.handed import STATED

if TYPE_CHECKING:
    from brokenseal.lake import Lake

MOST_BYTES = 64 << 20


def state(lake: Lake, path: Path) -> None:
    """Put a custody list into a lake opened for writing. Raises UsageError for one that cannot be understood."""
    data = _bytes(path)
    rows = [_row(path, number, row) for number, row in enumerate(_rows(path, data), start=1)]
    if not rows:
        raise UsageError(f"--custody {path}: it names no file")
    lake.state_custody(hashlib.sha256(data).hexdigest(), rows)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"--custody {path}: too big for a list of files")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--custody {path}: {error.strerror or error}") from error


def _rows(path: Path, data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        if not text.lstrip().startswith("["):
            return list(csv.DictReader(io.StringIO(text), restkey="too much"))
        found = json.loads(text)
    except (ValueError, RecursionError, csv.Error) as error:
        raise UsageError(f"--custody {path}: neither a CSV nor a JSON list: {error}") from error
    if not all(isinstance(row, dict) for row in found):
        raise UsageError(f"--custody {path}: each element must be an object")
    return found


def _row(path: Path, number: int, row: dict[str, Any]) -> dict[str, str | None]:
    """One statement; a word that is not there is None."""
    named = {str(k).strip().lower(): v for k, v in row.items()}
    odd = sorted(set(named) - set(STATED))
    if odd:
        raise UsageError(f"--custody {path}: {odd[0]!r} is no column; there are {', '.join(STATED)}")
    if not all(v is None or isinstance(v, str) for v in named.values()):
        raise UsageError(f"--custody {path}: row {number} holds something that is no text")
    told = {name: (named.get(name) or "").strip() or None for name in STATED}
    digest = told["sha256"] = told["sha256"] and told["sha256"].lower()
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", digest):
        raise UsageError(f"--custody {path}: row {number}: sha256 is 64 hexadecimal digits")
    if told["file"] is None and digest is None:
        raise UsageError(f"--custody {path}: row {number} names no file, neither by name nor by sha256")
    return told
