"""A token of a foreign tenant, or of another person."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day, signed_in, signin

REASON = Reason(
    name="foreign_token",
    title="Token of a foreign tenant or another person",
    aspect="token",
    unit="peak",
    levels=(
        "its token belongs to another organisation, whose people do sign in here",
        "its token belongs to another organisation, none of whose people signs in here",
        "its token names another person than the one who is said to act",
    ),
    ground="documented",
    attack=("T1606.002", "T1199"),
    explains="The record holds the tenant and the subject of the token. A token of another tenant, or of another "
    "subject than the actor, should not open this mailbox unless guests or partners are the rule here.",
    misses="Records that carry neither tenant nor subject, as all did until 2024; a forger who writes the right ones.",
    benign=(
        ("a partner or guest with delegated rights", "the partner relations and guest accounts of the organisation"),
        ("an account that was deleted and made again under the same name", "the directory's audit log"),
    ),
)

_HOME = {"token_id": "t1", "token_tenant_id": "tenant", "token_object_id": "object-ann"}
_LIFE = each_day(20, **_HOME)
_SIGNS = signed_in(24, issuance_id="t1")
CASES = (
    Case("another tenant", True, (*_LIFE, access(15.5, "probe", **{**_HOME, "token_tenant_id": "other"})), _SIGNS),
    Case("another person", True, (*_LIFE, access(15.5, "probe", **{**_HOME, "token_object_id": "object-bob"})), _SIGNS),
    Case(
        "a guest with the token of his own organisation",
        False,
        (*_LIFE, access(15.5, "probe", actor="guest@partner.example", token_tenant_id="partner")),
        (*_SIGNS, signin(3, "g1", user="guest@partner.example", home_tenant_id="partner")),
    ),
    Case("own tenant, own person", False, (*_LIFE, access(15.5, "probe", **_HOME)), _SIGNS),
    Case("nothing said", False, (*_LIFE, access(15.5, "probe", token_id="t1")), _SIGNS),
)


def judge(tables: Tables) -> Table:
    """Visits whose token names a tenant or a subject."""
    v, s = tables.visits, tables.signins
    named = v.filter((v.token_tenant_id.notnull() | v.token_object_id.notnull()) & ~v.background)
    guests = tables.guests()
    partners = guests.select("tenant_id", "token_tenant_id").distinct().mutate(partner=ibis.literal(1))
    people = (
        s.filter(s.user_object_id.notnull())
        .group_by("tenant_id", actor=s.user)
        .agg(least=s.user_object_id.min(), most=s.user_object_id.max())
    )
    people = people.filter(people.least == people.most).select("tenant_id", "actor", known="least")
    joined = beside(named, partners, ["tenant_id", "token_tenant_id"])
    joined = beside(joined, people, ["tenant_id", "actor"])
    joined = beside(joined, guests, ["tenant_id", "actor", "token_tenant_id"])
    known = ibis.coalesce(joined.user_object_id, joined.known)
    level = ibis.cases(
        (joined.token_object_id != known, 3),
        # a guest carries the token of his own organisation; that he is one is for other reasons to weigh
        (joined.guest == 1, 0),
        ((joined.token_tenant_id != joined.tenant_id) & joined.partner.isnull(), 2),
        (joined.token_tenant_id != joined.tenant_id, 1),
        else_=0,
    )
    return joined.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=ibis.literal("tokens that name tenant or subject"),
        unit_id=joined.visit_id,
        level=level.cast("int64"),
    )
