"""Unissued tokens of several people at once: what their number weighs, and who is in the group."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from brokenseal import bits, pipeline
from brokenseal.evidence import Case, access, burst, each_day, signed_in
from brokenseal.lake import Lake
from tests.evidence import timeline

PEOPLE = tuple(f"p{n:02}" for n in range(12))
LIFE = tuple(act for who in PEOPLE for act in each_day(25, box=who, token_id=f"t-{who}", session_id=f"s-{who}"))
SIGNS = tuple(
    sign
    for who in PEOPLE
    for sign in signed_in(
        27, user=f"{who}@agency.example", user_object_id=who, issuance_id=f"t-{who}", session_id=f"s-{who}"
    )
)
DAY = date(2025, 3, 3)


def _forged(day: float, who: str, **columns: str):  # type: ignore[no-untyped-def]
    place = {"ip": f"203.0.{113 + int(who[1:])}.9", "token_id": f"forged-{who}-{day}", **columns}
    return access(day, box=who, **place)


def _bursts(path: Path, *acts: object) -> list[tuple[int, int, int]]:
    """People, weight, and visits of each span."""
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("burst")
        timeline.lay(lake, [Case("life", True, (*LIFE, *acts), SIGNS)])  # type: ignore[arg-type]
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 200)
        rows = lake.fetch(lake.read("burst")).to_pylist()
        members = lake.fetch(lake.read("burst_visits")).to_pylist()
    return [(r["people"], r["place"], sum(m["value"] == r["value"] for m in members)) for r in rows]


def test_three_in_one_night_weigh_more_than_two(tmp_path: Path) -> None:
    night = [_forged(18.9 + n / 10, who) for n, who in enumerate(PEOPLE[:3])]
    (three,) = [b for b in _bursts(tmp_path / "a", *night) if b[0] == 3]
    two = max(b for b in _bursts(tmp_path / "b", *night[:2]) if b[0] == 2)
    assert three[0] == three[2] == 3 and three[1] >= two[1] + 15 > 60


def test_one_person_is_no_burst_however_many_tokens(tmp_path: Path) -> None:
    assert _bursts(tmp_path, *(_forged(18.3 + n / 20, "p00") for n in range(5))) == []


def test_where_each_signs_in_and_days_apart_is_no_burst(tmp_path: Path) -> None:
    at_home = [_forged(18.3, who, ip="198.51.100.7") for who in PEOPLE[:4]]
    apart = [_forged(8.3 + 4 * n, who) for n, who in enumerate(PEOPLE[:4])]
    assert _bursts(tmp_path, *at_home, *apart) == []


def _weights(days: dict[tuple[str, int], int], isolate: bool = False) -> dict[str, int]:
    """Of each span that weighs: its first day and organisation, and bits; days: people with such a token."""
    spans = [(t, DAY + timedelta(days=n)) for t in "ABC" for n in range(-1, 60)]
    used = [{"tenant_id": t, "program": "web", "start": start} for t, start in spans]
    met = [
        {"tenant_id": t, "program": "web", "start": DAY + timedelta(days=n - shift), "people": people}
        for (t, n), people in days.items()
        for shift in (0, 1)
    ]
    rows = burst._rows(used, met, isolate)
    return {r["value"].removesuffix(" web"): r["place"] for r in rows}


def test_what_went_as_far_elsewhere_or_at_the_same_time_excuses_nobody() -> None:
    alone = _weights({("A", 20): 3})
    assert set(alone) == {"A 2025-03-23", "A 2025-03-22"} and len(set(alone.values())) == 1
    assert _weights({("A", 20): 3, ("B", 40): 3})["A 2025-03-23"] == alone["A 2025-03-23"]
    assert _weights({("A", 20): 3, ("B", 20): 2})["A 2025-03-23"] == alone["A 2025-03-23"]
    # smaller ones elsewhere do, and any in the own organisation
    assert _weights({("A", 20): 3, ("B", 40): 2})["A 2025-03-23"] < alone["A 2025-03-23"]
    assert _weights({("A", 20): 3, ("A", 40): 3})["A 2025-03-23"] < alone["A 2025-03-23"] - 10
    assert _weights({("A", 20): 3, ("B", 40): 2}, isolate=True) != _weights({("A", 20): 3, ("B", 40): 2})


def test_a_program_that_mostly_goes_without_sign_ins_is_not_asked() -> None:
    every = {(t, n): 3 for t in "AB" for n in range(0, 60, 2)}
    assert _weights(every) == {}


def test_the_group_falls_with_its_reason_and_names_its_people(tmp_path: Path) -> None:
    night = [_forged(18.9 + n / 10, who) for n, who in enumerate(PEOPLE[:6])]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("burst")
        timeline.lay(lake, [Case("life", True, (*LIFE, *night), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        line, tried = pipeline.weigh(lake, [], [], pipeline.Options(), 200)
        (group,) = [
            g for g in lake.fetch(lake.read("groups")).to_pylist() if g["kind"] == burst.KIND and g["actors"] == 6
        ]
        without = [r for r in lake.fetch(lake.read("group_without")).to_pylist() if r["value"] == group["value"]]
        members = [m for m in lake.fetch(lake.read("group_members")).to_pylist() if m["by"].endswith(group["value"])]
    assert group["weight"] >= line >= bits.line(tried, 0.5)
    assert [(r["evidence"], r["bits"]) for r in without] == [(burst.UNISSUED, 0)]
    assert len(members) == 6
