"""What a sign-in means."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sources.conftest import TENANT, Row, Taken, access, signin

One = Callable[..., Row]


def test_an_interactive_sign_in(one: One) -> None:
    row = one(
        signin(
            1,
            authenticationRequirement="multiFactorAuthentication",
            autonomousSystemNumber=64500,
            location={"countryOrRegion": "NL"},
            deviceDetail={"deviceId": "55555555-0000-4000-8000-000000000000", "isManaged": True},
            uniqueTokenIdentifier="xMFjTVvJPE2OChJx_YE-AA",
            riskLevelDuringSignIn="none",
        ),
        "issuances",
    )
    assert row["issuance_id"] == row["token_id"] == "bbbbbbbb-0000-4000-8000-000000000100"
    assert row["record_id"] == "signin-" + row["issuance_id"]
    assert (row["user"], row["stream"], row["interactive"]) == ("ann@agency.example", "interactive", True)
    assert (row["mfa"], row["asn"], row["country"], row["managed"]) == ("multi", 64500, "NL", True)
    assert (row["outcome"], row["error"], row["risk"], row["tenant_id"]) == ("success", None, "none", TENANT)


@pytest.mark.parametrize(
    ("extra", "stream"),
    [
        ({"signInEventTypes": ["nonInteractiveUser"]}, "non-interactive"),
        ({"signInEventTypes": ["interactiveUser"], "isInteractive": False}, "interactive"),
        ({"signInEventTypes": ["servicePrincipal"]}, "service-principal"),
        ({"signInEventTypes": ["managedIdentity"]}, "managed-identity"),
        ({"isInteractive": False}, "non-interactive"),
        ({"userId": "", "servicePrincipalId": "66666666-0000-4000-8000-000000000000"}, "service-principal"),
        ({"isInteractive": None}, "interactive"),
        ({"signInEventTypes": "none"}, "interactive"),
    ],
)
def test_stream(one: One, extra: Row, stream: str) -> None:
    assert one(signin(1, **extra), "issuances")["stream"] == stream


def test_a_service_principal_has_a_name(one: One) -> None:
    row = one(
        signin(1, userPrincipalName=None, userId=None, servicePrincipalId="66666666-0000-4000-8000-000000000000"),
        "issuances",
    )
    assert row["user"] == "serviceprincipal_66666666-0000-4000-8000-000000000000"
    assert row["user_object_id"] == "66666666-0000-4000-8000-000000000000"


def test_a_failure(one: One) -> None:
    row = one(signin(1, status={"errorCode": 50126, "failureReason": "x"}), "issuances")
    assert (row["outcome"], row["error"]) == ("failure", "50126")


@pytest.mark.parametrize("shape", ["lines", "page", "pretty page", "pages", "array"])
def test_every_shape(taken: Taken, shape: str) -> None:
    rows = [signin(n) for n in range(1, 6)]
    body = {
        "lines": "\n".join(map(json.dumps, rows)),
        "page": json.dumps({"@odata.context": "https://x.example", "value": rows, "@odata.nextLink": "https://y"}),
        "pretty page": json.dumps({"value": rows}, indent=2),
        "pages": json.dumps({"value": rows[:2]}) + "\n" + json.dumps({"value": rows[2:]}),
        "array": json.dumps(rows),
    }[shape]
    taken.put("signins", body.encode()).ingest()
    assert len(taken.rows("issuances")) == 5 and taken.summary.rejected == 0


def test_the_unified_logs_echo_is_another_record(taken: Taken) -> None:
    echo = access(1, Operation="UserLoggedIn", Id=signin(1)["id"])
    taken.put("audit", [echo]).put("signins", [signin(1)]).ingest()
    assert len(taken.rows("records")) == 2
    assert {r["issuance_id"] for r in taken.rows("issuances")} == {"bbbbbbbb-0000-4000-8000-000000000100"}


def test_an_organisation_is_given_never_guessed(taken: Taken) -> None:
    bare = signin(1)
    del bare["resourceTenantId"]
    taken.put("signins", [bare, signin(2)]).ingest(tenant="99999999-0000-4000-8000-000000000000")
    assert [r["tenant_id"] for r in taken.rows("issuances")] == ["99999999-0000-4000-8000-000000000000", TENANT]


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ({}, "caller"),
        ({"clientCredentialType": "none"}, "caller"),
        ({"clientCredentialType": "clientSecret"}, "original"),
        ({"clientCredentialType": "clientSecret", "signInEventTypes": ["interactiveUser"]}, "caller"),
        ({"clientCredentialType": "clientSecret", "ipAddress": ""}, "unknown"),
    ],
)
def test_a_confidential_client_shows_the_first_address(one: Callable[..., Row], extra: Row, wanted: str) -> None:
    row = signin(1, **{"signInEventTypes": ["nonInteractiveUser"], "isInteractive": False, **extra})
    assert one(row, "issuances")["ip_is"] == wanted
