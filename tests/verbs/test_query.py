"""`brokenseal query`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.report import invented
from tests.verbs.called import Done, call

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture
def ask(invented_lake: Path, capsys: Capture, monkeypatch: Patch):
    def asked(sql: str, *flags: str) -> Done:
        return call(capsys, monkeypatch, "query", sql, "--lake", invented_lake, *flags)

    return asked


def test_json_is_a_list_of_objects(ask) -> None:
    done = ask("select mailbox, count(*) as n from case_items group by 1 order by 1", "--json")
    assert json.loads(done.out) == [{"mailbox": box, "n": 6} for box in invented.BOXES]


def test_times_end_in_z_and_sums_are_numbers(ask) -> None:
    done = ask("select min(first_access) as t, sum(bits) as b, null as x from cases", "--json")
    assert json.loads(done.out) == [{"t": "2025-03-11T03:00:00Z", "b": 214, "x": None}]


def test_lists_and_two_columns_of_one_name(ask) -> None:
    done = ask("select record_ids as a, kind as a from gaps", "--json")
    assert json.loads(done.out) == [{"a_1": ["b", "a"], "a_2": "throttled"}]


def test_csv_opens_without_a_formula(ask) -> None:
    done = ask("select distinct subject from case_items where subject like '=%'", "--csv")
    rows = list(csv.reader(io.StringIO(done.out)))
    assert rows == [["subject"], ["'" + invented.FORMULA]]


def test_a_table_shows_hostile_text_as_text(ask) -> None:
    done = ask("select subject from case_items where subject is not null")
    assert invented.MARKUP in done.out
    assert "\x1b" not in done.out and "\u202e" not in done.out
    assert "‹U+202E›txt.exe" in done.out


def test_a_long_table_is_cut_with_a_sign(ask) -> None:
    done = ask("select i from (select unnest(range(201)) as i)")
    assert "… 1 more row" in done.out


@pytest.mark.parametrize(
    "sql",
    [
        "drop table cases",
        "select * from read_csv('/etc/passwd')",
        "select * from nowhere",
        "select",
        "select 1; select 2",
    ],
)
def test_what_is_no_select_over_the_lake_is_refused_in_one_line(ask, sql: str) -> None:
    done = ask(sql)
    assert done.code == 64 and done.out == ""
    assert len(done.err.strip().splitlines()) == 1


def test_json_and_csv_together_are_wrong_usage(ask) -> None:
    assert ask("select 1 as one", "--json", "--csv").code == 64
