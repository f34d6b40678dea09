"""Silence that says something: when accesses may have happened and no record was written, or none came through.

What: rows of `gaps`. Why: an access that nobody logged is as real as one that somebody did, and a mailbox or an
organisation that falls silent against its habit is where to look. How: a silence is told where a mailbox's own share of
days with records, or an organisation's share of such hours at that time of day, makes it rarer than one in all that were
looked at; a mailbox is alive where its owner signs in, and new, left or on leave where sign-ins were kept and he had
none. After each access of a case the provider leaves out repeats for an hour. Misses: silence of what is seldom read, and
holes shorter than a day in one mailbox.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import mean, variance
from typing import Any

import pyarrow as pa
from ibis import Table

from brokenseal import bits, schema
from brokenseal.cases.cut import Left
from brokenseal.lake import Lake

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BLIND = DAY
LIFE = 3 * DAY
"""Sign-ins within so many days beside a silence tell whether the owner was there."""
LEAST_DAYS = 3
RATE_WALL = 1000
"""Records of opened messages within a day, after which the provider stops writing them. Source: its page on them."""
NEAR_THE_WALL = 950
"""Some of them may have been lost on the way."""
REPEATS = HOUR
HEAVY = Fraction(3, 5)
"""From which share of the line an act names somebody."""
BY_CHANCE = 0.5
"""So many of a mailbox's relationships may look odd by chance, where somebody is known to have been in it."""
LINES = pa.schema([("tenant_id", pa.string()), ("mailbox", pa.string()), ("n", pa.int64())])
FALSE_SILENCES = 0.1
"""How many silences of one kind, over all mailboxes or all hours, may be told by chance."""
Row = dict[str, Any]
Silent = tuple[str, str, str, datetime, datetime]
"""Kind, organisation, mailbox, from and to."""


# --- mailboxes that fall silent


def hours(lake: Lake) -> None:
    """Write `access_hours`, what silences are seen in: tenant_id, mailbox, hour, since and until, opened (records but of
    synchronised folders)."""
    a = lake.read("accesses")
    a = a.filter(a.time.notnull() & a.mailbox.notnull()).mutate(hour=a.time.truncate("h"))
    opened = (a.access != "sync").cast("int64")
    each = a.group_by("tenant_id", "mailbox", "hour").agg(since=a.time.min(), until=a.time.max(), opened=opened.sum())
    # hours are grouped as numbers, and written as text once each
    lake.write("access_hours", each.mutate(hour=each.hour.cast("string")[:13]))


def mailboxes(lake: Lake, streams: list[Row]) -> Iterator[Left]:
    """Mailboxes whose records begin late, stop early or pause, against their own habit. Reads `access_hours`."""
    h = lake.read("access_hours").mutate(day=lambda t: t.hour[:10])
    own = h.group_by("tenant_id", "mailbox").agg(
        days=h.day.collect(distinct=True), since=h.since.min(), until=h.until.max()
    )
    logged = {s["tenant_id"]: (s["from"], s["to"]) for s in streams if s["stream"] == "access"}
    rows = lake.fetch(own.order_by("tenant_id", "mailbox")).to_pylist()
    line = bits.line(len(rows), FALSE_SILENCES) / bits.TENTHS
    told = [r for r in rows if r["tenant_id"] in logged]
    found = [silence for r in told for silence in _silences(r, *logged[r["tenant_id"]], line)]
    life = _Life(lake, streams, sorted({box for _, _, box, _, _ in found}))
    for kind, tenant, box, since, until in found:
        if (there := life.there(tenant, box, kind, since, until)) is not False:
            yield Left(kind, tenant, since, until, SILENCE[kind][there is None], mailbox=box)


