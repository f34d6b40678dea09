"""Files that hold records of several logs give the tables that the logs give apart."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from brokenseal import sources
from brokenseal.lake import Lake
from brokenseal.sources import log, mixed, recognise, reread
from tests.sources import exports
from tests.sources.conftest import Row, Taken, access, signin, sync
from tests.sources.test_graph_activity import hunted, request, workspace
from tests.sources.test_shapes import person

TABLES = ("accesses", "items", "issuances", "deliveries", "records")
PLACES = ("file_sha256", "member", "row")


def _delivery(number: int) -> Row:
    return {
        "MessageTraceId": f"cccccccc-0000-4000-8000-{number:012}",
        "MessageId": f"<{number}@agency.example>",
        "Received": "2025-05-01T08:00:00",
        "SenderAddress": "bob@partner.example",
        "RecipientAddress": "ann@agency.example",
        "Subject": "Lunch",
        "Status": "Delivered",
        "Size": 7,
    }


def _gate(number: int) -> Row:
    return {"event": "brokenseal.token/1", "id": f"t{number}", "time": "2025-05-01T10:00:00Z", "verdict": "accepted"}


def _hunted_signin(row: Row) -> Row:
    return {
        "Timestamp": row["createdDateTime"], "RequestId": row["id"], "ErrorCode": 0, "ApplicationId": row["appId"],
        "IPAddress": row["ipAddress"], "AccountUpn": row["userPrincipalName"], "LogonType": '["interactiveUser"]',
    }  # fmt: skip


AUDIT = [access(1), sync(2), access(3, Subject="a\nb")]
PEOPLE = [person(n) for n in range(4, 8)]


def _wrapped(write: Callable[[Sequence[Row]], bytes], rows: Sequence[Row], encoding: str = "utf-8") -> list[Row]:
    found = json.loads(write(rows).decode(encoding))
    return list(found if isinstance(found, list) else found.get("value") or found["results"])


def _lines(data: bytes) -> list[Row]:
    return [json.loads(line) for line in data.splitlines()]


def _copies(offset: int) -> list[Row]:
    return [access(offset + n) for n in range(3)]


LOGS: dict[str, list[Row]] = {
    "unified-audit": AUDIT,
    "entra-signin": PEOPLE,
    "unified-audit-csv": _wrapped(exports.converted, _copies(10), "utf-16"),
    "graph-audit": _wrapped(exports.graph_query, _copies(20)),
    "office-activity": _lines(exports.office_lines(_copies(30))),
    "cloud-app-events": _wrapped(exports.cloud_app_results, _copies(40)),
    "cloud-app-stream": _lines(exports.cloud_app_stream(_copies(50))),
    "azure-monitor": [exports.envelope(person(n)) for n in range(60, 63)],
    "log-analytics-signin": _lines(exports.workspace_lines([person(n) for n in range(70, 73)])),
    "defender-signin": [_hunted_signin(person(n)) for n in range(80, 83)],
    "log-analytics-graph": [
        write(request(n, "me/messages/A")) for n, write in ((90, workspace), (91, hunted), (92, workspace))
    ],
    "message-trace": [_delivery(n) for n in range(3)],
    "token-log": [_gate(n) for n in range(3)],
}
"""A few records of every log that is read as objects."""


def told(taken: Taken) -> dict[str, list[Row]]:
    """What the tables say, but for where in which file, and how far it is indented there."""
    out = {}
    for table in TABLES:
        rows = [
            {k: json.loads(v) if k == "raw" else v for k, v in r.items() if k not in PLACES} for r in taken.rows(table)
        ]
        out[table] = sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str))
    return out


def fresh(tmp_path: Path, name: str) -> Taken:
    (tmp_path / name).mkdir()
    return Taken(tmp_path / name)


def apart(tmp_path: Path, parts: Sequence[Sequence[Row]]) -> Taken:
    """Each part as a file of its own."""
    taken = fresh(tmp_path, "apart")
    for number, rows in enumerate(parts):
        taken.put(f"{number}", list(rows))
    return taken.ingest()


def shuffled(parts: Sequence[Sequence[Row]]) -> list[Row]:
    """One of each, then the next of each."""
    return [r for r in chain(*zip_longest(*parts)) if r is not None]


def test_every_log_is_told_from_every_other() -> None:
    assert set(LOGS) == {own.name for own in log.logs() if set(own.shapes) != {"csv"}} - {"entra-portal"}
    for name, rows in LOGS.items():
        assert {mixed.kind(json.dumps(r)) for r in rows} == {(name, None)}, name


@pytest.fixture(scope="module")
def each_apart(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """What all logs tell, each in a file of its own."""
    return told(apart(tmp_path_factory.mktemp("each"), list(LOGS.values())))


@pytest.mark.parametrize("first", list(LOGS))
def test_all_logs_in_one_file(tmp_path: Path, first: str, each_apart: dict[str, list[Row]]) -> None:
    """Whichever log the file begins with, and with a stretch of it longer than what recognition looks at."""
    begin = LOGS[first]
    rest = shuffled([rows for name, rows in LOGS.items() if name != first])
    taken = fresh(tmp_path, "mixed").put("all", [*begin * recognise.ENOUGH, *rest]).ingest()
    assert taken.summary.problems == []
    assert told(taken) == each_apart
    (row,) = taken.rows("inputs")
    assert row["records"] == sum(len(rows) for rows in LOGS.values()) and row["rejected"] == 0
    assert row["format"] == "mixed: " + ", ".join(f"{len(rows)} {name}" for name, rows in sorted(LOGS.items()))
    assert row["note"] is None


WRITTEN: dict[str, Callable[[list[Row]], bytes]] = {
    "lines": exports.lines,
    "array": lambda rows: json.dumps(rows).encode(),
    "indented": lambda rows: json.dumps(rows, indent=2).encode(),
    "value": lambda rows: json.dumps({"value": rows}).encode(),
    "pages": lambda rows: exports.lines([{"records": rows[n : n + 3]} for n in range(0, len(rows), 3)]),
    "objects": lambda rows: "".join(json.dumps(r, indent=1) for r in rows).encode(),
    "utf-16": lambda rows: exports.lines(rows).decode().encode("utf-16"),
}


@pytest.mark.parametrize("shape", list(WRITTEN))
@pytest.mark.parametrize("big", [False, True])
def test_a_mixture_in_every_shape(tmp_path: Path, shape: str, big: bool) -> None:
    whole = apart(tmp_path, [AUDIT, PEOPLE])
    taken = fresh(tmp_path, "mixed").put("all", WRITTEN[shape](shuffled([AUDIT, PEOPLE])))
    if not big:
        # with others in its batch a file's rows wait for theirs
        taken.put("more", AUDIT)
    taken.ingest()
    assert told(taken) == told(whole)
    assert {r["format"] for r in taken.rows("inputs")} >= {"mixed: 4 entra-signin, 3 unified-audit"}


def test_exports_put_one_behind_another(tmp_path: Path) -> None:
    parts = [AUDIT, PEOPLE, _copies(20)]
    whole = apart(tmp_path, parts)
    arrays = fresh(tmp_path, "arrays").put("all", b"".join(json.dumps(p).encode() for p in parts)).ingest()
    pages = b"\n".join(json.dumps({"value": p}).encode() for p in parts)
    assert told(arrays) == told(fresh(tmp_path, "pages").put("all", pages).ingest()) == told(whole)


def test_the_same_record_of_two_logs_in_one_file_counts_once(tmp_path: Path) -> None:
    rows = _copies(10)
    office = _lines(exports.office_lines(rows))
    whole = apart(tmp_path, [rows, office])
    for name, order in (("a", [*rows, *office]), ("b", [*office, *rows])):
        taken = fresh(tmp_path, name).put("both", order).ingest()
        assert told(taken) == told(whole)
        assert {r["shape"] for r in taken.rows("records")} == {"unified-audit"}
        (row,) = taken.rows("inputs")
        assert (row["rows"], row["records"], row["duplicates"]) == (6, 3, 3)


def test_a_file_that_begins_with_what_is_not_read(tmp_path: Path) -> None:
    directory = [
        {"id": f"d{n}", "activityDateTime": "2025-05-01T10:00:00Z", "activityDisplayName": "Add", "initiatedBy": {}}
        for n in range(20)
    ]
    taken = fresh(tmp_path, "mixed").put("all", [*directory, *AUDIT, {"any": "thing"}]).ingest()
    assert told(taken) == told(apart(tmp_path, [AUDIT]))
    (row,) = taken.rows("inputs")
    assert (row["format"], row["records"], row["rejected"]) == ("mixed: 3 unified-audit", 3, 21)
    assert {r["reason"] for r in taken.rows("rejects")} == {
        "recognised as graph-directory-audit, which is not read yet",
        "no record of none: it lacks what a log that is read here has",
    }
    alone = fresh(tmp_path, "alone").put("all", directory).ingest()
    assert [(r["format"], r["rows"]) for r in alone.rows("inputs")] == [("graph-directory-audit", 0)]


def test_what_is_not_read_is_no_sign_in(tmp_path: Path) -> None:
    """An object with an id alone is a sign-in whose fields are missing, but not where it is plainly something else."""
    directory = {"id": "d", "activityDateTime": "x", "activityDisplayName": "Add", "initiatedBy": {}}
    taken = fresh(tmp_path, "mixed").put("all", [*PEOPLE, directory, {"id": "bare"}]).ingest()
    assert len(taken.rows("issuances")) == len(PEOPLE) + 1
    (reject,) = taken.rows("rejects")
    assert reject["row"] == 5 and "graph-directory-audit" in reject["reason"]


BROKEN = (
    b'{"Operation": "MailItemsAccessed", broken',
    b"[]",
    b'"text"',
    json.dumps(access(91, UserId="MARK")).replace("MARK", "\\ud800").encode(),
    json.dumps(signin(92, userAgent="MARK")).replace("MARK", "a\\u0000b").encode(),
    json.dumps(signin(93, userAgent="MARK")).encode().replace(b"MARK", b"a\xffb"),
    json.dumps(signin(94)).replace('{"id"', '{"category": "x", "category": "SignInLogs", "id"').encode(),
)


def test_broken_rows_among_rows_of_several_logs(tmp_path: Path) -> None:
    rows = exports.lines(AUDIT) + b"\n".join(BROKEN) + b"\n" + exports.lines(PEOPLE)
    taken = fresh(tmp_path, "mixed").put("all", rows).ingest()
    assert sorted(r["row"] for r in taken.rows("rejects")) == [4, 5, 6]
    assert len(taken.rows("accesses")) == 4 and len(taken.rows("issuances")) == len(PEOPLE) + 3
    cut = fresh(tmp_path, "cut").put("all", rows[:-20]).ingest()
    assert sorted(r["row"] for r in cut.rows("rejects")) == [4, 5, 6, 14]


def test_a_row_leads_back_to_its_bytes(tmp_path: Path) -> None:
    """`explain` finds each record's text in its row, whichever log wraps it and whichever log the file begins with."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for first, begin in LOGS.items():
            rest = shuffled([rows for name, rows in LOGS.items() if name != first])
            archive.writestr(first, exports.lines([*begin * recognise.ENOUGH, *rest]))
    taken = fresh(tmp_path, "lake").ingest(tmp_path / "all.zip")
    wanted: dict[str, dict[int, str]] = {}
    raw = {}
    with Lake.open(taken.lake, memory="1GB") as lake:
        held = [s.file for s in lake.segments("records")]
    for file in held:
        for row in pq.read_table(taken.lake / file).to_pylist():
            wanted.setdefault(row["member"], {})[row["row"]] = row["shape"]
            raw[row["member"], row["row"]] = row["raw"]
    assert set(wanted) == set(LOGS)
    for member, rows in wanted.items():
        found = reread.texts(tmp_path / "all.zip", member, rows)
        assert set(found) == set(rows)
        assert all(found[n] == raw[member, n] for n in rows), member


def test_derived_tables_of_a_mixture_are_made_again(tmp_path: Path) -> None:
    rows = _copies(10)
    taken = fresh(tmp_path, "mixed").put("all", [*rows, *_lines(exports.office_lines(rows)), *PEOPLE]).ingest()
    before = told(taken)
    with Lake.open(taken.lake, write=True, memory="1GB", threads=2) as lake:
        sources.rederive(lake)
    assert told(taken) == before and len(before["accesses"]) == 3


def test_one_log_is_not_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every row costs is one condition over what is parsed already; only rows of other logs are looked at by their keys."""
    looked: list[str] = []
    was = mixed.kind
    monkeypatch.setattr(mixed, "kind", lambda raw: looked.append(raw) or was(raw))
    for name, rows in LOGS.items():
        taken = fresh(tmp_path, name).put("log", list(rows)).ingest()
        assert looked == [], name
        assert [r["format"] for r in taken.rows("inputs")] == [name]


def test_kinds_that_are_remembered_are_few() -> None:
    """Objects that are all unlike cost no memory."""
    for number in range(2 * mixed._KINDS):
        mixed.kind(json.dumps({f"key{number}": 1, "id": 2}))
    assert mixed._kind.cache_info().currsize <= mixed._KINDS
