"""The words of the report, held: terminal and page of small fixed answers, beside files that a person has looked at.

`python -m tests.report.golden` writes the files anew; look at what changed before you commit it.
"""

from __future__ import annotations

import io
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rich.console import Console

from brokenseal import report
from brokenseal.lake import Lake
from tests.report import invented

FOLDER = Path(__file__).with_name("golden")
LANGUAGES = ("en", "ar")
BLOCKS = {
    "title",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "li",
    "dt",
    "dd",
    "tr",
    "summary",
    "div",
    "section",
    "article",
    "nav",
    "header",
    "br",
}
Row = dict[str, Any]


class Lines(HTMLParser):
    """A page's words as a reader meets them: one line a block, cells and ids set apart by a bar."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._words: list[str] = []
        self._hidden = False
        self.feed(source)
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag == "style"
        if tag in BLOCKS:
            self._end()
        elif tag in ("td", "th") and self._words:
            self._words.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False
        if tag in BLOCKS:
            self._end()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._words.append(data)

    def _end(self) -> None:
        line = " ".join("".join(self._words).split()).strip(" |")
        if line:
            self.lines.append(line)
        self._words = []


def fixed(answer: Row) -> Row:
    """An answer that no release changes, with a person's word and a custody list in it."""
    case = answer["cases"][0] if answer["cases"] else None
    act = case["acts"][0] if case else None
    word = {"subject_is": "act", "decision": "hostile", "by": "Ann Moor", "because": "I was on leave",
            "at": "2025-04-02T08:00:00Z"}  # fmt: skip
    stated = {"act": "exported", "who": "Ben Okoro", "to_whom": None, "time": "2025-04-01 10:00 UTC", "account": None,
              "query": "30 days, all users", "note": None, "stated_sha256": "0" * 64, "agrees": False}  # fmt: skip
    return {
        **answer,
        "tool": {**answer["tool"], "version": "0"},
        "inputs": [{**i, "custody": [stated] if n == 0 else []} for n, i in enumerate(answer["inputs"])],
        "decisions": [{**word, "subject": act["act_id"], "acts": [act["act_id"]], "act_count": 1}] if act else [],
    }


def by_word(answer: Row) -> Row:
    """The same, where the case stands on that word alone."""
    case = {**answer["cases"][0], "severity": "high", "bits": 3.1, "stands_on": "a person's word", "ongoing": None}
    case["acts"] = [{**a, "basis": "person", "bits": 3.1} for a in case["acts"]]
    case["mailboxes"] = [{**m, "above_line": False} for m in case["mailboxes"]]
    return {**answer, "cases": [case]}


def made(answer: Row, quiet: Row) -> dict[str, str]:
    """File name to text."""
    answers = {"intrusion": fixed(answer), "word": by_word(fixed(answer)), "quiet": fixed(quiet)}
    out = {}
    for name, each in answers.items():
        report.validate(each)
        stream = io.StringIO()
        report.terminal(each, Console(file=stream, width=100), Path("answer/report.html"))
        out[f"{name}.terminal.txt"] = stream.getvalue()
        for tag in LANGUAGES:
            out[f"{name}.{tag}.txt"] = "\n".join(Lines(report.html(each, invented.REASONS, tag)).lines) + "\n"
    return out


def main() -> None:
    """Write the files."""
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for name, quiet in (("loud", False), ("quiet", True)):
            with Lake.open(invented.lay(Path(folder) / name, quiet=quiet)) as lake:
                answers.append(report.answer(lake, invented.REASONS))
    FOLDER.mkdir(exist_ok=True)
    for name, text in made(*answers).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
