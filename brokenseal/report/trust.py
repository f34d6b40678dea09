"""The answer's part on keys: which were trusted when, what was odd about them, and which were found lying about.

What: each source's looks, a line for each key at each source with the periods in which it was published, the findings of
`keys watch` and the leaks of `keys scan`. Why: a key that should not have been trusted, or that has leaked, is a way in that
no log of mail shows. How: a period is a run of successful looks at a source that all found the key; its end is the first
look that did not. Misses: what was published between two looks.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import ibis

from brokenseal.lake import Lake
from brokenseal.report.words import moment

SEVERITIES = ("critical", "high", "medium", "low")
_FINDING = ("finding_id", "seen_at", "source", "kind", "severity", "thumbprint", "kid", "reason")
_LEAK = (
    *("leak_id", "found_at", "file", "member", "offset", "count", "kind", "form", "size", "thumbprint", "locked"),
    *("severity", "known"),
)
Row = dict[str, Any]
Place = tuple[str, str]
"""Source and thumbprint."""


def keys(lake: Lake) -> Row:
    """What `keys watch` and `keys scan` left in the lake; empty lists where they never ran."""
    line = _timeline(lake)
    published = {(k["source"], k["thumbprint"]) for k in line if k["published"]}
    return {
        "sources": _sources(lake),
        "timeline": line,
        "findings": [{**f, "published": _published(f, published)} for f in _once(lake, "key_findings", _FINDING)],
        "leaks": _once(lake, "leaks", _LEAK),
    }


def _sources(lake: Lake) -> list[Row]:
    """Each source, how often it was looked at, and how often in vain."""
    seen = lake.read("key_documents").select("source", "seen_at", "document_id", "issuer", "kind", "error")
    told = seen.group_by("source").agg(
        kind=seen.kind.max(),
        issuer=seen.issuer.max(),
        first=seen.seen_at.min(),
        last=seen.seen_at.max(),
        looks=seen.count(),
        unread=seen.error.count(),
        versions=seen.document_id.nunique(),
    )
    rows = lake.fetch(told.order_by("source")).to_pylist()
    return [{**r, "first": moment(r["first"]), "last": moment(r["last"])} for r in rows]


def _timeline(lake: Lake) -> list[Row]:
    """Every key at every source, by source and first sight."""
    periods: dict[Place, list[Row]] = defaultdict(list)
    for r in lake.fetch(_periods(lake)).to_pylist():
        span = {"from": moment(r["from"]), "to": moment(r["to"]), "gone": moment(r["gone"])}
        periods[r["source"], r["thumbprint"]].append(span)
    seen = lake.read("trusted_keys")
    told = seen.select("source", "thumbprint", "kid", "kty", "size", "issuer", "not_after").distinct()
    about: dict[Place, list[Row]] = defaultdict(list)
    for r in lake.fetch(told).to_pylist():
        about[r["source"], r["thumbprint"]].append(r)
    lines = [_line(place, rows, periods[place]) for place, rows in about.items()]
    return sorted(lines, key=lambda k: (k["source"], k["periods"][0]["from"], k["thumbprint"]))


def _line(place: Place, rows: list[Row], periods: list[Row]) -> Row:
    """One key at one source."""
    spans = sorted(periods, key=lambda p: str(p["from"]))
    ends = [r["not_after"] for r in rows if r["not_after"] is not None]
    return {
        "source": place[0],
        "thumbprint": place[1],
        "kids": sorted({r["kid"] for r in rows if r["kid"]}),
        "issuers": sorted({r["issuer"] for r in rows if r["issuer"]}),
        "kty": min(r["kty"] for r in rows),
        "size": max(r["size"] for r in rows),
        "not_after": moment(max(ends)) if ends else None,
        "periods": spans,
        "published": spans[-1]["gone"] is None,
    }


def _periods(lake: Lake) -> ibis.Table:
    """Runs of looks at a source that all found a key; `gone` is the look behind the run, NULL where there was none yet."""
    looks = lake.read("key_documents")
    looks = looks.filter(looks.document_id.notnull()).select("source", "seen_at").distinct()
    looks = looks.mutate(nth=ibis.row_number().over(ibis.window(group_by="source", order_by="seen_at")))
    there = lake.read("trusted_keys").select("source", "seen_at", "thumbprint").distinct()
    there = there.join(looks, ["source", "seen_at"]).select("source", "thumbprint", "seen_at", "nth")
    own = ibis.window(group_by=["source", "thumbprint"], order_by="nth")
    there = there.mutate(within=ibis.row_number().over(own))
    # looks on end have the same difference
    there = there.mutate(run=there.nth - there.within)
    runs = there.group_by("source", "thumbprint", "run").agg(
        **{"from": there.seen_at.min(), "to": there.seen_at.max(), "after": there.nth.max() + 1}
    )
    later = looks.select("source", after="nth", gone="seen_at")
    joined = runs.left_join(later, ["source", "after"])
    return joined.select("source", "thumbprint", "from", "to", "gone")


def _once(lake: Lake, table: str, names: tuple[str, ...]) -> list[Row]:
    """Rows as they were first told, the gravest first, of the same gravity the earliest."""
    identity, when = names[:2]
    rows: dict[str, Row] = {}
    found = lake.fetch(lake.read(table).select(*names)).to_pylist()
    for r in sorted(found, key=lambda r: (r[when], *(str(r[n]) for n in names))):
        rows.setdefault(r[identity], {**r, when: moment(r[when])})
    return sorted(rows.values(), key=lambda r: (SEVERITIES.index(r["severity"]), r[when], r[identity]))


def _published(finding: Row, published: set[Place]) -> bool | None:
    """Whether the key is still there; None where the finding speaks of a whole document."""
    if finding["thumbprint"] is None:
        return None
    return (finding["source"], finding["thumbprint"]) in published
