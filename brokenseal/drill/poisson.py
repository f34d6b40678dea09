"""What chance alone makes of a promise of so many rare things."""

from __future__ import annotations

import math

SURE = 0.95


def limits(expected: float, sure: float = SURE) -> tuple[int, int]:
    """The least and the most that chance alone leaves `sure` of the time where `expected` are expected, half of the rest
    on either side."""
    half, total, low = (1 - sure) / 2, 0.0, None
    for count in range(int(expected * 4) + 40):
        total += math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
        if low is None and total > half:
            low = count
        if total >= 1 - half:
            return low or 0, count
    raise ValueError(f"no limit found for {expected}")


def at_most(expected: float, sure: float = SURE) -> int:
    """The most that chance alone leaves `sure` of the time where `expected` are expected."""
    return limits(expected, 2 * sure - 1)[1]
