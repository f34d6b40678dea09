"""The answer in other tools' forms: valid against their own schemas, and nothing in them that runs."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brokenseal import report
from brokenseal.errors import UsageError
from brokenseal.report import flat, ocsf, stix
from tests.report import invented

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    " =1",
    "x;=cmd|'/c calc'!A1",
    "x\t@a",
    "a,=1",
    "＝1+1",
    "\r\n=2",
    "|=3",
)


def poisoned(answer: dict[str, Any], hostile: str) -> dict[str, Any]:
    """The answer with a hostile text wherever the log may write one."""
    free = (
        "subject",
        "folder",
        "user_agent",
        "value",
        "path",
        "message_id",
        "immutable_id",
        "meaning",
        "title",
        "reason",
    )

    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {k: walk(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, name) for v in value]
        return hostile if name in free and value is not None else value

    return dict(walk(copy.deepcopy(answer)))


def cells(data: bytes) -> Iterator[str]:
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))):
        yield from row


def test_the_formats_there_are() -> None:
    assert list(report.FORMATS) == ["csv", "timesketch", "stix", "ocsf"]
    with pytest.raises(UsageError, match="xlsx"):
        report.known(["csv", "xlsx"])


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(answer: dict[str, Any], formula: str) -> None:
    for name, data in flat.csv_files(poisoned(answer, formula)).items():
        for cell in cells(data):
            # at the beginning, and where a spreadsheet of another country splits a cell
            assert not any(re.match(r"\s*[=+\-@＝＋－＠]", part) for part in re.split(r"[;\t,|\r\n]", cell)), (
                name,
                cell,
            )


def test_csv_holds_every_message_and_its_certainty(answer: dict[str, Any]) -> None:
    files = flat.csv_files(answer)
    rows = list(csv.DictReader(io.StringIO(files["messages.csv"].decode("utf-8-sig"))))
    boxes = answer["cases"][0]["mailboxes"]
    assert len(rows) == sum(len(m["messages"]) + len(m["folders"]) for m in boxes)
    assert {r["certainty"] for r in rows} == {"listed", "folder"}
    assert files["messages.csv"].startswith(b"\xef\xbb\xbf")


def test_timesketch_lines(answer: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in flat.timesketch(answer).decode().splitlines()]
    assert all({"message", "datetime", "timestamp", "timestamp_desc"} <= set(line) for line in lines)
    assert [line["datetime"] for line in lines] == sorted(line["datetime"] for line in lines)
    visit = next(line for line in lines if line["data_type"] == "brokenseal:visit" and "case_id" in line)
    assert visit["datetime"] == "2025-03-11T03:00:00+00:00" and visit["timestamp"] == 1741662000000000
    assert sum(line["data_type"] == "brokenseal:item" for line in lines) == 18


def test_stix_is_valid_by_its_own_schemas(answer: dict[str, Any]) -> None:
    from stix2validator import ValidationOptions, validate_string

    told = stix.bundle(answer).decode()
    # 214: a kind of indicator or report is free text; 103: ids of observables, see `_mail`
    result = validate_string(told, ValidationOptions(version="2.1", disabled="214,103"))
    assert result.is_valid, [str(e) for r in result.object_results for e in r.errors]
    kinds = {o["type"] for o in json.loads(told)["objects"]}
    assert {"incident", "report", "indicator", "sighting", "observed-data", "email-message", "attack-pattern"} <= kinds


def test_stix_refers_only_to_what_it_holds(answer: dict[str, Any]) -> None:
    objects = {o["id"]: o for o in json.loads(stix.bundle(answer))["objects"]}
    refs = {r for o in objects.values() for k, v in o.items() if k.endswith(("_ref", "_refs"))
            for r in (v if isinstance(v, list) else [v])}  # fmt: skip
    assert refs <= set(objects)
    assert stix.bundle(answer) == stix.bundle(copy.deepcopy(answer))


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("address", "203.0.113.9", "[ipv4-addr:value = '203.0.113.9']"),
        ("address range", "2001:db8::/48", "[ipv6-addr:value ISSUBSET '2001:db8::/48']"),
        ("network", "AS64500 Example", "[autonomous-system:number = 64500]"),
        ("network", "198.51", None),
        ("address", "' OR '1'='1", None),
        ("session", "s", None),
    ],
)
def test_patterns(kind: str, value: str, told: str | None) -> None:
    assert stix.pattern(kind, value) == told


def test_a_client_is_looked_for_by_what_the_log_says_of_it_and_not_by_its_name_without_versions() -> None:
    agent = "Mozilla/5.0 (Windows NT 6.1; rv:102.0) Firefox/102.0"
    told = stix.pattern("client", "owa | - | - | Mozilla/0.0 (Windows NT 0.0; rv:0.0) Firefox/0.0", [agent])
    assert told is not None and f"IN ('{agent}')" in told and "/0.0" not in told
    assert stix.pattern("client", "owa | - | - | -") is None


def test_the_csv_of_indicators_holds_the_client_s_own_text(answer: dict[str, Any]) -> None:
    told = flat.csv_files(answer)["indicators.csv"].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(told)))
    assert [r["seen"] for r in rows if r["type"] == "client"] == ["Mozilla/5.0 ‹U+001B›[31m<b>red</b>"]


def test_a_quote_does_not_leave_a_pattern() -> None:
    from stix2patterns.validator import run_validator

    told = stix.pattern("client", "owa", ["it's \\ a 'trap'] OR [file:name = 'x"])
    assert told is not None
    assert run_validator(told, stix_version="2.1") == []
    assert told.count("] OR [") == 1 and told.endswith("\\'x')]")


def test_ocsf_is_valid_by_its_own_schemas(answer: dict[str, Any]) -> None:
    from ocsf.v1_7_0 import events

    classes = {2004: events.DetectionFinding, 2005: events.IncidentFinding}
    lines = [json.loads(line) for line in ocsf.events(answer).decode().splitlines()]
    assert [line["class_uid"] for line in lines].count(2005) == 1
    assert [line["class_uid"] for line in lines].count(2004) == len(answer["cases"][0]["acts"])
    for line in lines:
        made = classes[line["class_uid"]].model_validate(line)
        assert _unknown(made) == []
        assert line["type_uid"] == line["class_uid"] * 100 + line["activity_id"]


def _unknown(model: Any, path: str = "") -> list[str]:
    """Fields that no schema knows."""
    out = [f"{path}.{k}" for k in (model.model_extra or {})]
    for name in type(model).model_fields:
        value = getattr(model, name)
        for v in value if isinstance(value, list) else [value]:
            if hasattr(v, "model_extra") and name != "unmapped":
                out += _unknown(v, f"{path}.{name}")
    return out


@pytest.mark.parametrize("name", list(report.FORMATS))
@pytest.mark.parametrize(
    "hostile", [invented.ESCAPES, "\ud800 lone", "x" * 1_000_000, "<script>\u202e\x00", "\u0085\u2028"]
)
def test_hostile_text_in_every_format(answer: dict[str, Any], name: str, hostile: str) -> None:
    for data in report.FORMATS[name](poisoned(answer, hostile)).values():
        text = data.decode("utf-8")
        assert len(data) < 2_000_000
        assert not set(text) & {"\x1b", "\u202e", "\x00", "\x07", "\u200b", "\u0085", "\u2028"}
        if len(hostile) > 10_000:
            assert "x…" in text


def test_export_writes_the_files(answer: dict[str, Any], tmp_path: Path) -> None:
    made = report.export(answer, ["csv", "stix", "csv"], tmp_path)
    assert sorted(p.name for p in made) == sorted(p.name for p in tmp_path.iterdir())
    assert len(made) == 7
