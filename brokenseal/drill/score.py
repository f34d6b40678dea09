"""An answer against the truth: what was found, who was wrongly accused, what no log shows and whether the answer says so.

What counts as accused is a case that would wake somebody: high or critical. A robbed mailbox counts as found only where
such a case holds a hostile record of it, not where it stands in one for another reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brokenseal.drill.silence import REPEAT_SECONDS

Row = dict[str, Any]
LOUD = ("critical", "high")
OF_OTHER_THINGS = (
    "conflicting-copies", "custody-differs", "expired", "expiring", "no-issuance-log", "no-token-ids", "not-handed-over",
    "short-history", "short-issuance-log", "sync-only", "unsettled", "untimed",
)  # fmt: skip
"""Kinds of gaps that speak of something else than accesses missing from the window: of tokens, history, folders, files.
All others say that accesses may be missing."""
Box = tuple[str, str]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Found:
    """The loud cases of an answer, and what of them is hostile."""

    cases: list[Row]
    hostile: Mapping[str, Row]
    """Record id to its row of the truth."""

    def records(self, case: Row) -> list[Row]:
        """The hostile accesses that a case holds."""
        held = {i for m in case["mailboxes"] for i in m["record_ids"]} & set(self.hostile)
        return [self.hostile[i] for i in sorted(held)]


def score(answer: Row, truth: Row) -> Row:
    """The score of one answer. Both as their JSON; the score is plain data too, described in docs/drill.md."""
    found = Found([c for c in answer["cases"] if c["severity"] in LOUD], {r["record_id"]: r for r in truth["logged"]})
    return {
        "verdict": answer["verdict"],
        "mailboxes": _mailboxes(found, truth),
        "organisations": _organisations(found, truth),
        "accused": _accused(found, truth),
        **_listed(found, truth),
        "cases": _cases(found, truth),
        "first_access": _first_access(found, truth),
        "first_lead": _first_lead(answer, found, truth),
        **_unlogged(answer, truth),
    }


def _boxes(found: Found) -> set[Box]:
    """Robbed mailboxes that a loud case holds a hostile record of."""
    return {(r["tenant_id"], r["mailbox"]) for case in found.cases for r in found.records(case)}


def _robbed(truth: Row) -> set[Box]:
    return {(r["tenant_id"], r["mailbox"]) for r in truth["logged"]}


def _mailboxes(found: Found, truth: Row) -> Row:
    robbed, boxes = _robbed(truth), _boxes(found)
    return {"of": len(robbed), "found": len(boxes), "missed": sorted(m for _, m in robbed - boxes)}


def _organisations(found: Found, truth: Row) -> Row:
    robbed, seen = ({t for t, _ in some} for some in (_robbed(truth), _boxes(found)))
    return {"of": len(robbed), "found": len(seen)}


def _accused(found: Found, truth: Row) -> Row:
    """Mailboxes in loud cases, and those of them that no intruder touched, logged or not."""
    touched = _robbed(truth) | {(r["tenant_id"], r["mailbox"]) for r in truth["unlogged"]}
    accused = {(m["tenant_id"], m["mailbox"]) for c in found.cases for m in c["mailboxes"]}
    return {"all": len(accused), "wrong": sorted(m for _, m in accused - touched)}


def _listed(found: Found, truth: Row) -> Row:
    """Messages and folders: found of all that the logs show; and messages said to be the intruder's which are not."""
    really = {(r["tenant_id"], r["mailbox"], m) for r in truth["logged"] for m in r["message_ids"]}
    folders = {(r["tenant_id"], r["mailbox"], r["folder"]) for r in truth["logged"] if r["folder"]}
    own = [(c, m) for c in found.cases for m in c["mailboxes"]]
    told = {(m["tenant_id"], m["mailbox"], i["message_id"]): i["by"] for _, m in own for i in m["messages"]}
    whole = {(m["tenant_id"], m["mailbox"], f["folder"]) for _, m in own for f in m["folders"]}
    blamed = {key for key, by in told.items() if by == "intruder"}
    return {
        "messages": {"of": len(really), "found": len(really & set(told)), "listed": len(told),
                     "blamed": len(blamed), "wrong": len(blamed - really)},
        "folders": {"of": len(folders), "found": len(folders & whole), "wrong": len(whole - folders)},
    }  # fmt: skip


def _cases(found: Found, truth: Row) -> Row:
    """How many loud cases hold hostile records, the most that one campaign fell into, and those that hold none."""
    by_campaign: dict[str, set[str]] = {}
    false = 0
    for case in found.cases:
        held = {r["campaign"] for r in found.records(case)}
        false += not held
        for campaign in held:
            by_campaign.setdefault(campaign, set()).add(case["case_id"])
    hostile = len({i for ids in by_campaign.values() for i in ids})
    return {
        "loud": len(found.cases), "hostile": hostile, "false": false,
        "campaigns": len({r["campaign"] for r in truth["logged"]}),
        "most_a_campaign": max((len(ids) for ids in by_campaign.values()), default=0),
    }  # fmt: skip


