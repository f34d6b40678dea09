"""What must hold of any text put before the verifier, told a second time and more simply than the rules tell it."""

from __future__ import annotations

import base64
import json
from typing import Any

from brokenseal import keys
from brokenseal.errors import TokenRefused
from brokenseal.keys.forge.smith import Smith, demanded
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import Policy

NOW = 1_795_000_000


class Oracle:
    """A verifier, an issuer whose keys it trusts, and what may be let in."""

    def __init__(self, name: str = "entra-v2", **changes: Any) -> None:
        # elliptic keys sign thirty times as fast, and the verifier does not care
        self.smith = Smith(demanded(name, algorithms=("ES256",), **changes), NOW)
        self.policy = Policy(self.smith.terms, keyset.trusted(self.smith.jwks()))
        self.genuine = self.smith.genuine()

    def judge(self, token: Any) -> bool:
        """Whether it is let in. Any error but TokenRefused is a failure, and so is a refusal without a reason."""
        try:
            found = keys.verify(token, self.policy, now=NOW)
        except TokenRefused as error:
            assert error.reason and 0 <= error.rule <= 15
            assert error.record["verdict"] == "refused"
            accepted = False
        else:
            assert found.record["verdict"] == "accepted"
            accepted = True
        checks = keys.examine(token, self.policy, now=NOW)
        assert accepted == all(c.tried and c.reason is None for c in checks)
        return accepted

    def unsigned(self, token: Any) -> None:
        """A text that no trusted key signed: never let in."""
        assert not self.judge(token) or token in (self.genuine, self.genuine.encode())

    def signed(self, header: bytes, payload: bytes, key: str = "home") -> bool:
        """A header and payload signed by a trusted key: let in only where the simple telling of the rules agrees."""
        accepted = self.judge(self.smith.sign(payload, self.smith.key(key), header))
        if accepted:
            assert key == "home"
            self.allowed(json.loads(header), json.loads(payload))
        return accepted

    def allowed(self, header: dict[str, Any], claims: dict[str, Any]) -> None:
        """The rules, told simply, of a token that was let in."""
        home, terms = self.smith.key("home"), self.smith.terms
        assert (header["alg"], header["kid"]) == ("ES256", home.kid)
        assert not {"jku", "jwk", "x5u", "x5c", "crit", "b64", "cty"} & set(header)
        assert str(header.get("typ", "")).lower().removeprefix("application/") in terms.types
        assert claims["iss"] == self.smith.issuer() and claims["tid"] == self.smith.tenant
        assert claims["aud"] == terms.audiences[0] and claims["ver"] == "2.0"
        assert claims["iat"] - 120 <= NOW < claims["exp"] + 120
        assert claims["exp"] - claims["iat"] <= terms.max_lifetime
        assert claims["scp"] and claims["azp"] and claims["uti"] and claims["oid"]
        assert not {"nonce", "at_hash", "c_hash", "events"} & set(claims)


def packed(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A token of anything that JSON can hold."""
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)
