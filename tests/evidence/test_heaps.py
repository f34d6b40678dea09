"""Several people of one organisation with more unissued tokens than chance explains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from brokenseal import bits, pipeline, schema
from brokenseal.evidence import Case, access, burst, heaps
from brokenseal.lake import Lake
from tests.evidence import timeline
from tests.evidence.test_burst import LIFE, SIGNS

LINE = 160
ACTS = 100
WEB, PHONE = "web", "phone"
Row = dict[str, Any]
JUDGED = pa.schema([("visit_id", pa.string()), ("bits", pa.int64()), ("at_home", pa.bool_())])


def _visit(name: str, actor: str, stratum: str = WEB, link: str = "orphan", tenant: str = "A", **told: int) -> Row:
    """told: what its token weighs (`heap`), and it in all (`bits`), in tenths."""
    visit = {"visit_id": name, "actor": actor, "stratum": stratum, "link": link, "tenant_id": tenant}
    return {**visit, "background": False, "heap": heaps.HEAVY, "bits": 100, "at_home": True, **told}


def _life(tenant: str, people: int = 40) -> list[Row]:
    return [_visit(f"{tenant} {n}", f"person {n}", link="token", tenant=tenant, heap=0, bits=0) for n in range(people)]


def _heaps(
    path: Path, *visits: Row, isolate: bool = False, doubted: tuple[str, ...] = ()
) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Organisations with their people and weight, and the visits of the groups."""
    every = [*_life("A"), *_life("B"), *visits]
    hits = [{"visit_id": v["visit_id"], "evidence": burst.UNISSUED, "bits": v["heap"]} for v in every if v["heap"]]
    # what weighs much by another reason is no heap
    hits += [{"visit_id": v["visit_id"], "evidence": "new_network", "bits": 2 * heaps.HEAVY} for v in every]
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("heaps")
        lake.put("hits", pa.Table.from_pylist(hits))
        lake.put("relations", pa.table({"relationship_id": [f"r{n}" for n in range(ACTS)]}))
        lake.put("visits", pa.Table.from_pylist(every, schema=schema.TABLES["visits"].arrow()))
        lake.put("judged", pa.Table.from_pylist([{k: v[k] for k in JUDGED.names} for v in every], schema=JUDGED))
        lake.put("doubted", pa.table({"visit_id": pa.array(doubted, pa.string())}))
        rows = lake.fetch(heaps.heaps(lake, LINE, isolate=isolate)).to_pylist()
        members = lake.fetch(lake.read("heap_visits"))["visit_id"].to_pylist()
    return {r["value"]: (r["people"], r["place"]) for r in rows}, sorted(set(members))


def _two(tenant: str = "A", people: int = 2) -> list[Row]:
    return [_visit(f"{tenant} heap {n}", f"person {n}", tenant=tenant) for n in range(people)]


def test_two_are_a_group_and_one_is_none(tmp_path: Path) -> None:
    found, members = _heaps(tmp_path / "two", *_two())
    assert found["A"][0] == 2 and found["A"][1] > 60 and members == ["A heap 0", "A heap 1"]
    assert _heaps(tmp_path / "three", *_two(people=3))[0]["A"][1] >= found["A"][1] + 15
    # one each in two organisations, of a hundred acts, is little
    assert _heaps(tmp_path / "one", *_two(people=1), *_two("B", people=1))[0] == {heaps.EVERYWHERE: (2, 41)}


def test_one_in_each_organisation_is_a_group_of_all(tmp_path: Path) -> None:
    """Among a hundred acts, by the oddest number of organisations: three of eleven bits, or the two of fifteen among them."""
    one_each = [
        _visit(f"{t} heap", "person 0", tenant=t, heap=heap) for t, heap in (("A", 150), ("B", 150), ("C", 110))
    ]
    found, members = _heaps(tmp_path / "three", *one_each, _visit("A too", "person 1", heap=150))
    everywhere = found[heaps.EVERYWHERE]
    assert everywhere == (4, bits.tenths(bits.several([150, 150, 110], ACTS))) and everywhere[1] > 110
    assert members == ["A heap", "A too", "B heap", "C heap"]
    # a colleague's is no further one
    colleagues = [_visit(f"A {who}", who, heap=150) for who in ("person 1", "person 2", "person 3")]
    assert _heaps(tmp_path / "own", *one_each, *colleagues)[0][heaps.EVERYWHERE][1] == everywhere[1]
    # nor who came from elsewhere
    far = [
        *one_each[:2],
        {**one_each[2], "at_home": False},
        _visit("D heap", "person 0", tenant="D", heap=150) | {"at_home": False},
    ]
    assert _heaps(tmp_path / "far", *far)[0] == {heaps.EVERYWHERE: (2, bits.tenths(bits.several([150, 150], ACTS)))}
    assert _heaps(tmp_path / "isolated", *one_each, isolate=True) == ({}, [v["visit_id"] for v in one_each])


