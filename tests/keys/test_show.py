"""The demo's second act: what it says is what happened."""

from __future__ import annotations

import pytest

from brokenseal.keys.forge.show import show
from brokenseal.verbs import drill


def test_let_in_by_a_stock_library_and_refused_here() -> None:
    stock, own = show()
    assert (stock.genuine, stock.forged, stock.why) == (True, True, None)
    assert (own.genuine, own.forged) == (True, False)
    assert own.why and own.why.startswith("rule 3, key-issuer: ")


def test_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    drill._second_act()
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert "joserfc" in lines[2] and "let in" in lines[2]
    assert "brokenseal keys verify: refused by rule 3" in lines[3]
    assert "eyJ" not in out
