"""One session or token in two networks."""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import Value

from brokenseal.evidence import NO, YES, Case, Reason, Tables, access, each_day

REASON = Reason(
    name="shared_session",
    title="One session or token in two networks",
    aspect="network",
    unit="peak",
    levels=(
        "its session or token is used from several networks, this one at home in the mailbox",
        "its session or token is used from several networks, this one at home nowhere in the mailbox",
    ),
    ground="measured",
    attack=("T1539", "T1550.004"),
    explains="Who steals a session or token uses it elsewhere, often beside its owner. Laptops and telephones carry their "
    "sessions from network to network, so that is counted, for each kind of client.",
    misses="A thief behind a proxy in the victim's own network; records without a session, as most of the provider's "
    "interfaces wrote until 2024.",
    benign=(
        ("a telephone or laptop that moves between networks", "whether the two networks overlap in time"),
        ("a VPN switched on or off", "who runs the second network"),
    ),
)

_MINE = {"session_id": "s1", "client": "owa", "agent": "browser"}
_LIFE = (*each_day(20, **_MINE), *each_day(20, session_id="s2", client="owa", agent="browser"))
CASES = (
    Case("another network", True, (*_LIFE, access(15.5, "probe", **_MINE, ip="203.0.113.9"))),
    Case("one network, one browser", False, (*_LIFE, access(15.5, "probe", **_MINE))),
    Case(
        "the provider's front end", False, (*_LIFE, access(15.5, "probe", **_MINE, ip="20.190.160.1", ip_is="provider"))
    ),
)


def judge(tables: Tables) -> Table:
    """Visits with a session or token, by where else and how else it is used."""
    v = tables.visits
    carrier = ibis.coalesce(v.session_id, v.token_id)
    used = v.mutate(carrier=carrier).filter(carrier.notnull() & (v.ip_is == "caller") & ~v.background)
    span = used.group_by("carrier").agg(first_net=used.net.min(), last_net=used.net.max())
    out = used.join(span, "carrier")
    nets = out.first_net != out.last_net
    return _levels(out, NO, ibis.ifelse(nets, 1, 0)).union(_levels(out, YES, ibis.ifelse(nets, 2, 0)))


def _levels(used: Table, turn: int, level: Value) -> Table:
    return used.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=used.client,
        unit_id=used.visit_id,
        level=level.cast("int64"),
        turn=ibis.literal(turn, "int64"),
    )


def turned(tables: Tables) -> Table:
    """Relationships whose network is nobody's home in their mailbox."""
    home = tables.pairs.filter(tables.pairs.vouches_net).select("tenant_id", "box", "net").distinct()
    r = tables.relations.select("relationship_id", "tenant_id", "box", "net")
    return r.anti_join(home, ["tenant_id", "box", "net"]).select("relationship_id")
