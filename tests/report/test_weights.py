"""Shown figures add up to shown sums, to the digit, in the answer and on the page."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from brokenseal import bits, report
from brokenseal.report import words
from brokenseal.report.language import language
from tests.report import invented


def _tenths(value: float) -> int:
    return round(value * 10)


def test_the_terms_of_every_act_add_up_to_its_bits(answer: dict[str, Any]) -> None:
    acts = [*answer["cases"][0]["acts"], *answer["leads"]]
    assert all(sum(map(_tenths, a["weighed"].values())) == _tenths(a["bits"]) for a in acts)
    assert acts[0]["weighed"]["jointly"] == -2.0 and acts[-1]["weighed"]["added"] == -0.9


def test_the_terms_of_a_group_add_up_to_its_bits(answer: dict[str, Any]) -> None:
    group = answer["cases"][0]["weighing"]["group"]
    assert (
        _tenths(group["place"]) + _tenths(group["rest"]) + _tenths(group["together"]) == _tenths(group["bits"]) == 139
    )


FIGURES = re.compile(r"Together ([\d.]+) \+ (\d+) × ([\d.]+) bits, rounded ([\d.]+)\.")


def _placed(answer: dict[str, Any], **group: Any) -> str:
    case = answer["cases"][0]
    own = {**case["weighing"]["group"], **group}
    return str(words.placed({**case, "weighing": {**case["weighing"], "group": own}}, language("en")))


def test_the_place_of_a_group_can_be_worked_out_again(answer: dict[str, Any]) -> None:
    told = _placed(answer)
    assert "{newcomers}" not in told and "E = 68 × (0 + ½) / (180 + 1)" in told
    expected = 68 * 0.5 / 181
    assert round(math.log2((1 + expected) / expected), 2) == 2.66
    assert "log2((1 + E) / E) = 2.66 bits, and that 2 further ones did 2.66 each" in told
    assert told.endswith("Together 2.66 + 2 × 2.66 bits, rounded 8.0.")
    assert _placed(answer, newcomers=None) == _placed(answer, newcomers_here=0) == _placed(answer, place=0.0) == "None"


def test_a_place_that_little_bears_out_says_so(answer: dict[str, Any]) -> None:
    told = _placed(answer, place=3.1)
    assert "Together 2.66 + 2 × 2.66 bits, rounded 8.0. What is odd in their clients" in told
    assert "comes to 3.1 bits, and the place weighs no more" in told


def test_one_newcomer_weighs_what_is_expected_of_him(answer: dict[str, Any]) -> None:
    told = _placed(answer, newcomers_here=1, came=2.7, place=2.7)
    assert told.endswith("That one came weighs log2((1 + E) / E) = 2.7 bits.") and "further" not in told


@pytest.mark.parametrize("seldom", [0.04, 0.7, 1.234567, 9.0])
@pytest.mark.parametrize("here", [2, 3, 9, 10, 11, 60, 99, 100])
def test_first_and_further_newcomers_add_up_to_the_place(answer: dict[str, Any], here: int, seldom: float) -> None:
    expected = 68 * 0.5 / 181
    first = math.log2((1 + expected) / expected)
    place = round(first + (here - 1) * min(first, seldom), 1)
    told = _placed(answer, newcomers_here=here, came=place, place=place)
    figures = FIGURES.search(told)
    assert figures, told
    one, more, each = float(figures[1]), int(figures[2]), float(figures[3])
    assert (more, float(figures[4])) == (here - 1, place)
    assert abs(one - first) < 0.01 and 0 <= each <= one and abs(each - min(first, seldom)) < 0.06
    assert abs(one + more * each - place) <= 0.1 if each == one else round(one + more * each, 1) == place
    assert f"{more} further one{'s' if more > 1 else ''} did {each:g}" in told


def test_both_lines_can_be_worked_out_again(answer: dict[str, Any]) -> None:
    told = " ".join(re.sub(r"<[^>]+>", " ", report.html(answer, invented.REASONS)).split())
    assert "log2(2,900 / 0.25) = 13.5 bits" in told and "log2(1,024 / 0.25) = 12.0 bits" in told
    assert (bits.line(2900, 0.25), bits.line(1024, 0.25)) == (135, 120)
    assert "at most log2((8,000 + 1) / (k + 1))" in told and "where none does, that is 13.0." in told


@pytest.mark.parametrize(("weight", "what"), [(13.9, "a group of benign visits"), (21.4, "a benign act")])
def test_what_stands_on_a_group_is_rare_among_groups(answer: dict[str, Any], weight: float, what: str) -> None:
    case = {**answer["cases"][0], "bits": weight}
    assert str(words.odd(case, language("en"))).startswith(f"{what} would look at least this odd ")
    head = report.html({**answer, "cases": [case]}, invented.REASONS).split("</header>")[0]
    assert f"{what[:1].upper()}{what[1:]} would look at least this odd" in head


def _sums(source: str) -> list[tuple[list[float], float]]:
    """Of each sum on the page its terms and what it says they come to."""
    out = []
    for table in re.findall(r'<table class="sum">.*?</table>', source, re.DOTALL):
        figures = [float(f) for f in re.findall(r'<td class="number">(-?[\d.]+)</td>', table)]
        if "total" in table:
            out.append((figures[:-1], figures[-1]))
    return out


def test_a_reader_can_add_up_the_page_again(answer: dict[str, Any]) -> None:
    sums = _sums(report.html(answer, invented.REASONS))
    assert [total for _, total in sums] == [21.4, 13.9]
    assert all(sum(map(_tenths, terms)) == _tenths(total) for terms, total in sums)


def test_a_case_that_stands_on_a_group_says_which_line_it_is_measured_by(answer: dict[str, Any]) -> None:
    case = answer["cases"][0]
    weighing = {**case["weighing"], "act_bits": 12.0, "group": {**case["weighing"]["group"], "bits": 21.4}}
    told = report.html({**answer, "cases": [{**case, "weighing": weighing}]}, invented.REASONS)
    assert (
        "so much do its visits weigh together, and the line for groups lies at 12.0 bits; its heaviest visit alone weighs 12.0"
        in told
    )


def test_what_is_left_without_each_reason_is_said(answer: dict[str, Any]) -> None:
    told = " ".join(re.sub(r"<[^>]+>", " ", report.html(answer, invented.REASONS)).split())
    assert "Without “Token without a sign-in in these logs” 11.0 below the line" in told
    assert "Without “Network new to this mailbox” 13.9 still above the line" in told


def test_the_evidence_says_first_where_shipped_rates_come_from(answer: dict[str, Any]) -> None:
    told = report.html(answer, invented.REASONS)
    assert "measured on invented worlds" in told[told.index("<h3>Evidence") : told.index("<h4>How the weight")]


@pytest.mark.parametrize("what", ["linked_by", "link_bits"])
def test_a_link_says_what_is_shared_and_what_that_weighs(answer: dict[str, Any], what: str) -> None:
    told = {a["basis"]: a[what] for a in answer["cases"][0]["acts"]}
    assert told == {
        "link": {"linked_by": f"address {invented.INTRUDER}", "link_bits": 11.5}[what],
        "own evidence": None,
    }


CLIENT = "owa | - | - | Mozilla/0.0"


@pytest.mark.parametrize(
    ("shared", "told"),
    [
        ("address 192.0.2.1", "the address 192.0.2.1"),
        (f"network and client as64500 | {CLIENT}", "the network as64500 with the client Mozilla/5.0"),
        ("network and client as64500 | owa | -", "the network as64500 with the client owa | -"),
        ("actor t ann@x.example", "ann@x.example"),
        (
            "unissued t 2025-03-23 owa | web",
            "tokens without a sign-in in these logs, each from an address range where that person never signs in, in the two "
            "days from 2025-03-23",
        ),
        (
            "heaps t",
            "tokens without a sign-in in these logs, of each of these persons more than chance explains",
        ),
        ("network as64500", "the network as64500"),
        ("a kind of later", "a kind of later"),
    ],
)
def test_what_a_group_shares_is_said_in_words(answer: dict[str, Any], shared: str, told: str) -> None:
    case = answer["cases"][0]
    group = {**case["weighing"]["group"], "shared": shared}
    indicators = [{"type": "client", "value": CLIENT, "seen": ["Mozilla/5.0"]}]
    made = {**case, "weighing": {**case["weighing"], "group": group}, "indicators": indicators}
    assert words.shared(made, language("en")).striptags() == told


@pytest.mark.parametrize(
    ("shared", "actors", "told"),
    [
        ("actor t ann@x.example", 1, ("Visits together, of one person: ", "That one person newly opened so many")),
        (
            "unissued t 2025-03-23 owa | web",
            3,
            (
                "Visits together: 3 persons or",
                "That so many people of one organisation have such tokens within two days",
            ),
        ),
        (
            "heaps t",
            2,
            (
                "Visits together: 2 persons or applications share something rare: tokens without a sign-in in these logs, of ",
                "That so many people have too many tokens without a sign-in",
            ),
        ),
    ],
)
def test_a_group_whose_number_alone_weighs_is_said_to_be_one(
    answer: dict[str, Any], shared: str, actors: int, told: tuple[str, str]
) -> None:
    case = answer["cases"][0]
    group = {
        "shared": shared,
        "actors": actors,
        **dict.fromkeys((*bits.PLACED, "came")),
        "plain": 0.0,
        "place": 9.0,
        "rest": 0.0,
        "together": 0.0,
        "bits": 9.0,
    }
    made = {**answer, "cases": [{**case, "weighing": {**case["weighing"], "group": group}}]}
    source = report.html(made, invented.REASONS)
    assert all(text in source for text in told)
    assert _sums(source)[1] == ([9.0], 9.0)


def test_newcomers_of_a_network_are_a_group_that_names_it(answer: dict[str, Any]) -> None:
    case = answer["cases"][0]
    group = {**case["weighing"]["group"], "shared": "network as64500"}
    made = {**answer, "cases": [{**case, "weighing": {**case["weighing"], "group": group}}]}
    source = report.html(made, invented.REASONS)
    told = " ".join(re.sub(r"<[^>]+>", "", source).split())
    assert "share something rare: the network as64500." in told
    assert "That so many who are new somewhere are new just here" in told and "Together 2.66 + 2 × 2.66 bits" in told
    assert all(sum(map(_tenths, terms)) == _tenths(total) for terms, total in _sums(source))
