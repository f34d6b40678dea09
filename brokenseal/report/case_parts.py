"""The cases of the answer, and the acts and findings that cases and leads are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brokenseal import bits
from brokenseal.lake import Lake
from brokenseal.report.how import Lines, how
from brokenseal.report.weights import Weights, by_case, counter, weighed, weighing, weights
from brokenseal.report.words import moment

SEVERITIES = ("critical", "high", "medium", "low")
INDICATES_TENTHS = 30
"""What benign visits share more often than once in eight indicates nothing."""
MOST_SEEN = 100
"""Texts of the log behind one client."""
KINDS = {
    "address": "address",
    "client": "client",
    "network": "network",
    "prefix": "address range",
    "session": "session",
    "token": "token",
}
COUNTS = ("hits", "units", "seen", "of", "tenant_seen", "tenant_of", "prior_seen", "prior_of")
"""What a finding's rarity is made of."""
Row = dict[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]
Place = tuple[str, str, str]
"""Case, organisation, mailbox."""


@dataclass(frozen=True)
class Parts:
    """Acts and findings by the contract."""

    acts: list[Row]
    findings: list[Row]


def acts(lake: Lake, rows: list[Row], reasons: Reasons) -> Parts:
    """Rows of `acts` by the contract, with their findings, of acts that are in no case."""
    ids = {r["act_id"] for r in rows}
    found = [f for f in lake.fetch(lake.read("findings")).to_pylist() if f["act_id"] in ids]
    told = weights(lake)
    return Parts([_act(r, {}, told) for r in sorted(rows, key=_when)], _findings(found, reasons))


def _when(row: Row) -> tuple[datetime, str]:
    return row["first"], row["act_id"]


def _act(row: Row, members: Mapping[str, Row], told: Weights) -> Row:
    """members: act to its row of `case_acts`; a lead has none, and its own evidence."""
    member = members.get(row["act_id"], {})
    link = member.get("link_bits")
    return {
        "act_id": row["act_id"],
        "kind": row["kind"],
        "mailbox": row["mailbox"],
        "first": moment(row["first"]),
        "last": moment(row["last"]),
        "ip": row["ip"],
        "user_agent": row["user_agent"],
        "app_id": row["app_id"],
        "session_id": row["session_id"],
        "token_id": row["token_id"],
        "link": row["link"],
        "issuance_id": row["issuance_id"],
        "bits": bits.shown(row["bits"]),
        "basis": member.get("basis", "own evidence"),
        "linked_by": member.get("linked_by"),
        "link_bits": None if link is None else bits.shown(link),
        "weighed": weighed(row, told),
    }


def _findings(rows: list[Row], reasons: Reasons) -> list[Row]:
    names = ("finding_id", "act_id", "evidence", "aspect", "ground")
    ordered = sorted(rows, key=lambda f: (-f["bits"], f["evidence"], f["finding_id"]))
    return [
        {
            **{name: f[name] for name in names},
            "attack": sorted(reasons.get(f["evidence"], {}).get("attack", ())),
            "bits": bits.shown(f["bits"]),
            "once_in": f["once_in"],
            "reason": f["reason"],
            "counts": {name: f[name] for name in COUNTS},
            "record_ids": f["record_ids"] or [],
        }
        for f in ordered
    ]


@dataclass(frozen=True)
class Known:
    """Of organisations: what each is called, where it has a domain of its own, and the spans of its streams of sign-ins."""

    names: Mapping[str | None, str]
    signins: Mapping[str | None, list[Row]]


@dataclass(frozen=True)
class Tables:
    """What cases are made of, fetched once; each a list of rows by case."""

    acts: dict[str, list[Row]]
    members: dict[str, Row]
    """Act to its row of `case_acts`."""
    findings: list[Row]
    mailboxes: dict[str, list[Row]]
    items: dict[Place, list[Row]]
    records: dict[str, list[str]]
    """Act to its records."""
    shared: list[Row]
    """Visit, kind, value and tenths of what the acts of cases share."""
    weights: Weights


