"""Levels to counts to tenths of a bit.

A reason sorts acts into ordered levels of oddness and counts how often benign acts reach each of them. Its weight is
-log2 P(a benign act is at least this odd), rounded once to whole tenths; sums add whole numbers, so that every engine,
thread and order gives the same figure. The same arithmetic serves scalars here and Ibis expressions in `evidence`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import ibis
import numpy as np
from ibis import Table
from ibis.expr.types import Value

from brokenseal.beside import beside

TENTHS = 10
PRIOR_ACTS = 20
"""A prior, and each wider circle of history, weighs at most as much as this many acts."""
PLACED = ("newcomers", "newcomers_here", "at_home", "at_home_here")
"""What the place of a group is counted on: who is new in a network, who of the group is new in its own; who is at home in a
network, and who in the group's own. Somebody who is new, or at home, in two networks is two of them."""
HALF = 0.5
"""What a circle has never seen counts there as half an act: none among few says little of what is rare (Jeffreys)."""

HONEST, HABIT = 0.5, 2 * TENTHS
"""In a steady aspect (`sums`), each bit above HABIT (tenths) makes benign acts rarer by HONEST bits at least: a heap far out is
no habit, and does not excuse itself."""


def tenths(p: float) -> int:
    """-log2 of a probability in whole tenths of a bit; `p` in (0, 1]."""
    return round(-math.log2(p) * TENTHS)


def once_in(bits_tenths: int) -> int:
    """How rare that is among benign acts: about once in so many."""
    return max(1, round(2 ** (bits_tenths / TENTHS)))


def shown(bits_tenths: int | None) -> float:
    """Tenths as the figure people see, one decimal."""
    return (bits_tenths or 0) / TENTHS


def line(acts: int, false_cases: float) -> int:
    """The line in tenths of a bit: so odd that among `acts` benign ones about `false_cases` would reach it."""
    return max(0, round(math.log2(max(acts, 1) / false_cases) * TENTHS))


def several(weights: Sequence[int], acts: int) -> float:
    """The chance, in (0, 1], that among so many benign acts as many weigh as much: of the k heaviest of `weights` (tenths) each
    at least what the k-th does, for the oddest k of two or more; Poisson, times the numbers k that were tried."""
    heaviest = sorted(weights, reverse=True)
    tails = [_at_least(k, acts * 2 ** (-heaviest[k - 1] / TENTHS)) for k in range(2, len(heaviest) + 1)]
    return min(1.0, max(2.0**-200, min(tails) * len(tails))) if tails else 1.0


def _at_least(k: int, expected: float) -> float:
    """The chance of k or more where so many are expected, by Poisson."""
    if k <= expected:
        return 1.0
    # from k on each term is smaller than the one before; what is far out must not vanish beside 1
    term = math.exp(k * math.log(expected) - expected - math.lgamma(k + 1))
    total, j = 0.0, k
    while term > total * 1e-12:
        total, j = total + term, j + 1
        term *= expected / j
    return total


def smoothed(counts: list[tuple[int, int]], prior: tuple[int, int]) -> float:
    """Tail probability from the narrowest circle of history to the widest, each leaning on the next.

    `counts` are (acts at least this odd, acts) for mailbox, tenant, all; `prior` is the same for the shipped prior.
    """
    seen, of = prior
    p = (seen + HALF) / (of + 1)
    weight = min(PRIOR_ACTS, of + 1)
    for seen, of in reversed(counts):
        p = max((seen + weight * p) / (of + weight), min(p, HALF / (of + 1)))
        weight = PRIOR_ACTS
    return p


def ceiling(acts: int) -> int:
    """No weight exceeds log2 of twice the acts behind it; tenths."""
    return round(math.log2(2 * max(acts, 1)) * TENTHS)


