"""Many small segments become one file a month; what people see stays the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from brokenseal.lake import Lake, compaction
from tests.lake import invented

TABLES = ("records", "accesses", "items", "sightings")


def _rows(lake: Lake) -> list[object]:
    return [lake.query(f"select * from {t} order by all").to_pylist() for t in (*TABLES, "inputs")]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(compaction, "MOST_SMALL", 4)
    return 6


def test_few_segments_stay(tmp_path: Path) -> None:
    with invented.made(tmp_path, {f"file {n}": [n] for n in range(6)}) as lake:
        assert lake.compact() == 0


def test_what_is_not_tiny_is_merged_late(tmp_path: Path, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge reads and writes every record again; only very many files are worth that."""
    monkeypatch.setattr(compaction, "TINY_BYTES", 1)
    with invented.made(tmp_path, {f"file {n}": [n] for n in range(many)}) as lake:
        assert lake.compact() == 0
        monkeypatch.setattr(compaction, "MOST_MIDDLING", 5)
        assert lake.compact() == many * len(TABLES)


def test_merged_by_month_with_nothing_lost(tmp_path: Path, many: int) -> None:
    # ids are hours since May: 800 lies in June; each file repeats a record of the one before
    files = {f"file {n}": [n, n + 1, 800 + n] for n in range(many)}
    with invented.made(tmp_path, files) as lake:
        before, fingerprint = _rows(lake), lake.fingerprint()
        assert lake.compact() == many * len(TABLES)
        assert _rows(lake) == before
        assert lake.fingerprint() == fingerprint
        assert [Path(s.file).name.split("-", 3)[:3] for s in lake.segments("accesses")] == [
            ["month", "2024", "05"],
            ["month", "2024", "06"],
        ]
        assert lake.segments("accesses")[0].tenant_first == invented.TENANT
        assert lake.faults() == []
        assert lake.compact() == 0


def test_a_copy_that_is_not_kept_is_gone_and_a_better_one_takes_over(tmp_path: Path, many: int) -> None:
    with invented.made(tmp_path, {}) as lake:
        for n in range(many):
            invented.take(lake, f"file {n}", [1], "graph-audit")
        lake.compact()
        assert [s.rows for s in lake.segments("records")] == [1]
        invented.take(lake, "better", [1], "unified-audit")
        assert lake.query("select shape from records")["shape"].to_pylist() == ["unified-audit"]
        assert lake.query("select count(*) as n from sightings")["n"].to_pylist() == [many + 1]


def test_months_that_stay_small_are_no_reason_to_merge_again(tmp_path: Path, many: int) -> None:
    with invented.made(tmp_path, {f"file {n}": [n, n * 800] for n in range(many + 6)}) as lake:
        assert lake.compact() > 0
        assert len(lake.segments("accesses")) > 4
        assert lake.compact() == 0
        for n in range(many):
            invented.take(lake, f"later {n}", [n])
        assert lake.compact() > 0
        assert lake.query("select count(*) as n, count(distinct record_id) as d from records").to_pylist()[0]["n"] > 0


def test_a_reader_goes_on_with_the_old_segments(tmp_path: Path, many: int) -> None:
    with invented.made(tmp_path, {f"file {n}": [n] for n in range(many)}) as lake, Lake.open(tmp_path) as reader:
        before = _rows(reader)
        lake.compact()
        assert _rows(reader) == before
