"""Gaps as a reader needs them: alike ones together, those that hide most first, and those that every case brings with it apart.

Why: seventy gaps of which sixty are the hour after each visit hide the three that matter. How: kinds have an order, by how
much lies behind them; gaps of one kind with one meaning are said once, with whose they are and when. Misses: how grave a gap
is in a certain case; only a person can say.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from markupsafe import Markup

from brokenseal.report import timeline
from brokenseal.report.language import Language, marked

KINDS = {
    "no-issuance-log": marked("sign-ins that were not handed over"),
    "no-token-ids": marked("records without token ids"),
    "lost-rows": marked("rows that could not be taken in"),
    "short-history": marked("a history too short to know what is ordinary"),
    "unsettled": marked("weighing that did not settle"),
    "short-issuance-log": marked("sign-ins that cover less time than the accesses"),
    "export-ceiling": marked("exports cut at their ceiling"),
    "not-handed-over": marked("files that a custody list names and nobody handed over"),
    "custody-differs": marked("files that differ from what a custody list states"),
    "conflicting-copies": marked("copies of records that disagree"),
    "log-stops": marked("logs of mailboxes that stop"),
    "log-pauses": marked("logs of mailboxes that pause"),
    "log-starts": marked("logs of mailboxes that start late"),
    "lost-hours": marked("hours in which no record came through"),
    "throttled": marked("hours in which the provider held single records back"),
    "untimed": marked("accesses without a time"),
    "sync-only": marked("folders synchronised without naming messages"),
    "expiring": marked("logs not handed over that the provider still has"),
    "expired": marked("logs that begin where the provider's defaults end"),
    "repeats": marked("repeated accesses that the provider does not log"),
}
"""What each kind is called; in order, those behind which a whole reason finds nothing first."""
ORDER = tuple(KINDS)
ATTENDING = frozenset({"repeats"})
"""What comes with every visit of a case, and hides nothing but how often a message was opened again."""
Row = dict[str, Any]


def named(kind: str, lang: Language) -> Markup:
    """What a kind is called; one that this version does not know by its own name."""
    return lang.t(KINDS[kind]) if kind in KINDS else lang.say(kind)


def place(kind: str) -> tuple[bool, int, str]:
    """Where a kind stands among the others."""
    return kind in ATTENDING, ORDER.index(kind) if kind in ORDER else len(ORDER), kind


def by_kind(gaps: Iterable[Row], span: timeline.Axis) -> list[Row]:
    """One entry a kind: its gaps, their windows on the axis, and `alike`: a meaning with the gaps that it is said of."""
    out = []
    for kind, own in groupby(sorted(gaps, key=lambda g: place(g["kind"])), key=lambda g: g["kind"]):
        rows = [{**g, "place": span.window(g["from"], g["to"]) if g["from"] or g["to"] else None} for g in own]
        out.append(
            {
                "kind": kind,
                "rows": rows,
                "windows": timeline.windows(rows, span),
                "before": timeline.before(rows, span),
                "alike": alike(rows),
            }
        )
    return out


def alike(gaps: Iterable[Row]) -> list[Row]:
    """Meanings, the most important kind first, each with the gaps that it is said of."""
    told: dict[str, list[Row]] = {}
    for g in sorted(gaps, key=lambda g: place(g["kind"])):
        told.setdefault(g["meaning"], []).append(g)
    return [{"meaning": meaning, "kind": rows[0]["kind"], "rows": rows} for meaning, rows in told.items()]


def counted(gaps: list[Row], lang: Language, *, brief: bool = False) -> Markup:
    """How many gaps there are, by kind, and apart from these how many come with every visit. brief: without the kinds."""
    with_visits = sum(g["kind"] in ATTENDING for g in gaps)
    kinds = sorted({g["kind"] for g in gaps} - ATTENDING, key=place)
    told = lang.listed(
        lang.t("{kind} ({n})", kind=named(k, lang), n=lang.number(sum(g["kind"] == k for g in gaps))) for k in kinds
    )
    parts = []
    if kinds and brief:
        parts.append(lang.tn("{n} gap in the logs", "{n} gaps in the logs", len(gaps) - with_visits))
    elif kinds:
        parts.append(
            lang.tn(
                "{n} gap in the logs: {kinds}", "{n} gaps in the logs: {kinds}", len(gaps) - with_visits, kinds=told
            )
        )
    if with_visits:
        parts.append(
            lang.tn(
                "within the hour after a visit repeats of the same message are not logged: {n} such time is listed, after visits "
                "of cases, of the same persons to mailboxes of others, and of those whom leads name",
                "within the hour after a visit repeats of the same message are not logged: {n} such times are listed, after "
                "visits of cases, of the same persons to mailboxes of others, and of those whom leads name",
                with_visits,
            )
        )
    return lang.t("{first}. Besides, {second}", first=parts[0], second=parts[1]) if len(parts) > 1 else parts[0]
