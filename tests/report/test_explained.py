"""A case in words, for the terminal: what its rarity is one of."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from brokenseal.report.explained import explained, linked


def _told(answer: dict[str, Any], **case: Any) -> str:
    """A case as the terminal shows it."""
    lines = {"line_bits": 13.5, "group_line_bits": 12.0, "as_of": answer["as_of"]}
    made = {**answer["cases"][0], **lines, **case}
    empty: dict[str, list[Any]] = {name: [] for name in ("without", "strongest", "words", "records")}
    out = io.StringIO()
    explained(
        {"kind": "case", "id": made["case_id"], "case": made, "acts": made["acts"], **empty},
        {},
        Console(file=out, width=400),
    )
    return out.getvalue()


@pytest.mark.parametrize(("weight", "what"), [(21.4, "a benign act"), (48.5, "a group of benign visits")])
def test_what_weighs_more_than_its_heaviest_visit_is_rare_among_groups(
    answer: dict[str, Any], weight: float, what: str
) -> None:
    assert f"for a group 12.0): {what} would look at least this odd" in _told(answer, bits=weight)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("orphans t ann@x.example in ann@x.example | owa | -", "of ann@x.example in ann@x.example"),
        ("orphans t Ann in Town in box@x.example | owa | -", "of Ann in Town in box@x.example"),
        ("heaps t", "too many tokens without a sign-in, of several persons"),
        ("unissued t 2025-03-23 owa | web", "tokens without a sign-in, of several persons from 2025-03-23"),
        ("actor t ann@x.example", "mailboxes of others, opened by ann@x.example"),
        ("address 192.0.2.1", "address 192.0.2.1"),
        ("network and client as64500 | owa | -", "network and client as64500 | owa | -"),
        ("orphans of a later kind", "orphans of a later kind"),
        ("network \x1b[31mas64500", "network"),
    ],
)
def test_a_link_is_said_without_ids_of_organisations(answer: dict[str, Any], by: str, told: str) -> None:
    act = {**answer["cases"][0]["acts"][0], "linked_by": by, "basis": "link"}
    assert told in linked(by) and linked(by) in _told(answer, acts=[act])
    assert " t " not in linked(by) and "\x1b" not in linked(by)
