"""How a case stands, in sentences that need no figures: the way in, how sure it is, how its visits were found.

Why: who reads at night takes the first words for the whole; they must say what is seen, and not the likeliest story. How: what
is seen is counted from the case's acts and findings; each explanation stands beside the others. Misses: who it was.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from brokenseal.report import rarities, words
from brokenseal.report.how import TOKEN
from brokenseal.report.language import Language, language

Row = dict[str, Any]


def way(case: Row, lang: Language | None = None) -> Markup:
    """The way in as far as it is seen; where tokens are of unknown origin, with both explanations."""
    lang = lang or language()
    kind = case["how"]["kind"]
    if kind != TOKEN:
        return lang.say(kind)
    unseen = {a["token_id"] or a["session_id"] for a in case["acts"] if a["link"] == "orphan"} - {None}
    if not unseen:
        return lang.t("tokens of unknown origin; forgery is one explanation, a stolen session or token another")
    return lang.tn(
        "{n} token without a sign-in in these logs; forgery is one explanation, a stolen session or token another",
        "{n} tokens without a sign-in in these logs; forgery is one explanation, a stolen session or token another",
        len(unseen),
    )


def speaking(case: Row, titles: dict[str, str], lang: Language) -> Markup:
    """The reasons that speak for the way in, each with how many visits it holds for. titles: of reasons, by name."""
    names = {f["finding_id"]: f["evidence"] for f in case["findings"]}
    told = []
    for name in dict.fromkeys(names[i] for i in case["how"]["because"] if i in names):
        acts = {f["act_id"] for f in case["findings"] if f["evidence"] == name}
        told.append((len(acts), name))
    return lang.t("; ").join(
        lang.tn(
            "“{title}” in {some} of {n} visit", "“{title}” in {some} of {n} visits", len(case["acts"]),
            title=lang.say(titles.get(name, name)), some=lang.number(count),
        )
        for count, name in sorted(told, key=lambda t: (-t[0], t[1]))
    )  # fmt: skip


def sure(case: Row, lang: Language | None = None, *, brief: bool = False) -> Markup:
    """How sure it is, plainly; figures come after it. brief: the first sentence."""
    lang = lang or language()
    if case["stands_on"] == "a person's word":
        return lang.t("A person said that it was not theirs; what was counted would not carry it alone.")
    if case["stands_on"] is None:
        return lang.t("Not sure: it lies below the line and may be chance. Ask the persons concerned.")
    told = lang.t("Sure enough to act on: nothing so odd is expected by chance in logs of this size.")
    if brief:
        return told
    told += Markup(" ") + lang.t("Who did it, and with what intent, is not known.")
    told += Markup(" ") + (
        lang.t("Its rates come mostly from invented organisations; how often it errs on real ones is not known.")
        if rarities.mostly_borrowed(case)
        else lang.t("How often it errs on real organisations is not known.")
    )
    without = case["weighing"]["without"]
    if not without:
        return told
    if all(r["above_line"] for r in without):
        return told + Markup(" ") + lang.t("It holds whichever one of its reasons is left out.")
    return told + Markup(" ") + lang.t("It does not hold without each one of its reasons: the evidence says which.")


def reaching(acts: list[Row], line_bits: float, lang: Language) -> Markup:
    """How many of these visits reach the line by themselves."""
    above = sum(a["bits"] >= line_bits for a in acts)
    return lang.tn(
        "{above} of {n} visit reaches the line by itself.", "{above} of {n} visits reach the line by themselves.",
        len(acts), above=lang.number(above),
    )  # fmt: skip


def found(case: Row, line_bits: float, lang: Language) -> Markup:
    """How many visits reach the line by themselves, and how many were first found by a link."""
    linked = sum(a["basis"] == "link" for a in case["acts"])
    told = reaching(case["acts"], line_bits, lang)
    if linked:
        told += Markup(" ") + lang.tn(
            "{n} was first found by a link: it shares with the others what benign visits rarely carry. A link "
            "draws a visit in "
            "and adds nothing to the weight of the case.",
            "{n} were first found by a link: they share with the others what benign visits rarely carry. A link "
            "draws a visit in "
            "and adds nothing to the weight of the case.",
            linked,
        )
    return told


def opened_by_shared(case: Row) -> int | None:
    """How many mailboxes of the case the thing opened that its loudest group shares; None where that is not one value."""
    kind, _, value = case["weighing"]["group"]["shared"].partition(" ")
    column = {"address": "ip", "session": "session_id", "token": "token_id"}.get(kind)
    return len({a["mailbox"] for a in case["acts"] if a[column] == value}) if column else None


def since(case: Row, answer: Row, lang: Language) -> Markup:
    """What the date of the first access is worth: when the logs begin, and how many mailboxes were looked at."""
    own = [c for c in answer["coverage"] if c["tenant_id"] in set(case["tenants"]) and c["from"]]
    if not own:
        return Markup("")
    looked = sum(c["mailboxes"] for c in answer["coverage"])
    boxes = {(m["tenant_id"], m["mailbox"]) for c in answer["cases"] for m in c["mailboxes"]}
    return lang.tn(
        "Nothing is known before {begin}, where these logs begin. They hold accesses to {n} mailbox, {rest} of "
        "them in no case.",
        "Nothing is known before {begin}, where these logs begin. They hold accesses to {n} mailboxes, {rest} "
        "of them in no case.",
        looked, begin=lang.day(min(c["from"] for c in own)), rest=lang.number(max(looked - len(boxes), 0)),
    )  # fmt: skip


def last(case: Row, answer: Row, lang: Language) -> Markup:
    """The last access, and whether it went on at the end of the logs."""
    still = words.still(case["ongoing"], answer["as_of"], lang)
    return lang.t("Last access {time}: {still}.", time=lang.time(case["last_access"]), still=still)
