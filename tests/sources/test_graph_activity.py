"""Requests to Graph: which are accesses, of whose mailbox, to what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sources import exports
from tests.sources.conftest import TENANT, Row, Taken

ANN, APP = "33333333-0000-4000-8000-000000000000", "44444444-0000-4000-8000-000000000000"
SESSION = "00bff38a-6e73-9461-9b5b-12a268a45899"


def request(number: int, path: str, **extra: Any) -> Row:
    """One request, as Azure Monitor exports it."""
    properties = {
        "timeGenerated": "2025-05-01T10:01:02.0159703Z",
        "requestId": f"cccccccc-0000-4000-8000-{number:012}",
        "requestMethod": "GET",
        "responseStatusCode": 200,
        "responseSizeBytes": 777,
        "tenantId": TENANT,
        "signInActivityId": "xMFjTVvJPE2OChJx_YE-AA",
        "appId": APP,
        "ipAddress": "203.0.113.9",
        "userAgent": "tool/1.2",
        "requestUri": f"https://graph.example/v1.0{path}",
        "userId": ANN,
        "tokenIssuedAt": "2025-05-01T09:50:00Z",
        "identityProvider": f"https://sts.example/{TENANT}/",
        "c_Sid": SESSION,
        **extra,
    }
    return {
        "time": "2031-01-01T00:00:00Z", "operationName": "Microsoft Graph Activity", "durationMs": "5",
        "category": "MicrosoftGraphActivityLogs", "tenantId": TENANT, "properties": properties,
    }  # fmt: skip


def workspace(row: Row) -> Row:
    """The same in the workspace's table."""
    out = {k[0].upper() + k[1:]: v for k, v in row["properties"].items() if k not in ("c_Sid", "tenantId", "ipAddress")}
    own = {"IPAddress": row["properties"]["ipAddress"], "AadTenantId": TENANT, "SessionId": SESSION}
    return {**out, **own, "TenantId": exports.WORKSPACE, "Type": "MicrosoftGraphActivityLogs"}


PATHS: dict[str, tuple[str | None, str | None, str | None]] = {
    "/me/messages?$top=100": ("list", None, None),
    "/me/messages/AAMkAGI2TAAA%3D": ("open", None, "AAMkAGI2TAAA="),
    "/me/messages('AAMkZ')/$value": ("open", None, "AAMkZ"),
    "/me/mailFolders/inbox/messages": ("list", "inbox", None),
    "/me/mailFolders('Inbox')/messages/delta?$deltatoken=x": ("list", "Inbox", None),
    "/me/mailFolders/a/childFolders/b/messages/AAMkX/attachments/9": ("attachment", "b", "AAMkX"),
    "/users/bob%40agency.example/messages/AAMkX": ("open", None, "AAMkX"),
    "/users/" + ANN + "/messages/microsoft.graph.delta()": ("list", None, None),
    "/me/mailFolders/inbox?$expand=messages($top=5)": ("list", None, None),
    "//me//messages/AAMkX": ("open", None, "AAMkX"),
    "/me/%6dessages/AAMkX": ("open", None, "AAMkX"),
    "/me/messages/$count": (None, None, None),
    "/me/messagesx": (None, None, None),
    "/chats/19:x/messages": (None, None, None),
    "/me/chats/19:x/messages": (None, None, None),
    "/teams/1/channels/2/messages": (None, None, None),
    "/me/calendar/events": (None, None, None),
    "/users/bob@agency.example": (None, None, None),
    "/$batch": (None, None, None),
}


WRITERS: dict[str, Callable[[list[Row]], bytes]] = {
    "export": exports.lines,
    "lines": lambda rows: exports.lines([workspace(r) for r in rows]),
    "table": lambda rows: exports.table([workspace(r) for r in rows]),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=list(WRITERS))
def test_paths(taken: Taken, write: Callable[[list[Row]], bytes]) -> None:
    taken.put("log", write([request(n, path) for n, path in enumerate(PATHS)])).ingest()
    assert taken.summary.problems == [] and len(taken.rows("records")) == len(PATHS)
    made = {r["record_id"]: r for r in taken.rows("accesses")}
    items = {r["record_id"]: r["store_id"] for r in taken.rows("items")}
    for number, (path, wanted) in enumerate(PATHS.items()):
        key = f"graph-cccccccc-0000-4000-8000-{number:012}"
        row = made.get(key, {})
        assert (row.get("access"), row.get("folder"), items.get(key)) == wanted, path
        if row:
            assert (row["response_bytes"], row["client"], row["ip"], row["ip_is"]) == (
                777,
                "rest",
                "203.0.113.9",
                "caller",
            )
            assert (row["token_id"], row["session_id"]) == ("4d63c1c4-c95b-4d3c-8e0a-1271fd813e00", SESSION)
            assert row["item_count"] == (None if row["access"] == "list" else 1)


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ({}, (ANN, None, "owner", ANN)),
        ({"requestUri": f"https://graph.example/beta/users/{ANN}/messages"}, (ANN, None, "owner", ANN)),
        ({"requestUri": "https://graph.example/v1.0/users/Bob@agency.example/messages"},
         (None, "bob@agency.example", None, ANN)),
        ({"requestUri": "https://graph.example/v1.0/users/bob@agency.example/messages", "userId": None,
          "servicePrincipalId": APP}, (None, "bob@agency.example", "application", f"serviceprincipal_{APP}")),
        ({"userId": None, "UserPrincipalObjectID": ANN}, (ANN, None, "owner", ANN)),
    ],
)  # fmt: skip
def test_whose_mailbox(taken: Taken, extra: Row, wanted: tuple[str | None, ...]) -> None:
    (row,) = taken.put("log", [request(1, "/me/messages", **extra)]).ingest().rows("accesses")
    assert (row["mailbox_object_id"], row["mailbox"], row["logon_type"], row["actor"]) == wanted


@pytest.mark.parametrize("extra", [{"responseStatusCode": 403}, {"responseStatusCode": 404}, {"requestMethod": "POST"},
                                   {"requestMethod": "PATCH"}, {"responseStatusCode": None}])  # fmt: skip
def test_attempts_and_changes_are_no_accesses(taken: Taken, extra: Row) -> None:
    taken.put("log", [request(1, "/me/messages", **extra)]).ingest()
    assert taken.rows("accesses") == [] and len(taken.rows("records")) == 1


@pytest.mark.parametrize("key", ["C_Sid", "c_Sid", "C_sid", "sessionId"])
def test_the_session_in_every_spelling(taken: Taken, key: str) -> None:
    row = request(1, "/me/messages")
    del row["properties"]["c_Sid"]
    row["properties"][key] = SESSION
    (made,) = taken.put("log", json.dumps({"records": [row]}).encode()).ingest().rows("accesses")
    assert made["session_id"] == SESSION