SILENCE = {
    "log-starts": (
        "The log holds no access to this mailbox before this, though its owner signs in all the while.",
        "The log holds no access to this mailbox before this: either it was new, or its accesses were not logged.",
    ),
    "log-stops": (
        "The log holds no access to this mailbox after this, though its owner signs in all the while.",
        "The log holds no access to this mailbox after this: either it was left, or its accesses were not logged.",
    ),
    "log-pauses": (
        "The log holds no access to this mailbox in this time, though its owner signs in all the while.",
        "The log holds no access to this mailbox in this time: either nobody opened it, or its accesses were not logged.",
    ),
}
"""What a silence means: where the owner was there, and where nothing says so."""


def _silences(row: Row, begin: datetime, end: datetime, line: float) -> Iterator[Silent]:
    """Each silence of one mailbox that its own days make odd."""
    active = sorted(date.fromisoformat(d) for d in row["days"])
    span = (active[-1] - active[0]).days + 1
    a_day = -math.log2(1 - (len(active) + 0.5) / (span + 1))
    least = max(LEAST_DAYS, math.ceil(line / a_day)) * DAY
    edges = [("log-starts", begin, row["since"]), ("log-stops", row["until"], end)]
    for before, after in pairwise(active):
        since, until = datetime.combine(before, datetime.min.time()) + DAY, datetime.combine(after, datetime.min.time())
        edges.append(("log-pauses", since, until))
    yield from ((k, row["tenant_id"], row["mailbox"], s, u) for k, s, u in edges if u - s >= least)


class _Life:
    """What the sign-in logs say of owners: whether they were there in a silence, were not, or cannot be known."""

    def __init__(self, lake: Lake, streams: list[Row], people: list[str]) -> None:
        s = lake.read("signins")
        s = s.filter(s.user.isin(people) & s.time.notnull())
        span = s.group_by("tenant_id", "user").agg(days=s.time.cast("string")[:10].collect(distinct=True))
        self._days: dict[tuple[str, str], list[date]] = {
            (r["tenant_id"], r["user"]): sorted(date.fromisoformat(d) for d in r["days"])
            for r in lake.fetch(span).to_pylist()
        }
        self._kept: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for stream in streams:
            if stream["stream"] in ("interactive", "non-interactive"):
                self._kept[stream["tenant_id"]].append((stream["from"], stream["to"]))

    def there(self, tenant: str, box: str, kind: str, since: datetime, until: datetime) -> bool | None:
        """Whether the owner was there in a silence; None where no sign-ins of that time could say so."""
        within = [d for d in self._days.get((tenant, box), []) if since.date() < d < until.date()]
        if within:
            return True
        # beside the mailbox's own records, sign-ins of that time must have been kept for their absence to say anything
        near = (until - LIFE, until) if kind == "log-starts" else (since, since + LIFE)
        kept = self._kept.get(tenant, [])
        if (tenant, box) in self._days and any(begin <= near[0] and near[1] <= end for begin, end in kept):
            return False
        return None


# --- organisations that fall silent


def organisations(lake: Lake) -> Iterator[Left]:
    """Hours in which nothing of an organisation came through, though at that time of day something does."""
    h = lake.read("access_hours").filter(lambda t: t.tenant_id.notnull())
    every = h.group_by("tenant_id", "hour").agg(since=h.since.min(), until=h.until.max(), opened=h.opened.sum())
    by_tenant: dict[str, list[Row]] = defaultdict(list)
    for r in lake.fetch(every.order_by("tenant_id", "hour")).to_pylist():
        by_tenant[r["tenant_id"]].append(r)
    for tenant, rows in by_tenant.items():
        yield from _outages(tenant, rows, len(by_tenant))


def _outages(tenant: str, rows: list[Row], tenants: int) -> Iterator[Left]:
    first, last = _hour(rows[0]["hour"]), _hour(rows[-1]["hour"])
    whole = int((last - first) / HOUR) + 1
    counts: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for r in rows:
        counts[_kind(_hour(r["hour"]))].append(r["opened"] or 0)
    of = Counter(_kind(first + n * HOUR) for n in range(whole))
    odd_in = {kind: _emptiness(counts[kind], n) for kind, n in of.items()}
    line = bits.line(whole * tenants, FALSE_SILENCES) / bits.TENTHS
    for before, after in pairwise(rows):
        empty = [
            _hour(before["hour"]) + n * HOUR
            for n in range(1, int((_hour(after["hour"]) - _hour(before["hour"])) / HOUR))
        ]
        odd = sum(odd_in[kind] for kind in map(_kind, empty))
        if empty and odd >= line:
            meaning = (
                f"For {len(empty)} hours no access of the whole organisation came through, though at these times of the day "
                "there nearly always are some: records were lost, or not yet written when the log was exported."
            )
            yield Left("lost-hours", tenant, before["until"], after["since"], meaning)


