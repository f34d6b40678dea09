"""No collection meanwhile, and the collector as it was afterwards, whatever happens."""

from __future__ import annotations

import gc

import pytest

from brokenseal.uncollected import uncollected


def test_the_collector_rests_and_is_back_after_a_failure() -> None:
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), uncollected():
        assert not gc.isenabled()
        1 // 0  # noqa: B018
    assert gc.isenabled()


def test_what_was_off_stays_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
