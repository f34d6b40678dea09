"""answer.json keeps the contract."""

from __future__ import annotations

import copy
import hashlib
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from brokenseal import report
from brokenseal.lake import Lake
from tests.conftest import need_spark
from tests.report import invented

CONTRACT = {
    "": "schema as_of drill verdict exit tool inputs coverage cases leads gaps keys decisions",
    "tool": "version options budget line_bits group_line_bits relationships keys_tried visits hashes",
    "inputs": "path sha256 format rows records duplicates rejected custody",
    "coverage": "tenant_id domains from to mailboxes accesses streams missing linkage",
    "cases": "case_id severity bits title aim how first_access either_from first_access_is last_access ongoing stands_on "
    "weighing tenants counter indicators acts findings mailboxes gaps",
    "gaps": "gap_id kind tenant_id mailbox from to meaning record_ids",
}
CASE = {
    "acts": "act_id kind mailbox first last ip user_agent app_id session_id token_id link issuance_id bits basis linked_by "
    "link_bits weighed",
    "findings": "finding_id act_id evidence aspect ground attack bits once_in reason counts record_ids",
    "mailboxes": "tenant_id mailbox above_line first_access either_from last_access record_ids messages folders",
    "indicators": "type value seen bits first last",
}


def test_it_validates(answer: dict[str, Any], quiet: dict[str, Any]) -> None:
    report.validate(answer)
    report.validate(quiet)


@pytest.mark.parametrize("part", CONTRACT)
def test_its_keys_are_the_contract_s(answer: dict[str, Any], part: str) -> None:
    value = answer[part] if part else answer
    assert " ".join(value[0] if isinstance(value, list) else value) == CONTRACT[part]


@pytest.mark.parametrize("part", CASE)
def test_a_case_s_keys_are_the_contract_s(answer: dict[str, Any], part: str) -> None:
    assert " ".join(answer["cases"][0][part][0]) == CASE[part]


def test_an_unknown_key_or_a_missing_one_breaks_the_contract(answer: dict[str, Any]) -> None:
    more, less = copy.deepcopy(answer), copy.deepcopy(answer)
    more["cases"][0]["colour"] = "red"
    del less["cases"][0]["mailboxes"][0]["above_line"]
    for broken in (more, less):
        with pytest.raises(jsonschema_rs.ValidationError):
            report.validate(broken)


def test_verdict_and_exit(answer: dict[str, Any], quiet: dict[str, Any]) -> None:
    assert (answer["verdict"], answer["exit"]) == ("intrusion", 3)
    assert (quiet["verdict"], quiet["exit"], quiet["cases"]) == ("nothing found", 0, [])


def test_the_case_holds_every_mailbox_and_message(answer: dict[str, Any]) -> None:
    case = answer["cases"][0]
    assert [m["mailbox"] for m in case["mailboxes"]] == list(invented.BOXES)
    assert [m["above_line"] for m in case["mailboxes"]] == [True, True, False]
    for box in case["mailboxes"]:
        assert sorted(m["subject"] for m in box["messages"]) == sorted(invented.SUBJECTS)
        assert [f["certainty"] for f in box["folders"]] == ["folder"]
        assert len(box["record_ids"]) == 4
    assert case["tenants"] == sorted(invented.TENANTS.values())
    assert case["gaps"] == [answer["gaps"][0]["gap_id"]]
    assert [a["basis"] for a in case["acts"]].count("link") == 1


def test_bits_have_one_decimal_and_times_end_in_z(answer: dict[str, Any]) -> None:
    case = answer["cases"][0]
    assert case["bits"] == 21.4 and answer["tool"]["line_bits"] == 13.5
    assert case["first_access"] == "2025-03-11T03:00:00Z"
    text = report.dump(answer).decode()
    assert '"bits": 21.4,' in text


def test_an_indicator_is_rare_among_benign_visits(answer: dict[str, Any]) -> None:
    assert [(i["type"], i["bits"]) for i in answer["cases"][0]["indicators"]] == [("address", 11.5), ("client", 8.8)]


def test_the_kind_follows_from_the_reasons(answer: dict[str, Any]) -> None:
    how = answer["cases"][0]["how"]
    known = {f["finding_id"]: f["evidence"] for f in answer["cases"][0]["findings"]}
    assert how["kind"] == "token of unknown origin"
    assert [known[f] for f in how["because"]] == ["unissued_token"]


def test_beside_an_orphan_stand_its_innocent_explanations(answer: dict[str, Any]) -> None:
    alternatives = {a["kind"]: a for a in answer["cases"][0]["how"]["alternatives"]}
    orphan = alternatives["a sign-in stream was not exported"]
    assert "of 980 visits in ministry-a.example that nobody doubts, 0 are as odd" in orphan["against"]
    assert "of 2,900 in all organisations, 0 are." in orphan["against"]
    assert all(a["would_decide"] for a in alternatives.values())
    chance = alternatives["benign acts that look odd by chance"]["against"]
    assert "11.0 bits: it does not survive" in chance


def test_leads_come_with_their_findings(answer: dict[str, Any]) -> None:
    assert [(lead["bits"], len(lead["findings"])) for lead in answer["leads"]] == [(6.1, 1)]


def test_rows_add_up_and_rejects_are_named(answer: dict[str, Any]) -> None:
    (read,) = answer["inputs"]
    assert read["rows"] == read["records"] + read["duplicates"] + read["rejected"]["count"]
    assert read["rejected"]["first"] == [{"row": 7, "reason": "broken JSON"}]


def test_a_text_of_the_log_stays_whole(answer: dict[str, Any]) -> None:
    subjects = {m["subject"] for m in json.loads(report.dump(answer))["cases"][0]["mailboxes"][0]["messages"]}
    assert invented.LONG in subjects and invented.ESCAPES in subjects


def test_same_lake_same_bytes(answer: dict[str, Any], invented_lake: Path) -> None:
    with Lake.open(invented_lake, threads=1) as lake:
        assert report.dump(report.answer(lake, invented.REASONS)) == report.dump(answer)


@pytest.mark.spark
def test_both_engines_give_the_same_bytes(answer: dict[str, Any], invented_lake: Path) -> None:
    need_spark()
    with Lake.open(invented_lake, engine="spark") as lake:
        assert report.dump(report.answer(lake, invented.REASONS)) == report.dump(answer)


def test_the_files_and_their_hash(answer: dict[str, Any], invented_lake: Path, tmp_path: Path) -> None:
    call = report.Call("duckdb", ("brokenseal", "report"), datetime(2025, 4, 1, tzinfo=UTC))
    with Lake.open(invented_lake) as lake:
        report.write(lake, tmp_path / "out", call, invented.REASONS)
        head = lake.head()
    told = (tmp_path / "out" / "answer.json").read_bytes()
    run = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert told == report.dump(answer)
    assert run["answer_sha256"] == hashlib.sha256(told).hexdigest()
    assert run["machine"] == f"{platform.system()} {platform.release()} {platform.machine()}"
    assert (run["ledger_head"], run["rounds"], run["started"]) == (head, 3, "2025-04-01T00:00:00Z")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["answer.json", "report.html", "run.json"]
