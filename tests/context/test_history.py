"""What is ordinary in a mailbox: a client that was there from the first days, though it is used nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import pipeline
from brokenseal.cases import join
from brokenseal.context import history
from brokenseal.evidence import Case, access, each_day
from brokenseal.lake import Lake
from tests.evidence import timeline

HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"
LIFE = each_day(25)
KNOWN, NOWHERE = 0, 4


def _levels(path: Path, days: range, ip: str) -> tuple[int, int]:
    """How well the network and the client are known of a program that is used on these days, there and nowhere else."""
    used = tuple(access(d + 0.6, client="imap", app_id="other", ip=ip) for d in days)
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("history")
        timeline.lay(lake, [Case("life", True, (*LIFE, *used))])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("doubted", pa.table({"visit_id": []}, schema=join.DOUBTED))
        history.pairs(lake)
        history.standing(lake)
        known = lake.read("standing").join(lake.read("relations"), "relationship_id")
        rows: list[dict[str, Any]] = lake.fetch(known.filter(known.client == "imap")).to_pylist()
    (row,) = rows
    return row["net_level"], row["client_level"]


@pytest.mark.parametrize(
    ("days", "ip", "levels"),
    [
        (range(1, 1 + history.HABIT_DAYS), HOME, (KNOWN, KNOWN)),
        (range(1, history.HABIT_DAYS), HOME, (KNOWN, NOWHERE)),
        (range(1, 1 + history.HABIT_DAYS), ELSEWHERE, (NOWHERE, NOWHERE)),
        (range(10, 16), HOME, (KNOWN, NOWHERE)),
    ],
    ids=["three of the first days", "two", "in a place of its own", "later"],
)
def test_a_client_of_the_first_days_is_known_where_others_vouch_for_its_place(
    tmp_path: Path, days: range, ip: str, levels: tuple[int, int]
) -> None:
    assert _levels(tmp_path, days, ip) == levels
