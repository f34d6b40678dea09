"""What the same logs hold for or against a case stands beside its evidence, counted from the answer."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report.counter import counter
from brokenseal.report.language import language
from tests.report import golden, invented
from tests.report.test_reader import _text

OWA, REST = "owa | - | - | token", "rest | - | - | token"


@pytest.fixture
def made(answer: dict[str, Any]) -> dict[str, Any]:
    """Visits that could be linked: of the case 6 of 6 orphans; of others nearly all linked; and a program that never is."""
    out = copy.deepcopy(answer)
    for c in out["coverage"]:
        c["linkage"].append({"stratum": REST, "visits": 95, "linked": 0})
    report.validate(out)
    return out


def _said(made: dict[str, Any]) -> list[str]:
    return [str(told.striptags()) for told in counter(made["cases"][0], made, language("en"))]


def test_the_answer_counts_them(answer: dict[str, Any]) -> None:
    told = answer["cases"][0]["counter"]
    assert (told["token_ids"], told["odd_token_ids"]) == (6, 2)
    assert [(k["acts"], k["orphans"], k["others"], k["others_linked"]) for k in told["kinds"]] == [
        (4, 4, 16, 16),
        (2, 2, 18, 16),
    ]


def test_the_case_s_visits_stand_beside_all_others_of_their_kind(made: dict[str, Any]) -> None:
    assert (
        "the token or session of 6 of the 6 visits of this case that could be linked. Of 34 other visits"
        in _said(made)[0]
    )
    assert "32 are linked to a sign-in" in _said(made)[0]


def test_why_the_evidence_counts_others_is_said_and_who_else_is_not_linked(made: dict[str, Any]) -> None:
    said = _said(made)
    assert any("there visits that share a token or session count once" in s for s in said)
    assert "Of the others 2 are not linked to a sign-in; none of the leads is of this kind." in said
    made["leads"][0]["findings"][0]["evidence"] = "unissued_token"
    assert f"among the leads visits without a sign-in are those to {invented.BOXES[0]}." in " ".join(_said(made))


def test_programs_whose_visits_never_link_are_named(made: dict[str, Any]) -> None:
    assert any(
        "of 1 other kind of client hardly any visit is linked (rest | - | - | token: 0 of 190)" in s
        for s in _said(made)
    )


def test_token_ids_that_end_as_the_provider_s_do_are_said_to(made: dict[str, Any]) -> None:
    assert any("4 of 6 token ids have the shape and ending of the provider's own, 2 do not" in s for s in _said(made))


def test_where_the_case_s_own_kind_rarely_links_that_is_said(made: dict[str, Any]) -> None:
    for kind in made["cases"][0]["counter"]["kinds"]:
        kind["others_linked"] = 3
    assert any(s.startswith("6 of them are of a kind whose other visits are linked rarely") for s in _said(made))


def test_it_stands_on_the_page(made: dict[str, Any]) -> None:
    told = _text(report.html(made, invented.REASONS))
    assert "What else these logs say about it" in told and "4 of 6 token ids" in told


def test_a_line_is_no_confirmation_and_a_person_s_word_is_one(answer: dict[str, Any]) -> None:
    told = _text(report.html(answer, invented.REASONS))
    assert "2 of them above the line" in told and "No person has confirmed any of it yet" in told
    assert "onfirmed:" not in told
    said = _text(report.html(golden.fixed(answer), invented.REASONS))
    assert "1 visit of this case was called hostile by a person." in said
    assert "No person has confirmed any of it" not in said


def test_the_page_accuses_nobody(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS)
    assert "Intrusion is a verdict on how odd these acts are" in _text(source)
    assert "accessed by a visit of this case." in source and "<td>either: a visit of this case" in source
    assert "<td>intruder" not in source


def test_a_subject_that_no_log_holds_is_said_once(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    for n, box in enumerate(made["cases"][0]["mailboxes"]):
        for message in box["messages"] if n == 0 else box["messages"][:1]:
            message["subject"] = None
    told = _text(report.html(made, invented.REASONS))
    assert told.count("The log holds the subject of none of these messages") == 1
    assert told.count("Where no subject stands, the log holds none.") == 2
    assert "not in the log" not in told


def test_what_is_the_same_for_all_messages_is_said_once(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    told = _text(report.html(made, invented.REASONS))
    assert told.count("For each of them: named in the record of the access; accessed by a visit of this case.") == 3
    made["cases"][0]["mailboxes"][0]["messages"][0]["by"] = "either"
    mixed = report.html(made, invented.REASONS)
    assert _text(mixed).count("For each of them: named") == 2
    assert mixed.count("<td>a visit of this case") == len(invented.SUBJECTS) - 1


def test_where_every_visit_is_linked_nothing_is_said_of_it(made: dict[str, Any]) -> None:
    for kind in made["cases"][0]["counter"]["kinds"]:
        kind["orphans"] = 0
    assert _said(made) == []
