"""Write the reference pages from the code, or with --check say which of them lag behind it.

Run from the project's folder: `python -m docs.generate`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from brokenseal import schema

HERE = Path(__file__).parent
STAGES = {
    "truth": "Truth: what was taken in, never derived again",
    "log": "Derived from raw records, file by file",
    "run": "Results of an analysis: the latest run's",
}


def tables() -> str:
    """The page of tables and columns, from schema.py."""
    out = ["# Tables", "", "Generated from `brokenseal/schema.py`. Times are UTC; a missing value is NULL.", ""]
    for stage, title in STAGES.items():
        out += [f"## {title}", ""]
        for table in schema.TABLES.values():
            if table.stage == stage:
                out += [f"### `{table.name}`", "", f"One row is {table.doc}.", ""]
                out += ["| column | type | meaning |", "|---|---|---|"]
                out += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in table.columns]
                out += [""]
    return "\n".join(out)


PAGES: dict[str, Callable[[], str]] = {"tables.md": tables}


def main(check: bool) -> int:
    """Write the pages, or compare them; returns the exit code."""
    lagging = []
    for name, make in PAGES.items():
        page, text = HERE / name, make()
        if not check:
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            lagging.append(name)
    if lagging:
        print(f"lagging behind the code: {', '.join(lagging)}; run `python -m docs.generate`", file=sys.stderr)
    return 1 if lagging else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
