"""How they got in, as far as the evidence says, and what else it could be.

A kind is decided by the reasons that weigh most over the acts of a case; other kinds that have any weight, and every
innocent explanation of the reasons found, stand beside it with what speaks against them and what would decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from brokenseal import bits
from brokenseal.report.words import many

TOKEN = "token of unknown origin"
"""Named by what is seen: whether it was forged or stolen no log of mailboxes and sign-ins can tell."""
KINDS = {
    TOKEN: ("foreign_session", "foreign_token", "token_shape", "token_time", "unissued_token"),
    "session or token used elsewhere": ("shared_session", "shared_agent"),
    "delegate or application": ("new_actor",),
    "mail client synchronising": ("folder_sync",),
}
"""What each reason speaks for; reasons of network, client and volume speak for none."""
DECIDES = {
    TOKEN: "the provider's own record of the token ids: were they ever issued, and with which key?",
    "session or token used elsewhere": "the sign-in that opened the session; whether the person knows the other device",
    "delegate or application": "the mailbox's permissions and the organisation's consents, and who granted them when",
    "mail client synchronising": "the device register, and where the person was",
}
UNITS = {"visit": "visits", "relationship": "relationships", "peak": "relationships at their oddest visit"}
"""What a reason counts: three things, and so three words."""
LATE = timedelta(hours=72)
"""A sign-in that is late by more is not to be waited for."""
WEIGHS_TENTHS = 30
"""Below three bits a reason decides nothing about the kind."""
Row = Mapping[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Lines:
    """The lines in tenths of a bit: for single acts, and for groups of acts."""

    single: int
    group: int


def how(case: Row, findings: Sequence[Row], lines: Lines, reasons: Reasons) -> dict[str, Any]:
    """The contract's `how` of one case. findings: rows of the table, of the case's acts.

    case: its row, and of its acts `heaviest` (tenths of the heaviest), `visits`, `orphans`, `token_ids`, `odd_token_ids`;
    `logs`: of the sign-ins of its organisations `from`, `to` and the names of the `streams`, where any are held; `left`: what
    is left of its heaviest visit at most, in tenths, without network, client and tokens. A finding may name its `organisation`.
    """
    weights = {kind: _weight(findings, names) for kind, names in KINDS.items()}
    heaviest = max(weights, key=lambda k: weights[k])
    kind = heaviest if weights[heaviest] else "unknown"
    names = KINDS.get(kind, tuple(sorted({f["evidence"] for f in findings})))
    strongest = {name: _strongest(findings, name) for name in names}
    return {
        "kind": kind,
        "because": sorted(f["finding_id"] for f in strongest.values() if f),
        "alternatives": [
            *(_origins(case, findings) if kind == TOKEN else ()),
            *_other_kinds(findings, kind, weights),
            _chance(case, findings, lines, reasons),
            *_at_once(case, lines),
            *_innocent(case, findings, reasons),
        ],
    }


def _origins(case: Row, findings: Sequence[Row]) -> list[dict[str, str]]:
    """How somebody comes by tokens of which the logs show no sign-in: both ways, since each has doors of its own."""
    visits, orphans = case["visits"], case["orphans"]
    shared = len({f["act_id"] for f in findings if f["evidence"] == "foreign_session"})
    others = (
        f" In {shared:,} of {visits:,} visits the session or token acted for others than its own person: one that was stolen "
        "acts for whom it was stolen from."
    )
    like = case["token_ids"] - case["odd_token_ids"]
    return [
        {
            "kind": "tokens forged with a key that the provider or the organisation trusts",
            "against": f"{like:,} of {case['token_ids']:,} token ids have the shape and ending of the provider's own: a forger "
            "must know how they end.",
            "would_decide": DECIDES[TOKEN],
        },
        {
            "kind": "a stolen session or token, used from elsewhere",
            "against": f"In {orphans:,} of {visits:,} visits neither the token nor its session appears in a sign-in of these "
            "logs. A stolen one has a sign-in, unless that was before the logs begin, or was not exported."
            + (others if shared else ""),
            "would_decide": "the provider's own sign-ins for the session ids; the devices and browsers of these persons",
        },
    ]


def _strongest(findings: Sequence[Row], evidence: str) -> Row | None:
    own = [f for f in findings if f["evidence"] == evidence]
    return min(own, key=lambda f: (-f["bits"], f["finding_id"])) if own else None


def _weight(findings: Sequence[Row], names: tuple[str, ...]) -> int:
    """Sum over acts of the heaviest finding that speaks for a kind, in tenths."""
    per_act: dict[str, int] = {}
    for f in findings:
        if f["evidence"] in names and f["bits"] >= WEIGHS_TENTHS:
            per_act[f["act_id"]] = max(per_act.get(f["act_id"], 0), f["bits"])
    return sum(per_act.values())


def _other_kinds(findings: Sequence[Row], chosen: str, weights: dict[str, int]) -> list[dict[str, str]]:
    out = []
    for kind in KINDS:
        if kind == chosen or not weights[kind]:
            continue
        acts = {f["act_id"] for f in findings if f["evidence"] in KINDS[kind] and f["bits"] >= WEIGHS_TENTHS}
        against = f"Evidence for it lies in {many(len(acts), 'visit')}, and weighs less in all than that for: {chosen}."
        out.append({"kind": kind, "against": against, "would_decide": DECIDES[kind]})
    return out


def _chance(case: Row, findings: Sequence[Row], lines: Lines, reasons: Reasons) -> dict[str, str]:
    """Nobody at all: and how much of the case hangs on one reason. case: `heaviest` is what its heaviest act weighs."""
    weighs = (
        f"The case weighs {bits.shown(case['bits'])} bits, the line for one visit lies at {bits.shown(lines.single)}"
    )
    if case["bits"] > case["heaviest"]:
        weighs += f", for a group of visits that share something rare at {bits.shown(lines.group)}"
    weighs += "."
    if case["stands_on"] == "a person's word":
        weighs += " It stands on a person's word, and not on its weight."
        findings = []
    strongest = case["strongest"] if findings else None
    if strongest is not None:
        title = _said(reasons, strongest).get("title", strongest)
        stays = "it survives" if case["survives"] else "it does not survive"
        weighs += (
            f" Without the reason whose absence costs most, {title[0].lower() + title[1:]}, it weighs "
            f"{bits.shown(case['bits_without'])} bits: {stays}."
        )
    return {
        "kind": "benign acts that look odd by chance",
        "against": weighs,
        "would_decide": "the persons whose mailboxes these are, asked by telephone: was that you?",
    }


def _at_once(case: Row, lines: Lines) -> list[dict[str, str]]:
    """One innocent cause behind several reasons at once, which no reason left out by itself stands for."""
    if case.get("left") is None:
        return []
    enough = case["left"] < lines.single
    against = (
        "Without all reasons of network, client and tokens at once its heaviest visit weighs "
        f"{bits.shown(case['left'])} bits at most, and the line for one visit lies at {bits.shown(lines.single)}."
    )
    against += (
        " Such a cause alone would be enough, and no weight speaks against it."
        if enough
        else " Even then it stays above the line."
    )
    return [
        {
            "kind": "one new service or proxy that explains network, client and tokens at once",
            "against": against,
            "would_decide": "who runs these networks, and whether anybody put a service or a proxy to use on the first day",
        }
    ]


def _late(case: Row) -> str:
    days = (case["logs"]["to"] - case["first_access"]).days
    hours = round(LATE / timedelta(hours=1))
    if case["logs"]["to"] - case["first_access"] > LATE:
        return (
            f"Its first visit lies {many(days, 'day')} before the end of the sign-ins handed over; a sign-in is late by hours, "
            f"and seldom by more than {hours}."
        )
    return f"Nothing: its visits lie within {hours} hours of the end of the sign-ins handed over."


def _older(case: Row) -> str:
    days = (case["first_access"] - case["logs"]["from"]).days
    return (
        f"Its first visit lies {many(days, 'day')} after the beginning of the sign-ins handed over: a session would have to be "
        "older than that, and tokens live for hours and are issued anew."
    )


def _unexported(case: Row) -> str:
    return f"These streams of sign-ins were handed over: {', '.join(case['logs']['streams'])}."


OWN: Mapping[str, Callable[[Row], str]] = {
    "a sign-in stream was not exported, or lost records": _unexported,
    "a sign-in that arrives late": _late,
    "a session older than the logs": _older,
}
"""Explanations of a missing sign-in, on which the reach of the logs bears, and not how rare it is."""


def _innocent(case: Row, findings: Sequence[Row], reasons: Reasons) -> list[dict[str, str]]:
    """Every innocent explanation of the reasons found, the strongest reason's first."""
    strongest = [f for name in {f["evidence"] for f in findings} if (f := _strongest(findings, name))]
    out: dict[str, dict[str, str]] = {}
    for finding in sorted(strongest, key=lambda f: (-f["bits"], f["evidence"])):
        for kind, decides in _said(reasons, finding["evidence"]).get("benign", ()):
            own = OWN.get(kind) if case.get("logs") else None
            against = own(case) if own else _against(finding, reasons)
            out.setdefault(kind, {"kind": kind, "against": against, "would_decide": decides})
    return list(out.values())


def _against(finding: Row, reasons: Reasons) -> str:
    """How often benign acts are as odd."""
    reason = _said(reasons, finding["evidence"])
    title, counted = reason.get("title", finding["evidence"]), UNITS[reason.get("unit", "visit")]
    where = finding.get("organisation") or "this organisation"
    if not finding["of"]:
        return f"{title}: nothing of its kind was there to compare with."
    return (
        f"{title}: of {finding['tenant_of']:,} {counted} in {where} that nobody doubts, "
        f"{finding['tenant_seen']:,} are as odd as this or odder; of {finding['of']:,} in all organisations, "
        f"{finding['seen']:,} are."
    )


def _said(reasons: Reasons, name: str) -> Mapping[str, Any]:
    return reasons.get(name, {})
