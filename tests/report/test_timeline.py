"""The axis names its days so that they can be told apart."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import timeline
from brokenseal.report.language import language
from tests.report import grown, invented

BEGIN = datetime(2020, 5, 20)


@pytest.mark.parametrize(
    ("days", "first", "most"), [(30, "20 May", 9), (320, "20 May", 9), (400, "May 2020", 6), (1200, "May 2020", 6)]
)
def test_above_a_year_the_days_have_their_years_and_more_room(days: int, first: str, most: int) -> None:
    told = [t["text"] for t in timeline.ticks(timeline.Axis(BEGIN, BEGIN + timedelta(days=days)), language("en"))]
    assert told[0] == first and 3 <= len(told) <= most + 1
    assert len(set(told)) == len(told)


def test_a_gap_that_begins_before_the_axis_says_since_when(answer: dict[str, Any]) -> None:
    span = timeline.axis(answer)
    inside, early = dict(answer["gaps"][0]), {**answer["gaps"][0], "from": "2024-09-18T00:00:00Z", "kind": "expiring"}
    assert timeline.before([inside], span) is None
    assert timeline.before([inside, early, {**early, "from": "2024-12-01T00:00:00Z"}], span) == early["from"]
    assert "← since" not in report.html(answer, invented.REASONS)
    told = report.html({**answer, "gaps": [*answer["gaps"], {**early, "mailbox": None}]}, invented.REASONS)
    chart, case = told[told.index('<section id="gaps"') :], told[: told.index('<section id="gaps"')]
    assert "← since 18 Sept 2024" in chart and "← since 18 Sept 2024" in case


@pytest.mark.parametrize(("tenants", "closed"), [(3, False), (25, True)])
def test_a_closed_line_shows_when_its_mailboxes_were_visited(
    answer: dict[str, Any], tenants: int, closed: bool
) -> None:
    large = grown.grown(answer, tenants=tenants, mailboxes=100, messages=100)
    source = report.html(large, invented.REASONS)
    lines = re.findall(r"<details (?:open)?\s*><summary><span class=\"tl\">(.*?)</summary>", source)
    assert len(lines) == tenants
    assert all(("<i class=" in line) is closed for line in lines)
    assert all((re.search(r"4 mailboxes, \d+ visits", line) is not None) is closed for line in lines)


def test_many_visits_in_one_line_stay_few_marks(answer: dict[str, Any]) -> None:
    span, act = timeline.axis(answer), answer["cases"][0]["acts"][0]
    times = [span.begin + n * (span.end - span.begin) / 3000 for n in range(3000)]
    acts = [
        {**act, "first": f"{t:%Y-%m-%dT%H:%M:%SZ}", "basis": ("link", "own evidence")[n % 2]}
        for n, t in enumerate(times)
    ]
    told = timeline.dense(acts, span)
    assert len(told) <= 2 * (100 / timeline.APART + 1) and sum(m["count"] for m in told) == 3000
