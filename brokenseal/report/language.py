"""One reader's language: sentences, counts, dates and numbers.

What: `Language` turns a sentence of ours, and a sentence of the answer, into the reader's. Why: an answer is no use to
whoever cannot understand it. How: a language is one file, `languages/CODE.po`, in gettext's format, with the plural forms
that the language has; dates and numbers are Babel's, by the locale that was asked for (`ar` writes ١٬٢٠٤, `ar-MA` 1.204).
A sentence of the answer is looked up whole, then by the patterns of the catalogue, then sentence by sentence; what is
not found is shown in English and marked as English. Misses: text of the log itself is never translated.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from brokenseal.errors import UsageError
from brokenseal.report.visible import visible

FOLDER = Path(__file__).with_name("languages")
SOURCE = "en"
LONGEST = 2000
"""Above this no sentence is shown; texts of the log are cut earlier, where they stand."""
_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\d+(\.\d+)?|\d{1,3}(,\d{3})+")
_DATE = re.compile(r"\b(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:T(\d\d:\d\d):\d\dZ)?(?![\w-])")
_NEXT_SENTENCE = re.compile(r"(?<=[.;]) (?=[A-Z\d])")
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


Sentence = str | tuple[str, str]
"""A sentence, or one for one and one for more."""


def marked(sentence: str) -> str:
    """The sentence itself; marks it as one that catalogues translate, where it is written far from where it is said."""
    return sentence


def codes() -> list[str]:
    """The languages that there are."""
    return sorted([SOURCE, *(p.stem for p in FOLDER.glob("*.po"))])


class Language:
    """The words of one reader. Made by `language`, once for each."""

    def __init__(self, tag: str, locale: Locale, words: gettext.NullTranslations, sentences: list[Sentence]) -> None:
        self.tag = tag
        self.locale = locale
        self.direction = locale.text_direction
        self._words = words
        self._told: dict[str, Markup | None] = {}
        # both forms of a plural are patterns, each leading to the pair
        forms = [(form, s) for s in sentences for form in ((s,) if isinstance(s, str) else s)]
        self._patterns = [(_pattern(f), s) for f, s in sorted(forms, key=lambda p: _literal(p[0]), reverse=True)]
        self.arabic = locale.default_numbering_system == "arab"
        self._is_source = locale.language == SOURCE
        # short names are aliases that Babel resolves once for all countries of a language; whole names are each country's
        self._month = "MMM" if self._is_source else "MMMM"

    def t(self, sentence: str, /, **values: object) -> Markup:
        """A sentence of ours. Values stand for `{name}`; they are made visible and escaped, unless they are markup."""
        return Markup(self._words.gettext(sentence)).format(**{k: _safe(v) for k, v in values.items()})

    def tn(self, one: str, more: str, number: int, /, **values: object) -> Markup:
        """A sentence with a count, which stands for `{n}`, in the form that the count asks for."""
        text = Markup(self._words.ngettext(one, more, number))
        return text.format(n=self.number(number), **{k: _safe(v) for k, v in values.items()})

    def say(self, sentence: object) -> Markup:
        """A sentence of the answer; in English and marked so where the catalogue does not know it."""
        whole = str(sentence or "")
        if self._is_source:
            return escape(self._dated(visible(whole, LONGEST)))
        known = self._said(whole)
        return known if known is not None else Markup('<span lang="en" dir="ltr">{}</span>').format(_safe(whole))

    def _said(self, whole: str) -> Markup | None:
        """A sentence in the reader's language, or None; remembered, since an answer repeats itself."""
        if whole not in self._told:
            self._told[whole] = self._translated(whole)
        return self._told[whole]

    def _translated(self, whole: str) -> Markup | None:
        exact = self._exact(whole)
        if exact is not None:
            return exact
        parts = _NEXT_SENTENCE.split(whole)
        # sentence by sentence first: what a pattern catches at its end would swallow the next one
        if len(parts) > 1:
            told = [self._said(p) for p in parts]
            if all(p is not None for p in told):
                return Markup(" ").join(p for p in told if p is not None)
        return self._by_pattern(whole)

    def _exact(self, sentence: str) -> Markup | None:
        """A sentence that the catalogue holds as it is, or with a small or a capital first letter."""
        for form in (sentence, sentence[:1].lower() + sentence[1:], sentence[:1].upper() + sentence[1:]):
            known = self._words.gettext(form)
            if known != form:
                return escape(known)
        return None

    def _by_pattern(self, sentence: str) -> Markup | None:
        for pattern, source in self._patterns:
            match = pattern.fullmatch(sentence) or pattern.fullmatch(sentence[:1].lower() + sentence[1:])
            told = self._form(source, match.groupdict().get("n")) if match else None
            if match and told is not None:
                return Markup(told).format(**{k: self._value(v) for k, v in match.groupdict().items()})
        return None

    def _form(self, source: Sentence, number: str | None) -> str | None:
        """The translation of a pattern, in the form that its count asks for; None where that is no count."""
        if isinstance(source, str):
            return self._words.gettext(source)
        if number is None or not _NUMBER.fullmatch(number):
            return None
        return self._words.ngettext(*source, int(number.replace(",", "")))

    def _value(self, text: str) -> Markup:
        """What a pattern caught: a number, a sentence of its own, or something that is not ours to translate."""
        if _DATE.fullmatch(text):
            return escape(self._dated(text))
        if _NUMBER.fullmatch(text):
            return escape(self.number(float(text) if "." in text else int(text.replace(",", ""))))
        known = self._said(text)
        return known if known is not None else Markup("<bdi>{}</bdi>").format(_safe(text))

    def listed(self, items: Iterable[Markup]) -> Markup:
        """Several things in a row, as the reader's language joins them: `a, b and c`."""
        return Markup(format_list([str(i) for i in items], locale=self.locale))

    def number(self, value: float) -> str:
        """A count or a figure as the reader writes it; figures with a fraction keep one decimal."""
        return self._digits(_decimal(value, self.locale))

    def fraction(self, value: float) -> str:
        """A figure with as many decimals as it has, four at most."""
        return self._digits(str(format_decimal(value, "#,##0.####", locale=self.locale, numbering_system="default")))

    def day(self, time: str | None) -> str:
        """The date of a time of the answer."""
        return self._date(time[:10], "day") if time else str(self.t("unknown"))

    def minute(self, time: str | None) -> str:
        """A time of the answer to the minute, in UTC."""
        return self._date(time[:16], "minute") if time else str(self.t("unknown"))

    def tick(self, time: datetime, *, year: bool = False) -> str:
        """A day on an axis; on a long one its month and year."""
        pattern = f"{self._month} y" if year else f"d {self._month}"
        return self._digits(format_datetime(time, pattern, locale=self.locale))

    def _date(self, text: str, fine: str) -> str:
        pattern = f"d {self._month} y" if fine == "day" else f"d {self._month} y HH:mm"
        return self._digits(_moment(text, pattern, self.locale))

    def _dated(self, text: str) -> str:
        """Dates within a sentence of the answer in the reader's way, so that a page has one; what is no date stays."""
        return _DATE.sub(self._one_date, text)

    def _one_date(self, match: re.Match[str]) -> str:
        try:
            return self.minute(f"{match[1]}T{match[2]}") if match[2] else self.day(match[1])
        except ValueError:
            return match[0]

    def _digits(self, text: str) -> str:
        return text.translate(_ARABIC_DIGITS) if self.arabic else text

    def time(self, text: str | None) -> Markup:
        """The same as an element that a program can parse too."""
        if not text:
            return self.t("unknown")
        return Markup('<time datetime="{}">{}</time>').format(text, self.minute(text))


