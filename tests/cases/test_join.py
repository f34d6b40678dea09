"""Widening: what a place draws in, what a session does, and what is a precedent no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.cases import join, keys
from brokenseal.cases.join import Link
from brokenseal.lake import Lake

LINE = 100
Row = dict[str, Any]


def _visit(
    name: str,
    session: str,
    address: str,
    net: str = "far",
    actor: str = "x",
    unjudged: bool = False,
    like: str = "",
    client: str = "",
    box: str = "x",
    **judged: Any,
) -> Row:
    """like: the relationship's name, its own where none is given."""
    own = {"bits": 40, "at_home": False, "rooted": False, "net_level": 4, **judged}
    return {
        "visit_id": name, "session": session, "address": address, "net": net, "actor": actor, "box": box, "client": client,
        "relationship_id": like or name, "judged": None if unjudged else own,
    }  # fmt: skip


BENIGN = [_visit(f"b{n}", f"sb{n}", f"ab{n}", "office", bits=1, at_home=True, rooted=True) for n in range(2000)]
ACTS = [
    _visit("thief", "S", "A"),
    *(_visit(f"thief at {place}", f"S at {place}", place) for place in "DEF"),
    _visit("his second", "S2", "A"),
    _visit("owner elsewhere", "S", "B", client="browser"),
    _visit("owner at home", "S", "C", at_home=True),
    _visit("owner again", "S3", "B"),
    _visit("owner's browser", "SG", "G", client="browser"),
    _visit("a colleague's", "SH", "H", client="browser", box="y"),
    _visit("copied client", "S4", "D", at_home=True),
    _visit("habit", "S5", "E", at_home=True, rooted=True),
    _visit("ordinary", "S6", "F", bits=0),
]
# an address of three people's found acts and of nobody else, but for a habit that no reason speaks of
LAIR = [
    *(_visit(f"copied {n}", f"SC{n}", "LAIR", "lair", f"person {n}") for n in range(3)),
    _visit("from the first days", "S7", "LAIR", "lair", "newcomer", unjudged=True),
    *(_visit(f"copied twice {n}", f"SD{n}", "FLAT", "flat", "person 0") for n in range(3)),
    _visit("his own flat", "S8", "FLAT", "flat", "person 0", unjudged=True),
]
# two who are each day where each was found once, with a program that is new to his mailbox; at hers a thief was found too
DESK = [
    *(_visit(f"{who} at work {n}", f"SE{n} {who}", f"DESK {who}", f"desk {who}", who, like=f"desk {who}", rooted=True)
      for who in ("he", "she") for n in range(2)),
    _visit("at her desk", "SF", "DESK she", "desk she", "thief"),
]  # fmt: skip
ACTS += [*LAIR, *DESK]


