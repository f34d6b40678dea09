"""What a place of forged tokens draws in, what a heap of them does, and when two who rob the same mailboxes are one case."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.cases import join, keys
from brokenseal.cases.join import Link
from brokenseal.lake import Lake

LINE = 100
HEAP = "ann's heap"
Row = dict[str, Any]


def _visit(name: str, link: str = "orphan", relation: str = "", box: str = "", **told: Any) -> Row:
    """told: its keys by kind, and how it is judged."""
    judged = {"bits": 40, "at_home": False, "rooted": False, "net_level": 4}
    judged |= {k: told.pop(k) for k in list(told) if k in judged}
    return {
        "visit_id": name,
        "link": link,
        "relationship_id": relation or name,
        "box": box or name,
        "keys": told,
        **judged,
    }


def _lay(lake: Lake, visits: Iterable[Row]) -> None:
    """These visits, among two thousand ordinary ones of a hundred mailboxes."""
    every = [*visits, *(_visit(f"b{n}", "token", box=f"box {n % 100}", bits=1, at_home=True) for n in range(2000))]
    per: dict[str, Row] = {}
    for v in every:
        row = per.setdefault(
            v["relationship_id"],
            {"relationship_id": v["relationship_id"], "tenant_id": "t", "net": v["relationship_id"],
             "actor": v["box"], "box": v["box"], "client_key": v["relationship_id"], "visits": 0},
        )  # fmt: skip
        row["visits"] += 1
    own = ("visit_id", "relationship_id")
    carried = [{**{k: v[k] for k in own}, "kind": k, "value": n} for v in every for k, n in v["keys"].items()]
    judged = [{k: v[k] for k in ("visit_id", "bits", "at_home", "rooted", "net_level")} for v in every]
    crowds = [{"kind": "address", "net": r, "value": r, "who": "t x", "visits": 1} for r in per]
    linked = [{k: v[k] for k in (*own, "link")} for v in every]
    lake.put("visits", pa.Table.from_pylist(linked, schema=schema.TABLES["visits"].arrow()))
    for name, rows in (
        ("relations", list(per.values())),
        ("visit_keys", carried),
        ("judged", judged),
        ("crowds", crowds),
    ):
        lake.put(name, pa.Table.from_pylist(rows))
    keys.counts(lake)


def _drawn(path: Path, visits: list[Row], found: list[str]) -> set[str]:
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("unlike")
        _lay(lake, visits)
        return set(join.widen(lake, dict.fromkeys(found), LINE))


def _cases(path: Path, visits: list[Row]) -> list[list[str]]:
    """Of visits that are all found, those of each case."""
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("meeting")
        _lay(lake, visits)
        found: dict[str, Link | None] = dict.fromkeys(v["visit_id"] for v in visits)
        join.widen(lake, dict(found), LINE)
        return join.components(lake, found, LINE)


@pytest.mark.parametrize(
    ("links", "neighbour"),
    [(("orphan", "orphan", "token"), False), (("orphan", "token", "token"), True), (("token", "token"), True)],
    ids=["most are orphans", "most are linked", "all are linked"],
)
def test_a_place_of_forged_tokens_draws_in_nobody_who_signs_in(
    tmp_path: Path, links: tuple[str, ...], neighbour: bool
) -> None:
    there = [_visit(f"found {n}", link, address="A") for n, link in enumerate(links)]
    rest = [_visit(f"his {link}", link, address="A") for link in ("token", "session", "orphan")]
    drawn = _drawn(tmp_path, [*there, *rest], [v["visit_id"] for v in there])
    assert drawn == {"his session", "his orphan", *(["his token"] if neighbour else [])}


def test_a_session_of_forged_tokens_draws_in_whoever_carries_it(tmp_path: Path) -> None:
    visits = [_visit("found", session="S"), _visit("linked", "token", session="S", address="A")]
    assert _drawn(tmp_path, visits, ["found"]) == {"linked"}


@pytest.mark.parametrize(("weight", "drawn"), [(LINE // 2, {"home"}), (LINE // 2 - 1, set())])
def test_a_heap_draws_in_what_is_at_home_where_it_weighs_half_the_line(
    tmp_path: Path, weight: int, drawn: set[str]
) -> None:
    heap = {keys.UNISSUED: HEAP}
    visits = [_visit("found", **heap), _visit("home", at_home=True, rooted=True, bits=weight, **heap)]
    assert _drawn(tmp_path / "heap", visits, ["found"]) == drawn
    # a session is its owner's too, whatever he weighs
    visits = [_visit("found", session="S"), _visit("home", at_home=True, bits=weight, session="S")]
    assert _drawn(tmp_path / "session", visits, ["found"]) == set()


@pytest.mark.parametrize(("weight", "drawn"), [(LINE // 2, {"again"}), (LINE // 2 - 1, set())])
def test_who_is_where_he_always_is_is_drawn_in_where_he_weighs_half_the_line(
    tmp_path: Path, weight: int, drawn: set[str]
) -> None:
    found = _visit("found", relation="desk", box="he", address="A", rooted=True)
    again = _visit("again", relation="desk", box="he", address="A", rooted=True, bits=weight)
    assert _drawn(tmp_path, [found, again], ["found"]) == drawn


def _story(name: str, boxes: Iterable[int]) -> list[Row]:
    """One thief in some of the hundred mailboxes, held together by a session of his."""
    return [_visit(f"{name} {n}", box=f"box {n}", session=name) for n in boxes]


@pytest.mark.parametrize(
    ("boxes", "cases"),
    [((range(4), range(4)), 1), ((range(4), range(3, 7)), 2), ((range(4), range(4, 8)), 2), ((range(1), range(1)), 2)],
    ids=["the same", "one in common", "none", "one mailbox each"],
)
def test_two_that_rob_the_same_mailboxes_are_one_case(tmp_path: Path, boxes: tuple[range, range], cases: int) -> None:
    stories = [visit for n, own in enumerate(boxes) for visit in _story(f"thief {n}", own)]
    assert len(_cases(tmp_path, stories)) == cases


def test_two_that_rob_most_of_all_meet_by_chance(tmp_path: Path) -> None:
    stories = [visit for n in range(2) for visit in _story(f"thief {n}", range(24 * n, 60 + 24 * n))]
    assert len(_cases(tmp_path, stories)) == 2


def test_the_more_pairs_there_are_the_more_of_them_meet_by_chance(tmp_path: Path) -> None:
    """Two of four in common are once in 170: two are joined by that, and of many nobody."""
    two = [*_story("thief a", range(4)), *_story("thief b", range(2, 6))]
    assert len(_cases(tmp_path / "two", two)) == 1
    # who robs one mailbox is asked about nobody
    single = [visit for n in range(20) for visit in _story(f"single {n}", [10 + n])]
    assert len(_cases(tmp_path / "single", [*two, *single])) == 21
    others = [visit for n in range(10) for visit in _story(f"other {n}", range(10 + 4 * n, 14 + 4 * n))]
    assert len(_cases(tmp_path / "many", [*two, *others])) == 12


def test_the_chance_of_an_overlap_is_that_of_drawing_at_random() -> None:
    for total, one, other in [(5, 2, 2), (6, 3, 4), (7, 5, 3), (6, 6, 2)]:
        drawn = [len(set(pick) & set(range(one))) for pick in combinations(range(total), other)]
        for shared in range(2, min(one, other) + 1):
            brute = sum(n >= shared for n in drawn) / len(drawn)
            assert join._overlap(total, one, other, shared) == pytest.approx(brute)
        # one mailbox in common says nothing
        assert join._overlap(total, one, other, 1) == join._overlap(total, one, other, 0) == 1


def test_a_heap_is_of_one_person_in_one_mailbox_in_one_program(tmp_path: Path) -> None:
    like = {"tenant_id": "t", "actor": "ann", "box": "ann", "stratum": "web", "link": "orphan", "background": False}
    others = [{"actor": "bea"}, {"box": "bea"}, {"stratum": "phone"}, {"tenant_id": "u"}]
    visits = [
        like,
        like,
        *({**like, **other} for other in others),
        {**like, "link": "token"},
        {**like, "background": True},
    ]
    rows = [{**v, "visit_id": f"{n}", "relationship_id": f"r{n}"} for n, v in enumerate(visits)]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("keys")
        lake.put("visits", pa.Table.from_pylist(rows, schema=schema.TABLES["visits"].arrow()))
        keys.keys(lake)
        found = lake.fetch(lake.read("visit_keys").filter(lambda k: k.kind == keys.UNISSUED)).to_pylist()
    values = {r["visit_id"]: r["value"] for r in found}
    # each of the others is a heap of its own; what is linked or the provider's own is in none
    assert sorted(values) == ["0", "1", "2", "3", "4", "5"]
    assert values["0"] == values["1"] and len(set(values.values())) == 5
