from __future__ import annotations

import json
from typing import Any

import pytest

from brokenseal.drill import feed
from brokenseal.drill.feed import Engine, alarms, available
from tests.drill.conftest import World


def test_lags_are_the_providers() -> None:
    audit = [available(f"record {n}", 1000, audit=True) - 1000 for n in range(4000)]
    assert all(3600 <= lag <= 86_400 for lag in audit)
    assert 0.01 < sum(lag > 5400 for lag in audit) / len(audit) < 0.05
    assert all(120 <= available(f"sign-in {n}", 0, audit=False) <= 300 for n in range(500))


def test_every_record_is_fed_once(forged: World) -> None:
    lines = set(feed._lines(forged.out / "logs"))
    read = [json.loads(line.text) for line in lines]
    assert {r["Id"] for r in read if "Id" in r} == {r["Id"] for r in forged.audit}
    assert {r["id"] for r in read if "id" in r} == {r["id"] for r in forged.signins}
    assert len(lines) == len({r["Id"] for r in forged.audit}) + len({r["id"] for r in forged.signins})


def test_an_alarm_is_told_in_acts_and_hours(forged: World, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = json.loads((forged.out / "truth.json").read_text())
    taken: list[int] = []
    fed: list[feed.Line] = []
    acts = feed._acts(truth)
    # in the order in which they are robbed
    tenants = list(dict.fromkeys(act.tenant_id for act in acts))

    def take(_: object, lines: list[feed.Line], *__: object) -> None:
        assert not fed or not lines or min(lines).available >= max(fed).available
        fed.extend(lines)
        taken.append(len(lines))

    def ringing(_: object, hostile: dict[str, str]) -> set[str]:
        # the first organisation's alarm rings at the first hunt, the second's at the third, others never
        hunts.append(1)
        return set(tenants[:1]) | (set(tenants[1:2]) if len(hunts) > 2 else set())

    hunts: list[int] = []
    ends: list[int] = []
    following = feed._next_hunt

    def next_hunt(*given: Any) -> int | None:
        end = following(*given)
        ends.extend([] if end is None else [end])
        return end

    monkeypatch.setattr(feed, "_next_hunt", next_hunt)
    monkeypatch.setattr(feed, "_take", take)
    monkeypatch.setattr(feed, "_ringing", ringing)
    # in a folder of its own: the world's is shared
    world = forged.out.parent / "fed"
    world.mkdir(exist_ok=True)
    if not (world / "logs").exists():
        (world / "logs").symlink_to(forged.out / "logs")
    rows = alarms(world, truth, Engine(1, "1GB"))
    by_tenant = {row["tenant_id"]: row for row in rows}
    assert set(by_tenant) == set(tenants)
    first, second = by_tenant[tenants[0]], by_tenant[tenants[1]]
    for row, end in ((first, ends[0]), (second, ends[2])):
        own = [act for act in acts if act.tenant_id == row["tenant_id"]]
        assert row["acts"] == sum(act.available < end for act in own)
        assert row["hours"] == round((end - min(act.begin for act in own)) / 3600, 1)
    # the hour in which the first act became available, and no later
    assert first["acts"] >= 1 and ends[0] - acts[0].available <= feed.HOUR
    assert all(by_tenant[t]["acts"] is None and by_tenant[t]["hours"] is None for t in tenants[2:])
    assert len(taken) == len(hunts) > 2
    assert feed.summed(rows)["rung"] == 2


def test_hunts_are_held_hourly_at_first_and_seldom_later() -> None:
    acts = [feed.Act("a", n * 1000, n * 10_000) for n in range(20)] + [feed.Act("b", 500_000, 500_000)]
    held: list[int] = []
    while (end := feed._next_hunt(acts, {}, held[-1] if held else 0)) is not None:
        held.append(end)
    # acts one to four within the hour, and once more before the fourth; those up to the twelfth within half a day; b's one
    # act, weeks of hours skipped
    assert held[:5] == [3600, 10_800, 21_600, 30_000, 32_400]
    assert held[5:-1] == [43_200, 86_400, 129_600]
    assert held[-1] == 500_400
    assert feed._next_hunt(acts, {"a": 1, "b": 1}, 0) is None


def test_a_fourth_act_of_the_same_hour_is_not_heard_before_three_were_judged() -> None:
    acts = [feed.Act("a", n * 100, n * 100) for n in range(4)]
    assert feed._next_hunt(acts, {}, 0) == 300
    assert feed._next_hunt(acts, {}, 300) == 3600
    assert feed._next_hunt(acts, {}, 3600) is None
    # three are all there are, so nothing comes between
    assert feed._next_hunt(acts[:3], {}, 0) == 3600


def test_nobody_is_waited_for_in_a_quiet_world(quiet: World) -> None:
    assert alarms(quiet.out, json.loads((quiet.out / "truth.json").read_text()), Engine(1, "1GB")) == []
    assert feed.summed([]) == {"organisations": 0, "rung": 0, "by_third": 0, "acts": None, "hours": None}
