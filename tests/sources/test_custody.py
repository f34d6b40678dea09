"""A custody list: kept as it was stated, tied to the files, seen in the answer, and chained."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from brokenseal import pipeline, report, sources
from brokenseal.errors import UsageError
from brokenseal.lake import Lake
from brokenseal.sources import custody
from tests.sources.conftest import Taken, access


def _stated(taken: Taken, text: str, name: str = "custody.csv") -> None:
    path = taken.logs.parent / name
    path.write_text(text, encoding="utf-8")
    with Lake.open(taken.lake, write=True, create=True) as lake:
        custody.state(lake, path)


def test_a_list_is_tied_to_its_files_by_hash_path_or_name(taken: Taken) -> None:
    taken.put("a.json", [access(1)]).put("b.json", [access(2)]).put("c.json", [access(3)])
    digest = sha256((taken.logs / "a.json").read_bytes()).hexdigest()
    _stated(
        taken,
        "\ufeffFile,SHA256,act,who,to_whom,time,account,query\n"
        f"renamed.json,{digest.upper()},exported,Ann,,2025-05-02 10:00,admin@agency.example,last 30 days\n"
        f"C:\\exports\\b.json,{'0' * 64},handed over,Ann,Ben,,,\n"
        "gone.json,,handed over,Ann,Ben,,,\n",
    )
    taken.ingest()
    rows = {r["file"]: r for r in taken.rows("custody")}
    assert rows["renamed.json"]["file_sha256"] == digest and rows["renamed.json"]["agrees"] is True
    assert rows["renamed.json"]["account"] == "admin@agency.example" and rows["renamed.json"]["to_whom"] is None
    assert rows["C:\\exports\\b.json"]["agrees"] is False
    assert rows["gone.json"]["file_sha256"] is None and rows["gone.json"]["agrees"] is None


def test_the_answer_shows_it_and_says_where_nothing_was_stated(taken: Taken) -> None:
    taken.put("a.json", [access(1)]).put("b.json", [access(2)]).ingest()
    _stated(taken, json.dumps([{"file": "a.json", "act": act, "who": "Ann", "time": t} for act, t in _HANDS]), "c.json")
    with Lake.open(taken.lake, write=True) as lake:
        pipeline.analyse(lake, pipeline.Options())
        answer = report.answer(lake, pipeline.described())
    report.validate(answer)
    told = {i["path"]: i["custody"] for i in answer["inputs"]}
    assert [c["act"] for c in told["a.json"]] == ["exported", "handed over"] and told["b.json"] == []


_HANDS = (("handed over", "2025-05-03"), ("exported", "2025-05-02"))


def test_it_is_chained_and_taken_once(taken: Taken) -> None:
    taken.put("a.json", [access(1)]).ingest()
    for _ in range(2):
        _stated(taken, "file,who\na.json,Ann\n")
    assert len(taken.rows("custody")) == 1
    with sqlite3.connect(taken.lake / "ledger.db") as db:
        db.execute("update custody set who = 'Eve'")
    with Lake.open(taken.lake) as lake:
        assert lake.faults() == ["the custody lists are not as they were published"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no file"),
        ("file,who\n", "names no file"),
        ("file,owner\na,Ann\n", "'owner' is no column; there are file, sha256"),
        ("who\nAnn\n", "row 1 names no file"),
        ("file\na,b\n", "'too much' is no column"),
        ("sha256\nabc\n", "64 hexadecimal digits"),
        ("[1]", "must be an object"),
        ("[", "neither a CSV nor a JSON list"),
        ('[{"file": ["a"]}]', "no text"),
        ("[" * 100_000, "neither a CSV nor a JSON list"),
    ],
)
def test_what_is_no_list(taken: Taken, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        _stated(taken, text)
    assert "\n" not in str(caught.value)


def test_no_such_list(taken: Taken, tmp_path: Path) -> None:
    with Lake.open(taken.lake, write=True, create=True) as lake, pytest.raises(UsageError, match="No such file"):
        custody.state(lake, tmp_path / "none.csv")
    assert sources.IngestSummary().files == 0


def test_a_lake_from_before_has_no_lists(taken: Taken) -> None:
    taken.put("a.json", [access(1)]).ingest()
    with sqlite3.connect(taken.lake / "ledger.db") as db:
        db.execute("drop table custody")
    assert taken.rows("custody") == []
    with Lake.open(taken.lake) as lake:
        assert lake.faults() == []
    _stated(taken, "file\na.json\n")
    assert len(taken.rows("custody")) == 1
