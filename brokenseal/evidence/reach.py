"""One person who newly opens mailboxes of others: how many are too many.

What: `reach`, a row a person who newly opened two or more mailboxes that are not his own, and `reach_visits`, his visits
to them. Why: a delegate turned signs in as himself, at home, with the browser of every day; each act is what an assistant
does, and only their number is odd. How: the number is taken as geometric: a share of all persons newly opens any, and of
these a share goes on to each further one. Both shares are counted on others, and lean by 20 acts on what is assumed. What
reached at least as far in another organisation is no precedent, since a second intruder must not excuse the first; in his
own it is, since a service desk has colleagues. Misses: what was opened before; applications, which open everybody's by
nature; a person who opens many each week from the log's first days is judged by the same count.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from ibis import Table

from brokenseal import bits
from brokenseal.lake import Lake

KIND = "actor"
PERSONS = ("owner", "delegate", "admin")
OTHERS = ("delegate", "admin")
ANY = 0.5 / bits.PRIOR_ACTS
"""Assumed until counted: the share of persons who newly open a mailbox of somebody else's. What nobody was seen to do counts
as half an act, as everywhere."""
FURTHER = 0.25
"""Assumed until counted: who newly opened so many opens one more."""

_GROUPS = pa.schema(
    [("kind", pa.string()), ("value", pa.string()), ("boxes", pa.int64()), ("place", pa.int64())],
)


def reach(lake: Lake, *, isolate: bool = False) -> Table:
    """Write `reach` (kind, value, boxes, place: its weight in tenths) and `reach_visits` (visit_id, value).

    isolate: other organisations are not asked.
    """
    r = lake.read("relations")
    r = r.filter(~r.background & r.actor.notnull()).semi_join(lake.read("trusted"), "relationship_id")
    r = r.mutate(tenant_id=r.tenant_id.fill_null("?"))
    persons = r.filter(r.logon_type.isin(PERSONS)).select("tenant_id", "actor").distinct()
    sizes = lake.fetch(persons.group_by("tenant_id").agg(persons=persons.count())).to_pylist()
    pair = ["tenant_id", "actor", "box"]
    opened = r.filter(r.logon_type.isin(OTHERS)).select(*pair).distinct()
    new = lake.write("newly_opened", opened.anti_join(r.filter(r.period == "warm"), pair))
    counts = lake.fetch(new.group_by("tenant_id", "actor").agg(boxes=new.count())).to_pylist()
    rows = list(_weighed(counts, {s["tenant_id"]: s["persons"] for s in sizes}, isolate))
    visits = r.select("relationship_id", *pair).semi_join(new, pair)
    visits = lake.read("visits").select("visit_id", "relationship_id").join(visits, "relationship_id")
    lake.write("reach_visits", visits.select("visit_id", value=visits.tenant_id + " " + visits.actor))
    return lake.put("reach", pa.Table.from_pylist(rows, schema=_GROUPS))


def _weighed(counts: list[dict[str, Any]], persons: dict[str, int], isolate: bool) -> Iterable[dict[str, Any]]:
    """A row of `reach` for each who newly opened two or more."""
    here: dict[str, list[int]] = defaultdict(list)
    for row in sorted(counts, key=lambda c: (c["tenant_id"], c["actor"])):
        here[row["tenant_id"]].append(row["boxes"])
    for row in counts:
        if row["boxes"] < 2:
            continue
        tenant, own = row["tenant_id"], row["boxes"]
        colleagues = list(here[tenant])
        colleagues.remove(own)
        others = [] if isolate else [n for t, each in here.items() if t != tenant for n in each if n < own]
        elsewhere = 0 if isolate else sum(n for t, n in persons.items() if t != tenant)
        weight = oddness(own, colleagues, persons.get(tenant, 1) - 1, others, elsewhere)
        yield {"kind": KIND, "value": f"{tenant} {row['actor']}", "boxes": own, "place": bits.tenths(weight)}


def oddness(boxes: int, colleagues: list[int], persons: int, others: list[int], elsewhere: int) -> float:
    """The chance that a person newly opens so many mailboxes of others, in (0, 1]; of a span and its people likewise.

    colleagues, others: how many each precedent of the own organisation, and of others, newly opened; persons, elsewhere:
    how many persons there are.
    """
    lean = bits.PRIOR_ACTS
    share = (len(others) + lean * ANY) / (max(elsewhere, len(others)) + lean)
    share = (len(colleagues) + lean * share) / (max(persons, len(colleagues)) + lean)
    seen = [*colleagues, *others]
    further = (sum(seen) - len(seen) + lean * FURTHER) / (sum(seen) + lean)
    return max(share * math.pow(further, boxes - 1), 2.0**-200)
