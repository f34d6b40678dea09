"""Visits that are loud together though none is by itself: what shares a key, weighed as one.

What: `groups`, `group_members` and `group_without`. Why: an intruder who is careful in each mailbox does the same in many. How:
a group is the actors that share a key, each with the oddest act; it weighs its `place` and what the rest of their oddness adds
up to, against the n-fold convolution of what benign acts carry; the line pays for the keys tried. What is counted and
shares nothing comes from `reach`, `burst` and `heaps`. Misses: what lies below three bits is no member.
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal import bits
from brokenseal.evidence import burst, heaps, lessened, place, reach
from brokenseal.evidence.score import COMMON
from brokenseal.lake import Lake

GROUP_KINDS = ("address", "prefix", "session", "token", "network", "network and client")
MOST_MEMBERS = 60
MEMBER_BITS = 30
"""A member of a loud group is doubted from three bits on: the group may hold quiet neighbours."""
TOP = 600
_GROUPS = pa.schema(
    [("kind", pa.string()), ("value", pa.string())]
    + [(n, pa.int64()) for n in ("actors", "plain", "rest", "first", "came", "place", "weight", *bits.PLACED)]
)
_COUNTED = {reach.KIND: "reach_visits", burst.KIND: "burst_visits", heaps.KIND: "heap_visits"}
"""Groups that share nothing, and the tables that say who is in them."""
Row = dict[str, Any]
Tails = list[list[float]]
"""For each number of acts, the chance that they add up to at least so many tenths."""


def meet(lake: Lake) -> None:
    """Write `met_keys`: the rows of `visit_keys` whose key two people carry at least, so that a group may share it. Few tokens
    and sessions are among them, and no round need look at the others."""
    whose = lake.read("relations").select("relationship_id", "tenant_id", "actor")
    counts = lake.read("key_counts")
    carried = counts.filter(counts.kind.isin(GROUP_KINDS)).join(whose, "relationship_id")
    people = (
        carried.select("kind", "value", "tenant_id", "actor").distinct().group_by("kind", "value").agg(n=ibis._.count())
    )
    lake.write("met_keys", lake.read("visit_keys").semi_join(people.filter(people.n >= 2), ["kind", "value"]))


def groups(lake: Lake, false_cases: float, alone: int, *, isolate: bool = False) -> tuple[int, int]:
    """Write `group_members` (visit_id, by, bits), `groups` and `group_without`; returns the groups' line in tenths, and how
    many keys were tried for it.

    A group is the actors that share a key, each with the oddest act (one application in a hundred mailboxes is one fact).
    It weighs what its coincidence does: that so many of those who are new somewhere are new just there, where few or
    none are at home; and that the rest of their oddness adds up to so much. alone: the line of single acts, in tenths;
    what crosses it by itself lends nothing to a group, since a link weighs what ties others to it. What one person newly
    opened of others' mailboxes is a group of its own, which `reach` weighs, and so are unissued tokens of several people
    at once, which `burst` does, and several people's heaps of them, which `heaps` does.
    """
    acts = lake.read("judged")
    acts = acts.filter((acts.bits < alone) & ~acts.at_home)
    keys = lake.read("met_keys").join(acts.select("visit_id", "apart", "carried", "net_level", own="bits"), "visit_id")
    owned = keys.join(lake.read("relations").select("relationship_id", "tenant_id", "actor"), "relationship_id")
    oddest = _oddest(owned)
    shared = lake.write("shared_keys", _shared(oddest))
    persons = lake.fetch(reach.reach(lake, isolate=isolate)).to_pylist()
    several = lake.fetch(burst.burst(lake, alone, isolate=isolate)).to_pylist()
    several += lake.fetch(heaps.heaps(lake, alone, isolate=isolate)).to_pylist()
    tried = lake.fetch(shared.agg(tried=shared.count()))["tried"][0].as_py()
    tried += len(persons) * len(reach.DEPTHS) + len(several)
    line = bits.line(max(tried, 1), false_cases)
    met = place.met(lake, shared)
    loud = place.borne(met.filter(met.total + met.came >= line), oddest)
    rows = lake.fetch(loud.order_by("kind", "value")).to_pylist()
    tails = _tails(lake, rows)
    weighed = [_group(r, tails) for r in rows]
    weighed += [_counted(r, 1) for r in persons] + [_counted(r, r["people"]) for r in several]
    chosen = sorted((g for g in weighed if g["weight"] >= max(line, 1)), key=_named)
    members = _members(lake, keys, lake.put("groups", pa.Table.from_pylist(chosen, schema=_GROUPS)))
    # a group stays what it was when it drew its acts in: one that draws in nobody now is not weighed again
    new = lake.fetch(members.anti_join(lake.read("doubted"), "visit_id").select("by").distinct())["by"].to_pylist()
    drawing = [g for g in chosen if " ".join(_named(g)) in new]
    lessened.without(lake, owned, drawing, lambda n, total, placed: _weight(tails, n, total, placed))
    return line, tried


def _oddest(owned: Table) -> Table:
    """Each actor of a key with his oddest act. owned: a row an act and key."""
    return owned.group_by("kind", "value", "tenant_id", "actor").agg(
        apart=owned.apart.max(),
        carried=owned.carried.max(),
        new=(owned.net_level > COMMON).cast("int64").max(),
        relationship_id=owned.relationship_id.min(),
    )


def _shared(oddest: Table) -> Table:
    """Keys of two actors or more."""
    per_key = oddest.group_by("kind", "value").agg(
        n=oddest.count(),
        total=oddest.apart.sum().cast("int64"),
        new=oddest.new.sum().cast("int64"),
        relationship_id=oddest.relationship_id.min(),
    )
    return per_key.filter(per_key.n >= 2)


def _members(lake: Lake, keys: Table, groups: Table) -> Table:
    """Write and return `group_members`. keys: of acts that may be in a group; groups: the loud ones."""
    # who lends the group neither newness nor token and volume is there by chance
    lends = (keys.apart >= MEMBER_BITS) | ((keys.net_level > COMMON) & (keys.own >= MEMBER_BITS))
    members = keys.filter(lends).select("visit_id", "kind", "value").semi_join(groups, ["kind", "value"])
    # what is loud by itself lends nothing, and says all the same what those who are there carry
    there = lake.read("met_keys").semi_join(lake.read("judged").filter(lambda j: ~j.at_home), "visit_id")
    there = there.semi_join(groups, ["kind", "value"]).select("visit_id", "kind", "value")
    members = bits.unlike(members, there, lake.read("visits").select("visit_id", "link"))
    for kind, table in _COUNTED.items():
        members = members.union(lake.read(table).select("visit_id", "value", kind=ibis.literal(kind)), distinct=False)
    members = members.join(groups, ["kind", "value"])
    members = members.select("visit_id", by=members.kind + " " + members.value, bits=members.weight)
    return lake.write("group_members", members)


def _named(group: Row) -> tuple[str, str]:
    return group["kind"], group["value"]


def _group(row: Row, tails: Tails) -> Row:
    """A group with its weight, and what that is made of."""
    n, total, placed = row["n"], row["total"], row["place"]
    named = {"kind": row["kind"], "value": row["value"], "actors": n, "plain": total}
    counts = {name: row[name] for name in bits.PLACED}
    return {
        **named,
        **counts,
        "rest": _rest(tails, n, total),
        "first": row["first"],
        "came": row["came"],
        "place": placed,
        "weight": _weight(tails, n, total, placed),
    }


def _counted(row: Row, actors: int) -> Row:
    """A group that shares nothing: nothing but its number weighs, and it has no place."""
    named = {"kind": row["kind"], "value": row["value"], "actors": actors, "plain": 0, **dict.fromkeys(bits.PLACED)}
    return {**named, "rest": 0, "first": None, "came": None, "place": row["place"], "weight": row["place"]}


def _tails(lake: Lake, rows: list[Row]) -> Tails:
    """How seldom so many benign acts that are not at home add up to so much, besides their place."""
    if not rows:
        return []
    judged, relations = (
        lake.read("judged"),
        lake.read("relations").select("relationship_id", "tenant_id", "actor", "net"),
    )
    away = judged.filter(~judged.at_home).anti_join(lake.read("doubted"), "visit_id").join(relations, "relationship_id")
    oddest = away.group_by("tenant_id", "actor", "net").agg(weight=away.apart.max())
    counts = lake.fetch(oddest.group_by("weight").agg(n=oddest.count()).order_by("weight"))
    histogram = dict(zip(counts["weight"].to_pylist(), counts["n"].to_pylist()))
    return bits.repeats(histogram, max(min(r["n"], MOST_MEMBERS) for r in rows), TOP)


def _rest(tails: Tails, n: int, total: int) -> int:
    """What `n` acts that add up to `total` tenths weigh, in tenths."""
    return bits.tenths(max(tails[min(n, MOST_MEMBERS)][min(total, TOP)], 2.0**-200))


def _weight(tails: Tails, n: int, total: int, placed: int) -> int:
    """A group's weight in tenths: the coincidence of place and the sum of the rest, as two independent tails."""
    return bits.both(placed, _rest(tails, n, total))
