"""Files of indicators: STIX 2.1, MISP or CSV, to type and value.

What: addresses, ranges, user agents, applications, sessions and tokens; all else is counted and left out. How: STIX patterns
are parsed by the library of the standard's authors, and only comparisons for equality or subset count, joined by OR: a
pattern that asks for two things at once is left out, since half of it is another statement. CSV has the columns type and
value, and may have by and because; a MISP event its attributes. Misses: expiry dates, which are not looked at.
"""

from __future__ import annotations

import csv
import hashlib
import io
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brokenseal import identifiers
from brokenseal.errors import InputError

TYPES = ("address", "range", "user agent", "application", "session", "token")
_CSV_TYPES = {
    "ip": "address", "ip-dst": "address", "ip-src": "address", "ipv4": "address", "ipv6": "address",
    "address range": "range", "cidr": "range", "prefix": "range", "user-agent": "user agent", "useragent": "user agent",
    "http-user-agent": "user agent", "app": "application", "appid": "application", "app id": "application",
    "session id": "session", "sessionid": "session", "token id": "token", **{t: t for t in TYPES},
}  # fmt: skip
MOST_BYTES = 100 * 2**20
Entry = dict[str, str | None]
"""type, value, by, because."""


@dataclass(frozen=True)
class Handed:
    """A file as it was handed over. entries: what is used of it; left: how many statements are not."""

    name: str
    sha256: str
    entries: list[Entry]
    left: int

    def told(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {"file": self.name, "sha256": self.sha256, "entries": self.entries, "left": self.left}


def handed(path: Path) -> Handed:
    """What a file holds. Raises InputError where it cannot be understood, or holds nothing of use."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot open {path}: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} is larger than 100 MB: that is no list of indicators")
    text = data.decode("utf-8-sig", "replace")
    found = list(_json(text, path) if text.lstrip().startswith(("{", "[")) else _csv(text, path))
    normal = [_normal(*f) for f in found]
    entries = {json.dumps(e, sort_keys=True): e for e in normal if e is not None}
    if not entries:
        raise InputError(f"{path} holds no address, range, user agent, application, session or token")
    kept = [entries[k] for k in sorted(entries)]
    return Handed(path.name, hashlib.sha256(data).hexdigest(), kept, sum(e is None for e in normal))


Raw = tuple[str, str, str | None, str | None]


def _normal(kind: str, value: str, by: str | None, because: str | None) -> Entry | None:
    """An entry in the one normal form; None for what is of no use."""
    kind, text = _CSV_TYPES.get(kind.strip().lower(), ""), value.strip()
    if not kind or not text:
        return None
    if kind in ("address", "range"):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return None
        kind = "address" if network.num_addresses == 1 else "range"
        text = str(network.network_address if kind == "address" else network)
    if kind == "token":
        text = identifiers.token_id(text) or ""
    if kind in ("application", "session"):
        text = text.lower()
    return {"type": kind, "value": text, "by": by or None, "because": because or None} if text else None


def _csv(text: str, path: Path) -> Iterator[Raw]:
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = {(n or "").strip().lower(): n for n in rows.fieldnames or ()}
        if not {"type", "value"} <= set(names):
            raise InputError(f"{path} has no columns `type` and `value`")
        for row in rows:
            by, because = (row.get(names[n]) if n in names else None for n in ("by", "because"))
            yield row[names["type"]] or "", row[names["value"]] or "", by, because
    except csv.Error as error:
        raise InputError(f"{path} is no CSV: {error}") from error


def _json(text: str, path: Path) -> Iterator[Raw]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    if isinstance(told, dict) and told.get("type") == "bundle":
        return _stix(told.get("objects") or [])
    if isinstance(told, dict) and ("Event" in told or "response" in told):
        return _misp(told)
    if isinstance(told, list) and all(isinstance(e, dict) for e in told):
        return _stix(told) if any("pattern" in e for e in told) else _misp({"response": told})
    raise InputError(f"{path} is neither a STIX bundle nor a MISP event")


def _misp(told: Any) -> Iterator[Raw]:
    """Attributes of events, their objects' too; those marked as no indicator (to_ids false) are left out."""
    if isinstance(told, list):
        for each in told:
            yield from _misp(each)
    elif isinstance(told, dict):
        if isinstance(told.get("type"), str) and isinstance(told.get("value"), str):
            kind = told["type"] if told.get("to_ids", True) else "not an indicator"
            first = told["value"].split("|")[0] if kind in ("ip-dst|port", "ip-src|port") else told["value"]
            yield kind.split("|")[0], first, None, told.get("comment") or None
        for name in ("response", "Event", "Attribute", "Object"):
            if name in told:
                yield from _misp(told[name])


def _stix(objects: list[Any]) -> Iterator[Raw]:
    for each in objects:
        if isinstance(each, dict) and each.get("type") == "indicator" and not each.get("revoked"):
            because = each.get("name") or each.get("description")
            for kind, value in _pattern(str(each.get("pattern", ""))):
                yield kind, value, None, because


def _pattern(text: str) -> list[tuple[str, str]]:
    """What a STIX pattern asks for, each by itself enough; one unknown kind where it asks for anything else."""
    from stix2patterns.exceptions import ParseException
    from stix2patterns.v21.pattern import Pattern

    unknown = [("unknown", text)]
    try:
        data = Pattern(text).inspect()
    except (ParseException, RecursionError):
        return unknown
    if "AND" in text or "FOLLOWEDBY" in text or data.qualifiers:
        return unknown
    out = []
    for name, comparisons in data.comparisons.items():
        for path, sign, value in comparisons:
            kind = _of_stix(name, [str(p) for p in path], sign)
            out.append((kind, value.strip("'").replace("\\'", "'").replace("\\\\", "\\")))
    return out or unknown


def _of_stix(name: str, path: list[str], sign: str) -> str:
    if name in ("ipv4-addr", "ipv6-addr") and path == ["value"] and sign in ("=", "ISSUBSET"):
        return "address" if sign == "=" else "range"
    agent = ["extensions", "http-request-ext", "request_header", "User-Agent"]
    if name == "network-traffic" and sign == "=" and [p.strip("'") for p in path] == agent:
        return "user agent"
    return "unknown"
