"""A case in words, for the terminal: what its rarity is one of."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from brokenseal.report.explained import explained


@pytest.mark.parametrize(("weight", "what"), [(21.4, "a benign act"), (48.5, "a group of benign visits")])
def test_what_weighs_more_than_its_heaviest_visit_is_rare_among_groups(
    answer: dict[str, Any], weight: float, what: str
) -> None:
    lines = {"line_bits": 13.5, "group_line_bits": 12.0, "as_of": answer["as_of"]}
    case = {**answer["cases"][0], **lines, "bits": weight}
    found = {
        "kind": "case",
        "id": case["case_id"],
        "case": case,
        "acts": case["acts"],
        "without": [],
        "strongest": [],
        "words": [],
        "records": [],
    }
    out = io.StringIO()
    explained(found, {}, Console(file=out, width=300))
    assert f"for a group 12.0): {what} would look at least this odd" in out.getvalue()
