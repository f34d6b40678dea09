"""How long the page takes to open in a browser, for a small answer and for the largest.

What: `python -m bench.page` makes the pages of one case, of forty mailboxes and of 3,000, in English and Arabic, and opens each
in headless Chromium; bench/results/page.md says how large each is and how long it took until it was laid out and painted.
Why: whoever is woken opens it at once, or not at all. How: a new browser context each time, so that nothing is warm; the
middle of five, in wall clock, on whatever machine this is; beside it the ratio to the smallest page in the same run, which
can be compared. Misses: other browsers, slower disks, a machine that is busy with something else.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from brokenseal import pipeline, report
from brokenseal.lake import Lake
from tests.report import grown, invented

RESULT = Path(__file__).with_name("results") / "page.md"
CHROMIUM = "/usr/bin/chromium"
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(document.body.offsetHeight))))"
Row = dict[str, Any]


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = _pages(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _opened(browser, next(iter(pages.values())))
        rows = [(name, path.stat().st_size, _middle(browser, path, runs)) for name, path in pages.items()]
        told = [
            "# Opening the page",
            "",
            f"Headless Chromium {browser.version}, the middle of {runs} in a new context each; seconds are this machine's.",
            "",
            "| answer | language | size | seconds until painted | against the smallest |",
            "|---|---|---|---|---|",
            *(
                f"| {name[0]} | {name[1]} | {size / 1e6:.2f} MB | {seconds:.2f} | {seconds / rows[0][2]:.1f} |"
                for name, size, seconds in rows
            ),
        ]
        browser.close()
    text = "\n".join(told) + "\n"
    print(text)
    RESULT.write_text(text, encoding="utf-8")


def _pages(folder: Path) -> dict[tuple[str, str], Path]:
    with Lake.open(invented.lay(folder)) as lake:
        one = report.answer(lake, invented.REASONS)
    answers = {
        "one case, 3 mailboxes": one,
        "5 organisations, 40 mailboxes, 2,000 messages": grown.grown(one, tenants=5, mailboxes=40, messages=2_000),
        "25 organisations, 3,000 mailboxes, 20,000 messages": grown.grown(
            one, tenants=25, mailboxes=3_000, messages=20_000
        ),
    }
    reasons = pipeline.described() | invented.REASONS
    out = {}
    for name, answer in answers.items():
        for tag in ("en", "ar"):
            out[name, tag] = folder / f"{len(out)}.html"
            out[name, tag].write_text(report.html(answer, reasons, tag), encoding="utf-8")
    return out


def _middle(browser: Browser, path: Path, runs: int) -> float:
    return statistics.median(_opened(browser, path) for _ in range(runs))


def _opened(browser: Browser, path: Path) -> float:
    """Seconds from the address to a painted page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(f"file://{path}")
    page.evaluate(PAINTED)
    seconds = time.perf_counter() - begin
    context.close()
    return seconds


if __name__ == "__main__":
    main()
