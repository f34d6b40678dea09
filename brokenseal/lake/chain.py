"""The hash chain: each publication's link is the hash of the link before and of what was published.

Who keeps a report's head can tell later whether anything before it was changed, added or taken away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from brokenseal.lake.database import CHAIN, CUSTODY, INPUTS, RUNS, SAID, SEGMENTS
from brokenseal.lake.handed import STATED

NOTHING = "0" * 64
"""The head of a chain without links."""
Row = dict[str, Any]


def head(db: sa.Connection) -> str:
    """Hash of the last link."""
    return db.execute(sa.select(CHAIN.c.hash).order_by(CHAIN.c.number.desc())).scalar() or NOTHING


def link(db: sa.Connection, kind: str, payload: Row) -> None:
    """Add a link, in the caller's transaction."""
    text = json.dumps(payload, sort_keys=True)
    db.execute(CHAIN.insert().values(kind=kind, payload=text, hash=linked(head(db), kind, text)))


def linked(before: str, kind: str, text: str) -> str:
    """The hash of a link."""
    return hashlib.sha256(f"{before}\n{kind}\n{text}".encode()).hexdigest()


def since(db: sa.Connection, known: str) -> int | None:
    """How many links follow the one with this hash; None where there is none."""
    hashes = [NOTHING, *db.execute(sa.select(CHAIN.c.hash).order_by(CHAIN.c.number)).scalars()]
    return len(hashes) - 1 - hashes.index(known) if known in hashes else None


def latest(db: sa.Connection, kind: str) -> int:
    """The number of the last link of a kind; 0 where there is none."""
    return int(db.execute(sa.select(sa.func.max(CHAIN.c.number)).where(CHAIN.c.kind == kind)).scalar() or 0)


def faults(db: sa.Connection) -> list[str]:
    """Recompute every link, and compare what stands beside the chain with what the links say of it; one line a fault."""
    said = _Said()
    found = list(said.replay(db))
    found += said.inputs_beside(db)
    found += said.segments_beside(db)
    found += said.runs_beside(db)
    # a ledger of an older version has no custody lists
    there = stated(db, CUSTODY.c.number) if sa.inspect(db).has_table(CUSTODY.name) else []
    found += [] if there == said.custody else ["the custody lists are not as they were published"]
    words = spoken(db) if sa.inspect(db).has_table(SAID.name) else []
    return found if words == said.words else [*found, "what a person said is not as it was kept"]


def stated(db: sa.Connection, *order: sa.Column[Any]) -> list[Row]:
    """What custody lists say."""
    return [dict(r) for r in db.execute(sa.select(*(CUSTODY.c[n] for n in STATED)).order_by(*order)).mappings()]


def spoken(db: sa.Connection) -> list[Row]:
    """What people said, in their order."""
    columns = (SAID.c[n] for n in ("identity", "kind", "payload"))
    return [dict(r) for r in db.execute(sa.select(*columns).order_by(SAID.c.number)).mappings()]


@dataclass
class _Said:
    """What the links say was published. gone: segments that a later link retired; runs: by folder, the latest last."""

    inputs: dict[str, Row] = field(default_factory=dict)
    segments: dict[str, Row] = field(default_factory=dict)
    gone: dict[str, Row] = field(default_factory=dict)
    runs: dict[str, Row] = field(default_factory=dict)
    custody: list[Row] = field(default_factory=list)
    words: list[Row] = field(default_factory=list)

    def replay(self, db: sa.Connection) -> Iterator[str]:
        """Every link in turn; yields those that are not what was published."""
        before = NOTHING
        for number, r in enumerate(db.execute(CHAIN.select().order_by(CHAIN.c.number)), start=1):
            if linked(before, r.kind, r.payload) != r.hash or r.number != number:
                yield f"link {r.number} of the ledger's chain is not what was published"
            before = r.hash
            try:
                self._add(r.kind, json.loads(r.payload))
            except (ValueError, TypeError, KeyError, AttributeError):
                yield f"link {r.number} of the ledger's chain cannot be understood"

    def _add(self, kind: str, link: Row) -> None:
        if kind == "run":
            self.runs.pop(link["folder"], None)
            self.runs[link["folder"]] = link
        self.custody += link.get("custody", ())
        self.words += link.get("said", ())
        self.inputs.update({row["file_sha256"]: row for row in link.get("inputs", ())})
        self.segments.update({s["file"]: s for s in link.get("segments") or link.get("new") or ()})
        for file in link.get("old", ()):
            self.gone[file] = self.segments.pop(file)

    def inputs_beside(self, db: sa.Connection) -> Iterator[str]:
        """Inputs that differ, or are there on one side only."""
        left = dict(self.inputs)
        for row in db.execute(INPUTS.select()).mappings():
            if left.pop(row["file_sha256"], None) != dict(row):
                yield f"input {row['path']} is not as it was published"
        yield from (f"input {i['path']} was published and is gone" for i in left.values())

    def segments_beside(self, db: sa.Connection) -> Iterator[str]:
        """The same of segments; of the retired ones only those that still lie there."""
        left = dict(self.segments)
        for row in db.execute(SEGMENTS.select()).mappings():
            own = left.pop(row["file"], None) if row["retired_at"] is None else self.gone.get(row["file"])
            there = {"table" if k == "tbl" else k: v for k, v in row.items() if k != "retired_at"}
            if there != own:
                yield f"segment {row['file']} is not as it was published"
        yield from (f"segment {file} was published and is gone" for file in left)

    def runs_beside(self, db: sa.Connection) -> Iterator[str]:
        """The same of runs: the last one published counts, older ones may lie there for a while."""
        latest = next(reversed(self.runs), None)
        for row in db.execute(RUNS.select()).mappings():
            own = self.runs.get(row["folder"])
            whole = own is not None and (own["run_id"], json.dumps(own["tables"], sort_keys=True)) == (
                row["run_id"],
                row["tables"],
            )
            if not whole or (row["retired_at"] is None) != (row["folder"] == latest):
                yield f"run {row['folder']} is not as it was published"
            if row["folder"] == latest:
                latest = None
        if latest is not None:
            yield f"run {latest} was published and is gone"