def cases(lake: Lake, gaps: list[Row], lines: Lines, reasons: Reasons, known: Known) -> list[Row]:
    """All cases by the contract, the gravest first. gaps: as in the answer; known: of the organisations."""
    rows = lake.fetch(lake.read("cases")).to_pylist()
    if not rows:
        return []
    tables = _tables(lake)
    ordered = sorted(rows, key=lambda c: (SEVERITIES.index(c["severity"]), -c["bits"], c["case_id"]))
    return [_case(c, tables, gaps, lines, reasons, known) for c in ordered]


def _tables(lake: Lake) -> Tables:
    members = lake.read("case_acts")
    mine = members.select("act_id").distinct()
    acts_ = lake.read("acts").join(members.select("case_id", "act_id"), "act_id")
    records = (
        lake.read("visit_records").select("visit_id", "record_id").semi_join(mine.select(visit_id="act_id"), "visit_id")
    )
    near = lake.read("near")
    near = near.filter(near.kind.isin(list(KINDS)) & (near.link >= INDICATES_TENTHS))
    near = near.semi_join(mine.select(visit_id="act_id"), "visit_id").select("visit_id", "kind", "value", "link")
    by_act: dict[str, list[str]] = {}
    for r in lake.fetch(records.order_by(["visit_id", "record_id"])).to_pylist():
        by_act.setdefault(r["visit_id"], []).append(r["record_id"])
    return Tables(
        acts=by_case(lake, acts_),
        members={r["act_id"]: r for r in lake.fetch(members).to_pylist()},
        findings=lake.fetch(lake.read("findings").semi_join(mine, "act_id")).to_pylist(),
        mailboxes=by_case(lake, lake.read("case_mailboxes")),
        items=_by_place(lake.fetch(lake.read("case_items")).to_pylist()),
        records=by_act,
        shared=lake.fetch(near).to_pylist(),
        weights=weights(lake),
    )


def _by_place(rows: list[Row]) -> dict[Place, list[Row]]:
    out: dict[Place, list[Row]] = {}
    for r in rows:
        out.setdefault((r["case_id"], *_whose(r)), []).append(r)
    return out


def _case(case: Row, tables: Tables, gaps: list[Row], lines: Lines, reasons: Reasons, known: Known) -> Row:
    own = tables.acts.get(case["case_id"], [])
    ids = {r["act_id"] for r in own}
    findings = [f for f in tables.findings if f["act_id"] in ids]
    mailboxes = tables.mailboxes.get(case["case_id"], [])
    places = _by_place([{**r, "case_id": case["case_id"]} for r in own])
    told = counter(own, tables.weights)
    return {
        "case_id": case["case_id"],
        "severity": case["severity"],
        "bits": bits.shown(case["bits"]),
        "title": case["title"],
        "aim": None,
        "how": how(
            {**case, **_acted(own), **told, "logs": _logs(own, known), "left": _left(own, tables.weights)},
            _placed(findings, own, known),
            lines,
            reasons,
        ),
        "first_access": moment(case["first_access"]),
        "either_from": moment(case["either_from"]),
        "first_access_is": case["first_access_is"],
        "last_access": moment(case["last_access"]),
        "ongoing": case["ongoing"],
        "stands_on": case["stands_on"],
        "weighing": weighing(case["case_id"], own, tables.weights),
        "tenants": sorted({r["tenant_id"] for r in mailboxes if r["tenant_id"]}),
        "counter": told,
        "indicators": _indicators(own, tables.shared),
        "acts": [_act(r, tables.members, tables.weights) for r in sorted(own, key=_when)],
        "findings": _findings(findings, reasons),
        "mailboxes": [_mailbox(m, places, tables) for m in sorted(mailboxes, key=_box_order)],
        "gaps": [g["gap_id"] for g in gaps if _touches(g, case, mailboxes)],
    }


def _acted(own: list[Row]) -> Row:
    """What the way in is told by, beside findings: the heaviest act's weight, how many acts, and how many are orphans."""
    orphans = sum(r["link"] == "orphan" for r in own)
    return {"heaviest": max(r["bits"] for r in own), "visits": len(own), "orphans": orphans}


def _placed(findings: list[Row], own: list[Row], known: Known) -> list[Row]:
    """Findings with the organisation of their act, as people call it."""
    named = {r["act_id"]: known.names.get(r["tenant_id"]) for r in own}
    return [{**f, "organisation": named[f["act_id"]]} for f in findings]


