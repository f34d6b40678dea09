"""What a shared place weighs: that so many who are new somewhere are new just there.

What: for each key that several people share, `came`, what their coming weighs, and `place`, what of it they bear out. Why:
visits that are each just below the line may be loud together by where they come from, and travellers go where travellers go.
How: against the newcomers of all networks and who is at home in each; each further newcomer against how other networks draw
them; and of each no more than is odd in what he carries. Misses: a thief with each owner's own client and session who reads
little.
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
from brokenseal.evidence import reach
from brokenseal.evidence.score import COMMON
from brokenseal.lake import Lake

Row = dict[str, Any]


def met(lake: Lake, shared: Table) -> Table:
    """Each shared key with `came`: how odd it is that so many are new in its network, in tenths; `first`, what the first of
    them weighs; and what it is counted on.

    Who is new somewhere is, as a rule, new where many are at home: the expected number is those who are new anywhere,
    times the network's share of all who are at home; that is what the first of them weighs, taken as geometric, since networks
    differ in how they draw newcomers. Each further one weighs no more, nor more than `further` says.
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
    out = beside(out, further(lake, lake.fetch(drawn).to_pylist(), out), ["net", "new"])
    # a network of which some are at home is no meeting place by itself: providers of VPNs draw newcomers from everywhere
    out = out.filter((out.kind != "network") | (out.at_home_here == 0))
    k = out.new.cast("float64")
    came = ibis.ifelse(k > 0, first + (k - 1) * ibis.least(first, out.further), 0.0)
    out = out.mutate(came=_tenths(ibis.coalesce(came, 0.0)), first=_tenths(first))
    return out.drop("relationship_id", "net", "people", "further")


def _tenths(weight: Value) -> Value:
    return (weight * bits.TENTHS).round().cast("int64")


def further(lake: Lake, crowds: list[Row], keys: Table) -> Table:
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


def borne(met: Table, oddest: Table) -> Table:
    """Groups with `place`, what of their coming (`came`) the newcomers bear out: each no more than is odd in his client, his
    token and what he read, nor more than the first of them weighs. Where all that is ordinary, they travelled."""
    newcomers = oddest.filter(oddest.new > 0).join(met.select("kind", "value", "first"), ["kind", "value"])
    each = newcomers.mutate(borne=ibis.least(newcomers.carried, newcomers["first"]))
    borne = each.group_by("kind", "value").agg(borne=each.borne.sum().cast("int64"))
    out = beside(met, borne, ["kind", "value"])
    return out.mutate(place=ibis.least(out.came, ibis.coalesce(out.borne, 0))).drop("borne")
