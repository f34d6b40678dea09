"""More messages or folders in one visit than is usual."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.evidence import NO, YES, Case, Reason, Tables, access, each_day

STEPS = (8, 16, 32, 64, 128, 256, 512, 1024)
COPYING = ("imap", "pop")
"""Programs of these protocols fetch all that there is when they are set up: what a new one fetches at once says nothing."""

REASON = Reason(
    name="breadth",
    title="Breadth of access",
    aspect="volume",
    unit="peak",
    levels=tuple(f"it accessed at least {n:,} messages, or folders where it synchronised" for n in STEPS),
    ground="measured",
    attack=("T1114.002", "T1119"),
    explains="How many messages, or how many folders by synchronisation, one visit accessed, against what is usual for "
    "this mailbox and this kind of client. Each doubling is a level.",
    misses="Slow and narrow access; what the log does not show since the same message was accessed within the hour; an IMAP or "
    "POP program that is new to the mailbox, since each copies all that there is.",
    benign=(("a search, a clean-up, a long journey offline", "the person; which folders and messages"),),
)

_LIFE = each_day(20, items=2)
CASES = (
    Case("two hundred at once", True, (*_LIFE, access(15.5, "probe", items=200))),
    Case("two, as always", False, (*_LIFE, access(15.5, "probe", items=2))),
    Case("three", False, (*_LIFE, access(15.5, "probe", items=3))),
    Case("all of it, by a mail program just set up", False, (*_LIFE, access(15.5, "probe", client="imap", items=900))),
    Case("all of it, by a browser just set up", True, (*_LIFE, access(15.5, "probe", app_id="other", items=900))),
    Case(
        "all of it, by a mail program long in use",
        True,
        (*each_day(20, client="imap", items=2), access(15.5, "probe", client="imap", items=900)),
    ),
)


def judge(tables: Tables) -> Table:
    """Visits by how many messages or folders they accessed; a client new to the mailbox, which fetches what there is, is
    compared with other new ones."""
    v = tables.visits.filter(~tables.visits.background)
    synced = v.sync_count > 0
    count = ibis.ifelse(synced, v.sync_count, v.item_count)
    level = ibis.literal(0)
    for step in STEPS:
        level = level + (count >= step).cast("int64")
    every = v.select(
        "relationship_id",
        "tenant_id",
        "box",
        "client",
        stratum=v.client + ibis.ifelse(synced, " sync", " bind"),
        unit_id=v.visit_id,
        level=level.cast("int64"),
    )
    fresh = every.filter(~every.client.isin(COPYING))
    fresh = fresh.mutate(stratum=fresh.stratum + " new", turn=ibis.literal(YES, "int64"))
    return every.mutate(turn=ibis.literal(NO, "int64")).union(fresh).drop("client")


def turned(tables: Tables) -> Table:
    """Relationships whose client is new to the mailbox."""
    return tables.standing.filter(tables.standing.client_level > 0).select("relationship_id")
