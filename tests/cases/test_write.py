"""What a case weighs, and what is left of it without one of its reasons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brokenseal.cases import weighing, write
from brokenseal.cases.join import Group, Link

ACTS = [{"act_id": "a", "bits": 260}, {"act_id": "b", "bits": 200}]
LINES = weighing.Lines(single=115, group=120)


def _finding(act: str, evidence: str, without: int) -> dict[str, Any]:
    return {"act_id": act, "evidence": evidence, "act_bits_without": without}


FOUND = [_finding("a", "shape", 180), _finding("a", "unissued", 100), _finding("b", "unissued", 90)]


def _without(case: weighing.Case) -> dict[str, tuple[int, int]]:
    return {w.evidence: (w.bits, w.excess) for w in weighing.without(case, FOUND, LINES)}


def _grouped(*without: tuple[str, int]) -> weighing.Case:
    parts = Group(actors=5, plain=400, rest=120, place=420, without=without)
    return weighing.Case("c", ACTS, 490, 370, groups=(Link("address A", 490, group=True, parts=parts),))


def test_the_strongest_reason_is_the_one_whose_absence_costs_most() -> None:
    # the rarer finding stands on one act alone; what all acts share is worth more to the case
    case = weighing.Case("c", ACTS, 260, 145)
    assert _without(case) == {"shape": (200, 85), "unissued": (100, -15)}
    assert weighing.worst(weighing.without(case, FOUND, LINES)) == weighing.Without("unissued", 100, -15)


def test_a_group_is_weighed_again_without_the_reason_and_not_lessened_by_what_an_act_loses() -> None:
    told = _without(_grouped(("unissued", 420)))
    assert told == {"shape": (490, 370), "unissued": (420, 300)}


def test_where_the_group_falls_the_heaviest_act_is_left() -> None:
    assert _without(_grouped(("shape", 0)))["shape"] == (200, 85)


def test_of_two_groups_the_one_that_does_not_need_the_reason_stays() -> None:
    sturdy = Link("session S", 300, group=True, parts=Group(3, 200, 300, 0))
    case = _grouped(("unissued", 0))
    case.groups = (*case.groups, sturdy)
    assert _without(case)["unissued"] == (300, 180)


def test_without_findings_nothing_is_lost() -> None:
    assert weighing.worst(weighing.without(_grouped(), [], LINES)) is None


def test_a_group_s_terms_are_those_of_its_weight() -> None:
    (row,) = weighing.groups(_grouped())
    assert row == {
        "case_id": "c", "shared": "address A", "actors": 5, "plain": 400, "rest": 120, "came": None, "place": 420, "bits": 490,
    }  # fmt: skip


def _seen(day: int, *, lent: bool) -> dict[str, Any]:
    return {"first": datetime(2025, 9, day), "lent": lent}


def test_it_began_with_the_first_visit_that_its_owner_s_session_does_not_explain() -> None:
    acts = [_seen(3, lent=True), _seen(5, lent=False), _seen(9, lent=True)]
    assert write.since(acts) == {"first_access": datetime(2025, 9, 5), "either_from": datetime(2025, 9, 3)}


def test_where_nothing_came_before_there_is_nothing_to_tell_apart() -> None:
    acts = [_seen(5, lent=False), _seen(9, lent=True)]
    assert write.since(acts) == {"first_access": datetime(2025, 9, 5), "either_from": None}


def test_where_all_may_be_the_owner_s_the_first_of_them_is_told() -> None:
    assert write.since([_seen(3, lent=True)]) == {"first_access": datetime(2025, 9, 3), "either_from": None}
