"""Each reader's language: sentences, plurals, dates and numbers; and what the catalogues hold."""

from __future__ import annotations

from typing import Any

import pytest

from brokenseal import report
from brokenseal.errors import UsageError
from brokenseal.report.language import FOLDER, codes, language
from docs import languages
from tests.report import invented
from tests.report.test_page import Page


def test_arabic_and_english_are_there() -> None:
    assert {"ar", "en"} <= set(codes())


@pytest.mark.parametrize("tag", ["xx-unknown", "fr", "../ar", "en_"])
def test_a_language_without_a_catalogue_is_refused(tag: str) -> None:
    with pytest.raises(UsageError):
        language(tag)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda p: p.stem)
def test_all_that_the_report_says_itself_is_translated(path: Any) -> None:
    assert languages.lacks(languages.merged(path), own=True) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda p: p.stem)
def test_a_translation_keeps_every_place(path: Any) -> None:
    for message in languages.merged(path):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        told = message.string if isinstance(message.string, tuple) else (message.string,)
        told = tuple(t for t in told if t is not None)  # not translated yet; what must be, the test above says
        places = set(languages.PLACE.findall(ids[-1]))
        for text in told:
            # a form for one or two may say the number in words
            assert set(languages.PLACE.findall(text)) in (places, places - {"n"}), (message.id, text)


def test_numbers_and_dates_are_the_reader_s() -> None:
    assert language("en").number(1204) == "1,204" and language("en").number(27.3) == "27.3"
    assert language("ar").number(1204) == "١٬٢٠٤" and language("ar").number(27.3) == "٢٧٫٣"
    assert language("ar-MA").number(1204) == "1.204"
    assert language("en").minute("2025-09-16T01:31:38Z") == "16 Sept 2025 01:31"
    assert language("ar").minute("2025-09-16T01:31:38Z") == "١٦ سبتمبر ٢٠٢٥ ٠١:٣١"
    assert language("ar-MA").day("2025-09-16T01:31:38Z") == "16 شتنبر 2025"


def test_arabic_has_six_plurals() -> None:
    ar = language("ar")
    forms = [str(ar.tn("{n} mailbox", "{n} mailboxes", n)) for n in (0, 1, 2, 3, 11, 100)]
    assert forms == [
        "لا صناديق بريد",
        "صندوق بريد واحد",
        "صندوقا بريد",
        "٣ صناديق بريد",
        "١١ صندوق بريد",
        "١٠٠ صندوق بريد",
    ]


def test_a_sentence_of_the_answer_is_translated_with_its_figures() -> None:
    told = str(
        language("ar").say(
            "Token without a sign-in in these logs: of 117 visits in this organisation that nobody doubts, "
            "0 are as odd as this or odder; of 2,900 in all organisations, 1,598 are."
        )
    )
    assert "رمز بلا تسجيل دخول في هذه السجلات" in told and "١١٧" in told and "١٬٥٩٨" in told and "span" not in told


def test_what_is_not_known_stays_english_and_is_marked_so() -> None:
    assert language("ar").say("Something <b>new</b>") == (
        '<span lang="en" dir="ltr">Something &lt;b&gt;new&lt;/b&gt;</span>'
    )


def test_the_page_in_arabic(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS, "ar")
    page = Page(source)
    assert ("html", "dir", "rtl") in page.attributes and ("html", "lang", "ar") in page.attributes
    assert "اختراق" in page.text and "١١ مارس ٢٠٢٥ ٠٣:٠٠" in page.text
    assert "At least" not in page.text
    assert "١٥ رسالة على الأقل" in page.text


def test_both_languages_show_the_same_ids(answer: dict[str, Any]) -> None:
    import re

    def ids(tag: str) -> set[str]:
        return set(re.findall(r"\b[0-9a-f]{16}\b", report.html(answer, invented.REASONS, tag)))

    assert ids("en") == ids("ar") != set()


def test_a_whole_figure_keeps_its_decimal_after_the_same_count() -> None:
    lang = language("en")
    assert (lang.number(3), lang.number(3.0)) == ("3", "3.0")


def test_a_pattern_does_not_swallow_the_next_sentence() -> None:
    told = str(
        language("ar").say(
            "The case weighs 49.1 bits, the line for one visit lies at 11.5, for a group of visits that share something rare at "
            "8.5. Without the reason whose absence costs most, network new to this mailbox, it weighs 26.0 bits: it survives."
        )
    )
    assert "bdi" not in told and "Without" not in told and "٢٦" in told and "٨٫٥" in told


def test_a_date_within_a_sentence_of_the_answer_is_written_in_the_reader_s_way() -> None:
    said = "The key is gone; it was published until 2025-03-02 at the least."
    assert str(language("en").say(said)) == "The key is gone; it was published until 2 Mar 2025 at the least."
    assert "٢ مارس ٢٠٢٥" in language("ar").say(said) and "2025-03-02" not in language("ar").say(said)
    assert str(language("en").say("at 2025-03-02T10:05:00Z, of 2025-13-02, id 2025-03-02-7, 2025-02-31")) == (
        "at 2 Mar 2025 10:05, of 2025-13-02, id 2025-03-02-7, 2025-02-31"
    )
