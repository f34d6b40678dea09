"""The docs: generated pages are those of the code, everything is named, and no link leads nowhere."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

import brokenseal.cases.cut
import brokenseal.cases.gaps
import brokenseal.cases.silent
import brokenseal.report.verdict
from bench import libraries
from brokenseal import pipeline, schema
from brokenseal.keys.verifier.policy import Terms, names
from brokenseal.keys.verifier.rules import RULES
from brokenseal.sources.log import logs
from docs import generate

ROOT = Path(generate.__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
KIND = re.compile(r'(?:_row|Left)\(\s*"([a-z-]+)"')


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The places in a page that a link can name."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def gap_kinds() -> set[str]:
    files = (Path(str(m.__file__)) for m in (brokenseal.cases.gaps, brokenseal.cases.cut, brokenseal.cases.silent))
    named = {kind for file in files for kind in KIND.findall(file.read_text(encoding="utf-8"))}
    return named | set(brokenseal.cases.silent.SILENCE)


def test_generated_pages_do_not_lag() -> None:
    assert generate.lagging() == [], "run `python -m docs.generate`"


def test_generated_pages_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generate.verbs()
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERMINAL_WIDTH", "60")
    assert generate.verbs() == before


def test_every_table_and_column_is_named() -> None:
    text = page("tables.md")
    assert all(f"### `{name}`" in text for name in schema.TABLES)
    assert all(f"| `{c.name}` |" in text for table in schema.TABLES.values() for c in table.columns)


def test_every_verb_is_named() -> None:
    text = page("verbs.md")
    modules = {m.name for m in pkgutil.iter_modules([str(ROOT / "brokenseal" / "verbs")])}
    assert {name.split()[0] for name, _ in generate.helps()} == modules
    assert all(f"## `{name}`" in text for name, _ in generate.helps())


def test_every_verb_has_an_example() -> None:
    assert [name for name, text in generate.helps() if "Example: brokenseal" not in text] == []


def test_every_reason_and_case_is_named() -> None:
    text = page("evidence.md")
    for name, module in pipeline.modules().items():
        assert f"## {name}\n" in text
        assert all(f"| {case.name} |" in text for case in module.CASES)


def test_every_gap_kind_is_explained() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)`", page("gaps.md"), re.MULTILINE))
    assert len(told) > 5
    assert told == gap_kinds()


def test_gaps_that_forbid_nothing_found_are_marked() -> None:
    marked = set(re.findall(r"^\| `([a-z-]+)` \*", page("gaps.md"), re.MULTILINE))
    assert marked == brokenseal.report.verdict.HIDING


def test_every_key_of_the_answer_has_a_meaning() -> None:
    assert "|  |" not in page("contract.md")


@pytest.mark.parametrize("file", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    for target in LINK.findall(file.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, place = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        assert found.exists(), f"{file.name} links to {target}"
        if place:
            assert place in anchors(found.read_text(encoding="utf-8")), f"{file.name} links to {target}"


def test_every_decision_has_context_choice_and_price() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(p.name[:4]) for p in decisions] == list(range(1, len(decisions) + 1))
    for decision in decisions:
        text = decision.read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Price")), decision.name
        assert len(text.splitlines()) <= 40, f"{decision.name} is longer than a screen"


def test_every_rule_and_field_of_a_policy_is_explained() -> None:
    text = page("keys.md")
    for rule in RULES:
        assert f"| {rule.number} | `{rule.code}` | {rule.asks} |" in text
    for field in Terms.__struct_fields__:
        assert f"`{field}`" in text, field
    for name in names():
        assert f"`{name}`" in text


def test_the_libraries_of_the_page_are_those_that_are_pinned() -> None:
    assert libraries.main(check=True) == 0, "run `make libraries`"


def test_every_shape_of_a_log_has_its_page() -> None:
    text = page("logs.md")
    for shape in logs():
        assert f"`{shape.name}`" in text, shape.name
