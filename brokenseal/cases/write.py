"""The tables of the answer: acts, cases with their acts, mailboxes, messages and folders, findings, leads, summary.

What: everything the report says, as rows. How: the cases are few and are put together here; messages are joined in the
engine. A case keeps its id while it grows or merges: the id of the earlier run's case that it shares most acts with, else
the hash of its earliest act.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal import bits, schema
from brokenseal.cases import items, join, weighing
from brokenseal.cases.weighing import Case, Lines
from brokenseal.lake import Lake

MEDIUM_TENTHS = 30
LEADS = 20
MOST_RECORDS = 20
GOES_ON = timedelta(hours=72)
SILENT = timedelta(days=14)
Spans = dict[str | None, tuple[datetime, datetime]]
"""Each organisation's first and last mailbox access."""


class Described(Protocol):
    """What is used of a reason."""

    @property
    def levels(self) -> tuple[str, ...]: ...
    @property
    def ground(self) -> str: ...


def acts(lake: Lake) -> None:
    """Write `acts`: every visit with its weight."""
    v = lake.read("visits").left_join(lake.read("judged").select("visit_id", "bits"), "visit_id")
    lake.write(
        "acts",
        v.select(
            "relationship_id", "tenant_id", "mailbox", "box", "actor", "first", "last", "ip", "user_agent",
            "app_id", "session_id", "token_id", "link", "issuance_id", act_id=v.visit_id,
            kind=ibis.literal("visit"), subject_id=v.visit_id, bits=ibis.coalesce(v.bits, 0),
        ),
    )  # fmt: skip


def tables(
    lake: Lake,
    found: Mapping[str, join.Link | None],
    parts: list[list[str]],
    lines: Lines,
    as_of: datetime,
    reasons: Mapping[str, Described],
) -> None:
    """Write acts, cases, case_acts, case_mailboxes, case_items, leads and findings."""
    before = _earlier(lake)
    acts(lake)
    members = [v for part in parts for v in part]
    rows = {r["act_id"]: r for r in _acts(lake, members)}
    cases = [_case([rows[v] for v in part], found, lines, before) for part in parts]
    _distinct(cases)
    leads = _leads(lake, members)
    shown = sorted({*members, *(r["act_id"] for r in leads)})
    findings = _findings(lake, shown, reasons)
    weighing.act_weights(lake, _ids(lake, "shown", shown))
    _put(lake, "case_acts", [row for c in cases for row in _case_acts(c, found)])
    _put(lake, "leads", [{"rank": n, "act_id": r["act_id"]} for n, r in enumerate(leads, start=1)])
    _put(lake, "findings", findings)
    lessened = {c.case_id: weighing.without(c, findings, lines) for c in cases}
    logged = _logged(lake)
    _put(lake, "cases", [_summed(logged, c, findings, lessened[c.case_id], as_of) for c in cases])
    _put(lake, "case_groups", [row for c in cases for row in weighing.groups(c)])
    _put(lake, "case_without", [row for c in cases for row in weighing.rows(c, lessened[c.case_id])])
    _mailboxes(lake, cases, found, lines)
    lake.write("case_items", items.items(lake, join.lent(lake, found)))


def summary(lake: Lake, as_of: datetime, judgement: Any, options: Mapping[str, Any], hashes: Mapping[str, str]) -> None:
    """Write `summary`, one row: as_of, acts, lines, rounds, settled, and what the run was made with, as JSON."""
    row = {
        "as_of": as_of,
        "acts": judgement.acts,
        "visits": judgement.visits,
        "tried": judgement.tried,
        "line_bits": judgement.line,
        "group_line_bits": judgement.group_line,
        "rounds": judgement.rounds,
        "settled": judgement.settled,
        "options": json.dumps(options, sort_keys=True),
        "hashes": json.dumps(hashes, sort_keys=True),
    }
    types = {"as_of": pa.timestamp("us"), "settled": pa.bool_(), "options": pa.string(), "hashes": pa.string()}
    fields = pa.schema([(name, types.get(name, pa.int64())) for name in row])
    lake.put("summary", pa.Table.from_pylist([row], schema=fields))


def _put(lake: Lake, name: str, rows: list[dict[str, Any]]) -> None:
    lake.put(name, schema.TABLES[name].filled(rows))


def _ids(lake: Lake, name: str, ids: list[str]) -> Table:
    return lake.put(name, pa.table({"act_id": ids}, schema=pa.schema([("act_id", pa.string())])))


def _earlier(lake: Lake) -> dict[str, str]:
    """Act to case id, of the run before."""
    rows = lake.fetch(lake.read("case_acts").select("act_id", "case_id")).to_pylist()
    return {r["act_id"]: r["case_id"] for r in rows}


def _acts(lake: Lake, ids: list[str]) -> list[dict[str, Any]]:
    wanted = _ids(lake, "wanted", sorted(ids))
    picked = lake.read("acts").semi_join(wanted, "act_id")
    return lake.fetch(picked.order_by(["first", "act_id"])).to_pylist()


