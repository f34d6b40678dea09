"""What the logs cannot show, with the reason and the period.

What: `gaps`. One function a kind; each is a query that yields rows, and a sentence that says what cannot be known. Why:
silence about limits is a defect in evidence: absence proves nothing where nobody looked. Misses: rows that an export left
out without a trace; `cut` knows those that leave one, and `silent` what falls silent against its habit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import ibis

from brokenseal import schema
from brokenseal.cases import cut, silent
from brokenseal.lake import Lake

SHORT_DAYS = 14
MOST_RECORDS = 20
NEEDED = ("interactive", "non-interactive")
Row = dict[str, Any]


def gaps(lake: Lake, as_of: datetime, line: int, *, settled: bool) -> None:
    """Write `gaps`. line: of single acts, in tenths of a bit."""
    # all sightings are asked for copies that disagree, while the rest is done
    odd = lake.write("odd_copies", _odd(lake.read("sightings")))
    streams = lake.fetch(lake.read("streams")).to_pylist()
    silent.hours(lake)
    vanishing = list(cut.expiring(streams, as_of))
    missing = sorted(cut.exports(vanishing), key=lambda r: (r["tenant_id"] or "", r["stream"], r["from"]))
    lake.put("exports", schema.TABLES["exports"].filled(missing))
    rows = [
        *(_left(found, records) for found, records in silent.throttled(lake)),
        *_sync_only(lake),
        *_no_token_ids(lake),
        *_issuance_logs(streams),
        *(_left(found) for found in silent.mailboxes(lake, streams)),
        *(_left(found) for found in silent.organisations(lake)),
        *(_left(found) for found in silent.repeats(lake, line)),
        *_conflicts(lake, odd),
        *_short(streams),
        *_refused(lake),
        *_untimed(lake),
        *(_left(found) for found in (*cut.ceilings(lake), *cut.expired(streams), *vanishing)),
        *_not_handed_over(lake),
    ]
    if not settled:
        meaning = (
            "Weighing did not settle within its rounds: the cases may miss acts that a further round would draw in."
        )
        rows.append(_row("unsettled", None, None, None, as_of, meaning))
    unique = {r["gap_id"]: r for r in rows}
    ordered = sorted(unique.values(), key=lambda r: (r["kind"], r["tenant_id"] or "", r["mailbox"] or "", r["gap_id"]))
    lake.put("gaps", schema.TABLES["gaps"].filled(ordered))


def _row(
    kind: str,
    tenant: str | None,
    mailbox: str | None,
    since: datetime | None,
    until: datetime | None,
    meaning: str,
    records: list[str] | None = None,
    about: str = "",
) -> Row:
    """about: what tells a gap from another of the same kind, place and period."""
    identity = hashlib.sha256(f"{kind} {tenant} {mailbox} {since} {until}{about}".encode()).hexdigest()[:16]
    return {
        "gap_id": identity,
        "kind": kind,
        "tenant_id": tenant,
        "mailbox": mailbox,
        "from": since,
        "to": until,
        "meaning": meaning,
        "record_ids": sorted(records or [])[:MOST_RECORDS],
    }


def _left(found: cut.Left, records: list[str] | None = None) -> Row:
    return _row(
        found.kind, found.tenant, found.mailbox, found.since, found.until, found.meaning, records, about=found.about
    )


def _not_handed_over(lake: Lake) -> Iterator[Row]:
    """Files that a custody list names and nobody took in, or whose bytes are not those that it states."""
    stated = lake.read("custody").filter(lambda t: t.file_sha256.isnull() | ~ibis.coalesce(t.agrees, True))
    rows = stated.select("file", "file_sha256", "stated_sha256").distinct()
    for r in lake.fetch(rows.order_by(["file", "file_sha256", "stated_sha256"])).to_pylist():
        name = r["file"] or f"with SHA-256 {r['stated_sha256']}"
        if r["file_sha256"] is None:
            meaning = (
                f"The custody list names a file {name} that was not taken in: what it would have shown is missing."
            )
            yield _row("not-handed-over", None, None, None, None, meaning, about=name)
        else:
            meaning = (
                f"The custody list states another SHA-256 for the file {name} ({r['stated_sha256']}) than that of the file "
                f"taken in ({r['file_sha256']}): it was changed on the way, or is another file."
            )
            yield _row("custody-differs", None, None, None, None, meaning, about=f"{name} {r['stated_sha256']}")


def _sync_only(lake: Lake) -> Iterator[Row]:
    """Cases that hold folders: which messages lay in them is not in the log."""
    a = lake.read("accesses").filter(lambda t: t.access == "sync")
    records = lake.read("visit_records").join(lake.read("case_acts").select(visit_id="act_id"), "visit_id")
    mine = a.semi_join(records, "record_id")
    rows = mine.group_by("tenant_id", "mailbox").agg(since=mine.time.min(), until=mine.time.max(), records=mine.count())
    for r in lake.fetch(rows.order_by("tenant_id", "mailbox")).to_pylist():
        meaning = (
            f"{r['records']} records of this mailbox say that a folder was synchronised: the log names the folder and no "
            "message, so every message that lay in it must be taken as accessed."
        )
        yield _row("sync-only", r["tenant_id"], r["mailbox"], r["since"], r["until"], meaning)


def _no_token_ids(lake: Lake) -> Iterator[Row]:
    """Organisations whose records mostly carry neither token nor session: an orphan could not be seen."""
    v = lake.read("visits")
    v = v.filter(~v.background)
    bare = (v.token_id.isnull() & v.session_id.isnull()).cast("int64")
    rows = v.group_by("tenant_id").agg(
        since=v["first"].min(), until=v["last"].max(), bare=bare.sum().cast("int64"), visits=v.count(),
        tokens=v.token_id.notnull().cast("int64").sum().cast("int64"),
    )  # fmt: skip
    for r in lake.fetch(rows.order_by("tenant_id")).to_pylist():
        if r["tokens"] == 0 or r["bare"] * 2 > r["visits"]:
            meaning = (
                f"{r['visits'] - r['tokens']} of {r['visits']} visits carry no token id and {r['bare']} carry no session "
                "either: whether a forged token opened them cannot be told from these logs."
            )
            yield _row("no-token-ids", r["tenant_id"], None, r["since"], r["until"], meaning)


def _issuance_logs(streams: list[Row]) -> Iterator[Row]:
    """Sign-in logs that are missing or shorter than the accesses."""
    for access in (s for s in streams if s["stream"] == "access"):
        own = {s["stream"]: s for s in streams if s["tenant_id"] == access["tenant_id"]}
        missing = [name for name in NEEDED if name not in own]
        tenant, since, until = access["tenant_id"], access["from"], access["to"]
        if missing:
            meaning = (
                f"No sign-ins of the kind {' and '.join(missing)} were handed over: a token or session that was never "
                "issued cannot be told from one whose sign-in is missing."
            )
            yield _row("no-issuance-log", tenant, None, since, until, meaning)
            continue
        begin, end = max(own[n]["from"] for n in NEEDED), min(own[n]["to"] for n in NEEDED)
        short = "The sign-in logs {} the accesses do: in between, a token that was never issued cannot be recognised."
        if begin > since + timedelta(hours=24):
            yield _row("short-issuance-log", tenant, None, since, begin, short.format("begin later than"))
        if end < until - timedelta(hours=24):
            yield _row("short-issuance-log", tenant, None, end, until, short.format("end earlier than"))


def _odd(s: ibis.Table) -> ibis.Table:
    """Records whose copies disagree, as record_id. s: `sightings`."""
    told = s.group_by("record_id").agg(least=s.content.min(), most=s.content.max())
    s = s.semi_join(told.filter(told.least != told.most), "record_id")
    # 32 letters of what every shape tells, and then those of what only whole shapes do
    shared, rest = s.content[:32], s.content[32:].nullif("")
    told = s.filter(s.content.notnull()).group_by("record_id").agg(
        least=shared.min(), most=shared.max(), fewest=rest.min(), fullest=rest.max()
    )  # fmt: skip
    return told.filter((told.least != told.most) | (told.fewest != told.fullest)).select("record_id")


def _conflicts(lake: Lake, odd: ibis.Table) -> Iterator[Row]:
    """Copies of one record that disagree in what both hold."""
    records = lake.read("records").select("record_id", "tenant_id", "time").semi_join(odd, "record_id")
    rows = lake.fetch(records.order_by(["tenant_id", "time", "record_id"])).to_pylist()
    by_tenant: dict[str | None, list[Row]] = {}
    for r in rows:
        by_tenant.setdefault(r["tenant_id"], []).append(r)
    for tenant, found in by_tenant.items():
        times = [r["time"] for r in found if r["time"]]
        meaning = (
            f"{len(found)} records exist in copies that disagree: one of the files was changed, or the provider did."
        )
        since, until = (min(times), max(times)) if times else (None, None)
        yield _row("conflicting-copies", tenant, None, since, until, meaning, [r["record_id"] for r in found])


def _short(streams: list[Row]) -> Iterator[Row]:
    """A history too short to know what is ordinary."""
    for s in streams:
        if s["stream"] == "access" and s["to"] - s["from"] < timedelta(days=SHORT_DAYS):
            meaning = (
                f"The access log covers less than {SHORT_DAYS} days: what is ordinary for its mailboxes is taken mostly "
                "from shipped rates, and an intruder who was there all the time looks ordinary."
            )
            yield _row("short-history", s["tenant_id"], None, s["from"], s["to"], meaning)


def _refused(lake: Lake) -> Iterator[Row]:
    """Rows that could not be taken in and name a mail operation."""
    r = lake.read("rejects")
    rows = lake.fetch(
        r.filter(r.mail_operation).select("file_sha256", "row").order_by(["file_sha256", "row"])
    ).to_pylist()
    for sha in sorted({r["file_sha256"] for r in rows}):
        numbers = [r["row"] for r in rows if r["file_sha256"] == sha]
        meaning = (
            f"{len(numbers)} rows of the file with SHA-256 {sha} name a mail operation and could not be taken in, the first "
            f"in row {numbers[0]}: what they would have shown is missing."
        )
        yield _row("lost-rows", None, None, None, None, meaning)


def _untimed(lake: Lake) -> Iterator[Row]:
    """Accesses without a time belong to no visit."""
    a = lake.read("accesses")
    rows = a.filter(a.time.isnull()).group_by("tenant_id", "mailbox").agg(n=ibis._.count(), one=a.record_id.min())
    for r in lake.fetch(rows.order_by("tenant_id", "mailbox")).to_pylist():
        meaning = (
            f"{r['n']} accesses carry no time that can be understood, so they belong to no visit and are not judged."
        )
        yield _row("untimed", r["tenant_id"], r["mailbox"], None, None, meaning, [r["one"]])
