"""Where one visit ends and the next begins, and what is no part of either."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from brokenseal import pipeline
from brokenseal.evidence import Case, access
from brokenseal.lake import Lake
from tests.evidence import timeline

MINUTE = 1 / 24 / 60
Visit = tuple[int, int, int]


def _visits(path: Path, engine: str, *minutes: float, **columns: str) -> list[Visit]:
    """First and last minute of each visit, and its accesses; a second client is there all the time."""
    rows = [access(1 + m * MINUTE, **columns) for m in minutes]
    others = [access(1 + m * MINUTE, client="rest", app_id="other") for m in range(0, 400, 30)]
    with Lake.open(path / "lake", write=True, create=True, engine=engine) as lake:
        lake.start_run("visits")
        timeline.lay(lake, [Case("one", True, (*rows, *others))])
        for step in pipeline.CONTEXT:
            step(lake)
        visits = lake.read("visits")
        found = lake.fetch(visits.filter(visits.client == "owa").select("first", "last", "access_count")).to_pylist()
        records = lake.read("visit_records")
        assert lake.fetch(records).num_rows == len(rows) + len(others)
    begin = timeline.BEGIN + timedelta(days=1)
    return sorted((_minute(v["first"], begin), _minute(v["last"], begin), v["access_count"]) for v in found)


def _minute(time: datetime, begin: datetime) -> int:
    return round((time - begin) / timedelta(minutes=1))


@pytest.mark.parametrize(
    ("minutes", "visits"),
    [
        ((0, 59, 118, 177), [(0, 177, 4)]),
        ((0, 60), [(0, 60, 2)]),
        ((0, 61), [(0, 0, 1), (61, 61, 1)]),
        ((0, 0, 61, 61, 100, 200, 200), [(0, 0, 2), (61, 100, 3), (200, 200, 2)]),
        ((5,), [(5, 5, 1)]),
    ],
)
def test_a_visit_ends_where_more_than_an_hour_passes(
    tmp_path: Path, engine: str, minutes: tuple[float, ...], visits: list[Visit]
) -> None:
    assert _visits(tmp_path, engine, *minutes) == visits