def _case(
    rows: list[dict[str, Any]], found: Mapping[str, join.Link | None], lines: Lines, before: dict[str, str]
) -> Case:
    rows = [{**r, "lent": _lent(found.get(r["act_id"]))} for r in sorted(rows, key=lambda r: (r["first"], r["act_id"]))]
    known = Counter(before[r["act_id"]] for r in rows if r["act_id"] in before)
    named = min(known, key=lambda c: (-known[c], c)) if known else None
    fresh = hashlib.sha256(f"case {rows[0]['act_id']}".encode()).hexdigest()[:16]
    single = max(r["bits"] for r in rows)
    links = [found.get(r["act_id"]) for r in rows]
    groups = {link.by: link for link in links if link and link.group}
    loud = tuple(sorted(groups.values(), key=lambda g: (-g.bits, g.by)))
    grouped = loud[0].bits if loud else 0
    excess = max(single - lines.single, grouped - lines.group if grouped else -lines.group)
    said = {link.person for link in links if link}
    stands_on = None
    if excess >= 0:
        stands_on = "one visit" if single >= lines.single else "visits together"
    elif said & {"decided", "suspected"}:
        stands_on = "a person's word"
    return Case(
        named or fresh, rows, max(single, grouped), excess, "decided" in said, "suspected" in said, stands_on, loud
    )


def _lent(link: join.Link | None) -> bool:
    return link is not None and link.lent


def _distinct(cases: list[Case]) -> None:
    """When a case of an earlier run falls in two, the heavier part keeps the id."""
    taken: set[str] = set()
    for case in sorted(cases, key=lambda c: (-len(c.acts), -c.bits, c.acts[0]["act_id"])):
        if case.case_id in taken:
            case.case_id = hashlib.sha256(f"case {case.acts[0]['act_id']}".encode()).hexdigest()[:16]
        taken.add(case.case_id)
    cases.sort(key=lambda c: (-c.bits, c.case_id))


def _case_acts(case: Case, found: Mapping[str, join.Link | None]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": case.case_id,
            "act_id": r["act_id"],
            "basis": _basis(found.get(r["act_id"])),
            "linked_by": link.by if (link := found.get(r["act_id"])) else None,
            "link_bits": link.bits if link else None,
        }
        for r in case.acts
    ]


def _basis(link: join.Link | None) -> str:
    return "own evidence" if link is None else "person" if link.person else "link"


def _leads(lake: Lake, members: list[str]) -> list[dict[str, Any]]:
    """The oddest acts outside the cases, one a relationship."""
    inside = _ids(lake, "members", sorted(members))
    a = lake.read("acts")
    a = a.anti_join(inside, "act_id").anti_join(lake.read("excused"), "act_id").filter(a.bits > 0)
    order = ibis.window(group_by="relationship_id", order_by=[ibis.desc(a.bits), a["first"], a.act_id])
    first = a.mutate(nth=ibis.row_number().over(order))
    first = first.filter(first.nth == 0).order_by([ibis.desc("bits"), "first", "act_id"]).limit(LEADS)
    return lake.fetch(first.select("act_id", "bits", "first")).to_pylist()


def _findings(lake: Lake, shown: list[str], reasons: Mapping[str, Described]) -> list[dict[str, Any]]:
    wanted = _ids(lake, "shown", shown)
    found = lake.read("hits").inner_join(wanted.select(visit_id="act_id"), "visit_id")
    found = found.join(lake.read("weights").drop("bits"), ["evidence", "relationship_id"])
    rows = lake.fetch(found.order_by(["visit_id", "evidence"])).to_pylist()
    records = _records(lake, wanted)
    sums = sorted(lake.fetch(lake.read("sums")).to_pylist(), key=lambda r: r["raw"])
    by_act: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_act.setdefault(row["visit_id"], []).append(row)
    return [
        _finding(row, reasons[row["evidence"]], records.get(act, []), _without(of_act, row, sums))
        for act, of_act in sorted(by_act.items())
        for row in of_act
    ]


def _without(of_act: list[dict[str, Any]], left_out: dict[str, Any], sums: list[dict[str, Any]]) -> int:
    """What the act would weigh without one reason."""
    strongest: dict[str, int] = {}
    for row in of_act:
        if row is not left_out:
            strongest[row["aspect"]] = max(strongest.get(row["aspect"], 0), row["bits"])
    plain = sum(strongest.values())
    reached = [r["bits"] for r in sums if r["raw"] <= plain]
    return min(plain, max(reached, default=0))


def _records(lake: Lake, wanted: Table) -> dict[str, list[str]]:
    seen = lake.read("visit_records").inner_join(wanted.select(visit_id="act_id"), "visit_id")
    nth = ibis.row_number().over(ibis.window(group_by="visit_id", order_by=[seen.time, seen.record_id]))
    seen = seen.mutate(nth=nth)
    rows = lake.fetch(
        seen.filter(seen.nth < MOST_RECORDS).order_by(["visit_id", "nth"]).select("visit_id", "record_id")
    ).to_pylist()
    out: dict[str, list[str]] = {}
    for row in rows:
        out.setdefault(row["visit_id"], []).append(row["record_id"])
    return out


