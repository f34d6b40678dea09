"""What a reader who does not know the product needs: literal texts, whole lists, and words that are explained."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import advice, asks
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
    assert (
        "and 4 more; the whole list is in answer.json, and brokenseal report --lake LAKE --out OUT --format csv writes it"
        in told
    )


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


def test_an_organisation_is_called_by_its_domain_and_its_id_stands_once(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS)
    assert all(source.count(tenant) == 1 for tenant in invented.TENANTS.values())
    assert "Organisation ministry-a.example 0a0a0a0a" in _text(_section(source, "coverage"))
    assert "Organisation ministry-a.example , case" in _text(source)


def test_where_two_organisations_share_a_domain_or_none_is_known_the_id_stands(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    for c in made["coverage"]:
        c["domains"] = ["ministry.example"]
    source = report.html(made, invented.REASONS)
    assert all(source.count(tenant) > 1 for tenant in invented.TENANTS.values())


def test_copies_and_different_messages_are_told_apart(answer: dict[str, Any]) -> None:
    told = _text(report.html(answer, invented.REASONS))
    # five messages, each in three mailboxes
    assert "at least 15 messages" in told
    assert told.count("one message in two mailboxes is two; different ones are at least 5.") == 2
    made = copy.deepcopy(answer)
    for n, box in enumerate(made["cases"][0]["mailboxes"]):
        for message in box["messages"]:
            message["message_id"] += f"-{n}"
    assert "different ones" not in report.html(made, invented.REASONS)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("token of unknown origin", "Shut both sets of doors, those of a stolen session or token"),
        ("session or token used elsewhere", "Revoke the sessions of these accounts, then change passwords"),
        ("delegate or application", "take that permission or consent away, switch the application's sign-in off"),
        ("mail client synchronising", "Block the device that synchronised, revoke the sessions"),
        ("unknown", "Revoke the sessions of these accounts, then change passwords"),
    ],
)
def test_the_next_steps_hold_one_that_contains_the_way_in(answer: dict[str, Any], kind: str, step: str) -> None:
    made = copy.deepcopy(answer)
    made["cases"][0]["how"]["kind"] = kind
    source = report.html(made, invented.REASONS)
    assert step in _text(source[source.index('<ol class="next">') : source.index("</header>")])


def test_who_decides_is_said(answer: dict[str, Any]) -> None:
    told = _text(report.html(answer, invented.REASONS))
    assert "Whoever answers for ministry-a.example and ministry-b.example decides what is shut" in told


def test_the_head_says_that_nobody_confirmed_it_and_that_a_clock_may_run(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS)
    told = _text(source[source.index("<header>") : source.index("</header>")])
    assert "No person has confirmed any of it." in told
    assert "By law a clock may run already" in told and "72 hours from knowing" in told and "24 (early warning" in told
    assert "A token stands in for a password" in told
    made = copy.deepcopy(answer)
    act = made["cases"][0]["acts"][0]["act_id"]
    made["decisions"] = [{"subject_is": "act", "subject": act, "decision": "hostile", "by": "Ann Moor", "because": "on leave",
                          "at": None, "acts": [act], "act_count": 1}]  # fmt: skip
    made["cases"][0]["how"]["kind"] = "unknown"
    source = report.html(made, invented.REASONS)
    told = _text(source[source.index("<header>") : source.index("</header>")])
    assert "No person has confirmed" not in told and "A token stands" not in told


def test_other_mailboxes_have_records_and_are_not_proved_untouched(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    made["coverage"][0]["mailboxes"] += 45
    rest = sum(c["mailboxes"] for c in made["coverage"]) - len(made["cases"][0]["mailboxes"])
    told = _text(_section(report.html(made, invented.REASONS), "questions"))
    assert f"No visit to the {rest} other mailboxes of these logs reached the line; that is no proof" in told
    assert "other mailbox" not in _text(_section(report.html(answer, invented.REASONS), "questions")), "there is none"


def test_no_line_breaks_within_an_option(answer: dict[str, Any]) -> None:
    commands = re.findall(r'<code dir="ltr">(.*?)</code>', report.html(answer, invented.REASONS))
    assert any("--lake" in c for c in commands)
    for command in commands:
        loose = re.sub(r'<span class="nowrap">[^<]*</span>', "", command)
        assert not loose.strip(), f"{loose} may be broken"


def test_a_dossier_asks_its_owner_for_no_export(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    box = made["cases"][0]["mailboxes"][0]
    gap = {**made["gaps"][0], "tenant_id": box["tenant_id"], "mailbox": None, "kind": "expiring"}
    made["gaps"] = [
        {**gap, "meaning": "Export now: some vanish."},
        {**gap, "kind": "expired", "meaning": "Some are gone."},
    ]
    source = report.html(made, invented.REASONS)
    assert "Some are gone." in _section(source, "dossiers") and "Export now: some" not in _section(source, "dossiers")
    assert "Export now: some vanish." in _section(source, "gaps"), "who administers it is asked"


def test_a_mailbox_whose_log_stops_stands_by_name_in_next_and_under_who_must_be_told(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    inside = made["cases"][0]["mailboxes"][0]
    gap = {**made["gaps"][0], "kind": "log-stops", "tenant_id": inside["tenant_id"]}
    boxes = (inside["mailbox"], "silent@ministry-a.example", "mute@ministry-a.example")
    made["gaps"] = [{**gap, "mailbox": box} for box in boxes]
    made["gaps"].append({**gap, "tenant_id": "another", "mailbox": "far@elsewhere.example"})
    told = "The logs of mute@ministry-a.example and silent@ministry-a.example stop: an intruder can switch logging off"
    source = report.html(made, invented.REASONS)
    head = source[source.index('<ol class="next">') : source.index("</header>")]
    for part in (head, _section(source, "questions")):
        assert told in re.sub(r"<[^>]+>", "", part)
    assert "they cannot be excluded" in head and "elsewhere" not in head
    assert advice.stopped(answer, language("en")) == []


def test_the_limits_stand_before_the_first_case(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS)
    assert (
        source.index('id="limits"')
        < source.index('id="export"')
        < source.index(answer["cases"][0]["case_id"] + '" aria')
    )
    assert source.count("Bits are no probability of guilt.") == 1


def test_rows_records_and_what_is_covered_hang_together(answer: dict[str, Any]) -> None:
    told = _text(_section(report.html(answer, invented.REASONS), "inputs"))
    accesses = sum(c["accesses"] for c in answer["coverage"])
    signins = sum(s["records"] for c in answer["coverage"] for s in c["streams"] if s["stream"] != "access")
    records = 5_000
    made = copy.deepcopy(answer)
    made["inputs"][0] |= {"records": records, "duplicates": 7, "rows": records + 8}
    told = _text(_section(report.html(made, invented.REASONS), "inputs"))
    assert "5,008 rows in all: 5,000 records, 7 repeats of them" in told
    assert f"{accesses} are accesses to mailboxes, {signins} sign-ins, and 0 repeat" in told
    assert f"{records - accesses - signins:,} tell of other things" in told


def test_the_page_says_where_the_time_of_its_making_stands(answer: dict[str, Any]) -> None:
    told = _text(report.html(answer, invented.REASONS))
    assert "Of logs up to 17 Mar 2025 00:00" in told and "when this page was made stands in run.json" in told


def test_on_a_narrow_page_every_cell_of_a_dossier_has_a_name(answer: dict[str, Any]) -> None:
    source = report.html(answer, invented.REASONS)
    acts = re.search(r'<table class="stack acts" style="([^"]*)"', source)
    assert acts is not None
    assert [
        n
        for n in ("First", "Last", "Address", "Client", "Sign-in", "Bits", "Found", "Visit; token; session")
        if f":&#39;{n}&#39;" not in acts[1] and f":'{n}'" not in acts[1]
    ] == []


def test_a_step_names_the_cases_that_it_is_for_where_there_are_several(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    first = made["cases"][0]
    other = {**first, "case_id": "0" * 16, "how": {**first["how"], "kind": "unknown"}}
    made["cases"] = [first, other, {**first, "case_id": "1" * 16}]
    steps = [str(s.striptags()) for s in advice.steps(made)]
    assert any(s.startswith("Cases 1 and 3: Shut both sets of doors, those") for s in steps)
    assert any(s.startswith("Case 2: Revoke the sessions of these accounts, then change") for s in steps)
    assert not any(s.startswith("Case") for s in (str(s.striptags()) for s in advice.steps(answer)))


def test_organisations_stand_in_the_order_of_their_names(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    made["coverage"][0]["domains"], made["coverage"][1]["domains"] = ["zeal.example"], ["alpha.example"]
    source = report.html(made, invented.REASONS)
    for name in ("timeline", "coverage"):
        part = source[source.index(f'"{name}"') :]
        assert part.index("alpha.example") < part.index("zeal.example")


def test_the_hour_after_each_visit_is_no_blind_window_among_the_marks(answer: dict[str, Any]) -> None:
    made = copy.deepcopy(answer)
    made["gaps"] = [{**made["gaps"][0], "kind": "repeats"}]
    for gaps, hatched in ((answer["gaps"], 1), (made["gaps"], 0)):
        source = report.html({**made, "gaps": gaps}, invented.REASONS)
        line = source[source.index('class="timeline"') : source.index("The chain of events")]
        assert line.count("<u style") == hatched
