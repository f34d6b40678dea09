"""Levels to counts to tenths of a bit.

A reason sorts acts into ordered levels of oddness and counts how often benign acts reach each of them. Its weight is
-log2 P(a benign act is at least this odd), rounded once to whole tenths; sums add whole numbers, so that every engine,
thread and order gives the same figure. The same arithmetic serves scalars here and Ibis expressions in `evidence`.
"""

from __future__ import annotations

import math

TENTHS = 10
PRIOR_ACTS = 20
"""A prior, and each wider circle of history, weighs at most as much as this many acts."""


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


def smoothed(counts: list[tuple[int, int]], prior: tuple[int, int]) -> float:
    """Tail probability from the narrowest circle of history to the widest, each leaning on the next.

    `counts` are (acts at least this odd, acts) for mailbox, tenant, all; `prior` is the same for the shipped prior.
    """
    seen, of = prior
    p = (seen + 0.5) / (of + 1)
    weight = min(PRIOR_ACTS, of + 1)
    for seen, of in reversed(counts):
        p = (seen + weight * p) / (of + weight)
        weight = PRIOR_ACTS
    return p


def ceiling(acts: int) -> int:
    """No weight exceeds log2 of twice the acts behind it; tenths."""
    return round(math.log2(2 * max(acts, 1)) * TENTHS)


def repeated(k: int, n: int, p: float) -> float:
    """-log2 of a bound on P(at least k of n benign acts), each with probability p, in bits (Chernoff, Hoeffding 1963).

    Exact for k = n; never more than the true weight. 0 where k/n is no more than p.
    """
    if n == 0 or k == 0 or k / n <= p:
        return 0.0
    q = k / n
    rest = 0.0 if k == n else (1 - q) * math.log2((1 - q) / (1 - p))
    return n * (q * math.log2(q / p) + rest)
