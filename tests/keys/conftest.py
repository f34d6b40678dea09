"""An issuer with throw-away keys, and a policy that trusts it."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from brokenseal.keys.forge.smith import Smith, demanded
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import Policy, names

NOW = 1_795_000_000


class House:
    """A smith, and the policy of a service that trusts its keys."""

    def __init__(self, name: str, now: int = NOW) -> None:
        self.smith = Smith(demanded(name), now)
        self.keys = keyset.trusted(self.smith.jwks())
        self.policy = Policy(self.smith.terms, self.keys)

    def having(self, **changes: Any) -> Policy:
        """The policy with other terms."""
        return Policy(msgspec.structs.replace(self.smith.terms, **changes), self.keys)

    def token(self, key: str = "home", **changes: Any) -> str:
        """A token with these claims changed, signed by a key of the set."""
        return self.smith.sign(self.smith.claims(**changes), self.smith.key(key))


@pytest.fixture(scope="session", params=names())
def each_house(request: pytest.FixtureRequest) -> House:
    """A house for each policy that ships."""
    return House(request.param, int(time.time()))


@pytest.fixture(scope="session")
def house() -> House:
    """A service of Entra, version 2, at a fixed time."""
    return House("entra-v2")
