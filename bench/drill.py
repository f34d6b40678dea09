"""The drill's score of many seeds as a page: what is kept of what is promised, and what is not.

What: `python -m bench.drill score/score.json` writes bench/results/drill.md. Why: what the drills are meant to reach is
reached or not, and a reader should see which. How: `make drill` scores ten seeds of every drill (hours), this tells them; a
figure that misses its goal is told like any other. Misses: the worlds are invented by the project that judges them; see
docs/drill.md.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from brokenseal.drill import table
from brokenseal.drill.poisson import at_most
from brokenseal.drill.scenarios import SCENARIOS

OUT = Path(__file__).parent / "results" / "drill.md"
Row = dict[str, Any]
HEADS = (
    "drill", "seeds", "mailboxes found", "all found in", "wrongly accused", "messages or folders", "wrongly listed",
    "most cases a campaign", "false cases", "first minute", "alarm by 3rd act", "unlogged in a gap", "gap / blind hours",
    "goal",
)  # fmt: skip


def main() -> None:
    """Read the score, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("score", type=Path, help="score.json of `brokenseal drill --report`")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the date that the page tells")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")
    given = parser.parse_args()
    rows = table.summed(json.loads(given.score.read_text(encoding="utf-8"))["worlds"])
    given.out.write_text(page(rows, given.date), encoding="utf-8")


def page(rows: list[Row], date: str) -> str:
    """The page, in Markdown. rows: of `table.summed`."""
    loud = [r for r in rows if SCENARIOS[r["scenario"]].intruder is not None]
    quiet = [r for r in rows if SCENARIOS[r["scenario"]].intruder is None]
    out = [
        f"Measured {date}, at the default budget of false cases; what the columns mean: docs/drill.md.",
        "",
        "| " + " | ".join(HEADS) + " |",
        "|---" * len(HEADS) + "|",
        *("| " + " | ".join(_cells(r)) + " |" for r in loud),
        "",
        *_unfed(loud),
        *(line for r in quiet for line in _budgets(r)),
    ]
    return "\n".join(out) + "\n"


def _cells(row: Row) -> list[str]:
    listed = row["messages"] if row["messages"]["of"] else row["folders"]
    seeds = len(row["seeds"])
    return [
        row["scenario"],
        str(seeds),
        _of(row["mailboxes"]),
        f"{row['seeds_whole']} of {seeds}",
        _of(row["accused"]),
        _of(listed),
        _of(row["blamed"]),
        str(row["cases"]["most_a_campaign"]),
        str(row["cases"]["false"]),
        _of(row["first_access"]),
        _of(table.third(row["alarm"])),
        _of(row["unlogged"]),
        f"{row['gap_hours']['declared'] / max(row['gap_hours']['true'], 1):.2f}",
        "-" if row["goal"] is None else "missed: " + "; ".join(row["goal"]) if row["goal"] else "kept",
    ]


def _unfed(rows: list[Row]) -> list[str]:
    """That fewer organisations were waited for than were robbed, where the alarm was left out of some seeds."""
    fed, robbed = (sum(r[a][b] for r in rows) for a, b in (("alarm", "organisations"), ("organisations", "of")))
    return [f"Alarms were waited for in {fed} of {robbed} robbed organisations.", ""] if fed < robbed else []


def _of(share: Row) -> str:
    return f"{share['found']} of {share['of']} ({table.told(share)})" if share["of"] else "-"


def _budgets(row: Row) -> list[str]:
    """What was promised and seen where nobody is inside, each seed a world."""
    first = row["budgets"][0]
    return [
        f"Nobody inside, {len(row['seeds'])} seeds: false cases promised {first['promised']:g}, observed {first['observed']} "
        f"(by chance up to {at_most(first['promised'])}, 95 % of a Poisson distribution).",
        *(
            f"At a wider budget: promised {b['promised']:g}, observed {b['observed']} "
            f"({b['observed'] / b['promised']:.2f} times)."
            for b in row["budgets"][1:]
        ),
    ]


if __name__ == "__main__":
    main()
