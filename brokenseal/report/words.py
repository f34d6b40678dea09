"""How figures are said: times, counts, rarity. One place, so that page and terminal say the same.

A count of messages always says "at least", since a log shows what was recorded, not all that happened.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from markupsafe import Markup

from brokenseal import bits
from brokenseal.report.language import Language, language, marked
from brokenseal.report.visible import visible

CERTAINTY = {
    "listed": marked("named in the record of the access"),
    "list": marked("asked for in a list that names no message"),
    "folder": marked("its folder was synchronised"),
    "quoted": marked("quoted in another message that was accessed"),
    "reported": marked("reported by the provider or a person"),
    "unknown": marked("not known"),
}
BY = {
    "intruder": marked("a visit of this case"),
    "either": marked("either: a visit of this case, or the owner"),
}
"""Whose access it was; the page names visits, and nobody."""
LINKS = {
    "token": marked("linked to the sign-in by the token"),
    "session": marked("linked to a sign-in by the session"),
    "circumstantial": marked("a sign-in of the same person and address lies near; no proof"),
    "orphan": marked("no sign-in in these logs issued the token or session"),
    "unlinkable": marked("the record names neither token nor session"),
    "pending": marked("the sign-in logs that would show it are missing or not yet settled"),
}
BASES = {
    "own evidence": marked("found by itself"),
    "link": marked("found by a link"),
    "person": marked("by a person's word"),
}
TERMS = {
    "network": marked("Network"),
    "client": marked("Client"),
    "jointly": marked(
        "Network and client are one event (a new device in a new place): counted together they are so much commoner than "
        "multiplied"
    ),
    "token": marked("Token"),
    "volume": marked("How much was accessed"),
    "intelligence": marked("Lists of known indicators"),
    "added": marked("Several reasons add up to so much by chance more often than their sum says"),
}
"""What an act's weight is made of, in the order in which it is added up."""
STREAMS = {
    "access": marked("mailbox access"),
    "unified-audit": marked("sign-in, as the unified audit log repeats it"),
    "interactive": marked("interactive sign-in"),
    "non-interactive": marked("non-interactive sign-in"),
    "service-principal": marked("service principal sign-in"),
    "managed-identity": marked("managed identity sign-in"),
}
LOGS = {
    "access": marked("the unified audit log, which holds mailbox accesses"),
    "unified-audit": marked("the unified audit log, which holds mailbox accesses"),
    "interactive": marked("interactive sign-ins"),
    "non-interactive": marked("non-interactive sign-ins"),
    "service-principal": marked("service principal sign-ins"),
    "managed-identity": marked("managed identity sign-ins"),
}
"""What is asked for when a log is to be exported."""
RARE = 10**9
MOST_BITS = 62
Row = dict[str, Any]


def moment(time: datetime | None) -> str | None:
    """A time as the answer holds it: ISO 8601 with Z, microseconds only where there are any."""
    return None if time is None else time.isoformat() + "Z"


def minute(text: str | None) -> str:
    """A time of the answer in the terminal: to the minute, in UTC."""
    return language().minute(text)


def day(text: str | None) -> str:
    """The date of a time of the answer, in the terminal."""
    return language().day(text)


def many(number: int, one: str, more: str | None = None) -> str:
    """`1 mailbox`, `1,204 mailboxes`, in English."""
    plural = more or (one + "es" if one.endswith(("x", "s")) else one + "s")
    return f"{number:,} {one if number == 1 else plural}"


def stream(name: str, lang: Language) -> Markup:
    """A log, by what it holds."""
    return lang.t(STREAMS[name]) if name in STREAMS else lang.say(name)


def log(name: str, lang: Language) -> Markup:
    """A log, as it is asked for."""
    return lang.t(LOGS[name]) if name in LOGS else lang.say(name)


def by(whose: str, lang: Language) -> Markup:
    """Whose access it was."""
    return lang.t(BY[whose]) if whose in BY else lang.say(whose)


