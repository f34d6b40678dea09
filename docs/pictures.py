"""Take the pictures of docs/pictures from a demo's report.

Run from the project's folder, after `make demo`: `python -m docs.pictures`. Needs playwright and Debian's Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PAGE = Path("demo/answer/report.html")
FOLDER = Path(__file__).parent / "pictures"
CHROMIUM = "/usr/bin/chromium"
PARTS = {"head": "header", "timeline": ".timeline >> nth=0"}


def main() -> int:
    """Write each picture."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page: Page = browser.new_page(viewport={"width": 960, "height": 800})
        page.goto(PAGE.resolve().as_uri())
        for name, part in PARTS.items():
            page.locator(part).first.screenshot(path=FOLDER / f"{name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
