"""Reasons to acts: what each relationship and each visit weighs in all.

What: `hits` (a row a visit and reason) and `judged` (a row a visit: bits, and whether it is at home). Why: within an aspect
the strongest reason counts, across aspects they add, and the sum is worth what its coincidence is. How: network and client
are counted jointly, since a new laptop in a hotel is one event; the sum's tail is the convolution of the aspects' benign
distributions. Misses: reasons that depend on one another across aspects weigh a little too much.
"""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import Table
from ibis.expr.types import Value

from brokenseal import bits
from brokenseal.beside import beside
from brokenseal.lake import Lake

JOINT = ("network", "client")
VOLUME = "volume"
SEPARATE = ("token", VOLUME, "intelligence")
STEADY = ("token",)
"""Many who newly come from elsewhere or read much are what a merger makes; many whose tokens nobody issued are not."""
COMMON = 1
"""The level of a network where three colleagues are at home: being new there makes nobody a newcomer."""


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