def drill(lang: Language) -> Markup:
    """What is said of logs that are invented."""
    return lang.t("A drill: every person and organisation here is invented.")


def mailboxes(number: int, lang: Language) -> Markup:
    """So many mailboxes."""
    return lang.tn("{n} mailbox", "{n} mailboxes", number)


def organisations(number: int, lang: Language) -> Markup:
    """So many organisations."""
    return lang.tn("{n} organisation", "{n} organisations", number)


def visits(number: int, lang: Language) -> Markup:
    """So many visits."""
    return lang.tn("{n} visit", "{n} visits", number)


def at_least(messages: int, folders: int, lang: Language | None = None) -> Markup:
    """What was accessed, as a lower bound."""
    lang = lang or language()
    said = lang.tn("at least {n} message", "at least {n} messages", messages)
    if not folders:
        return said
    whole = lang.tn(
        "{n} whole folder, of which every message must be taken as accessed",
        "{n} whole folders, of which every message must be taken as accessed",
        folders,
    )
    return lang.t("{messages} and {folders}", messages=said, folders=whole) if messages else whole


def brief(messages: int, folders: int, lang: Language) -> Markup:
    """The same in few words."""
    said = lang.tn("at least {n} message", "at least {n} messages", messages)
    if not folders:
        return said
    whole = lang.tn("{n} whole folder", "{n} whole folders", folders)
    return lang.t("{messages} and {folders}", messages=said, folders=whole) if messages else whole


def rounded(once_in: int) -> int:
    """A rarity to two figures, from a hundred on: more it does not know."""
    return once_in if once_in < 100 else int(float(f"{once_in:.2g}"))


def once(once_in: int, lang: Language | None = None) -> Markup:
    """A rarity as people understand one: how often a benign act would look at least this odd."""
    lang = lang or language()
    if once_in <= 1:
        return lang.t("nearly always")
    if once_in >= RARE:
        return lang.t("less than once in a thousand million")
    return lang.t("about once in {n}", n=lang.number(rounded(once_in)))


def benign(once_in: int, lang: Language | None = None) -> Markup:
    """The same, where it stands alone."""
    lang = lang or language()
    if once_in <= 1:
        return lang.t("as most benign acts are")
    if once_in >= RARE:
        return lang.t("less than once in a thousand million benign acts")
    return lang.t("about once in {n} benign acts", n=lang.number(rounded(once_in)))


def rarity(bits: float) -> int:
    """Bits to "once in"; what is beyond all counting is said alike, and a group may weigh more bits than a float holds."""
    return max(1, round(2 ** min(bits, MOST_BITS)))


def line(case: Row, tool: Row, lang: Language | None = None) -> Markup:
    """Where the case lies beside the line. tool: the answer's."""
    lang = lang or language()
    shown, group = (lang.number(float(tool[name])) for name in ("line_bits", "group_line_bits"))
    told = case["weighing"]["group"]
    if case["stands_on"] == "a person's word":
        return lang.t("the line lies at {line} bits: it stands on a person's word, and not on its weight", line=shown)
    if told is None or told["bits"] < case["bits"]:
        return lang.t("the line lies at {line} bits", line=shown)
    heaviest = lang.number(float(case["weighing"]["act_bits"]))
    return lang.t(
        "so much do its visits weigh together, and the line for groups lies at {group} bits; its heaviest visit alone weighs "
        "{bits}, and the line for one visit lies at {line}",
        group=group, bits=heaviest, line=shown,
    )  # fmt: skip


def terms(act: Row, lang: Language) -> list[tuple[Markup, float]]:
    """What an act's weight is made of, as names and bits that add up to it; what weighs nothing is left out."""
    told = act["weighed"]
    return [(lang.t(name), float(told[term])) for term, name in TERMS.items() if told[term]]


