"""Visits that carry what somebody named: known indicators, suspects, what is vouched for, and decided acts.

What: `known` (a row a visit and indicator), `spoken` (a row a visit that a person spoke of) and `excused`. Why: indicators are
evidence and are counted like any other; a person's word is not, and is kept apart to the end. How: distinct addresses are
compared with the ranges named, all else is joined by equality. Misses: what is named is looked for in visits only.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import pyarrow as pa
from ibis import Table

from brokenseal.lake import Lake
from brokenseal.schema import LISTS

EXACT, WIDE = 2, 1
FIELDS = {
    "user agent": ("user_agent",),
    "application": ("app_id", "client_app_id"),
    "session": ("session_id",),
    "token": ("token_id",),
}
NAMED = pa.schema([("value", pa.string()), ("kind", pa.string()), ("type", pa.string()), ("entry", pa.string()),
                   ("level", pa.int64())])  # fmt: skip
KNOWN = pa.schema([("visit_id", pa.string()), ("kind", pa.string()), ("entry", pa.string()), ("level", pa.int64())])
Row = dict[str, Any]


def known(lake: Lake) -> None:
    """Write `known`: visit_id, kind (indicator, suspect, known-good), entry (type and value), level."""
    rows = [
        {"value": e["value"], "kind": kind, "type": e["type"], "entry": f"{e['type']} {e['value']}", "level": _level(e)}
        for kind, told in lake.said()
        for e in told.get("entries", ())
    ]
    if not rows:
        lake.put("known", pa.Table.from_pylist([], schema=KNOWN))
        return
    visits = lake.read("visits")
    plain = lake.put("named", pa.Table.from_pylist([r for r in rows if r["type"] in FIELDS], schema=NAMED))
    places = lake.put("named_addresses", pa.Table.from_pylist(_addresses(lake, rows), schema=NAMED))
    parts = [_joined(visits, "ip", places)]
    for kind, columns in FIELDS.items():
        parts += [_joined(visits, column, plain.filter(plain.type == kind)) for column in columns]
    every = parts[0]
    for part in parts[1:]:
        every = every.union(part)
    lake.write("known", every.distinct())


def _level(entry: Row) -> int:
    """A range or a program says less than an address, a session or a token."""
    return WIDE if entry["type"] in ("range", "user agent", "application") else EXACT


def _joined(visits: Table, column: str, named: Table) -> Table:
    seen = visits.filter(visits[column].notnull()).select("visit_id", value=visits[column])
    return seen.join(named, "value").select("visit_id", "kind", "entry", "level")


def _addresses(lake: Lake, rows: list[Row]) -> list[Row]:
    """One row an address seen and entry that holds it."""
    exact: dict[str, list[Row]] = {}
    for r in rows:
        if r["type"] == "address":
            exact.setdefault(r["value"], []).append(r)
    ranges = [(ipaddress.ip_network(r["value"]), r) for r in rows if r["type"] == "range"]
    if not exact and not ranges:
        return []
    visits = lake.read("visits")
    seen = lake.fetch(visits.filter(visits.ip.notnull()).select("ip").distinct().order_by("ip"))["ip"].to_pylist()
    out = []
    for ip in seen:
        out += [{**r, "value": ip} for r in exact.get(ip, ())]
        out += [{**r, "value": ip} for r in _holding(ip, ranges)]
    return out


def _holding(ip: str, ranges: list[tuple[Any, Row]]) -> list[Row]:
    if not ranges:
        return []
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return []
    return [r for network, r in ranges if address.version == network.version and address in network]


def spoken(lake: Lake) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """What people said of visits: the hostile with whose word it is and its kind, and the benign. The last word counts.

    The kinds are `decided`, of a person who looked at the act, and `suspected`, of a list handed over.

    A decision names the records of its acts, so that it holds when more logs change where a visit begins. Writes
    `excused`: act_id of the benign.
    """
    words: dict[str, tuple[str, str, str]] = {}
    listed = lake.read("known").filter(lambda t: t.kind.isin(list(LISTS)))
    for r in lake.fetch(listed.order_by(["visit_id", "kind", "entry"])).to_pylist():
        # what is suspected and vouched for is suspected
        if words.get(r["visit_id"], ("",))[0] != "hostile":
            words[r["visit_id"]] = LISTS[r["kind"]], f"{r['kind']} {r['entry']}", "suspected"
    for told in (t for kind, t in lake.said() if kind == "decision"):
        for visit in _visits(lake, told["records"]):
            words[visit] = told["decision"], f"decision of {told['by']}", "decided"
    hostile = {v: (by, kind) for v, (word, by, kind) in sorted(words.items()) if word == "hostile"}
    benign = {v for v, (word, *_) in words.items() if word == "benign"}
    lake.put("excused", pa.table({"act_id": sorted(benign)}, schema=pa.schema([("act_id", pa.string())])))
    return hostile, benign


def _visits(lake: Lake, records: list[str]) -> list[str]:
    of = lake.read("visit_records")
    rows = lake.fetch(of.filter(of.record_id.isin(records)).select("visit_id").distinct().order_by("visit_id"))
    return [str(v) for v in rows["visit_id"].to_pylist()]
