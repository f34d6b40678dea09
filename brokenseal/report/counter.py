"""What the same logs hold that bears on a case, for or against it, beside its evidence.

Why: a reason says "the provider writes a sign-in for each token", and a table further down shows programs for which it writes
none; who finds that by himself trusts nothing more. How: what the answer counted of the case's visits and of all others of
their kind is said in sentences; each says what it speaks for. Misses: what nobody counted.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from brokenseal.report.language import Language
from brokenseal.report.visible import visible

UNISSUED = "unissued_token"
MOST_NAMED = 5
RARELY = 2
"""Of a kind of client whose visits are linked less often than once in so many, an orphan says little."""
Row = dict[str, Any]


def counter(case: Row, answer: Row, lang: Language) -> list[Markup]:
    """Sentences; none where every visit of the case that could be linked is."""
    if not any(k["orphans"] for k in case["counter"]["kinds"]):
        return []
    return [*_linking(case, lang), *_others(case, answer, lang), *_unlinked(case, answer, lang), *_endings(case, lang)]


def _linking(case: Row, lang: Language) -> list[Markup]:
    kinds = case["counter"]["kinds"]
    acts, others = sum(k["acts"] for k in kinds), sum(k["others"] for k in kinds)
    told = lang.tn(
        "No sign-in in these logs issued the token or session of {orphans} of the {n} visit of this case that could be linked. "
        "Of {others} other visits with the same kinds of client in the same organisations, {linked} are linked to a sign-in.",
        "No sign-in in these logs issued the token or session of {orphans} of the {n} visits of this case that could be linked. "
        "Of {others} other visits with the same kinds of client in the same organisations, {linked} are linked to a sign-in.",
        acts, orphans=lang.number(sum(k["orphans"] for k in kinds)), others=lang.number(others),
        linked=lang.number(sum(k["others_linked"] for k in kinds)),
    )  # fmt: skip
    weak = [k for k in kinds if k["others_linked"] * RARELY < k["others"] or not k["others"]]
    if not weak:
        return [told]
    count = sum(k["acts"] for k in weak)
    against = lang.tn(
        "{n} of them is of a kind whose other visits are linked rarely, or of which there are no others: that it is not linked "
        "says little.",
        "{n} of them are of a kind whose other visits are linked rarely, or of which there are no others: that these are not "
        "linked says little.",
        count,
    )
    return [told, against]


def _others(case: Row, answer: Row, lang: Language) -> list[Markup]:
    """Which others are not linked either, and why the evidence counts fewer than these."""
    kinds = case["counter"]["kinds"]
    unlinked = sum(k["others"] - k["others_linked"] for k in kinds)
    if not sum(k["others"] for k in kinds):
        return []
    told = lang.t(
        "The evidence counts others than these: there visits that share a token or session count once, what is doubted and the "
        "visit's own relationship are left out, and only what is as odd as the case's visits counts as odd."
    )
    if not unlinked:
        return [told]
    ids = [x for x in answer["leads"] if any(f["evidence"] == UNISSUED for f in x["findings"])]
    boxes = sorted({x["mailbox"] for x in ids if x["mailbox"]})
    named = lang.listed(Markup('<bdi class="mono">{}</bdi>').format(visible(b, 100)) for b in boxes[:MOST_NAMED])
    if not boxes:
        return [told, lang.tn(
            "Of the others {n} is not linked to a sign-in; none of the leads is of this kind.",
            "Of the others {n} are not linked to a sign-in; none of the leads is of this kind.",
            unlinked,
        )]  # fmt: skip
    return [told, lang.tn(
        "Of the others {n} is not linked to a sign-in; among the leads visits without a sign-in are those to {boxes}.",
        "Of the others {n} are not linked to a sign-in; among the leads visits without a sign-in are those to {boxes}.",
        unlinked, boxes=named,
    )]  # fmt: skip


def _unlinked(case: Row, answer: Row, lang: Language) -> list[Markup]:
    """Kinds of client of the case's organisations, none of the case's own, whose visits hardly ever link."""
    own = {(k["tenant_id"], k["stratum"]) for k in case["counter"]["kinds"]}
    found: dict[str, list[int]] = {}
    for c in answer["coverage"]:
        for s in c["linkage"] if c["tenant_id"] in case["tenants"] else ():
            if s["linked"] * RARELY < s["visits"] and (c["tenant_id"], s["stratum"]) not in own:
                told = found.setdefault(s["stratum"], [0, 0])
                told[0], told[1] = told[0] + s["visits"], told[1] + s["linked"]
    if not found:
        return []
    name, (visits, linked) = max(found.items(), key=lambda f: (f[1][0], f[0]))
    return [
        lang.tn(
            "The rule that each token has its sign-in does not hold for every program: of {n} other kind of client hardly any "
            "visit is linked ({name}: {linked} of {visits}). An orphan of that kind weighs next to nothing; none of this case "
            "is of it.",
            "The rule that each token has its sign-in does not hold for every program: of {n} other kinds of client hardly any "
            "visit is linked (most visits: {name}, {linked} of {visits}). An orphan of these kinds weighs next to nothing; "
            "none of this case is of them.",
            len(found), name=Markup('<bdi class="mono">{}</bdi>').format(visible(name, 160)), linked=lang.number(linked),
            visits=lang.number(visits),
        )
    ]  # fmt: skip


def _endings(case: Row, lang: Language) -> list[Markup]:
    """Token ids that end as the provider's do, where it is doubted that the provider issued them."""
    ids, odd = case["counter"]["token_ids"], case["counter"]["odd_token_ids"]
    if not ids:
        return []
    if odd == ids:
        return [
            lang.tn(
                "The {n} token id has a shape that the provider has not been seen to issue.",
                "All {n} token ids have a shape that the provider has not been seen to issue.",
                ids,
            )
        ]
    return [
        lang.tn(
            "Against ids made up at random: the {n} token id has the shape and ending of the provider's own. It may have been "
            "issued by the provider, and its sign-in be missing from these logs; or somebody took it from a token that was "
            "issued, or knows how such ids end.",
            "Against ids made up at random: {like} of {n} token ids have the shape and ending of the provider's own, {odd} do "
            "not. Those may have been issued by the provider, and their sign-ins be missing from these logs; or somebody took "
            "them from tokens that were issued, or knows how such ids end.",
            ids, like=lang.number(ids - odd), odd=lang.number(odd),
        )
    ]  # fmt: skip
