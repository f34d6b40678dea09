"""Every intruder: his records are of the provider's shape, and the truth is what the files say."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from brokenseal import sources
from brokenseal.drill import world
from brokenseal.drill.intruders import avoids, found
from brokenseal.drill.places import earth
from brokenseal.lake import Lake
from tests.drill.conftest import World, contents, load, request_of

SIZE = {"tenants": 2, "mailboxes": 10, "days": 16}
SEEDS = {name: 20 + nth for nth, name in enumerate(found())}
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """A small world of each intruder, each with a seed of its own."""
    out = tmp_path_factory.mktemp("worlds")
    return {
        name: load(out / name, world.build(out / name, seed=SEEDS[name], intruder=name, **SIZE)) for name in found()
    }


def folder_of(record: dict) -> str | None:
    return record.get("Item", {}).get("ParentFolder", {}).get("Path")


def test_there_are_ten() -> None:
    assert set(found()) == {
        "already_there", "careless", "cookie", "delegate", "forged", "proxies", "shared_vpn", "sync", "two_at_once",
        "victims_own_provider",
    }  # fmt: skip
    assert len(set(map(len, avoids().values()))) > 3, "intruders differ in caution"


def test_readers_take_every_row(worlds: dict[str, World], tmp_path: Path) -> None:
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        summary = sources.ingest(lake, [made.out / "logs" for made in worlds.values()])
        assert not list(summary.problems)
        assert lake.fetch(lake.read("rejects")).num_rows == 0
        taken = set(lake.fetch(lake.read("accesses").select("record_id"))["record_id"].to_pylist())
    for made in worlds.values():
        assert {row["record_id"] for row in made.truth.logged} <= taken


@pytest.mark.parametrize("name", found())
def test_the_logged_list_is_what_the_files_hold(worlds: dict[str, World], name: str) -> None:
    made = worlds[name]
    logged = {r["Id"]: r for r in made.accesses}
    assert len({row["record_id"] for row in made.truth.logged}) == len(made.truth.logged) > 0
    for row in made.truth.logged:
        record = logged[row["record_id"]]
        assert (record["OrganizationId"], record["MailboxOwnerUPN"]) == (row["tenant_id"], row["mailbox"])
        assert record["CreationTime"] + "Z" == row["time"]
        assert folder_of(record) == row["folder"]
        listed = sorted(i["InternetMessageId"] for f in record.get("Folders", ()) for i in f["FolderItems"])
        assert listed == row["message_ids"]


@pytest.mark.parametrize("name", found())
def test_what_is_unlogged_is_in_no_file(worlds: dict[str, World], name: str) -> None:
    made = worlds[name]
    his = {row["record_id"] for row in made.truth.logged}
    opened = {
        (r["MailboxOwnerUPN"], r["CreationTime"] + "Z", i["InternetMessageId"])
        for r in made.accesses
        if r["Id"] in his
        for f in r.get("Folders", ())
        for i in f["FolderItems"]
    }
    for row in made.truth.unlogged:
        assert row["why"] in ("throttled", "suppressed", "not audited", "lost")
        assert not {(row["mailbox"], row["time"], m) for m in row["message_ids"]} & opened


@pytest.mark.parametrize("name", found())
def test_the_same_seed_makes_the_same_world(worlds: dict[str, World], name: str, tmp_path: Path) -> None:
    world.build(tmp_path, seed=SEEDS[name], intruder=name, processes=2 if name == "cookie" else 1, **SIZE)
    assert contents(tmp_path) == contents(worlds[name].out)


def hostile(made: World) -> list[dict]:
    his = {row["record_id"] for row in made.truth.logged}
    return [r for r in made.accesses if r["Id"] in his]


def test_careless_writes_times_and_tenant_as_no_provider_does_and_is_throttled(worlds: dict[str, World]) -> None:
    made = worlds["careless"]
    for record in hostile(made):
        context = record["AppAccessContext"]
        age = datetime.fromisoformat(record["CreationTime"]) - datetime.fromisoformat(context["IssuedAtTime"])
        assert 0 <= age.total_seconds() < 300
        assert record["TokenTenantId"] == CONSUMERS
    assert Counter(row["why"] for row in made.truth.unlogged)["throttled"] > 100
    assert {row["why"] for row in made.truth.blind} == {"throttled"}


def test_cookie_uses_its_owners_session_from_elsewhere(worlds: dict[str, World]) -> None:
    made = worlds["cookie"]
    owners: dict[str, set[str]] = {}
    for signin in made.signins:
        owners.setdefault(signin["sessionId"], set()).add(signin["userPrincipalName"])
    theirs = {r["ClientIPAddress"] for r in made.accesses} - set(made.truth.addresses)
    for row in made.truth.logged:
        session = row["campaign"].split()[-1]
        assert owners.get(session, {row["mailbox"]}) == {row["mailbox"]}
    beside = {s["sessionId"] for s in made.signins if s["ipAddress"] in theirs}
    assert {row["campaign"].split()[-1] for row in made.truth.logged} & beside
    assert any(s["ipAddress"] in made.truth.addresses and not s["isInteractive"] for s in made.signins)


def test_proxies_never_come_from_one_address_twice(worlds: dict[str, World]) -> None:
    visits = [v for r in worlds["proxies"].truth.robbed.values() for v in r.visits]
    assert len({v["ip"] for v in visits}) == len(visits) > 3


def test_delegate_is_somebody_else_with_genuine_tokens(worlds: dict[str, World]) -> None:
    made = worlds["delegate"]
    issued = {s["id"] for s in made.signins}
    records = hostile(made)
    assert all(r["LogonType"] == 2 and r["UserId"] != r["MailboxOwnerUPN"] for r in records)
    linked = [request_of(r["AppAccessContext"]["UniqueTokenId"]) in issued for r in records]
    assert sum(linked) > 0.9 * len(linked)


def test_sync_takes_all_folders_and_names_no_message(worlds: dict[str, World]) -> None:
    made = worlds["sync"]
    assert all(len(r.folders) == 5 and not r.message_ids for r in made.truth.robbed.values())
    assert all(r["AppAccessContext"] == {} and "SessionId" in r for r in hostile(made))


def test_shared_vpn_leaves_where_staff_leave(worlds: dict[str, World]) -> None:
    made = worlds["shared_vpn"]
    exits = {spot.ip for spot in earth(SEEDS["shared_vpn"]).vpn}
    assert set(made.truth.addresses) <= exits
    his = {r["Id"] for r in hostile(made)}
    assert any(r["ClientIPAddress"] in exits for r in made.accesses if r["Id"] not in his)


def test_victims_own_provider_and_browser(worlds: dict[str, World]) -> None:
    made = worlds["victims_own_provider"]
    networks = {}
    for signin in made.signins:
        networks.setdefault(signin["ipAddress"], signin["autonomousSystemNumber"])
    told = {(r["MailboxOwnerUPN"], r["ClientInfoString"]) for r in made.accesses if r["UserId"] == r["MailboxOwnerUPN"]}
    his = {r["Id"] for r in hostile(made)}
    own = {(r["MailboxOwnerUPN"], r["ClientInfoString"]) for r in made.accesses if r["Id"] not in his}
    assert {(r["MailboxOwnerUPN"], r["ClientInfoString"]) for r in hostile(made)} <= own | told


def test_already_there_is_there_on_the_first_days(worlds: dict[str, World]) -> None:
    assert str(worlds["already_there"].truth.first_access)[:10] == "2025-09-01"


def test_two_at_once_are_two(worlds: dict[str, World]) -> None:
    rows = worlds["two_at_once"].truth.logged
    tenants = {c: {r["tenant_id"] for r in rows if r["campaign"] == c} for c in {r["campaign"] for r in rows}}
    assert len(tenants) == 2 and len(set(map(frozenset, tenants.values()))) == 1
