"""Bad input: one clear line each, no traceback, no row lost, and nobody hides a record by what he writes into it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokenseal import sources
from brokenseal.lake import Lake


def record(number: int, **extra: Any) -> dict[str, Any]:
    """One access of an invented mailbox."""
    return {
        "CreationTime": "2025-05-01T10:00:00",
        "Id": f"00000000-0000-4000-8000-{number:012}",
        "Operation": "MailItemsAccessed",
        "OrganizationId": "11111111-0000-4000-8000-000000000000",
        "RecordType": 50,
        "Workload": "Exchange",
        "UserId": "ann@agency.example",
        "MailboxOwnerUPN": "ann@agency.example",
        "ClientIPAddress": "198.51.100.7",
        "ClientInfoString": "Client=OWA;browser;",
        "LogonType": 0,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
        "Folders": [
            {"Path": "\\Inbox", "Id": "f", "FolderItems": [{"InternetMessageId": f"<{number}@agency.example>"}]}
        ],
        **extra,
    }


def lines(*rows: bytes | dict[str, Any]) -> bytes:
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in rows)


def odd(text: bytes, by: bytes) -> bytes:
    """A record in which one text is replaced, as bytes."""
    return json.dumps(record(2, UserId="MARK")).encode().replace(text, by)


GOOD = record(1)
TAKEN: dict[str, bytes] = {
    "lone surrogate": odd(b"MARK", rb"a\ud800b"),
    "NUL as an escape": odd(b"MARK", rb"a\u0000b"),
    "a NUL byte": odd(b"MARK", b"a\0b"),
    "invalid UTF-8": odd(b"MARK", b"a\xff\xfeb"),
    "a key twice": odd(b'"Workload"', b'"UserId": "bob@agency.example", "Workload"'),
    "a field of 20 MB": odd(b"MARK", b"x" * (20 << 20)),
    "wrong types": json.dumps(
        record(2, RecordType={"a": 1}, LogonType=[0], Folders="none", ClientIPAddress=7)
    ).encode(),
    "a future time": json.dumps(record(2, CreationTime="2999-01-01T00:00:00")).encode(),
    "no time": json.dumps({k: v for k, v in record(2).items() if k != "CreationTime"}).encode(),
}
REFUSED: dict[str, bytes] = {
    "broken JSON": json.dumps(record(2)).encode()[:-20],
    "200,000 brackets": b'{"Operation": "MailItemsAccessed", "x": ' + b"[" * 200_000,
    "no object": b'["MailItemsAccessed"]',
}


def ingest(path: Path, tmp_path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], sources.IngestSummary]:
    """Inputs, rejects and summary."""
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        summary = sources.ingest(lake, [path])
        rows = lake.inputs().to_pylist()
        rejects = lake.fetch(lake.read("rejects")).to_pylist()
        count = lake.fetch(lake.read("accesses").count().as_table()).to_pylist()[0].popitem()[1]
    for row in rows:
        assert row["rows"] == row["records"] + row["duplicates"] + row["rejected"]
    assert count <= sum(r["records"] for r in rows)
    return rows, rejects, summary


@pytest.mark.parametrize("name", list(TAKEN))
def test_taken_in_all_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(lines(GOOD, TAKEN[name], record(3)))
    rows, rejects, _ = ingest(path, tmp_path)
    assert (rows[0]["records"], rejects) == (3, [])


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused_with_its_row_and_remembered(name: str, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(lines(GOOD, REFUSED[name], record(3)))
    rows, rejects, _ = ingest(path, tmp_path)
    assert (rows[0]["records"], rows[0]["rejected"]) == (2, 1)
    assert rejects[0]["row"] == 2 and rejects[0]["reason"]
    assert rejects[0]["mail_operation"]


def test_broken_json_in_line_70000(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    rows = [json.dumps(record(n)).encode() for n in range(1, 70_011)]
    rows[69_999] = rows[69_999][:-9]
    path.write_bytes(lines(*rows))
    inputs, rejects, _ = ingest(path, tmp_path)
    assert inputs[0]["records"] == 70_009
    assert [r["row"] for r in rejects] == [70_000]


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def _truncated(path: Path) -> None:
    whole = gzip.compress(lines(*(record(n, Pad="x" * (n % 997)) for n in range(4000))), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])


def _csv(path: Path) -> None:
    path.write_text(
        '"RecordType","CreationDate","UserIds","Operations"\n"ExchangeItem","5/1/2025","ann","MailItemsAccessed"\n'
    )


@pytest.mark.parametrize("make", [_empty, _binary, _truncated, _csv])
def test_a_file_that_cannot_be_read_is_named_in_one_line(make: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    make(folder / "bad")
    (folder / "good.json").write_bytes(lines(GOOD))
    command = [sys.executable, "-m", "brokenseal.cli", "ingest", str(folder), "--lake", str(tmp_path / "lake")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    assert any("bad" in line for line in (done.stdout + done.stderr).splitlines())
    with Lake.open(tmp_path / "lake") as lake:
        named = {r["path"]: r for r in lake.inputs().to_pylist()}
    assert named["good.json"]["records"] == 1
    assert "bad" in named and named["bad"]["note"]
