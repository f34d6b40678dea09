"""Whole folders taken by a client that is new to this mailbox."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="folder_sync",
    title="Folders synchronised by a new client",
    aspect="client",
    unit="relationship",
    levels=(
        "it synchronises folders over a connection that is new to this mailbox, from a network that is known here",
        "it synchronises folders from a network that is not at home in this mailbox",
    ),
    ground="documented",
    attack=("T1114.002", "T1114.001"),
    explains="Desktop clients copy whole folders; one record a folder, no message named, and all of the folder must be "
    "taken as accessed. A new laptop does so once, in the first hours; so does a thief, from elsewhere.",
    misses="Clients other than the desktop's, which fetch message by message.",
    benign=(("a new or newly set up laptop", "the device register, and where the person was"),),
)

_LIFE = (*each_day(20, client="outlook", agent="laptop", access="sync"), *each_day(20))
CASES = (
    Case("from elsewhere", True, (*_LIFE, access(15.5, "probe", client="outlook", access="sync", ip="203.0.113.9"))),
    Case("at home", False, (*_LIFE, access(15.5, "probe", client="outlook", agent="laptop", access="sync"))),
    Case("no sync at all", False, (*_LIFE, access(15.5, "probe", client="owa", ip="203.0.113.9"))),
)


def judge(tables: Tables) -> Table:
    """Relationships by whether they synchronise, and how well their network and client are known."""
    r = tables.relations.join(tables.standing, "relationship_id")
    level = ibis.cases(
        ((r.syncs > 0) & (r.net_level > 0) & (r.net != "provider"), 2),
        ((r.syncs > 0) & (r.client_level > 0), 1),
        else_=0,
    )
    return r.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=r.period,
        unit_id=r.relationship_id,
        level=level.cast("int64"),
    )
