"""Records of an invented mailbox and sign-ins of its owner, and what the tables say after they were taken in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokenseal import sources
from brokenseal.lake import Lake

TENANT = "11111111-0000-4000-8000-000000000000"
Row = dict[str, Any]


def access(number: int, **extra: Any) -> Row:
    """One bind, as the Management Activity API writes it."""
    return {
        "CreationTime": "2025-05-01T10:00:00",
        "Id": f"AAAAAAAA-0000-4000-8000-{number:012}",
        "Operation": "MailItemsAccessed",
        "OrganizationId": TENANT,
        "RecordType": 50,
        "UserKey": "10037CC73275248D",
        "UserType": 0,
        "Workload": "Exchange",
        "UserId": "Ann@agency.example",
        "MailboxOwnerUPN": "ann@agency.example",
        "MailboxGuid": "22222222-0000-4000-8000-000000000000",
        "ClientIPAddress": "198.51.100.7",
        "ClientInfoString": "Client=OWA;browser 1.2;",
        "LogonType": 0,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
        "Folders": [
            {"Path": "\\Inbox", "Id": "F1", "FolderItems": [{"InternetMessageId": f"<{number}@agency.example>"}]}
        ],
        **extra,
    }


def sync(number: int, **extra: Any) -> Row:
    """One folder synchronised."""
    folder = {"Id": "F9", "Name": "Postvak IN", "Path": "Not Available"}
    kind = [{"Name": "MailAccessType", "Value": "Sync"}, {"Name": "IsThrottled", "Value": "False"}]
    row = (
        access(number, Item={"Id": "I1", "ParentFolder": folder}, OperationProperties=kind) | {"RecordType": 2} | extra
    )
    del row["Folders"]
    return row


def signin(number: int, **extra: Any) -> Row:
    """One sign-in, as Graph writes it."""
    return {
        "id": f"BBBBBBBB-0000-4000-8000-{number:010}00",
        "createdDateTime": "2025-05-01T09:55:00Z",
        "userPrincipalName": "Ann@agency.example",
        "userId": "33333333-0000-4000-8000-000000000000",
        "appId": "44444444-0000-4000-8000-000000000000",
        "ipAddress": "198.51.100.7",
        "isInteractive": True,
        "resourceTenantId": TENANT,
        "status": {"errorCode": 0},
        **extra,
    }


class Taken:
    """A lake and what it says."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.lake = folder / "lake"
        self.summary = sources.IngestSummary()

    def put(self, name: str, data: bytes | list[Row]) -> Taken:
        """A file of logs: bytes as they are, rows as lines."""
        body = data if isinstance(data, bytes) else b"".join(json.dumps(r).encode() + b"\n" for r in data)
        (self.logs / name).write_bytes(body)
        return self

    def ingest(self, *paths: Path, **options: Any) -> Taken:
        """Take the files in."""
        with Lake.open(self.lake, write=True, create=True, memory="1GB", threads=2) as lake:
            self.summary = sources.ingest(lake, paths or [self.logs], **options)
        for row in self.rows("inputs"):
            assert row["rows"] == row["records"] + row["duplicates"] + row["rejected"], row
        return self

    def rows(self, table: str) -> list[Row]:
        """All rows of a table, in order."""
        with Lake.open(self.lake, memory="1GB", threads=2) as lake:
            found = lake.fetch(lake.read(table)).to_pylist()
        return sorted(found, key=lambda r: json.dumps(r, sort_keys=True, default=str))


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """An empty lake, and a folder for logs."""
    return Taken(tmp_path)


@pytest.fixture
def one(taken: Taken) -> Callable[..., Row]:
    """Take in one record; the one row of a table that it makes."""

    def make(row: Row, table: str = "accesses") -> Row:
        (made,) = taken.put("log.json", [row]).ingest().rows(table)
        return made

    return make
