"""What a rarity is made of, in sentences: what was counted in these logs, what was borrowed, and when it is no count at all.

Why: "about once in 12,000" reads like a count of twelve thousand visits; it rests on some hundreds here and on rates that were
measured elsewhere, most of them in invented worlds; and where these logs hold none among few, the rate is the borrowed one and
no other. How: each finding holds both counts, and from them it is said which case holds; a weight beyond all that was counted
is a product, and is said to be one. Misses: whether the borrowed rates hold in this organisation.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from markupsafe import Markup

from brokenseal import bits
from brokenseal.report import words
from brokenseal.report.language import Language, language

FEW = 50
"""Below so many acts of these logs a rarity rests on a handful."""
Row = dict[str, Any]


def what(number: int, unit: str, lang: Language) -> Markup:
    """So many of what a reason counts: three things, and so three words. unit: of the reason."""
    if unit == "relationship":
        return lang.tn("{n} relationship", "{n} relationships", number)
    if unit == "peak":
        return lang.tn("{n} relationship at its oddest visit", "{n} relationships at their oddest visit", number)
    return lang.tn("{n} visit", "{n} visits", number)


def by_sentence(findings: list[Row], lang: Language) -> list[Row]:
    """One row a reason and level: its strongest finding, all its findings, and how many visits they are found in.

    Why by level: of two visits of one reason one may be odd by 16 messages and one by 8; a sentence is said only of those that
    it is true of. Reasons come with the heaviest first, and so do the levels of a reason.
    """
    ordered = sorted(findings, key=lambda f: (-f["bits"], f["finding_id"]))
    first: dict[str, int] = {}
    rows: dict[tuple[str, str], list[Row]] = {}
    for f in ordered:
        first.setdefault(f["evidence"], -f["bits"])
        rows.setdefault((f["evidence"], f["reason"]), []).append(f)
    return [
        {
            "evidence": name,
            "strongest": found[0],
            "weakest": found[-1],
            "visits": len({f["act_id"] for f in found}),
            "findings": found,
            "alike": alike(found, lang),
        }
        for (name, _), found in sorted(rows.items(), key=lambda p: (first[p[0][0]], p[0][0], -p[1][0]["bits"]))
    ]


def weights(row: Row, lang: Language) -> Markup:
    """The bits of a row's findings: from the lowest to the highest where they differ."""
    low, high = (Markup(lang.number(row[end]["bits"] * 1.0)) for end in ("weakest", "strongest"))
    return high if low == high else lang.t("{first} to {last}", first=low, last=high)


def once(row: Row, lang: Language, *, benign: bool = False) -> Markup:
    """The rarities of a row's findings, as `weights` says their bits. benign: where the sentence stands alone."""
    low, high = (words.once(row[end]["once_in"], lang) for end in ("weakest", "strongest"))
    last = words.benign(row["strongest"]["once_in"], lang) if benign else high
    return last if low == high else lang.t("{first} to {last}", first=low, last=last)


def basis(finding: Row, unit: str, lang: Language | None = None) -> Markup:
    """Both parts of a finding's rarity: counted here, and borrowed. unit: what its reason counts."""
    lang = lang or language()
    told = finding["counts"]
    parts = [_counted(told, unit, lang)]
    if told["prior_of"]:
        parts.append(_leaning(told, lang))
    else:
        parts.append(lang.t("Nothing was borrowed from elsewhere."))
    if round(finding["bits"] * bits.TENTHS) >= bits.ceiling(told["of"] + told["prior_of"]):
        parts.append(lang.t("No figure may exceed twice what was counted in both; this one lies at that bound."))
    return Markup(" ").join(parts)


def is_borrowed(told: Row) -> bool:
    """Whether a rate is the shipped one unchanged: these logs hold none, and are too few to lower it. told: the counts.

    So `bits.smoothed` has it: what was never seen lowers a rate to half an act among its own, and no further.
    """
    if not told["prior_of"] or told["seen"]:
        return False
    shipped = (told["prior_seen"] + bits.HALF) / (told["prior_of"] + 1)
    return bool(bits.HALF / (told["of"] + 1) >= shipped)


