"""What is odd about the keys that are trusted: by the history of a source, by policy, and by arithmetic.

What: findings, each with a plain reason; none is weighed in bits, since nobody has counted how often honest issuers do this.
Why: the key of 2016 should have been retired, was published where it should not have been, and was accepted beyond its scope.
How: a source's versions in order of time; what is there now is judged, what went is told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from urllib.parse import urlsplit

from brokenseal.keys.watch import weak
from brokenseal.keys.watch.documents import Document, PublishedKey

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of Microsoft's personal accounts."""
_MOST_NAMES, _LONGEST_NAME = 5, 100
RENEWED = {"new": "low", "gone": "medium", "back": "high"}


@dataclass(frozen=True)
class Seen:
    """A document as it was seen. source: URL or path. document_id: SHA-256 of its bytes.

    issued_for, cloud: issuer and cloud of the discovery document that named it, or its own.
    """

    source: str
    seen_at: datetime
    document_id: str
    document: Document
    issued_for: str | None = None
    cloud: str | None = None


@dataclass(frozen=True)
class Policy:
    """What an organisation asks of its issuers' keys. organisation: no source may hold a consumer key."""

    most_days: int = 400
    organisation: bool = False


@dataclass(frozen=True)
class KeyFinding:
    """One thing noticed. kind and severity as docs/keys-watch.md lists them."""

    source: str
    seen_at: datetime
    kind: str
    severity: str
    thumbprint: str | None
    kid: str | None
    reason: str

    @property
    def finding_id(self) -> str:
        """The same for the same thing of the same key at the same source; changes of a set are told each time."""
        when = self.seen_at.isoformat() if self.kind in RENEWED else ""
        text = "\n".join((self.source, self.kind, self.thumbprint or "", self.kid or "", when))
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def findings(now: Sequence[Seen], earlier: Sequence[Seen], policy: Policy) -> list[KeyFinding]:
    """All findings on what is published now, in order of source, kind and key.

    now: the newest version of each source that was looked at. earlier: every older version of any source.
    """
    out: set[KeyFinding] = set()
    for seen in now:
        own = sorted((e for e in earlier if e.source == seen.source and e.seen_at < seen.seen_at), key=_by_time)
        out.update(_changes(seen, own))
        out.update(_document(seen))
        first = {k.thumbprint: v.seen_at for v in reversed([*own, seen]) for k in v.document.keys}
        for key in seen.document.keys:
            out.update(_key(seen, key, first[key.thumbprint], policy))
    out.update(_across([*now, *_latest(earlier, {s.source for s in now})], {s.source for s in now}))
    return sorted(out, key=lambda f: (f.source, f.kind, f.kid or "", f.thumbprint or "", f.reason))


def _by_time(seen: Seen) -> datetime:
    return seen.seen_at


def _latest(earlier: Iterable[Seen], besides: set[str]) -> list[Seen]:
    """The newest version of every other source."""
    out: dict[str, Seen] = {}
    for seen in sorted(earlier, key=_by_time):
        if seen.source not in besides:
            out[seen.source] = seen
    return list(out.values())


def _changes(seen: Seen, earlier: Sequence[Seen]) -> Iterator[KeyFinding]:
    """New, gone and back again, and ids that now stand for another key."""
    if not earlier:
        return
    there = {k.thumbprint: k for k in seen.document.keys}
    last = {k.thumbprint: k for k in earlier[-1].document.keys}
    ever = {k.thumbprint: v.seen_at for v in earlier for k in v.document.keys}
    for name, key in there.items():
        if name in last:
            continue
        if name in ever:
            reason = (
                f"The key is back: last published on {_day(ever[name])}, gone since. A retired key is trusted again."
            )
            yield _finding(seen, "back", RENEWED["back"], key, reason)
        else:
            yield _finding(seen, "new", RENEWED["new"], key, f"The key is new here since {_day(earlier[-1].seen_at)}.")
    for name, key in last.items():
        if name not in there:
            reason = (
                f"The key is gone; it was published until {_day(earlier[-1].seen_at)} at the least. Rotation, or a "
                "revocation that nobody announced: what accepts it still from a cache is open to whoever has it."
            )
            yield _finding(seen, "gone", RENEWED["gone"], key, reason)
    yield from _renamed(seen, earlier)


