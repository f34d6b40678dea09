"""The arithmetic of bits, on figures that can be checked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokenseal import bits


def test_one_in_1024_is_ten_bits() -> None:
    assert bits.tenths(1 / 1024) == 100
    assert bits.once_in(100) == 1024
    assert bits.shown(105) == 10.5


def test_line_is_log2_of_acts_per_false_case() -> None:
    assert bits.line(2048, 0.5) == 120


def test_smoothing_leans_on_the_wider_circle() -> None:
    # no local history at all: the prior's own rate
    assert bits.smoothed([(0, 0)], (99, 9999)) == pytest.approx(99.5 / 10000)
    # twenty local acts weigh as much as everything wider
    assert bits.smoothed([(20, 20)], (0, 10**9)) == pytest.approx(0.5, abs=1e-6)


@given(st.integers(1, 45), st.floats(1e-6, 0.5), st.data())
def test_repeated_never_exceeds_the_exact_binomial_tail(n: int, p: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    exact = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert bits.repeated(k, n, p) <= -math.log2(exact) + 1e-6


def test_repeated_is_exact_when_all_are_odd() -> None:
    assert bits.repeated(3, 3, 0.01) == pytest.approx(3 * -math.log2(0.01))
