"""How they got in, as far as the evidence says, and what else it could be.

A kind is decided by the reasons that weigh most over the acts of a case; other kinds that have any weight, and every
innocent explanation of the reasons found, stand beside it with what speaks against them and what would decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brokenseal import bits
from brokenseal.report.words import many

TOKEN = "token of unknown origin"
"""Named by what is seen: whether it was forged or stolen no log of mailboxes and sign-ins can tell."""
KINDS = {
    TOKEN: ("foreign_session", "foreign_token", "token_shape", "token_time", "unissued_token"),
    "session or token used elsewhere": ("shared_session",),
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

    case: its row, and of its acts `heaviest` (tenths of the heaviest), `visits`, `orphans`, `token_ids`, `odd_token_ids`.
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
            *_innocent(findings, reasons),
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
    """Nobody at all: and how much of the case hangs on its strongest reason. case: `heaviest` is what its heaviest act weighs."""
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
            f" Without its strongest reason, {title[0].lower() + title[1:]}, it weighs "
            f"{bits.shown(case['bits_without'])} bits: {stays}."
        )
    return {
        "kind": "benign acts that look odd by chance",
        "against": weighs,
        "would_decide": "the persons whose mailboxes these are, asked by telephone: was that you?",
    }


def _innocent(findings: Sequence[Row], reasons: Reasons) -> list[dict[str, str]]:
    """Every innocent explanation of the reasons found, the strongest reason's first."""
    strongest = [f for name in {f["evidence"] for f in findings} if (f := _strongest(findings, name))]
    out: dict[str, dict[str, str]] = {}
    for finding in sorted(strongest, key=lambda f: (-f["bits"], f["evidence"])):
        for kind, decides in _said(reasons, finding["evidence"]).get("benign", ()):
            against = _against(finding, reasons)
            out.setdefault(kind, {"kind": kind, "against": against, "would_decide": decides})
    return list(out.values())


def _against(finding: Row, reasons: Reasons) -> str:
    """How often benign acts are as odd."""
    reason = _said(reasons, finding["evidence"])
    title, counted = reason.get("title", finding["evidence"]), UNITS[reason.get("unit", "visit")]
    if not finding["of"]:
        return f"{title}: nothing of its kind was there to compare with."
    return (
        f"{title}: of {finding['tenant_of']:,} {counted} in this organisation that nobody doubts, "
        f"{finding['tenant_seen']:,} are as odd as this or odder; of {finding['of']:,} in all organisations, "
        f"{finding['seen']:,} are."
    )


def _said(reasons: Reasons, name: str) -> Mapping[str, Any]:
    return reasons.get(name, {})
