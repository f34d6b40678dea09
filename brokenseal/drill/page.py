"""The score as one page: tables, two charts, what was missed and why. No script, nothing fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from brokenseal.drill import charts
from brokenseal.drill.intruders import avoids
from brokenseal.drill.scenarios import MAILBOXES_AN_ALARM, SCENARIOS
from brokenseal.drill.table import third, told

HERE = Path(__file__).parent
Row = dict[str, Any]
BUDGETS = ("the default", *(f"1 a day for {each:,} mailboxes" for each in MAILBOXES_AN_ALARM))


def html(score: Row) -> str:
    """The page. score: as score.json holds it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    rows, caution = score["drills"], avoids()
    quiet = [r for r in rows if SCENARIOS[r["scenario"]].intruder is None]
    points = [{**b, "name": name} for r in quiet for b, name in zip(r["budgets"], BUDGETS)]
    hunted = [_point(r, caution) for r in rows if SCENARIOS[r["scenario"]].intruder is not None]
    return environment.get_template("page.html").render(
        rows=rows,
        worlds=len(score["worlds"]),
        missed=[w for w in score["worlds"] if w["mailboxes"]["missed"]],
        promised=Markup(charts.promised(points)) if points else "",
        recall=Markup(charts.recall(hunted)) if hunted else "",
        caution=sorted(
            ((name, words) for name, words in caution.items() if any(_who(p["name"]) == name for p in hunted)),
            key=lambda pair: (len(pair[1]), pair[0]),
        ),
        share=told,
        third=third,
        number=_number,
    )


def _who(scenario: str) -> str:
    return str(SCENARIOS[scenario].intruder)


def _point(row: Row, caution: dict[str, tuple[str, ...]]) -> Row:
    listed = row["messages"] if row["messages"]["of"] else row["folders"]
    return {
        "name": row["scenario"],
        "avoids": len(caution[_who(row["scenario"])]),
        "mailboxes": row["mailboxes"]["share"],
        "listed": listed["share"],
    }


def _number(value: float | None) -> str:
    """A number as people read it; a dash where there is none."""
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")