def test_what_weighs_little_is_no_heap(tmp_path: Path) -> None:
    assert _heaps(tmp_path, _two()[0], _visit("light", "person 1", heap=heaps.HEAVY - 1)) == ({}, ["A heap 0"])


def test_its_visits_are_all_that_such_a_program_has_of_unissued_tokens(tmp_path: Path) -> None:
    light = [
        _visit("his light one", "person 0", heap=0, bits=0),
        _visit("his telephone's", "person 0", PHONE, heap=0, bits=0),
        _visit("issued", "person 0", link="token", heap=0, bits=0),
        _visit("a colleague's", "person 7", heap=0, bits=0),
        _visit("elsewhere", "person 0", tenant="B", heap=0, bits=0),
    ]
    assert _heaps(tmp_path, *_two(), *light)[1] == ["A heap 0", "A heap 1", "his light one"]


def test_who_crosses_the_line_alone_or_is_doubted_elsewhere_is_counted_with_nobody(tmp_path: Path) -> None:
    alone = _visit("alone", "person 1", bits=LINE)
    assert _heaps(tmp_path / "a", _two()[0], alone) == ({}, ["A heap 0"])
    assert _heaps(tmp_path / "b", _two()[0], {**alone, "bits": LINE - 1})[0]["A"][0] == 2
    far = [_two()[0], {**_two()[1], "at_home": False}]
    assert _heaps(tmp_path / "c", *far)[0]["A"][0] == 2
    assert _heaps(tmp_path / "d", *far, doubted=("A heap 1",))[0] == {}


def test_who_is_doubted_at_home_is_still_one_of_them(tmp_path: Path) -> None:
    """Or else whose heap is found a round later would be alone."""
    assert _heaps(tmp_path, *_two(), doubted=("A heap 1",))[0] == _heaps(tmp_path / "all", *_two())[0]


def test_precedents_are_other_organisations_that_had_fewer(tmp_path: Path) -> None:
    alone = _heaps(tmp_path / "alone", *_two(people=3))[0]["A"][1]
    fewer = [*_two(people=3), *_two("B", people=2)]
    assert _heaps(tmp_path / "fewer", *fewer)[0]["A"][1] < alone - 5
    as_many = _heaps(tmp_path / "many", *_two(people=3), *_two("B", people=3))[0]
    assert as_many["A"][1] == as_many["B"][1] == alone
    # by itself an organisation has none, and fewer people to be counted on
    isolated = _heaps(tmp_path / "isolated", *fewer, isolate=True)[0]["A"][1]
    assert isolated == bits.tenths(heaps.reach.oddness(3, [], 40 - 3, [], 0)) != alone


def test_a_heap_is_a_group_with_the_weight_of_its_number_and_is_kept_by_its_reason(tmp_path: Path) -> None:
    """Two of twelve, days apart: each with a network and tokens of their own."""
    night = {"p00": (8.3, "203.0.113.9"), "p01": (18.3, "192.0.2.9")}
    forged = [
        access(day + n / 3, box=who, ip=ip, token_id=f"x-{who}-{n}")
        for who, (day, ip) in night.items()
        for n in range(3)
    ]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("heaps")
        timeline.lay(lake, [Case("life", True, (*LIFE, *forged), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        # the line is high, so that nobody crosses it alone, and of groups so low that two are loud
        pipeline.weigh(lake, [], [], pipeline.Options(false_cases=4.0), 400)
        groups = [g for g in lake.fetch(lake.read("groups")).to_pylist() if g["kind"] == heaps.KIND]
        without = [r for r in lake.fetch(lake.read("group_without")).to_pylist() if r["kind"] == heaps.KIND]
        members = lake.fetch(lake.read("group_members"))["by"].to_pylist()
    (group,) = groups
    assert group["actors"] == 2 and group["weight"] == group["place"] > 60
    assert [(r["evidence"], r["bits"]) for r in without] == [(burst.UNISSUED, 0)]
    assert members.count(f"{heaps.KIND} {group['value']}") == len(forged)
