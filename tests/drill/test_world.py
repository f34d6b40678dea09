from __future__ import annotations

import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from brokenseal.drill import world
from brokenseal.errors import UsageError
from tests.drill.conftest import SIZE, World, contents, load, request_of

HEAD = {"CreationTime", "Id", "Operation", "OrganizationId", "RecordType", "UserKey", "UserType", "Version", "Workload"}
TEAMS = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
BACKGROUND = "Client=REST;Client=RESTSystem;;"


def how(record: dict) -> str:
    return next(p["Value"] for p in record["OperationProperties"] if p["Name"] == "MailAccessType")


def person_made(world: World) -> list[dict]:
    return [r for r in world.accesses if r["ClientInfoString"] != BACKGROUND and r["UserType"] == 0]


def test_the_same_seed_makes_the_same_bytes(forged: World, tmp_path: Path) -> None:
    world.build(tmp_path, seed=7, processes=2, **SIZE)
    assert contents(tmp_path) == contents(forged.out)


def test_another_seed_makes_another_world(forged: World, quiet: World) -> None:
    assert not {r["Id"] for r in forged.audit} & {r["Id"] for r in quiet.audit}


def test_every_shape_of_export_is_there(forged: World) -> None:
    audit = sorted((forged.out / "logs" / "audit").rglob("*.json*"))
    assert {gzip.decompress(p.read_bytes())[:1] for p in audit if p.suffix == ".gz"} == {b"["}
    assert {p.read_bytes()[:2] for p in audit if p.suffix == ".json"} == {b'{"'}
    starts = {p.read_bytes()[:10] for p in (forged.out / "logs" / "signins").rglob("*.json")}
    assert b'{"value":[' in starts and any(s.startswith(b'{"id":') for s in starts)
    streams = {s for r in forged.signins for s in r["signInEventTypes"]}
    assert streams == {"interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity"}


def test_records_have_the_providers_shape(forged: World) -> None:
    for record in forged.distinct:
        assert set(record) >= HEAD
    for record in forged.accesses:
        assert set(record) >= {"ClientIPAddress", "ClientInfoString", "LogonType", "MailboxGuid", "MailboxOwnerUPN"}
        if how(record) == "Sync":
            assert record["RecordType"] == 2 and record["Item"]["ParentFolder"]["Path"]
            assert not {"AppId", "Folders", "OperationCount"} & set(record)
            assert record["AppAccessContext"] == {}
        else:
            items = [i for f in record["Folders"] for i in f["FolderItems"]]
            assert record["RecordType"] == 50 and record["OperationCount"] == len(items) > 0
            assert all(i["InternetMessageId"].startswith("<") and i["ImmutableId"] for i in items)


def test_a_quarter_of_the_lines_repeat_earlier_ones_also_in_other_files(forged: World) -> None:
    share = 1 - len(forged.distinct) / len(forged.audit)
    assert 0.2 < share < 0.3
    copies: dict[str, list[dict]] = {}
    for record in forged.audit:
        copies.setdefault(record["Id"], []).append(record)
    assert all(c == group[0] for group in copies.values() for c in group)


def test_lines_come_out_of_order_and_late(forged: World) -> None:
    first = sorted((forged.out / "logs" / "audit").rglob("audit-week-01.json"))[0]
    second = first.with_name("audit-week-02.json.gz")
    times = [line.split('"')[3] for line in first.read_text().splitlines()]
    assert times != sorted(times)
    packed = gzip.decompress(second.read_bytes()).decode()
    assert any(line.split('"')[3] < "2025-09-08" for line in packed.splitlines())


def test_mailboxes_keep_their_ids(forged: World) -> None:
    guids = {(r["MailboxOwnerUPN"], r["MailboxGuid"], r["MailboxOwnerSid"]) for r in forged.accesses}
    assert len(guids) == len({upn for upn, _, _ in guids}) == SIZE["tenants"] * SIZE["mailboxes"]
    assert all(upn.endswith(".example") for upn, _, _ in guids)


def test_clients_are_mixed_and_the_providers_readers_make_most_binds(quiet: World) -> None:
    kinds = Counter(r["ClientInfoString"].split(";")[0] for r in quiet.accesses)
    assert set(kinds) >= {"Client=REST", "Client=OWA", "Client=MSExchangeRPC", "Client=OutlookService"}
    assert {"Client=ActiveSync", "Client=POP3/IMAP4"} & set(kinds)
    flooded = {r["MailboxGuid"] for r in quiet.accesses if "IMAP" in r["ClientInfoString"]}
    binds = [r for r in quiet.accesses if how(r) == "Bind" and r["UserType"] == 0 and r["MailboxGuid"] not in flooded]
    background = [r for r in binds if r["ClientInfoString"] == BACKGROUND]
    assert len(background) > len(binds) / 2
    assert all(r["ClientIPAddress"].startswith(("2603:10a6:", "20.54.")) for r in background)
    assert not any(r["AppAccessContext"] for r in background)


