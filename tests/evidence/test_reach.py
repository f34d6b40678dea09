"""A person who newly opens mailboxes of others: what the number weighs, and who is in the group."""

from __future__ import annotations

from pathlib import Path

import pytest

from brokenseal import pipeline
from brokenseal.bits import tenths
from brokenseal.evidence import Case, access, each_day, reach
from brokenseal.lake import Lake
from tests.evidence import timeline

BOXES = tuple(f"p{n:02}" for n in range(12))
LIFE = tuple(a for box in BOXES for a in each_day(25, box=box))


def _opens(boxes: tuple[str, ...], day: float = 18.3, actor: str = "p00@agency.example", **columns: str):  # type: ignore[no-untyped-def]
    return tuple(
        access(day + n / 50, box=box, actor=actor, logon_type=columns.get("logon_type", "delegate"))
        for n, box in enumerate(boxes)
    )


def _reached(path: Path, *acts: object) -> dict[str, tuple[int, int]]:
    """Who reached, how many mailboxes, and what it weighs."""
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("reach")
        timeline.lay(lake, [Case("life", True, (*LIFE, *acts))])  # type: ignore[arg-type]
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 200)
        rows = lake.fetch(lake.read("reach")).to_pylist()
        members = lake.fetch(lake.read("reach_visits")).num_rows
        assert members >= sum(r["boxes"] for r in rows)
    return {r["value"].split()[-1]: (r["boxes"], r["place"]) for r in rows}


def test_six_at_once_weigh_much_and_two_little(tmp_path: Path) -> None:
    many = _reached(tmp_path / "a", *_opens(BOXES[1:7]))["p00@agency.example"]
    few = _reached(tmp_path / "b", *_opens(BOXES[1:3]))["p00@agency.example"]
    assert many[0] == 6 and few[0] == 2
    assert many[1] > 120 > 90 > few[1]


def test_what_was_opened_from_the_first_days_is_not_new(tmp_path: Path) -> None:
    old = tuple(a for box in BOXES[1:7] for a in _opens((box,), day=1.3))
    assert _reached(tmp_path, *old, *_opens(BOXES[1:7])) == {}


def test_owners_and_applications_reach_nobody(tmp_path: Path) -> None:
    acts = _opens(BOXES[1:7], actor="app-1", logon_type="application")
    assert _reached(tmp_path, *acts) == {}


@pytest.mark.parametrize("colleagues, others", [([], []), ([6, 6, 6], []), ([], [1] * 9)])
def test_precedents_make_it_ordinary(colleagues: list[int], others: list[int]) -> None:
    alone = tenths(reach.oddness(6, [], 30, [], 200))
    assert tenths(reach.oddness(6, colleagues, 30, others, 200)) <= alone or others
    # each further mailbox weighs more, whatever the precedents
    assert reach.oddness(7, colleagues, 30, others, 200) < reach.oddness(6, colleagues, 30, others, 200)


def test_a_service_desk_is_its_own_precedent(tmp_path: Path) -> None:
    alone = _reached(tmp_path / "a", *_opens(BOXES[1:7]))["p00@agency.example"][1]
    desk = [act for n in range(3) for act in _opens(BOXES[5:11], actor=f"p0{n}@agency.example")]
    assert _reached(tmp_path / "b", *desk)["p00@agency.example"][1] < alone - 40


def test_the_mailbox_of_a_team_is_nobodys(tmp_path: Path) -> None:
    team = [act for n in range(4) for act in _opens(BOXES[5:11], actor=f"p0{n}@agency.example")]
    assert _reached(tmp_path, *team) == {}


def test_who_synchronises_folders_is_counted_and_reads_who_comes_again(tmp_path: Path) -> None:
    """He opens no message by name."""

    def synced(days: int) -> tuple[int, int]:
        opened = [a for day in range(days) for a in _opens(BOXES[1:5], day=15.3 + day)]
        acts = [dict(a, access="sync", item_count=None) for a in opened]
        desk = [a for n in (1, 2) for a in _opens(BOXES[5:9], actor=f"p0{n}@agency.example")]
        return _reached(tmp_path / f"{days}", *acts, *desk)["p00@agency.example"]

    once, daily = synced(1), synced(9)
    assert once[0] == daily[0] == 4 and daily[1] > once[1] + 20


def _counts(*numbers: tuple[str, int, int]) -> list[reach.Row]:
    """Of a person each: the organisation, and how many mailboxes were opened and read."""
    return [
        {"tenant_id": tenant, "actor": f"{tenant}{n}", "from_1": opened, "from_8": read}
        for n, (tenant, opened, read) in enumerate(numbers)
    ]


def _weight(counts: list[reach.Row], actor: str) -> int:
    rows = reach._weighed(counts, dict.fromkeys("abcd", 30), False)
    return {r["value"].split()[1]: r["place"] for r in rows}[actor]


def test_who_reads_in_six_is_not_excused_by_desks_that_look_into_as_many() -> None:
    desks = [(tenant, 6, 0) for tenant in "bcd"]
    looked = _weight(_counts(("a", 6, 0), *desks), "a0")
    read = _weight(_counts(("a", 6, 6), *desks), "a0")
    assert looked < 70 and read > looked + 60
    # a second who reads as much elsewhere is no precedent, one who reads in fewer is
    assert _weight(_counts(("a", 6, 6), *desks, ("b", 6, 6)), "a0") >= read - 5
    assert _weight(_counts(("a", 6, 6), *desks, *[("b", 3, 3)] * 5), "a0") < read - 20


def test_as_many_as_did_so_make_it_ordinary_however_the_others_are_spread() -> None:
    one_each = [1] * 30
    alone = tenths(reach.oddness(6, [], 30, one_each, 200, spread=True))
    assert tenths(reach.oddness(6, [], 30, [*one_each, 6, 6, 6], 200, spread=True)) < 65 < 80 < alone
    # and who went nearly as far counts for the rest of the way
    near = tenths(reach.oddness(6, [], 30, [*one_each, 5, 5, 5], 200, spread=True))
    assert tenths(reach.oddness(6, [], 30, [*one_each, 6, 6, 6], 200, spread=True)) < near < alone