def both(a: int, b: int) -> int:
    """Two independent tails of `a` and `b` tenths multiplied: P(product of two uniforms <= 2^-s), in tenths."""
    s = (a + b) / TENTHS
    return max(a, b, round((s - math.log2(s * math.log(2) + 1)) * TENTHS)) if min(a, b) > 0 else max(a, b)


def repeated(k: int, n: int, p: float) -> float:
    """-log2 of a bound on P(at least k of n benign acts), each with probability p, in bits (Chernoff, Hoeffding 1963).

    Exact for k = n; never more than the true weight. 0 where k/n is no more than p.
    """
    if n == 0 or k == 0 or k / n <= p:
        return 0.0
    q = k / n
    rest = 0.0 if k == n else (1 - q) * math.log2((1 - q) / (1 - p))
    return n * (q * math.log2(q / p) + rest)


def weigh(cells: Table, prior: Table, *, isolate: bool = False, lone: Sequence[str] = ()) -> Table:
    """Each relationship's weight for each reason, and the counts behind it.

    cells: of `cells`. prior: `evidence, level, seen, of`. Returns one row a reason and relationship with a level above 0:
    `evidence, unit, relationship_id, stratum, level, bits` (tenths), `hits` of `units` of its own units at that level or
    above, and benign others counted as `seen`/`of` in all tenants, in the tenant (`tenant_*`), in the mailbox
    (`mailbox_*`) and in the prior (`prior_*`). A relationship's own units never count for or against it. isolate: tenants
    learn nothing from one another. lone: reasons of which a mailbox learns nothing from itself.
    """
    # alone, the widest circle shrinks to the tenant itself
    cells = cells.mutate(peers=cells.tenant_id + " | " + cells.stratum if isolate else cells.stratum)
    like = ["evidence", "peers"]
    grains = {"": like, "tenant_": ["tenant_id", *like], "mailbox_": ["tenant_id", "box", *like]}
    out = _reaching(cells)
    out = out.filter((out.level > 0) & (out.all_here > 0))
    for name, keys in grains.items():
        out = out.join(_tail(cells, keys, name), [*keys, "level"])
        out = out.mutate(
            **{f"{name}seen": out[f"{name}seen"] - out.own_hits, f"{name}of": out[f"{name}of"] - out.own_units}
        )
    learns = ~out.evidence.isin(list(lone))
    out = out.mutate(**{n: ibis.ifelse(learns, out[n], 0).cast("int64") for n in ("mailbox_seen", "mailbox_of")})
    out = beside(out, prior.rename(prior_seen="seen", prior_of="of"), ["evidence", "level"])
    out = out.mutate(prior_seen=ibis.coalesce(out.prior_seen, 0), prior_of=ibis.coalesce(out.prior_of, 0))
    weighed = out.mutate(bits=_weight(out))
    best = ibis.window(
        group_by=["evidence", "relationship_id"],
        order_by=[ibis.desc(weighed.bits), ibis.desc(weighed.level), weighed.stratum],
    )
    weighed = weighed.mutate(nth=ibis.row_number().over(best))
    return weighed.filter(weighed.nth == 0).drop(
        "nth", "peers", "own_hits", "own_units", "all_here", "benign_here", "tenant_id", "box"
    )


_CELL = ("evidence", "unit", "relationship_id", "stratum", "turn")
_CLUSTER = (*_CELL, "cluster")


def clusters(units: Table) -> Table:
    """Units that stand or fall together counted once, at their oddest: `cluster` names what they share, `size` how many.

    units: one row a unit: `evidence, unit, unit_id, relationship_id, stratum, turn, level, cluster`.
    """
    return units.group_by(*_CLUSTER).agg(level=units.level.max(), size=units.count())


def counted(clusters: Table) -> Table:
    """Clusters counted by relationship, stratum and level: `all_here`."""
    return clusters.group_by(*_CELL, "level").agg(all_here=clusters.count())


