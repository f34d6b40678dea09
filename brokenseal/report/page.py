"""The answer as one page: no script, nothing fetched, all that the log holds shown as text.

Every value that the templates print passes through `visible` and then through HTML escaping; no template line can leave
that out. The page's own policy forbids everything but its styles. All sentences are the reader's, by `language`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from brokenseal.report import advice, asks, blind, expiry, rarities, standing, story, timeline, words
from brokenseal.report.blind import by_kind
from brokenseal.report.contract import dump
from brokenseal.report.counter import counter
from brokenseal.report.doors import boxes as boxes_behind
from brokenseal.report.doors import doors, whole
from brokenseal.report.dossiers import ORPHAN, dossiers, room, said_of
from brokenseal.report.glossary import words_of
from brokenseal.report.keylines import keylines
from brokenseal.report.language import LONGEST, Language, language
from brokenseal.report.names import Names
from brokenseal.report.visible import visible

HERE = Path(__file__).with_name("templates")
MOST_IN_HEAD = 3
MOST_FINDINGS = 20
MOST_INDICATORS = 200
MOST_GAPS = 300
MOST_BOXES = 1_000
"""Of each kind. What is left out is counted, and stands in answer.json."""
CARRIERS = ("session", "token")
WORDS_FOR = {"address": "address", "address range": "address", "network": "network", "client": "client", "session": "token",
             "token": "token"}  # fmt: skip
"""Kinds of indicators to what explains them among the words."""
STATED = {"who": "who", "to_whom": "to whom", "time": "when", "account": "account", "query": "query", "note": "note"}
"""What custody lists may state of a file, beside what was done and its hash."""
EXPORTED = ("account", "query")
ECHO = "unified-audit"
"""Sign-ins as the unified audit log repeats them: the same sign-ins once more."""
LISTED = "known_indicator"
"""The reason that looks for what lists of known indicators name."""
UNKNOWN: Mapping[str, Any] = {"explains": "", "misses": "", "benign": (), "unit": "visit"}
Row = dict[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]


def html(answer: Row, reasons: Reasons, tag: str = "en") -> str:
    """The page. reasons: as for `answer`; tag: the reader's language. Raises UsageError for one without a catalogue."""
    lang = language(tag)
    made = (
        _environment()
        .get_template("page.html")
        .render(
            answer=answer,
            answer_sha256=hashlib.sha256(dump(answer)).hexdigest(),
            lang=lang,
            t=lang.t,
            tn=lang.tn,
            say=lang.say,
            time=lang.time,
            number=lang.number,
            words=words,
            standing=standing,
            rarities=rarities,
            reasons=_known(reasons, answer),
            orphan=reasons.get(ORPHAN, UNKNOWN),
            style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
            room=room(answer),
            most=MOST_FINDINGS,
            most_indicators=MOST_INDICATORS,
            most_gaps=MOST_GAPS,
            most_boxes=MOST_BOXES,
            unfound=_unfound(reasons, answer),
            mono=_mono,
            bdi=_bdi,
            code=_code,
            labels=_labels,
            semi=lang.t("; "),
            words_for=WORDS_FOR,
            **_parts(answer, _known(reasons, answer), lang),
        )
    )
    # blank lines are the templates'
    return re.sub(r"\n\s*\n+", "\n", made)


def _parts(answer: Row, known: Reasons, lang: Language) -> Row:
    """What each part of the page shows, made of the answer."""
    span, hidden, said = timeline.axis(answer), timeline.Blind(answer["gaps"]), said_of(answer)
    titles = {name: str(r["title"]) for name, r in known.items()}
    names, gaps = Names(answer, lang), {g["gap_id"]: g for g in answer["gaps"]}
    views = [
        {
            **_case(n, c, lang),
            "tenants": sorted(_lines(n, c, span, hidden, answer["leads"]), key=lambda g: names.order(g["tenant"])),
            "counter": counter(c, answer, lang),
            "said": _hostile(c, said),
            "gaps": [gaps[g] for g in c["gaps"]],
        }
        for n, c in enumerate(answer["cases"], start=1)
    ]
    return {
        "headline": advice.headline(answer, lang),
        "unreached": advice.unreached(answer, lang),
        "steps": advice.steps(answer, lang),
        "unread": advice.unread(answer),
        "views": views,
        "head_views": views[:MOST_IN_HEAD],
        "questions": story.questions(answer, lang, titles),
        "titles": titles,
        "door_sets": doors(answer, lang),
        "door_boxes": boxes_behind(answer),
        "chain": lambda case: story.chain(case, lang),
        "asks": asks.asks(answer, lang),
        "wanted": expiry.wanted(answer),
        "held": expiry.held(answer),
        "deciding": expiry.deciding(answer),
        "decides": expiry.DECIDING,
        "lost": expiry.lost(answer),
        "names": names,
        "coverage": sorted(answer["coverage"], key=lambda c: names.order(c["tenant_id"])),
        "ticks": timeline.ticks(span, lang),
        "gaps": by_kind(answer["gaps"], span),
        "gap_kind": lambda kind: blind.named(kind, lang),
        "gaps_counted": lambda gaps: blind.counted(gaps, lang),
        "gaps_brief": blind.counted(answer["gaps"], lang, brief=True) if answer["gaps"] else "",
        "whose": lambda gap: _whose(gap, names, lang),
        "concerned": {m["tenant_id"] for c in answer["cases"] for m in c["mailboxes"]},
        "taken": _taken(answer, lang),
        "dossiers": dossiers(answer, hidden, names, lang),
        "said": said,
        "custody": lambda row: _custody(row, lang),
        "keylines": keylines(answer, lang),
        "handed_over": _handed_over(answer["inputs"], lang),
        "glossary": words_of(lang),
    }


