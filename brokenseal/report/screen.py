"""The answer in a terminal: about twenty lines, and nothing in them that a log could command.

Text of the log is made visible and never parsed as markup. Where the output is no terminal there are no colours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.text import Text

from brokenseal.report import advice, blind, rarities, standing, words
from brokenseal.report.language import language
from brokenseal.report.visible import visible

TONES = {
    "intrusion": "bold red", "suspicion": "bold yellow", "nothing found": "bold green", "cannot tell": "bold cyan",
    "critical": "bold red", "high": "bold red", "medium": "bold yellow", "low": "bold",
}  # fmt: skip
MOST_CASES = 3
MOST_BOXES = 3
MOST_REASONS = 4
LEAST_BITS = 2.0
NAME_WIDTH = 60
WORD_WIDTH = 11
Row = dict[str, Any]


def terminal(answer: Row, console: Console, page: Path | None = None) -> None:
    """Print the answer. page: where the report lies, if it was written."""
    verdict = Text(answer["verdict"].upper(), style=TONES[answer["verdict"]])
    verdict.append(f"  {advice.headline(answer).unescape()}", style="not bold default")
    if answer["drill"]:
        console.print(Text(str(words.drill(language())), style="bold"), soft_wrap=not console.is_terminal)
    console.print(verdict, soft_wrap=not console.is_terminal)
    for case in answer["cases"][:MOST_CASES]:
        console.print()
        _case(case, answer["tool"], answer["as_of"], console)
    if len(answer["cases"]) > MOST_CASES:
        console.print(
            Text(f"and {words.many(len(answer['cases']) - MOST_CASES, 'more case')} in the report", style="dim")
        )
    console.print()
    say(console, _rest(answer, page))


def _case(case: Row, tool: Row, as_of: str, console: Console) -> None:
    head = Text(f"{case['severity']} ", style=TONES[case["severity"]])
    head.append(f"case {case['case_id']}: {visible(case['title'])}", style="bold")
    console.print(head, soft_wrap=True)
    since = "" if case["first_access_is"] == "observed" else "no later than "
    rarity = words.odd(case)
    rarity += Markup(" (a product of several: “very rare”, no count)") if rarities.product(case) else Markup("")
    rows = [
        ("since", Text(f"{since}{words.minute(case['first_access'])} UTC", style="bold")),
        ("until", Text(f"{words.minute(case['last_access'])} UTC; {words.still(case['ongoing'], as_of)}")),
        ("accessed", Text(str(words.accessed(case)))),
        ("mailboxes", Text(_boxes(case["mailboxes"]))),
        ("how", Text(standing.way(case).striptags())),
        ("sure", Text(standing.sure(case, brief=True).striptags())),
        (
            "weight",
            Text(f"{case['bits']} bits: {rarity}; {words.line(case, tool)}"),
        ),
        *_reasons(case["findings"]),
    ]
    say(console, rows, indent=2)


def _boxes(mailboxes: list[Row]) -> str:
    names = [visible(m["mailbox"] or "a mailbox without a name", NAME_WIDTH) for m in mailboxes[:MOST_BOXES]]
    more = len(mailboxes) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def _reasons(findings: list[Row]) -> list[tuple[str, Text]]:
    """The strongest finding of each reason; findings come strongest first. What weighs little is left to the page."""
    strongest: dict[str, Row] = {}
    for f in findings:
        strongest.setdefault(f["evidence"], f)
    loud = [f for f in strongest.values() if f["bits"] >= LEAST_BITS] or list(strongest.values())[:1]
    shown = [f"{visible(f['reason'], 160)}: {words.benign(f['once_in'])}" for f in loud[:MOST_REASONS]]
    return [("because" if n == 0 else "", Text(text)) for n, text in enumerate(shown)]


def _rest(answer: Row, page: Path | None) -> list[tuple[str, Text]]:
    inputs, unread = answer["inputs"], advice.unread(answer)
    records = sum(i["records"] for i in inputs)
    rejected = sum(i["rejected"]["count"] for i in inputs)
    told = f"{words.many(len(inputs), 'file')}, {words.many(records, 'record')}, {words.many(rejected, 'row')} rejected"
    decided = [d for d in answer["decisions"] if d["decision"] != "unsure"]
    rows = [
        *(
            [("decided", Text(f"{words.many(len(decided), 'word')} of people honoured; the report names them"))]
            if decided
            else []
        ),
        (
            "leads",
            Text(words.many(len(answer["leads"]), "odd visit") + " below the line" if answer["leads"] else "none"),
        ),
        ("gaps", Text(_gaps(answer["gaps"]))),
        ("inputs", Text(told + (f", {words.many(len(unread), 'file')} not taken in whole" if unread else ""))),
        *(("next" if n == 0 else "", Text(step.striptags())) for n, step in enumerate(advice.brief(answer))),
    ]
    if page is not None:
        rows.append(("report", Text(visible(page, 1000), style="bold")))
    return rows


def _gaps(gaps: list[Row]) -> str:
    if not gaps:
        return "none noticed"
    return blind.counted(gaps, language()).striptags()


def say(console: Console, rows: list[tuple[str, Text]], *, indent: int = 0) -> None:
    """A word and what it says, line by line; wrapped on a terminal only, so that a program sees one line each."""
    for name, value in rows:
        room = max(console.width - indent - WORD_WIDTH, 20)
        lines = value.wrap(console, room, overflow="fold") if console.is_terminal else [value]
        for n, line in enumerate(lines):
            line.rstrip()
            head = Text(" " * indent).append(f"{name if n == 0 else '':<{WORD_WIDTH}}", style="dim")
            console.print(head.append_text(line), soft_wrap=True)
