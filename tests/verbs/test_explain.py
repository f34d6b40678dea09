"""`brokenseal explain`: from a case to the bytes of a record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.report import invented
from tests.verbs.called import Done, call

Ask = Callable[..., Done]


@pytest.fixture
def ask(invented_lake: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    def asked(*words: object) -> Done:
        return call(capsys, monkeypatch, "explain", *words, "--lake", invented_lake)

    return asked


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    bad = next(v for v in invented.visits() if v["role"] == "intruder")
    return {
        "case": invented.identity("case"),
        "act": bad["visit_id"],
        "finding": invented.identity(bad["visit_id"], "unissued_token"),
        "record": invented.record_id(bad, 0),
    }


@pytest.mark.parametrize("kind", ["case", "act", "finding", "record"])
def test_every_kind_of_id_leads_to_its_record(ask: Ask, ids: dict[str, str], kind: str) -> None:
    found = json.loads(ask(ids[kind][:8], "--json").out)
    assert (found["kind"], found["id"]) == (kind, ids[kind])
    record = found["records"][0]
    assert record["path"] == "logs/audit.json" and record["row"] > 0
    assert record["found"]["told"].endswith("The row holds this record, byte for byte.")
    assert json.loads(record["raw"])["Operation"] == "MailItemsAccessed"


@pytest.mark.parametrize("kind", ["case", "act", "finding", "record"])
def test_for_a_person(ask: Ask, ids: dict[str, str], kind: str) -> None:
    done = ask(ids[kind])
    assert done.code == 0
    assert f"{kind} {ids[kind]}" in done.out
    assert "byte for byte" in done.out and "MailItemsAccessed" in done.out
    assert "\x1b" not in done.out and "\u202e" not in done.out


def test_the_counts_behind_a_weight(ask: Ask, ids: dict[str, str]) -> None:
    finding = json.loads(ask(ids["finding"], "--json").out)["finding"]
    assert finding["circles"] == [
        {"among": "this mailbox", "seen": 0, "of": 14},
        {"among": "this organisation", "seen": 0, "of": 980},
        {"among": "all organisations", "seen": 0, "of": 2900},
        {"among": "the shipped prior", "seen": 12, "of": 15000},
    ]
    text = " ".join(ask(ids["finding"]).out.split())
    assert "this organisation 0 980" in text
    assert "Innocent explanations" in text


def test_the_same_case_without_each_reason(ask: Ask, ids: dict[str, str]) -> None:
    found = json.loads(ask(ids["case"], "--json").out)
    assert [(w["evidence"], w["bits_without"], w["above_line"]) for w in found["without"]] == [
        ("unissued_token", 11.0, False),
        ("new_network", 13.9, True),
    ]


def test_a_visit_beside_what_is_ordinary(ask: Ask, ids: dict[str, str]) -> None:
    found = json.loads(ask(ids["act"], "--json").out)
    assert found["ordinary"][0]["visits"] == 14
    assert found["case"]["case_id"] == ids["case"]
    told = {f["name"]: f for f in found["beside"]["features"]}
    # fourteen of the owner and a lead; the intruder's other visit is in the case
    assert found["beside"]["visits"] == 15
    assert (told["net"]["same"], told["net"]["commonest"][0]["visits"]) == (0, 14)
    assert (told["actor"]["same"], told["item_count"]["at_least"], told["sync_count"]["at_least"]) == (15, 15, 0)
    text = " ".join(ask(ids["act"]).out.split())
    assert (
        "Of 15 other visits to this mailbox that lie outside the cases, none came from this network, none used this client, "
        "15 were made by this actor." in text
    )


def test_the_counts_and_the_visit_without_one_reason_are_sentences(ask: Ask, ids: dict[str, str]) -> None:
    text = " ".join(ask(ids["act"]).out.split())
    assert (
        "At least this odd are 0 of 14 in this mailbox, 0 of 980 in this organisation, 0 of 2,900 in all organisations, "
        "12 of 15,000 in the shipped prior." in text
    )
    assert "Without “Token without a sign-in in these logs” it weighs 9.4 bits: below the line." in text
    assert "21.4 bits in all; the line for a single visit lies at 13.5" in text


@pytest.mark.parametrize("kind", ["case", "act", "finding", "record"])
def test_a_persons_word_stands_beside_all_that_it_is_about(
    tmp_path: Path, ids: dict[str, str], kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, _ = _copied(tmp_path)
    said = ("--hostile", "--by", "Ann Moor", "--because", "not my telephone \x1b[31m", "--lake", lake)
    assert call(capsys, monkeypatch, "decide", ids["act"], *said).code == 0
    asked = ("explain", ids[kind], "--lake", lake)
    (word,) = json.loads(call(capsys, monkeypatch, *asked, "--json").out)["words"]
    assert (word["by"], word["decision"], word["acts"]) == ("Ann Moor", "hostile", [ids["act"]])
    text = call(capsys, monkeypatch, *asked).out
    assert "Ann Moor" in text and "not my telephone" in text and "\x1b" not in text


@pytest.mark.parametrize("word", ["abc", "zzzzzzzz"])
def test_too_short_or_unknown_is_wrong_usage(ask: Ask, word: str) -> None:
    done = ask(word)
    assert done.code == 64 and len(done.err.strip().splitlines()) == 1


def _copied(tmp_path: Path) -> tuple[Path, Path]:
    lake = invented.lay(tmp_path)
    return lake, tmp_path / "logs" / "audit.json"


def _told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> Any:
    return json.loads(call(capsys, monkeypatch, "explain", *words, "--json").out)["records"][0]["found"]


def test_a_file_that_moved_is_found_in_its_folder(
    tmp_path: Path, ids: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, file = _copied(tmp_path)
    away = tmp_path / "evidence" / "copy"
    away.mkdir(parents=True)
    file.rename(away / "audit.json")
    lost = _told(capsys, monkeypatch, ids["record"], "--lake", lake)
    assert lost["file"] is None and "not found" in lost["told"]
    again = _told(capsys, monkeypatch, ids["record"], "--lake", lake, "--files", tmp_path / "evidence")
    assert again["file"] == str(away / "audit.json") and "byte for byte" in again["told"]


def test_a_file_that_was_changed_is_not_believed(
    tmp_path: Path, ids: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, file = _copied(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"203.0.113.9", b"198.51.100.7"))
    found = _told(capsys, monkeypatch, ids["record"], "--lake", lake)
    assert found["file"] is None and "SHA-256 differs" in found["told"]


def test_on_real_logs_every_weight_is_made_again_from_its_counts(
    real_logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, lake = real_logs / "o365-audit", tmp_path / "lake"
    call(capsys, monkeypatch, "ingest", logs, "--lake", lake)
    call(capsys, monkeypatch, "hunt", "--lake", lake)
    asked = call(capsys, monkeypatch, "query", "select finding_id from findings order by 1", "--lake", lake, "--json")
    findings = [row["finding_id"] for row in json.loads(asked.out)]
    assert findings
    for finding_id in findings:
        told = json.loads(
            call(capsys, monkeypatch, "explain", finding_id, "--lake", lake, "--files", logs, "--json").out
        )
        assert told["finding"]["bits"] == told["finding"]["made_again_bits"]
        assert all(r["found"]["told"].endswith("byte for byte.") for r in told["records"])
