"""Groups weighed again without one of their reasons.

What: `group_without`, a row a loud group that draws somebody in and reason that it stands on. Why: a case is worth what is
left of it when its strongest reason falls, and a group falls otherwise than its heaviest act does. How: the members' acts
are added up anew without the reason, and so is what bears their place out; the place falls with the reason that speaks of
networks, the number of mailboxes that one person newly opened with the one that speaks of persons, that of people with
unissued tokens with the one that speaks of these. Misses: who would be no member any more without the reason stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal.evidence import burst, heaps, place, reach
from brokenseal.evidence.score import COMMON
from brokenseal.lake import Lake

PLACE, PERSON = "new_network", "new_actor"
"""The reasons that speak of what `place` weighs: in a group that shares a place, and in one of a person."""
COUNTED = {reach.KIND: PERSON, burst.KIND: burst.UNISSUED, heaps.KIND: burst.UNISSUED}
"""Kinds of groups whose number alone weighs, and the reason that speaks of it."""
CLIENT = "client"
ASPECTS = ("token", "volume", "intelligence", CLIENT)
_SCHEMA = pa.schema(
    [("kind", pa.string()), ("value", pa.string()), ("evidence", pa.string()), ("bits", pa.int64())],
)
Row = dict[str, Any]
Key = tuple[str, str]


def without(lake: Lake, keys: Table, groups: list[Row], weigh: Callable[[int, int, int], int]) -> None:
    """Write `group_without`: kind, value, evidence, bits (tenths).

    keys: `kind, value, visit_id, tenant_id, actor, apart, carried, net_level` of all who might be in a group; groups: those
    asked for; weigh: a group's weight from its number of actors, their sum and its place, in tenths.
    """
    rows: list[Row] = []
    of_place = [g for g in groups if g["kind"] not in COUNTED]
    totals = _totals(lake, keys) if of_place else {}
    for g in of_place:
        key = g["kind"], g["value"]
        left = {name: weigh(g["actors"], *total[key]) for name, total in totals.items() if key in total}
        if g["place"]:
            left[PLACE] = weigh(g["actors"], g["plain"], 0)
        rows += [_row(key, name, weight) for name, weight in left.items() if weight < g["weight"]]
    rows += [_row((g["kind"], g["value"]), COUNTED[g["kind"]], 0) for g in groups if g["kind"] in COUNTED]
    ordered = sorted(rows, key=lambda r: (r["kind"], r["value"], r["evidence"]))
    lake.put("group_without", pa.Table.from_pylist(ordered, schema=_SCHEMA))


def _row(key: Key, evidence: str, weight: int) -> Row:
    return {"kind": key[0], "value": key[1], "evidence": evidence, "bits": weight}


def _totals(lake: Lake, keys: Table) -> dict[str, dict[Key, tuple[int, int]]]:
    """For each reason, what the members of each group add up to without it, and what their place weighs then."""
    groups = lake.read("groups").select("kind", "value")
    mine = lake.write("group_keys", keys.semi_join(groups, ["kind", "value"]))
    hits = lake.read("hits").semi_join(mine, "visit_id")
    hits = lake.write("group_hits", hits.filter(hits.aspect.isin(ASPECTS)))
    names = lake.fetch(hits.select("evidence").distinct().order_by("evidence"))["evidence"].to_pylist()
    return {name: _total(lake, mine, hits.filter(hits.evidence != name)) for name in names}


def _total(lake: Lake, keys: Table, hits: Table) -> dict[Key, tuple[int, int]]:
    strongest = hits.group_by("visit_id", "aspect").agg(weight=hits.bits.max())
    client = strongest.aspect == CLIENT
    left = strongest.group_by("visit_id").agg(
        left=strongest.weight.sum(where=~client).cast("int64"), client=strongest.weight.sum(where=client).cast("int64")
    )
    each = keys.left_join(left, "visit_id")
    less = ibis.least(each.apart, ibis.coalesce(each.left, 0))
    borne = less + ibis.least(each.carried - each.apart, ibis.coalesce(each.client, 0))
    each = each.mutate(less=less, borne=borne)
    oddest = each.group_by("kind", "value", "tenant_id", "actor").agg(
        less=each.less.max(), carried=each.borne.max(), new=(each.net_level > COMMON).cast("int64").max()
    )
    totals = oddest.group_by("kind", "value").agg(total=oddest.less.sum().cast("int64"))
    placed = place.borne(lake.read("groups").select("kind", "value", "came", "first"), oddest)
    rows = lake.fetch(totals.join(placed, ["kind", "value"])).to_pylist()
    return {(r["kind"], r["value"]): (r["total"], r["place"]) for r in rows}
