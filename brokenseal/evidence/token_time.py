"""A token used outside its life."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.evidence import Case, Reason, Tables, access, each_day

BACK_DATED_SECONDS = 300
LIFE_MINUTES = 28 * 60 + 5

REASON = Reason(
    name="token_time",
    title="Token used before it was issued, too soon, or past its life",
    aspect="token",
    unit="peak",
    levels=(
        "its token was used more than 28 hours and 5 minutes after its issue time",
        "its token was used less than 300 seconds after the issue time written in it",
        "its token was used before the issue time written in it",
    ),
    ground="measured",
    attack=("T1606.002", "T1550.001"),
    explains="The provider writes an issue time five minutes before the moment of issue, so that no genuine token is "
    "used within 300 seconds of it; and none lives longer than 28 hours and 5 minutes. Who makes tokens himself and "
    "writes the present time breaks the first rule at once.",
    misses="A forger who knows the rule and back-dates; records without the issue time.",
    benign=(
        ("a change in how the provider writes issue times", "the same rule on this organisation's other tokens"),
        ("clocks of the provider's servers that differ by seconds", "how far outside its life the use lies"),
    ),
)

_LIFE = each_day(20, token_id="t1", issued_minutes=20)
CASES = (
    Case("issue time is now", True, (*_LIFE, access(15.5, "probe", token_id="x", issued_minutes=1))),
    Case("issue time is later", True, (*_LIFE, access(15.5, "probe", token_id="x", issued_minutes=-10))),
    Case("two days old", True, (*_LIFE, access(15.5, "probe", token_id="x", issued_minutes=2880))),
    Case("six minutes old", False, (*_LIFE, access(15.5, "probe", token_id="x", issued_minutes=6))),
    Case("28 hours old", False, (*_LIFE, access(15.5, "probe", token_id="x", issued_minutes=1680))),
    Case("no issue time", False, (*_LIFE, access(15.5, "probe", token_id="x"))),
)


def judge(tables: Tables) -> Table:
    """Visits whose token tells its issue time."""
    v = tables.visits
    timed = v.filter(v.token_issued_at.notnull())
    issued = timed.token_issued_at
    level = ibis.cases(
        (timed["first"] < issued, 3),
        (timed["first"] < issued + ibis.interval(seconds=BACK_DATED_SECONDS), 2),
        (timed["last"] > issued + ibis.interval(minutes=LIFE_MINUTES), 1),
        else_=0,
    )
    return timed.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=ibis.literal("tokens that tell their issue time"),
        unit_id=timed.visit_id,
        level=level.cast("int64"),
    )
