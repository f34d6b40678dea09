"""The arithmetic of bits, on figures that can be checked by hand."""

from __future__ import annotations

import math

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
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


def test_none_among_few_says_little_and_none_among_many_much() -> None:
    everybody = (1, 999)
    # one in a thousand elsewhere: none of a hundred here is what is to be expected
    assert bits.smoothed([(0, 100), everybody], (0, 0)) == bits.smoothed([everybody], (0, 0))
    assert bits.smoothed([(0, 100_000), everybody], (0, 0)) == pytest.approx(0.5 / 100_001)
    # what is common elsewhere and has not been met here is half an act of what is here
    assert bits.smoothed([(0, 99)], (500, 1000)) == pytest.approx(20 * 0.5 / 119, rel=1e-2)
    assert bits.smoothed([(0, 999)], (0, 10**6)) == pytest.approx(0.5 / (10**6 + 1))


COUNTS = st.tuples(st.integers(0, 50), st.integers(0, 3000)).map(lambda c: (min(c), max(c)))


@settings(max_examples=40, deadline=None)
@given(st.lists(COUNTS, min_size=4, max_size=4), st.integers(1, 6), st.integers(0, 9))
def test_the_expression_is_the_arithmetic(counts: list[tuple[int, int]], hits: int, misses: int) -> None:
    names = ("mailbox_", "tenant_", "", "prior_")
    row = {f"{n}{column}": v for n, pair in zip(names, counts) for column, v in zip(("seen", "of"), pair)}
    told = ibis.memtable(pa.Table.from_pylist([{**row, "hits": hits, "units": hits + misses}]))
    weighed = ibis.duckdb.connect().to_pyarrow(told.select(bits=bits._weight(told)))["bits"][0].as_py()
    p = bits.smoothed(counts[:3], counts[3])
    most = bits.ceiling(max(counts[2][1] + counts[3][1], 1))
    assert abs(weighed - min(round(bits.repeated(hits, hits + misses, p) * bits.TENTHS), most)) <= 1


@given(st.integers(1, 45), st.floats(1e-6, 0.5), st.data())
def test_repeated_never_exceeds_the_exact_binomial_tail(n: int, p: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    exact = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert bits.repeated(k, n, p) <= -math.log2(exact) + 1e-6


def test_repeated_is_exact_when_all_are_odd() -> None:
    assert bits.repeated(3, 3, 0.01) == pytest.approx(3 * -math.log2(0.01))


HEAP = {0: 3200, 20: 50, 40: 12, 60: 5, 80: 2, 140: 40}
"""Tenths to relationships: a tail that falls, and a heap far out."""


def test_a_heap_far_out_does_not_excuse_itself_where_the_tail_is_steady() -> None:
    excused, weighed = bits.sums([HEAP], [], [140])[140], bits.sums([], [HEAP], [140])[140]
    assert excused < 70 and 100 < weighed <= 140
    # and not because the heap is left out: up to there it counts like any other
    assert bits.sums([], [HEAP], [20])[20] == bits.sums([HEAP], [], [20])[20]


def test_a_tail_that_falls_as_its_bits_say_is_counted_as_it_is() -> None:
    falls = {0: 3072, 20: 768, 40: 192, 60: 48, 80: 12, 100: 3, 120: 1}
    weights = list(falls)
    assert bits.sums([], [falls], weights) == bits.sums([falls], [], weights)


@given(st.dictionaries(st.integers(0, 200), st.integers(0, 500), min_size=1), st.integers(0, 200))
def test_steadiness_never_takes_weight_away(histogram: bits.Histogram, weight: int) -> None:
    loose, steady = bits.sums([histogram], [], [weight])[weight], bits.sums([], [histogram], [weight])[weight]
    assert loose <= steady <= weight


def _cell(relation: str, level: int, count: int, box: str = "ann", reason: str = "r") -> dict[str, object]:
    cell = {"evidence": reason, "unit": "visit", "relationship_id": relation, "stratum": "web", "tenant_id": "t"}
    return {**cell, "box": box, "level": level, "all_here": count, "benign_here": count}


def _weighed(cells: list[dict[str, object]], lone: list[str]) -> dict[tuple[object, object], dict[str, int]]:
    """What each relationship weighs for each reason, with the counts behind it."""
    prior = pa.Table.from_pylist([{"evidence": r, "level": 1, "seen": 0, "of": 100} for r in ("r", "other")])
    tables = (ibis.memtable(pa.Table.from_pylist(cells)), ibis.memtable(prior))
    rows = ibis.duckdb.connect().to_pyarrow(bits.weigh(*tables, lone=lone)).to_pylist()
    return {(row["evidence"], row["relationship_id"]): row for row in rows}


def test_of_a_lone_reason_the_mailbox_s_own_acts_are_no_precedents() -> None:
    reasons = ("r", "other")
    cells = [_cell(n, 1, 2, reason=r) for n in ("a", "b", "c") for r in reasons]
    cells += [_cell(f"benign {n}", 0, 100, box=f"box {n}", reason=r) for n in range(9) for r in reasons]
    learned, alone = _weighed(cells, []), _weighed(cells, ["r"])
    # two others of the mailbox have two such acts each
    assert [learned["r", "a"][f"mailbox_{n}"] for n in ("seen", "of")] == [4, 4]
    assert [alone["r", "a"][f"mailbox_{n}"] for n in ("seen", "of")] == [0, 0]
    assert alone["r", "a"]["bits"] > learned["r", "a"]["bits"] + 10
    # other reasons learn as before, and so do the wider circles
    assert alone["other", "a"] == learned["other", "a"]
    assert all(alone["r", "a"][n] == learned["r", "a"][n] for n in ("tenant_seen", "tenant_of", "seen", "of", "hits"))


@pytest.mark.parametrize(
    ("links", "forged"),
    [
        (["orphan", "orphan", "token"], True),
        (["orphan", "token"], True),
        (["orphan", "token", "token"], False),
        (["orphan", "session", "session"], True),
        (["token", "session"], False),
        (["session", None], False),
    ],
)
def test_what_is_forged_is_shared_by_as_many_unissued_tokens_as_issued_ones(
    links: list[str | None], forged: bool
) -> None:
    rows = [{"kind": "address", "value": "A", "link": link} for link in links]
    # the same value of another kind, and another value, speak for themselves
    rows += [{"kind": "network", "value": "A", "link": "token"}] * 9
    rows += [{"kind": "address", "value": "B", "link": link} for link in ("token", "token", "orphan")]
    told = ibis.memtable(pa.Table.from_pylist(rows))
    found = ibis.duckdb.connect().to_pyarrow(bits.forged(told)).to_pylist()
    assert found == ([{"kind": "address", "value": "A"}] if forged else [])


def test_several_is_what_so_many_among_so_many_acts_are_by_chance() -> None:
    """By hand: two or more where a tenth of one is expected; and of two numbers tried the odder counts twice."""
    tenth = [round(math.log2(1000 / 0.1) * 10)] * 2
    two = 1 - math.exp(-0.1) * 1.1
    assert bits.several(tenth, 1000) == pytest.approx(two, rel=0.03)
    assert bits.several([*tenth, 0], 1000) == pytest.approx(2 * two, rel=0.03)
    assert bits.several([*tenth, tenth[0]], 1000) < two / 10
    assert bits.several([], 9) == bits.several([200], 9) == bits.several([0, 0], 9) == 1.0
    assert bits.several([2000] * 9, 9) == 2.0**-200
