"""What to do next, in the order in which it should be done; chosen by the verdict and by how they got in."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from brokenseal.report import words
from brokenseal.report.doors import ways
from brokenseal.report.expiry import held, lost, wanted
from brokenseal.report.how import TOKEN
from brokenseal.report.language import Language, language, marked
from brokenseal.report.names import Names
from brokenseal.report.visible import visible

QUIET = marked("Do not discuss this by mail: whoever has access to these mailboxes sees it. Use the telephone.")
DOORS = {
    TOKEN: marked(
        "Shut both sets of doors, those of a stolen session or token and those of a forging key. A new password "
        "alone shuts neither."
    ),
    "session or token used elsewhere": marked(
        "Revoke the sessions of these accounts, then change passwords and look at the sign-in methods registered since "
        "the first access."
    ),
    "delegate or application": marked(
        "Write down who granted the delegate or application its access, and when; then take that permission or consent away, "
        "switch the application's sign-in off, and revoke the sessions of whoever used it."
    ),
    "mail client synchronising": marked(
        "Block the device that synchronised, revoke the sessions of these accounts, then change passwords."
    ),
    "unknown": marked(
        "Revoke the sessions of these accounts, then change passwords; look for rules, permissions and consents made "
        "since the first access."
    ),
}
MOST_STOPPED = 12
Row = dict[str, Any]


def doors(answer: Row, lang: Language | None = None) -> list[Markup]:
    """One step a kind of door that grave cases came through; where there are several cases, with the numbers of its own."""
    lang = lang or language()
    return [_door(kind, cases, len(answer["cases"]), lang) for kind, cases in ways(answer).items()]


def _door(kind: str, numbers: list[int], cases: int, lang: Language) -> Markup:
    step = lang.t(DOORS.get(kind, DOORS["unknown"]))
    if cases == 1:
        return step
    named = lang.listed([Markup(lang.number(n)) for n in numbers])
    return lang.tn("Case {cases}: {step}", "Cases {cases}: {step}", len(numbers), cases=named, step=step)


def listed(lang: Language) -> Markup:
    """The part of the page that lists doors, as a link."""
    return Markup('<a href="#doors">{}</a>').format(lang.t("Doors to shut"))


def _order(answer: Row, lang: Language) -> list[Markup]:
    """What comes before a door is shut, and what waits for none; nothing where no case is grave."""
    if not ways(answer):
        return []
    told = lang.t(
        "In the order of “{doors}”: save the settings of these mailboxes and put them on hold (minutes), then "
        "shut; export beside it.",
        doors=listed(lang),
    )
    return [told]


def steps(answer: Row, lang: Language | None = None) -> list[Markup]:
    """Sentences, in order."""
    lang = lang or language()
    export, verdict = _export(answer, lang), answer["verdict"]
    if verdict == "intrusion":
        told = lang.t(
            "Decide who must be told. By law a clock may run already; in the European Union, where it applies, 72 hours from "
            "knowing (data protection authority) and 24 (early warning of essential and important entities, NIS2)."
        )
        return [lang.t(QUIET), *_order(answer, lang), *doors(answer, lang), *stopped(answer, lang), *export, told]
    if verdict == "suspicion":
        ask = lang.t("Ask the persons concerned by telephone whether the visits below were theirs.")
        return [lang.t(QUIET), ask, *export]
    if verdict == "cannot tell":
        leads = [lang.t("Look through the leads below.")] if answer["leads"] else []
        return [
            lang.t("Hand over what the gaps below name, as far as anybody still has it, and run this again."),
            *leads,
            *export,
        ]
    morning = lang.t("Look through the leads below; they keep until morning.")
    calm = morning if answer["leads"] else lang.t("No visit of these logs asks for anything tonight.")
    # what vanishes has a date, and a lead has none
    return [*export, calm] if wanted(answer) else [calm, *export]


def stopped(answer: Row, lang: Language) -> list[Markup]:
    """Mailboxes of organisations with a case, in no case themselves, whose log stops, by name; nothing where there are none."""
    tenants = {m["tenant_id"] for c in answer["cases"] for m in c["mailboxes"]}
    inside = {(m["tenant_id"], m["mailbox"]) for c in answer["cases"] for m in c["mailboxes"]}
    stops = {(g["tenant_id"], g["mailbox"]) for g in answer["gaps"] if g["kind"] == "log-stops" and g["mailbox"]}
    names = sorted(box for tenant, box in stops - inside if tenant in tenants)
    if not names:
        return []
    told = [Markup('<bdi class="mono">{}</bdi>').format(visible(name, 100)) for name in names[:MOST_STOPPED]]
    if len(names) > MOST_STOPPED:
        told.append(lang.tn("{n} more", "{n} more", len(names) - MOST_STOPPED))
    return [
        lang.tn(
            "The log of {mailboxes} stops: an intruder can switch logging off, so it cannot be excluded. Ask its owner, and look "
            "who changed the audit settings.",
            "The logs of {mailboxes} stop: an intruder can switch logging off, so they cannot be excluded. Ask their owners, and "
            "look who changed the audit settings.",
            len(names), mailboxes=lang.listed(told),
        )
    ]  # fmt: skip


def brief(answer: Row) -> list[Markup]:
    """The steps that cannot wait until a page is opened, for the terminal: two, and among them what vanishes."""
    lang = language()
    if answer["verdict"] == "intrusion":
        return [lang.t(QUIET), *_export(answer, lang)]
    return steps(answer)[:2]


def _export(answer: Row, lang: Language) -> list[Markup]:
    """The provider deletes logs; what is not exported by then cannot be looked at again. Of what is held, nothing is asked."""
    missing = wanted(answer)
    if missing:
        first = [m for m in missing if m["vanishes"][:10] == missing[0]["vanishes"][:10]]
        told = lang.t(
            "Export now what nobody handed over, of {organisations}: {parts}. By the provider's defaults the oldest of it "
            "vanishes on {gone}, and one more day of it every day after that; if today is later, so much is gone already.",
            organisations=Names(answer, lang).listed({t for m in first for t in m["tenants"]}),
            parts=lang.t("; ").join(_periods(first, lang)),
            gone=lang.day(missing[0]["vanishes"]),
        )
        later = len(missing) - len(first)
        if not later:
            return [told]
        more = lang.tn(
            "{n} more log vanishes later: see “Export now”.", "{n} more logs vanish later: see “Export now”.", later
        )
        return [told + Markup(" ") + more]
    there, now = held(answer), lang.time(answer["as_of"])
    if not there:
        return [lang.t("Export the sign-in logs now, all kinds of them: the provider keeps them for thirty days only.")]
    kept = lang.t(
        "Keep the exported files: by the provider's defaults they are the only copy of their oldest records from {day} on.",
        day=lang.day(there[0]["alone"]),
    )
    if lost(answer):
        rest = lang.t(
            "By the provider's defaults what the gaps say is missing was deleted by {now}; older exports would show it.",
            now=now,
        )
    else:
        rest = lang.t(
            "They cover all that it still had at {now} of mailbox accesses and of people's sign-ins.", now=now
        )
    return [kept + Markup(" ") + rest]


def _periods(rows: list[Row], lang: Language) -> list[Markup]:
    """Logs that are missing over the same days, with these."""
    days = sorted({(m["from"][:10], m["to"][:10]) for m in rows})
    return [
        lang.t(
            "{logs}, from {first} to {last}",
            logs=lang.listed(
                words.log(m["stream"], lang) for m in rows if (m["from"][:10], m["to"][:10]) == (first, last)
            ),
            first=lang.day(first),
            last=lang.day(last),
        )
        for first, last in days
    ]


def unread(answer: Row) -> list[Row]:
    """Inputs of which nothing, or not all, could be looked at: what is wrong with a file as a whole has no row."""
    return [i for i in answer["inputs"] if any(r["row"] is None for r in i["rejected"]["first"])]


def unreached(answer: Row, lang: Language) -> Markup:
    """What is said where there is no case: of how many mailboxes, from when to when; and that it shows no absence."""
    held = [c for c in answer["coverage"] if c["from"] and c["to"]]
    if not held:
        return lang.t("No visit in these logs reaches the line; that does not show that nobody was there.")
    return lang.tn(
        "No visit to the {n} mailbox of these logs from {first} to {last} reaches the line; that does not show that nobody was "
        "there.",
        "No visit to the {n} mailboxes of these logs from {first} to {last} reaches the line; that does not show that nobody was "
        "there.",
        sum(c["mailboxes"] for c in held), first=lang.day(min(c["from"] for c in held)),
        last=lang.day(max(c["to"] for c in held)),
    )  # fmt: skip


def headline(answer: Row, lang: Language | None = None) -> Markup:
    """What was found, in a sentence."""
    lang = lang or language()
    cases = answer["cases"]
    boxes = {(m["tenant_id"], m["mailbox"]) for c in cases for m in c["mailboxes"]}
    if not cases:
        return unreached(answer, lang)
    return lang.tn(
        "{n} case: {mailboxes} in {organisations}, accessed by visits unlike all ordinary use in these logs.",
        "{n} cases: {mailboxes} in {organisations}, accessed by visits unlike all ordinary use in these logs.",
        len(cases),
        mailboxes=words.mailboxes(len(boxes), lang),
        organisations=words.organisations(len({m[0] for m in boxes}), lang),
    )
