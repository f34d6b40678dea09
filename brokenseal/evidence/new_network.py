"""A network that is new to this mailbox."""

from __future__ import annotations

from ibis import Table

from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="new_network",
    title="Network new to this mailbox",
    aspect="network",
    unit="relationship",
    levels=(
        "its network is new to this mailbox, and at home in three or more other mailboxes of the organisation",
        "its network is new to this mailbox, and at home in one or two other mailboxes of the organisation",
        "its network is known only to other organisations",
        "its network is at home in no mailbox",
    ),
    ground="measured",
    attack=("T1078.004", "T1090"),
    explains="Each mailbox has its networks. A network vouches for nothing by having been used: it must be used by a "
    "client that the mailbox also uses elsewhere, or on half of the mailbox's days. Counted once a relationship.",
    misses="An intruder in the network of the victim's own provider, or in a VPN that the staff use.",
    benign=(
        ("travel, a new home, a new carrier", "the person, asked by telephone"),
        ("a VPN or proxy newly put to use", "who runs the network, and other people's visits from it"),
    ),
)

HOME = {"ip": "198.51.100.7"}
OFFICE = {"ip": "192.0.2.10"}
_LAPTOP = {"client": "outlook", "agent": "laptop"}
_LIFE = (*each_day(20, **HOME, **_LAPTOP), *each_day(20, **OFFICE, **_LAPTOP), *each_day(20, **HOME))
CASES = (
    Case("nobody's network", True, (*_LIFE, access(15.5, "probe", ip="203.0.113.9", agent="other"))),
    Case(
        "a network of three colleagues",
        True,
        (
            *_LIFE,
            *(a for b in ("b", "c", "d") for a in each_day(9, box=b, ip="203.0.113.9")),
            access(15.5, "probe", ip="203.0.113.9", agent="other"),
        ),
    ),
    Case("at home with another client", False, (*_LIFE, access(15.5, "probe", **HOME, agent="phone"))),
    Case("the provider's front end", False, (*_LIFE, access(15.5, "probe", ip="20.190.160.1", ip_is="provider"))),
)


def judge(tables: Tables) -> Table:
    """Relationships by how well their network is known, history being without suspects."""
    r = tables.relations.join(tables.standing, "relationship_id")
    r = r.filter(~r.net.isin(["provider", "none"]))
    return r.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=r.period,
        unit_id=r.relationship_id,
        level=r.net_level,
    )
