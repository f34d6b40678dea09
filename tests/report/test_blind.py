"""Gaps as they are shown: alike ones once, those that hide most first, those that come with every visit apart."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import blind
from brokenseal.report.language import language
from brokenseal.report.verdict import HIDING
from tests.report import invented
from tests.report.test_reader import _section, _text

Row = dict[str, Any]


def _gap(n: int, kind: str, meaning: str, mailbox: str | None = None) -> Row:
    return {
        "gap_id": invented.identity("gap", n), "kind": kind, "tenant_id": invented.TENANTS["a"], "mailbox": mailbox,
        "from": f"2025-03-{4 + n % 10:02}T03:00:00Z", "to": f"2025-03-{4 + n % 10:02}T04:00:00Z", "meaning": meaning,
        "record_ids": [],
    }  # fmt: skip


@pytest.fixture
def made(answer: Row) -> Row:
    """Thirty repeats, two logs that expired, and one that hides a whole reason."""
    out = copy.deepcopy(answer)
    out["gaps"] = [
        *(_gap(n, "expired", "Earlier ones were deleted.") for n in (1, 2)),
        _gap(3, "no-issuance-log", "No sign-ins were handed over."),
        *(_gap(10 + n, "repeats", "Repeats are not logged.", invented.BOXES[0]) for n in range(30)),
    ]
    out["cases"][0]["gaps"] = sorted(g["gap_id"] for g in out["gaps"])
    report.validate(out)
    return out


def test_the_head_counts_what_comes_with_every_visit_apart(made: Row) -> None:
    told = blind.counted(made["gaps"], language("en"))
    assert told == (
        "3 gaps in the logs: sign-ins that were not handed over (1) and logs that begin where the provider's defaults end "
        "(2). Besides, within the hour after a visit repeats of the same message are not logged: 30 such times are "
        "listed, after visits of cases, of the same persons to mailboxes of others, and of those whom "
        "leads name"
    )
    source = report.html(made, invented.REASONS)
    assert told in source
    assert "3 gaps in the logs. Besides, within the hour" in source[: source.index("</header>")]


def test_where_only_repeats_are_not_logged_nothing_is_called_a_gap(made: Row) -> None:
    told = blind.counted([g for g in made["gaps"] if g["kind"] == "repeats"][:1], language("en"))
    assert told.startswith("within the hour after a visit") and "1 such time is listed" in told and "gap" not in told


def test_one_meaning_is_said_once_with_whose_and_when(made: Row) -> None:
    told = _text(_section(report.html(made, invented.REASONS), "gaps"))
    assert told.count("Repeats are not logged.") == told.count("Earlier ones were deleted.") == 1
    assert told.count(f"{invented.BOXES[0]} :") == 30


def test_what_hides_most_comes_first(made: Row) -> None:
    told = _text(_section(report.html(made, invented.REASONS), "gaps"))
    places = [told.index(m) for m in ("No sign-ins were handed over.", "Earlier ones were deleted.", "Repeats are not")]
    assert places == sorted(places)
    assert set(blind.ORDER[:4]) == HIDING


def test_a_dossier_says_an_alike_gap_once(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    dossier = source[source.index('id="d1-0"') : source.index('id="d1-1"')]
    assert dossier.count("Repeats are not logged.") == 1 and "… 22 more in answer.json." in dossier
