"""The judging loop: what only a session drew in is evidence of its own once it reaches the line by itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from brokenseal import pipeline
from brokenseal.cases import join
from brokenseal.cases.join import Link
from brokenseal.evidence import Case, access, each_day, signed_in
from brokenseal.lake import Lake
from tests.evidence import timeline

LENT, DRAWN = Link("session S", 80, lent=True), Link("address A", 80)


@pytest.mark.parametrize(("by", "last"), [(LENT, None), (DRAWN, DRAWN)], ids=["a session alone", "a place"])
def test_what_a_session_drew_in_becomes_own_evidence_where_it_reaches_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: Link, last: Link | None
) -> None:
    """A thief is loud at once; a second visit is drawn in, and is loud where the first is nobody's history any more."""
    rounds: list[list[str]] = []

    def weigh(lake: Lake, doubted: list[str], *_: object) -> tuple[int, int]:
        rounds.append(doubted)
        bits = {"thief": 200, "second": 200 if "thief" in doubted else 10}
        lake.put("judged", pa.Table.from_pylist([{"visit_id": v, "bits": n} for v, n in bits.items()]))
        lake.put("group_members", pa.Table.from_pylist([], schema=join.DOUBTED))
        return 0, 0

    monkeypatch.setattr(pipeline, "weigh", weigh)
    monkeypatch.setattr(join, "widen", lambda lake, found, line: {"second": by} if "second" not in found else {})
    monkeypatch.setattr(join, "accompanied", lambda lake, found: set(found))
    monkeypatch.setattr(pipeline.known, "spoken", lambda lake: ({}, {}))
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("settle")
        lake.put("relations", pa.table({"visits": [5, 5]}))
        judgement = pipeline.settle(lake, pipeline.Options(), lambda _: None)
    assert judgement.settled and rounds[0] == [] and rounds[1] == rounds[-1] == ["second", "thief"]
    assert judgement.found == {"thief": None, "second": last}


def test_of_reasons_that_say_so_a_mailbox_learns_nothing_from_itself(tmp_path: Path) -> None:
    """Two networks with an unissued token each, in one mailbox: they are precedents as networks, and none as tokens."""
    people = ("ann", "bea", "cal")
    life = [act for who in people for act in each_day(20, box=who, token_id=f"t-{who}", session_id=f"s-{who}")]
    signs = [
        sign
        for who in people
        for sign in signed_in(22, user=f"{who}@agency.example", issuance_id=f"t-{who}", session_id=f"s-{who}")
    ]
    forged = [access(15.2, token_id=f"x {ip}", ip=ip) for ip in ("203.0.113.9", "192.0.2.9")]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("lone")
        timeline.lay(lake, [Case("life", True, (*life, *forged), tuple(signs))])
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 200)
        rows = lake.fetch(lake.read("weights")).to_pylist()
    counted = {name: {r["mailbox_of"] for r in rows if r["evidence"] == name} for name in {r["evidence"] for r in rows}}
    lone = {name for name, reason in pipeline.reasons().items() if not reason.own}
    assert "unissued_token" in lone & set(counted) and set(counted) - lone
    assert all(counted[name] == {0} for name in lone & set(counted))
    assert any(n > 0 for name in set(counted) - lone for n in counted[name])