def _whose(gap: Row, names: Names, lang: Language) -> Markup:
    """Whose gap it is: a mailbox's, an organisation's or everybody's."""
    if gap["mailbox"]:
        return _mono(visible(gap["mailbox"], 100))
    return names.of(gap["tenant_id"]) if gap["tenant_id"] else lang.t("all")


def _taken(answer: Row, lang: Language) -> Markup | None:
    """How the rows of the inputs and the records of the coverage hang together."""
    totals = {n: sum(i[n] for i in answer["inputs"]) for n in ("rows", "records", "duplicates")}
    accesses = sum(c["accesses"] for c in answer["coverage"])
    streams = [s for c in answer["coverage"] for s in c["streams"] if s["stream"] != "access"]
    signins = sum(s["records"] for s in streams)
    echoes = sum(s["records"] for s in streams if s["stream"] == ECHO)
    if totals["records"] < accesses + signins:
        return None
    return lang.t(
        "{rows} rows in all: {records} records, {duplicates} repeats of them, and what was rejected. Of the records {accesses} "
        "are accesses to mailboxes, {signins} sign-ins, and {echoes} repeat a sign-in in the unified audit log, all of which the "
        "coverage above counts; {others} tell of other things, and are kept and not judged.",
        **{n: lang.number(v) for n, v in totals.items()}, accesses=lang.number(accesses), signins=lang.number(signins - echoes),
        echoes=lang.number(echoes), others=lang.number(totals["records"] - accesses - signins),
    )  # fmt: skip


def _hostile(case: Row, said: dict[str, list[Row]]) -> int:
    """How many visits of a case a person called hostile, by the last word on each."""
    last = [said[a["act_id"]][-1] for a in case["acts"] if a["act_id"] in said]
    return sum(word["decision"] == "hostile" for word in last)


def _labels(names: Iterable[Markup]) -> Markup:
    """What cells are called where a narrow page shows no heads: one list a table, and not a word a cell."""
    told = (str(n.striptags()).replace("\\", "").replace("'", "’") for n in names)
    return Markup(" ").join(Markup("--c{}:'{}';").format(n, name) for n, name in enumerate(told, start=1))


def ready() -> None:
    """Compile the page's templates, which takes as long as to fill them in: for a moment when Python has nothing else to do."""
    environment = _environment()
    for name in environment.list_templates(filter_func=lambda name: name.endswith(".html")):
        environment.get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    environment.filters["cut"] = visible
    environment.filters["mono"] = _mono
    environment.filters["autonomous"] = _autonomous
    # Jinja's own `capitalize` would write VPN as vpn
    environment.filters["upfirst"] = _upfirst
    return environment


def _autonomous(text: str) -> str:
    """A network's number as people look it up; ranges stay as they are."""
    return text.upper() if re.match(r"as\d", text) else text


def _upfirst(text: Any) -> Any:
    return text[:1].upper() + text[1:] if text and text[0] != "<" else text


def _printed(value: Any) -> Any:
    """What `{{ }}` prints: markup of our own as it is, all else made visible."""
    return value if isinstance(value, Markup) else visible(value, LONGEST)


def _bdi(text: Any) -> Markup:
    """A text of its own direction."""
    return Markup("<bdi>{}</bdi>").format(text if isinstance(text, Markup) else visible(text, LONGEST))


def _mono(text: Any) -> Markup:
    """An id inside a sentence."""
    return Markup('<bdi class="mono">{}</bdi>').format(text if isinstance(text, Markup) else visible(text, LONGEST))


def _code(text: str) -> Markup:
    """A command inside a sentence; one that is markup already has whole words."""
    return Markup('<code dir="ltr">{}</code>').format(text if isinstance(text, Markup) else whole(text))


def _custody(row: Row, lang: Language) -> Markup:
    """What a custody list states of a file, one line a statement; what nobody stated is said to be so."""
    told = row["custody"]
    if not told:
        return lang.t("not stated")
    lines = [_statement(each, lang) for each in told]
    # a court asks for these two of every export
    lines += [lang.t("{what}: not stated", what=lang.say(name)) for name in EXPORTED if not any(e[name] for e in told)]
    return Markup("<br>").join(lines)


