"""The chain tells whether anything was changed after it was published."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from brokenseal.lake import Lake, chain
from tests.lake import invented


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    with invented.made(tmp_path, {"a": [1, 2], "b": [2, 3]}) as lake:
        lake.start_run("x")
        lake.write("networks", lake.read("networks"))
        lake.publish_run()
    return tmp_path


def _faults(path: Path) -> list[str]:
    with Lake.open(path) as lake:
        return lake.faults()


def test_an_empty_chain_has_a_head(tmp_path: Path) -> None:
    with invented.made(tmp_path, {}) as lake:
        assert lake.head() == chain.NOTHING


def test_every_publication_moves_the_head(tmp_path: Path) -> None:
    with invented.made(tmp_path, {}) as lake:
        heads = [lake.head()]
        for name in "ab":
            invented.take(lake, name, [1])
            heads.append(lake.head())
        lake.start_run("x")
        lake.publish_run()
        heads.append(lake.head())
        assert len(set(heads)) == 4


def test_a_lake_as_it_was_published_has_no_fault(lake: Path) -> None:
    assert _faults(lake) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update inputs set rows = rows - 1 where path = 'a'", "input a is not as it was published"),
        ("delete from inputs where path = 'b'", "input b was published and is gone"),
        ("delete from segments where tbl = 'items'", "was published and is gone"),
        ("update segments set rows = 0 where tbl = 'items'", "is not as it was published"),
        (
            "update chain set payload = replace(payload, '\"a\"', '\"z\"') where number = 1",
            "link 1 of the ledger's chain",
        ),
        ("update chain set payload = 'x' where number = 1", "link 1 of the ledger's chain"),
        ("delete from chain where number = 1", "link 2 of the ledger's chain"),
        ("update chain set hash = 'x' || substr(hash, 2) where number = 2", "link 2 of the ledger's chain"),
    ],
)
def test_any_change_is_found(lake: Path, change: str, said: str) -> None:
    with sqlite3.connect(lake / "ledger.db") as db:
        db.execute(change)
    assert any(said in fault for fault in _faults(lake))


def test_a_changed_segment_is_found(lake: Path) -> None:
    file = next((lake / "segments/items").iterdir())
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert any("was changed since it was published" in fault for fault in _faults(lake))
    file.unlink()
    assert any("cannot be opened" in fault for fault in _faults(lake))
