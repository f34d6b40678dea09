"""Verdict and exit code."""

from __future__ import annotations

import pytest

from brokenseal.report.verdict import HIDING, Days, exit_code, told, verdict


@pytest.mark.parametrize(
    ("severities", "clear", "said"),
    [
        (["low", "critical"], False, "intrusion"),
        (["high"], True, "intrusion"),
        (["low", "medium"], True, "suspicion"),
        (["low"], True, "nothing found"),
        ([], True, "nothing found"),
        ([], False, "cannot tell"),
    ],
)
def test_verdict(severities: list[str], clear: bool, said: str) -> None:
    assert verdict(severities, clear=clear) == said


@pytest.mark.parametrize(
    ("said", "clear", "all_read", "code"),
    [
        ("intrusion", False, False, 3),
        ("nothing found", True, True, 0),
        ("nothing found", True, False, 2),
        ("suspicion", True, True, 0),
        ("suspicion", False, True, 2),
        ("cannot tell", False, True, 2),
    ],
)
def test_exit(said: str, clear: bool, all_read: bool, code: int) -> None:
    assert exit_code(said, clear=clear, all_read=all_read) == code


def test_it_can_be_told_where_accesses_are_on_nearly_all_days() -> None:
    assert told("t", Days(100, 95), [])
    assert not told("t", Days(100, 94), [])
    assert not told("t", Days(0, 0), [])
    assert not told("t", None, [])


@pytest.mark.parametrize("kind", sorted(HIDING))
def test_a_gap_that_hides_a_whole_reason_forbids_it(kind: str) -> None:
    assert not told("t", Days(30, 30), [{"kind": kind, "tenant_id": "t"}])
    assert not told("t", Days(30, 30), [{"kind": kind, "tenant_id": None}])
    assert told("t", Days(30, 30), [{"kind": kind, "tenant_id": "another"}])


def test_a_throttled_mailbox_does_not() -> None:
    assert told("t", Days(30, 30), [{"kind": "throttled", "tenant_id": "t"}])