def test_there_are_delegates_and_one_application_that_opens_everybody(tmp_path: Path) -> None:
    made = load(tmp_path, world.build(tmp_path, seed=3, tenants=1, mailboxes=24, days=12, intruder=None))
    delegates = [r for r in made.accesses if r["LogonType"] == 2]
    assert delegates and all(r["UserId"] != r["MailboxOwnerUPN"] for r in delegates)
    archive = [r for r in made.accesses if r["UserType"] == 5]
    assert len({r["ClientAppId"] for r in archive}) == 1 and len({r["MailboxOwnerUPN"] for r in archive}) == 24
    services = {r["id"] for r in made.signins if "servicePrincipal" in r["signInEventTypes"]}
    linked = {request_of(r["AppAccessContext"]["UniqueTokenId"]) in services for r in archive}
    assert True in linked


def test_tokens_lead_to_the_sign_in_that_issued_them(quiet: World) -> None:
    issued = {r["id"]: r for r in quiet.signins}
    sessions = {r["sessionId"] for r in quiet.signins}
    carrying = [r for r in person_made(quiet) if r["AppAccessContext"].get("UniqueTokenId")]
    # of what a partner's tenant issued, and of the provider's own programs, no log here tells
    own = [r for r in carrying if r["TokenTenantId"] == r["OrganizationId"]]
    acting = [r for r in own if r["AppAccessContext"].get("ClientAppId") == TEAMS]
    assert 0 < len(own) < len(carrying)
    assert acting and not any(request_of(r["AppAccessContext"]["UniqueTokenId"]) in issued for r in acting)
    carrying = [r for r in own if r not in acting]
    linked = 0
    for record in carrying:
        context = record["AppAccessContext"]
        session = context.get("AADSessionId") or record.get("SessionId")
        signin = issued.get(request_of(context["UniqueTokenId"]))
        linked += signin is not None or session in sessions
        used, told = record["CreationTime"], context["IssuedAtTime"]
        age = (datetime.fromisoformat(used) - datetime.fromisoformat(told)).total_seconds()
        assert 300 < age < 28 * 3600 + 300
        if signin is not None:
            created = datetime.fromisoformat(signin["createdDateTime"].rstrip("Z"))
            assert (created - datetime.fromisoformat(told)).total_seconds() == 300
            assert signin["uniqueTokenIdentifier"] == context["UniqueTokenId"]
            assert signin["sessionId"] == session
            assert signin["userPrincipalName"] == record["UserId"]
            assert signin["userId"] == record["TokenObjectId"]
            assert signin["resourceTenantId"] == record["TokenTenantId"] == record["OrganizationId"]
    assert linked / len(carrying) > 0.985


def test_a_session_is_one_persons_and_is_renewed_without_asking(quiet: World) -> None:
    good = [r for r in quiet.signins if r["sessionId"] and r["status"]["errorCode"] == 0]
    owners = {(r["sessionId"], r["userPrincipalName"]) for r in good}
    assert len(owners) == len({s for s, _ in owners})
    kinds = Counter(r["signInEventTypes"][0] for r in good)
    assert kinds["nonInteractiveUser"] > 3 * kinds["interactiveUser"]
    assert max(Counter(r["sessionId"] for r in good).values()) > 3


def test_the_unified_log_tells_interactive_sign_ins_too(quiet: World) -> None:
    echoes = {r["Id"]: r for r in quiet.distinct if r["Operation"] in ("UserLoggedIn", "UserLoginFailed")}
    asked = {r["id"]: r for r in quiet.signins if r["signInEventTypes"] == ["interactiveUser"]}
    assert len(set(asked) - set(echoes)) == 0
    assert len(set(echoes) - set(asked)) < 0.05 * len(echoes)
    for key, signin in asked.items():
        properties = {p["Name"]: p["Value"] for p in echoes[key]["DeviceProperties"]}
        assert properties["SessionId"] == signin["sessionId"]
        assert echoes[key]["IntraSystemId"] == key
        assert (signin["status"]["errorCode"] == 0) == (echoes[key]["Operation"] == "UserLoggedIn")


def test_a_message_is_not_listed_twice_from_one_visit(quiet: World) -> None:
    listed = Counter(
        (r["MailboxGuid"], r["AppAccessContext"]["UniqueTokenId"], r["CreationTime"], i["InternetMessageId"])
        for r in person_made(quiet)
        if r["AppAccessContext"].get("UniqueTokenId")
        for f in r["Folders"]
        for i in f["FolderItems"]
    )
    assert max(listed.values()) == 1


def test_a_flooded_mailbox_falls_silent_for_a_day(tmp_path: Path) -> None:
    made = load(tmp_path, world.build(tmp_path, seed=1, tenants=5, mailboxes=40, days=14, intruder=None))
    last = [r for r in made.accesses if {"Name": "IsThrottled", "Value": "True"} in r["OperationProperties"]]
    assert len(last) == 1
    stop = datetime.fromisoformat(last[0]["CreationTime"])
    same = [r for r in made.accesses if r["MailboxGuid"] == last[0]["MailboxGuid"]]
    hours = [
        (datetime.fromisoformat(r["CreationTime"]) - stop).total_seconds() / 3600 for r in same if how(r) == "Bind"
    ]
    assert sum(-24 < h <= 0 for h in hours) > 1000
    assert not [h for h in hours if 0 < h < 24]
    assert [h for h in hours if h > 24]


def test_wrong_words_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="forged"):
        world.build(tmp_path, intruder="nobody-knows-him")
    with pytest.raises(UsageError, match="at least one"):
        world.build(tmp_path, days=0)
