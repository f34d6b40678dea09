"""What is logged of a token: never the token.

What: kid, iss, tid, aud, azp, uti, iat and the verdict, with the subject, session and address that link it to its issuance.
Why: those who ran a service in 2023 could not look for the forged tokens, because nobody had written down which key and
issuer a token came with. How: one JSON line a token; values that are no short text are marked, not copied.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

EVENT = "brokenseal.token/1"
LONGEST = 200


def record(header: Mapping[str, Any], claims: Mapping[str, Any], policy: str, now: float) -> dict[str, Any]:
    """The record of a token, without its verdict. Of a text that is no token, give empty mappings."""
    aud = claims.get("aud")
    if isinstance(aud, list) and len(aud) == 1:
        aud = aud[0]
    return {
        "event": EVENT,
        "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "kid": _plain(header.get("kid")),
        "iss": _plain(claims.get("iss")),
        "tid": _plain(claims.get("tid", claims.get("hd"))),
        "aud": [_plain(a) for a in aud[:8]] if isinstance(aud, list) else _plain(aud),
        "azp": _plain(claims.get("azp", claims.get("appid"))),
        "uti": _plain(claims.get("uti", claims.get("jti"))),
        "iat": _number(claims.get("iat")),
        "sub": _plain(claims.get("oid", claims.get("sub"))),
        "sid": _plain(claims.get("sid")),
        "app_only": claims.get("idtyp") == "app" or ("scp" not in claims and "roles" in claims),
        "policy": policy,
    }


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return f"<{type(value).__name__}>"
    return value if len(value) <= LONGEST else value[:LONGEST] + "…"


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1 << 53:
        return None
    return int(value)


def line(found: Mapping[str, Any]) -> str:
    """A record as one line of ASCII JSON: nothing that a token holds can break out of it."""
    return json.dumps(found, ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


class LineLog:
    """A file that records are appended to, each by one write; it may be moved away at any time.

    Raises OSError where the record cannot be written whole: a service that cannot log a token must not take it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, found: Mapping[str, Any]) -> None:
        raw = line(found).encode("ascii")
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.write(handle, raw) != len(raw):
                raise OSError(f"{self.path}: the disk took a part of a record")
        finally:
            os.close(handle)