def _renamed(seen: Seen, earlier: Sequence[Seen]) -> Iterator[KeyFinding]:
    """An id that stood for another key before."""
    meant: dict[str, set[str]] = {}
    for version in earlier:
        for key in version.document.keys:
            if key.kid:
                meant.setdefault(key.kid, set()).add(key.thumbprint)
    for key in seen.document.keys:
        if key.kid and meant.get(key.kid, {key.thumbprint}) - {key.thumbprint}:
            yield _finding(seen, "id-reused", "high", key, f"The id {key.kid} stood for another key before.")


def _document(seen: Seen) -> Iterator[KeyFinding]:
    """What is wrong with a document as a whole."""
    document = seen.document
    if document.kind == "openid-configuration":
        weak_ones = sorted(a for a in document.algorithms if a.lower() == "none" or a.upper().startswith("HS"))
        if weak_ones:
            reason = f"The issuer says that it signs with {_listed(weak_ones)}: no key pair stands behind that."
            yield _finding(seen, "algorithm", "high", None, reason)
        if document.jwks_uri and not document.jwks_uri.startswith("https://") and not _local(seen.source):
            reason = "The key set's address is not https: whoever sits on the way decides which keys are trusted."
            yield _finding(seen, "unsafe-address", "high", None, reason)
    if document.expires and document.expires < seen.seen_at:
        reason = f"The metadata says that it was valid until {_day(document.expires)}."
        yield _finding(seen, "metadata-expired", "medium", None, reason)
    for what in document.skipped:
        reason = f"What the document holds could not be judged: {what}."
        yield _finding(seen, "not-judged", "low", None, reason)
    signing = [k for k in document.keys if k.kty != "oct" and k.use in (None, "sig")]
    without = [k for k in signing if not k.issuer]
    if document.kind == "jwks" and without:
        yield from _unscoped(seen, signing, without)


def _local(source: str) -> bool:
    return urlsplit(source).hostname in (None, "localhost", "127.0.0.1", "::1")


def _unscoped(seen: Seen, signing: Sequence[PublishedKey], without: Sequence[PublishedKey]) -> Iterator[KeyFinding]:
    """Keys that do not say whose tokens they may sign."""
    several = "{tenantid}" in (seen.issued_for or "").lower() or len(without) < len(signing)
    if several:
        for key in without:
            reason = "The key names no issuer in a set that serves several: it may sign for any of them."
            yield _finding(seen, "no-scope", "high", key, reason)
    else:
        reason = "No key of the set names its issuer: the set must be trusted for one issuer only."
        yield _finding(seen, "no-scope", "low", None, reason)


def _key(seen: Seen, key: PublishedKey, first: datetime, policy: Policy) -> Iterator[KeyFinding]:
    """What is wrong with one key that is published now."""
    if key.leaked:
        what = "a symmetric key" if key.kty == "oct" else "the private half of the key"
        yield _finding(seen, "secret-published", "critical", key, f"The document publishes {what}: anybody can sign.")
    if key.disagrees:
        yield _finding(seen, "certificate-differs", "high", key, "The key's certificate is of another key.")
    if key.not_after and key.not_after < seen.seen_at:
        reason = f"The key's certificate expired on {_day(key.not_after)}, and the key is still published."
        yield _finding(seen, "expired", "high", key, reason)
    begun = min(first, key.not_before) if key.not_before else first
    if seen.seen_at - begun > timedelta(days=policy.most_days):
        how = "by its certificate" if begun == key.not_before else "since it was first seen"
        days = (seen.seen_at - begun).days
        reason = f"The key is {days:,} days old {how}; the policy allows {policy.most_days:,}."
        yield _finding(seen, "old", "medium", key, reason)
    if key.x5t in _stolen():
        yield _finding(
            seen, "stolen", "critical", key, f"The key is known to have been stolen: {_stolen()[key.x5t or '']}."
        )
    if _is_consumer(key, seen) and (policy.organisation or _is_organisation(seen)):
        reason = "A key for personal accounts stands in an organisation's key set: it may sign for the organisation."
        yield _finding(seen, "consumer-key", "critical", key, reason)
    if key.modulus is not None and key.exponent is not None:
        for kind, severity, reason in weak.rsa(key.modulus, key.exponent):
            yield _finding(seen, kind, severity, key, reason)
    elif key.kty != "oct" and 0 < key.size < weak.SHORTEST_OTHER:
        yield _finding(seen, "short", "high", key, f"The key has {key.size} bits.")