def spoilt(units: Table, clusters: Table, unfair: Table) -> Table:
    """How many clusters of each cell hold no benign unit (`lost`); unfair: `unit_id` of those that are not benign."""
    bad = units.semi_join(unfair, "unit_id")
    gone = bad.group_by(*_CLUSTER).agg(gone=bad.count()).rename({f"its_{c}": c for c in _CLUSTER})
    marked = clusters.join(gone, [clusters[c].identical_to(gone[f"its_{c}"]) for c in _CLUSTER])
    whole = marked.filter(marked["size"] <= marked.gone)
    return whole.group_by(*_CELL, "level").agg(lost=whole.count())


def cells(counted: Table, spoilt: Table, relations: Table) -> Table:
    """Counts by relationship, stratum and level with, of `all_here`, the benign (`benign_here`).

    relations: `relationship_id, tenant_id, box`.
    """
    keys = [*_CELL, "level"]
    out = beside(counted, spoilt, keys)
    out = out.mutate(benign_here=out.all_here - ibis.coalesce(out.lost, 0)).drop("lost", "turn")
    whose = relations.select("relationship_id", "box", tenant_id=ibis.coalesce(relations.tenant_id, ibis.literal("?")))
    return out.join(whose, "relationship_id")


def _reaching(cells: Table) -> Table:
    """Cells of relationships that are odd at all, with what lies at their level and above it (`hits`, of `units`)."""
    keys = ["evidence", "relationship_id", "stratum"]
    cells = cells.semi_join(cells.filter(cells.level > 0).select(keys).distinct(), keys)
    upward = ibis.window(group_by=keys, order_by=ibis.desc(cells.level), preceding=None, following=0)
    whole = ibis.window(group_by=keys)
    return cells.mutate(
        hits=cells.all_here.sum().over(upward).cast("int64"),
        units=cells.all_here.sum().over(whole).cast("int64"),
        own_hits=cells.benign_here.sum().over(upward).cast("int64"),
        own_units=cells.benign_here.sum().over(whole).cast("int64"),
    )


def _tail(cells: Table, keys: list[str], name: str) -> Table:
    """Benign units at a level or above, in each circle of history."""
    by_level = cells.group_by(*keys, "level").agg(here=cells.benign_here.sum().cast("int64"))
    upward = ibis.window(group_by=keys, order_by=ibis.desc(by_level.level), preceding=None, following=0)
    return by_level.select(
        *keys,
        "level",
        **{
            f"{name}seen": by_level.here.sum().over(upward).cast("int64"),
            f"{name}of": by_level.here.sum().over(ibis.window(group_by=keys)).cast("int64"),
        },
    )


def _weight(t: Table) -> Value:
    """`smoothed`, `repeated` and `ceiling` of this module, as one expression over a row of counts; tenths."""
    f = "float64"
    acts = ibis.literal(PRIOR_ACTS)
    p = (t.prior_seen.cast(f) + HALF) / (t.prior_of.cast(f) + 1)
    weight = ibis.least(t.prior_of + 1, acts)
    for seen, of in ((t.seen, t.of), (t.tenant_seen, t.tenant_of), (t.mailbox_seen, t.mailbox_of)):
        leaning = (seen.cast(f) + weight.cast(f) * p) / (of.cast(f) + weight.cast(f))
        p = ibis.greatest(leaning, ibis.least(p, HALF / (of.cast(f) + 1)))
        weight = acts
    share = t.hits.cast(f) / t.units.cast(f)
    miss, rest = (t.units - t.hits).cast(f), (1 - p)
    # the logarithm of zero is an error on one engine and minus infinity on the other
    tail = ibis.ifelse(t.hits < t.units, miss * ((1 - share) / rest.nullif(0)).nullif(0).log2(), 0.0)
    repeats = t.hits.cast(f) * (share / p).log2() + ibis.coalesce(tail, 0.0)
    weight_bits = ibis.ifelse(share > p, repeats, 0.0)
    most = (2 * ibis.greatest(t.of + t.prior_of, 1).cast(f)).log2()
    return (ibis.least(weight_bits, most) * TENTHS).round().cast("int64")


