"""The answer as one page: no script, nothing fetched, all that the log holds shown as text.

Every value that the template prints passes through `visible` and then through HTML escaping; no template line can leave
that out. The page's own policy forbids everything but its styles.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from brokenseal.report import advice, words
from brokenseal.report.visible import visible

HERE = Path(__file__).parent
MOST_IN_HEAD = 3
CARRIERS = ("session", "token")
MOST_ITEMS = 500
MOST_ACTS = 2000
"""What is left out is counted, and stands in answer.json."""
LONGEST = 2000
"""Above this no text of ours is longer; a text from the log is cut earlier, by the template."""
Row = dict[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]


def html(answer: Row, reasons: Reasons) -> str:
    """The page. reasons: as for `answer`; what each reason explains, misses, and what is benign."""
    views = [_case(c) for c in answer["cases"]]
    return (
        _environment()
        .get_template("page.html")
        .render(
            answer=answer,
            reasons=_known(reasons, answer),
            style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
            headline=advice.headline(answer),
            steps=advice.steps(answer),
            unread=advice.unread(answer),
            views=views,
            head=views[:MOST_IN_HEAD],
            most=MOST_ITEMS,
            most_acts=MOST_ACTS,
            gaps=_gaps(answer["gaps"]),
            words=words,
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    environment.filters["cut"] = visible
    # Jinja's own `capitalize` would write VPN as vpn
    environment.filters["upfirst"] = lambda text: text[:1].upper() + text[1:]
    return environment


def _printed(value: Any) -> Any:
    """What `{{ }}` prints: markup of our own as it is, all else made visible."""
    return value if isinstance(value, Markup) else visible(value, LONGEST)


def _known(reasons: Reasons, answer: Row) -> dict[str, Mapping[str, Any]]:
    """Every reason that the answer names; one that this version does not know is shown by its name."""
    found = [f for part in (*answer["cases"], *answer["leads"]) for f in part["findings"]]
    unknown = {"explains": "", "misses": "", "benign": ()}
    return {f["evidence"]: {**unknown, "title": f["evidence"], **f} for f in found} | dict(reasons)


def _case(case: Row) -> Row:
    """What the template needs beside the case: mailboxes by organisation, findings by reason, the span of time."""
    span = _Span(case["first_access"], case["last_access"])
    by_tenant = [
        (tenant, [{"row": m, "left": span.left(m["first_access"]), "width": span.width(m)} for m in boxes])
        for tenant, boxes in groupby(case["mailboxes"], key=lambda m: m["tenant_id"])
    ]
    messages, folders = words.counted(case)
    return {
        "case": case,
        "tenants": by_tenant,
        "reasons": _by_reason(case["findings"]),
        "accessed": words.at_least(messages, folders),
        "confirmed": sum(m["confirmed"] for m in case["mailboxes"]),
        "either": any(i["by"] == "either" for m in case["mailboxes"] for i in (*m["messages"], *m["folders"])),
        "alternatives": [(a, list(g)) for a, g in groupby(case["how"]["alternatives"], key=lambda a: a["against"])],
        "carriers": [i for i in case["indicators"] if i["type"] in CARRIERS],
        "shared": [i for i in case["indicators"] if i["type"] not in CARRIERS],
        "links": sorted({a["link"] for a in case["acts"]}),
        "linked": sum(a["basis"] == "link" for a in case["acts"]),
    }


def _by_reason(findings: list[Row]) -> list[Row]:
    """One entry a reason: its strongest finding, how many visits it is found in, and all its findings."""
    names: dict[str, list[Row]] = {}
    for f in findings:
        names.setdefault(f["evidence"], []).append(f)
    return [
        {"evidence": name, "strongest": found[0], "visits": len({f["act_id"] for f in found}), "findings": found}
        for name, found in sorted(names.items(), key=lambda p: (-p[1][0]["bits"], p[0]))
    ]


def _gaps(gaps: list[Row]) -> list[tuple[str, list[Row]]]:
    ordered = sorted(gaps, key=lambda g: g["kind"])
    return [(kind, list(rows)) for kind, rows in groupby(ordered, key=lambda g: g["kind"])]


class _Span:
    """Places on a bar that stands for the case's whole time, in per cent."""

    def __init__(self, first: str, last: str) -> None:
        self.begin = datetime.fromisoformat(first)
        self.seconds = max((datetime.fromisoformat(last) - self.begin).total_seconds(), 1.0)

    def left(self, time: str) -> int:
        return min(98, int(100 * (datetime.fromisoformat(time) - self.begin).total_seconds() / self.seconds))

    def width(self, row: Row) -> int:
        return max(2, self.left(row["last_access"]) - self.left(row["first_access"]))