_COUNTS = (
    "hits", "units", "seen", "of", "tenant_seen", "tenant_of", "mailbox_seen", "mailbox_of", "prior_seen", "prior_of",
)  # fmt: skip


def _finding(row: dict[str, Any], reason: Described, records: list[str], without: int) -> dict[str, Any]:
    said = reason.levels[min(row["level"], len(reason.levels)) - 1]
    identity = hashlib.sha256(f"{row['visit_id']} {row['evidence']}".encode()).hexdigest()[:16]
    return {
        "finding_id": identity,
        "act_id": row["visit_id"],
        "evidence": row["evidence"],
        "aspect": row["aspect"],
        "level": row["level"],
        "bits": row["bits"],
        "once_in": bits.once_in(row["bits"]),
        **{name: row[name] for name in _COUNTS},
        "ground": reason.ground,
        "act_bits_without": without,
        "reason": said[0].upper() + said[1:],
        "record_ids": records,
    }


def _summed(
    logged: Spans, case: Case, findings: list[dict[str, Any]], lessened: list[weighing.Without], as_of: datetime
) -> dict[str, Any]:
    """One row of `cases`."""
    ids = {r["act_id"] for r in case.acts}
    mine = [f for f in findings if f["act_id"] in ids]
    began, last = since(case.acts), max(r["last"] for r in case.acts)
    boxes = {(r["tenant_id"], r["box"]) for r in case.acts}
    tenants = {r["tenant_id"] for r in case.acts}
    ongoing = _ongoing(logged, tenants, last, as_of)
    unissued = any(f["evidence"] == "unissued_token" and f["bits"] > 0 for f in mine)
    # a decision makes the case grave, a suspicion worth a look; neither adds a bit to it
    high = case.excess >= 0 or case.decided
    severity = "high" if high else "medium" if case.excess >= -MEDIUM_TENTHS or case.suspected else "low"
    if high and (ongoing or len(boxes) >= 2 or unissued):
        severity = "critical"
    worst = weighing.worst(lessened)
    return {
        "case_id": case.case_id,
        "severity": severity,
        "bits": case.bits,
        "title": _title(boxes, tenants),
        **began,
        "first_access_is": _observed(logged, tenants, began["first_access"]),
        "last_access": last,
        "ongoing": ongoing,
        "bits_without": worst.bits if worst else case.bits,
        "strongest": worst.evidence if worst else None,
        "survives": (worst.excess if worst else case.excess) >= (0 if high else -MEDIUM_TENTHS),
        "stands_on": case.stands_on,
    }


def since(acts: list[dict[str, Any]]) -> dict[str, Any]:
    """When it began: what a session or token alone drew in may be its owner's own, and stands apart."""
    every = min(r["first"] for r in acts)
    first = min((r["first"] for r in acts if not r["lent"]), default=every)
    return {"first_access": first, "either_from": every if every < first else None}


def _title(boxes: set[Any], tenants: set[Any]) -> str:
    def many(n: int, one: str) -> str:
        return (
            f"{n} {one}"
            if n == 1
            else f"{n} {one[:-1] + 'ies' if one.endswith('y') else one + ('es' if one.endswith('x') else 's')}"
        )

    organisations = many(len(tenants), "organisation")
    return f"{many(len(boxes), 'mailbox')} in {organisations} accessed"


def _logged(lake: Lake) -> Spans:
    streams = lake.fetch(lake.read("streams")).to_pylist()
    return {s["tenant_id"]: (s["from"], s["to"]) for s in streams if s["stream"] == "access"}


def _span(logged: Spans, tenants: set[str]) -> tuple[datetime, datetime] | None:
    own = [logged[t] for t in tenants if t in logged]
    return (min(s[0] for s in own), max(s[1] for s in own)) if own else None


def _ongoing(logged: Spans, tenants: set[str], last: datetime, as_of: datetime) -> bool | None:
    if last >= as_of - GOES_ON:
        return True
    span = _span(logged, tenants)
    return False if span and span[1] >= last + SILENT else None


def _observed(logged: Spans, tenants: set[str], first: datetime) -> str:
    """The first access is observed only where the log was there for a while before it."""
    span = _span(logged, tenants)
    return "observed" if span and first >= span[0] + timedelta(days=7) else "no later than"


def _mailboxes(lake: Lake, cases: list[Case], found: Mapping[str, join.Link | None], lines: Lines) -> None:
    rows = []
    for case in cases:
        boxes: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for r in case.acts:
            boxes.setdefault((r["tenant_id"] or "", r["box"]), []).append(r)
        for (_, _), own in sorted(boxes.items()):
            links = [found.get(r["act_id"]) for r in own]
            sure = any(
                (link is None and r["bits"] >= lines.single) or (link and link.bits >= lines.of(link))
                for link, r in zip(links, own)
            )
            rows.append(
                {
                    "case_id": case.case_id,
                    "tenant_id": own[0]["tenant_id"],
                    "mailbox": own[0]["mailbox"],
                    "above_line": sure,
                    **since(own),
                    "last_access": max(r["last"] for r in own),
                }
            )
    _put(lake, "case_mailboxes", rows)
