"""Visits to their issuance.

What: each visit is linked by its token, else by its session, else by circumstance; what carries a token or session and
is linked by none is an orphan where the sign-in logs are complete and settled, pending where they are not; what carries
neither is unlinkable. Why: the artefacts of forged tokens correspond to no sign-in, and that confirmed the forgery of
2023. How: equality joins; the unique token id decodes to the sign-in's request id. Misses: a forger may copy the id of
a token that was issued; then only the differences from that sign-in speak.
"""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.context import FINAL_HOURS, LOOK_BACK_MINUTES
from brokenseal.lake import Lake


def links(lake: Lake) -> None:
    """Write `visits` and `linkage`."""
    seen, signins = lake.read("unlinked"), lake.read("signins")
    token, session = _by_token(seen, signins), _by_session(seen, signins)
    circumstance = lake.write("circumstance", _by_circumstance(seen, signins))
    lake.write("visits", _linked(_covered(seen, lake.read("covered")), token, session, circumstance))
    lake.write("linkage", _linkage(lake.read("visits")))


def _covered(seen: Table, covered: Table) -> Table:
    """`complete`: every stream that would show this visit's token covers the visit."""
    out = seen
    for stream in ("interactive", "non-interactive", "service-principal"):
        # periods of a stream never overlap, so each visit lies in one at most
        periods = covered.filter(covered.stream == stream)
        periods = periods.select("start", "end", its_tenant="tenant_id", **{stream: ibis.literal(1)})
        within = [
            out.tenant_id == periods.its_tenant, out["first"] >= periods.start, out["first"] <= periods.end
        ]  # fmt: skip
        out = out.left_join(periods, within).drop("its_tenant", "start", "end")
    person = out["interactive"].notnull() & out["non-interactive"].notnull()
    application = ibis.coalesce(out.logon_type == "application", ibis.literal(False))
    complete = ibis.ifelse(application, out["service-principal"].notnull(), person)
    return out.mutate(complete=complete).drop("interactive", "non-interactive", "service-principal")


def _by_token(seen: Table, signins: Table) -> Table:
    joined = seen.filter(seen.token_id.notnull()).inner_join(signins, seen.token_id == signins.issuance_id)
    return joined.select("visit_id", token_issuance=joined.issuance_id)


def _by_session(seen: Table, signins: Table) -> Table:
    """The session's first sign-in, where it came before the visit's end."""
    sessions = signins.filter(signins.session_id.notnull())
    order = ibis.window(group_by="session_id", order_by=[sessions.time, sessions.issuance_id])
    first = sessions.mutate(nth=ibis.row_number().over(order))
    first = first.filter(first.nth == 0).select("session_id", session_issuance="issuance_id", opened="time")
    joined = seen.filter(seen.session_id.notnull()).inner_join(first, "session_id")
    return joined.filter(joined.opened <= joined.last).select("visit_id", "session_issuance")


def _by_circumstance(seen: Table, signins: Table) -> Table:
    """Same person, same address, same application, within a token's longest life. Never proof."""
    bare = seen.filter(seen.token_id.isnull() & seen.session_id.isnull() & (seen.ip_is == "caller"))
    joined = bare.inner_join(
        signins, [bare.tenant_id == signins.tenant_id, bare.actor == signins.user, bare.ip == signins.ip]
    )
    same_app = (
        (joined.app_id_right == joined.client_app_id)
        | (joined.app_id_right == joined.app_id)
        | (joined.resource_id == joined.app_id)
    )
    near = (joined.time <= joined["first"]) & (
        joined.time >= joined["first"] - ibis.interval(minutes=LOOK_BACK_MINUTES)
    )
    close = joined.filter(ibis.coalesce(same_app, ibis.literal(False)) & near)
    close = close.select("visit_id", "issuance_id", "time")
    order = ibis.window(group_by="visit_id", order_by=[ibis.desc(close.time), close.issuance_id])
    close = close.mutate(nth=ibis.row_number().over(order))
    return close.filter(close.nth == 0).select("visit_id", near_issuance="issuance_id")


def _linked(seen: Table, token: Table, session: Table, circumstance: Table) -> Table:
    out = seen
    for found in (token, session, circumstance):
        out = out.left_join(found, "visit_id")
        out = out.drop([c for c in out.columns if c.endswith("_right")])
    carries = out.token_id.notnull() | out.session_id.notnull()
    link = ibis.cases(
        (out.token_issuance.notnull(), "token"),
        (out.session_issuance.notnull(), "session"),
        (carries & out.complete, "orphan"),
        (carries, "pending"),
        (out.near_issuance.notnull(), "circumstantial"),
        else_="unlinkable",
    )
    out = out.mutate(
        link=link,
        issuance_id=ibis.coalesce(out.token_issuance, out.session_issuance, out.near_issuance),
    )
    return out.mutate(
        pending_until=ibis.ifelse(
            out.link == "pending", out["first"] + ibis.interval(hours=FINAL_HOURS), ibis.null("timestamp")
        )
    )


def _linkage(visits: Table) -> Table:
    """How often visits that could be linked are, in each stratum: the strength of an orphan."""
    able = visits.filter(
        visits.complete & (visits.token_id.notnull() | visits.session_id.notnull()) & ~visits.background
    )
    hit = able.link.isin(["token", "session"]).cast("int64")
    return able.group_by("tenant_id", "stratum").agg(visits=able.count(), linked=hit.sum().cast("int64"))
