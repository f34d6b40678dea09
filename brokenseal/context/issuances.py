"""What the sign-in logs cover.

What: `streams` (first, last and number of records of each log of each tenant), `covered` (the periods in which a token's
issuance would show, by kind of sign-in) and `signins`, one row a token given out. Why: a token without issuance means
something only where the logs that would show it are complete and settled. How: a period is covered while sign-ins of a
stream follow one another by less than SILENCE; it counts from LOOK_BACK after its start, since a token in use may have
been issued that long ago. How far a log reaches is told by its last record; where two streams are handed over in the same
files, as by a collector who asks for all sign-ins, the later tells it for both, since a quiet evening of one is no end.
The unified log's UserLoggedIn is an issuance only where no sign-in log has it, and never covers anything: it holds
interactive sign-ins alone. Misses: a stream that loses single records looks complete.
"""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import Value

from brokenseal.beside import beside
from brokenseal.context import LOOK_BACK_MINUTES
from brokenseal.lake import Lake

SILENCE_HOURS = 48
SETTLE_HOURS = 2
_PAIR = ["tenant_id", "stream", "other"]


def issuances(lake: Lake) -> None:
    """Write `streams`, `signins`, `covered`."""
    given, accesses = _placed(lake.read("issuances"), lake.read("domains")), lake.read("accesses")
    lake.write("streams", _streams(given, accesses))
    lake.write("signins", _signins(_known(given, lake.read("aliases")), lake.read("networks")))
    lake.write("covered", _covered(given, lake.read("records")))


def _placed(given: Table, domains: Table) -> Table:
    """Sign-ins that name no organisation get the one that their user's domain belongs to."""
    domain = ibis.ifelse(given.tenant_id.isnull(), given.user.re_extract("@([^@]*)$", 1), ibis.null("string"))
    out = beside(given.mutate(domain=domain), domains, "domain")
    return out.mutate(tenant_id=ibis.coalesce(out.tenant_id, out.domain_tenant)).drop("domain", "domain_tenant")


def _known(given: Table, aliases: Table) -> Table:
    """Users by the address that they are known by."""
    named = given.mutate(
        alias=ibis.coalesce(ibis.literal("o:") + given.user_object_id, ibis.literal("a:") + given.user),
        home=ibis.coalesce(given.home_tenant_id, given.tenant_id),
    )
    out = beside(named, aliases.select("alias", "known_as", home="tenant_id"), ["home", "alias"])
    return out.mutate(user=ibis.coalesce(out.known_as, out.user)).drop("alias", "home", "known_as")


def _streams(given: Table, accesses: Table) -> Table:
    logs = given.select("tenant_id", "stream", "time").union(
        accesses.select("tenant_id", stream=ibis.literal("access"), time=accesses.time)
    )
    timed = logs.filter(logs.time.notnull())
    return timed.group_by("tenant_id", "stream").agg(
        **{"from": timed.time.min(), "to": timed.time.max(), "records": timed.count()}
    )


def _signins(given: Table, networks: Table) -> Table:
    """One row a token: the sign-in log's own record before the unified log's echo of it."""
    good = given.filter((given.outcome == "success") & given.issuance_id.notnull() & given.time.notnull())
    echo = (good.stream == "unified-audit").cast("int64")
    nth = ibis.row_number().over(ibis.window(group_by="issuance_id", order_by=[echo, good.record_id]))
    first = good.mutate(nth=nth)
    first = first.filter(first.nth == 0).left_join(networks.select("ip", "net"), "ip")
    return first.select(
        "issuance_id", "tenant_id", "home_tenant_id", "user", "user_object_id", "app_id", "resource_id", "ip", "net",
        "user_agent", "session_id", "time", "stream",
    )  # fmt: skip


def _covered(given: Table, records: Table) -> Table:
    """Unbroken periods of each tenant's sign-in streams."""
    logged = given.filter((given.stream != "unified-audit") & given.time.notnull())
    logged = logged.select("tenant_id", "stream", "time", "record_id")
    times = logged.select("tenant_id", "stream", "time").distinct()
    order = ibis.window(group_by=["tenant_id", "stream"], order_by="time")
    steps = times.mutate(previous=times.time.lag().over(order))
    cut = steps.previous.isnull() | (steps.time > steps.previous + ibis.interval(hours=SILENCE_HOURS))
    steps = steps.mutate(cut=cut.cast("int64"))
    running = ibis.window(group_by=["tenant_id", "stream"], order_by="time", preceding=None, following=0)
    periods = steps.mutate(part=steps.cut.sum().over(running).cast("int64"))
    spans = periods.group_by("tenant_id", "stream", "part").agg(start=periods.time.min(), end=periods.time.max())
    ends = beside(spans, _reaching(logged, records), ["tenant_id", "stream", "end"])
    # in the midst of a log no silence may be longer, nor at its end
    longest = ends.end + ibis.interval(hours=SILENCE_HOURS)
    spans = ends.mutate(end=ibis.least(ibis.coalesce(ends.reaches, ends.end), longest))
    return spans.select(
        "tenant_id",
        "stream",
        start=spans.start + ibis.interval(minutes=LOOK_BACK_MINUTES),
        # what was issued in the last hours may not have arrived
        end=spans.end - ibis.interval(hours=SETTLE_HOURS),
    )


def _reaching(logged: Table, records: Table) -> Table:
    """Streams that end before another one that is handed over in the same files: tenant_id, stream, end, and how far that
    one reaches.

    logged: `tenant_id, stream, time, record_id`. Two streams are handed over together where the last record of one stands in
    a file with the record of the other that is next before it, or next after it.
    """
    ends = logged.group_by("tenant_id", "stream").agg(end=logged.time.max())
    reach = ends.join(ends.rename(other="stream", reaches="end"), "tenant_id")
    reach = reach.filter(reach.reaches > reach.end)
    met = reach.join(logged.rename(other="stream"), ["tenant_id", "other"])
    before, after = met.filter(met.time <= met.end), met.filter(met.time >= met.end)
    last = reach.join(logged.rename(end="time"), ["tenant_id", "stream", "end"]).select(
        *_PAIR, "record_id", its=ibis.literal(True)
    )
    sides = ibis.union(last, _first(before, ibis.desc("time")), _first(after, "time"))
    files = records.select("record_id", "file_sha256", "member").semi_join(sides, "record_id")
    held = sides.join(files, "record_id").group_by(*_PAIR, "file_sha256", "member")
    both = held.agg(sides=ibis._.its.nunique()).filter(ibis._.sides == 2)
    together = reach.semi_join(both, _PAIR)
    return together.group_by("tenant_id", "stream", "end").agg(reaches=together.reaches.max())


def _first(rows: Table, order: Value | str) -> Table:
    """Of each pair of streams the other's first record."""
    ordered = rows.mutate(nth=ibis.row_number().over(ibis.window(group_by=_PAIR, order_by=[order, "record_id"])))
    return ordered.filter(ordered.nth == 0).select(*_PAIR, "record_id", its=ibis.literal(False))
