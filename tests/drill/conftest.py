"""A small world, written once for all tests of the drill, and a reader that knows nothing of the generator's code."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brokenseal.drill import world
from brokenseal.drill.truth import Truth

Record = dict[str, Any]
SIZE = {"tenants": 4, "mailboxes": 8, "days": 18}


@dataclass(frozen=True)
class World:
    """A world as its files tell it: every line, and what really happened."""

    out: Path
    truth: Truth
    audit: list[Record]
    signins: list[Record]

    @property
    def distinct(self) -> list[Record]:
        """Audit records without their repeats."""
        return list({r["Id"]: r for r in self.audit}.values())

    @property
    def accesses(self) -> list[Record]:
        """Distinct MailItemsAccessed records."""
        return [r for r in self.distinct if r["Operation"] == "MailItemsAccessed"]

    @property
    def hostile(self) -> set[str]:
        """The record ids that the truth names."""
        return {i for robbed in self.truth.robbed.values() for i in robbed.record_ids}


def once(pairs: list[tuple[str, Any]]) -> Record:
    """An object none of whose keys is there twice."""
    made = dict(pairs)
    assert len(made) == len(pairs), f"a key twice in {[k for k, _ in pairs]}"
    return made


def records(path: Path) -> Iterator[Record]:
    """Every record of one file, in whichever shape it comes."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if data[:1] == b"[":
        yield from json.loads(data, object_pairs_hook=once)
    elif data.startswith(b'{"value":['):
        yield from json.loads(data, object_pairs_hook=once)["value"]
    else:
        yield from (json.loads(line, object_pairs_hook=once) for line in data.splitlines())


def load(out: Path, truth: Truth) -> World:
    """All files of a world."""
    folders = [
        [r for path in sorted((out / "logs" / f).rglob("*.json*")) for r in records(path)] for f in ("audit", "signins")
    ]
    return World(out, truth, *folders)


def request_of(unique: str) -> str:
    """The request id in a unique token id."""
    return str(uuid.UUID(bytes_le=base64.urlsafe_b64decode(unique + "==")))


def contents(out: Path) -> dict[str, bytes]:
    """Every file's bytes by its place in the world."""
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


@pytest.fixture(scope="session")
def forged(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with the forger inside."""
    out = tmp_path_factory.mktemp("forged")
    return load(out, world.build(out, seed=7, **SIZE))


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with nobody inside."""
    out = tmp_path_factory.mktemp("quiet")
    return load(out, world.build(out, seed=8, intruder=None, **SIZE))
