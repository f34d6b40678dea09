"""Message traces in each shape: which messages were delivered, from whom, to whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.sources import exports
from tests.sources.conftest import TENANT, Row, Taken

ROWS = [
    {
        "Organization": "agency.onmicrosoft.example",
        "MessageId": f"<{n // 2}@partner.example>",
        "Received": f"2025-05-01T09:{n:02}:00.123",
        "SenderAddress": "Bob@Partner.example",
        "RecipientAddress": f"{('Ann', 'cleo')[n % 2]}@agency.example",
        "Subject": 'Budget; "final", and\na line',
        "Status": "Delivered",
        "ToIP": None,
        "FromIP": "203.0.113.4",
        "Size": 5000 + n // 2,
        "MessageTraceId": f"aaaaaaaa-0000-4000-8000-{n // 2:012}",
        "Index": n,
    }
    for n in range(8)
]


def _dated(rows: Sequence[Row], write: object) -> list[Row]:
    return [{**r, "Received": write(r["Received"])} for r in rows]  # type: ignore[operator]


def _date(moment: str) -> str:
    return f"/Date({int((datetime.fromisoformat(moment) - datetime(1970, 1, 1)).total_seconds() * 1000)})/"


def _odata(rows: Sequence[Row]) -> bytes:
    return json.dumps({"d": {"results": _dated(rows, _date)}}).encode()


SHAPES = {
    "array": json.dumps(ROWS).encode(),
    "objects": "\r\n".join(json.dumps(r, indent=2) for r in ROWS).encode("utf-16"),
    "odata": _odata(ROWS),
    "odata of today": json.dumps({"odata.metadata": "https://x.example", "value": ROWS}).encode(),
    "csv": exports.table(ROWS),
    "csv of PowerShell": b'"sep=;"\n'.replace(b'"', b"") + exports.table(ROWS, delimiter=";"),
}


def told(taken: Taken) -> list[tuple[object, ...]]:
    names = ("message_id", "sender", "recipients", "subject", "size", "time", "organization")
    return [tuple(r[n] for n in names) for r in taken.rows("deliveries")]


@pytest.mark.parametrize("shape", list(SHAPES))
def test_deliveries(tmp_path: Path, shape: str) -> None:
    for name in ("plain", "shape"):
        (tmp_path / name).mkdir()
    plain = Taken(tmp_path / "plain").put("log", ROWS).ingest()
    taken = Taken(tmp_path / "shape").put("log", SHAPES[shape]).ingest()
    assert taken.summary.problems == [] and len(told(plain)) == 8
    assert told(taken) == told(plain)
    assert told(plain)[0][:4] == (
        "<0@partner.example>", "bob@partner.example", ["ann@agency.example"], 'Budget; "final", and\na line'
    )  # fmt: skip


def test_pending_and_delivered_are_one(taken: Taken) -> None:
    taken.put("log", [{**ROWS[0], "Status": s} for s in ("GettingStatus", "Delivered")]).ingest()
    assert len(taken.rows("deliveries")) == 1
    assert len({r["content"] for r in taken.rows("sightings")}) == 1


def test_the_historical_search_names_all_recipients(taken: Taken) -> None:
    row = {
        "origin_timestamp_utc": "2025-05-01T09:00:00.0000000Z",
        "sender_address": "bob@partner.example",
        "recipient_status": "Cleo@agency.example##Receive, Deliver;ann@agency.example##Receive",
        "message_subject": "Budget",
        "total_bytes": "5000",
        "message_id": "<1@partner.example>",
        "network_message_id": "aaaaaaaa-0000-4000-8000-000000000001",
    }
    taken.put("log", exports.table([row]).decode().encode("utf-16")).ingest(tenant=TENANT)
    (made,) = taken.rows("deliveries")
    assert made["recipients"] == ["ann@agency.example", "cleo@agency.example"]
    assert (made["tenant_id"], made["size"], made["time"]) == (TENANT, 5000, datetime(2025, 5, 1, 9))


def test_a_trace_without_message_ids_is_named(taken: Taken) -> None:
    taken.put("log", exports.table([{k: v for k, v in ROWS[0].items() if k != "MessageId"}])).ingest()
    (problem,) = taken.summary.problems
    assert "no message ids in it" in problem