def _logs(own: list[Row], known: Known) -> Row | None:
    """What the sign-ins of a case's organisations cover: of several the shortest; None where one has none."""
    streams = [known.signins.get(t, []) for t in sorted({r["tenant_id"] for r in own}, key=str)]
    if not all(streams):
        return None
    held = [{s["stream"] for s in each} for each in streams]
    return {
        "from": max(min(s["from"] for s in each) for each in streams),
        "to": min(max(s["to"] for s in each) for each in streams),
        "streams": sorted(set.intersection(*held)),
    }


def _left(own: list[Row], told: Weights) -> int:
    """What is left of the heaviest visit without all reasons of network, client and tokens; at most, in tenths.

    A sum of aspects never weighs more than itself, so that what is added up here is the most that it can be.
    """
    acts = [told.acts[r["act_id"]] for r in own if r["act_id"] in told.acts]
    return max((a["volume"] + a["intelligence"] for a in acts), default=0)


def _whose(row: Row) -> tuple[str, str]:
    return row["tenant_id"] or "", row["mailbox"] or ""


def _box_order(row: Row) -> tuple[str, str, datetime]:
    return *_whose(row), row["first_access"]


def _indicators(own: list[Row], shared: list[Row]) -> list[Row]:
    """What the acts of a case carry and benign visits rarely do; each with the least that its coincidence weighs."""
    by_id = {r["act_id"]: r for r in own}
    found: dict[tuple[str, str], list[Row]] = {}
    for r in shared:
        if r["visit_id"] in by_id:
            found.setdefault((KINDS[r["kind"]], r["value"]), []).append(r)
    return [
        {
            "type": kind,
            "value": value,
            "seen": _seen(kind, [by_id[r["visit_id"]] for r in rows]),
            "bits": bits.shown(min(r["link"] for r in rows)),
            "first": moment(min(by_id[r["visit_id"]]["first"] for r in rows)),
            "last": moment(max(by_id[r["visit_id"]]["last"] for r in rows)),
        }
        for (kind, value), rows in sorted(found.items())
    ]


def _seen(kind: str, own: list[Row]) -> list[str]:
    """The texts of the log behind a client, whose versions were left out so that an update makes no new one."""
    return sorted({r["user_agent"] for r in own if r["user_agent"]})[:MOST_SEEN] if kind == "client" else []


def _mailbox(row: Row, acts: dict[Place, list[Row]], tables: Tables) -> Row:
    place = (row["case_id"], *_whose(row))
    here = [r["act_id"] for r in acts.get(place, [])]
    items = sorted(tables.items.get(place, []), key=_item_order)
    return {
        "tenant_id": row["tenant_id"],
        "mailbox": row["mailbox"],
        "above_line": row["above_line"],
        "first_access": moment(row["first_access"]),
        "either_from": moment(row["either_from"]),
        "last_access": moment(row["last_access"]),
        "record_ids": sorted({record for a in here for record in tables.records.get(a, [])}),
        "messages": [_item(i, "message_id", "immutable_id", "folder", "subject") for i in items if not _is_folder(i)],
        "folders": [_item(i, "folder") for i in items if _is_folder(i)],
    }


def _item_order(item: Row) -> tuple[datetime, str, str, str]:
    return item["first_access"], item["folder"] or "", item["message_id"] or "", item["immutable_id"] or ""


def _is_folder(item: Row) -> bool:
    return item["certainty"] in ("folder", "list")


def _item(row: Row, *names: str) -> Row:
    return {
        **{name: row[name] for name in names},
        "first_access": moment(row["first_access"]),
        "certainty": row["certainty"],
        "by": row["by"],
        "act_id": row["act_id"],
    }


def _touches(gap: Row, case: Row, mailboxes: list[Row]) -> bool:
    """A gap of the case's organisations and mailboxes whose period meets the case's, or has no bounds."""
    if gap["tenant_id"] is not None and gap["tenant_id"] not in {m["tenant_id"] for m in mailboxes}:
        return False
    if gap["mailbox"] is not None and gap["mailbox"] not in {m["mailbox"] for m in mailboxes}:
        return False
    first, last = moment(case["either_from"] or case["first_access"]) or "", moment(case["last_access"]) or ""
    return (gap["to"] is None or gap["to"] >= first) and (gap["from"] is None or gap["from"] <= last)