def _first_access(found: Found, truth: Row) -> Row:
    """Of found mailboxes, how many have their first logged access right to the minute."""
    really: dict[Box, str] = {}
    for row in truth["logged"]:
        box = (row["tenant_id"], row["mailbox"])
        really[box] = min(really.get(box, row["time"]), row["time"])
    told: dict[Box, str] = {}
    for mailbox in (m for c in found.cases for m in c["mailboxes"]):
        box = (mailbox["tenant_id"], mailbox["mailbox"])
        told[box] = min(told.get(box, mailbox["first_access"]), mailbox["first_access"])
    boxes = _boxes(found)
    return {"of": len(boxes), "right": sum(told[box][:16] == really[box][:16] for box in boxes)}


def _first_lead(answer: Row, found: Found, truth: Row) -> bool:
    """Whether a robbed mailbox stands in a case or is the first lead."""
    robbed = _robbed(truth)
    cases = {(m["tenant_id"], m["mailbox"]) for c in answer["cases"] for m in c["mailboxes"]}
    leads = {m for _, m in robbed} & {lead["mailbox"] for lead in answer["leads"][:1]}
    return bool(robbed & cases) or bool(leads)


# --- what no log shows


def _unlogged(answer: Row, truth: Row) -> Row:
    """Unlogged accesses inside a declared gap; and hours declared against hours truly blind, both per mailbox."""
    gaps = [g for g in answer["gaps"] if g["kind"] not in OF_OTHER_THINGS]
    by_why: dict[str, Row] = {}
    for row in truth["unlogged"]:
        one = by_why.setdefault(row["why"], {"of": 0, "in_gap": 0})
        one["of"] += 1
        one["in_gap"] += any(_covers(gap, row) for gap in gaps)
    begin, end = _window(answer)
    declared = [(g["tenant_id"], g["mailbox"], g["from"] or begin, g["to"] or end) for g in gaps]
    return {
        "unlogged": {
            "of": sum(w["of"] for w in by_why.values()), "in_gap": sum(w["in_gap"] for w in by_why.values()),
            "by_why": {why: by_why[why] for why in sorted(by_why)},
        },
        "gap_hours": {
            "declared": round(_hours(declared, answer), 1), "true": round(_hours(_blind(truth), answer), 1)
        },
    }  # fmt: skip


def _covers(gap: Row, row: Row) -> bool:
    return (
        gap["tenant_id"] in (None, row["tenant_id"])
        and gap["mailbox"] in (None, row["mailbox"])
        and (gap["from"] is None or gap["from"] <= row["time"])
        and (gap["to"] is None or row["time"] <= gap["to"])
    )


def _blind(truth: Row) -> list[tuple[str | None, str | None, str, str]]:
    """When no log would show an access: as the world has it, and the hour after each hostile one, in which a repeat of it
    is silent."""
    spans = [(b["tenant_id"], b["mailbox"], b["from"], b["to"]) for b in truth["blind"]]
    hour = timedelta(seconds=REPEAT_SECONDS)
    for row in truth["logged"]:
        until = (_moment(row["time"]) + hour).strftime("%Y-%m-%dT%H:%M:%SZ")
        spans.append((row["tenant_id"], row["mailbox"], row["time"], until))
    return spans


def _window(answer: Row) -> tuple[str, str]:
    """From the first access to the last, over all organisations."""
    times = [(c["from"], c["to"]) for c in answer["coverage"] if c["from"] and c["to"]]
    return min((t[0] for t in times), default=answer["as_of"]), max((t[1] for t in times), default=answer["as_of"])


def _hours(spans: Iterable[tuple[str | None, str | None, str, str]], answer: Row) -> float:
    """Hours of these spans, times the mailboxes that each speaks of; what overlaps for one mailbox counts once."""
    people = {c["tenant_id"]: c["mailboxes"] for c in answer["coverage"]}
    by_whom: dict[tuple[str | None, str | None], list[Span]] = {}
    for tenant, mailbox, begin, end in spans:
        by_whom.setdefault((tenant, mailbox), []).append((_moment(begin), _moment(end)))
    total = 0.0
    for (tenant, mailbox), own in by_whom.items():
        many = 1 if mailbox else people.get(tenant, 0) if tenant else sum(people.values())
        total += many * _union(own)
    return total


def _union(spans: Sequence[Span]) -> float:
    """Hours that at least one span covers."""
    total, until = timedelta(), datetime.min
    for begin, end in sorted(spans):
        if end > until:
            total += end - max(begin, until)
            until = end
    return total.total_seconds() / 3600


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip("Z"))
