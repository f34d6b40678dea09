"""What a reader who does not know the product needs: literal texts, whole lists, and words that are explained."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import asks
from brokenseal.report.glossary import WORDS
from brokenseal.report.language import language
from tests.report import grown, invented
from tests.report.test_page import Page


def _text(source: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", source).split())


def _section(source: str, name: str) -> str:
    begin = source.index(f'id="{name}"')
    return source[begin : source.index("</section>", begin)]


def test_a_client_s_own_text_stands_among_the_indicators(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    client = next(i for i in made["cases"][0]["indicators"] if i["type"] == "client")
    client |= {
        "value": "owa | - | - | Mozilla/0.0 (rv:0.0)",
        "seen": ["Mozilla/5.0 (rv:102.0)", "Mozilla/5.0 (rv:103.0)"],
    }
    told = _text(report.html(made, invented.REASONS))
    where = told.index("Mozilla/5.0 (rv:102.0) Mozilla/5.0 (rv:103.0) counted as, without its versions: owa")
    assert told.index("Indicators") < where


def test_the_provider_is_asked_about_every_token_of_the_case(answer: dict[str, Any]) -> None:
    made = grown.grown(answer, tenants=2, mailboxes=60, messages=60)
    for n, act in enumerate(made["cases"][0]["acts"]):
        act["token_id"] = f"token-{n:03}"
    acts = made["cases"][0]["acts"]
    told = _section(report.html(made, invented.REASONS), "asks")
    assert len(acts) > asks.MOST_IDS and all(told.count(a["token_id"]) == 1 for a in acts)
    assert f"{len(acts)} token ids, all that this case holds" in told and "The ids are those of question 1." in told


def test_where_a_list_is_cut_the_page_says_where_the_whole_one_is(
    answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "MOST_CARRIED", 2)
    told = _text(_section(report.html(answer, invented.REASONS), "asks"))
    assert "and 4 more; the whole list is in answer.json, and in acts.csv and indicators.csv" in told


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_every_word_that_is_explained_is_asked_for_somewhere_or_is_one_of_the_page_s_own(
    answer: dict[str, Any], tag: str
) -> None:
    source = report.html(answer, invented.REASONS, tag)
    told = _section(source, "words")
    asked = {
        value for _, name, value in Page(source).attributes if name == "href" and value and value.startswith("#word-")
    }
    assert {"#word-bit", "#word-address", "#word-client", "#word-ground", "#word-attack"} <= asked
    assert all(f'id="word-{key}"' in told for key in WORDS)
    assert all(language(tag).t(word) in told for word, _ in WORDS.values())
