"""Rows that the fast reader refused, read a second time.

Why: nobody hides a record by what he writes into it. A lone surrogate, a NUL, bytes that are no UTF-8 are replaced by
signs that say so, and the record is taken in. What still fails is refused, counted, and remembered when it names a mail
operation.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
MAIL = (b"MailItemsAccessed", b"AttachmentAccess", b"MailboxLogin", b"FolderBind", b"MessageBind")


@dataclass(frozen=True)
class Reading:
    """raw: JSON text that every engine takes, or None with the reason why not."""

    raw: str | None
    reason: str | None = None
    mail: bool = False


def read(data: bytes) -> Reading:
    """One refused row."""
    mail = any(name in data for name in MAIL)
    text = data.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text, strict=False)
    except RecursionError:
        return Reading(None, "nested too deeply", mail)
    except ValueError as error:
        return Reading(None, f"broken JSON: {error}"[:200], mail)
    if not isinstance(found, dict):
        return Reading(None, "not a JSON object", mail)
    clean = _SURROGATE.sub("\ufffd", json.dumps(_plain(found), ensure_ascii=False)).replace("\\u0000", "\ufffd")
    return Reading(clean.replace("\0", "\ufffd"))


def _plain(value: Any) -> Any:
    """NaN and infinity are no JSON."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def canonical(raw: str) -> str:
    """An id for a record without one: SHA-256 of its canonical JSON."""
    text = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