Histogram = dict[int, int]
"""Tenths of a bit to the number of benign acts that weigh exactly so much."""


def _masses(histogram: Histogram, top: int, *, steady: bool = False) -> list[float]:
    """P(weight = w) for w of 0..top tenths, the last holding all above it; steady: as in `sums`."""
    total = sum(histogram.values())
    reached = [0] * (top + 2)
    for value, count in histogram.items():
        reached[min(max(value, 0), top)] += count
    tails, running = [0.0] * (top + 2), 0
    for w in range(top, -1, -1):
        running += reached[w]
        tails[w] = (running + PRIOR_ACTS * 2 ** (-w / TENTHS)) / (total + PRIOR_ACTS) if w else 1.0
    for w in range(HABIT + 1, top + 1) if steady else ():
        tails[w] = min(tails[w], tails[w - 1] * 2 ** (-HONEST / TENTHS))
    return [tails[w] - tails[w + 1] for w in range(top + 1)]


def sums(histograms: list[Histogram], steady: list[Histogram], totals: list[int]) -> dict[int, int]:
    """What a sum of independent aspects weighs: -log2 P(benign aspects add up to at least so much), in tenths.

    The tail of a sum is the convolution of the aspects' own distributions; a sum never weighs more than itself. steady:
    aspects whose tail falls by HONEST bits a bit at least, whatever was counted.
    """
    if not totals:
        return {}
    top = max(*totals, 1)
    mass = [1.0] + [0.0] * top
    for histogram in histograms:
        mass = _convolved(mass, _masses(histogram, top), top)
    for histogram in steady:
        mass = _convolved(mass, _masses(histogram, top, steady=True), top)
    tails = _reversed_sums(mass)
    return {t: (0 if t <= 0 else min(t, tenths(max(tails[t], 2.0**-200)))) for t in totals}


def repeats(histogram: Histogram, most: int, top: int) -> list[list[float]]:
    """For n = 0..most draws of benign acts: P(their weights add up to at least w), w of 0..top tenths."""
    one = _masses(histogram, top)
    mass = [1.0] + [0.0] * top
    out = [_reversed_sums(mass)]
    for _ in range(most):
        mass = _convolved(mass, one, top)
        out.append(_reversed_sums(mass))
    return out


def _convolved(a: list[float], b: list[float], top: int) -> list[float]:
    """Distribution of the sum of two, all above `top` gathered in it."""
    whole = np.convolve(np.asarray(a), np.asarray(b))
    out = whole[: top + 1].copy()
    out[top] += whole[top + 1 :].sum()
    return [float(x) for x in out]


def _reversed_sums(mass: list[float]) -> list[float]:
    return [float(x) for x in np.cumsum(np.asarray(mass)[::-1])[::-1]]


def forged(linked: Table) -> Table:
    """What is shared (`kind, value`) by at least as many visits with a token that nobody issued as by visits with one that a
    sign-in did. linked: one row a visit, `kind, value, link`."""
    orphan, issued = ((linked.link == link).cast("int64").sum() for link in ("orphan", "token"))
    told = linked.group_by("kind", "value").agg(orphans=orphan, issued=issued)
    return told.filter((told.orphans > 0) & (told.orphans >= told.issued)).select("kind", "value")


def unlike(rows: Table, among: Table, links: Table) -> Table:
    """Rows without those whose token a sign-in of that person issued, where what they share is `forged` among others: who forges
    tokens is not the neighbour who signs in.

    rows, among: `visit_id, kind, value`, and more of the rows. links: `visit_id, link`.
    """
    shared = ["kind", "value"]
    apart = rows.semi_join(forged(among.join(links, "visit_id")), shared)
    return rows.anti_join(apart.semi_join(links.filter(links.link == "token"), "visit_id"), ["visit_id", *shared])
