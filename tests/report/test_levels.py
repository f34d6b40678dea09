"""Each line of evidence counts the visits that its sentence is true of, and no other visit of the same reason."""

from __future__ import annotations

import copy
import html as escapes
import re
from collections import defaultdict
from typing import Any

import pytest

from brokenseal import report
from tests.report import invented

Row = dict[str, Any]
MANY, SOME = "It accessed at least 16 messages", "It accessed at least 8 messages"
ROW = re.compile(r'<tr><th scope="row" class="wide"><a href="#reason-(\w+)">(.*?)</th>(.*?)</tr>', re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
ITEM = re.compile(r"<li>([^<]*): ([\d.]+(?: to [\d.]+)?) bits, .*?, in (\d+) visits?:")


@pytest.fixture(scope="module")
def made(answer: Row) -> Row:
    """The invented answer, where one reason holds at two levels, and weighs differently within one."""
    out = copy.deepcopy(answer)
    case = out["cases"][0]
    found = [f for f in case["findings"] if f["evidence"] == "new_network"]
    assert len(found) > 3
    for n, f in enumerate(found):
        strong = n < 2
        f |= {
            "reason": MANY if strong else SOME,
            "bits": 7.7 if strong else 1.7 + n / 10,
            "once_in": 208 if strong else 3,
        }
    case["findings"].sort(key=lambda f: (-f["bits"], f["finding_id"]))
    return out


def _visits(findings: list[Row]) -> dict[str, tuple[int, str]]:
    """Sentence to how many visits it is said of, and the bits, as the answer holds them."""
    by: dict[str, list[Row]] = defaultdict(list)
    for f in findings:
        by[f["reason"]].append(f)
    out = {}
    for reason, own in by.items():
        low, high = min(f["bits"] for f in own), max(f["bits"] for f in own)
        out[reason] = (len({f["act_id"] for f in own}), f"{high:.1f}" if low == high else f"{low:.1f} to {high:.1f}")
    return out


def test_a_row_of_a_case_counts_the_visits_whose_finding_carries_its_sentence(made: Row) -> None:
    told = {}
    for _, name, cells in ROW.findall(report.html(made, invented.REASONS)):
        sentence = re.search(r'<span class="plain">(.*?)\.', name, re.DOTALL)
        bits, _, visits = CELL.findall(cells)[:3]
        assert sentence
        told[escapes.unescape(sentence[1])] = (int(visits), bits)
    assert told == _visits(made["cases"][0]["findings"])
    assert told[MANY] == (2, "7.7") and " to " in told[SOME][1]


def test_a_dossier_counts_them_too(made: Row) -> None:
    case, page = made["cases"][0], report.html(made, invented.REASONS)
    articles = re.findall(r'<article id="d\d+-\d+" class="dossier">(.*?)</article>', page, re.DOTALL)
    assert len(articles) == len(case["mailboxes"])
    several = 0
    for article in articles:
        box = re.search(r'<bdi class="mono">(.*?)</bdi>', article)
        assert box
        acts = {a["act_id"] for a in case["acts"] if a["mailbox"] == escapes.unescape(box[1])}
        own = _visits([f for f in case["findings"] if f["act_id"] in acts])
        told = {escapes.unescape(s): (int(n), bits) for s, bits, n in ITEM.findall(article)}
        assert told == own
        several += MANY in own and SOME in own
    assert several, "no mailbox where both levels are true of some visit: the test would show nothing"
