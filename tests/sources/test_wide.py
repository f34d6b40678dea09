"""A CSV's records as objects: whatever a cell holds comes out as it was, fast or slow."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from brokenseal.sources import lines, wide

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
RELAXED = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADER = ("One", "Two ", "Three  words", "One", "")
KEYS = ["One", "Two", "Three words"]


def read(path: Path, *, slow: bool = False) -> tuple[list[tuple[int, dict[str, str]]], list[tuple[int, str]]]:
    """Number and object of each record, and what is ragged."""
    ragged: list[tuple[int, str]] = []
    blocks = (wide.slow if slow else wide.records)(lines.Stream(path), HEADER, 0, ",", ragged)
    rows = [pair for b in blocks for pair in zip(b["row"].to_pylist(), map(json.loads, b["raw"].to_pylist()))]
    return rows, ragged


def written(path: Path, rows: list[list[str]]) -> Path:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([list(HEADER), *rows])
    path.write_bytes(out.getvalue().encode())
    return path


@RELAXED
@given(rows=st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=6))
@example(rows=[['a"b', "\\", "\r\n\t", "", ""], ["\x01\x1f\x7f", "é😀", "\ufffe", "x", "y"], [""] * 5])
def test_cells_come_out_as_they_went_in(tmp_path: Path, rows: list[list[str]]) -> None:
    path = written(tmp_path / "x.csv", rows)
    wanted = [(n + 1, {k: v for k, v in zip(KEYS, row) if v}) for n, row in enumerate(rows)]
    for slow in (False, True):
        assert read(path, slow=slow) == (wanted, [])


@pytest.mark.parametrize("slow", [False, True])
def test_ragged_records_are_told_with_their_number(tmp_path: Path, slow: bool) -> None:
    text = 'One,Two,Three,One,\n1,2,3,4,5\n1,2\n"a\nb",2,3,4,5\n1,2,3,4,5,6\n7,,,,\n'
    (tmp_path / "x.csv").write_text(text)
    rows, ragged = read(tmp_path / "x.csv", slow=slow)
    assert [n for n, _ in rows] == [1, 3, 5] and [n for n, _ in ragged] == [2, 4]
    assert rows[1][1]["One"] == "a\nb" and rows[2][1] == {"One": "7"}


def test_blocks_do_not_change_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x.csv", [[f"{n}\n{n}", "x" * 50, str(n), "", ""] for n in range(500)])
    whole = read(path)
    monkeypatch.setattr(wide, "BLOCK", 2_000)
    monkeypatch.setattr(lines, "BLOCK", 3_000)
    monkeypatch.setattr(lines, "READ", 700)
    assert read(path) == whole and len(whole[0]) == 500
