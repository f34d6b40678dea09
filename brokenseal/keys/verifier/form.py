"""A token taken apart, strictly, before anything believes it.

What: compact JWS, three parts of canonical base64url, header and payload JSON objects. Why: where two readers of one text
differ, one of them can be fooled: a claim given twice, a padded part, a NaN that never expires. How: the standard
library's decoder with its leniencies closed. Misses: nothing that a JSON reader could see twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass
from typing import Any

LONGEST = 64 << 10
"""Bytes of a token: sixteen times what any provider issues."""
DEEPEST = 16
_PART = re.compile(rb"[A-Za-z0-9_-]*")


class FormError(ValueError):
    """The text is no token; says why, and never shows the text."""


@dataclass(frozen=True)
class Parts:
    """A token's header and claims, as they are written and not yet believed, and the text itself."""

    header: dict[str, Any]
    claims: dict[str, Any]
    text: bytes


def take_apart(token: str | bytes) -> Parts:
    """The parts of a token. Raises FormError."""
    if isinstance(token, str):
        if not token.isascii():
            raise FormError("a letter outside ASCII")
        token = token.encode("ascii")
    if not isinstance(token, bytes):
        raise FormError(f"a token is text, this is {type(token).__name__}")
    if not token:
        raise FormError("empty")
    if len(token) > LONGEST:
        raise FormError(f"{len(token)} bytes; at most {LONGEST} are read")
    parts = token.split(b".")
    if len(parts) == 5:
        raise FormError("five parts: an encrypted token, which nobody but its addressee can judge")
    if len(parts) != 3:
        raise FormError(f"{len(parts)} parts where a signed token has three")
    # an empty signature is a matter of the algorithm, and named there
    if not parts[0] or not parts[1]:
        raise FormError("an empty part")
    header = json_object(decode(parts[0], "header"), "header")
    claims = json_object(decode(parts[1], "payload"), "payload")
    decode(parts[2], "signature")
    return Parts(header, claims, token)


def decode(part: bytes, name: str) -> bytes:
    """The bytes of canonical base64url: no padding, no line break, no second spelling of the same bytes."""
    if not _PART.fullmatch(part):
        raise FormError(f"the {name} holds a letter that is not base64url")
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise FormError(f"the {name} is not base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise FormError(f"the {name} has a second spelling in base64url")
    return raw


def json_object(raw: bytes, name: str) -> dict[str, Any]:
    """A JSON object, read strictly; `name` is what an error calls it. Raises FormError."""
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant, parse_float=_float)
    except FormError as error:
        raise FormError(f"the {name} has {error}") from None
    except UnicodeDecodeError:
        raise FormError(f"the {name} is not UTF-8") from None
    except (ValueError, RecursionError):
        # also a number of more digits than the language converts
        raise FormError(f"the {name} is not JSON") from None
    if not isinstance(found, dict):
        raise FormError(f"the {name} is not a JSON object")
    if _depth(found) > DEEPEST:
        raise FormError(f"the {name} is nested deeper than {DEEPEST}")
    if not _whole(found):
        raise FormError(f"the {name} holds half a character")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise FormError("a name given twice")
    return out


def _constant(name: str) -> Any:
    raise FormError(f"{name}, which is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FormError("a number without bounds")
    return value


def _depth(value: Any) -> int:
    """Nesting of a value that the decoder took, so that recursion here is bounded by its own."""
    level, deep = [value], 0
    while level:
        deep += 1
        level = [
            inner for v in level if isinstance(v, (dict, list)) for inner in (v.values() if isinstance(v, dict) else v)
        ]
    return deep


def _whole(value: Any) -> bool:
    """No lone surrogate in any text: no log and no database would take it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
