"""The rules in their order: what a token needs to be let in.

What: `verify` stops at the first refusal, `examine` tries every rule. Why this order: what costs nothing and trusts nothing
comes first, then the signature, then what the token says. How: joserfc checks the signature, with one key, one list of
algorithms, and the header it was given; all else is `rules`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from brokenseal.errors import BrokensealError, TokenRefused
from brokenseal.keys.verifier import form
from brokenseal.keys.verifier.form import Parts
from brokenseal.keys.verifier.keyset import TrustedKey
from brokenseal.keys.verifier.policy import Policy
from brokenseal.keys.verifier.record import record
from brokenseal.keys.verifier.rules import RULES, Rule, Seen

FORM, SIGNATURE = "form", "signature"
BEFORE = (1, 2, 12)
AFTER = (6, 7, 3, 4, 5, 8, 9, 13, 10, 11, 14, 15)
"""Rules before and after the signature. Version and cloud come before the key's issuer, which they would trip as well."""
_BY_NUMBER = {rule.number: rule for rule in RULES}


class _Registry(jws.JWSRegistry):
    """Bounds of ours: headers of older tokens name their certificate as well."""

    max_header_length = 4096
    max_payload_length = form.LONGEST
    max_signature_length = 2048


@dataclass(frozen=True)
class Verified:
    """A token that was let in. `subject` is the values of the policy's subject claims, in order: the identity to use."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    subject: tuple[str, ...]
    record: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """One rule tried: `reason` says why it refuses, None where it does not; `tried` is false where it could not be tried."""

    number: int
    code: str
    asks: str
    tried: bool
    reason: str | None


def verify(token: str | bytes, policy: Policy, *, now: float | None = None) -> Verified:
    """The token, if all rules let it in.

    now: seconds since 1970, by default this machine's clock. Raises TokenRefused, and nothing else, whatever `token` is.
    """
    now = time.time() if now is None else now
    parts, why = _parts(token)
    found = record(parts.header, parts.claims, policy.terms.name, now)
    if why is not None:
        raise _refused(FORM, 0, why, found)
    seen = _seen(parts, policy, now)
    for number in BEFORE:
        _apply(_BY_NUMBER[number], seen, found)
    if (why := signature(parts, seen)) is not None:
        raise _refused(SIGNATURE, 0, why, found)
    for number in AFTER:
        _apply(_BY_NUMBER[number], seen, found)
    found["verdict"], found["rule"] = "accepted", None
    return Verified(parts.header, parts.claims, tuple(parts.claims[n] for n in policy.terms.subject), found)


def examine(token: str | bytes, policy: Policy, *, now: float | None = None) -> list[Checked]:
    """Every rule's word on a token, in the order of their numbers. Once one refuses, what follows it is only a hint."""
    now = time.time() if now is None else now
    parts, why = _parts(token)
    out = [Checked(0, FORM, "a signed token in its one spelling", True, why)]
    if why is not None:
        out.append(Checked(0, SIGNATURE, "signed by that key", False, None))
        return out + [Checked(r.number, r.code, r.asks, False, None) for r in RULES]
    seen = _seen(parts, policy, now)
    usable = all(_BY_NUMBER[n].refuses(seen) is None for n in (1, 2))
    out.append(Checked(0, SIGNATURE, "signed by that key", usable, signature(parts, seen) if usable else None))
    for rule in RULES:
        tried = seen.key is not None or rule.number not in (3, 7, 12)
        out.append(Checked(rule.number, rule.code, rule.asks, tried, rule.refuses(seen) if tried else None))
    return out


def _parts(token: str | bytes) -> tuple[Parts, str | None]:
    try:
        return form.take_apart(token), None
    except form.FormError as error:
        return Parts({}, {}, b""), str(error)


def _seen(parts: Parts, policy: Policy, now: float) -> Seen:
    kid = parts.header.get("kid")
    named: tuple[TrustedKey, ...] = ()
    if isinstance(kid, str) and kid:
        named = policy.keys.named(kid)
        # a key of another algorithm's token would be asked for in vain
        if not named and parts.header.get("alg") in policy.terms.algorithms and _again(policy, now):
            named = policy.keys.named(kid)
    only = named[0] if len(named) == 1 else None
    return Seen(policy.terms, parts.header, parts.claims, only, len(named), int(now))


def _again(policy: Policy, now: float) -> bool:
    try:
        return policy.again(now)
    except (BrokensealError, OSError, ValueError):
        # the key set stays as it was, and the key unknown
        return False


def signature(parts: Parts, seen: Seen) -> str | None:
    """Why the signature does not hold, or None."""
    if seen.key is None:
        return "no key"
    registry = _Registry(algorithms=list(seen.terms.algorithms), strict_check_header=False)
    try:
        jws.deserialize_compact(parts.text, seen.key.key, registry=registry)
    except JoseError as error:
        return f"the signature does not hold ({error.error})"
    except (ValueError, TypeError, ArithmeticError):
        return "the signature cannot be checked"
    return None


def _apply(rule: Rule, seen: Seen, found: dict[str, Any]) -> None:
    if (why := rule.refuses(seen)) is not None:
        raise _refused(rule.code, rule.number, why, found)


def _refused(code: str, number: int, why: str, found: dict[str, Any]) -> TokenRefused:
    found["verdict"], found["rule"] = "refused", code
    return TokenRefused(code, number, why, found)
