"""The chain of events, and the questions that an organisation asks, each answered or "cannot tell, because".

Why: an unanswered question that is not named is taken for a good answer. How: every sentence is made of the answer's own
figures; what the answer does not hold is said to be unknown, with the reason. Misses: what only a person can know.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from brokenseal.report import advice, blind, standing, words
from brokenseal.report.doors import whole
from brokenseal.report.language import Language, marked

QUESTIONS = (
    marked("Who got in, and how?"),
    marked("Since when at the latest, and are they still there?"),
    marked("Which organisations, which mailboxes, which messages?"),
    marked("What did they do there, and what did they learn?"),
    marked("What can the logs not tell, and why?"),
    marked("Who must be told, what, and by when?"),
    marked("Which doors must be shut, and are they shut now?"),
    marked("Would it have been noticed sooner, and how soon the next time?"),
)
NOTICED = marked("Would an intruder be noticed, and how soon?")
"""The last question, where there is nothing that could have been noticed sooner."""
Row = dict[str, Any]
Said = list[Row]
"""Sentences, each with `cannot`: whether it says that something cannot be told."""


def questions(answer: Row, lang: Language, titles: dict[str, str]) -> list[Row]:
    """Each question with its sentences. titles: of the reasons, by name."""
    answers = (lambda a, x: _who(a, x, titles), _since, _which, _did, _blind, _told, _doors, _sooner)
    asked = QUESTIONS if answer["cases"] else (*QUESTIONS[:-1], NOTICED)
    return [{"question": lang.t(q), "said": make(answer, lang)} for q, make in zip(asked, answers)]


def _yes(text: Markup) -> Row:
    return {"text": text, "cannot": False, "orphan": False}


def _no(text: Markup) -> Row:
    return {"text": text, "cannot": True}


def _of(number: int, answer: Row, lang: Language) -> Markup:
    """Which case a sentence speaks of, where there are several."""
    return lang.t("Case {n}:", n=lang.number(number)) + Markup(" ") if len(answer["cases"]) > 1 else Markup("")


def _no_case(answer: Row, lang: Language) -> Said:
    """What is said where there is no case."""
    if answer["verdict"] == "cannot tell":
        return [_no(lang.t("because these logs do not suffice: the gaps say what is missing."))]
    return [_yes(advice.unreached(answer, lang))]


def _who(answer: Row, lang: Language, titles: dict[str, str]) -> Said:
    out = []
    for n, case in enumerate(answer["cases"], start=1):
        of = _of(n, answer, lang)
        if case["how"]["kind"] == "unknown":
            out.append(_no(of + lang.t("how they got in, because no reason found speaks for one way in.")))
            continue
        said = lang.t("What is seen: {way}.", way=standing.way(case, lang))
        speaks = lang.t("It rests on: {reasons}.", reasons=standing.speaking(case, titles, lang))
        out.append(_yes(of + said + Markup(" ") + speaks))
    if not out:
        return _no_case(answer, lang)
    who = lang.t("who it was, because a log holds addresses, clients and tokens, and no persons: see the indicators.")
    return [*out, _no(who)]


def _since(answer: Row, lang: Language) -> Said:
    out = []
    for n, case in enumerate(answer["cases"], start=1):
        of, when = _of(n, answer, lang), lang.time(case["first_access"])
        if case["first_access_is"] == "observed":
            said = lang.t("Since {time}, the first access in the log.", time=when)
        else:
            said = lang.t(
                "No later than {time}; whether earlier cannot be told, because the log begins too late.", time=when
            )
        out.append(_yes(of + said + Markup(" ") + standing.since(case, answer, lang)))
        last = of + standing.last(case, answer, lang)
        out.append(_no(last) if case["ongoing"] is None else _yes(last))
    return out or _no_case(answer, lang)


def _which(answer: Row, lang: Language) -> Said:
    out = []
    for n, case in enumerate(answer["cases"], start=1):
        said = lang.t(
            "{mailboxes} in {organisations}, {accessed}.",
            mailboxes=words.mailboxes(len(case["mailboxes"]), lang),
            organisations=words.organisations(len({m["tenant_id"] for m in case["mailboxes"]}), lang),
            accessed=words.accessed(case, lang),
        )
        out.append(_yes(_of(n, answer, lang) + said))
    if not out:
        return _no_case(answer, lang)
    inside = {(m["tenant_id"], m["mailbox"]) for c in answer["cases"] for m in c["mailboxes"]}
    rest = sum(c["mailboxes"] for c in answer["coverage"]) - len(inside)
    if rest > 0:
        others = lang.tn(
            "No visit to the {n} other mailbox of these logs reached the line; that is no proof that nobody was there.",
            "No visit to the {n} other mailboxes of these logs reached the line; that is no proof that nobody was there.",
            rest,
        )
        out.append(_yes(others))
    return [*out, _no(lang.t("what was accessed in mailboxes of which these logs hold no access: see the coverage."))]


def _did(answer: Row, lang: Language) -> Said:
    if not answer["cases"]:
        return _no_case(answer, lang)
    out = []
    for n, case in enumerate(answer["cases"], start=1):
        of = _of(n, answer, lang)
        if case["aim"]:
            out.append(_yes(of + lang.t("Aim: {aim}.", aim=lang.say(case["aim"]))))
        deeds = [a for a in case["acts"] if a["kind"] in ("change", "deed")]
        if deeds:
            out.append(
                _yes(
                    of
                    + lang.tn(
                        "{n} change or deed stands in the chain.",
                        "{n} changes or deeds stand in the chain.",
                        len(deeds),
                    )
                )
            )
    if not out:
        out.append(
            _no(lang.t("what else they did, because this answer holds visits to mailboxes, and no change or deed."))
        )
    learnt = lang.t(
        "what they learned, because the log names messages and holds no word of them: the mail itself must be "
        "looked at."
    )
    return [*out, _no(learnt)]


def _blind(answer: Row, lang: Language) -> Said:
    if not answer["gaps"]:
        return [_no(lang.t("what was never logged; no gap was noticed in what was handed over."))]
    return [_yes(lang.t("{gaps}: each with its reason, below.", gaps=blind.counted(answer["gaps"], lang)))]


PARTIES = (
    marked("The owners of these mailboxes: always, each by the dossier of the mailbox."),
    marked(
        "Whoever wrote or was written to: if the messages name them, or hold what can hurt them; somebody must "
        "look at the mail."
    ),
    marked(
        "The data protection authority: if personal data were accessed, which mail nearly always holds. In the "
        "European Union "
        "within 72 hours of knowing, and the persons concerned too where their risk is high."
    ),
    marked(
        "The authority of the sector, and the one for the security of networks: if the organisation must report "
        "incidents there."
    ),
    marked("The provider: always, with the numbered questions below."),
    marked("The insurer: if a policy covers it; mostly before money is spent."),
    marked("The police: as the head of the organisation decides, and before devices are wiped."),
)
"""Who may have to be told, each with what decides it."""


def _told(answer: Row, lang: Language) -> Said:
    if not answer["cases"]:
        return _no_case(answer, lang)
    tenants = {m["tenant_id"] for c in answer["cases"] for m in c["mailboxes"]}
    boxes = {(m["tenant_id"], m["mailbox"]) for c in answer["cases"] for m in c["mailboxes"]}
    said = lang.t(
        "At least the {mailboxes} of {organisations}; each has a dossier that names no other. To hand over one "
        "alone: choose its "
        "name in the timeline, then “this dossier alone”, and print; what is printed then holds that one and no "
        "other name.",
        mailboxes=words.mailboxes(len(boxes), lang),
        organisations=words.organisations(len(tenants), lang),
    )
    law = lang.t(
        "by when, because that hangs on the law of the place and on what the messages say; the clock may already run."
    )
    silent = [
        _no(lang.t("whether the owners of these must be told too.") + Markup(" ") + s)
        for s in advice.stopped(answer, lang)
    ]
    return [_yes(said), *silent, *(_yes(lang.t(p)) for p in PARTIES), _no(law)]


def _doors(answer: Row, lang: Language) -> Said:
    shut = lang.t("whether they are shut now, because no export of the present settings is part of this answer.")
    if not answer["cases"]:
        return [*_no_case(answer, lang), _no(shut)]
    known = advice.doors(answer, lang)
    if not known:
        return [_yes(lang.t("None is known before the persons concerned have been asked.")), _no(shut)]
    order = lang.t(
        "In which order, where, how and by whom stands under “{doors}”: what shows them is saved first, which takes minutes.",
        doors=advice.listed(lang),
    )
    return [*(_yes(d) for d in known), _yes(order), _no(shut)]


def _sooner(answer: Row, lang: Language) -> Said:
    often = _code("brokenseal investigate NEW --lake LAKE --out answer")
    drill = _code("brokenseal drill score")
    if not answer["cases"]:
        told = lang.t(
            "If it reaches the line, as soon as new logs are taken in and judged, by {often}. In invented organisations {drill} "
            "counts after how many visits an intruder is noticed.",
            often=often, drill=drill,
        )  # fmt: skip
        return [_yes(told), _no(lang.t("what lies below the line: it is not noticed at all, or only as a lead."))]
    why = lang.t(
        "from this answer, because it looks at the whole time at once. This tells it: lay only the files that "
        "were there on an "
        "earlier day into a folder, and run {command}; exit code 3 means that on that day it would have been noticed.",
        command=_code("brokenseal investigate EARLIER --out earlier"),
    )
    soon = lang.t(
        "How soon the next time: as often as new logs are taken in and judged, by {often}. In invented "
        "organisations {drill} counts "
        "after how many visits it is noticed.",
        often=often, drill=drill,
    )  # fmt: skip
    return [_no(why), _yes(soon)]


def _code(text: str) -> Markup:
    """A command inside a sentence."""
    return Markup('<code dir="ltr">{}</code>').format(whole(text))


def chain(case: Row, lang: Language) -> list[Row]:
    """Lure, sign-in, door, access, deeds: what the case holds of each, with the first time, or that it holds nothing."""
    by_kind: dict[str, list[Row]] = {}
    for act in case["acts"]:
        by_kind.setdefault(act["kind"], []).append(act)
    lure = lang.t("because no record of this answer says what was sent to whom before.")
    door = lang.t("because no change of a setting is among the acts of this case.")
    access = lang.t("because no visit is among the acts of this case.")
    deeds = lang.t("because no deed is among the acts of this case.")
    return [
        _nothing(lang.t("Lure"), lure, lang),
        _signed_in(by_kind, lang),
        _step(lang.t("Door"), by_kind.get("change", []), door, lang),
        _step(lang.t("Access"), by_kind.get("visit", []), access, lang),
        _step(lang.t("Deeds"), by_kind.get("deed", []), deeds, lang),
    ]


def _nothing(name: Markup, why: Markup, lang: Language) -> Row:
    return {"name": name, "time": None, "text": why, "cannot": True, "orphan": False}


def _step(name: Markup, acts: list[Row], why: Markup, lang: Language) -> Row:
    if not acts:
        return _nothing(name, why, lang)
    first, last = min(a["first"] for a in acts), max(a["last"] for a in acts)
    boxes = len({a["mailbox"] for a in acts})
    text = lang.tn(
        "{n} act in {mailboxes}, from {first} to {last}.", "{n} acts in {mailboxes}, from {first} to {last}.", len(acts),
        mailboxes=words.mailboxes(boxes, lang), first=lang.time(first), last=lang.time(last),
    )  # fmt: skip
    return {"name": name, "time": first, "text": text, "cannot": False, "orphan": False}


def _signed_in(by_kind: dict[str, list[Row]], lang: Language) -> Row:
    """Doubted sign-ins where there are any; else how the visits hang on sign-ins."""
    if by_kind.get("issuance"):
        return _step(lang.t("Sign-in"), by_kind["issuance"], Markup(""), lang)
    links = [a["link"] for a in by_kind.get("visit", [])]
    parts = [
        lang.tn("{n} visit: {link}.", "{n} visits: {link}.", links.count(name), link=lang.t(words.LINKS[name]))
        for name in words.LINKS
        if name in links
    ]
    if not parts:
        return _nothing(lang.t("Sign-in"), lang.t("because no sign-in is among the acts of this case."), lang)
    told = any(name in links for name in ("token", "session", "orphan"))
    text = Markup(" ").join(parts)
    return {"name": lang.t("Sign-in"), "time": None, "text": text, "cannot": not told, "orphan": "orphan" in links}
