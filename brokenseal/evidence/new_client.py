"""A client or application that is new to this mailbox."""

from __future__ import annotations

from ibis import Table

from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="new_client",
    title="Client or application new to this mailbox",
    aspect="client",
    unit="relationship",
    levels=(
        "its client is new to this mailbox, and at home in three or more other mailboxes of the organisation",
        "its client is new to this mailbox, and at home in one or two other mailboxes of the organisation",
        "its client is known only to other organisations",
        "its client is at home in no mailbox",
    ),
    ground="measured",
    attack=("T1114.002", "T1078.004"),
    explains="A client is its protocol, its applications and its user agent without version numbers; absent is a value, "
    "since the web client names no calling application. It is at home where it is used in a network that knows another "
    "client too, or on half of the mailbox's days. This is how the intrusion of 2023 was noticed.",
    misses="An intruder who shows the victim's own browser.",
    benign=(
        ("a new phone, laptop or browser", "the person, and the device register"),
        ("an application rolled out to everybody", "who administers it, and whether all mailboxes saw it on one day"),
    ),
)

_BROWSER = {"client": "owa", "agent": "browser"}
_PHONE = {"client": "rest", "agent": "phone"}
_LIFE = (*each_day(20, **_BROWSER), *each_day(20, **_PHONE))
CASES = (
    Case("nobody's client", True, (*_LIFE, access(15.5, "probe", client="owa", agent="script"))),
    Case("another application", True, (*_LIFE, access(15.5, "probe", **_BROWSER, app_id="a-strange-app"))),
    Case("the usual phone elsewhere", False, (*_LIFE, access(15.5, "probe", **_PHONE, ip="203.0.113.9"))),
)


def judge(tables: Tables) -> Table:
    """Relationships by how well their client is known, history being without suspects."""
    r = tables.relations.join(tables.standing, "relationship_id")
    return r.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=r.period,
        unit_id=r.relationship_id,
        level=r.client_level,
    )
