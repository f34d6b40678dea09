"""Reasons to acts: what each relationship and each visit weighs in all.

What: `hits` (a row a visit and reason), `judged` (a row a visit: bits, and whether it is at home) and `group_members`.
Why: within an aspect the strongest reason counts, across aspects they add, and the sum is worth what its coincidence is.
How: network and client are counted jointly, since a new laptop in a hotel is one event; the sum's tail is the convolution
of the aspects' benign distributions; a group's tail is the n-fold convolution of a benign act's, and its line pays for
the keys tried. Misses: reasons that depend on one another across aspects weigh a little too much.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate
from typing import Any

import ibis
import pyarrow as pa
from ibis import Table
from ibis.expr.types import Value

from brokenseal import bits
from brokenseal.beside import beside
from brokenseal.evidence import burst, heaps, lessened, reach
from brokenseal.lake import Lake

JOINT = ("network", "client")
VOLUME = "volume"
SEPARATE = ("token", VOLUME, "intelligence")
STEADY = ("token",)
"""Many who newly come from elsewhere or read much are what a merger makes; many whose tokens nobody issued are not."""
GROUP_KINDS = ("address", "prefix", "session", "token", "network", "network and client")
MOST_MEMBERS = 60
COMMON = 1
"""The level of a network where three colleagues are at home: being new there makes nobody a newcomer."""
MEMBER_BITS = 30
"""A member of a loud group is doubted from three bits on: the group may hold quiet neighbours."""
TOP = 600
_GROUPS = pa.schema(
    [("kind", pa.string()), ("value", pa.string())]
    + [(n, pa.int64()) for n in ("actors", "plain", "rest", "came", "place", "weight", *bits.PLACED)]
)
Row = dict[str, Any]
Tails = list[list[float]]
"""For each number of acts, the chance that they add up to at least so many tenths."""


def hits(lake: Lake, aspects: dict[str, str]) -> None:
    """Write `hits`: visit_id, relationship_id, evidence, aspect, bits; the counts stay in `weights`.

    aspects: reason to aspect. A reason that counts visits speaks of those of its level; one that counts relationships, of
    all visits of the relationship. Reads `levels` and `weights`.
    """
    weights = lake.read("weights")
    aspect = ibis.cases(*((weights.evidence == name, a) for name, a in sorted(aspects.items())), else_="")
    weights = weights.filter(weights.bits > 0).mutate(aspect=aspect)
    levels = lake.read("levels").select("evidence", "relationship_id", "stratum", visit_id="unit_id", own_level="level")
    single = weights.filter(weights.unit != "relationship").join(levels, ["evidence", "relationship_id", "stratum"])
    single = single.filter(single.own_level >= single.level)
    visits = lake.read("visits").select("visit_id", "relationship_id")
    whole = weights.filter(weights.unit == "relationship").join(visits, "relationship_id")
    columns = ["visit_id", "relationship_id", "evidence", "aspect", "bits"]
    lake.write("hits", single.select(columns).union(whole.select(columns)))


def judge(lake: Lake, *, isolate: bool = False) -> None:
    """Write `judged`: visit_id, relationship_id, bits, raw (the plain sum), apart (what counts in a group), carried (that and
    the client), at_home, and rooted: its network is a habit there.

    What is at home and weighs nothing, as nearly all is, has no row.
    """
    found = lake.read("hits")
    strongest = found.group_by("visit_id", "relationship_id").agg(
        **{a: ibis.coalesce(found.bits.max(where=found.aspect == a), 0) for a in (*JOINT, *SEPARATE)}
    )
    strongest = lake.write("strongest", strongest.mutate(plain=strongest.network + strongest.client))
    relations = _per_relation(lake, strongest, isolate)
    home = lake.read("standing")
    home = home.select(
        "relationship_id", "net_level", "rooted", at_home=(home.net_level == 0) & (home.client_level == 0)
    )
    placed = relations.select("relationship_id", "joint", program="client").left_join(home, "relationship_id")
    placed = placed.select(
        "relationship_id",
        "joint",
        "program",
        net_level=ibis.coalesce(placed.net_level, 0),
        at_home=ibis.coalesce(placed.at_home, ibis.literal(True)),
        rooted=ibis.coalesce(placed.rooted, ibis.literal(True)),
    )
    own = strongest.select("visit_id", "relationship_id", *SEPARATE)
    # most visits hit no reason, and are at home: of those that hit none only the others are looked for
    odd = placed.filter((placed.joint > 0) | ~placed.at_home)
    rest = lake.read("visits").select("visit_id", "relationship_id").semi_join(odd, "relationship_id")
    rest = rest.anti_join(own, "visit_id").mutate(**{a: ibis.literal(0, "int64") for a in SEPARATE})
    wide = own.union(rest.select(*own.columns)).join(placed, "relationship_id")
    wide = wide.mutate(raw=wide.joint + _apart(wide))
    wide = lake.write("weighed", wide.filter((wide.raw > 0) | ~wide.at_home))
    histograms = [_histogram(lake, relations, a) for a in ("joint", *SEPARATE) if a not in STEADY]
    steady = [_histogram(lake, relations, a) for a in STEADY]
    if set(histograms[-1]) <= {0}:
        # no list was handed over, or nobody benign is on one: a sum must not pay for an aspect that is not there
        histograms.pop()
    totals = sorted({0, *lake.fetch(wide.select("raw").distinct())["raw"].to_pylist()})
    table = bits.sums(histograms, steady, totals)
    sums = lake.put("sums", pa.table({"raw": list(table), "bits": list(table.values())}, schema=_ints("raw", "bits")))
    out = wide.join(sums, "raw")
    # what is at home in its mailbox is judged by itself alone: neighbours in an office do not add up
    # nor does what they read where three of them are at home
    together = ibis.ifelse(out.net_level > COMMON, _apart(out), _apart(out) - out[VOLUME])
    apart = ibis.ifelse(out.at_home, 0, ibis.least(out.bits, together))
    columns = ["visit_id", "relationship_id", "bits", "raw", "at_home", "rooted", "net_level"]
    lake.write("judged", out.select(*columns, apart=apart, carried=apart + out.program))


def _apart(row: Table) -> Value:
    """What does not speak of the place: the aspects counted by themselves."""
    total: Value = row[SEPARATE[0]]
    for aspect in SEPARATE[1:]:
        total = total + row[aspect]
    return total


def _ints(*names: str) -> pa.Schema:
    return pa.schema([(n, pa.int64()) for n in names])


def _per_relation(lake: Lake, strongest: Table, isolate: bool) -> Table:
    """Each relationship's aspects, with network and client counted jointly among its peers.

    Peers began alike: in the mailbox's first days or later; isolate: in the same organisation.
    """
    tops = strongest.group_by("relationship_id").agg(**{a: strongest[a].max() for a in ("plain", *JOINT, *SEPARATE)})
    lost = lake.read("unfair").select("unit_id", lost=ibis.literal(1))
    relations = lake.read("relations")
    alike = relations.tenant_id.fill_null("?") + " | " + relations.period if isolate else relations.period
    every = beside(relations.select("relationship_id", period=alike), tops, "relationship_id")
    every = every.left_join(lost, every.relationship_id == lost.unit_id).drop("unit_id")
    tops = every.mutate(
        benign=1 - ibis.coalesce(every.lost, 0),
        **{a: ibis.coalesce(every[a], 0) for a in ("plain", *JOINT, *SEPARATE)},
    )
    cells = tops.group_by("period", "plain").agg(here=tops.benign.sum().cast("int64"))
    upward = ibis.window(group_by="period", order_by=ibis.desc(cells.plain), preceding=None, following=0)
    cells = cells.mutate(
        seen=cells.here.sum().over(upward).cast("int64"),
        of=cells.here.sum().over(ibis.window(group_by="period")).cast("int64"),
    )
    joined = tops.join(cells, ["period", "plain"])
    seen, of = joined.seen - joined.benign, joined.of - joined.benign
    s = joined.plain.cast("float64") / bits.TENTHS
    # two independent tails multiplied: P(product of two uniforms <= 2^-s), in bits
    independent = s - (s * 0.6931471805599453 + 1).log2()
    # logarithms are subtracted, so that a weight of hundreds of bits does not vanish
    lean = (ibis.literal(bits.PRIOR_ACTS).cast("float64")) * ibis.literal(2.0, "float64").pow(-independent)
    counted = ((of + bits.PRIOR_ACTS).cast("float64") / (seen.cast("float64") + lean)).log2()
    ceiling = (2 * ibis.greatest(of, bits.PRIOR_ACTS).cast("float64")).log2()
    # in a small organisation few are counted here, many behind each of the two: they weigh no less than the heavier alone
    heavier = ibis.greatest(joined.network, joined.client).cast("float64") / bits.TENTHS
    both = (joined.network > 0) & (joined.client > 0)
    joint = ibis.ifelse(both, ibis.least(counted, s, ibis.greatest(ceiling, heavier)), s)
    return lake.write("tops", joined.mutate(joint=(joint * bits.TENTHS).round().cast("int64")))


def _histogram(lake: Lake, relations: Table, column: str) -> bits.Histogram:
    benign = relations.filter(relations.benign == 1)
    rows = lake.fetch(benign.group_by(weight=benign[column]).agg(n=benign.count()).order_by("weight"))
    return dict(zip(rows["weight"].to_pylist(), rows["n"].to_pylist()))


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
    acts = acts.select("visit_id", "apart", "carried", "net_level", own="bits")
    whose = lake.read("relations").select("relationship_id", "tenant_id", "actor")
    keys = lake.read("met_keys").join(acts, "visit_id")
    owned = keys.join(whose, "relationship_id")
    oddest = owned.group_by("kind", "value", "tenant_id", "actor").agg(
        apart=owned.apart.max(),
        carried=owned.carried.max(),
        new=(owned.net_level > COMMON).cast("int64").max(),
        relationship_id=owned.relationship_id.min(),
    )
    per_key = oddest.group_by("kind", "value").agg(
        n=oddest.count(),
        total=oddest.apart.sum().cast("int64"),
        new=oddest.new.sum().cast("int64"),
        relationship_id=oddest.relationship_id.min(),
    )
    shared = lake.write("shared_keys", per_key.filter(per_key.n >= 2))
    persons = lake.fetch(reach.reach(lake, isolate=isolate)).to_pylist()
    bursts = lake.fetch(burst.burst(lake, alone, isolate=isolate)).to_pylist()
    bursts += lake.fetch(heaps.heaps(lake, alone, isolate=isolate)).to_pylist()
    tried = (
        lake.fetch(shared.agg(tried=shared.count()))["tried"][0].as_py()
        + len(persons) * len(reach.DEPTHS)
        + len(bursts)
    )
    line = bits.line(max(tried, 1), false_cases)
    met = _met(lake, shared)
    loud = _borne(met.filter(met.total + met.came >= line), oddest)
    rows = lake.fetch(loud.order_by("kind", "value")).to_pylist()
    tails = _tails(lake, rows)
    weighed = [_group(r, tails) for r in rows]
    weighed += [_counted(r, 1) for r in persons] + [_counted(r, r["people"]) for r in bursts]
    chosen = sorted((g for g in weighed if g["weight"] >= max(line, 1)), key=_named)
    groups = lake.put("groups", pa.Table.from_pylist(chosen, schema=_GROUPS))
    # who lends the group neither newness nor token and volume is there by chance
    lends = (keys.apart >= MEMBER_BITS) | ((keys.net_level > COMMON) & (keys.own >= MEMBER_BITS))
    members = keys.filter(lends).select("visit_id", "kind", "value").semi_join(groups, ["kind", "value"])
    # what is loud by itself lends nothing, and says all the same what those who are there carry
    there = lake.read("met_keys").semi_join(lake.read("judged").filter(lambda j: ~j.at_home), "visit_id")
    there = there.semi_join(groups, ["kind", "value"]).select("visit_id", "kind", "value")
    members = bits.unlike(members, there, lake.read("visits").select("visit_id", "link"))
    for table, kind in (("reach_visits", reach.KIND), ("burst_visits", burst.KIND), ("heap_visits", heaps.KIND)):
        members = members.union(lake.read(table).select("visit_id", "value", kind=ibis.literal(kind)), distinct=False)
    members = members.join(groups, ["kind", "value"])
    members = members.select("visit_id", by=members.kind + " " + members.value, bits=members.weight)
    members = lake.write("group_members", members)
    # a group stays what it was when it drew its acts in: one that draws in nobody now is not weighed again
    new = lake.fetch(members.anti_join(lake.read("doubted"), "visit_id").select("by").distinct())["by"].to_pylist()
    drawing = [g for g in chosen if " ".join(_named(g)) in new]
    lessened.without(lake, owned, drawing, lambda n, total, place: _weight(tails, n, total, place))
    return line, tried


def _named(group: Row) -> tuple[str, str]:
    return group["kind"], group["value"]


def _borne(met: Table, oddest: Table) -> Table:
    """Groups with `place`, what of their coming (`came`) the newcomers bear out: each no more than is odd in his client, his
    token and what he read, nor more than the first of them weighs. Where all that is ordinary, they travelled."""
    newcomers = oddest.filter(oddest.new > 0).join(met.select("kind", "value", "first"), ["kind", "value"])
    each = newcomers.mutate(borne=ibis.least(newcomers.carried, newcomers["first"]))
    borne = each.group_by("kind", "value").agg(borne=each.borne.sum().cast("int64"))
    out = beside(met.drop("first"), borne, ["kind", "value"])
    return out.mutate(place=ibis.least(out.came, ibis.coalesce(out.borne, 0))).drop("borne")


def _group(row: Row, tails: Tails) -> Row:
    """A group with its weight, and what that is made of."""
    n, total, place = row["n"], row["total"], row["place"]
    named = {"kind": row["kind"], "value": row["value"], "actors": n, "plain": total}
    counts = {name: row[name] for name in bits.PLACED}
    return {
        **named,
        **counts,
        "rest": _rest(tails, n, total),
        "came": row["came"],
        "place": place,
        "weight": _weight(tails, n, total, place),
    }


def _counted(row: Row, actors: int) -> Row:
    """A group that shares nothing: nothing but its number weighs, and it has no place."""
    named = {"kind": row["kind"], "value": row["value"], "actors": actors, "plain": 0, **dict.fromkeys(bits.PLACED)}
    return {**named, "rest": 0, "came": None, "place": row["place"], "weight": row["place"]}


def _met(lake: Lake, shared: Table) -> Table:
    """Each shared key with `came`: how odd it is that so many are new in its network, in tenths; `first`, what the first of
    them weighs; and what it is counted on.

    Who is new somewhere is, as a rule, new where many are at home: the expected number is those who are new anywhere,
    times the network's share of all who are at home; that is what the first of them weighs, taken as geometric, since networks
    differ in how they draw newcomers. Each further one weighs no more, nor more than `_further` says.
    """
    relations, standing = lake.read("relations"), lake.read("standing")
    new = (
        standing.filter(standing.net_level > COMMON)
        .semi_join(lake.read("trusted"), "relationship_id")
        .join(relations, "relationship_id")
    )
    newcomers = new.select("tenant_id", "actor", "net").distinct().count().as_scalar()
    pairs = lake.read("pairs")
    at_home = pairs.filter(pairs.settled_net).select("tenant_id", "box", "net").distinct()
    everybody = at_home.count().as_scalar()
    popular = at_home.group_by("net").agg(people=at_home.count())
    out = beside(shared.join(relations.select("relationship_id", "net"), "relationship_id"), popular, "net")
    # a session or token has no place where it is common
    out = out.mutate(
        newcomers=newcomers.cast("int64"),
        newcomers_here=out.new.cast("int64"),
        at_home=everybody.cast("int64"),
        at_home_here=ibis.ifelse(out.kind.isin(["session", "token"]), 0, ibis.coalesce(out.people, 0)).cast("int64"),
    )
    share = (out.at_home_here.cast("float64") + 0.5) / (out.at_home.cast("float64") + 1)
    expected = out.newcomers.cast("float64") * share
    # what the first of them weighs, and each further one: travellers go where others went
    first = ibis.coalesce(((1 + expected) / expected.nullif(0)).log2(), 0.0)
    drawn = new.select("net", "tenant_id", "actor").distinct()
    drawn = beside(drawn.group_by("net").agg(n=drawn.count()), popular, "net")
    out = beside(out, _further(lake, lake.fetch(drawn).to_pylist(), out), ["net", "new"])
    # a network of which some are at home is no meeting place by itself: providers of VPNs draw newcomers from everywhere
    out = out.filter((out.kind != "network") | (out.at_home_here == 0))
    k = out.new.cast("float64")
    came = ibis.ifelse(k > 0, first + (k - 1) * ibis.least(first, out.further), 0.0)
    out = out.mutate(came=_tenths(ibis.coalesce(came, 0.0)), first=_tenths(first))
    return out.drop("relationship_id", "net", "people", "further")


def _tenths(weight: Value) -> Value:
    return (weight * bits.TENTHS).round().cast("int64")


def _further(lake: Lake, crowds: list[Row], keys: Table) -> Table:
    """For each network and number of newcomers (`new`) that a key has: what each after the first weighs, in bits (`further`).

    crowds: how many people (`n`) are new in each network, and how many are at home there (`people`, None where nobody is).
    A share of newcomers was followed by another: of those in other networks where nobody is at home the ones that drew fewer,
    since a second intruder must not excuse the first; where some are at home all others, since a provider of VPNs draws many.
    """
    drew = {c["net"]: c["n"] for c in crowds if c["people"] is not None}
    nowhere = sorted(c["n"] for c in crowds if c["people"] is None)
    sums, everybody = [0, *accumulate(nowhere)], sum(drew.values())
    rows = []
    for key in lake.fetch(keys.select("net", "new").distinct().order_by("net", "new")).to_pylist():
        if key["net"] in drew:
            networks, people = len(drew) - 1, everybody - drew[key["net"]]
        else:
            networks = bisect_left(nowhere, key["new"])
            people = sums[networks]
        followed = (people - networks + bits.PRIOR_ACTS * reach.FURTHER) / (people + bits.PRIOR_ACTS)
        rows.append({**key, "further": -math.log2(followed)})
    schema = pa.schema([("net", pa.string()), ("new", pa.int64()), ("further", pa.float64())])
    return lake.put("further", pa.Table.from_pylist(rows, schema=schema))


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


def _weight(tails: Tails, n: int, total: int, place: int) -> int:
    """A group's weight in tenths: the coincidence of place and the sum of the rest, as two independent tails."""
    return bits.both(place, _rest(tails, n, total))
