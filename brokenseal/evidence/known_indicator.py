"""Does the visit carry something that others know from intrusions?

What: an address, range, user agent, application, session or token of a list that was handed over. Why: it is the oldest
evidence there is. How: two levels, a range or program below an exact address, session or token; how often benign visits
carry what is listed is counted, so that a list with the office gateway on it weighs nothing. Misses: below.
"""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="known_indicator",
    title="Known indicator",
    aspect="intelligence",
    unit="peak",
    levels=(
        "its address range, user agent or application is on a list of known indicators",
        "its address, session or token is on a list of known indicators",
    ),
    ground="measured",
    attack=("T1078.004",),
    explains="Lists of addresses, user agents, applications, sessions and tokens that others have seen in intrusions. "
    "What stands on a list is evidence like any other: how often benign visits of this organisation carry something "
    "listed is counted, and a list that names what everybody uses weighs nothing.",
    misses="Whoever changes his infrastructure; a list that is out of date.",
    benign=(
        ("an address that changed hands since it was listed", "when it was listed, and who held it at the visit"),
        ("a shared VPN, proxy or carrier address", "who else uses it, and since when"),
        ("a common program that is listed by its name", "how many people of the organisation use it"),
    ),
)

_LIST = (("address", "192.0.2.66"), ("range", "192.0.2.128/25"), ("user agent", "evil-sync/1.0"))
_LIFE = each_day(20)
CASES = (
    Case("address on the list", True, (*_LIFE, access(15.5, "probe", ip="192.0.2.66")), indicators=_LIST),
    Case("range on the list", True, (*_LIFE, access(15.5, "probe", ip="192.0.2.200")), indicators=_LIST),
    Case("user agent on the list", True, (*_LIFE, access(15.5, "probe", user_agent="evil-sync/1.0")), indicators=_LIST),
    Case("a neighbour of the range", False, (*_LIFE, access(15.5, "probe", ip="192.0.2.67")), indicators=_LIST),
    Case("nothing that is listed", False, (*_LIFE, access(15.5, "probe", ip="203.0.113.9")), indicators=_LIST),
)


def judge(tables: Tables) -> Table:
    """Visits, by whether something listed is in them."""
    listed = tables.known.filter(tables.known.kind == "indicator")
    # without a list there is nothing to count
    v = tables.visits.filter(~tables.visits.background & (listed.count().as_scalar() > 0))
    listed = listed.group_by("visit_id").agg(listed=listed.level.max())
    joined = beside(v, listed, "visit_id")
    return joined.select(
        "relationship_id",
        "tenant_id",
        "box",
        "stratum",
        unit_id=joined.visit_id,
        level=ibis.coalesce(joined.listed, ibis.literal(0)).cast("int64"),
    )
