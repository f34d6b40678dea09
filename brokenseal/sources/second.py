"""A row that the fast reader refused, read again with replacement characters.

What: lone surrogates, NULs, control characters and numbers of any length are taken; of a key given twice the first counts,
as for the fast reader. Why: nobody hides a record by what he writes into it. Misses: what is no JSON object; that is a
reject, and says whether its bytes name a mail operation.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

REPLACEMENT = "\ufffd"
_MAIL = re.compile(
    r"MailItemsAccessed|AttachmentAccess|MessageBind|FolderBind|SearchQueryInitiated|\bSend(As|OnBehalf)?\b"
)
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_SURROGATES = re.compile("[\ud800-\udfff]")


def again(raw: str) -> str | None:
    """The row as JSON that the fast reader takes; None where it is no object."""
    text = _NUL.sub(lambda m: m.group(1) + REPLACEMENT, raw.replace("\0", REPLACEMENT))
    try:
        found = json.loads(text, strict=False, object_pairs_hook=_first, parse_int=str, parse_float=str)
    except RecursionError:
        # deep nesting is no fault; the fast reader has no such bound
        return text
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return _SURROGATES.sub(REPLACEMENT, json.dumps(found, ensure_ascii=False))


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        out.setdefault(key, value)
    return out


def identity(raw: str) -> str:
    """The id of a record that has none: the hash of its canonical JSON, so that spaces and order of keys do not matter."""
    try:
        found = json.loads(raw, strict=False, object_pairs_hook=_first, parse_int=str, parse_float=str)
        raw = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    return hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()


def names_mail(raw: str) -> bool:
    """The text names a mail operation."""
    return _MAIL.search(raw) is not None


def reason(raw: str) -> str | None:
    """Why a refused row is no JSON object; None where it is one."""
    if not raw.strip():
        return "empty"
    if not raw.lstrip().startswith("{"):
        return "not a JSON object"
    return "broken JSON" if again(raw) is None else None
