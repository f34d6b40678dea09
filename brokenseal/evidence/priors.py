"""The shipped priors: how often benign acts reached each level, where that was measured, and when.

`priors.json` is written by `make priors`. An export of five mailboxes can be judged at all because of it; it weighs at
most twenty acts.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

FILE = Path(__file__).with_name("priors.json")
SCHEMA = pa.schema([("evidence", pa.string()), ("level", pa.int64()), ("seen", pa.int64()), ("of", pa.int64())])


@cache
def load() -> dict[str, Any]:
    """The file: `measured` (date), `sources`, and for each reason `of` (acts) and `seen` (acts at level 1, 2, ...)."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def digest() -> str:
    """SHA-256 of the file, for the answer."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def table() -> pa.Table:
    """One row a reason and level: benign acts at that level or above, of all."""
    rows = [
        {"evidence": name, "level": level, "seen": seen, "of": counted["of"]}
        for name, counted in sorted(load()["reasons"].items())
        for level, seen in enumerate(counted["seen"], start=1)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)