SHARED = {
    "address": marked("the address {value}"),
    "prefix": marked("the address range {value}"),
    "session": marked("the session {value}"),
    "token": marked("the token {value}"),
    "network": marked("the network {value}"),
}
PAIR = "network and client"
PERSON = "actor"
"""A group of one person's visits: who newly opened many mailboxes of others."""
BURST = "unissued"
"""A group of several people's visits whose tokens nobody issued, in one organisation within two days."""
HEAPS = "heaps"
"""A group of several people, each with more tokens that nobody issued than chance explains."""


def shared(case: Row, lang: Language) -> Markup:
    """What the acts of a case's loudest group share, as the answer names it: a kind and a value."""
    text = case["weighing"]["group"]["shared"]
    # what names a network with its client begins as a network alone does
    for kind in (PAIR, *SHARED, PERSON, BURST, HEAPS):
        if not text.startswith(f"{kind} "):
            continue
        value = text[len(kind) + 1 :]
        if kind == PERSON:
            # the organisation's id stands before the person
            return _mono(value.split(" ", 1)[-1])
        if kind == BURST:
            # the organisation's id stands before the day, the program behind it
            return lang.t(
                "tokens without a sign-in in these logs, each from an address range where that person never signs in, in the "
                "two days from {day}",
                day=_mono(value.split(" ")[1]),
            )
        if kind == HEAPS:
            return lang.t("tokens without a sign-in in these logs, of each of these persons more than chance explains")
        if kind == PAIR:
            net, _, client = value.partition(" | ")
            return lang.t(
                "the network {net} with the client {client}", net=_mono(net), client=_mono(_literal(client, case))
            )
        return lang.t(SHARED[kind], value=_mono(value))
    return _mono(text)


def _literal(client: str, case: Row) -> str:
    """A client as the log names it, where the answer holds that; else by its name without versions."""
    seen = [t for i in case["indicators"] if i["type"] == "client" and i["value"] == client for t in i["seen"]]
    return seen[0] if len(seen) == 1 else client


def _mono(text: str) -> Markup:
    return Markup('<bdi class="mono">{}</bdi>').format(visible(text, 300))


def group_terms(case: Row, lang: Language) -> list[tuple[Markup, float]]:
    """What the weight of a case's loudest group is made of; what weighs nothing is left out."""
    group = case["weighing"]["group"]
    counted = {
        PERSON: marked("That one person newly opened so many mailboxes of others"),
        BURST: marked("That so many people of one organisation have such tokens within two days"),
        HEAPS: marked("That so many people have too many tokens without a sign-in"),
    }
    place = counted.get(group["shared"].split(" ")[0], marked("That so many who are new somewhere are new just here"))
    plain = lang.number(float(group["plain"]))
    told = [
        (lang.t(place), group["place"]),
        (
            lang.t(
                "That their oddest visits besides came, simply added up, to {plain} bits of token, amount and known indicators "
                "when the group was found: how rarely so many visits do by chance",
                plain=plain,
            ),
            group["rest"],
        ),
        (lang.t("Two things add up to so much by chance more often than their sum says"), group["together"]),
    ]
    return [(name, float(bits)) for name, bits in told if bits]


def placed(case: Row, lang: Language) -> Markup | None:
    """What the place of a case's loudest group is counted on, so that its bits can be worked out again; None without one."""
    group = case["weighing"]["group"]
    if not group["newcomers"] or not group["newcomers_here"] or not group["place"]:
        return None
    counts = {name: lang.number(group[name]) for name in bits.PLACED}
    expected = lang.t(
        "The first term is counted, in pairs of a person or application and a network: new to each other in all these logs "
        "{newcomers}, members of this group new in its network {newcomers_here}; at home in all these logs {at_home}, in this "
        "network {at_home_here}. Newcomers mostly come where many are at home, so that so many were to be expected here: "
        "E = {newcomers} × ({at_home_here} + ½) / ({at_home} + 1).",
        **counts,
    )
    told = [expected, _came(group, lang)]
    if group["came"] > group["place"]:
        borne = lang.t(
            "What is odd in their clients, their tokens and what they read, of each no more than the first weighs, comes to "
            "{bits} bits, and the place weighs no more: who carries what he always does has travelled.",
            bits=lang.number(float(group["place"])),
        )
        told.append(borne)
    return Markup(" ").join(told)


