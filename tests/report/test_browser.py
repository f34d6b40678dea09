"""The page in a browser: what opens, fits, prints and can be used by everybody. Chromium is Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from brokenseal import pipeline, report
from tests.report import grown, invented

CHROMIUM = Path("/usr/bin/chromium")
LANGUAGES = ("en", "ar")
SIZES = {"wide": 1440, "narrow": 390}
WORLDS = ("one", "quiet", "forty", "thousands")
MOST_BYTES = 5_000_000


def _need_chromium() -> Any:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if sync_playwright is None or not CHROMIUM.exists():
        message = f"needs playwright and {CHROMIUM}"
        if os.environ.get("CI"):
            pytest.fail(f"{message}; CI must have them")
        pytest.skip(message)
    return sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with _need_chromium()() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def answers(answer: dict[str, Any], quiet: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "one": answer,
        "quiet": quiet,
        "dozen": grown.grown(answer, tenants=3, mailboxes=12, messages=60),
        "forty": grown.grown(answer, tenants=5, mailboxes=40, messages=2000),
        "thousands": grown.grown(answer, tenants=25, mailboxes=3000, messages=20000),
    }


@pytest.fixture(scope="module")
def pages(answers: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    folder = tmp_path_factory.mktemp("pages")
    reasons = pipeline.described() | invented.REASONS
    out = {}
    for world, made in answers.items():
        for tag in LANGUAGES:
            out[world, tag] = folder / f"{world}-{tag}.html"
            out[world, tag].write_text(report.html(made, reasons, tag), encoding="utf-8")
    return out


@pytest.fixture
def opened(browser: Any, pages: dict[tuple[str, str], Path]) -> Iterator[Any]:
    """A page opened by world and language; whatever the console says, or is fetched, fails the test."""
    contexts = []

    def opening(world: str, tag: str, *, width: int = 1440, scheme: str = "light", place: str = "") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("console", lambda m: page.said.append(m.text))
        page.on("request", lambda r: page.said.append(r.url) if not r.url.startswith("file://") else None)
        page.on("dialog", lambda d: page.said.append("dialog"))
        page.goto(f"file://{pages[world, tag]}{place}")
        return page

    yield opening
    for context in contexts:
        context.close()


def test_the_largest_stays_small(pages: dict[tuple[str, str], Path]) -> None:
    assert all(path.stat().st_size < MOST_BYTES for path in pages.values())


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_it_fits_and_fetches_nothing(opened: Any, world: str, tag: str, size: str) -> None:
    page = opened(world, tag, width=SIZES[size])
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]
    assert page.locator("script, img, iframe, link, object").count() == 0
    assert page.evaluate("document.documentElement.dir") == ("rtl" if tag == "ar" else "ltr")
    assert page.said == []


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("world", ["one", "quiet", "dozen"])
def test_nothing_serious_for_those_who_cannot_see_well(opened: Any, world: str, tag: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(world, tag, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d, n) => { d.open = n < 12 })")
    found = axe.run(page).response["violations"]
    grave = [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")]
    assert grave == []


def test_a_dossier_is_reached_and_opened_by_keyboard(opened: Any) -> None:
    page = opened("forty", "en")
    link = page.locator(".timeline a").first
    name = link.inner_text()
    link.focus()
    page.keyboard.press("Enter")
    dossier = page.locator(".dossier:target")
    assert dossier.is_visible() and name in dossier.inner_text()


def _printed(page: Any, path: Path) -> str:
    page.pdf(path=str(path), format="A4")
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext")
    return subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("world", "tag"), [("one", "en"), ("forty", "ar"), ("thousands", "en")])
def test_a_dossier_prints_alone_and_names_no_other(
    opened: Any, answers: dict[str, dict[str, Any]], world: str, tag: str, tmp_path: Path
) -> None:
    page = opened(world, tag, place="#d1-1")
    text = "".join(_printed(page, tmp_path / "one.pdf").split())
    boxes = [m["mailbox"] for m in answers[world]["cases"][0]["mailboxes"]]
    assert [b for b in boxes if b in text] == [boxes[1]]


def test_the_head_prints_on_half_a_page(opened: Any) -> None:
    page = opened("one", "en", width=794)
    page.emulate_media(media="print")
    assert page.locator("header").bounding_box()["height"] < 1123 * 0.62


def test_marks_are_told_apart_without_colour(opened: Any) -> None:
    """Each kind of mark has a form of its own, not a colour alone."""
    page = opened("forty", "en")
    forms = page.evaluate(
        "['o','l','p','q'].map(c => { const i = document.createElement('i'); i.className = c;"
        " document.querySelector('.key').append(i); const s = getComputedStyle(i);"
        " return [s.transform, s.borderRadius, s.width, s.backgroundColor !== s.borderTopColor].join() })"
    )
    assert len(set(forms)) == 4


def test_the_legend_names_only_marks_that_are_there(opened: Any) -> None:
    shown = opened("forty", "en").locator(".key").first
    assert [shown.locator(f"i.{c}").count() for c in "olpq"] == [1, 1, 0, 1]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_on_a_narrow_page_every_cell_of_a_dossier_says_what_it_is(opened: Any, tag: str) -> None:
    page = opened("one", tag, width=SIZES["narrow"], place="#d1-0")
    names = page.evaluate(
        "[...document.querySelectorAll('#d1-0 table.stack td')].filter(c => c.textContent.trim())"
        ".map(c => getComputedStyle(c, '::before').content)"
    )
    assert len(names) > 20
    assert [name for name in names if not name.endswith(': "') or len(name) < 5] == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_name_and_no_day_of_the_timeline_is_cut_or_lies_over_another(opened: Any, tag: str, size: str) -> None:
    page = opened("forty", tag, width=SIZES[size])
    page.evaluate(
        "document.querySelectorAll('.timeline .tl > :first-child bdi').forEach("
        "(b, n) => { if (n % 5 == 0) b.textContent = 'a.very.long.name.of.a.person.and.more.' + b.textContent })"
    )
    cut = page.evaluate(
        "[...document.querySelectorAll('.timeline .tl > :first-child')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0
    days = page.evaluate(
        "[...document.querySelector('.timeline .axis').querySelectorAll('b')].filter(b => b.offsetParent)"
        ".map(b => [b.getBoundingClientRect().left, b.getBoundingClientRect().right])"
    )
    ordered = sorted(days)
    assert len(days) > 1 and all(a[1] <= b[0] + 1 for a, b in pairwise(ordered)), ordered


def test_each_sheet_has_its_number(opened: Any) -> None:
    """The browser knows the margin box; what it does not know it drops from the rules."""
    page = opened("one", "en")
    rules = page.evaluate(
        "[...document.styleSheets[0].cssRules].filter(r => r instanceof CSSPageRule).map(r => r.cssText).join(' ')"
    )
    assert "@bottom-right" in rules and "counter(page)" in rules and "counter(pages)" in rules


def test_a_dossier_printed_alone_begins_on_the_first_sheet_with_what_would_decide(opened: Any) -> None:
    page = opened("dozen", "en", width=794, place="#d1-3")
    page.emulate_media(media="print")
    assert page.locator("#d1-3").bounding_box()["y"] < 200
    assert "What each reason means" in page.evaluate("document.body.innerText")
