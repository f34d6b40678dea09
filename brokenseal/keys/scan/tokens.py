"""Tokens: signed JSON Web Tokens, and what looks like an Entra refresh token.

A token's header and claims are no secret; its signature is what makes it one, and is never told.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from brokenseal.keys import public
from brokenseal.keys.scan.found import Secret, identity
from brokenseal.keys.scan.text import View

_BACKWARDS = re.compile(rb"[A-Za-z0-9_\-]{8,8192}")
_AFTER = re.compile(rb"\.(eyJ[A-Za-z0-9_\-]{4,65536})\.([A-Za-z0-9_\-]{22,2048})")
_SAID = ("iss", "tid", "aud", "azp", "appid", "idtyp", "ver")
_REFRESH_HEAD = re.compile(rb"[01]\.A[A-Za-z0-9_\-]{40,200}\Z")
_REFRESH_TAIL = re.compile(rb"\.A[gQ]ABA[A-Za-z0-9_\-]{100,4096}")
SHORTEST_KIND = 24
"""Different characters that the random part of a refresh token has at the least."""


def jwt(seen: View) -> Secret | None:
    """A signed token whose claims begin at the anchor."""
    after = _AFTER.match(seen.raw, seen.at)
    # read from its end: a search for it from the front would try every beginning
    before = _BACKWARDS.match(seen.raw[max(0, seen.at - 8192) : seen.at][::-1])
    if not after or not before:
        return None
    header, begin = _header(before.group()[::-1], seen.at)
    claims = _object(after.group(1))
    if header is None or claims is None or str(header["alg"]).lower() == "none":
        return None
    detail = {"alg": str(header["alg"])[:40]}
    if "kid" in header:
        detail["kid"] = str(header["kid"])[:200]
    detail |= {name: str(claims[name])[:200] for name in _SAID if name in claims}
    if isinstance(claims.get("exp"), (int, float)):
        detail["expires"] = _moment(claims["exp"])
    whole = seen.raw[begin : after.end()]
    return Secret("JSON Web Token", "JWS", None, None, identity(whole), begin, after.end(), detail=detail)


def _header(run: bytes, at: int) -> tuple[dict[str, Any] | None, int]:
    """The header that ends at `at`, and where it begins; text may stand before it without a gap."""
    place = run.find(b"eyJ")
    for _ in range(4):
        if place < 0:
            break
        found = _object(run[place:])
        if found is not None and "alg" in found:
            return found, at - len(run) + place
        place = run.find(b"eyJ", place + 1)
    return None, 0


def _object(part: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(public.unbase64url(part.decode()))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "never"


def refresh(seen: View) -> Secret | None:
    """What has the outer shape of an Entra refresh token; only the provider could say more, so it is never critical."""
    tail = _REFRESH_TAIL.match(seen.raw, seen.at)
    head = _REFRESH_HEAD.search(seen.raw[max(0, seen.at - 256) : seen.at])
    if not tail or not head or len(set(tail.group())) < SHORTEST_KIND:
        return None
    begin = seen.at - len(head.group())
    parsed = Secret("refresh token", "looks like Entra's", None, None, identity(head.group() + tail.group()), 0, 0)
    return replace(parsed, begin=begin, end=tail.end())
