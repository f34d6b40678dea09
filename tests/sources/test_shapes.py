"""One month in every shape that exports have: the same tables from each, and each record once from all together."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from brokenseal.drill import world
from tests.sources import exports
from tests.sources.conftest import Row, Taken, access, signin

TABLES = ("records", "accesses", "items", "issuances")
PLACES = ("file_sha256", "member", "row", "shape", "raw")
THIN = ("session_id", "device_id", "token_tenant_id", "token_object_id", "user_object_id")
"""What OfficeActivity has no column for."""


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """One organisation's month of the unified audit log, as the drill invents it."""
    folder = tmp_path_factory.mktemp("world")
    world.build(folder, tenants=1, mailboxes=5, days=31, seed=5)
    rows: list[Row] = []
    for path in sorted((folder / "logs" / "audit").rglob("*.json*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows += json.loads(data) if data[:1] == b"[" else [json.loads(line) for line in data.splitlines()]
    return rows


def told(taken: Taken, tables: tuple[str, ...] = TABLES, without: tuple[str, ...] = ()) -> dict[str, list[Row]]:
    """What the tables say, but for the file and shape that a record was kept from."""
    out = {}
    for table in tables:
        rows = [{k: v for k, v in r.items() if k not in PLACES + without} for r in taken.rows(table)]
        out[table] = sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str))
    return out


def fresh(tmp_path: Path, name: str) -> Taken:
    (tmp_path / name).mkdir()
    return Taken(tmp_path / name)


@pytest.mark.slow
def test_a_month_in_every_shape(month: list[Row], tmp_path: Path) -> None:
    assert Counter(r["Operation"] for r in month)["MailItemsAccessed"] > 200
    plain = fresh(tmp_path, "plain").put("log", exports.lines(month)).ingest()
    whole = told(plain)
    assert all(whole.values())
    office = [r for r in month if r["Workload"] != "AzureActiveDirectory"]
    thin = told(fresh(tmp_path, "office").put("log", exports.lines(office)).ingest(), without=THIN)
    everything = fresh(tmp_path, "all")
    for shape, write in exports.AUDIT.items():
        few = shape.startswith("office")
        data = write(office if few else month)
        taken = fresh(tmp_path, shape).put("misleading.txt", data).ingest()
        assert taken.summary.rejected == 0 and taken.summary.unread == 0, (shape, taken.summary.problems)
        assert told(taken, without=THIN if few else ()) == (thin if few else whole), shape
        everything.put(shape, data)
    everything.ingest()
    assert told(everything) == whole
    with_gap = {r["content"][:32] for r in everything.rows("sightings")}
    assert len(with_gap) <= len({r["record_id"] for r in everything.rows("sightings")})
    by_record: dict[str, set[str]] = {}
    for row in everything.rows("sightings"):
        by_record.setdefault(row["record_id"], set()).add(row["content"][:32])
    assert all(len(contents) == 1 for contents in by_record.values()), "copies that agree are told apart"
    # the fullest shape is the record
    assert {r["shape"] for r in everything.rows("records")} == {"unified-audit"}


def person(number: int, **extra: object) -> Row:
    """A person's sign-in with all that the shapes share."""
    kind = "interactiveUser" if number % 2 else "nonInteractiveUser"
    return signin(
        number,
        signInEventTypes=[kind],
        isInteractive=kind == "interactiveUser",
        userAgent='a "browser", 1.2',
        resourceId="00000002-0000-0ff1-ce00-000000000000",
        homeTenantId=exports.TENANT,
        deviceDetail={"deviceId": "66666666-0000-4000-8000-000000000000", "isManaged": True},
        location={"countryOrRegion": "NL"},
        sessionId="00bff38a-6e73-9461-9b5b-12a268a45899",
        authenticationRequirement="multiFactorAuthentication",
        status={"errorCode": 50126 if number % 5 == 0 else 0},
        **extra,
    )


NOT_TOLD = {
    "monitor_lines": (),
    "monitor_records": (),
    "workspace_lines": (),
    "workspace_table": (),
    "entra_portal": ("stream", "interactive"),
    "hunted_signins": ("home_tenant_id",),
}
"""What a shape cannot tell."""


@pytest.mark.parametrize("shape", list(NOT_TOLD))
def test_sign_ins_in_every_shape(tmp_path: Path, shape: str) -> None:
    rows = [person(n) for n in range(20)]
    without = (*NOT_TOLD[shape], "time")
    whole = fresh(tmp_path, "plain").put("log", exports.lines(rows)).ingest()
    taken = fresh(tmp_path, "shape").put("log", exports.SIGNINS[shape](rows)).ingest()
    assert taken.summary.problems == []
    assert told(taken, ("issuances",), without) == told(whole, ("issuances",), without)
    times = [[r["time"].replace(microsecond=0) for r in t.rows("issuances")] for t in (taken, whole)]
    assert times[0] == times[1]


def test_sign_ins_of_all_shapes_count_once(tmp_path: Path) -> None:
    rows = [person(n) for n in range(20)]
    whole = told(fresh(tmp_path, "plain").put("log", exports.lines(rows)).ingest(), ("issuances",))
    taken = fresh(tmp_path, "all")
    for shape, write in exports.SIGNINS.items():
        taken.put(shape, write(rows))
    taken.ingest()
    assert told(taken, ("issuances",)) == whole
    by_record: dict[str, set[str]] = {}
    for row in taken.rows("sightings"):
        by_record.setdefault(row["record_id"], set()).add(row["content"])
    assert len(by_record) == 20 and all(len(c) == 1 for c in by_record.values())
    assert sum(r["duplicates"] for r in taken.rows("inputs")) == 20 * (len(exports.SIGNINS) - 1)


def test_applications_and_federation_have_streams_of_their_own(taken: Taken) -> None:
    service = {**person(1), "signInEventTypes": ["servicePrincipal"], "userId": "", "userPrincipalName": None}
    service |= {"servicePrincipalId": "77777777-0000-4000-8000-000000000000"}
    rows = []
    for number, category in enumerate(
        ("ServicePrincipalSignInLogs", "MicrosoftServicePrincipalSignInLogs", "ManagedIdentitySignInLogs")
    ):
        made = exports.envelope({**service, "id": f"bbbbbbbb-0000-4000-8000-0000000{number}0000"})
        rows.append({**made, "category": category})
    rows.append({**exports.envelope(person(9)), "category": "ADFSSignInLogs"})
    rows.append({**exports.envelope(person(11)), "category": "AuditLogs"})
    taken.put("log", rows).ingest()
    assert {r["stream"] for r in taken.rows("issuances")} == {
        "service-principal",
        "microsoft-service-principal",
        "managed-identity",
        "adfs",
    }
    (reject,) = taken.rows("rejects")
    assert reject["row"] == 5 and "category" in reject["reason"]


@pytest.mark.parametrize("written", ["28/4/2021, 3:05:26.000 PM", "2021-13-41", ""])
def test_a_sign_in_without_a_time_is_rejected(taken: Taken, written: str) -> None:
    row = {"Id": "x", "ResultType": "0", "IPAddress": "198.51.100.7", "AppDisplayName": "a", "UserPrincipalName": "b"}
    taken.put("log", exports.table([{**row, "CreatedDateTime [UTC]": written}])).ingest()
    assert taken.rows("issuances") == [] and taken.summary.rejected == 1


def test_a_copy_that_disagrees_is_told_apart(taken: Taken) -> None:
    changed = access(1, ClientIPAddress="203.0.113.77")
    taken.put("a", exports.lines([access(1)])).put("b", exports.office_lines([changed])).ingest()
    contents = {r["content"][:32] for r in taken.rows("sightings")}
    assert len(contents) == 2
    (row,) = taken.rows("accesses")
    assert row["ip"] == "198.51.100.7"


def test_a_time_that_nobody_should_guess_rejects_the_row(taken: Taken) -> None:
    rows = [exports._office(access(n)) for n in range(2)]
    del rows[1]["TimeGenerated"]
    taken.put("log", exports.table([{**r, "Start_Time [UTC]": "4/26/2021, 7:17:10.000 AM"} for r in rows])).ingest()
    assert len(taken.rows("accesses")) == 1
    (reject,) = taken.rows("rejects")
    assert reject["row"] == 2 and "TimeGenerated" in reject["reason"]