@lru_cache(maxsize=2_000, typed=True)
def _decimal(value: float, locale: Locale) -> str:
    pattern = "#,##0.0" if isinstance(value, float) else "#,##0"
    return str(format_decimal(value, pattern, locale=locale, numbering_system="default"))


@lru_cache(maxsize=20_000)
def _moment(text: str, pattern: str, locale: Locale) -> str:
    return str(format_datetime(datetime.fromisoformat(text), pattern, locale=locale))


def _safe(value: object) -> object:
    return value if isinstance(value, Markup) else visible(value, LONGEST)


def _literal(sentence: str) -> int:
    """How much of a pattern is fixed: the more, the earlier it is tried."""
    return len(_PLACE.sub("", sentence))


def _pattern(sentence: str) -> re.Pattern[str]:
    parts, made = _PLACE.split(sentence), ""
    for n, part in enumerate(parts):
        # a value that is said twice is the same one
        again = f"(?P={part})" if part in parts[1:n:2] else f"(?P<{part}>.+?)"
        made += re.escape(part) if n % 2 == 0 else again
    return re.compile(made, re.DOTALL)


@cache
def language(tag: str = SOURCE) -> Language:
    """The language of a tag such as `ar` or `ar-MA`. Raises UsageError for one without a catalogue."""
    try:
        locale = Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError) as error:
        raise UsageError(f"no such language: {tag!r}; there are {', '.join(codes())}") from error
    if locale.language == SOURCE:
        return Language(tag, locale if locale.territory else Locale("en", "GB"), gettext.NullTranslations(), [])
    file = FOLDER / f"{locale.language}.po"
    if not file.is_file():
        raise UsageError(f"no catalogue for {tag!r}; there are {', '.join(codes())}")
    if not locale.territory:
        # figures and months are a country's: the one that most speakers of the language live in
        likely = get_global("likely_subtags").get(locale.language, tag)
        locale = Locale.parse(likely, sep="_")
    with file.open("rb") as handle:
        catalogue = read_po(handle, locale=locale.language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    known = [m.id if isinstance(m.id, str) else (m.id[0], m.id[1]) for m in catalogue if m.id and all(m.string or ())]
    sentences: list[Sentence] = [s for s in known if _PLACE.search(s if isinstance(s, str) else s[0])]
    return Language(tag, locale, gettext.GNUTranslations(compiled), sentences)
