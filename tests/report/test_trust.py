"""What the answer says of keys: when each was published, what was odd, what lay about."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from brokenseal import report
from brokenseal.keys.watch import watch
from brokenseal.lake import Lake
from tests.keys import issuers
from tests.report import invented
from tests.report.trusted import DAY, NAMES, OTHER, SOURCE


def day(nth: int) -> str:
    return f"{DAY[nth]:%Y-%m-%d}T00:00:00Z"


def test_nothing_watched_is_four_empty_lists(quiet: dict[str, Any]) -> None:
    assert quiet["keys"] == {"sources": [], "timeline": [], "findings": [], "leaks": []}


def test_a_key_s_periods_end_where_a_look_did_not_find_it(answer: dict[str, Any]) -> None:
    line = {(k["source"], k["thumbprint"]): k for k in answer["keys"]["timeline"]}
    told = {place: [(p["from"], p["to"], p["gone"]) for p in k["periods"]] for place, k in line.items()}
    assert told == {
        (SOURCE, NAMES["old"]): [(day(0), day(1), day(3)), (day(4), day(5), None)],
        (SOURCE, NAMES["steady"]): [(day(0), day(4), day(5))],
        (SOURCE, NAMES["young"]): [(day(3), day(4), day(5))],
        (OTHER, NAMES["old"]): [(day(0), day(0), None)],
    }
    assert {place for place, k in line.items() if k["published"]} == {(SOURCE, NAMES["old"]), (OTHER, NAMES["old"])}
    assert list(line) == sorted(line, key=lambda p: (p[0], told[p][0][0], p[1]))
    old = line[SOURCE, NAMES["old"]]
    assert (old["kids"], old["size"], old["not_after"]) == (["kid-back", "kid-old"], 2048, "2027-08-18T00:00:00Z")


def test_a_look_in_vain_is_counted_and_ends_no_period(answer: dict[str, Any]) -> None:
    told = [(s["source"], s["looks"], s["unread"], s["versions"]) for s in answer["keys"]["sources"]]
    assert told == [(SOURCE, 6, 1, 4), (OTHER, 2, 1, 1)]


def test_the_gravest_comes_first_and_says_whether_the_key_is_still_there(answer: dict[str, Any]) -> None:
    told = [(f["kind"], f["published"]) for f in answer["keys"]["findings"]]
    assert told == [
        ("secret-published", True),
        ("back", True),
        ("gone", True),
        ("metadata-expired", None),
        ("new", False),
    ]


def test_a_leak_is_told_once_as_it_was_first_found(answer: dict[str, Any]) -> None:
    leaks = answer["keys"]["leaks"]
    assert [(k["severity"], k["found_at"], k["known"]) for k in leaks] == [
        ("critical", day(4), f"kid-old of {SOURCE}"),
        ("high", day(4), None),
    ]


def test_what_a_watch_left_is_in_the_answer(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    with Lake.open(invented.lay(tmp_path, quiet=True), write=True) as lake:
        for nth, keys in enumerate(((0, 1), (1,), (0, 1))):
            file.write_bytes(issuers.key_set(*(issuers.published(n) for n in keys)))
            watch(lake, [str(file)], at=DAY[nth])
        made = report.answer(lake, invented.REASONS)
        report.validate(made)
    told = made["keys"]
    assert [(f["kind"], f["thumbprint"]) for f in told["findings"]] == [
        ("back", issuers.name(0)),
        ("gone", issuers.name(0)),
    ]
    assert {k["thumbprint"]: len(k["periods"]) for k in told["timeline"]} == {issuers.name(0): 2, issuers.name(1): 1}
    assert (told["sources"][0]["issuer"], told["sources"][0]["kind"]) == (None, "jwks")


def section(page: str) -> str:
    """The words of the section, without tags."""
    begin = page.index('<section id="keys">')
    words = " ".join(re.sub(r"<[^>]+>", " ", page[begin : page.index("</section>", begin)]).split())
    return re.sub(r" ([.,;])", r"\1", words)


def test_the_page_has_a_time_line_of_keys(answer: dict[str, Any], quiet: dict[str, Any]) -> None:
    page = report.html(answer, invented.REASONS)
    told = section(page)
    assert "1 Mar 2025 00:00 to 2 Mar 2025 00:00; gone at the look of 4 Mar 2025 00:00. Back again:" in told
    assert "5 Mar 2025 00:00 to 6 Mar 2025 00:00; there at the last look." in told
    assert (
        "critical The document publishes the private half of the key: anybody can sign. 5 Mar 2025, secret-published"
        in told
    )
    assert "6 looks, 1 Mar 2025 00:00 to 6 Mar 2025 00:00, 1 of them in vain" in told
    assert f"A key that is trusted: kid-old of {SOURCE}" in told
    assert page.count('<i class="k"') == 5
    assert '<a href="#keys">which key, since when, and why</a>' in page
    assert 'id="keys"' not in report.html(quiet, invented.REASONS)


def test_the_time_line_is_said_in_arabic(answer: dict[str, Any]) -> None:
    told = copy.deepcopy(answer)
    reasons = (
        "The key is back: last published on 2025-03-02, gone since. A retired key is trusted again.",
        "The key is 500 days old since it was first seen; the policy allows 400.",
        "The modulus has 1024 bits; 2048 are the least today.",
    )
    for finding, reason in zip(told["keys"]["findings"], (*reasons, *reasons[:2]), strict=True):
        finding["reason"] = reason
    page = report.html(told, invented.REASONS, "ar")
    begin = page.index('<section id="keys">')
    assert 'lang="en"' not in page[begin : page.index("</section>", begin)]


def test_a_page_of_many_keys_is_bounded_and_counts_the_rest(answer: dict[str, Any]) -> None:
    told = copy.deepcopy(answer)
    line, finding = told["keys"]["timeline"][0], told["keys"]["findings"][0]
    told["keys"]["timeline"] = [{**line, "thumbprint": f"{n:043}"} for n in range(1_000)]
    told["keys"]["findings"] = [{**finding, "thumbprint": f"{0:043}", "reason": "x" * 5_000}] * 1_000
    page = report.html(told, invented.REASONS)
    assert section(page).count("… 800 more in answer.json.") == 2
    assert len(page) < len(report.html(answer, invented.REASONS)) + 1_000_000
