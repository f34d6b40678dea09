"""The page: safe, whole, and saying nothing that the answer does not hold."""

from __future__ import annotations

import copy
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import words
from brokenseal.report.language import language
from tests.report import golden, grown, invented

ALLOWED = {
    "a", "article", "b", "bdi", "body", "br", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4",
    "head", "header", "html", "i", "li", "main", "meta", "nav", "ol", "p", "pre", "section", "span", "style",
    "summary", "table", "tbody", "td", "th", "thead", "small", "time", "title", "tr", "u", "ul",
}  # fmt: skip
VOID = {"meta", "br", "td", "tr"}


class Page(HTMLParser):
    """Tags, attributes and text; a tag that is not closed is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def source(answer: dict[str, Any]) -> str:
    return report.html(answer, invented.REASONS)


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_only_plain_tags_and_no_script(page: Page) -> None:
    assert set(page.tags) <= ALLOWED
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("src", "action")]


def test_links_stay_in_the_page(page: Page) -> None:
    targets = {value for _, name, value in page.attributes if name == "href"}
    ids = {f"#{value}" for _, name, value in page.attributes if name == "id"}
    assert targets <= ids


def test_the_policy_forbids_everything_but_styles(source: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', source)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "http:" not in re.sub(r"=HYPERLINK[^<]*", "", source) and "url(" not in source


def test_hostile_text_is_shown_as_text(page: Page, source: str) -> None:
    assert invented.MARKUP in page.text
    assert "\x1b" not in source and "\u202e" not in source
    assert "‹U+202E›txt.exe" in page.text
    assert "\\Sent <i>Items</i>" in page.text


def test_a_long_text_is_cut(page: Page) -> None:
    assert "budget …" in page.text.replace("budget…", "budget …")
    assert invented.LONG not in page.text


def test_hostile_text_everywhere(answer: dict[str, Any]) -> None:
    hostile = "</style></td>\"'><script>x</script>\u202e\x1b[31m"

    def poisoned(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {k: poisoned(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poisoned(v, name) for v in value]
        free = ("subject", "folder", "mailbox", "ip", "user_agent", "value", "path", "reason", "message_id", "meaning",
                "title", "stratum", "format", "tenant_id", "immutable_id", "stream", "against", "source", "issuer", "kids", "kid",
                "kty", "thumbprint", "file", "member", "form", "known", "by", "because", "who", "account", "query", "note",
                "act")  # fmt: skip
        return hostile if name in free and value is not None else value

    whole = poisoned(golden.fixed(copy.deepcopy(answer)))
    for tag in ("en", "ar"):
        source = report.html(whole, invented.REASONS, tag)
        assert set(Page(source).tags) <= ALLOWED
        assert not set(source) & {"\x1b", "\u202e"}


def test_a_megabyte_of_text_is_cut_wherever_it_stands(answer: dict[str, Any]) -> None:
    free = ("subject", "folder", "mailbox", "user_agent", "path", "reason", "meaning", "by", "because", "who", "query")

    def long(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {k: long(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [long(v, name) for v in value]
        return "x" * 1_000_000 if name in free and value is not None else value

    source = report.html(long(golden.fixed(copy.deepcopy(answer))), invented.REASONS)
    assert len(source) < 1_000_000 and "x…" in source


def test_it_says_what_the_answer_says(page: Page) -> None:
    for told in (
        "Intrusion",
        "3 mailboxes in 2 organisations",
        "At least 15 messages and 3 whole folders",
        "11 Mar 2025 03:00",
        "about once in 2,800,000",
        "21.4 bits",
        "What is seen: 6 tokens without a sign-in in these logs; forgery is one explanation, a stolen session or token another",
        *invented.BOXES,
        invented.INTRUDER,
        "by a link",
        "either",
        "A sign-in stream was not exported",
        "6.1 bits",
        "Not logged for 24 hours.",
        "logs/audit.json",
        "row 7: broken JSON",
        "T1606.002",
    ):
        assert told in page.text, told


@pytest.mark.parametrize("forbidden", [r"\b[Rr]ead\b", r"\bnot affected\b", r"\bunaffected\b", r"\bcompromised\b"])
def test_words_that_claim_too_much(page: Page, forbidden: str) -> None:
    assert not re.search(forbidden, page.text)


def test_every_count_of_messages_says_at_least(page: Page) -> None:
    counted = [m.start() for m in re.finditer(r"\d[\d,]* messages?\b", page.text)]
    assert counted
    assert all(page.text[:at].lower().endswith("at least ") for at in counted)


def test_a_quiet_world(quiet: dict[str, Any]) -> None:
    page = Page(report.html(quiet, invented.REASONS))
    first, last = min(c["from"] for c in quiet["coverage"]), max(c["to"] for c in quiet["coverage"])
    day = language("en").day
    told = f"from {day(first)} to {day(last)} reaches the line; that does not show that nobody was there"
    assert "Nothing found" in page.text and "No record of access by an intruder" not in page.text
    # the head, six questions of eight, and the part of the cases
    assert page.text.count(told) == 8


def test_a_quiet_page_asks_for_what_has_a_date_first_and_lets_leads_wait(
    answer: dict[str, Any], quiet: dict[str, Any]
) -> None:
    told = Page(report.html({**quiet, "leads": answer["leads"]}, invented.REASONS)).text
    step = told.index("they keep until morning")
    assert told.index("Export now what nobody handed over") < step and "urgent" not in told
    assert "Would an intruder be noticed, and how soon?" in told and "Would it have been noticed" not in told


def test_a_reason_of_another_version_is_shown_by_its_name(answer: dict[str, Any]) -> None:
    assert "unissued_token" in Page(report.html(answer, {})).text


def test_an_empty_lake_s_answer(quiet: dict[str, Any]) -> None:
    bare = {**quiet, "verdict": "cannot tell", "coverage": [], "inputs": [], "gaps": []}
    assert "Cannot tell" in Page(report.html(bare, invented.REASONS)).text


def _part(source: str, begin: str, end: str) -> str:
    text = re.sub(
        r"<time[^>]*>[^<]*</time>|<bdi[^>]*>[^<]*</bdi>",
        "",
        source[source.index(begin) : source.index(end, source.index(begin))],
    )
    return re.sub(r"<[^>]*>", " ", text)


def _seen_and_rested_on(made: dict[str, Any]) -> set[float]:
    """Tokens without a sign-in, visits of each reason, mailboxes looked at, acts counted, files; the exit code told."""
    case = made["cases"][0]
    looked = sum(c["mailboxes"] for c in made["coverage"])
    counted = [f["counts"]["of"] + f["counts"]["prior_of"] for f in case["findings"]]
    by_name = {f["evidence"] for f in case["findings"]}
    acts = [{f["act_id"] for f in case["findings"] if f["evidence"] == name} for name in by_name]
    return {
        len({a["token_id"] for a in case["acts"] if a["link"] == "orphan"}), len(case["acts"]), *map(len, acts), looked,
        max(looked - len(case["mailboxes"]), 0), max(counted), min(f["counts"]["of"] for f in case["findings"]),
        len(made["inputs"]), 3,
    }  # fmt: skip


@pytest.mark.parametrize("times", [1, 7])
def test_every_figure_of_the_head_and_the_questions_is_the_answer_s(answer: dict[str, Any], times: int) -> None:
    """Figures are counted from the answer again, here; another answer has others."""
    made = grown.grown(answer, tenants=3, mailboxes=6 * times, messages=33 * times)
    case = made["cases"][0]
    boxes = case["mailboxes"]
    messages, folders = (sum(len(m[k]) for m in boxes) for k in ("messages", "folders"))
    rare = words.rounded(words.rarity(case["bits"]))
    allowed = {len(boxes), len(case["tenants"]), messages, folders, 1, len(made["gaps"]), len(case["how"]["because"]), rare,
               len({g["kind"] for g in made["gaps"]}), case["bits"], made["tool"]["line_bits"], 72, 24, 2}  # fmt: skip
    allowed |= _seen_and_rested_on(made)
    source = report.html(made, invented.REASONS)
    for begin, end in (("<dl", "</dl>"), ('id="questions"', "</section>")):
        told = re.sub(r"\d{1,2} \w+ 202\d", "", _part(source, begin, end))
        figures = {float(f.replace(",", "")) for f in re.findall(r"\d[\d,]*(?:\.\d+)?", told)}
        assert figures <= {float(a) for a in allowed}, figures - {float(a) for a in allowed}
        assert messages in figures and len(boxes) in figures


@pytest.mark.parametrize("mailboxes", [5, 200])
def test_an_orphan_never_lacks_its_innocent_explanations(answer: dict[str, Any], mailboxes: int) -> None:
    """In few and in many dossiers, and where the reason that speaks of orphans weighs nothing."""
    made = grown.grown(answer, tenants=2, mailboxes=mailboxes, messages=mailboxes)
    for findings in (made["cases"][0]["findings"], []):
        made["cases"][0]["findings"] = findings
        source = report.html(made, invented.REASONS)
        dossiers = re.findall(r'<article id="d\d.*?</article>', source, re.DOTALL)
        assert len(dossiers) == mailboxes
        assert all("ign-in stream was not exported" in d for d in dossiers)


def test_a_lead_that_is_an_orphan_has_them_too(answer: dict[str, Any]) -> None:
    leads = [{**x, "link": "orphan", "findings": []} for x in answer["leads"]]
    source = report.html({**answer, "cases": [], "leads": leads}, invented.REASONS)
    assert "ign-in stream was not exported" in source[source.index('id="leads"') : source.index('id="gaps"')]


def test_a_file_that_names_no_custody_says_so(page: Page) -> None:
    assert "not stated" in page.text


def test_a_print_is_tied_to_its_answer(answer: dict[str, Any]) -> None:
    digest = hashlib.sha256(report.dump(answer)).hexdigest()
    source = report.html(answer, invented.REASONS)
    assert digest in source[source.index("<header>") : source.index("</header>")]
    assert f'@bottom-left {{ content: "answer.json SHA-256 {digest}"' in source
