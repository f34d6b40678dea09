"""Names of people, mailboxes, organisations and addresses, brought together over a whole lake."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from brokenseal import pipeline
from brokenseal.errors import UsageError
from brokenseal.lake import Lake
from tests.sources.conftest import TENANT, Row, Taken, access, signin, sync
from tests.sources.test_graph_activity import ANN, APP, request
from tests.sources.test_message_trace import ROWS as TRACES

GRAPH = "00000003-0000-0000-c000-000000000000"
UTI = "xMFjTVvJPE2OChJx_YE-AA"


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """An empty lake, and a folder for logs."""
    return Taken(tmp_path)


def judged(taken: Taken, **options: Any) -> Taken:
    """Take in, and judge."""
    taken.ingest()
    with Lake.open(taken.lake, write=True, memory="1GB", threads=2) as lake:
        pipeline.analyse(lake, pipeline.Options(**options))
    return taken


def through_graph(number: int, **extra: Any) -> Row:
    """The mailbox's own record of a request to Graph: the address is the provider's."""
    return access(
        number, ClientInfoString="Client=REST;;", AppId=GRAPH, ClientAppId=APP, ClientIPAddress="20.190.160.7",
        TokenObjectId=ANN, AppAccessContext={"UniqueTokenId": UTI}, CreationTime="2025-05-01T10:00:00", **extra,
    )  # fmt: skip


def test_a_request_and_its_record_are_one_visit_at_the_callers_address(taken: Taken) -> None:
    taken.put("audit", [through_graph(1)]).put("graph", [request(n, f"/me/messages/AAMk{n}") for n in range(2)])
    (visit,) = judged(taken).rows("visits")
    assert (visit["access_count"], visit["ip"], visit["ip_is"]) == (3, "203.0.113.9", "caller")
    assert (visit["mailbox"], visit["actor"]) == ("ann@agency.example",) * 2
    assert visit["user_agent"] == "tool/1.2" and visit["item_count"] == 2


@pytest.mark.parametrize(
    "other",
    [
        {"timeGenerated": "2025-05-01T10:10:00Z"},
        {"signInActivityId": "AAAAAAAAAAAAAAAAAAAAAB"},
        {"userId": "88888888-0000-4000-8000-000000000000"},
    ],
    ids=["later", "another token", "another mailbox"],
)
def test_what_only_looks_alike_stays_apart(taken: Taken, other: Row) -> None:
    taken.put("audit", [through_graph(1)]).put("graph", [request(1, "/me/messages/AAMk", **other)])
    visits = judged(taken).rows("visits")
    assert {v["ip"] for v in visits} == {"20.190.160.7", "203.0.113.9"}


def test_two_callers_of_one_token_stay_two(taken: Taken) -> None:
    requests = [request(1, "/me/messages/AAMk"), request(2, "/me/messages/AAMj", ipAddress="198.51.100.66")]
    visits = judged(taken.put("audit", [through_graph(1)]).put("graph", requests)).rows("visits")
    assert {v["ip"] for v in visits} == {"203.0.113.9", "198.51.100.66"}
    assert sum(v["access_count"] for v in visits) == 3


def test_a_renamed_person_is_one(taken: Taken) -> None:
    old = [access(n) for n in range(3)]
    new = [
        access(n, MailboxOwnerUPN="Ann.Later@agency.example", UserId="ann.later@agency.example",
               CreationTime="2025-06-01T10:00:00")
        for n in range(3, 6)
    ]  # fmt: skip
    names = [
        signin(1, userId=ANN),
        signin(2, userId=ANN, userPrincipalName="ann.later@agency.example", createdDateTime="2025-06-01T09:00:00Z"),
    ]
    judged(taken.put("audit", [*old, *new]).put("signins", names))
    (person,) = taken.rows("identities")
    assert person["addresses"] == ["ann.later@agency.example", "ann@agency.example"]
    assert (person["object_id"], person["upn"]) == (ANN, "ann.later@agency.example")
    assert person["mailbox_guid"] == "22222222-0000-4000-8000-000000000000"
    visits = taken.rows("visits")
    assert {v["actor"] for v in visits} == {"ann.later@agency.example"} == {v["mailbox"] for v in visits}
    assert len({v["relationship_id"] for v in visits}) == 1


def test_an_address_given_to_somebody_else_joins_nobody(taken: Taken) -> None:
    later = {"MailboxGuid": "22222222-0000-4000-8000-999999999999", "CreationTime": "2025-06-01T10:00:00"}
    judged(taken.put("audit", [access(1), access(2, **later), sync(3)]))
    assert {v["box"] for v in taken.rows("visits")} == {access(1)["MailboxGuid"], later["MailboxGuid"]}


def test_a_sign_in_without_organisation_gets_that_of_its_domain(taken: Taken) -> None:
    bare = signin(2, userPrincipalName="cleo@agency.example", userId=APP)
    strange = signin(3, userPrincipalName="zoe@elsewhere.example", userId=APP)
    for row in (bare, strange):
        del row["resourceTenantId"]
    judged(taken.put("audit", [access(1)]).put("signins", [signin(1), bare]).put("more", [strange]))
    tenants = {s["user"]: s["tenant_id"] for s in taken.rows("signins")}
    assert tenants == {"ann@agency.example": TENANT, "cleo@agency.example": TENANT, "zoe@elsewhere.example": None}


def test_a_domain_of_two_organisations_names_none(taken: Taken) -> None:
    other = "99999999-0000-4000-8000-000000000001"
    bare = signin(2, userPrincipalName="cleo@agency.example", userId=APP)
    del bare["resourceTenantId"]
    judged(taken.put("audit", [access(1), access(2, OrganizationId=other)]).put("signins", [bare]))
    assert [s["tenant_id"] for s in taken.rows("signins")] == [None]


def test_traces_tell_messages_with_all_recipients(taken: Taken) -> None:
    judged(taken.put("audit", [access(1)]).put("trace", TRACES))
    rows = taken.rows("messages")
    assert len(rows) == 4 and {r["tenant_id"] for r in rows} == {TENANT}
    assert {tuple(r["recipients"]) for r in rows} == {("ann@agency.example", "cleo@agency.example")}
    assert rows[0]["sender"] == "bob@partner.example" and rows[0]["subject"].startswith("Budget")


def database(path: Path, entries: dict[str, Row]) -> Path:
    """A tiny database of owners."""
    writer = MMDBWriter(6, "test", ipv4_compatible=True)
    for network, entry in entries.items():
        writer.insert_network(IPSet([network]), entry)
    writer.to_db_file(str(path))
    return path


def test_owners_of_addresses_come_from_a_database(taken: Taken, tmp_path: Path) -> None:
    asn = database(
        tmp_path / "asn.mmdb",
        {"198.51.100.0/24": {"autonomous_system_number": 64501, "autonomous_system_organization": "Home Cable"}},
    )
    other = database(
        tmp_path / "other.mmdb",
        {
            "198.51.100.0/24": {"asn": "AS1", "as_name": "later counts less", "country": "NL"},
            "203.0.113.0/24": {"asn": "AS64502", "as_name": "Rented Machines", "traits": {"user_type": "hosting"}},
            "2001:db8:7::/48": {"country": {"iso_code": "DE"}, "traits": {"user_type": "cellular"}},
        },
    )
    addresses = ["198.51.100.7", "203.0.113.9", "2001:db8:7::1", "192.0.2.1"]
    taken.put("audit", [access(n, ClientIPAddress=ip) for n, ip in enumerate(addresses)])
    found = {r["ip"]: r for r in judged(taken, mmdb=(asn, other)).rows("networks")}
    told = {ip: (r["asn"], r["net"], r["owner"], r["country"], r["kind"]) for ip, r in found.items()}
    assert told == {
        "198.51.100.7": (64501, "as64501", "Home Cable", "NL", "unknown"),
        "203.0.113.9": (64502, "as64502", "Rented Machines", None, "hosting"),
        "2001:db8:7::1": (None, "2001:db8::/32", None, "DE", "mobile"),
        "192.0.2.1": (None, "192.0.0.0/16", None, None, "unknown"),
    }
    assert found["192.0.2.1"]["as_known_on"] is None
    assert found["203.0.113.9"]["as_known_on"] > datetime(2020, 1, 1)


@pytest.mark.parametrize("data", [b"", b"no database", None])
def test_what_is_no_database_is_said(taken: Taken, tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "x.mmdb"
    if data is not None:
        path.write_bytes(data)
    taken.put("audit", [access(1)])
    with pytest.raises(UsageError, match="--mmdb"):
        judged(taken, mmdb=(path,))
