"""The fifteen rules: what is let in, what each refuses, and what a refusal says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from brokenseal import keys
from brokenseal.errors import TokenRefused
from brokenseal.keys.forge.corpus import FORGERIES, corpus
from brokenseal.keys.forge.smith import CLIENT, CONSUMERS, HOME, OTHER, PERSON, packed
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import REFRESH_SECONDS, Policy, Revocation
from brokenseal.keys.verifier.rules import RULES
from tests.keys.conftest import NOW, House


def refused(token: Any, policy: Policy, now: float = NOW) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        keys.verify(token, policy, now=now)
    return caught.value


def test_a_genuine_token_is_let_in_by_every_policy(each_house: House) -> None:
    found = keys.verify(each_house.smith.genuine(), each_house.policy)
    assert found.subject == tuple(found.claims[name] for name in each_house.policy.terms.subject)
    assert found.record["verdict"] == "accepted"


def test_every_forgery_is_refused_by_the_rule_it_names(each_house: House) -> None:
    forgeries = corpus(each_house.smith)
    assert len(forgeries) >= 60
    assert forgeries[0].name == "key-scope-2023"
    for forgery in forgeries:
        assert refused(forgery.make(each_house.smith), each_house.policy, each_house.smith.now).code == forgery.code, (
            forgery.name
        )


def test_every_rule_has_a_forgery_and_every_name_is_one() -> None:
    assert {f.code for f in FORGERIES} == {r.code for r in RULES} | {"form", "signature"}
    assert len({f.name for f in FORGERIES}) == len(FORGERIES)
    assert [r.number for r in RULES] == list(range(1, 16))


def test_the_forgery_of_2023_is_right_in_all_but_its_key(house: House) -> None:
    forged = house.token("consumers")
    other_rules = [c for c in keys.examine(forged, house.policy, now=NOW) if c.reason is not None]
    assert [(c.number, c.code) for c in other_rules] == [(3, "key-issuer")]
    error = refused(forged, house.policy)
    assert (error.rule, error.code, error.exit_code) == (3, "key-issuer", 3)
    assert CONSUMERS in error.reason and HOME in error.reason


def test_a_refusal_never_holds_the_token(house: House) -> None:
    for forgery in corpus(house.smith):
        token = forgery.make(house.smith)
        error = refused(token, house.policy)
        told = str(error) + json.dumps(error.record)
        for part in token.split("."):
            assert len(part) < 20 or part not in told, forgery.name


@pytest.mark.parametrize(
    ("now", "code"), [(-300, None), (3299 + 120, None), (3300 + 120, "time"), (-301 - 120, "time")]
)
def test_the_ends_of_a_life(house: House, now: int, code: str | None) -> None:
    token = house.smith.genuine()
    if code is None:
        keys.verify(token, house.policy, now=NOW + now)
    else:
        assert refused(token, house.policy, NOW + now).code == code


@pytest.mark.parametrize(
    ("terms", "claims", "code"),
    [
        ({"tenants": ("*",)}, {}, None),
        ({"tenants": (OTHER,)}, {}, "tenant"),
        ({"actors": (CLIENT,)}, {}, None),
        ({"actors": (OTHER,)}, {}, "actor"),
        ({"scopes": ("Mail.Read",)}, {"scp": "User.Read Mail.Read"}, None),
        ({"scopes": ("Mail.Read",)}, {"scp": "Mail.ReadWrite"}, "actor"),
        ({"app_only": True}, {"scp": None, "roles": ["Mail.Read.All"], "idtyp": "app"}, None),
        ({"app_only": True}, {"scp": None, "roles": []}, "actor"),
        ({"app_only": True}, {"scp": None, "roles": "Mail.Read.All"}, "actor"),
        ({"app_only": True, "roles": ("Mail.Read.All",)}, {"scp": None, "roles": ["Mail.Send"]}, "actor"),
        ({"denied_keys": ("home",)}, {}, None),
        ({"max_key_days": 10_000}, {}, None),
        ({"max_key_days": 300}, {}, "key-state"),
        ({"version": None}, {"ver": None}, None),
        ({"revoked": (Revocation("oid", PERSON, "2026-11-18T12:26:40Z"),)}, {}, "revoked"),
        ({"revoked": (Revocation("oid", PERSON, "2025-01-01T00:00:00Z"),)}, {}, None),
        ({"leeway": 0}, {"iat": NOW + 1}, "time"),
        ({"leeway": 0}, {"iat": NOW}, None),
    ],
)
def test_what_an_owner_may_set(house: House, terms: dict[str, Any], claims: dict[str, Any], code: str | None) -> None:
    token, policy = house.token(**claims), house.having(**terms)
    if code is None:
        keys.verify(token, policy, now=NOW)
    else:
        assert refused(token, policy).code == code


def test_a_denied_key_by_every_name_it_goes_by(house: House) -> None:
    home = house.smith.key("home")
    token = house.smith.genuine()
    for name in house.keys.named(home.kid)[0].thumbprints:
        assert refused(token, house.having(denied_keys=(name.upper(),))).code == "key-state"


def test_two_keys_of_one_id_are_none(house: House) -> None:
    told = house.smith.jwks(["home", "consumers"])
    told["keys"][1]["kid"] = told["keys"][0]["kid"]
    assert refused(house.smith.genuine(), Policy(house.policy.terms, keyset.trusted(told))).code == "key-id"


def test_an_unknown_key_id_fetches_once_in_five_minutes(house: House) -> None:
    fetched = []

    def fetch() -> keyset.TrustedKeys:
        fetched.append(1)
        return keyset.trusted(house.smith.jwks(["consumers"]))

    policy = Policy(house.policy.terms, keyset.trusted(house.smith.jwks(["other"])), fetch)
    for number in range(5):
        assert refused(house.smith.genuine(), policy, NOW + number).code == "key-id"
    assert len(fetched) == 1
    # the key set that came is the one in use from then on
    assert refused(house.token("consumers"), policy, NOW + 6).code == "key-issuer"
    assert refused(house.smith.genuine(), policy, NOW + REFRESH_SECONDS + 1).code == "key-id"
    assert len(fetched) == 2


def test_nobody_waits_for_anothers_fetch(house: House) -> None:
    codes = []

    def fetch() -> keyset.TrustedKeys:
        # while this fetch goes on, a second token with an unknown key comes
        codes.append(refused(house.smith.genuine(), policy, NOW + 10_000).code)
        return house.keys

    policy = Policy(house.policy.terms, keyset.trusted(house.smith.jwks(["other"])), fetch)
    keys.verify(house.smith.genuine(), policy, now=NOW)
    assert codes == ["key-id"]


def test_a_fetch_that_fails_refuses_and_keeps_the_keys(house: House) -> None:
    def fetch() -> keyset.TrustedKeys:
        raise OSError("no way there")

    policy = Policy(house.policy.terms, keyset.trusted(house.smith.jwks(["other"])), fetch)
    assert refused(house.smith.genuine(), policy).code == "key-id"
    assert refused(house.token("other"), policy).code == "key-issuer"


@pytest.mark.parametrize("token", [None, 7, [], {}, "", b"", "é", "a.b", "....", " " * 100, bytearray(b"a.b.c")])
def test_what_is_no_token(house: House, token: Any) -> None:
    error = refused(token, house.policy)
    assert (error.code, error.rule) == ("form", 0)
    assert {c.tried for c in keys.examine(token, house.policy, now=NOW) if c.number} == {False}


def test_a_line_of_the_log_is_one_line(house: House) -> None:
    from brokenseal.keys.verifier.record import line

    error = refused(house.token(uti="a\nb\u2028c" * 90, azp=["x"], aud=[OTHER] * 20), house.policy)
    text = line(error.record)
    assert text.count("\n") == 1 and text.isascii()
    told = json.loads(text)
    assert (len(told["uti"]), told["azp"], len(told["aud"])) == (201, "<list>", 8)


def test_texts_of_a_token_are_made_safe_to_read(house: House) -> None:
    # a bidirectional override, a control character
    error = refused(house.token(iss="\u202egro\x1b[31m"), house.policy)
    assert "\u202e" not in str(error) and "\x1b" not in str(error)


def test_certificates_of_the_wrong_time(house: House) -> None:
    token = house.smith.genuine()
    ends = house.keys.named(house.smith.key("home").kid)[0].ends
    assert ends is not None
    late = house.token(iat=ends - 60, nbf=ends - 60, exp=ends + 3000)
    keys.verify(late, house.policy, now=ends)
    assert refused(late, house.policy, ends + 1).code == "key-state"
    assert refused(token, house.policy, ends + 1).code == "key-state"


def test_a_number_too_big_to_subtract(house: House) -> None:
    # an integer of 400 digits and a fraction: their difference is no number
    assert refused(house.token(exp=10**400, iat=NOW - 0.5), house.policy).code == "time"


def test_an_elliptic_key_serves_as_well() -> None:
    from brokenseal.keys.forge.smith import Smith, demanded

    smith = Smith(demanded("oidc", algorithms=("ES256",)), NOW)
    policy = Policy(smith.terms, keyset.trusted(smith.jwks()))
    keys.verify(smith.genuine(), policy, now=NOW)
    for forgery in corpus(smith):
        assert refused(forgery.make(smith), policy).code == forgery.code, forgery.name


def test_a_header_of_a_key_that_another_algorithm_owns(house: House) -> None:
    told = house.smith.jwks(["home"])
    told["keys"][0]["alg"] = "PS256"
    policy = Policy(house.policy.terms, keyset.trusted(told))
    assert refused(house.smith.genuine(), policy).code == "key-id"


def test_a_header_is_no_second_payload(house: House) -> None:
    head = packed(house.smith.header(house.smith.key("home"), iss="https://attacker.example", exp=0))
    keys.verify(house.smith.sign(house.smith.claims(), house.smith.key("home"), head), house.policy, now=NOW)


def test_the_public_names_are_there_and_lazy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, brokenseal.keys as k; assert not {'joserfc', 'cryptography', 'httpx'} & set(sys.modules); k.verify"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert sorted(keys.__all__) == keys.__all__
    with pytest.raises(AttributeError):
        _ = keys.nothing


def test_padding_is_refused_in_each_part(house: House) -> None:
    parts = house.smith.genuine().split(".")
    for at in range(3):
        changed = list(parts)
        changed[at] = base64.urlsafe_b64encode(base64.urlsafe_b64decode(parts[at] + "==")).decode()
        if changed != parts:
            assert refused(".".join(changed), house.policy).code == "form"
