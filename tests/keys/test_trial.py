"""Validators on trial: a careless one, a perfect one, one that refuses all, one that dies."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from brokenseal import keys
from brokenseal.errors import TokenRefused, UsageError
from brokenseal.keys.forge import trial
from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.forge.target import Answer
from tests.keys.conftest import NOW, House


class Asked:
    """A validator as a function, and how often it was asked."""

    name = "function"

    def __init__(self, lets_in: Any) -> None:
        self.lets_in, self.times = lets_in, 0

    def ask(self, token: str) -> Answer:
        self.times += 1
        return Answer("let in", "") if self.lets_in(token) else Answer("refused", "")


def strict(house: House) -> Any:
    def lets_in(token: str) -> bool:
        try:
            keys.verify(token, house.policy, now=NOW)
        except TokenRefused:
            return False
        return True

    return lets_in


def stock(house: House) -> Any:
    """joserfc as its documentation shows, at the house's time."""
    known = KeySet.import_key_set(house.smith.jwks())  # type: ignore[arg-type]
    claims = jwt.JWTClaimsRegistry(
        now=NOW, iss={"essential": True, "value": house.smith.issuer()},
        aud={"essential": True, "value": house.smith.terms.audiences[0]},
    )  # fmt: skip

    def lets_in(token: str) -> bool:
        try:
            claims.validate(jwt.decode(token, known, algorithms=["RS256"]).claims)
        except (JoseError, ValueError, AttributeError, RecursionError):
            return False
        return True

    return lets_in


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_stock_library_lets_the_forgery_of_2023_in(house: House) -> None:
    done = trial.run(Asked(stock(house)), house.smith)
    let_in = [r for r in done.results if r.answer.verdict == "let in"]
    assert (let_in[0].forgery.name, let_in[0].rule, let_in[0].forgery.code) == ("key-scope-2023", 3, "key-issuer")
    assert (done.exit_code, done.shows) == (3, True)
    told = trial.told(done, "function", "entra-v2")
    assert told["counts"]["let in"] == len(let_in) and len(told["forgeries"]) == len(corpus(house.smith))
    assert "eyJ" not in json.dumps(told)


def test_the_verifier_itself_lets_none_in(house: House) -> None:
    done = trial.run(Asked(strict(house)), house.smith)
    assert (done.exit_code, done.count("let in"), done.count("refused")) == (0, 0, len(corpus(house.smith)))


def test_one_that_refuses_all_shows_nothing(house: House) -> None:
    asked = Asked(lambda token: False)
    done = trial.run(asked, house.smith)
    assert (done.exit_code, done.shows, done.results, asked.times) == (2, False, (), 1)


def test_one_that_dies_half_way_shows_nothing(house: House) -> None:
    asked = Asked(lambda token: asked.times < 50)
    done = trial.run(asked, house.smith)
    assert (done.exit_code, done.shows) == (2, False)


def test_one_that_starts_late_is_waited_for(house: House) -> None:
    good = strict(house)
    asked = Asked(lambda token: asked.times > 2 and good(token))
    assert trial.run(asked, house.smith, wait=20).exit_code == 0


def test_one_that_looks_where_a_token_says(house: House) -> None:
    """It follows jku, and so takes the attacker's word for the attacker's key."""

    def follows(token: str) -> bool:
        try:
            head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
            with httpx.Client(trust_env=False) as client:
                known = client.get(head["jku"]).json() if head.get("jku") else house.smith.jwks(["home"])
            jwt.decode(token, KeySet.import_key_set(known), algorithms=["RS256"])
        except (JoseError, ValueError, AttributeError, TypeError, KeyError, RecursionError):
            return False
        return True

    with trial.served(house.smith, 0):
        done = trial.run(Asked(follows), house.smith)
    assert done.fetched == ("/keys",)
    fate = {r.forgery.name: r.answer.verdict for r in done.results}
    assert (fate["header-jku"], fate["header-jwk"], fate["header-x5u"]) == ("let in", "refused", "refused")
    assert trial.told(done, "function", "entra-v2")["fetched"] == ["/keys"]
    house.smith.fetched.clear()


def test_no_private_key_is_written_or_served(house: House, tmp_path: Path) -> None:
    trial.write(house.smith, tmp_path)
    with trial.served(house.smith, 0) as url, httpx.Client(trust_env=False) as client:
        metadata = client.get(f"{url}/.well-known/openid-configuration").json()
        assert metadata["jwks_uri"] == f"{url}/keys"
        served = client.get(metadata["jwks_uri"])
        assert client.get(f"{url}/nothing").status_code == 404
        assert "BEGIN PUBLIC KEY" in client.get(f"{url}/attacker/key").text
        x509.load_pem_x509_certificate(client.get(f"{url}/attacker/certificate").content)
        assert house.smith.fetched == {"/key", "/certificate"}
        with pytest.raises(UsageError, match="in use"), trial.served(house.smith, int(url.rsplit(":", 1)[1])):
            pass
    house.smith.fetched.clear()
    assert served.json() == json.loads((tmp_path / "keys.json").read_text()) == house.smith.jwks()
    for key in served.json()["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
    secret = house.smith.key("home").key.as_dict(private=True)["d"]
    assert not [p for p in tmp_path.rglob("*") if secret in p.read_text()]


def test_what_is_written_is_what_the_verifier_reads(house: House, tmp_path: Path) -> None:
    paths = trial.write(house.smith, tmp_path)
    policy = keys.policy(paths["policy"], keys=Path(paths["keys"]))
    assert policy.terms == house.smith.terms
    keys.verify(house.smith.genuine(), policy, now=NOW)
