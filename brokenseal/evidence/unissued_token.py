"""A token or session that no sign-in in the logs gave out."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day, signed_in, signin

REASON = Reason(
    name="unissued_token",
    title="Token without a sign-in in these logs",
    aspect="token",
    unit="visit",
    levels=(
        "its session is known, but no sign-in in these logs issued its token",
        "no sign-in in these logs issued its token or session; this person does sign in from this network",
        "no sign-in in these logs issued its token or session, and in these logs this person never signs in from this network",
    ),
    ground="documented",
    attack=("T1606.002", "T1550.001"),
    own=False,
    explains="By its documentation the provider writes a sign-in for each token it gives out, and the mailbox's log names "
    "the token that opened it. Where a visit's token and session appear in no sign-in log though those logs are complete, "
    "either the provider never gave the token out, or its sign-in was not logged. For some programs hardly any is, so "
    "this is counted: it weighs as much as other visits of its kind are linked as a rule, and nothing where they are not.",
    misses="A forger who copies the id of a token that was issued; records without token and session; tokens issued "
    "by streams that were not exported; guests, whose home organisation issues their tokens.",
    benign=(
        ("a sign-in stream was not exported, or lost records", "the provider's own sign-in logs for the token id"),
        ("a sign-in that arrives late", "the same export, taken three days later"),
        ("a token minted between the provider's own services", "the provider: is this client one of its services?"),
        ("a guest or partner, whose token the home organisation issued", "the home organisation's sign-in logs"),
        (
            "a session older than the logs",
            "older exports of the sign-ins, or a log archive of the organisation: the provider keeps thirty days by default",
        ),
    ),
)

_LIFE = each_day(20, token_id="t1", session_id="s1")
_SIGNS = signed_in(24, issuance_id="t1", session_id="s1")
CASES = (
    Case("orphan from elsewhere", True, (*_LIFE, access(15.5, "probe", token_id="x", ip="203.0.113.9")), _SIGNS),
    Case("orphan at home", True, (*_LIFE, access(15.5, "probe", token_id="x")), _SIGNS),
    Case(
        "a guest, whose token was issued at home",
        False,
        (*_LIFE, access(15.5, "probe", actor="guest@partner.example", token_tenant_id="partner", token_id="x")),
        (*_SIGNS, signin(3, "g1", user="guest@partner.example", home_tenant_id="partner")),
    ),
    Case("issued", False, (*_LIFE, access(15.5, "probe", token_id="t1", session_id="s1")), _SIGNS),
    Case("no sign-in logs at all", False, (*_LIFE, access(15.5, "probe", token_id="x")), ()),
    Case("neither token nor session", False, (*_LIFE, access(15.5, "probe")), _SIGNS),
    Case("newer than the sign-in logs", False, (*_LIFE, access(30, "probe", token_id="x")), _SIGNS),
)


def judge(tables: Tables) -> Table:
    """Visits that could be linked, by whether they are and from where."""
    v = tables.visits
    able = v.filter(v.complete & (v.token_id.notnull() | v.session_id.notnull()) & ~v.background)
    s = tables.signins
    home = s.select("tenant_id", actor=s.user, net=s.net).distinct().mutate(signs_in=ibis.literal(1))
    joined = beside(able, home, ["tenant_id", "actor", "net"])
    joined = beside(joined, tables.guests(), ["tenant_id", "actor", "token_tenant_id"])
    # the tokens of guests are issued, and in part logged, at home
    joined = joined.filter(joined.guest.isnull())
    odd = ibis.ifelse(joined.signs_in == 1, 2, 3)
    level = ibis.cases(
        (joined.link == "orphan", odd),
        ((joined.link == "session") & joined.token_id.notnull(), 1),
        else_=0,
    )
    return joined.select(
        "relationship_id",
        "tenant_id",
        "box",
        "stratum",
        unit_id=joined.visit_id,
        level=level.cast("int64"),
        # one lost sign-in orphans every visit of its token: the token is what counts
        cluster=ibis.coalesce(joined.token_id, joined.session_id),
    )
