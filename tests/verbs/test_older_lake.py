"""A lake that an earlier version made is derived again, or says in one line what to do; never wrong without a word."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from brokenseal import schema
from brokenseal.lake import Lake, compaction
from tests.sources import exports
from tests.sources.conftest import Row, Taken, access, signin
from tests.verbs.called import call

FIRST_LACKED = ("place", "member", "response_bytes", "mailbox_object_id")
"""Columns that segments of the first version did not have."""
TABLES = ("records", "accesses", "items", "issuances")
COLUMNS = "af112ebc0ddd2d70"
"""Of the tables, as of VERSION: whoever changes one raises the other."""


def aged(lake: Path, version: int, *, without: tuple[str, ...] = (), spoilt: bool = False) -> None:
    """Make a lake what an earlier version left. spoilt: what it derived says something else than this version would."""
    with closing(sqlite3.connect(lake / "ledger.db")) as db, db:
        db.execute("update facts set value = ? where name = 'schema'", [str(version)])
        for (file,) in db.execute("select file from segments where retired_at is null").fetchall():
            rows = pq.read_table(lake / file)
            rows = rows.drop_columns([c for c in without if c in rows.column_names])
            if spoilt and "/accesses/" in file:
                rows = rows.slice(0, 0)
            pq.write_table(rows, lake / file)
            digest = hashlib.sha256((lake / file).read_bytes()).hexdigest()
            db.execute("update segments set sha256 = ? where file = ?", [digest, file])


@pytest.fixture
def filled(tmp_path: Path) -> Taken:
    """A lake of two shapes of the same records, and sign-ins."""
    rows = [access(n) for n in range(5)]
    taken = Taken(tmp_path).put("a", rows).put("b", exports.office_lines(rows)).put("s", [signin(n) for n in range(3)])
    return taken.ingest()


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call a verb; its exit code and all that it says, without the line breaks of the terminal."""

    def called(*words: object) -> tuple[int, str]:
        done = call(capsys, monkeypatch, *words)
        return done.code, " ".join((done.out + done.err).split())

    return called


def all_rows(taken: Taken) -> dict[str, list[Row]]:
    return {t: taken.rows(t) for t in TABLES}


@pytest.fixture(params=[(1, FIRST_LACKED), (2, ())], ids=["first", "second"])
def older(request: pytest.FixtureRequest, filled: Taken, run: Run) -> tuple[Taken, dict[str, list[Row]]]:
    """A judged lake of an earlier version, whose accesses are not what this one would derive; and what it would."""
    before = all_rows(filled)
    assert run("hunt", "--lake", filled.lake)[0] == 0
    version, without = request.param
    aged(filled.lake, version, without=without, spoilt=True)
    return filled, before


@pytest.mark.parametrize(
    "words",
    [
        ("query", "select count(*) from accesses"),
        ("explain", "aaaaaaaa"),
        ("report", "--out", "{out}"),
        ("decide", "aaaaaaaa", "--benign", "--by", "Ann", "--because", "mine"),
    ],
)
def test_who_only_reads_says_what_to_do(
    older: tuple[Taken, object], tmp_path: Path, run: Run, words: tuple[str, ...]
) -> None:
    lake = older[0].lake
    code, said = run(*(w.format(out=tmp_path / "out") for w in words), "--lake", lake)
    assert code == 1 and "our own failure" not in said and f"run `brokenseal hunt --lake {lake}`" in said
    assert not (tmp_path / "out" / "answer.json").exists()


def test_hunt_derives_again(older: tuple[Taken, dict[str, list[Row]]], tmp_path: Path, run: Run) -> None:
    taken, before = older
    assert run("hunt", "--lake", taken.lake)[1].startswith("judged")
    assert all_rows(taken) == before
    run("report", "--lake", taken.lake, "--out", tmp_path / "out")
    made = json.loads((tmp_path / "out" / "answer.json").read_bytes())
    assert [i["records"] for i in made["inputs"]] == [5, 0, 3]
    assert run("query", "select count(*) as n from accesses", "--json", "--lake", taken.lake)[1] == '[ { "n": 5 } ]'


def test_ingest_derives_again_and_an_older_run_is_shown_no_more(
    older: tuple[Taken, dict[str, list[Row]]], tmp_path: Path, run: Run
) -> None:
    taken, before = older
    taken.put("more", [access(9)]).ingest()
    assert len(taken.rows("accesses")) == 6
    assert all(row in all_rows(taken)[t] for t in TABLES for row in before[t])
    code, said = run("report", "--lake", taken.lake, "--out", tmp_path / "out")
    assert code == 1 and "run `brokenseal hunt` first" in said


def test_segments_of_the_first_version_are_merged(filled: Taken, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where no segment has the column that tells copies apart."""
    before = all_rows(filled)
    aged(filled.lake, schema.VERSION, without=("place",))
    assert all_rows(filled) == before
    monkeypatch.setattr(compaction, "MOST_SMALL", 0)
    with Lake.open(filled.lake, write=True, memory="1GB", threads=2) as lake:
        assert lake.compact() > 0
    assert all_rows(filled) == before
    code, said = run("query", "select count(*) as n from records", "--json", "--lake", filled.lake)
    assert (code, said) == (0, '[ { "n": 8 } ]')


def test_verify_compares_an_older_answer_by_its_hash(filled: Taken, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    run("hunt", "--lake", filled.lake)
    run("report", "--lake", filled.lake, "--out", out)
    with closing(sqlite3.connect(filled.lake / "ledger.db")) as db, db:
        db.execute("update facts set value = '2' where name = 'schema'")
    code, said = run("verify", out, "--lake", filled.lake, "--files", filled.logs)
    assert "an earlier brokenseal: the answer was compared by its hash only" in said
    # the file of the ledger is sealed, and this test wrote into it
    assert code == 2 and said.count("CHANGED") == 1 and "ledger.db" in said


def test_verify_says_which_runs_have_no_hashes(filled: Taken, run: Run) -> None:
    run("hunt", "--lake", filled.lake)
    with closing(sqlite3.connect(filled.lake / "ledger.db")) as db, db:
        (tables,) = db.execute("select tables from runs").fetchone()
        listed = {t: list(files) for t, files in json.loads(tables).items()}
        db.execute("update runs set tables = ?", [json.dumps(listed)])
    said = run("verify", "--lake", filled.lake, "--files", filled.logs)[1]
    assert "an earlier brokenseal kept no hashes of it" in said and "holds what no ledger holds" not in said


def test_a_change_of_columns_raises_the_version() -> None:
    """A lake of this version with other columns would be read as if it had these."""
    told = {t.name: [(c.name, c.type) for c in t.columns] for t in schema.TABLES.values() if t.stage != "truth"}
    digest = hashlib.sha256(json.dumps([schema.VERSION, told], sort_keys=True).encode()).hexdigest()[:16]
    assert digest == COLUMNS, "raise schema.VERSION, then note the new digest here"
