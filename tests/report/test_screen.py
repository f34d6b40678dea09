"""The answer in a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from brokenseal import report


def shown(answer: dict[str, Any], *, tty: bool, width: int = 100) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=tty, width=width, color_system="truecolor" if tty else None)
    report.terminal(answer, console, Path("out") / "report.html")
    return out.getvalue()


def test_about_twenty_lines(answer: dict[str, Any]) -> None:
    lines = shown(answer, tty=True).splitlines()
    assert 15 <= len(lines) <= 28
    assert all(len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 100 for line in lines)


def test_piped_it_has_no_colour_and_no_padding(answer: dict[str, Any]) -> None:
    text = shown(answer, tty=False)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_it_says_what_matters(answer: dict[str, Any]) -> None:
    text = shown(answer, tty=False)
    for words in (
        "INTRUSION",
        "critical case",
        "11 Mar 2025 03:00 UTC",
        "at least 15 messages",
        "6 tokens without a sign-in in these logs; forgery is one explanation, a stolen session or token another",
        "Sure enough to act on",
        "no record of further access up to the end of these logs (17 Mar 2025)",
        "about once in 4,100 benign acts",
        "ann@ministry-a.example",
        "1 odd visit below the line",
        "1 gap in the logs: hours in which the provider held single records back (1)",
        "1 row rejected",
        "out/report.html",
    ):
        assert words in text, words


def test_a_log_commands_nothing(answer: dict[str, Any]) -> None:
    case = answer["cases"][0]
    hostile = "[bold red]x[/] \x1b[2J\u202e\n\rpwned"
    boxes = [{**m, "mailbox": hostile} for m in case["mailboxes"]]
    findings = [{**f, "reason": hostile} for f in case["findings"]]
    poisoned = {**answer, "cases": [{**case, "title": hostile, "mailboxes": boxes, "findings": findings}]}
    text = shown(poisoned, tty=True, width=200)
    assert "\x1b[2J" not in text and "\u202e" not in text and "\r" not in text
    assert "[bold red]x[/]" in text


def test_a_quiet_world(quiet: dict[str, Any]) -> None:
    text = shown(quiet, tty=False)
    assert text.startswith("NOTHING FOUND")
    assert "none" in text


def test_the_next_step_holds_no_markup_of_the_page(quiet: dict[str, Any]) -> None:
    text = shown(quiet, tty=False)
    assert "of ministry-b.example: the unified audit log" in text and "<" not in text