def _table(name: str, rows: list[Row]) -> pa.Table:
    known = schema.TABLES.get(name)
    return pa.Table.from_pylist(rows, schema=known.arrow() if known else None)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Each visit a relationship of its own; the thief's session is S, and its owner's places are B and C."""
    visits = [*BENIGN, *ACTS]
    who = {"tenant_id": "t"}
    sizes = Counter(v["relationship_id"] for v in visits)
    relations = {
        v["relationship_id"]: {k: v[k] for k in ("relationship_id", "net", "actor", "box")}
        | {"visits": sizes[v["relationship_id"]], "client_key": v["relationship_id"], **who}
        for v in visits
    }
    carried = [
        {k: v[k] for k in ("visit_id", "relationship_id")} | {"kind": kind, "value": v[kind], **who}
        for v in visits
        for kind in ("session", "address", "client")
        if v[kind]
    ]
    carried += [
        {
            "visit_id": v["visit_id"],
            "relationship_id": v["visit_id"],
            "kind": "client",
            "value": f"one in ten {n % 10}",
            **who,
        }
        for n, v in enumerate(BENIGN)
    ]
    crowds = [{"kind": "address", "net": v["net"], "value": v["address"], "who": "t x", "visits": 1} for v in visits]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("join")
        for name, rows in (
            ("visits", [{k: v[k] for k in ("visit_id", "relationship_id")} for v in visits]),
            ("relations", list(relations.values())),
            ("visit_keys", carried),
            ("crowds", crowds),
            ("judged", [{"visit_id": v["visit_id"], **v["judged"]} for v in visits if v["judged"]]),
        ):
            lake.put(name, _table(name, rows))
        keys.counts(lake)
        yield lake


def test_a_place_draws_in_all_but_habits_and_a_session_all_but_what_is_at_home(lake: Lake) -> None:
    drawn = join.widen(lake, {"thief": None, **{f"thief at {place}": None for place in "DEF"}}, LINE)
    assert sorted(drawn) == ["copied client", "his second", "owner elsewhere"]
    assert drawn["his second"] == Link("address A", drawn["his second"].bits)
    assert drawn["owner elsewhere"] == Link("session S", drawn["owner elsewhere"].bits, lent=True)


def test_an_address_of_nobody_but_the_found_draws_in_a_habit(lake: Lake) -> None:
    three: dict[str, Link | None] = {f"copied {n}": None for n in range(3)}
    drawn = join.widen(lake, dict(three), LINE)
    assert set(drawn) == {"from the first days"} and drawn["from the first days"].by == "address LAIR"
    # two people found there are too few
    del three["copied 2"]
    assert "from the first days" not in join.widen(lake, dict(three), LINE)


def test_that_somebody_is_where_he_always_is_draws_in_nothing(lake: Lake) -> None:
    assert join.widen(lake, {"he at work 0": None}, LINE) == {}
    assert set(join.widen(lake, {"she at work 0": None, "at her desk": None}, LINE)) == {"she at work 1"}


def test_one_persons_own_acts_draw_in_no_habit_of_his(lake: Lake) -> None:
    assert join.widen(lake, {f"copied twice {n}": None for n in range(3)}, LINE) == {}


def test_the_place_of_what_only_a_session_brought_in_draws_in_nobody(lake: Lake) -> None:
    lent = {"thief": None, "owner elsewhere": Link("session S", 80, lent=True)}
    assert "owner again" not in join.widen(lake, lent, LINE)
    assert "owner again" in join.widen(lake, {"thief": None, "owner elsewhere": None}, LINE)


def test_the_client_of_what_only_a_session_brought_in_draws_in_nobody_of_another_mailbox(lake: Lake) -> None:
    own, colleague = "owner's browser", "a colleague's"
    drawn = join.widen(lake, {"thief": None, "owner elsewhere": Link("session S", 80, lent=True)}, LINE)
    assert drawn[own].by == "client browser" and colleague not in drawn
    assert {own, colleague} <= set(join.widen(lake, {"thief": None, "owner elsewhere": None}, LINE))


def test_only_what_a_session_brought_in_by_itself_is_lent(lake: Lake) -> None:
    found = {"a": None, "b": Link("session S", 80, lent=True), "d": Link("session S", 80, group=True)}
    assert lake.fetch(join.lent(lake, found)).to_pylist() == [{"visit_id": "b"}]


def test_who_is_odd_alone_stays_a_precedent(lake: Lake) -> None:
    alone = {"thief": None, "b1": None}
    join.widen(lake, dict(alone), LINE)
    assert join.accompanied(lake, dict(alone)) == set()
    two = {"thief": None, "his second": None, "b1": None}
    join.widen(lake, dict(two), LINE)
    assert join.accompanied(lake, dict(two)) == {"thief", "his second"}


def test_many_false_alarms_that_share_something_common_stay_apart(lake: Lake) -> None:
    """One who bears a hundred false cases is shown a hundred, and not one of a hundred mailboxes."""
    odd = dict.fromkeys(v["visit_id"] for v in BENIGN[:600:10])
    join.widen(lake, dict(odd), LINE)
    assert len(join.components(lake, dict(odd), LINE)) == len(odd) == 60
    two = {"thief": None, "his second": None}
    join.widen(lake, dict(two), LINE)
    assert join.components(lake, dict(two), LINE) == [["his second", "thief"]]


def test_a_rare_group_is_one_case_and_a_common_one_as_many_as_its_members(lake: Lake) -> None:
    """Who is accused because of others is shown beside them."""
    names = ("b1", "b2", "b3")
    for weight, cases in ((126, 1), (20, 3)):
        found: dict[str, Link | None] = {n: Link("network and client N", weight, group=True) for n in names}
        join.widen(lake, dict(found), LINE)
        assert len(join.components(lake, found, LINE)) == cases
