"""The hash chain: each publication's link is the hash of the link before and of what was published.

Who keeps a report's head can tell later whether anything before it was changed, added or taken away.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from brokenseal.lake.database import CHAIN, INPUTS, SEGMENTS

NOTHING = "0" * 64
"""The head of a chain without links."""


def head(db: sa.Connection) -> str:
    """Hash of the last link."""
    return db.execute(sa.select(CHAIN.c.hash).order_by(CHAIN.c.number.desc())).scalar() or NOTHING


def link(db: sa.Connection, kind: str, payload: dict[str, Any]) -> None:
    """Add a link, in the caller's transaction."""
    text = json.dumps(payload, sort_keys=True)
    db.execute(CHAIN.insert().values(kind=kind, payload=text, hash=linked(head(db), kind, text)))


def linked(before: str, kind: str, text: str) -> str:
    """The hash of a link."""
    return hashlib.sha256(f"{before}\n{kind}\n{text}".encode()).hexdigest()


def faults(db: sa.Connection) -> list[str]:
    """Recompute every link, and compare inputs and segments with what the links say of them; one line a fault."""
    found = []
    before = NOTHING
    inputs: dict[str, dict[str, Any]] = {}
    segments: dict[str, dict[str, Any]] = {}
    for r in db.execute(CHAIN.select().order_by(CHAIN.c.number)):
        if linked(before, r.kind, r.payload) != r.hash:
            found.append(f"link {r.number} of the ledger's chain is not what was published")
        before = r.hash
        try:
            said = json.loads(r.payload)
        except ValueError:
            continue
        inputs.update({row["file_sha256"]: row for row in said.get("inputs", ())})
        for s in said.get("segments", said.get("new", ())):
            segments[s["file"]] = s
        for file in said.get("old", ()):
            segments.pop(file, None)
    for row in db.execute(INPUTS.select()).mappings():
        if inputs.pop(row["file_sha256"], None) != dict(row):
            found.append(f"input {row['path']} is not as it was published")
    for row in db.execute(SEGMENTS.select().where(SEGMENTS.c.retired_at.is_(None))).mappings():
        said = segments.pop(row["file"], None)
        if said is None or any(row[k] != said[k] for k in ("rows", "size", "sha256")):
            found.append(f"segment {row['file']} is not as it was published")
    found += [f"input {i['path']} was published and is gone" for i in inputs.values()]
    found += [f"segment {file} was published and is gone" for file in segments]
    return found
