"""Hidden characters become signs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokenseal.report import visible


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (None, ""),
        ("plain <b>", "plain <b>"),
        ("\x1b[2J", "‹U+001B›[2J"),
        ("a\u202eb", "a‹U+202E›b"),
        ("a\u200bb", "a‹U+200B›b"),
        ("one\ntwo", "one‹U+000A›two"),
        ("\x9b31m", "‹U+009B›31m"),
        ("\udc80", "‹U+DC80›"),
        ("جدول أعمال", "جدول أعمال"),
        ("Grüße 会议", "Grüße 会议"),
    ],
)
def test_signs(raw: str | None, shown: str) -> None:
    assert visible(raw) == shown


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert visible("x" * 301) == "x" * 300 + "…"
    assert visible("x" * 300) == "x" * 300


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    assert not {unicodedata.category(c) for c in visible(text)} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