def _emptiness(counts: list[int], hours: int) -> float:
    """How odd an hour without any record is, in bits.

    counts: records, but of synchronised folders, of each of those of the `hours` like it that had any. Either by how many of
    them had none, or, where all have many, by the negative binomial distribution with their mean and variance; no more than
    log2 of twice the records.
    """
    seldom = -math.log2(1 - (len(counts) + 0.5) / (hours + 1))
    if len(counts) < 2 or not any(counts):
        return seldom
    every = [*counts, *[0] * (hours - len(counts))]
    middle = mean(every)
    spread = max(variance(every), middle * 1.01)
    few = middle**2 / (spread - middle) * math.log2(spread / middle)
    return max(seldom, min(few, math.log2(2 * max(sum(every), 1))))


def _hour(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00:00")


def _kind(hour: datetime) -> tuple[bool, int]:
    """Weekends live by other hours."""
    return hour.weekday() >= 5, hour.hour


# --- mailboxes that hit the rate wall


def throttled(lake: Lake) -> Iterator[tuple[Left, list[str]]]:
    """After a record that says so, and after so many in a day that silence follows, messages opened are not logged for
    24 hours. With the records that say so."""
    a = lake.read("accesses")
    hit = a.filter(a.throttled).select("tenant_id", "mailbox", "time", "record_id")
    open_until: dict[tuple[str, str], list[tuple[datetime, datetime, list[str]]]] = defaultdict(list)
    for r in lake.fetch(hit.order_by(["time", "record_id"])).to_pylist():
        own = open_until[r["tenant_id"], r["mailbox"]]
        if own and r["time"] <= own[-1][1]:
            since, _, records = own.pop()
            own.append((since, r["time"] + BLIND, [*records, r["record_id"]]))
        else:
            own.append((r["time"], r["time"] + BLIND, [r["record_id"]]))
    for (tenant, mailbox), spans in open_until.items():
        for since, until, records in spans:
            meaning = (
                "The provider stopped logging single messages for 24 hours after too many accesses: what was accessed "
                "message by message in that time is not in the log; synchronised folders still are."
            )
            yield Left("throttled", tenant, since, until, meaning, mailbox=mailbox), records
    for tenant, mailbox, since in _walls(lake):
        if not any(begin - BLIND <= since <= end for begin, end, _ in open_until.get((tenant, mailbox), [])):
            meaning = (
                f"After {RATE_WALL} records in a day this mailbox fell silent, as where the provider stops logging single "
                "messages for 24 hours; the record that says so is missing. Synchronised folders are still logged."
            )
            yield Left("throttled", tenant, since, since + BLIND, meaning, mailbox=mailbox), []


def _walls(lake: Lake) -> Iterator[tuple[str, str, datetime]]:
    """Mailboxes with about as many records in a day as the provider writes at most, and none in the day after."""
    h = lake.read("access_hours")
    daily = h.group_by("tenant_id", "mailbox", day=h.hour[:10]).agg(n=h.opened.sum())
    likely = lake.write(
        "likely_walls", daily.filter(daily.n * 2 >= NEAR_THE_WALL).select("tenant_id", "mailbox").distinct()
    )
    if not lake.fetch(likely).num_rows:
        return
    a = lake.read("accesses")
    opened = a.filter((a.access != "sync") & a.time.notnull() & a.mailbox.notnull())
    rows = lake.fetch(
        opened.semi_join(likely, ["tenant_id", "mailbox"]).select("tenant_id", "mailbox", "time").order_by("time")
    ).to_pylist()
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for r in rows:
        times[r["tenant_id"], r["mailbox"]].append(r["time"])
    for (tenant, mailbox), own in sorted(times.items()):
        for i, (moment, after) in enumerate(zip(own, [*own[1:], None])):
            within = i + 1 - NEAR_THE_WALL >= 0 and moment - own[i + 1 - NEAR_THE_WALL] < DAY
            if within and after is not None and after - moment >= BLIND:
                yield tenant, mailbox, moment


# --- repeats


def repeats(lake: Lake, line: int) -> Iterator[Left]:
    """After each visit of a case, of whom a heavy act names, of a person of a case to any mailbox that is not his own, and
    after what is odd for a mailbox of a case: within the hour, the same message opened again from the same context leaves
    nothing. line: of single acts, in tenths; an act that weighs less than `HEAVY` of it names nobody, or in five mailboxes
    nearly every hour would be called blind."""
    visits: Table = lake.read("visits")
    acts = lake.read("acts").anti_join(lake.read("excused"), "act_id")
    inside = visits.semi_join(lake.read("case_acts").select(visit_id="act_id"), "visit_id")
    # not the leads alone, which are as many as a person reads: who comes after them is as likely an intruder
    heavy = acts.filter(acts.bits * HEAVY.denominator >= line * HEAVY.numerator)
    named = visits.semi_join(heavy.select(visit_id="act_id"), "visit_id").select("relationship_id")
    # who misused rights in one mailbox has them in others too, of which he made a habit long ago
    guests = visits.filter(visits.logon_type.isin(schema.GUESTS) & visits.tenant_id.notnull() & visits.actor.notnull())
    theirs = guests.semi_join(guests.semi_join(inside, "visit_id").select("tenant_id", "actor"), ["tenant_id", "actor"])
    there = visits.semi_join(_odd_there(lake, acts, inside).select(visit_id="act_id"), "visit_id")
    odd = inside.union(visits.semi_join(named, "relationship_id"), theirs, there)
    opened = odd.filter((odd.item_count > 0) & odd["last"].notnull())
    spans_of = ["tenant_id", "mailbox", "first", "last"]
    rows = opened.select(spans_of).distinct().order_by(spans_of)
    spans: dict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for r in lake.fetch(rows).to_pylist():
        spans[r["tenant_id"], r["mailbox"]].append((r["first"], r["last"] + REPEATS))
    meaning = (
        "Within an hour of an access the provider does not log that the same message was opened again by the same client "
        "from the same address: how often each was opened is not known."
    )
    for (tenant, mailbox), own in spans.items():
        for since, until in _merged(own):
            yield Left("repeats", tenant, since, until, meaning, mailbox=mailbox)


def _odd_there(lake: Lake, acts: Table, inside: Table) -> Table:
    """Acts in a mailbox of a case that are odder than `BY_CHANCE` of its own relationships would be: somebody is known to
    have been there, and may have come otherwise before. acts: those that may be odd; inside: the visits of cases."""
    visits = lake.read("visits").semi_join(inside, ["tenant_id", "mailbox"])
    boxes = visits.group_by("tenant_id", "mailbox").agg(n=lambda t: t.relationship_id.nunique())
    rows = lake.fetch(boxes.order_by("tenant_id", "mailbox")).to_pylist()
    lines = [{**r, "n": bits.line(r["n"], BY_CHANCE)} for r in rows]
    own = lake.put("mailbox_lines", pa.Table.from_pylist(lines, schema=LINES))
    return acts.inner_join(own, ["tenant_id", "mailbox"]).filter(lambda a: a.bits >= a.n).select("act_id")


def _merged(spans: Sequence[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """What overlaps, as one; spans: by their begin."""
    since, until = spans[0]
    for begin, end in spans[1:]:
        if begin > until:
            yield since, until
            since = begin
        until = max(until, end) if begin <= until else end
    yield since, until
