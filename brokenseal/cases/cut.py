"""What exports leave out: files cut at a ceiling, and records that the provider deleted or is about to delete.

What: rows of `gaps`. Why: an export cut at a ceiling has lost rows, often the oldest, where the first access lies; and
people contain first, ask later, and find the logs gone. How: a copy counts before repeats are dropped, so a file's rows
are its sightings and rejects; the provider's default retention is counted from the moment that the answer speaks of.
Misses: exports cut by a filter or by hand, and retention that somebody changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
from ibis import Table

from brokenseal import schema
from brokenseal.lake import Lake

DAY = timedelta(days=1)
SEARCH = ((4_999, "Extractor-Suite"), (5_000, "one call of the audit search"), (50_000, "one audit search"))
ANALYTICS = ((100_000, "a Defender hunting query"), (500_000, "a Log Analytics query"))
PORTAL = tuple((n, "the Entra portal") for n in range(249_000, 250_001))
CEILINGS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "unified-audit": SEARCH,
    "unified-audit-csv": (*SEARCH, (1_000_000, "one audit search with a Premium licence")),
    "graph-audit": ((1_000_000, "a Graph audit query"),),
    "office-activity": ANALYTICS,
    "log-analytics-signin": ANALYTICS,
    "log-analytics-graph": ANALYTICS,
    "cloud-app-events": ANALYTICS,
    "defender-signin": ANALYTICS,
    "entra-portal": PORTAL,
    "message-trace": ((1_000, "a message trace by default"), (5_000, "a message trace at most")),
}
"""Rows at which an export of a shape ends, and what ends there."""
QUIET = 3 * DAY
"""Nobody may have signed in for so long, so that a log begins no earlier."""
SIGN_INS = ("interactive", "non-interactive")
Row = dict[str, Any]


@dataclass(frozen=True)
class Left:
    """What was left out: as `gaps` says it. about: what tells it from another of the same kind and period.

    mailbox: None where it speaks of the whole organisation.
    """

    kind: str
    tenant: str | None
    since: datetime | None
    until: datetime | None
    meaning: str
    about: str = ""
    mailbox: str | None = None


def ceilings(lake: Lake) -> Iterator[Left]:
    """Files, or members of archives, that hold exactly as many rows as an export of their shape holds at most."""
    known = sorted({n for ends in CEILINGS.values() for n, _ in ends})
    for r in lake.fetch(_full(lake, known).order_by(["file_sha256", "member", "shape"])).to_pylist():
        what = next((w for n, w in CEILINGS.get(r["shape"], ()) if n == r["rows"]), None)
        if what is not None:
            member = f", member {r['member']}," if r["member"] else ""
            meaning = (
                f"The file with SHA-256 {r['file_sha256']}{member} holds exactly {r['rows']:,} rows, where {what} ends: rows "
                "were left out, often the oldest, and with them perhaps the first access. Export again in shorter periods."
            )
            tenant = r["tenant"] if r["tenants"] == 1 else None
            yield Left("export-ceiling", tenant, None, r["first"], meaning, f"{r['file_sha256']} {r['member']}")


def _full(lake: Lake, known: list[int]) -> Table:
    """Rows of each file, and of these that are records the organisations and the first time; where rows are so many."""
    # most files are ruled out by their rows alone; an archive's are those of all its members
    inputs = lake.inputs().to_pylist()
    likely = sorted(i["file_sha256"] for i in inputs if i["rows"] in set(known))
    s, rejects = lake.read("sightings"), lake.read("rejects")
    s = s.filter(s.member.notnull() | s.file_sha256.isin(likely) if likely else s.member.notnull())
    place = ["file_sha256", "member"]
    seen = s.group_by(*place, "shape").agg(copies=s.count())
    refused = rejects.group_by(*place).agg(refused=rejects.count())
    same = [seen.file_sha256 == refused.file_sha256, seen.member.identical_to(refused.member)]
    counted = seen.left_join(refused, same).select(
        seen.file_sha256, seen.member, seen.shape, rows=(seen.copies + ibis.coalesce(refused.refused, 0)).cast("int64")
    )
    full = lake.write("full_files", counted.filter(counted["rows"].isin(known)))
    records = lake.read("records").select("record_id", "tenant_id", "time")
    held = s.semi_join(full, "file_sha256").join(records, "record_id")
    spans = held.group_by(*place).agg(
        first=held.time.min(), tenant=held.tenant_id.min(), tenants=held.tenant_id.nunique()
    )
    both = [full.file_sha256 == spans.file_sha256, full.member.identical_to(spans.member)]
    return full.left_join(spans, both).select(
        full.file_sha256, full.member, full.shape, full["rows"], spans.first, spans.tenant, spans.tenants
    )


def expired(streams: list[Row]) -> Iterator[Left]:
    """Logs that begin where retention ended when they were exported."""
    for s in streams:
        days = schema.kept_days(s["stream"])
        # by day: one organisation's jobs run some minutes later than another's
        if abs((s["to"].date() - s["from"].date()).days - days) <= 1:
            meaning = (
                f"{_said(s['stream'])} begin {days} days before their end, which is as long as the provider keeps them by "
                "default: earlier ones were probably deleted by the provider's defaults, or only this time was exported. Older "
                "exports would show them."
            )
            yield Left("expired", s["tenant_id"], None, s["from"], meaning, s["stream"])


def expiring(streams: list[Row], as_of: datetime) -> Iterator[Left]:
    """What the provider still holds at the moment of the answer, and nobody handed over."""
    for access in (s for s in streams if s["stream"] == "access"):
        own = {s["stream"]: s for s in streams if s["tenant_id"] == access["tenant_id"]}
        for name in SIGN_INS:
            there = own.get(name)
            oldest = as_of - schema.kept_days(name) * DAY
            if there and oldest < there["from"] - QUIET:
                yield _vanishing(access["tenant_id"], name, oldest, there["from"], before=True)
            since = max(oldest, there["to"]) if there else oldest
            if since < access["to"] - DAY:
                yield _vanishing(access["tenant_id"], name, since, access["to"], before=False if there else None)
        oldest = as_of - schema.kept_days("access") * DAY
        if oldest < access["from"] - DAY:
            yield _vanishing(access["tenant_id"], "access", oldest, access["from"], before=True)


def exports(found: Iterable[Left]) -> list[Row]:
    """Rows of `exports`, of what `expiring` found."""
    return [
        {
            "tenant_id": f.tenant,
            "stream": f.about,
            "from": f.since,
            "to": f.until,
            "vanishes": f.since + (schema.kept_days(f.about) + 1) * DAY if f.since else None,
        }
        for f in found
    ]


def _vanishing(tenant: str | None, stream: str, since: datetime, until: datetime, *, before: bool | None) -> Left:
    """before: what lies before the log that is there, or behind it; None where none is."""
    days = schema.kept_days(stream)
    lacking = "None were handed over"
    if before is not None:
        first, last = (
            f"None from before {until:%Y-%m-%d} were handed over",
            f"None from after {since:%Y-%m-%d} were handed over",
        )
        lacking = first if before else last
    meaning = (
        f"Export now: {_said(stream, begin=False)} before {since + DAY:%Y-%m-%d} vanish on {since + (days + 1) * DAY:%Y-%m-%d}, "
        f"and those of one more day every day after that: the provider keeps them for {days} days by default. {lacking}."
    )
    return Left("expiring", tenant, since, until, meaning, stream)


def _said(stream: str, *, begin: bool = True) -> str:
    text = "unified audit records" if stream in ("access", "unified-audit") else f"{stream} sign-ins"
    return text[:1].upper() + text[1:] if begin else text
