"""Small invented timelines as tables: what the cases of the evidence files leave out takes an ordinary value."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from brokenseal import schema
from brokenseal.evidence import Case
from brokenseal.lake import Lake

BEGIN = datetime(2025, 3, 3)
ACCESS = {
    "tenant_id": "tenant",
    "actor": "ann@agency.example",
    "logon_type": "owner",
    "access": "bind",
    "folder": "\\Inbox",
    "client": "owa",
    "app_id": "web",
    "ip": "198.51.100.7",
    "ip_is": "caller",
}
ISSUANCE = {
    "tenant_id": "tenant",
    "home_tenant_id": "tenant",
    "user": "ann@agency.example",
    "user_object_id": "object-ann",
    "ip": "198.51.100.7",
    "ip_is": "caller",
    "outcome": "success",
    "stream": "interactive",
}


def _networks(row: dict[str, Any]) -> None:
    if row.get("ip") and ":" not in row["ip"]:
        parts = row["ip"].split(".")
        row.setdefault("prefix", ".".join(parts[:3]) + ".0/24")
        row.setdefault("wide", ".".join(parts[:2]) + ".0.0/16")


def accesses(case: Case) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of `accesses` and of `items`."""
    rows, items = [], []
    for number, given in enumerate(case.accesses):
        day, issued = given["day"], given.get("issued_minutes")
        time = BEGIN + timedelta(days=day)
        box = given.get("box", "ann")
        row = {**ACCESS, **{k: v for k, v in given.items() if k not in ("day", "issued_minutes", "box", "items")}}
        row |= {
            "record_id": given["record_id"] or f"r{number:05}",
            "time": time,
            "mailbox": f"{box}@agency.example",
            "mailbox_guid": f"guid-{box}",
            "item_count": given.get("items", 1) if row["access"] != "sync" else None,
        }
        if box != "ann" and "actor" not in given:
            row["actor"] = row["mailbox"]
        if issued is not None:
            row["token_issued_at"] = time - timedelta(minutes=issued)
        row.setdefault("user_agent", row.get("agent"))
        _networks(row)
        rows.append(row)
        items += [
            {
                "record_id": row["record_id"],
                "time": time,
                "tenant_id": row["tenant_id"],
                "mailbox": row["mailbox"],
                "message_id": f"<{number}.{i}@agency.example>",
                "folder": "\\Inbox",
            }
            for i in range(row["item_count"] or 0)
        ]
    return rows, items


def issuances(case: Case) -> list[dict[str, Any]]:
    """Rows of `issuances`."""
    rows = []
    for number, given in enumerate(case.issuances):
        row = {**ISSUANCE, **{k: v for k, v in given.items() if k != "day"}}
        identity = given["issuance_id"] or hashlib.sha256(str(number).encode()).hexdigest()[:16]
        row |= {
            "issuance_id": identity,
            "record_id": f"s{number:05}",
            "token_id": identity,
            "time": BEGIN + timedelta(days=given["day"]),
        }
        _networks(row)
        rows.append(row)
    return rows


IDS = ("record_id", "tenant_id", "home_tenant_id", "token_tenant_id", "issuance_id", "token_id", "session_id")


def lay(lake: Lake, cases: list[Case]) -> None:
    """Put the logs of many cases into a lake's run, each case an organisation of its own."""
    tables: dict[str, list[dict[str, Any]]] = {"accesses": [], "items": [], "issuances": [], "deliveries": []}
    for number, case in enumerate(cases):
        rows, items = accesses(case)
        for name, data in (("accesses", rows), ("items", items), ("issuances", issuances(case))):
            for row in data:
                # ids are the case's own; a foreign tenant stays foreign
                tables[name].append(row | {k: f"{number}-{row[k]}" for k in IDS if row.get(k)})
    entries = sorted({pair for case in cases for pair in case.indicators})
    if entries:
        lake.say("indicator", {"entries": [{"type": kind, "value": value} for kind, value in entries]})
    for name, data in tables.items():
        lake.put(name, pa.Table.from_pylist(data, schema=schema.TABLES[name].arrow()))
