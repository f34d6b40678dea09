"""Visits to their issuance.

What: each visit is linked by its token, else by its session, else by circumstance; what carries a token or session and
is linked by none is an orphan where the sign-in logs are complete and settled, pending where they are not; what carries
neither is unlinkable. Why: the artefacts of forged tokens correspond to no sign-in, and that confirmed the forgery of
2023. How: equality joins; the unique token id decodes to the sign-in's request id. Tokens and sessions are
looked up once each, however many visits they carry. Misses: a forger may copy the id of
a token that was issued; then only the differences from that sign-in speak.
"""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.context import FINAL_HOURS, LOOK_BACK_MINUTES


def issued(carriers: Table, signins: Table) -> Table:
    """Carriers (token_id, session) with the issuance of each: by token, and by session with when that was `opened`."""
    by_token = signins.select(token_id="issuance_id", token_issuance="issuance_id")
    sessions = signins.filter(signins.session_id.notnull())
    order = ibis.window(group_by="session_id", order_by=[sessions.time, sessions.issuance_id])
    first = sessions.mutate(nth=ibis.row_number().over(order))
    first = first.filter(first.nth == 0).select(session="session_id", session_issuance="issuance_id", opened="time")
    out = carriers
    for found, key in ((by_token, "token_id"), (first, "session")):
        out = beside(out, found, key)
    return out


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


def circumstance(bare: Table, signins: Table, key: list[str]) -> Table:
    """Visits without token and session (`key` names one; tenant_id, actor, ip, app_id, client_app_id, first) with
    `near_issuance`: same person, same address, same application, within a token's longest life. Never proof."""
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
    close = close.select(*key, "issuance_id", "time")
    order = ibis.window(group_by=key, order_by=[ibis.desc(close.time), close.issuance_id])
    close = close.mutate(nth=ibis.row_number().over(order))
    return close.filter(close.nth == 0).select(*key, near_issuance="issuance_id")


def linked(seen: Table, covered: Table) -> Table:
    """Visits, with what `issued` and `circumstance` found for each, as they are linked."""
    out = _covered(seen, covered)
    carries = out.token_id.notnull() | out.session_id.notnull()
    session = ibis.ifelse(out.opened <= out["last"], out.session_issuance, ibis.null("string"))
    link = ibis.cases(
        (out.token_issuance.notnull(), "token"),
        (session.notnull(), "session"),
        (carries & out.complete, "orphan"),
        (carries, "pending"),
        (out.near_issuance.notnull(), "circumstantial"),
        else_="unlinkable",
    )
    out = out.mutate(link=link, issuance_id=ibis.coalesce(out.token_issuance, session, out.near_issuance))
    pending = out["first"] + ibis.interval(hours=FINAL_HOURS)
    return out.mutate(pending_until=ibis.ifelse(out.link == "pending", pending, ibis.null("timestamp"))).drop(
        "token_issuance", "session_issuance", "opened", "near_issuance"
    )


def linkage(visits: Table) -> Table:
    """How often visits that could be linked are, in each stratum: the strength of an orphan."""
    able = visits.filter(
        visits.complete & (visits.token_id.notnull() | visits.session_id.notnull()) & ~visits.background
    )
    hit = able.link.isin(["token", "session"]).cast("int64")
    return able.group_by("tenant_id", "stratum").agg(visits=able.count(), linked=hit.sum().cast("int64"))
