"""What a record of the unified audit log means."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import TENANT, Row, Taken, access, sync

UTI, REQUEST = "xMFjTVvJPE2OChJx_YE-AA", "4d63c1c4-c95b-4d3c-8e0a-1271fd813e00"
SESSION = "00bff38a-6e73-9461-9b5b-12a268a45899"
ZERO = "00000000-0000-0000-0000-000000000000"
One = Callable[..., Row]


def test_bind(one: One, taken: Taken) -> None:
    row = one(access(7))
    assert (row["access"], row["folder"], row["folder_id"], row["item_count"]) == ("bind", "\\Inbox", "F1", 1)
    assert (row["mailbox"], row["actor"], row["logon_type"]) == ("ann@agency.example",) * 2 + ("owner",)
    assert (row["client"], row["user_agent"], row["agent"]) == ("owa", "browser 1.2", "browser 0.0")
    assert (row["ip"], row["prefix"], row["ip_is"]) == ("198.51.100.7", "198.51.100.0/24", "caller")
    assert (row["record_id"], row["tenant_id"]) == ("aaaaaaaa-0000-4000-8000-000000000007", TENANT)
    assert row["time"] == datetime(2025, 5, 1, 10) and row["throttled"] is None
    (item,) = taken.rows("items")
    assert (item["message_id"], item["folder"]) == ("<7@agency.example>", "\\Inbox")


def test_sync_has_a_folder_and_no_messages(one: One, taken: Taken) -> None:
    row = one(sync(1, ClientInfoString="Client=MSExchangeRPC", ClientProcessName="OUTLOOK.EXE", ClientVersion="16.0.1"))
    assert (row["access"], row["folder"], row["folder_id"], row["item_count"]) == ("sync", "Postvak IN", "F9", None)
    assert (row["client"], row["user_agent"], row["throttled"]) == ("outlook", "OUTLOOK.EXE 16.0.1", False)
    assert taken.rows("items") == []


def test_mail_access_type_decides_not_the_record_type(one: One) -> None:
    assert one(sync(1, RecordType=50))["access"] == "sync"


def test_several_folders_name_the_first_and_count_all(one: One, taken: Taken) -> None:
    items = [
        {"InternetMessageId": "<a@x.example>", "ImmutableId": "I", "Id": "S", "SizeInBytes": 12, "Subject": "s"},
        {},
    ]
    folders = [
        {"Path": "\\Z", "Id": "z", "FolderItems": items},
        {"Path": "\\A", "Id": "a", "FolderItems": [{"Id": "b"}]},
    ]
    row = one(access(1, Folders=folders))
    assert (row["folder"], row["folder_id"], row["item_count"]) == ("\\A", "a", 3)
    found = taken.rows("items")
    assert {(i["message_id"], i["immutable_id"], i["store_id"], i["folder"], i["size"]) for i in found} == {
        ("<a@x.example>", "I", "S", "\\Z", 12),
        (None, None, "b", "\\A", None),
    }


def test_attachments(one: One, taken: Taken) -> None:
    messages = [{"InternetMessageId": "<m@x.example>", "MessageItems": [{"Id": "att", "SizeInBytes": 5}]}]
    kind = [{"Name": "AttachmentAccessType", "Value": "Bind"}]
    row = access(1, Operation="AttachmentAccess", Messages=messages, OperationProperties=kind)
    del row["Folders"]
    made = one(row)
    assert (made["access"], made["item_count"]) == ("attachment", 1)
    (item,) = taken.rows("items")
    assert (item["message_id"], item["store_id"], item["size"]) == ("<m@x.example>", "att", 5)


@pytest.mark.parametrize(
    ("given", "token", "session", "issued"),
    [
        (
            {"UniqueTokenId": UTI, "AADSessionId": SESSION, "IssuedAtTime": "2025-05-01T09:50:00"},
            REQUEST,
            SESSION,
            True,
        ),
        ({"UniqueTokenId": UTI + "==", "TokenIssuedAtTime": "2025-05-01T09:50:00"}, REQUEST, None, True),
        ({"UniqueTokenId": REQUEST.upper(), "IssuedAtTime": "1601-01-01T00:00:00"}, REQUEST, None, False),
        ({"UniqueTokenId": "A" * 22, "AADSessionId": ZERO}, None, None, False),
        ({"UniqueTokenId": "", "APIId": ""}, None, None, False),
        ({}, None, None, False),
        ("nothing", None, None, False),
    ],
)
def test_token_and_session_in_every_spelling(
    one: One, given: Any, token: str | None, session: str | None, issued: bool
) -> None:
    row = one(access(1, AppAccessContext=given))
    assert (row["token_id"], row["session_id"]) == (token, session)
    assert row["token_issued_at"] == (datetime(2025, 5, 1, 9, 50) if issued else None)
    assert row["token_id_odd"] == (False if token else None)


def test_session_of_older_records(one: One) -> None:
    assert one(access(1, SessionId=SESSION.upper(), AppAccessContext={}))["session_id"] == SESSION


@pytest.mark.parametrize("written", ["xMFjTVvJPE2OChJx_YE-fw", "short"])
def test_odd_token_ids(one: One, written: str) -> None:
    assert one(access(1, AppAccessContext={"UniqueTokenId": written}))["token_id_odd"] is True


@pytest.mark.parametrize(
    ("extra", "logon"),
    [
        ({}, "owner"),
        ({"UserId": "bob@agency.example"}, "delegate"),
        ({"UserId": "old@agency.example", "LogonUserSid": "S-1", "MailboxOwnerSid": "S-1"}, "owner"),
        ({"LogonType": 2}, "delegate"),
        ({"LogonType": 1}, "admin"),
        ({"UserType": 5}, "application"),
        ({"UserId": "ServicePrincipal_5d1b"}, "application"),
        ({"UserType": 4}, "system"),
        ({"UserId": "NT AUTHORITY\\SYSTEM (w3wp)"}, "system"),
        ({"LogonType": {}}, None),
    ],
)
def test_logon_type(one: One, extra: Row, logon: str | None) -> None:
    assert one(access(1, **extra))["logon_type"] == logon


@pytest.mark.parametrize(
    ("info", "client", "agent"),
    [
        ("Client=OWA;Mozilla/5.0 (Windows NT; Win64) Chrome/91.0;", "owa", "Mozilla/5.0 (Windows NT; Win64) Chrome/91.0"),
        ("Client=OWA;Action=ViaProxy", "owa", None),
        ("Client=REST;;", "rest", None),
        ("Client=REST;Client=RESTSystem;;", "restsystem", None),
        ("Client=REST;Client=RESTSystem;UserAgent=[NoUserAgent][AppId=5d1b];", "restsystem", None),
        ("Client=WebServices;Microsoft Office/16.0 (Outlook; Pro)[AppId=fe93];", "ews", "Microsoft Office/16.0 (Outlook; Pro)"),
        ("Client=ActiveSync;UserAgent=Apple-iPhone12C1/1902;Action=/ActiveSync?Cmd=Sync", "activesync", "Apple-iPhone12C1/1902"),
        ("Client=POP3/IMAP4;Protocol=IMAP4", "imap", None),
        ("Client=POP3/IMAP4;Protocol=POP3", "pop", None),
        ("Client=OutlookService;Outlook-iOS/2.0;", "outlook", "Outlook-iOS/2.0"),
        ("Client=Something;x", "other", "x"),
        ("", None, None),
    ],
)  # fmt: skip
def test_client(one: One, info: str, client: str | None, agent: str | None) -> None:
    row = one(access(1, ClientInfoString=info))
    assert (row["client"], row["user_agent"]) == (client, agent)


@pytest.mark.parametrize(
    ("extra", "ip", "is_"),
    [
        ({"ClientIPAddress": "[2001:DB8::1]:44"}, "2001:db8::1", "caller"),
        ({"ClientIPAddress": "", "ClientIP": "203.0.113.9:80"}, "203.0.113.9", "caller"),
        ({"ClientIPAddress": "40.126.32.99"}, "40.126.32.99", "provider"),
        ({"ClientIPAddress": "20.54.3.4"}, "20.54.3.4", "caller"),
        ({"ClientIPAddress": "20.54.3.4", "ClientInfoString": "Client=REST;Client=RESTSystem;;"}, "20.54.3.4", "provider"),
        ({"ClientIPAddress": "203.0.113.9", "ClientInfoString": "Client=REST;Client=RESTSystem;;"}, "203.0.113.9", "caller"),
        ({"ClientIPAddress": "nonsense"}, None, "unknown"),
        ({"ClientIPAddress": None}, None, "unknown"),
    ],
)  # fmt: skip
def test_address(one: One, extra: Row, ip: str | None, is_: str) -> None:
    row = one(access(1, **extra))
    assert (row["ip"], row["ip_is"]) == (ip, is_)


def test_sign_ins_of_the_unified_log(one: One) -> None:
    row = one(
        {
            **{k: access(1)[k] for k in ("CreationTime", "OrganizationId", "UserType", "UserId")},
            "Id": REQUEST,
            "Operation": "UserLoggedIn",
            "RecordType": 15,
            "UserKey": "33333333-0000-4000-8000-000000000000",
            "ApplicationId": "44444444-0000-4000-8000-000000000000",
            "ObjectId": "Unknown",
            "Target": [{"ID": "00000002-0000-0ff1-ce00-000000000000", "Type": 0}],
            "ClientIP": "198.51.100.7",
            "DeviceProperties": [{"Name": "SessionId", "Value": SESSION}],
            "ExtendedProperties": [
                {"Name": "UserAgent", "Value": "b"},
                {"Name": "RequestType", "Value": "OAuth2:Token"},
            ],
        },
        "issuances",
    )
    assert (row["issuance_id"], row["token_id"], row["session_id"]) == (REQUEST, REQUEST, SESSION)
    assert (row["user"], row["user_object_id"]) == ("ann@agency.example", "33333333-0000-4000-8000-000000000000")
    assert (row["outcome"], row["stream"], row["protocol"]) == ("success", "unified-audit", "OAuth2:Token")
    assert row["resource_id"] == "00000002-0000-0ff1-ce00-000000000000"


def test_a_failed_sign_in(one: One) -> None:
    row = one(access(1, Operation="UserLoginFailed", ErrorNumber="50126"), "issuances")
    assert (row["outcome"], row["error"]) == ("failure", "50126")


def test_every_record_is_kept_whatever_it_says(taken: Taken) -> None:
    odd = {"Operation": "Set-Mailbox", "Workload": "Exchange", "OrganizationId": TENANT, "UserKey": "x", "UserType": 2}
    taken.put("log", [access(1), odd, {**odd, "Id": ""}, dict(reversed(odd.items()))]).ingest()
    rows = taken.rows("records")
    # without an id the record is its content, in whatever order it is written
    assert len(rows) == 3 and len({r["record_id"] for r in rows}) == 3
    assert [r["time"] for r in rows].count(None) == 2


def _shapes() -> dict[str, bytes]:
    """The same three records in every shape they come in."""
    rows = [access(1), sync(2), access(3)]
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows(
        [["RecordType", "AuditData", "Identity"], *(["ExchangeItem", json.dumps(r), "x\ny"] for r in rows)]
    )
    graph = [
        {"id": r["Id"], "operation": "MailItemsAccessed", "clientIp": None, "auditData": {"@odata.type": "#x", **r}}
        for r in rows
    ]
    wrapped = [{"RecordType": "ExchangeItem", "CreationDate": "/Date(1)/", "AuditData": r} for r in rows]
    return {
        "lines": "".join(json.dumps(r) + "\r\n" for r in rows).encode(),
        "marked lines": b"\xef\xbb\xbf" + "".join(json.dumps(r) + "\n\n" for r in rows).encode(),
        "UTF-16 lines": "".join(json.dumps(r) + "\n" for r in rows).encode("utf-16"),
        "array": json.dumps(rows).encode(),
        "pretty array": json.dumps(rows, indent=4).encode(),
        "pretty values": "\n".join(json.dumps(r, indent=2) for r in rows).encode(),
        "csv": table.getvalue().encode(),
        "csv in UTF-16": ("sep=,\r\n" + table.getvalue()).encode("utf-16"),
        "csv with a type": b"#TYPE Deserialized\r\n" + table.getvalue().encode(),
        "csv of semicolons": table.getvalue().replace('","', '";"').encode(),
        "graph page": json.dumps({"@odata.context": "https://x.example/[1]", "value": graph}).encode(),
        "graph pages": b"".join(json.dumps({"value": [g]}).encode() + b"\n" for g in graph),
        "graph lines": b"".join(json.dumps(g).encode() + b"\n" for g in graph),
        "wrapped objects": json.dumps(wrapped, indent=2).encode(),
        "wrapped texts": json.dumps([{**w, "AuditData": json.dumps(w["AuditData"])} for w in wrapped]).encode(),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(_shapes()))
def test_the_same_tables_from_every_shape(name: str, taken: Taken) -> None:
    taken.put("given", _shapes()[name]).ingest()
    assert taken.summary.rejected == 0
    assert [r["access"] for r in taken.rows("accesses")] == ["bind", "sync", "bind"] or len(taken.rows("accesses")) == 3
    told = {(r["record_id"], r["access"], r["mailbox"], r["ip"]) for r in taken.rows("accesses")}
    assert told == {
        (f"aaaaaaaa-0000-4000-8000-{n:012}", kind, "ann@agency.example", "198.51.100.7")
        for n, kind in ((1, "bind"), (2, "sync"), (3, "bind"))
    }
    assert len(taken.rows("items")) == 2
    # what all shapes share in normal form, and then what the thin ones lack: nothing here
    shared = (
        "MailItemsAccessed",
        "2025-05-01 10:00:00",
        "ann@agency.example",
        access(1)["MailboxGuid"],
        "198.51.100.7",
    )
    wanted = hashlib.md5("|".join(shared).encode()).hexdigest() + hashlib.md5(b"").hexdigest()
    assert {r["content"] for r in taken.rows("sightings")} == {wanted}
