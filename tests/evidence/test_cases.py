"""Every reason's own cases: small timelines that must fire, and such that must not, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brokenseal import pipeline
from brokenseal.evidence import Case
from brokenseal.lake import Lake
from tests.evidence import timeline

CASES: list[tuple[str, Case]] = [(n, c) for n, m in pipeline.modules().items() for c in m.CASES]
Levels = dict[tuple[str, int], int]


@pytest.fixture(scope="module")
def levels(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Levels]:
    """Level of each case's probe by its reason; all cases are judged in one run, each an organisation of its own."""
    path: Path = tmp_path_factory.mktemp("cases") / "lake"
    with Lake.open(path, write=True, create=True, engine=engine) as lake:
        lake.start_run("cases")
        timeline.lay(lake, [c for _, c in CASES])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 0)
        yield _levels(lake)


def _levels(lake: Lake) -> Levels:
    probes = lake.read("visit_records").filter(lambda t: t.record_id.endswith("-probe"))
    visits = lake.read("visits").select("visit_id", "relationship_id").join(probes, "visit_id")
    found: Levels = {}
    for row in lake.fetch(visits.select("visit_id", "relationship_id", "record_id")).to_pylist():
        found[row["visit_id"], -1] = found[row["relationship_id"], -1] = int(row["record_id"].split("-")[0])
    out: Levels = {}
    for row in lake.fetch(lake.read("levels").select("evidence", "unit_id", "level")).to_pylist():
        if (row["unit_id"], -1) in found:
            out[row["evidence"], found[row["unit_id"], -1]] = row["level"]
    return out


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{n}: {c.name}" for n, c in CASES])
def test_case(number: int, levels: Levels) -> None:
    name, case = CASES[number]
    assert (levels.get((name, number), 0) > 0) == case.fires


@pytest.mark.parametrize("name", sorted(pipeline.modules()))
def test_reason_says_what_a_reader_must_know(name: str) -> None:
    module = pipeline.modules()[name]
    reason = module.REASON
    assert module.__name__.endswith(reason.name)
    assert reason.ground in ("documented", "measured", "heuristic")
    assert reason.aspect in ("token", "network", "client", "volume", "intelligence")
    assert reason.attack and all(a.startswith("T") for a in reason.attack)
    assert reason.explains and reason.misses and reason.benign and reason.levels
    fires = [c.fires for c in module.CASES]
    assert any(fires) and not all(fires)
