"""What a group's place weighs: who is new there, and how other networks draw newcomers; and who is in the group."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import bits, pipeline, schema
from brokenseal.evidence import Case, access, groups, place, reach, score
from brokenseal.lake import Lake
from tests.evidence import timeline
from tests.evidence.test_burst import LIFE, PEOPLE, SIGNS

Row = dict[str, Any]
SETTLED, LAIR = "settled", "lair"


def _further(path: Path, crowds: list[tuple[str, int, int | None]], net: str, new: int) -> float:
    """What each newcomer after the first weighs, in bits; crowds: network, newcomers, and who is at home there."""
    told = [{"net": n, "n": drawn, "people": people} for n, drawn, people in crowds]
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("further")
        keys = lake.put("asked", pa.Table.from_pylist([{"net": net, "new": new}]))
        (row,) = lake.fetch(place.further(lake, told, keys)).to_pylist()
    return float(row["further"])


def _share(*others: int) -> float:
    """By hand: of so many newcomers each but the first of a network followed another; twenty lean on a quarter."""
    lean = bits.PRIOR_ACTS
    return -math.log2((sum(others) - len(others) + lean * reach.FURTHER) / (sum(others) + lean))


@pytest.mark.parametrize(
    ("crowds", "counted"),
    [
        ([], ()),
        ([("x", 2, None), ("y", 1, None)], (2, 1)),
        ([("x", 3, None), ("y", 9, None), ("z", 2, None)], (2,)),
        ([("x", 2, 40)], ()),
    ],
    ids=["none", "fewer", "as many and more", "where some are at home"],
)
def test_where_nobody_is_at_home_networks_that_drew_fewer_are_counted(
    tmp_path: Path, crowds: list[tuple[str, int, int | None]], counted: tuple[int, ...]
) -> None:
    assert _further(tmp_path, [(LAIR, 3, None), *crowds], LAIR, 3) == pytest.approx(_share(*counted))


def test_where_some_are_at_home_all_others_of_the_like_are_counted(tmp_path: Path) -> None:
    crowds = [(SETTLED, 3, 5), ("x", 9, 5), ("y", 2, 1), ("z", 8, None)]
    assert _further(tmp_path, crowds, SETTLED, 3) == pytest.approx(_share(9, 2))


def _met(path: Path, at_home: int) -> dict[str, Row]:
    """Three newcomers of one network, and at_home people who live there, by the kinds of keys that they share."""
    new = [{"relationship_id": f"n{n}", "net_level": 4, "net": LAIR, "actor": f"n{n}"} for n in range(3)]
    here = [{"relationship_id": f"h{n}", "net_level": 0, "net": LAIR, "actor": f"h{n}"} for n in range(at_home)]
    office = [{"relationship_id": f"o{n}", "net_level": 0, "net": "office", "actor": f"o{n}"} for n in range(60)]
    every = [
        {**r, "tenant_id": "t", "box": r["actor"], "settled_net": r["net_level"] == 0} for r in new + here + office
    ]
    shared = [
        {"kind": kind, "value": kind, "n": 3, "total": 0, "new": 3, "relationship_id": "n0"}
        for kind in ("address", "network", "network and client")
    ]
    tables = {
        "relations": ("relationship_id", "tenant_id", "actor", "net"),
        "standing": ("relationship_id", "net_level"),
        "trusted": ("relationship_id",),
        "pairs": ("tenant_id", "box", "net", "settled_net"),
    }
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("met")
        for name, columns in tables.items():
            lake.put(name, pa.Table.from_pylist([{c: r[c] for c in columns} for r in every]))
        met = place.met(lake, lake.put("shared", pa.Table.from_pylist(shared)))
        return {r["kind"]: r for r in lake.fetch(met).to_pylist()}


def test_a_whole_network_is_a_meeting_place_only_where_nobody_is_at_home(tmp_path: Path) -> None:
    assert set(_met(tmp_path / "lair", 0)) == {"address", "network", "network and client"}
    assert set(_met(tmp_path / "settled", 1)) == {"address", "network and client"}


def test_the_first_newcomer_weighs_the_place_and_each_further_one_what_others_do(tmp_path: Path) -> None:
    """Three are new, all in one network of nobody, and sixty are at home elsewhere."""
    first = math.log2((1 + 3 * 0.5 / 61) / (3 * 0.5 / 61))
    assert first > _share()
    assert _met(tmp_path, 0)["address"]["came"] == round((first + 2 * _share()) * 10)


def test_none_further_weighs_more_than_the_first(tmp_path: Path) -> None:
    """Where nearly all are at home, being new there is no coincidence at all."""
    expected = 3 * 600.5 / 661
    first = math.log2((1 + expected) / expected)
    assert first < _share()
    assert _met(tmp_path, 600)["address"]["came"] == round(3 * first * 10)


@pytest.mark.parametrize(
    ("carried", "old", "told"),
    [((0, 0, 0), 0, 0), ((20, 25, 0), 0, 45), ((90, 0, 0), 0, 50), ((90, 90, 90), 0, 120), ((90, 90, 90), 2, 50)],
    ids=[
        "they travelled",
        "as odd as they are",
        "one alone bears the first",
        "no more than the place",
        "newcomers only",
    ],
)
def test_a_place_weighs_what_its_newcomers_bear_out(
    tmp_path: Path, carried: tuple[int, ...], old: int, told: int
) -> None:
    """A place of twelve bits whose first newcomer weighs five; old: so many of the three are not new."""
    key = {"kind": "address", "value": "A"}
    people = [{**key, "actor": f"{n}", "carried": tenths, "new": int(n >= old)} for n, tenths in enumerate(carried)]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("borne")
        met = lake.put(
            "met",
            pa.Table.from_pylist([{**key, "came": 120, "first": 50}, {**key, "value": "B", "came": 90, "first": 50}]),
        )
        borne = place.borne(met, lake.put("oddest", pa.Table.from_pylist(people)))
        rows = lake.fetch(borne.order_by("value")).to_pylist()
    assert [(r["value"], r["place"]) for r in rows] == [("A", told), ("B", 0)]


def _lent(path: Path, net_level: int, client_level: int = 4, aspect: str = "volume") -> dict[str, int]:
    """What one act, odd in one way alone, lends to a group (apart) and bears out of its place (carried), in tenths."""
    names = [f"r{n}" for n in range(400)]
    visits = [{"visit_id": n, "relationship_id": n} for n in names]
    known = [{"relationship_id": n, "net_level": 0, "client_level": 0, "rooted": True} for n in names]
    known[0] |= {"net_level": net_level, "client_level": client_level, "rooted": False}
    hits = [{**visits[0], "evidence": aspect, "aspect": aspect, "bits": 60}]
    relations = [{"relationship_id": n, "tenant_id": "t", "period": "settled"} for n in names]
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("apart")
        for name, rows in (("hits", hits), ("standing", known), ("relations", relations)):
            lake.put(name, pa.Table.from_pylist(rows))
        lake.put("visits", pa.Table.from_pylist(visits, schema=schema.TABLES["visits"].arrow()))
        lake.put("unfair", pa.table({"unit_id": pa.array([], pa.string())}))
        score.judge(lake)
        rows = lake.fetch(lake.read("judged")).to_pylist()
    (row,) = [r for r in rows if r["visit_id"] == "r0"]
    assert row["bits"] > 30
    return {"apart": int(row["apart"]), "carried": int(row["carried"])}


def _apart(path: Path, net_level: int, client_level: int = 4, aspect: str = "volume") -> int:
    return _lent(path, net_level, client_level, aspect)["apart"]


def test_what_is_read_adds_up_where_fewer_than_three_are_at_home(tmp_path: Path) -> None:
    read = {level: _apart(tmp_path / str(level), level) for level in range(5)}
    assert read[0] == read[score.COMMON] == 0 and read[2] == read[3] == read[4] > 30
    # tokens add up wherever they are used, but for what is at home
    assert _apart(tmp_path / "token", score.COMMON, aspect="token") > 30
    assert _apart(tmp_path / "home", 0, client_level=0, aspect="token") == 0


def test_a_client_bears_a_place_out_and_a_network_does_not(tmp_path: Path) -> None:
    client, network = (_lent(tmp_path / aspect, 4, aspect=aspect) for aspect in ("client", "network"))
    assert client["apart"] == network["apart"] == 0
    assert client["carried"] > 30 and network["carried"] == 0


@pytest.mark.parametrize(
    ("links", "neighbour"),
    [(("orphan", "orphan"), False), (("orphan", "token"), True), (("token", "token"), True)],
    ids=["most are orphans", "most are linked", "all are linked"],
)
def test_who_signs_in_is_no_member_of_a_group_of_forged_tokens(
    tmp_path: Path, links: tuple[str, ...], neighbour: bool
) -> None:
    there = [*links, "token", "session"]
    visits = [{"visit_id": f"{n} {link}", "link": link} for n, link in enumerate(there)]
    named = {"kind": "address", "value": "A"}
    # and one who is in two groups is judged in each
    rows = [{"visit_id": v["visit_id"], **named} for v in visits]
    rows += [{"visit_id": "2 token", "kind": "prefix", "value": "A"}]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("unlike")
        lake.put("visits", pa.Table.from_pylist(visits, schema=schema.TABLES["visits"].arrow()))
        told = lake.put("members", pa.Table.from_pylist(rows))
        members = lake.fetch(bits.unlike(told, told, lake.read("visits").select("visit_id", "link"))).to_pylist()
    left = {m["visit_id"] for m in members if m["kind"] == "address"}
    assert ("2 token" in left) is neighbour and "3 session" in left
    assert [m["visit_id"] for m in members if m["kind"] == "prefix"] == ["2 token"]


def test_the_neighbour_who_signs_in_is_in_no_group_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twelve people four are in one place: where so few are counted nobody weighs much, so that members need less."""
    monkeypatch.setattr(groups, "MEMBER_BITS", 10)
    there = {"ip": "203.0.113.9"}
    forged = [
        access(18.3 + n / 50, box=who, token_id=f"x-{who}", items=900, **there) for n, who in enumerate(PEOPLE[:3])
    ]
    issued = [access(18.6, box=PEOPLE[9], token_id=f"t-{PEOPLE[9]}", items=900, **there)]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("neighbour")
        timeline.lay(lake, [Case("life", True, (*LIFE, *forged, *issued), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(false_cases=8.0), 400)
        members = lake.read("group_members").join(lake.read("visits").select("visit_id", "actor", "link"), "visit_id")
        rows = lake.fetch(members.filter(members.by == "address 203.0.113.9")).to_pylist()
        judged = lake.read("judged").join(lake.read("visits").select("visit_id", "actor", "ip"), "visit_id")
        near = lake.fetch(
            judged.filter((judged.actor == f"{PEOPLE[9]}@agency.example") & (judged.ip == there["ip"]))
        ).to_pylist()
    assert [n["bits"] >= groups.MEMBER_BITS and n["net_level"] > score.COMMON for n in near] == [True]
    assert sorted(r["actor"].split("@")[0] for r in rows) == list(PEOPLE[:3])
    assert {r["link"] for r in rows} == {"orphan"}


def test_forged_tokens_that_are_loud_alone_say_so_of_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The three lend a group nothing, since each crosses the line; the two who sign in there are none the worse for them."""
    monkeypatch.setattr(groups, "MEMBER_BITS", 10)
    there: Row = {"ip": "203.0.113.9", "items": 900}
    forged = [
        access(18.3 + n / 50, box=who, token_id=f"x-{who}", app_id="another", **there)
        for n, who in enumerate(PEOPLE[:3])
    ]
    issued = [access(18.6 + n / 50, box=who, token_id=f"t-{who}", **there) for n, who in enumerate(PEOPLE[8:10])]
    by: list[set[str]] = []
    for name, line, acts in (("staff", 400, issued), ("both", 35, [*forged, *issued])):
        with Lake.open(tmp_path / name / "lake", write=True, create=True) as lake:
            lake.start_run("loud")
            timeline.lay(lake, [Case("life", True, (*LIFE, *acts), SIGNS)])
            for step in pipeline.CONTEXT:
                step(lake)
            lake.put("priors", pipeline.priors.table())
            pipeline.weigh(lake, [], [], pipeline.Options(false_cases=8.0), line)
            judged = lake.read("judged").join(lake.read("visits").select("visit_id", "link", "ip"), "visit_id")
            rows = lake.fetch(judged.filter(judged.ip == there["ip"])).to_pylist()
            members = lake.fetch(lake.read("group_members")).to_pylist()
        by.append({m["by"] for m in members})
    # of the last world
    assert {(r["link"], r["bits"] >= 35) for r in rows} == {("orphan", True), ("token", False)}
    assert f"address {there['ip']}" in by[0] and f"address {there['ip']}" not in by[1]


def _groups_there(path: Path, acts: list[Row]) -> list[tuple[str, int]]:
    """Kind and people of the groups of 203.0/16, where these acts are."""
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("network")
        timeline.lay(lake, [Case("life", True, (*LIFE, *acts), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(false_cases=8.0), 400)
        found = lake.fetch(lake.read("groups")).to_pylist()
    return [(g["kind"], g["actors"]) for g in found if "203.0" in g["value"]]


def test_a_network_alone_holds_a_group_together(tmp_path: Path) -> None:
    """Each from an address and a /24 of its own, and with a program of its own."""
    forged = [
        access(18.3 + n / 50, box=who, token_id=f"x-{who}", ip=f"203.0.{113 + n}.9", app_id=f"app {n}", items=900)
        for n, who in enumerate(PEOPLE[:3])
    ]
    assert _groups_there(tmp_path, forged) == [("network", 3)]


def test_people_who_carry_what_they_always_do_travelled(tmp_path: Path) -> None:
    """To one hotel with the program and the session of every day."""
    own = [{"box": who, "token_id": f"t-{who}", "session_id": f"s-{who}"} for who in PEOPLE[:3]]
    there = [access(18.3 + n / 50, ip="203.0.113.9", **who) for n, who in enumerate(own)]
    assert _groups_there(tmp_path / "travel", there) == []
    thief = [{**act, "app_id": "another program", "items": 900} for act in there]
    assert _groups_there(tmp_path / "theft", thief) != []