def _handed_over(inputs: list[Row], lang: Language) -> Markup:
    """Of how many inputs a custody list speaks, and of how many of these the stated hash is theirs."""
    stated, total = sum(bool(i["custody"]) for i in inputs), len(inputs)
    if not stated:
        return lang.tn(
            "Who exported the {n} file, and how, is not stated: no custody list was handed over with it.",
            "Who exported the {n} files, and how, is not stated: no custody list was handed over with them.",
            total,
        )
    agree = [{e["agrees"] for e in i["custody"]} for i in inputs]
    differ = sum(False in a for a in agree)
    return lang.tn(
        "A custody list speaks of {stated} of the {n} file: of {agree} the stated SHA-256 is the file's, of {differ} it is "
        "another. What it states are people's words, kept as they were stated.",
        "A custody list speaks of {stated} of the {n} files: of {agree} the stated SHA-256 is the file's, of {differ} it is "
        "another. What it states are people's words, kept as they were stated.",
        total, stated=lang.number(stated), agree=lang.number(sum(True in a and False not in a for a in agree)),
        differ=lang.number(differ),
    )  # fmt: skip


def _statement(told: Row, lang: Language) -> Markup:
    parts = [_bdi(told["act"] or lang.t("nothing is said of what was done"))]
    for name, what in STATED.items():
        if told[name]:
            parts.append(lang.t("{what}: {value}", what=lang.say(what), value=_bdi(told[name])))
    if told["agrees"] is None:
        parts.append(lang.t("no SHA-256 stated"))
    else:
        parts.append(
            lang.t("its stated SHA-256 is this file's")
            if told["agrees"]
            else lang.t("its stated SHA-256 is another: {hash}", hash=_mono(told["stated_sha256"]))
        )
    return lang.t("; ").join(parts)


def _known(reasons: Reasons, answer: Row) -> dict[str, Mapping[str, Any]]:
    """Every reason that the answer names; one that this version does not know is shown by its name."""
    found = [f for part in (*answer["cases"], *answer["leads"]) for f in part["findings"]]
    named = {f["evidence"]: {**UNKNOWN, "title": f["evidence"], **f} for f in found}
    return {name: {**UNKNOWN, **reasons.get(name, told)} for name, told in sorted(named.items())}


def _unfound(reasons: Reasons, answer: Row) -> list[str]:
    """Reasons that were looked for and weighed nothing in any case or lead; without a list nothing listed is looked for."""
    found = {f["evidence"] for part in (*answer["cases"], *answer["leads"]) for f in part["findings"]}
    if "indicators" not in answer["tool"]["hashes"]:
        found.add(LISTED)
    return [r["title"] for name, r in sorted(reasons.items()) if name not in found]


def _case(number: int, case: Row, lang: Language) -> Row:
    """What the template needs beside the case."""
    return {
        "number": number,
        "case": case,
        "reasons": rarities.by_sentence(case["findings"], lang),
        "counted": words.counted(case),
        "distinct": words.distinct(case),
        "above_line": sum(m["above_line"] for m in case["mailboxes"]),
        "either": any(i["by"] == "either" for m in case["mailboxes"] for i in (*m["messages"], *m["folders"])),
        "alternatives": [(a, list(g)) for a, g in groupby(case["how"]["alternatives"], key=lambda a: a["against"])],
        "carriers": [i for i in case["indicators"] if i["type"] in CARRIERS],
        "shared": [i for i in case["indicators"] if i["type"] not in CARRIERS],
        "heaviest": next(a for a in case["acts"] if a["act_id"] == case["weighing"]["act_id"]),
        "linked": sum(a["basis"] == "link" for a in case["acts"]),
        "by_word": any(a["basis"] == "person" for a in case["acts"]),
        "opened": standing.opened_by_shared(case) if case["weighing"]["group"] else None,
    }


def _lines(number: int, case: Row, span: timeline.Axis, hidden: timeline.Blind, leads: list[Row]) -> list[Row]:
    """The timeline: organisations with their blind windows, and of each the mailboxes with marks and windows."""
    acts: dict[str | None, list[Row]] = {}
    for act in [*case["acts"], *({**x, "lead": True} for x in leads)]:
        acts.setdefault(act["mailbox"], []).append(act)
    out = []
    for nth, (tenant, boxes) in enumerate(groupby(enumerate(case["mailboxes"]), key=lambda p: p[1]["tenant_id"])):
        rows = [
            {
                "id": f"d{number}-{place}",
                "mailbox": m["mailbox"],
                "visits": sum(not a.get("lead") for a in acts.get(m["mailbox"], [])),
                "marks": timeline.marks(acts.get(m["mailbox"], []), span),
                "windows": timeline.windows(_hiding(hidden.of_mailbox(tenant, m["mailbox"])), span),
            }
            for place, m in boxes
        ]
        own, blind_ = [a for r in rows for a in acts.get(r["mailbox"], [])], hidden.of_tenant(tenant)
        told = {"windows": timeline.windows(blind_, span), "before": timeline.before(blind_, span)}
        whole = {"marks": timeline.dense(own, span), "visits": sum(r["visits"] for r in rows)}
        out.append({"nth": nth, "tenant": tenant, "rows": rows, **told, **whole})
    return out


def _hiding(gaps: list[Row]) -> list[Row]:
    """Without what comes with every visit: a hatched hour beside each mark would hide the marks, and nothing is hidden by it."""
    return [g for g in gaps if g["kind"] not in blind.ATTENDING]