def _came(group: Row, lang: Language) -> Markup:
    """What the first newcomer of a group weighs, and what each further one."""
    came = lang.number(float(group["came"]))
    further = group["newcomers_here"] - 1
    if not further:
        return lang.t("That one came weighs log2((1 + E) / E) = {bits} bits.", bits=came)
    first, each = _steps(group)
    return lang.tn(
        "That the first came weighs log2((1 + E) / E) = {first} bits, and that {n} further one did {each}: no more than the "
        "first, and no more than how seldom a newcomer was followed by another in other networks like this one (where nobody is "
        "at home, in those that drew fewer; where somebody is, in all). Together {first} + {n} × {each} bits, rounded {bits}.",
        "That the first came weighs log2((1 + E) / E) = {first} bits, and that {n} further ones did {each} each: no more than "
        "the first, and no more than how seldom a newcomer was followed by another in other networks like this one (where "
        "nobody is at home, in those that drew fewer; where somebody is, in all). Together {first} + {n} × {each} bits, rounded "
        "{bits}.",
        further, first=lang.fraction(first), each=lang.fraction(each), bits=came,
    )  # fmt: skip


def _steps(group: Row) -> tuple[float, float]:
    """Bits of the first newcomer of a group with two or more, and of each further one; with so many decimals that, multiplied
    and added up again, they come to what the coming of all weighs."""
    here = group["newcomers_here"]
    expected = group["newcomers"] * (group["at_home_here"] + 0.5) / (group["at_home"] + 1)
    first = math.log2((1 + expected) / expected)
    # that is a whole number of tenths, from which each may seem a little more than the first, or less than nothing
    each = min(max((group["came"] - first) / (here - 1), 0.0), first)
    decimals = 1 + len(str(here))
    return round(first, decimals), round(each, decimals)


def alone(visits: int) -> float:
    """Bits of what no other of so many visits carries."""
    return round(math.log2(visits + 1), 1)


def odd(case: Row, lang: Language | None = None) -> Markup:
    """What its rarity is one of: benign acts, or groups of benign visits where it weighs what a group does."""
    lang, group = lang or language(), case["weighing"]["group"]
    once_in = once(rarity(case["bits"]), lang)
    if group is not None and group["bits"] >= case["bits"]:
        return lang.t("a group of benign visits would look at least this odd {once}", once=once_in)
    return lang.t("a benign act would look at least this odd {once}", once=once_in)


def still(ongoing: bool | None, as_of: str, lang: Language | None = None) -> Markup:
    """Whether they were still there at the end of the logs. as_of: of the answer."""
    lang = lang or language()
    end = lang.day(as_of)
    if ongoing:
        return lang.t(
            "within the last 72 hours of these logs, which end on {end}: take it that at their end they were still there",
            end=end,
        )
    if ongoing is None:
        return lang.t(
            "whether they were still there at the end of these logs ({end}) cannot be told: they end too soon after it",
            end=end,
        )
    return lang.t("no record of further access up to the end of these logs ({end})", end=end)


def counted(case: Row) -> tuple[int, int]:
    """Messages and folders of a case; a message accessed in two mailboxes is two."""
    boxes = case["mailboxes"]
    return sum(len(m["messages"]) for m in boxes), sum(len(m["folders"]) for m in boxes)


def distinct(case: Row) -> int:
    """Messages of a case that differ: the same one may lie in several mailboxes; one without a name is one of its own."""
    told = [m["message_id"] or m["immutable_id"] for box in case["mailboxes"] for m in box["messages"]]
    return len({t for t in told if t}) + sum(not t for t in told)


def accessed(case: Row, lang: Language | None = None) -> Markup:
    """What a case accessed, as a lower bound."""
    return at_least(*counted(case), lang)
