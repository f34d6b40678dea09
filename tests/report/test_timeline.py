"""The axis names its days so that they can be told apart."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from brokenseal.report import timeline
from brokenseal.report.language import language

BEGIN = datetime(2020, 5, 20)


@pytest.mark.parametrize(
    ("days", "first", "most"), [(30, "20 May", 9), (320, "20 May", 9), (400, "May 2020", 6), (1200, "May 2020", 6)]
)
def test_above_a_year_the_days_have_their_years_and_more_room(days: int, first: str, most: int) -> None:
    told = [t["text"] for t in timeline.ticks(timeline.Axis(BEGIN, BEGIN + timedelta(days=days)), language("en"))]
    assert told[0] == first and 3 <= len(told) <= most + 1
    assert len(set(told)) == len(told)
