"""Work behind: what needs something waits for it, the rest runs beside it; a failure is told to whoever waits next, once."""

from __future__ import annotations

import threading

import pytest

from brokenseal.lake.behind import Behind


def test_what_needs_something_waits_for_it_and_nobody_else_does() -> None:
    behind, done, gate = Behind(2), [], threading.Event()
    behind.later(lambda: (gate.wait(10), done.append("slow")), makes=("a",))
    behind.later(lambda: done.append("after"), makes=("b",), needs=("a",))
    assert behind.now(lambda: list(done)) == []
    gate.set()
    assert behind.now(lambda: list(done), needs=("b", "never given")) == ["slow", "after"]
    behind.close()


def test_what_needs_nothing_runs_beside_one_another() -> None:
    behind, met, came = Behind(2), threading.Barrier(2), []
    behind.later(lambda: came.append(met.wait(10)))
    behind.later(lambda: came.append(met.wait(10)))
    behind.settle()
    assert sorted(came) == [0, 1]
    behind.close()


def test_the_earliest_goes_first_save_what_somebody_waits_for() -> None:
    behind, done, gate = Behind(), [], threading.Event()
    behind.later(lambda: gate.wait(10))
    for name in "abcd":
        behind.later(lambda name=name: done.append(name), makes=(name,), needs=("a",) if name == "c" else ())
    threading.Timer(0.05, gate.set).start()
    assert behind.now(lambda: list(done), needs=("c",)) == ["a", "c"]
    behind.settle()
    assert done == ["a", "c", "b", "d"]
    behind.close()


def test_a_name_made_again_is_the_later_one() -> None:
    behind, held = Behind(2), {}
    behind.later(lambda: held.update(a=1), makes=("a",))
    behind.later(lambda: held.update(a=2), makes=("a",), needs=("a",))
    assert behind.now(lambda: held["a"], needs=("a",)) == 2
    behind.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_is_told_once_and_what_came_after_it_is_left_out(threads: int) -> None:
    behind, done = Behind(threads), []
    behind.later(lambda: 1 // 0, makes=("a",))
    behind.later(lambda: done.append("after"), makes=("b",), needs=("a",))
    with pytest.raises(ZeroDivisionError):
        behind.now(lambda: done.append("later still"), needs=("b",))
    assert done == []
    assert behind.now(lambda: "again", needs=("b",)) == "again"
    behind.settle()
    behind.close()


def test_closing_leaves_out_what_has_not_begun_and_breaks_off_what_has() -> None:
    behind, done, begun, gate = Behind(), [], threading.Event(), threading.Event()
    behind.later(lambda: (begun.set(), gate.wait(10), done.append("broken off")))
    behind.later(lambda: done.append("left out"))
    assert begun.wait(10)
    behind.close(gate.set)
    assert done == ["broken off"]
