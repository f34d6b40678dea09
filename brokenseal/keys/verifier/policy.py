"""What a service expects of a token: the provider's facts as a data file, and what only its owner knows.

`policies/` holds the providers: Entra v1 and v2, Google, any OpenID Connect. A file of one's own names one of them in
`extends` and adds audiences, tenants, clients. A policy that lacks what a rule needs is an error, never a rule left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import msgspec

from brokenseal.errors import PolicyError
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.keyset import TrustedKeys

SHIPPED = Path(__file__).with_name("policies")
_DENIED = Path(__file__).with_name("denied_keys.json")
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ANY = "*"
MOST_LEEWAY = 300
REFRESH_SECONDS = 300


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens whose `claim` has this `value` and that were issued at `at` (ISO 8601) or before are refused."""

    claim: str
    value: str
    at: str


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy's data; docs/keys.md tells each field. Times are seconds."""

    name: str
    about: str = ""
    extends: str | None = None
    keys_from: str | None = None
    kind: Literal["access", "id"]
    algorithms: tuple[str, ...]
    types: tuple[str, ...]
    issuers: tuple[str, ...] = ()
    key_issuer: Literal["required", "if present"]
    cloud: str | None = None
    version: str | None = None
    tenant_claim: str | None = None
    tenant_is_guid: bool = False
    tenant_missing: str | None = None
    tenants: tuple[str, ...] = ()
    consumer_tenants: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    one_audience: bool = False
    actor_claims: tuple[str, ...] = ()
    actor_required: bool = False
    actors: tuple[str, ...] = ()
    grants: bool = False
    app_only: bool = False
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    subject: tuple[str, ...]
    refused_claims: tuple[str, ...] = ()
    trace: tuple[str, ...]
    max_lifetime: int
    leeway: int = 120
    min_rsa_bits: int = 2048
    max_key_days: int | None = None
    denied_keys: tuple[str, ...] = ()
    revoked: tuple[Revocation, ...] = ()


def names() -> list[str]:
    """The policies that ship."""
    return sorted(p.stem for p in SHIPPED.glob("*.json"))


def terms(name: str | Path, **changes: Any) -> Terms:
    """The terms of a shipped policy by its name, or of a file, with fields set anew. Raises PolicyError."""
    found = {**_fields(str(name)), **{k: v for k, v in changes.items() if v is not None}}
    try:
        made = msgspec.convert(found, Terms)
    except msgspec.ValidationError as error:
        raise PolicyError(f"policy {name}: {error}") from None
    _check(made)
    return made


def _fields(name: str, below: tuple[str, ...] = ()) -> dict[str, Any]:
    path = SHIPPED / f"{name}.json" if name in names() else Path(name)
    if str(path) in below:
        raise PolicyError(f"policy {name} extends itself")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(names())
        raise PolicyError(f"policy {name}: {error.strerror}; shipped ones are {known}") from None
    except ValueError:
        raise PolicyError(f"policy {name}: not JSON") from None
    if not isinstance(found, dict):
        raise PolicyError(f"policy {name}: not a JSON object")
    base: dict[str, Any] = {}
    if extends := found.get("extends"):
        # a name that ships, or a file beside this one
        beside = extends if extends in names() else str(path.parent / str(extends))
        base = _fields(beside, (*below, str(path)))
    return {**base, **found, "name": found.get("name", path.stem)}


def _check(made: Terms) -> None:
    """What a rule could not be applied without. Raises PolicyError."""
    lacks = []
    if bad := [a for a in made.algorithms if a not in ASYMMETRIC] or not made.algorithms:
        lacks.append(f"algorithms must be among {', '.join(ASYMMETRIC)}; not {bad}")
    if not made.audiences:
        lacks.append("audiences: which names does the service go by?")
    if not made.issuers:
        lacks.append("issuers: whose tokens does it take?")
    if made.tenant_claim and not made.tenants:
        lacks.append(f"tenants: which organisations ({made.tenant_claim})? '{ANY}' for any but the consumers'")
    if not made.subject or not made.trace or not made.types:
        lacks.append("subject, trace and types must not be empty")
    if not 0 <= made.leeway <= MOST_LEEWAY:
        lacks.append(f"leeway: at most {MOST_LEEWAY} seconds")
    if made.max_lifetime <= 0:
        lacks.append("max_lifetime: more than nothing")
    for revoked in made.revoked:
        try:
            keyset.moment(revoked.at)
        except ValueError:
            lacks.append(f"revoked: {revoked.at!r} is no time of ISO 8601")
    if lacks:
        raise PolicyError(f"policy {made.name}: {'; '.join(lacks)}")


@cache
def denied() -> dict[str, str]:
    """Thumbprints of keys that nobody may trust any more, and why."""
    return {entry["thumbprint"]: entry["why"] for entry in json.loads(_DENIED.read_text(encoding="utf-8"))}


@dataclass
class Policy:
    """Terms, and the keys they are judged by.

    refresh: fetches the key set anew when a token names an unknown key; called at most once in five minutes, whatever
    tokens come, by `verify` itself. It must return a key set or raise an error of its own, which refuses the token.
    """

    terms: Terms
    keys: TrustedKeys
    refresh: Callable[[], TrustedKeys] | None = None
    _refreshed: float | None = field(default=None, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def again(self, now: float) -> bool:
        """Fetch the key set anew, unless that was done a moment ago or is being done; says whether it was."""
        # nobody waits for another's fetch: tokens with made-up key ids would hold up all who have none
        if self.refresh is None or not self._lock.acquire(blocking=False):
            return False
        try:
            if self._refreshed is not None and abs(now - self._refreshed) < REFRESH_SECONDS:
                return False
            self._refreshed = now
            self.keys = self.refresh()
            return True
        finally:
            self._lock.release()


def policy(
    name: str | Path, *, keys: TrustedKeys | bytes | str | dict[str, Any] | Path,
    refresh: Callable[[], TrustedKeys] | None = None, **changes: Any,
) -> Policy:  # fmt: skip
    """A policy ready to judge by: a shipped name or a file, a key set (a path, its text, or an object), and fields set anew.

    Raises PolicyError where the policy or the key set is broken or says too little.
    Example: policy("entra-v2", keys=Path("keys.json"), audiences=["6a0f..."], tenants=["72c1..."])
    """
    if isinstance(keys, Path):
        keys = keyset.read(keys)
    elif not isinstance(keys, TrustedKeys):
        keys = keyset.trusted(keys)
    return Policy(terms(name, **changes), keys, refresh)
