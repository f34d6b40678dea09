"""One look at the sources: fetched or read, kept, compared with all that was seen before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from brokenseal import outside, schema
from brokenseal.errors import InputError, UsageError
from brokenseal.keys.watch.documents import MOST_KEYS, Document, parsed, text_of
from brokenseal.keys.watch.judge import KeyFinding, Policy, Seen, findings
from brokenseal.lake import Lake

MOST_FILE = 16 << 20
Row = dict[str, Any]


@dataclass
class Looked:
    """What a look came to. unread: source and why. changed: sources whose document is another than before."""

    seen_at: datetime
    seen: list[Seen] = field(default_factory=list)
    raw: dict[str, bytes] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)
    found: list[KeyFinding] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    """Ids of findings that no earlier look had."""
    changed: list[str] = field(default_factory=list)


def watch(
    lake: Lake,
    sources: Sequence[str],
    *,
    at: datetime | None = None,
    policy: Policy | None = None,
    progress: Callable[[str], None] = lambda source: None,
) -> Looked:
    """Look at each source once, keep what it says, and judge it against every version that the lake holds.

    sources: URLs or files. at: when, naive UTC, by default now. Raises UsageError for a URL that is not allowed; a source
    that cannot be read is named and the rest goes on.
    """
    looked = Looked(at or datetime.now(UTC).replace(tzinfo=None, microsecond=0))
    for source in sources:
        if outside.is_url(source):
            outside.allowed(source)
    for source in sources:
        progress(source)
        _look(looked, source)
    earlier = versions(lake)
    if late := [s.source for s in looked.seen if any(e.source == s.source and e.seen_at >= s.seen_at for e in earlier)]:
        raise UsageError(f"{late[0]} was seen at this time or later already: say --at, or watch again in a second")
    known = set(lake.fetch(lake.read("key_findings").select("finding_id").distinct())["finding_id"].to_pylist())
    looked.found = findings(looked.seen, earlier, policy or Policy())
    looked.fresh = {f.finding_id for f in looked.found} - known
    latest = {e.source: e.document_id for e in sorted(earlier, key=lambda e: e.seen_at)}
    looked.changed = [s.source for s in looked.seen if latest.get(s.source, s.document_id) != s.document_id]
    _keep(lake, looked, {(e.source, e.document_id) for e in earlier})
    return looked


def _look(looked: Looked, source: str, named_by: Seen | None = None) -> None:
    """One document, and the key set that it points to. named_by: the discovery document that pointed here."""
    try:
        led_by = named_by.source if named_by else None
        raw = outside.fetched(source, led_by=led_by) if outside.is_url(source) else _file(Path(source))
        document = parsed(raw, source)
    except (InputError, UsageError) as error:
        looked.unread.append((source, str(error).removeprefix(f"{source}: ")))
        return
    name = hashlib.sha256(raw).hexdigest()
    looked.raw[name] = raw
    about = named_by.document if named_by else document
    seen = Seen(source, looked.seen_at, name, document, about.issuer, about.cloud)
    looked.seen.append(seen)
    if named_by and document.jwks_uri is not None:
        looked.unread.append((source, "names yet another place where a key set should be"))
    elif document.jwks_uri is not None and outside.is_url(source):
        target = urljoin(source, document.jwks_uri)
        if all(s.source != target for s in looked.seen):
            _look(looked, target, seen)


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_FILE:
            raise InputError(f"{path}: more than {MOST_FILE >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def versions(lake: Lake) -> list[Seen]:
    """Every version that the lake holds, in order of time; what was seen again unchanged counts as a version too."""
    rows = lake.fetch(lake.read("key_documents")).to_pylist()
    texts = {r["document_id"]: r["raw"] for r in rows if r["raw"] is not None}
    known: dict[str, Document] = {}
    out = []
    for row in sorted(rows, key=lambda r: (r["seen_at"], r["source"])):
        name = row["document_id"]
        if name is None or name not in texts:
            continue
        if name not in known:
            known[name] = parsed(texts[name], row["source"])
        out.append(Seen(row["source"], row["seen_at"], name, known[name], row["issuer"]))
    return out


def _keep(lake: Lake, looked: Looked, before: set[tuple[str, str]]) -> None:
    """Write what was seen and found into the lake, in one publication."""
    documents: list[Row] = [
        {
            "document_id": s.document_id,
            "source": s.source,
            "seen_at": s.seen_at,
            "kind": s.document.kind,
            "issuer": s.issued_for,
            "raw": None if (s.source, s.document_id) in before else _public_text(looked.raw[s.document_id]),
            "error": None,
        }
        for s in looked.seen
    ]
    blank = dict.fromkeys(("document_id", "kind", "issuer", "raw"))
    documents += [{**blank, "source": s, "seen_at": looked.seen_at, "error": why} for s, why in looked.unread]
    keys = [_key_row(s, k) for s in looked.seen for k in s.document.keys]
    found = [{"finding_id": f.finding_id, **vars(f)} for f in looked.found if f.finding_id in looked.fresh]
    rows = {"key_documents": documents, "trusted_keys": keys, "key_findings": found}
    lake.append({t: schema.TABLES[t].filled(r) for t, r in rows.items() if r})


def _public_text(raw: bytes) -> str:
    """A document's text, without what should never have been in it."""
    text = text_of(raw, "it")
    try:
        found = json.loads(text)
        keys = [k for k in found["keys"][:MOST_KEYS] if isinstance(k, dict)]
    except (ValueError, TypeError, KeyError, RecursionError):
        return text
    secret = [(k, m) for k in keys for m in ("d", "p", "q", "dp", "dq", "qi", "oth", "k") if m in k]
    if not secret:
        return text
    for key, member in secret:
        # its length stays, so that the same document reads the same again
        key[member] = "A" * len(key[member]) if isinstance(key[member], str) else ""
    return json.dumps(found, sort_keys=True)


def _key_row(seen: Seen, key: Any) -> Row:
    fits = key.exponent is not None and key.exponent < 1 << 63
    names = ("thumbprint", "kid", "kty", "size", "use", "alg", "issuer", "not_before", "not_after", "x5t", "jwk")
    return {
        **{name: getattr(key, name) for name in names},
        "document_id": seen.document_id,
        "source": seen.source,
        "seen_at": seen.seen_at,
        "exponent": key.exponent if fits else None,
        "issued_for": seen.issued_for,
    }


def timeline(lake: Lake) -> list[Row]:
    """Every key at every source: first and last seen, since when it is gone, and its ids; by source and first sight."""
    seen = versions(lake)
    out: dict[tuple[str, str], Row] = {}
    for version in seen:
        for key in version.document.keys:
            row = out.setdefault(
                (version.source, key.thumbprint),
                {"source": version.source, "thumbprint": key.thumbprint, "kids": set(), "first_seen": version.seen_at},
            )
            row["last_seen"] = version.seen_at
            row["kids"] |= {key.kid} if key.kid else set()
            row |= {"kty": key.kty, "size": key.size, "not_after": key.not_after}
    for (source, _), row in out.items():
        later = [v.seen_at for v in seen if v.source == source and v.seen_at > row["last_seen"]]
        row["gone_since"] = min(later, default=None)
        row["kids"] = sorted(row["kids"])
    return sorted(out.values(), key=lambda r: (r["source"], r["first_seen"], r["thumbprint"]))
