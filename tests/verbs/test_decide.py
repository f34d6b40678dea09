"""A person's word: kept, honoured by the next run, shown with its name, and never in the bits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokenseal import pipeline, report
from brokenseal.evidence import Case, access, each_day, signed_in
from brokenseal.lake import Lake
from tests.evidence import timeline
from tests.verbs.called import Done, call

LIFE = tuple(
    a
    for box in ("ann", "bea", "cal")
    for a in each_day(
        30, box=box, agent="outlook", token_id=f"t-{box}", session_id=f"s-{box}", token_object_id=f"object-{box}"
    )
)
SIGNS = tuple(s for box in ("ann", "bea", "cal") for s in signed_in(34, user=f"{box}@agency.example", issuance_id=f"t-{box}",
                                                                    session_id=f"s-{box}"))  # fmt: skip
ODD = (
    access(
        15.5,
        "odd",
        ip="203.0.113.9",
        agent="outlook",
        token_id="t-ann",
        session_id="s-ann",
        token_object_id="object-ann",
    ),
    access(
        25.5,
        "again",
        box="bea",
        ip="203.0.113.9",
        agent="outlook",
        token_id="t-bea",
        session_id="s-bea",
        token_object_id="object-bea",
    ),
)


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    return lambda *words: call(capsys, monkeypatch, *words)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decide") / "lake"
    with Lake.open(path, write=True, create=True):
        pass
    hunted(path)
    return path


@pytest.fixture
def lake(judged: Path, tmp_path: Path) -> Path:
    """A lake of its own, judged once."""
    return Path(shutil.copytree(judged, tmp_path / "lake"))


def hunted(path: Path, words: list[tuple[str, dict[str, Any]]] | None = None) -> dict[str, Any]:
    """Judge the timeline, whose logs are laid into the run itself."""
    with Lake.open(path, write=True) as opened:
        pipeline.keep(opened, words or [])
        begin = opened.start_run

        def started(key: str) -> str:
            run = begin(key)
            timeline.lay(opened, [Case("life", True, (*LIFE, *ODD), SIGNS)])
            return run

        opened.start_run = started  # type: ignore[method-assign]
        # so strict that nothing crosses the line by itself
        pipeline.analyse(opened, pipeline.Options(false_cases=0.001))
        made = report.answer(opened, pipeline.described())
        report.validate(made)
        return made


def act_of(path: Path, record: str) -> dict[str, Any]:
    with Lake.open(path) as opened:
        seen = opened.read("visit_records").filter(lambda t: t.record_id == record).select(act_id="visit_id")
        return opened.fetch(opened.read("acts").semi_join(seen, "act_id")).to_pylist()[0]


def test_hostile_makes_a_case_and_adds_no_bit(lake: Path, called: Callable[..., Done]) -> None:
    act = act_of(lake, "0-odd")
    with Lake.open(lake) as opened:
        assert opened.fetch(opened.read("case_acts")).num_rows == 0
    done = called("decide", act["act_id"], "--hostile", "--by", "Ann Moor", "--because", "not me", "--lake", str(lake))
    assert done.code == 0 and "Ann Moor" in done.out
    after = hunted(lake)
    mine = [a for c in after["cases"] for a in c["acts"] if a["act_id"] == act["act_id"]]
    assert [a["basis"] for a in mine] == ["person"]
    # taken out of history it may weigh otherwise, and what a person said is no part of it
    assert mine[0]["bits"] == act_of(lake, "0-odd")["bits"] / 10
    assert after["verdict"] == "intrusion"
    assert [(c["severity"], c["stands_on"]) for c in after["cases"]] == [("high", "a person's word")]
    box = next(m for c in after["cases"] for m in c["mailboxes"] if m["mailbox"] == "ann@agency.example")
    assert box["above_line"] is False
    (told,) = after["decisions"]
    assert (told["by"], told["because"], told["decision"], told["acts"]) == (
        "Ann Moor",
        "not me",
        "hostile",
        [act["act_id"]],
    )
    page = report.html(after, pipeline.described())
    assert "Ann Moor" in page and "it stands on a person's word, and not on its weight" in page
    assert "Below the line: it is here by a person's word" in page
    assert "by a person" in report.html(after, pipeline.described()) and "Ann Moor" in report.html(after, {}, "ar")


def test_the_last_word_counts(lake: Path, called: Callable[..., Done]) -> None:
    act = act_of(lake, "0-odd")["act_id"]
    for word in ("--hostile", "--benign"):
        called("decide", act, word, "--by", "Ann", "--because", "x", "--lake", str(lake))
    after = hunted(lake)
    assert act not in [a["act_id"] for c in after["cases"] for a in c["acts"]]
    assert act not in [lead["act_id"] for lead in after["leads"]]
    assert [d["decision"] for d in after["decisions"]] == ["hostile", "benign"]
    called("decide", act, "--unsure", "--by", "Ann", "--because", "x", "--lake", str(lake))
    assert act in [lead["act_id"] for lead in hunted(lake)["leads"]]


def test_files_of_suspects_and_of_what_is_vouched_for(lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("type,value,by,because\naddress,203.0.113.9,Bo Lind,proxy log\n", encoding="utf-8")
    suspected = hunted(lake, pipeline.handed({"suspect": [file]}))
    assert {a["basis"] for c in suspected["cases"] for a in c["acts"]} == {"person"}
    # a list is no intrusion by itself: nobody looked at these acts
    assert suspected["verdict"] == "suspicion"
    assert {(c["severity"], c["stands_on"]) for c in suspected["cases"]} == {("medium", "a person's word")}
    assert {a["mailbox"] for c in suspected["cases"] for a in c["acts"]} == {"ann@agency.example", "bea@agency.example"}
    assert [(d["subject"], d["by"], d["act_count"]) for d in suspected["decisions"]] == [
        ("address 203.0.113.9", "Bo Lind", 2)
    ]


def test_a_known_indicator_is_counted_evidence(lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("type,value\nrange,203.0.113.0/24\n", encoding="utf-8")
    made = hunted(lake, pipeline.handed({"indicators": [file]}))
    parts = [*made["cases"], *made["leads"]]
    found = [f for p in parts for f in p["findings"] if f["evidence"] == "known_indicator"]
    assert found and all(f["aspect"] == "intelligence" and f["bits"] > 0 for f in found)
    assert made["decisions"] == [] and {"said", "indicators"} <= set(made["tool"]["hashes"])


def test_a_list_with_the_office_on_it_weighs_little(lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("type,value\naddress,198.51.100.7\n", encoding="utf-8")
    made = hunted(lake, pipeline.handed({"indicators": [file]}))
    found = [f for p in (*made["cases"], *made["leads"]) for f in p["findings"] if f["evidence"] == "known_indicator"]
    assert max((f["bits"] for f in found), default=0.0) < 2, found


@pytest.mark.parametrize(
    "words",
    [
        ["--by", "A", "--because", "x"],
        ["--hostile", "--benign", "--by", "A", "--because", "x"],
        ["--hostile", "--by", " ", "--because", "x"],
        ["--hostile", "--because", "x"],
    ],
)
def test_wrong_words_are_refused(lake: Path, words: list[str], called: Callable[..., Done]) -> None:
    assert called("decide", act_of(lake, "0-odd")["act_id"], *words, "--lake", str(lake)).code == 64


def test_a_changed_word_is_a_fault_of_the_ledger(lake: Path, called: Callable[..., Done]) -> None:
    import sqlite3

    called("decide", act_of(lake, "0-odd")["act_id"], "--benign", "--by", "Ann", "--because", "x", "--lake", str(lake))
    with Lake.open(lake) as opened:
        assert not [f for f in opened.faults() if "person" in f]
    with sqlite3.connect(lake / "ledger.db") as db:
        (payload,) = db.execute("select payload from said").fetchone()
        db.execute("update said set payload = ?", (json.dumps(json.loads(payload) | {"by": "Eve"}),))
    with Lake.open(lake) as opened:
        assert [f for f in opened.faults() if "person" in f]
