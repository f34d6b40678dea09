"""Network and client, counted jointly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal.evidence import score
from brokenseal.lake import Lake

ASPECTS = (*score.JOINT, *score.SEPARATE)


def _joint(path: Path, peers: int, network: int, client: int, like: int = 0) -> int:
    """What the network and client of one relationship weigh together, in tenths, among others that are ordinary; `like`
    others are as odd."""
    odd = {"network": network, "client": client, "token": 0, "volume": 0, "intelligence": 0}
    odd["plain"] = network + client
    names = [f"r{n}" for n in range(peers)]
    strongest: list[dict[str, Any]] = [{"visit_id": n, "relationship_id": n, **odd} for n in names[: like + 1]]
    relations = [{"relationship_id": n, "tenant_id": "t", "period": "settled"} for n in names]
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("joint")
        lake.put("relations", pa.Table.from_pylist(relations))
        lake.put("unfair", pa.table({"unit_id": pa.array([], pa.string())}))
        table = lake.put("strongest", pa.Table.from_pylist(strongest))
        rows = lake.fetch(score._per_relation(lake, table, False)).to_pylist()
    return next(r["joint"] for r in rows if r["relationship_id"] == "r0")


def test_in_a_small_organisation_two_weigh_no_less_than_the_heavier_alone(tmp_path: Path) -> None:
    assert _joint(tmp_path, 8, 110, 30) == 110


def test_where_many_are_counted_the_count_decides(tmp_path: Path) -> None:
    rare, common = _joint(tmp_path / "a", 4000, 110, 30), _joint(tmp_path / "b", 4000, 110, 30, like=40)
    assert 100 < rare <= 140 and common == pytest.approx(66, abs=3)
