from __future__ import annotations

import importlib
import json
from datetime import datetime

from brokenseal.drill.intruders import found
from tests.drill.conftest import SIZE, World, request_of


def test_he_is_in_every_organisation_in_several_mailboxes_from_the_middle_on(forged: World) -> None:
    by_tenant: dict[str, int] = {}
    for robbed in forged.truth.robbed.values():
        by_tenant[robbed.tenant_id] = by_tenant.get(robbed.tenant_id, 0) + 1
    assert sorted(by_tenant) == sorted(forged.truth.tenants)
    assert all(count >= 2 for count in by_tenant.values())
    assert forged.truth.first_access is not None
    assert forged.truth.first_access[:10] == f"2025-09-{1 + SIZE['days'] // 2:02d}"


def test_the_truth_is_what_the_files_say(forged: World) -> None:
    told = json.loads((forged.out / "truth.json").read_text())
    logged = {r["Id"]: r for r in forged.accesses}
    for mailbox, robbed in told["robbed"].items():
        records = [logged[i] for i in robbed["record_ids"]]
        assert {r["MailboxOwnerUPN"] for r in records} == {mailbox}
        assert {r["OrganizationId"] for r in records} == {robbed["tenant_id"]}
        assert min(r["CreationTime"] for r in records) + "Z" == robbed["first_access"]
        assert max(r["CreationTime"] for r in records) + "Z" == robbed["last_access"]
        assert sorted({r["ClientIPAddress"] for r in records}) == robbed["addresses"]
        listed = {i["InternetMessageId"] for r in records for f in r["Folders"] for i in f["FolderItems"]}
        assert sorted(listed) == robbed["message_ids"]
        assert sorted(i for v in robbed["visits"] for i in v["record_ids"]) == sorted(robbed["record_ids"])
        assert all(v["first"] <= v["last"] for v in robbed["visits"])
    assert told["mailboxes"] == sorted(told["robbed"])
    assert told["addresses"] == sorted(
        {a for r in told["robbed"].values() for a in r["addresses"]} | set(told["addresses"])
    )


def test_no_sign_in_issued_his_tokens_or_opened_his_sessions(forged: World) -> None:
    issued = {r["id"] for r in forged.signins} | {r["Id"] for r in forged.audit if r["Operation"] == "UserLoggedIn"}
    sessions = {r["sessionId"] for r in forged.signins}
    endings = {}
    for record in forged.accesses:
        if record["Id"] in forged.hostile:
            context = record["AppAccessContext"]
            assert request_of(context["UniqueTokenId"]) not in issued
            assert context["AADSessionId"] not in sessions
            used = datetime.fromisoformat(record["CreationTime"])
            assert 300 < (used - datetime.fromisoformat(context["IssuedAtTime"])).total_seconds() < 5400
            endings[context["UniqueTokenId"]] = request_of(context["UniqueTokenId"])[-2:]
    assert sum(e in ("00", "01", "02") for e in endings.values()) > 0.8 * len(endings)


def test_his_addresses_and_browser_are_nobody_elses(forged: World) -> None:
    his, theirs = set(), set()
    for record in forged.distinct:
        (his if record["Id"] in forged.hostile else theirs).add(record.get("ClientIPAddress"))
        told = record.get("ClientInfoString")
        (his if record["Id"] in forged.hostile else theirs).add(told)
    theirs |= {r["ipAddress"] for r in forged.signins}
    assert not his & theirs
    assert his >= {a for r in forged.truth.robbed.values() for a in r.addresses}


def test_apart_from_that_his_records_look_like_the_web_clients(forged: World) -> None:
    def shape(record: dict) -> tuple:
        return tuple(sorted(set(record) - {"DeviceId"})), tuple(record["AppAccessContext"]), record["AppId"]

    web = [r for r in forged.accesses if r["ClientInfoString"].startswith("Client=OWA")]
    assert {shape(r) for r in web if r["Id"] in forged.hostile} <= {
        shape(r) for r in web if r["Id"] not in forged.hostile
    }


def test_he_is_slow(forged: World) -> None:
    for robbed in forged.truth.robbed.values():
        assert 1 <= len(robbed.visits) <= SIZE["days"] - SIZE["days"] // 2
        assert len(robbed.message_ids) <= 30 * len(robbed.visits)


def test_a_quiet_world_has_nobody(quiet: World) -> None:
    assert quiet.truth.robbed == {} and quiet.truth.first_access is None and quiet.truth.addresses == []


def test_every_intruder_tells_a_story() -> None:
    assert "forged" in found()
    for name in found():
        module = importlib.import_module(f"brokenseal.drill.intruders.{name}")
        assert name == module.NAME and "Sources:" in module.STORY
