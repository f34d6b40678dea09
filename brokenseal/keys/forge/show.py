"""The forgery of 2023 before a stock library and before the fifteen rules: the demo's second act.

What: a consumers' key signs a token that is right in everything else. Why: signature, issuer, audience and expiry, which is all
that a library is told to check, say nothing of what a key may sign. How: joserfc as its own guide shows it, and `verify`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from brokenseal.errors import TokenRefused
from brokenseal.keys.forge.smith import Smith, demanded
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import Policy
from brokenseal.keys.verifier.verify import verify

KEYS = ("home", "consumers")


@dataclass(frozen=True)
class Shown:
    """One validator's word on the genuine and on the forged token; `why` where it refused the forged one."""

    validator: str
    genuine: bool
    forged: bool
    why: str | None


def show() -> tuple[Shown, Shown]:
    """A stock library's word, and brokenseal's."""
    smith = Smith(demanded("entra-v2"), int(time.time()))
    genuine, forged = smith.genuine(), smith.sign(smith.claims(), smith.key("consumers"))
    return _stock(smith, genuine, forged), _own(smith, genuine, forged)


def _stock(smith: Smith, genuine: str, forged: str) -> Shown:
    keys = KeySet.import_key_set(smith.jwks(KEYS))  # type: ignore[arg-type]
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": smith.issuer()},
        aud={"essential": True, "value": smith.terms.audiences[0]},
        exp={"essential": True},
    )

    def refusal(token: str) -> str | None:
        try:
            claims.validate(jwt.decode(token, keys, algorithms=[smith.algorithm]).claims)
        except JoseError as error:
            return str(error)
        return None

    why = refusal(forged)
    return Shown(f"joserfc {version('joserfc')}, as its guide shows", refusal(genuine) is None, why is None, why)


def _own(smith: Smith, genuine: str, forged: str) -> Shown:
    policy = Policy(smith.terms, keyset.trusted(smith.jwks(KEYS)))

    def refusal(token: str) -> str | None:
        try:
            verify(token, policy)
        except TokenRefused as error:
            return f"rule {error.rule}, {error.code}: {error.reason}"
        return None

    why = refusal(forged)
    return Shown("brokenseal keys verify", refusal(genuine) is None, why is None, why)
