"""The words of page and terminal are those that a person has looked at; `python -m tests.report.golden` renews them."""

from __future__ import annotations

from typing import Any

from tests.report import golden


def test_the_words_are_the_golden_ones(answer: dict[str, Any], quiet: dict[str, Any]) -> None:
    made = golden.made(answer, quiet)
    held = {p.name: p.read_text(encoding="utf-8") for p in golden.FOLDER.glob("*.txt")}
    assert sorted(made) == sorted(held)
    for name, text in made.items():
        # line by line, so that a failure shows the sentence
        assert text.splitlines() == held[name].splitlines(), name