def _counted(told: Row, unit: str, lang: Language) -> Markup:
    """What these logs hold; a handful is called one."""
    if is_borrowed(told):
        return lang.t(
            "In these logs none of {of}, too few to lower the rate; what is doubted is left out.",
            of=what(told["of"], unit, lang),
        )
    counted = lang.t(
        "Counted in these logs: {seen} of {of} are as odd; what is doubted is left out.",
        seen=lang.number(told["seen"]),
        of=what(told["of"], unit, lang),
    )
    return counted + Markup(" ") + lang.t("That is a handful.") if told["of"] < FEW else counted


def _leaning(told: Row, lang: Language) -> Markup:
    """How the shipped rate enters: as it is, or as so many acts beside those of these logs."""
    shipped = {"seen": lang.number(told["prior_seen"]), "of": lang.number(told["prior_of"])}
    if is_borrowed(told):
        return lang.t(
            "The rate is the borrowed one: {seen} of {of} in the rates that ship with brokenseal, most of them from invented "
            "organisations.",
            **shipped,
        )
    return lang.t(
        "Borrowed from rates that ship with brokenseal, most of them from invented worlds: {seen} of {of}, which weigh as "
        "much as {weight} of these.",
        **shipped,
        weight=lang.number(min(bits.PRIOR_ACTS, told["prior_of"] + 1)),
    )


def mostly_borrowed(case: Row) -> bool:
    """Whether half the reasons of a case or more rest, where they weigh most, on a borrowed rate unchanged."""
    strongest: dict[str, Row] = {}
    for f in case["findings"]:
        if f["evidence"] not in strongest or f["bits"] > strongest[f["evidence"]]["bits"]:
            strongest[f["evidence"]] = f
    borrowed = sum(is_borrowed(f["counts"]) for f in strongest.values())
    return bool(borrowed) and 2 * borrowed >= len(strongest)


def brief(finding: Row, unit: str, lang: Language) -> Markup:
    """Both parts in few words, where the page has said before what is borrowed."""
    told = finding["counts"]
    here = lang.t("{seen} of {of} here", seen=lang.number(told["seen"]), of=what(told["of"], unit, lang))
    if not told["prior_of"]:
        return here
    shipped = {"seen": lang.number(told["prior_seen"]), "of": lang.number(told["prior_of"])}
    if is_borrowed(told):
        return lang.t("{here}, too few: the rate is the borrowed one, {seen} of {of}", here=here, **shipped)
    return lang.t("{here}, {seen} of {of} borrowed", here=here, **shipped)


def alike(findings: list[Row], lang: Language | None = None) -> Markup:
    """In how many of the visits like it each visit's finding holds, as ranges; nothing where none came again.

    findings: of one sentence. Visits like one are those of the same person to the same mailbox, from the same network, with the
    same client.
    """
    lang = lang or language()
    found = Counter((f["counts"]["hits"], f["counts"]["units"]) for f in findings)
    if not any(units > 1 for _, units in found):
        return Markup("")
    rows = [
        lang.tn(
            "{hits} of {units} for {n} visit", "{hits} of {units} for {n} visits", count,
            hits=lang.number(hits), units=lang.number(units),
        )
        for (hits, units), count in sorted(found.items(), key=lambda p: (p[0][1], p[0][0]))
    ]  # fmt: skip
    return lang.t(
        "Of the visits of the same person to the same mailbox, from the same network and with the same client, "
        "so many are so: "
        "{rows}.",
        rows=lang.t("; ").join(rows),
    )


def product(case: Row, lang: Language | None = None) -> Markup:
    """What a rarity beyond all that was counted is: a product. Nothing where so many acts were counted."""
    lang = lang or language()
    counted = [f["counts"] for f in case["findings"]]
    most = max((c["of"] + c["prior_of"] for c in counted), default=0)
    if not most or case["bits"] <= math.log2(2 * most):
        return Markup("")
    few = min(c["of"] for c in counted)
    return lang.t(
        "Nobody counted so many acts: the figure multiplies rarities that are taken to be independent, each "
        "counted on at most "
        "{most} acts and some on no more than {few} of these logs. Take it for “very rare”, not for a count.",
        most=lang.number(most), few=lang.number(few),
    )  # fmt: skip
