"""Policies and key sets: what ships, what extends what, and what is too little to judge by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from brokenseal import keys
from brokenseal.errors import PolicyError
from brokenseal.keys.forge.smith import DEMANDS
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import denied, names, terms
from tests.keys.conftest import NOW, House


def test_what_ships() -> None:
    assert names() == ["entra-v1", "entra-v2", "google", "oidc"]
    assert set(DEMANDS) == set(names())
    assert "d4b4cccda9228624656bff33d8110955779632aa" in denied()


@pytest.mark.parametrize("name", ["entra-v1", "entra-v2", "google", "oidc"])
def test_a_shipped_policy_alone_is_too_little(name: str) -> None:
    with pytest.raises(PolicyError, match="audiences"):
        terms(name)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tenants": []}, "tenants"),
        ({"audiences": []}, "audiences"),
        ({"issuers": []}, "issuers"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithms": ["RS256", "none"]}, "algorithms"),
        ({"leeway": 301}, "leeway"),
        ({"leeway": -1}, "leeway"),
        ({"max_lifetime": 0}, "max_lifetime"),
        ({"trace": []}, "trace"),
        ({"surprise": 1}, "surprise"),
        ({"kind": "any"}, "kind"),
        ({"revoked": [{"claim": "sid", "value": "x", "at": "yesterday"}]}, "yesterday"),
    ],
)
def test_a_policy_that_says_too_little(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        terms("entra-v2", **{"audiences": ["a"], "tenants": ["t"], **changes})


def test_a_file_extends_a_shipped_one_or_a_file_beside_it(tmp_path: Path, house: House) -> None:
    mine = {"extends": "entra-v2", "audiences": house.policy.terms.audiences, "tenants": house.policy.terms.tenants}
    (tmp_path / "mail.json").write_text(json.dumps(mine))
    (tmp_path / "strict.json").write_text(json.dumps({"extends": "mail.json", "scopes": ["Mail.Read"]}))
    made = keys.policy(tmp_path / "strict.json", keys=house.smith.jwks())
    assert (made.terms.name, made.terms.scopes, made.terms.cloud) == ("strict", ("Mail.Read",), "microsoftonline.com")
    keys.verify(house.smith.genuine(), made, now=NOW)


@pytest.mark.parametrize("text", ['{"extends": "me.json"}', "[]", "{", '{"extends": "nobody.json"}', '{"extends": 7}'])
def test_a_broken_policy_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "me.json").write_text(text)
    with pytest.raises(PolicyError):
        terms(tmp_path / "me.json")


def test_a_policy_that_nobody_has() -> None:
    with pytest.raises(PolicyError, match="entra-v1, entra-v2, google, oidc"):
        terms("entra-v3")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        '{"keys": [7]}',
        '{"keys": [{}]}',
        "\x00",
        '{"keys":[],"keys":[]}',
    ],
)
def test_a_key_set_that_is_none(text: str) -> None:
    with pytest.raises(PolicyError):
        keyset.trusted(text)


def test_a_key_that_cannot_be_used_is_named_and_trusted_with_nothing(house: House) -> None:
    told = house.smith.jwks(["home"])
    odd: list[Any] = [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "AQAB", "e": "!"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "OKP", "kid": "okp", "crv": "Ed25519", "x": "AAAA"},
        {**told["keys"][0], "kid": "odd", "x5c": ["AAAA"]},
        {**told["keys"][0], "kid": "odd", "first_seen": "yesterday"},
        "text",
        None,
    ]
    found = keyset.trusted({"keys": [*told["keys"], *odd]})
    assert list(found.keys) == [told["keys"][0]["kid"]]
    assert len(found.skipped) == len(odd)


@pytest.mark.parametrize("name", ["first_seen", "retired"])
def test_a_keys_times_as_seconds_or_as_text(house: House, name: str) -> None:
    told = house.smith.jwks(["home"])
    for value in (NOW, "2026-11-18T11:06:40Z", "2026-11-18T11:06:40", "2026-11-18T12:06:40+01:00"):
        told["keys"][0][name] = value
        ((found,),) = keyset.trusted(told).keys.values()
        assert getattr(found, name) == NOW


def test_a_key_told_twice_is_one(house: House) -> None:
    told = house.smith.jwks(["home"])["keys"][0]
    twice = keyset.trusted({"keys": [{**told, "first_seen": NOW}, {**told, "first_seen": NOW - 9}, told]})
    (found,) = twice.named(told["kid"])
    assert found.first_seen == NOW - 9
    # whose tokens it may sign is told differently: then nothing is
    either = keyset.trusted({"keys": [told, {**told, "issuer": "https://accounts.other.example"}]})
    assert len(either.named(told["kid"])) == 2


def test_a_certificates_limits_without_the_certificate(house: House) -> None:
    told = house.smith.jwks(["home"])["keys"][0]
    del told["x5c"]
    (found,) = keyset.trusted({"keys": [{**told, "not_before": NOW - 9, "not_after": "2026-11-18T11:06:40Z"}]}).named(
        told["kid"]
    )
    assert (found.begins, found.ends, found.certified) == (NOW - 9, NOW, None)


def test_a_published_private_part_is_not_kept(house: House) -> None:
    told = house.smith.jwks(["home"])
    private = house.smith.key("home").key.as_dict(private=True)
    told["keys"][0] |= {n: private[n] for n in ("d", "p", "q", "dp", "dq", "qi")}
    (found,) = keyset.trusted(told).named(told["keys"][0]["kid"])
    assert not found.key.is_private
    assert private["d"] not in repr(found)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(PolicyError, match="No such file"):
        keyset.read(Path("/nowhere/keys.json"))
