"""What a file is, by content alone; every real file by its name."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from brokenseal.sources import log, recognise
from tests.sources import exports
from tests.sources.conftest import access, signin

NAMES = {
    "det-eng-samples": {"unified-audit", "unified-audit-csv"},
    "entra-signins": {"log-analytics-signin"},
    "google-workspace": {"google-workspace"},
    "message-trace": {"message-trace"},
    "o365-audit": {"unified-audit", "unified-audit-csv"},
    "sentinel-exports": {
        "azure-activity",
        "csv",
        "log-analytics-entra-audit",
        "office-activity",
        "log-analytics-signin",
    },
}


def name(path: Path) -> str:
    seen = recognise.sample(path)
    found = log.recognised(seen)
    return found.name if found else recognise.other(seen)[0]


LINE = json.dumps(access(1)).encode()
CASES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \n\n", "empty"),
    "binary": (bytes(range(256)) * 20, "binary"),
    "text": (b"Dear Sir,\nno log is in here.\n", "text"),
    "other JSON": (b'{"a": 1}\n', "json"),
    "other CSV": (b"a,b\n1,2\n", "csv"),
    "one line without its end": (LINE, "unified-audit"),
    "a first line that is broken": (LINE[:90] + b"\n" + LINE + b"\n", "unified-audit"),
    "a first line that is cut off in front": (LINE[40:] + b"\n" + LINE + b"\n", "unified-audit"),
    "an array of one big record": (json.dumps([access(1, Pad="x" * 3_000_000)]).encode(), "unified-audit"),
    "a broken array": (b"[" + LINE + b", " + LINE[:50], "unified-audit"),
    "brackets": (b'{"Operation": ' + b"[" * 200_000 + b"\n" + LINE + b"\n", "unified-audit"),
    "most rows decide": (LINE + b"\n" + json.dumps(signin(1)).encode() + b"\n" + LINE, "unified-audit"),
    "a NUL in a field": (exports.office_table([access(1)]).replace(b"browser", b"brow\0ser"), "office-activity"),
    "sign-ins": (json.dumps(signin(1)).encode(), "entra-signin"),
    "an empty page": (b'{"value": []}', "json"),
    "an export without its records": (
        b'"RecordType","CreationDate","UserIds","Operations"\n"1","2","3","4"\n',
        "unified-audit-csv-without-records",
    ),
    "an envelope": (b'{"time": "t", "category": "SignInLogs", "properties": {}}\n', "azure-monitor"),
    "another envelope": (b'{"time": "t", "category": "RiskyUsers", "properties": {}}\n', "azure-monitor-export"),
    "a directory audit": (
        b'{"value": [{"activityDateTime": "t", "activityDisplayName": "x", "initiatedBy": {}, "id": "1"}]}',
        "graph-directory-audit",
    ),
}


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("packed", [False, True])
def test_by_content(tmp_path: Path, case: str, packed: bool) -> None:
    data, wanted = CASES[case]
    path = tmp_path / "misleading.png"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    assert name(path) == wanted


def test_every_real_file_is_named(real_logs: Path) -> None:
    for folder, wanted in NAMES.items():
        files = [p for p in (real_logs / folder).iterdir() if p.is_file()]
        assert files and {name(p) for p in files} == wanted


@pytest.mark.parametrize("data", [b"\x1f\x8b\x08garbage", b"\x28\xb5\x2f\xfd", gzip.compress(b"{}", mtime=0)[:10]])
def test_what_cannot_be_inflated_is_not_called_empty(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    name_, note = recognise.other(recognise.sample(path))
    assert name_ == "damaged" and "compressed" in note