@lru_cache(maxsize=1)
def _stolen() -> dict[str, str]:
    """SHA-1 of certificates whose keys are known to be stolen, and why."""
    text = resources.files("brokenseal.keys.verifier").joinpath("denied_keys.json").read_text(encoding="utf-8")
    return {k["thumbprint"].lower(): k["why"] for k in json.loads(text)}


def _is_consumer(key: PublishedKey, seen: Seen) -> bool:
    where = f"{key.issuer or ''} {seen.issued_for or ''}".lower()
    return CONSUMERS in where or "login.live.com" in where


def _is_organisation(seen: Seen) -> bool:
    """The source serves one organisation, or organisations only: its address or its issuer says so."""
    place = seen.source.lower()
    if CONSUMERS in place or "/consumers" in place or "/common" in place:
        return False
    issuer = (seen.issued_for or "").lower()
    return "/organizations" in place or (bool(issuer) and "{tenantid}" not in issuer and CONSUMERS not in issuer)


def _across(current: Sequence[Seen], told: set[str]) -> Iterator[KeyFinding]:
    """What only several keys together show: one key under two ids, a consumer key elsewhere, a prime in common."""
    ids: dict[str, set[str]] = {}
    consumers: set[str] = set()
    moduli: dict[str, int] = {}
    for seen in current:
        for key in seen.document.keys:
            if key.kid:
                ids.setdefault(key.thumbprint, set()).add(key.kid)
            if _is_consumer(key, seen) or "/consumers" in seen.source.lower():
                consumers.add(key.thumbprint)
            if key.modulus:
                moduli[key.thumbprint] = key.modulus
    pairs = weak.shared(moduli)
    for seen in (s for s in current if s.source in told):
        for key in seen.document.keys:
            names = ids.get(key.thumbprint, set())
            if len(names) > 1:
                reason = f"One key is published under {len(names)} ids: {_listed(sorted(names))}."
                yield _finding(seen, "two-ids", "high", key, reason)
            if key.thumbprint in pairs:
                reason = (
                    f"The modulus shares a prime with that of {pairs[key.thumbprint]}: anybody can compute both keys."
                )
                yield _finding(seen, "shared-prime", "critical", key, reason)
            if key.thumbprint in consumers and _is_organisation(seen) and not _is_consumer(key, seen):
                reason = "The key is also one for personal accounts, as another source says."
                yield _finding(seen, "consumer-key", "critical", key, reason)


def _finding(seen: Seen, kind: str, severity: str, key: PublishedKey | None, reason: str) -> KeyFinding:
    name, kid = (key.thumbprint, key.kid) if key else (None, None)
    return KeyFinding(seen.source, seen.seen_at, kind, severity, name, kid, reason)


def _listed(names: Sequence[str]) -> str:
    """The first few, none longer than a line: a key set may hold thousands."""
    shown = ", ".join(n if len(n) <= _LONGEST_NAME else f"{n[:_LONGEST_NAME]}…" for n in names[:_MOST_NAMES])
    return f"{shown}, …" if len(names) > _MOST_NAMES else shown


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
