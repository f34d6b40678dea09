"""Invented looks at key sets, what was found in them, and a leak, as `keys watch` and `keys scan` leave them in a lake."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from brokenseal import schema
from brokenseal.lake import Lake

HOSTILE = "<script>alert(1)</script>\u202etxt.exe\x1b[2J"
SOURCE, OTHER = "https://login.example/organizations/discovery/v2.0/keys", "saved/<consumers>.json"
ISSUER = "https://login.example/{tenantid}/v2.0"
DAY = [datetime(2025, 3, 1) + timedelta(days=n) for n in range(6)]
LOOKS: dict[str, list[tuple[str, ...] | None]] = {
    # None: a look in vain
    SOURCE: [("old", "steady"), ("old", "steady"), None, ("steady", "young"), ("back", "steady", "young"), ("back",)],
    OTHER: [("old",), None],
}
NAMES = {name: hashlib.sha256(name.encode()).hexdigest()[:43] for name in ("old", "steady", "young")}
NAMES["back"] = NAMES["old"]
"""Thumbprints. `back` is the old key, published again."""
Row = dict[str, Any]


def lay(lake: Lake) -> None:
    """Append the looks to a lake, each in a publication of its own, as looks are."""
    for nth, day in enumerate(DAY):
        documents, keys = [], []
        for source, looks in LOOKS.items():
            if nth < len(looks):
                documents.append(_document(source, day, looks[nth]))
                keys += [_key(documents[-1], name) for name in looks[nth] or ()]
        found = [f for f in findings() if f["seen_at"] == day]
        _append(lake, {"key_documents": documents, "trusted_keys": keys, "key_findings": found})
    # scanned twice
    for later in range(2):
        _append(lake, {"leaks": [{**leak, "found_at": DAY[4] + timedelta(hours=later)} for leak in leaks()]})


def _append(lake: Lake, rows: dict[str, list[Row]]) -> None:
    lake.append({t: pa.Table.from_pylist(r, schema=schema.TABLES[t].arrow()) for t, r in rows.items() if r})


def _document(source: str, day: datetime, names: tuple[str, ...] | None) -> Row:
    if names is None:
        return {"source": source, "seen_at": day, "error": "answers 503"}
    digest = hashlib.sha256(" ".join(names).encode()).hexdigest()
    return {"source": source, "seen_at": day, "document_id": digest, "kind": "jwks", "issuer": ISSUER, "raw": "{}"}


def _key(document: Row, name: str) -> Row:
    shared = {k: document[k] for k in ("document_id", "source", "seen_at")}
    ended = DAY[0] if name == "old" else DAY[0] + timedelta(days=900)
    about = {"kty": "RSA", "size": 2048, "exponent": 65537, "issuer": ISSUER, "issued_for": ISSUER}
    return {**shared, **about, "thumbprint": NAMES[name], "kid": f"kid-{name}", "not_after": ended}


def findings() -> list[Row]:
    """One of each gravity, told in the wrong order."""
    told = [
        (3, "new", "low", "young", "The key is new here since 2025-03-02."),
        (3, "gone", "medium", "old", "The key is gone; it was published until 2025-03-02 at the least."),
        (
            4,
            "back",
            "high",
            "back",
            "The key is back: last published on 2025-03-02, gone since. A retired key is trusted again.",
        ),
        (
            4,
            "secret-published",
            "critical",
            "back",
            "The document publishes the private half of the key: anybody can sign.",
        ),
        (4, "metadata-expired", "medium", None, HOSTILE),
    ]
    return [
        {
            "finding_id": hashlib.sha256(kind.encode()).hexdigest()[:16],
            "source": SOURCE,
            "seen_at": DAY[nth],
            "kind": kind,
            "severity": severity,
            "thumbprint": NAMES[name] if name else None,
            "kid": f"kid-{name}" if name else None,
            "reason": reason,
        }
        for nth, kind, severity, name, reason in told
    ]


def leaks() -> list[Row]:
    """A trusted key in a dump, a stranger's beside it."""
    about = {"member": None, "count": 1, "kind": "RSA private key", "form": "DER PKCS#1", "size": 2048, "locked": False}
    return [
        {**about, "leak_id": "0" * 16, "file": "a.key", "offset": 0, "thumbprint": "x" * 43, "severity": "high"},
        {
            **about,
            "leak_id": "f" * 16,
            "file": f"crash{HOSTILE}.dmp",
            "offset": 4096,
            "thumbprint": NAMES["old"],
            "severity": "critical",
            "known": f"kid-old of {SOURCE}",
        },
    ]
