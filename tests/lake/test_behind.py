"""Work behind: in order, and a failure is told to whoever waits next, once."""

from __future__ import annotations

import threading

import pytest

from brokenseal.lake.behind import Behind


def test_in_order_and_not_waited_for() -> None:
    behind, done, gate = Behind(), [], threading.Event()
    behind.later(lambda: (gate.wait(10), done.append(1)))
    behind.later(lambda: done.append(2))
    assert done == []
    gate.set()
    assert behind.now(lambda: [*done, 3]) == [1, 2, 3]
    behind.close()


def test_a_failure_is_told_once_and_what_came_after_it_is_left_out() -> None:
    behind, done = Behind(), []
    behind.later(lambda: 1 // 0)
    behind.later(lambda: done.append("after"))
    with pytest.raises(ZeroDivisionError):
        behind.settle()
    assert done == []
    assert behind.now(lambda: "again") == "again"
    behind.close()


def test_closing_leaves_out_what_has_not_begun() -> None:
    behind, done, gate = Behind(), [], threading.Event()
    behind.later(gate.wait)
    behind.later(lambda: done.append(1))
    threading.Timer(0.05, gate.set).start()
    behind.close()
    assert done == []
