"""A loud group weighed again without one of the reasons that it stands on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import bits, pipeline
from brokenseal.cases import join
from brokenseal.evidence import Case, access, groups, lessened, reach, signin
from brokenseal.lake import Lake
from tests.evidence import timeline

BOXES = tuple(f"p{n:02}" for n in range(30))
DAYS = [(box, day) for box in BOXES for day in range(25)]
LIFE = tuple(access(d + 0.4, box=box, token_id=f"t{box}{d}", ip=f"198.51.{box[1:]}.7") for box, d in DAYS)
SIGNS = tuple(
    signin(d + at, issuance_id=f"t{box}{d}", stream=stream, user=f"{box}@agency.example", user_object_id=f"o-{box}")
    for box, d in [*DAYS, *((box, day) for box in BOXES for day in (25, 26, 27))]
    for at, stream in ((0.2, "interactive"), (0.35, "non-interactive"))
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Row], *tuple[dict[str, dict[str, int]], ...]]:
    """Groups by what they share, and each of them without each reason; seven forged tokens come from one address.

    Then what is weighed again where all their acts are doubted already, and where one is not.
    """
    visits = tuple(access(18.3 + n / 50, box=b, token_id=f"x{n}", ip="203.0.113.9") for n, b in enumerate(BOXES[:7]))
    with Lake.open(tmp_path_factory.mktemp("less") / "lake", write=True, create=True) as lake:
        lake.start_run("less")
        timeline.lay(lake, [Case("campaign", True, (*LIFE, *visits), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 400)
        found = {f"{g['kind']} {g['value']}": g for g in lake.fetch(lake.read("groups")).to_pylist()}
        without = [_without(lake)]
        members = sorted(set(lake.fetch(lake.read("group_members"))["visit_id"].to_pylist()))
        for doubted in (members, members[1:]):
            lake.put("doubted", pa.table({"visit_id": doubted}, schema=join.DOUBTED))
            groups.groups(lake, 0.25, 400)
            without.append(_without(lake))
    return found, *without


def _without(lake: Lake) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for r in lake.fetch(lake.read("group_without")).to_pylist():
        out.setdefault(f"{r['kind']} {r['value']}", {})[r["evidence"]] = r["bits"]
    return out


def test_without_the_token_s_reason_nothing_bears_the_place_out(weighed: Any) -> None:
    found, without, *_ = weighed
    group, left = found["address 203.0.113.9"], without["address 203.0.113.9"]
    assert group["actors"] == 7 and group["rest"] > 0 < group["place"]
    assert left["unissued_token"] == 0


def test_without_the_token_s_reason_what_the_client_bears_out_is_left(tmp_path: Path) -> None:
    """The same with a browser that is at home nowhere; without the client's reason the tokens alone bear all of it out."""
    there = {"ip": "203.0.113.9", "agent": "another"}
    visits = tuple(access(18.3 + n / 50, box=b, token_id=f"x{n}", **there) for n, b in enumerate(BOXES[:7]))
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("client")
        timeline.lay(lake, [Case("campaign", True, (*LIFE, *visits), SIGNS)])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 400)
        (group,) = [g for g in lake.fetch(lake.read("groups")).to_pylist() if g["kind"] == "address"]
        left = _without(lake)["address 203.0.113.9"]
        clients = lake.fetch(lake.read("judged").filter(lambda j: j.carried > 0)).to_pylist()
    carried = [c["carried"] - c["apart"] for c in clients if c["apart"]]
    assert len(carried) == 7 and min(carried) > 0
    assert left["unissued_token"] == min(group["came"], sum(min(c, group["first"]) for c in carried)) < group["weight"]
    assert "new_client" not in left


def test_without_the_network_s_reason_the_rest_is_left(weighed: Any) -> None:
    found, without, *_ = weighed
    assert without["address 203.0.113.9"][lessened.PLACE] == found["address 203.0.113.9"]["rest"]


def test_what_a_group_does_not_stand_on_is_not_named(weighed: Any) -> None:
    found, without, *_ = weighed
    assert "new_client" not in without["address 203.0.113.9"]
    assert all(bits < found[by]["weight"] for by, told in without.items() for bits in told.values())


def test_a_group_that_draws_nobody_in_any_more_is_not_weighed_again(weighed: Any) -> None:
    _, first, all_doubted, one_new = weighed
    assert all_doubted == {}
    assert set(one_new) <= set(first) and "address 203.0.113.9" in one_new


def test_what_a_place_is_counted_on_gives_its_bits(weighed: Any) -> None:
    """Seven persons are new in a network where nobody is at home; each is at home in one of their own. No other network drew
    anybody, so that each after the first weighs what is assumed."""
    group = weighed[0]["address 203.0.113.9"]
    counts = [group[name] for name in bits.PLACED]
    assert counts[1:] == [7, len(BOXES), 0] and counts[0] >= 7
    expected = counts[0] * (counts[3] + 0.5) / (counts[2] + 1)
    first, further = math.log2((1 + expected) / expected), -math.log2(reach.FURTHER)
    assert group["came"] == round((first + (counts[1] - 1) * min(first, further)) * 10)
