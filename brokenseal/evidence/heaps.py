"""Several people, each with more unissued tokens than chance explains: how many are too many.

What: `heaps`, a row an organisation in which two or more people's unissued tokens weigh `HEAVY` or more, and one of all
organisations together; and `heap_visits`, all visits of these people in the same kind of program with a token that nobody
issued. Why: who forges tokens at each victim's own provider, with the victim's own browser, keeps each victim just below the
line; that there are several of them is odd by itself. How: as `reach` counts mailboxes: a share of all people has such a heap,
and of these a share is followed by a further one of the same organisation. Both are counted on other organisations that had
fewer, and lean by 20 acts on what is assumed there. Of all organisations together one heap each is counted, the heaviest of who
is at home where he came from, since what loses sign-ins loses those of colleagues; that so many weigh so much is as odd as their
weights say. Misses: one victim; logs that lose the sign-ins of whole programs, where no token weighs so much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal import bits
from brokenseal.evidence import burst, reach
from brokenseal.lake import Lake

KIND = "heaps"
EVERYWHERE = "*"
"""Named as a group's organisation: all of them."""
HEAVY = 80
"""Tenths of a bit: what the unissued tokens of one relationship weigh at least to be a heap."""
_WHO = ("tenant_id", "actor", "stratum")
Row = dict[str, Any]


def heaps(lake: Lake, line: int, *, isolate: bool = False) -> Table:
    """Write `heaps` (kind, value, people, place: its weight in tenths) and `heap_visits` (visit_id, value).

    line: of single acts, in tenths; what reaches it by itself is counted with nobody. isolate: other organisations are not
    asked.
    """
    odd, orphans = _odd(lake, line)
    met = lake.fetch(odd.group_by("tenant_id").agg(people=odd.actor.nunique())).to_pylist()
    everybody = lake.read("visits").filter(lambda v: v.actor.notnull() & ~v.background)
    everybody = everybody.select("actor", tenant_id=everybody.tenant_id.fill_null("?")).distinct()
    persons = lake.fetch(everybody.group_by("tenant_id").agg(n=ibis._.count())).to_pylist() if met else []
    rows = list(_weighed(met, {p["tenant_id"]: p["n"] for p in persons}, isolate))
    members = orphans.semi_join(odd, list(_WHO)).select("visit_id", value="tenant_id")
    if not isolate:
        # who came from elsewhere is told by his place, and must not draw in who merely lost a sign-in
        home = odd.filter(odd.at_home)
        rows += _together(lake, home)
        there = orphans.semi_join(home, list(_WHO)).select("visit_id", value=ibis.literal(EVERYWHERE))
        members = members.union(there)
    lake.write("heap_visits", members)
    return lake.put("heaps", pa.Table.from_pylist(rows, schema=burst.SCHEMA))


def _odd(lake: Lake, line: int) -> tuple[Table, Table]:
    """The visits of heaps that little else tells, with what their tokens weigh (`heap`); and all visits with a token that
    nobody issued."""
    hits = lake.read("hits").filter(lambda h: (h.evidence == burst.UNISSUED) & (h.bits >= HEAVY))
    judged = lake.read("judged").filter(lambda j: j.bits < line).select("visit_id", "at_home")
    visits = lake.read("visits").filter(lambda v: v.actor.notnull())
    visits = visits.select("visit_id", "actor", "stratum", "link", tenant_id=visits.tenant_id.fill_null("?"))
    odd = visits.join(hits.select("visit_id", heap="bits"), "visit_id").join(judged, "visit_id")
    # who came from elsewhere and is doubted is told by more than his heap; who is at home is another of the same
    told = odd.filter(~odd.at_home).semi_join(lake.read("doubted"), "visit_id")
    return odd.anti_join(told, "visit_id"), visits.filter(visits.link == "orphan")


def _together(lake: Lake, odd: Table) -> Iterator[Row]:
    """The group of all organisations that have a heap, each with its heaviest."""
    heaviest = odd.group_by("tenant_id").agg(people=odd.actor.nunique(), heap=odd.heap.max())
    met = lake.fetch(heaviest.order_by("tenant_id")).to_pylist()
    if len(met) > 1:
        relations = lake.read("relations")
        acts = lake.fetch(relations.agg(n=relations.count()))["n"][0].as_py()
        chance = bits.several([r["heap"] for r in met], acts)
        people = sum(r["people"] for r in met)
        yield {"kind": KIND, "value": EVERYWHERE, "people": people, "place": bits.tenths(chance)}


def _weighed(met: list[Row], persons: dict[str, int], isolate: bool) -> Iterator[Row]:
    for row in sorted(met, key=lambda r: r["tenant_id"]):
        tenant, own = row["tenant_id"], row["people"]
        if own < 2:
            continue
        others = [] if isolate else [r["people"] for r in met if r["tenant_id"] != tenant and r["people"] < own]
        elsewhere = 0 if isolate else sum(n for t, n in persons.items() if t != tenant)
        chance = reach.oddness(own, [], max(persons.get(tenant, 1) - own, 0), others, elsewhere)
        yield {"kind": KIND, "value": tenant, "people": own, "place": bits.tenths(chance)}
