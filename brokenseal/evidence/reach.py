"""One person who newly opens mailboxes of others: how many are too many.

What: `reach`, a row a person who newly opened two or more mailboxes that are not his own, and `reach_visits`, his visits
to them. Why: a delegate turned signs in as himself, at home, with the browser of every day; each act is what an assistant
does, and only their number is odd, and in how many he reads. How: both numbers are taken as geometric, and the odder one
weighs: a share of all persons newly opens any, and of these a share goes on to each further one. Both shares are counted on
others, and lean by 20 acts on what is assumed. Who looked into as many is a precedent everywhere, as service desks are. Who
read in as many in another organisation is none, since a second intruder must not excuse the first. Misses: what was opened
before; the mailboxes of teams; applications, which open everybody's by nature; who opens many and reads little where desks do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal import bits, schema
from brokenseal.lake import Lake

KIND = "actor"
PERSONS = ("owner", *schema.GUESTS)
DEPTHS = (1, 8)
"""From how many messages on a mailbox counts as opened, and as read: a service desk opens many and reads in few. A folder counts
as one each time it is synchronised: a program does so by itself where a mailbox is looked into once."""
TEAM = 3
"""What more persons than these open besides its owner is a team's mailbox."""
ANY = 0.5 / bits.PRIOR_ACTS
"""Assumed until counted: the share of persons who newly open a mailbox of somebody else's. What nobody was seen to do counts
as half an act, as everywhere."""
FURTHER = 0.25
"""Assumed until counted: who newly opened so many opens one more."""
_PAIR = ("tenant_id", "actor", "box")
_GROUPS = pa.schema(
    [("kind", pa.string()), ("value", pa.string()), ("boxes", pa.int64()), ("place", pa.int64())],
)
Row = dict[str, Any]


def reach(lake: Lake, *, isolate: bool = False) -> Table:
    """Write `reach` (kind, value, boxes, place: its weight in tenths) and `reach_visits` (visit_id, value).

    isolate: other organisations are not asked.
    """
    r = lake.read("relations")
    r = r.filter(~r.background & r.actor.notnull()).semi_join(lake.read("trusted"), "relationship_id")
    r = r.mutate(tenant_id=r.tenant_id.fill_null("?"))
    persons = r.filter(r.logon_type.isin(PERSONS)).select("tenant_id", "actor").distinct()
    sizes = lake.fetch(persons.group_by("tenant_id").agg(persons=persons.count())).to_pylist()
    new = lake.write("newly_opened", _new(lake, r.filter(r.logon_type.isin(schema.GUESTS))))
    counts = lake.fetch(
        new.group_by("tenant_id", "actor").agg(
            **{f"from_{d}": (new.messages >= d).cast("int64").sum().cast("int64") for d in DEPTHS}
        )
    ).to_pylist()
    rows = list(_weighed(counts, {s["tenant_id"]: s["persons"] for s in sizes}, isolate))
    visits = r.select("relationship_id", *_PAIR).semi_join(new, _PAIR)
    visits = lake.read("visits").select("visit_id", "relationship_id").join(visits, "relationship_id")
    lake.write("reach_visits", visits.select("visit_id", value=visits.tenant_id + " " + visits.actor))
    return lake.put("reach", pa.Table.from_pylist(rows, schema=_GROUPS))


def _new(lake: Lake, opened: Table) -> Table:
    """Which mailboxes of others each person newly opened, and how many messages he opened there, and folders synchronised.

    A team's mailbox is nobody's: what as many as `TEAM` others open too is left out.
    """
    people = opened.select(*_PAIR).distinct().group_by("tenant_id", "box").agg(people=ibis._.count())
    teams = people.filter(people.people > TEAM).select("tenant_id", "box")
    new = opened.anti_join(opened.filter(opened.period == "warm"), _PAIR).anti_join(teams, ["tenant_id", "box"])
    each = lake.read("visits").select("relationship_id", "item_count", "sync_count")
    each = new.select("relationship_id", *_PAIR).join(each, "relationship_id")
    messages = ibis.coalesce(each.item_count, 0) + ibis.coalesce(each.sync_count, 0)
    return each.group_by(_PAIR).agg(messages=messages.sum().cast("int64"))


def _weighed(counts: list[Row], persons: dict[str, int], isolate: bool) -> Iterable[Row]:
    """A row of `reach` for each who newly opened two or more."""
    first = f"from_{DEPTHS[0]}"
    for row in sorted(counts, key=lambda c: (c["tenant_id"], c["actor"])):
        if row[first] >= 2:
            chance = min(_at(depth, row, counts, persons, isolate) for depth in DEPTHS)
            value = f"{row['tenant_id']} {row['actor']}"
            yield {"kind": KIND, "value": value, "boxes": row[first], "place": bits.tenths(chance)}


def _at(depth: int, row: Row, counts: list[Row], persons: dict[str, int], isolate: bool) -> float:
    """The chance that a person newly opens as many mailboxes of others so far as he did, in (0, 1]."""
    tenant, own = row["tenant_id"], row[f"from_{depth}"]
    if own < 2:
        return 1.0
    opened = [(c["tenant_id"], c[f"from_{depth}"]) for c in counts if c is not row]
    colleagues = [n for t, n in opened if t == tenant and n]
    others, elsewhere = [], 0
    if not isolate:
        # many look into mailboxes, as service desks do; who read as much in another organisation may be a second intruder
        others = [n for t, n in opened if t != tenant and n and (depth == DEPTHS[0] or n < own)]
        elsewhere = sum(n for t, n in persons.items() if t != tenant)
    return oddness(own, colleagues, persons.get(tenant, 1) - 1, others, elsewhere, spread=depth == DEPTHS[0])


def oddness(
    boxes: int, colleagues: list[int], persons: int, others: list[int], elsewhere: int, *, spread: bool = False
) -> float:
    """The chance that a person newly opens so many mailboxes of others, in (0, 1]; of a span and its people likewise.

    colleagues, others: how many each precedent of the own organisation, and of others, newly opened; persons, elsewhere:
    how many persons there are. spread: some do so by their office, and the numbers need not be geometric.
    """
    lean = bits.PRIOR_ACTS
    share = (len(others) + lean * ANY) / (max(elsewhere, len(others)) + lean)
    share = (len(colleagues) + lean * share) / (max(persons, len(colleagues)) + lean)
    seen = [*colleagues, *others]
    further = (sum(seen) - len(seen) + lean * FURTHER) / (sum(seen) + lean)
    chance = share * math.pow(further, boxes - 1)
    if spread:
        # services open many at once: from each number that others reached, the share goes on from there
        everybody = persons + elsewhere + 1
        reached = {m: sum(n >= m for n in seen) for m in range(2, boxes + 1)}
        tails = [(n + bits.HALF) / everybody * math.pow(further, boxes - m) for m, n in reached.items() if n]
        chance = max(chance, *tails, 0.0)
    return min(max(chance, 2.0**-200), 1.0)
