"""A token id of a shape that was never issued."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="token_shape",
    title="Token id of a shape that the provider has not been seen to issue",
    aspect="token",
    unit="peak",
    levels=("its token id has a length or an ending that the provider has not been seen to issue",),
    ground="measured",
    attack=("T1606.002",),
    explains="A token id is the 16 bytes of the sign-in's request id, and all request ids seen so far (585 of 585, of "
    "several tenants, 2021 to 2026) end in the byte 00, 01 or 02. Who makes up an id at random fits by chance about "
    "once in 85 tries. The rule is not documented, so it is counted on this organisation's own tokens before it weighs.",
    misses="A forger who ends his ids as the provider does.",
    benign=(("the provider issues other endings by now", "the share of this organisation's tokens with that ending"),),
)

_LIFE = each_day(20, token_id="t1")
CASES = (
    Case("odd ending", True, (*_LIFE, access(15.5, "probe", token_id="x", token_id_odd=True))),
    Case("ordinary ending", False, (*_LIFE, access(15.5, "probe", token_id="x", token_id_odd=False))),
    Case("no token", False, (*_LIFE, access(15.5, "probe"))),
)


def judge(tables: Tables) -> Table:
    """Visits with a token id."""
    v = tables.visits
    carrying = v.filter(v.token_id.notnull())
    return carrying.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=ibis.literal("token ids"),
        unit_id=carrying.visit_id,
        level=ibis.ifelse(ibis.coalesce(carrying.token_id_odd, ibis.literal(False)), 1, 0).cast("int64"),
    )
