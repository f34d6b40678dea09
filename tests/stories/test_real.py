"""Real logs: what is true of them comes out of the tables, and every file is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brokenseal import pipeline, report, sources
from brokenseal.lake import Lake

SESSIONS = ("22af9fa5-8cde-4e78-a41e-e34758490cf3", "637a72b7-3f4e-445b-bb2e-4605eb2a141b")
FIGURES = {
    "select count(*) from records": 5373,
    "select count(*) from accesses": 318,
    "select count(*) from accesses where access = 'bind'": 288,
    "select count(*) from accesses where access = 'sync'": 30,
    "select count(distinct mailbox) from accesses": 12,
    "select count(distinct message_id) from items": 291,
    "select count(distinct (mailbox, message_id)) from items where message_id is not null": 320,
    "select count(distinct (mailbox, folder_id)) from accesses where access = 'sync'": 26,
    "select count(*) from issuances where outcome = 'success'": 353,
    "select count(distinct session_id) from accesses": 20,
    "select count(*) from accesses where token_id is not null": 0,
    "select min(time)::varchar from accesses": "2021-03-23 15:45:38",
    "select max(time)::varchar from accesses": "2021-07-20 07:04:43",
    "select rows from inputs": 9611,
    "select duplicates from inputs": 4235,
    "select rejected from inputs": 3,
    "select string_agg(s, ' ' order by s) from (select session_id as s from accesses where ip_is = 'caller' "
    "group by session_id having count(distinct prefix) > 1)": " ".join(SESSIONS),
}


@pytest.fixture(scope="module")
def lake(real_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    out = tmp_path_factory.mktemp("real")
    with Lake.open(out / "lake", write=True, create=True) as opened:
        sources.ingest(opened, [real_logs / "o365-audit" / "AuditRecords.csv.gz"])
        pipeline.analyse(opened, pipeline.Options())
        call = report.Call("duckdb", ("brokenseal",), datetime(2025, 1, 1, tzinfo=UTC))
        report.write(opened, out, call, pipeline.described())
    with Lake.open(out / "lake") as opened:
        yield opened


@pytest.mark.parametrize("sql", list(FIGURES))
def test_figure(lake: Lake, sql: str) -> None:
    assert lake.query(sql).to_pylist()[0].popitem()[1] == FIGURES[sql]


def test_both_two_network_sessions_are_findings_or_leads(lake: Lake) -> None:
    shown = lake.query(
        "select distinct a.session_id from acts a where a.act_id in (select act_id from findings)"
    ).to_pylist()
    assert set(SESSIONS) <= {r["session_id"] for r in shown}


def test_verdict_is_not_that_nothing_was_found(lake: Lake) -> None:
    answer: dict[str, Any] = json.loads((lake.path.parent / report.ANSWER).read_text())
    assert answer["verdict"] != "nothing found"


READ = {
    # what has no time of its own event is refused row by row, and said
    "sentinel-exports/disable_accounts.csv": 0,
    "sentinel-exports/office_activity_inbox_rule.csv": 0,
    "sentinel-exports/office_activity.csv": 266,
    "sentinel-exports/sign-in_adelete.csv": 56,
    # 86 rows: nearly every sign-in is there twice, told in two versions of the table
    "entra-signins/aad_logons.jsonl": 45,
    "o365-audit/microsoft_audit_log.jsonl": 4,
}
"""Records of single files."""


def test_every_file_is_named(real_logs: Path, tmp_path: Path) -> None:
    with Lake.open(tmp_path / "lake", write=True, create=True) as opened:
        sources.ingest(opened, [real_logs])
        inputs = opened.inputs().to_pylist()
        distinct = opened.query("select count(distinct record_id) as n from records").to_pylist()[0]["n"]
        (det,) = opened.query(
            "select count(distinct record_id) as n from sightings join inputs using (file_sha256) "
            "where path like 'det-eng%'"
        ).to_pylist()
    by_path = {r["path"]: r for r in inputs}
    assert {path: by_path[path]["records"] for path in READ} == READ
    # 125 rows by a plain loop, ten of them in two files
    assert det["n"] == 115
    assert sum(by_path[p]["rows"] for p in by_path if p.startswith("message-trace")) == 9
    assert distinct == sum(r["records"] for r in inputs)
    files = {str(p.relative_to(real_logs)) for p in real_logs.rglob("*") if p.is_file()}
    assert {r["path"] for r in inputs} == files
    for row in inputs:
        assert row["rows"] == row["records"] + row["duplicates"] + row["rejected"], row["path"]
        assert row["rows"] > 0 or row["note"], row["path"]
