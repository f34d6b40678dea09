"""What a judged token means: an access of its subject's, linked to the sign-in that gave the token out."""

from __future__ import annotations

import json
from collections.abc import Callable

from brokenseal import pipeline
from brokenseal.keys.forge.smith import AUDIENCE, CLIENT, HOME, OTHER, PERSON, Smith, demanded
from brokenseal.keys.verifier.record import record
from brokenseal.lake import Lake
from brokenseal.sources import token_log
from tests.sources.conftest import Row, Taken, signin

One = Callable[..., Row]
NOW = 1_746_093_600
"""2025-05-01T10:00:00Z"""
DAYS = [("04", day) for day in range(24, 31)] + [("05", day) for day in range(1, 10)]


def judged(number: int, verdict: str = "accepted", now: int = NOW, claims: Row | None = None, **extra: object) -> Row:
    """A line as the gate writes it."""
    smith = Smith(demanded("entra-v2"), NOW)
    found = record({"kid": "key-1"}, {**smith.claims(), **(claims or {})}, "entra-v2", now)
    return {
        **found, "verdict": verdict, "rule": None if verdict == "accepted" else "key-issuer",
        "id": f"CCCCCCCC-0000-4000-8000-{number:012}", "service": "Archive.agency.example", "ip": "198.51.100.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64) Reader/2", **extra,
    }  # fmt: skip


def test_a_token_let_in_is_an_access(one: One) -> None:
    row = one(judged(1, claims={"uti": "3kVZRE8tFkinHtPA7_EFAA", "sid": OTHER.upper(), "iat": NOW - 300}))
    assert row["record_id"] == "token-cccccccc-0000-4000-8000-000000000001"
    assert (row["tenant_id"], row["mailbox"]) == (HOME, f"archive.agency.example/{PERSON}")
    assert (row["actor"], row["logon_type"], row["access"]) == (PERSON, "owner", "open")
    assert (row["app_id"], row["client_app_id"], row["session_id"]) == (AUDIENCE, CLIENT, OTHER)
    assert row["token_id"] == "445945de-2d4f-4816-a71e-d3c0eff10500"
    assert (row["token_id_odd"], row["token_tenant_id"], row["token_object_id"]) == (False, HOME, PERSON)
    assert (row["time"].isoformat(), row["token_issued_at"].isoformat()) == (
        "2025-05-01T10:00:00",
        "2025-05-01T09:55:00",
    )
    assert (row["client"], row["user_agent"]) == ("other", "Mozilla/5.0 (X11; Linux x86_64) Reader/2")
    assert (row["ip"], row["ip_is"]) == ("198.51.100.7", "caller")


def test_an_application_by_itself(one: One) -> None:
    row = one(judged(1, claims={"scp": None, "roles": ["Mail.Read.All"], "idtyp": "app"}))
    assert (row["actor"], row["logon_type"]) == (f"serviceprincipal_{PERSON}", "application")


def test_a_refused_token_opened_nothing(taken: Taken) -> None:
    rows = [judged(1, "refused"), judged(2), judged(2), judged(3, "perhaps"), {"event": token_log.EVENT}]
    taken.put("log.jsonl", rows).ingest()
    assert sorted((r["operation"] for r in taken.rows("records")), reverse=True) == ["token.refused", "token.accepted"]
    assert len(taken.rows("accesses")) == 1
    (told,) = taken.rows("inputs")
    assert (told["format"], told["records"], told["duplicates"], told["rejected"]) == ("token-log", 2, 1, 2)


def test_values_that_are_none(one: One) -> None:
    row = one(
        judged(1, claims={"uti": None, "sid": None, "iat": 1e300, "azp": ["x"]}, ip=None, agent=None, service=None)
    )
    assert row["mailbox"] == f"{AUDIENCE}/{PERSON}"
    for name in ("token_id", "token_id_odd", "session_id", "token_issued_at", "ip", "user_agent"):
        assert row[name] is None, name


def test_what_an_attacker_writes_stays_in_its_field(taken: Taken) -> None:
    nasty = 'x"}\n{"event": "brokenseal.token/1"} \' union select \u202e'
    taken.put("log.jsonl", [judged(1, claims={"uti": nasty, "oid": nasty}, agent=nasty)]).ingest()
    (row,) = taken.rows("accesses")
    assert json.loads(taken.rows("records")[0]["raw"])["uti"] == nasty
    assert row["token_id"].strip() == nasty.strip()


def test_it_links_to_the_sign_in_that_gave_the_token_out(taken: Taken) -> None:
    """As accesses of mail do: one token that was issued, one that nobody issued."""
    issued = {"uti": "3kVZRE8tFkinHtPA7_EFAA"}
    taken.put("tokens.jsonl", [judged(1, claims=issued), judged(2, claims={"uti": "xMFjTVvJPE2OChJx_YE-AA"})])
    # sign-ins of both kinds every day, so that one that is missing would have shown
    days = [
        (f"2025-{month}-{day:02}", kind) for month, day in DAYS for kind in ("interactiveUser", "nonInteractiveUser")
    ]
    stream = [
        signin(n, resourceTenantId=HOME, createdDateTime=f"{day}T09:00:00Z", signInEventTypes=[kind])
        for n, (day, kind) in enumerate(days, start=10)
    ]
    stream.append(signin(1, id="445945de-2d4f-4816-a71e-d3c0eff10500", resourceTenantId=HOME))
    taken.put("signins.json", stream).ingest()
    with Lake.open(taken.lake, write=True, memory="1GB", threads=2) as lake:
        lake.start_run("test")
        for step in pipeline.CONTEXT:
            step(lake)
        found = {v["token_id"]: (v["link"], v["issuance_id"]) for v in lake.fetch(lake.read("visits")).to_pylist()}
    assert found == {
        "445945de-2d4f-4816-a71e-d3c0eff10500": ("token", "445945de-2d4f-4816-a71e-d3c0eff10500"),
        "4d63c1c4-c95b-4d3c-8e0a-1271fd813e00": ("orphan", None),
    }
