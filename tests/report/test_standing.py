"""What is seen is told apart from what it may mean: the way in, how sure, what a figure rests on, doors, and a drill."""

from __future__ import annotations

import copy
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from brokenseal import bits, report
from brokenseal.report import doors, how, rarities, standing
from brokenseal.report.language import language
from tests.report import invented

EN = language("en")
TITLES = {name: str(r["title"]) for name, r in invented.REASONS.items()}
Row = dict[str, Any]


def _text(source: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", source).split())


def _section(source: str, name: str) -> str:
    begin = source.index(f'id="{name}"')
    return source[begin : source.index("</section>", begin)]


@pytest.fixture
def made(answer: Row) -> Row:
    return copy.deepcopy(answer)


def test_a_token_without_a_sign_in_is_not_called_forged(made: Row) -> None:
    case = made["cases"][0]
    told = str(standing.way(case, EN))
    assert told.startswith("6 tokens without a sign-in in these logs; forgery is one explanation, a stolen")
    case["acts"][0]["token_id"] = case["acts"][1]["token_id"]
    assert str(standing.way(case, EN)).startswith("5 tokens without")
    for act in case["acts"]:
        act["link"] = "token"
    assert str(standing.way(case, EN)).startswith("tokens of unknown origin")
    source = report.html(made, invented.REASONS)
    assert "forged token" not in _text(source[: source.index('id="limits"')]).lower()


def test_both_explanations_stand_first_among_what_it_could_be(made: Row) -> None:
    kinds = [(a["kind"], a["against"]) for a in made["cases"][0]["how"]["alternatives"][:2]]
    assert kinds[0][0].startswith("tokens forged with a key") and "4 of 6 token ids have the shape" in kinds[0][1]
    assert kinds[1][0].startswith("a stolen session or token") and "In 6 of 6 visits neither" in kinds[1][1]


def test_each_reason_has_its_own_count(made: Row) -> None:
    case = made["cases"][0]
    strongest = next(f for f in case["findings"] if f["evidence"] == "new_network")
    case["how"]["because"].append(strongest["finding_id"])
    case["findings"] = [f for f in case["findings"] if f["evidence"] != "new_network"] + [strongest]
    assert str(standing.speaking(case, TITLES, EN)) == (
        "“Token without a sign-in in these logs” in 6 of 6 visits; “Network new to this mailbox” in 1 of 6 visits"
    )


def test_visits_above_the_line_and_found_by_a_link_are_two_figures(made: Row) -> None:
    case = made["cases"][0]
    told = str(standing.found(case, 13.5, EN))
    assert told.startswith("6 of 6 visits reach the line by themselves. 1 was first found by a link")
    case["acts"][0]["bits"] = 13.4
    assert str(standing.found(case, 13.5, EN)).startswith("5 of 6 visits")


@pytest.mark.parametrize(
    ("stands_on", "above", "told"),
    [
        ("one visit", (True, True), "It holds whichever one of its reasons is left out."),
        ("one visit", (True, False), "It does not hold without each one of its reasons"),
        ("a person's word", (True, True), "A person said that it was not theirs"),
        (None, (False, False), "Not sure: it lies below the line"),
    ],
)
def test_how_sure_begins_plainly(made: Row, stands_on: str | None, above: tuple[bool, bool], told: str) -> None:
    case = made["cases"][0]
    case["stands_on"] = stands_on
    for row, holds in zip(case["weighing"]["without"], above):
        row["above_line"] = holds
    assert told in str(standing.sure(case, EN))
    assert not re.search(r"\d", str(standing.sure(case, EN)))


def test_a_rarity_shows_what_was_counted_and_what_was_borrowed(made: Row) -> None:
    found = {f["evidence"]: f for f in made["cases"][0]["findings"]}
    token = str(rarities.basis(found["unissued_token"], "visit", EN))
    assert token.startswith("Counted in these logs: 0 of 2,900 visits are as odd; what is doubted is left out.")
    assert "12 of 15,000, which weigh as much as 20 of these." in token and "handful" not in token
    network = {**found["new_network"], "counts": {**found["new_network"]["counts"], "of": 16, "seen": 0}}
    told = str(rarities.basis(network, "relationship", EN))
    assert "0 of 16 relationships are as odd" in told and "That is a handful." in told
    assert "Nothing was borrowed from elsewhere." in told and told.endswith("this one lies at that bound.")


NONE = {"seen": 0, "tenant_seen": 0, "prior_seen": 18, "prior_of": 5397}
"""A shipped rate of about one in 292: half an act among 145 is as much."""


@pytest.mark.parametrize(("of", "borrowed"), [(97, True), (144, True), (145, False), (900, False)])
def test_none_among_few_leaves_the_borrowed_rate_and_says_so(made: Row, of: int, borrowed: bool) -> None:
    finding = made["cases"][0]["findings"][0]
    finding["counts"] |= NONE | {"of": of, "tenant_of": of // 3}
    told = str(rarities.basis(finding, "visit", EN))
    alone = bits.smoothed([(0, of // 20), (0, of // 3), (0, of)], (18, 5397)) == 18.5 / 5398
    assert rarities.is_borrowed(finding["counts"]) is alone is borrowed
    assert (f"In these logs none of {of} visits, too few to lower the rate" in told) is borrowed
    assert ("The rate is the borrowed one: 18 of 5,397 in the rates" in told) is borrowed
    assert ("which weigh as much as 20 of these" in told) is not borrowed
    assert (
        "too few: the rate is the borrowed one, 18 of 5,397" in str(rarities.brief(finding, "visit", EN))
    ) is borrowed


def test_who_is_sure_says_where_the_rates_come_from(made: Row) -> None:
    case = made["cases"][0]
    assert "How often it errs on real organisations is not known." in str(standing.sure(case, EN))
    for finding in case["findings"]:
        finding["counts"] |= NONE | {"of": 97}
    said = "Its rates come mostly from invented organisations; how often it errs on real ones is not known."
    assert said in str(standing.sure(case, EN)) and "errs" not in str(standing.sure(case, EN, brief=True))
    assert said in _text(report.html(made, invented.REASONS).split("</header>")[0])


def test_a_rarity_beyond_all_counting_is_said_to_be_a_product(made: Row) -> None:
    case = made["cases"][0]
    assert "each counted on at most 17,900 acts and some on no more than 2,900" in str(rarities.product(case, EN))
    assert not rarities.product({**case, "findings": []}, EN)
    assert not rarities.product({**case, "bits": 15.1}, EN) and rarities.product({**case, "bits": 15.2}, EN)


def test_visits_like_it_are_told_as_ranges(made: Row) -> None:
    findings = [f for f in made["cases"][0]["findings"] if f["evidence"] == "unissued_token"]
    findings[0]["counts"] |= {"hits": 1, "units": 1}
    assert str(rarities.alike(findings, EN)).endswith("so many are so: 1 of 1 for 1 visit; 2 of 2 for 5 visits.")
    assert not rarities.alike(findings[:1], EN)
    assert "visits like it" not in report.html(made, invented.REASONS)


def test_what_a_group_shares_opened_as_many_mailboxes_as_it_did(made: Row) -> None:
    case = made["cases"][0]
    assert standing.opened_by_shared(case) == 3
    case["acts"][0]["ip"] = case["acts"][1]["ip"] = "192.0.2.1"
    case["weighing"]["group"]["shared"] = "address 192.0.2.1"
    boxes = len({a["mailbox"] for a in case["acts"][:2]})
    assert standing.opened_by_shared(case) == boxes
    case["weighing"]["group"]["shared"] = "network and client as64500 | owa"
    assert standing.opened_by_shared(case) is None


def test_the_date_says_what_it_is_worth(made: Row) -> None:
    told = str(standing.since(made["cases"][0], made, EN))
    looked = sum(c["mailboxes"] for c in made["coverage"])
    assert told.startswith("Nothing is known before 3 Mar 2025")
    assert f"accesses to {looked} mailboxes, {looked - 3} of them in no case" in told


def test_a_door_has_its_place_its_way_and_who_and_evidence_comes_first(made: Row) -> None:
    sets = doors.doors(made, EN)
    assert [s["title"] for s in sets] == [EN.t(t) for t in (doors.FIRST, doors.STOLEN, doors.FORGED, doors.BESIDE)]
    steps = [step for s in sets for step in s["steps"]]
    assert [s["number"] for s in steps] == [str(n) for n in range(1, len(steps) + 1)]
    assert [s["what"] for s in steps[:2]] == [
        "Save what shows the doors: minutes",
        "Put these mailboxes on hold: minutes",
    ]
    assert [s["what"] for s in steps[-2:]] == ["The addresses of the case", "The long export of logs"]
    assert all(s["what"] and s["where"] and s["how"] and s["who"] for s in steps)
    told = _text(_section(report.html(made, invented.REASONS), "doors"))
    assert all(_text(s["what"]) in told for s in steps) and "Revoke-MgUserSignInSession -UserId PERSON" in told


@pytest.mark.parametrize("kind", sorted(doors.SETS))
def test_every_way_in_has_doors_and_keeps_the_evidence_first(made: Row, kind: str) -> None:
    made["cases"][0]["how"]["kind"] = kind
    steps = [step for s in doors.doors(made, EN) for step in s["steps"]]
    assert [s["what"].split(":")[0] for s in steps[:2]] == ["Save what shows the doors", "Put these mailboxes on hold"]
    assert steps[-1]["what"] == "The long export of logs", "no door waits for it"


@pytest.mark.parametrize("door", [d for d in vars(doors).values() if isinstance(d, doors.Door)], ids=lambda d: d.what)
def test_a_command_does_what_the_text_of_its_door_says(door: doors.Door) -> None:
    told = door.command.split("; ")
    only = "only list" in door.how
    assert only == any(c.startswith("Get-") for c in told), "a command that changes nothing is said to"
    assert door is doors.SAVE or not door.command or not all(c.startswith("Get-") for c in told), "nothing here shuts"


def test_what_is_saved_is_all_that_the_text_names() -> None:
    for part in ("Get-InboxRule", "*Forward*,GrantSendOnBehalfTo", "Get-MailboxPermission", "Get-RecipientPermission",
                 "Get-MailboxFolderPermission", "Oauth2PermissionGrant", "AppRoleAssignment"):  # fmt: skip
        assert part in doors.SAVE.command
    assert "Set-Mailbox -Identity MAILBOX -LitigationHoldEnabled $true" in doors.HOLD.command
    for kind in ("Application", "ServicePrincipal"):
        assert (
            f"Get-Mg{kind} " in doors.APPLICATIONS.command and f"Remove-Mg{kind}Password" in doors.APPLICATIONS.command
        )


def test_the_mailboxes_of_the_commands_can_be_copied(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    listed = re.search(r"<pre[^>]*>(.*?)</pre>", _section(source, "doors"), re.DOTALL)
    assert listed
    assert sorted(listed[1].split()) == sorted({m["mailbox"] for m in made["cases"][0]["mailboxes"]})
    assert "deletes no audit log" in source and "leaves nothing to look at" not in source


def test_the_next_steps_lead_to_the_doors_in_their_order(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    told = source[source.index('<ol class="next">') : source.index("</header>")]
    assert '<a href="#doors">Doors to shut</a>' in told
    assert (
        told.index("put them on hold")
        < told.index("Shut both sets")
        < told.index("xport", told.index("Shut both sets"))
    )


def test_nothing_grave_has_no_doors(made: Row, quiet: Row) -> None:
    made["cases"][0]["severity"] = "medium"
    assert doors.doors(made, EN) == [] and 'id="doors"' not in report.html(made, invented.REASONS)
    assert doors.doors(quiet, EN) == []


def test_a_drill_says_so_and_hides_nothing(made: Row) -> None:
    plain = report.html(made, invented.REASONS)
    assert made["drill"] is False and "A drill:" not in plain
    drilled = report.html({**made, "drill": True}, invented.REASONS)
    # on paper every sheet says it
    assert '@top-center { content: "A drill:' in drilled and 'content: "A drill:' not in plain
    drilled, plain = (source[source.index("</style>") :] for source in (drilled, plain))
    told = "A drill: every person and organisation here is invented."
    assert _text(drilled).count(told) == 1
    assert drilled.index("A drill:") < drilled.index("<h1>")
    # each page names the answer that it was made from
    drilled, plain = (re.sub(r"(whose SHA-256 is )[0-9a-f]{64}", r"\1-", _text(source)) for source in (drilled, plain))
    assert drilled.replace(told + " ", "") == plain


def test_organisations_stand_in_one_order_among_the_dossiers_too(made: Row) -> None:
    made["coverage"][0]["domains"], made["coverage"][1]["domains"] = ["zeal.example"], ["alpha.example"]
    source = report.html(made, invented.REASONS)
    part = source[source.index('id="dossiers"') :]
    assert part.index(invented.BOXES[2]) < part.index(invented.BOXES[0])


def test_a_message_names_the_visit_that_opened_it_and_a_visit_its_token(made: Row) -> None:
    case = made["cases"][0]
    box = case["mailboxes"][0]
    source = report.html(made, invented.REASONS)
    dossier = source[source.index('id="d1-0" class') :].split("</article>")[0]
    act = next(a for a in case["acts"] if a["mailbox"] == box["mailbox"])
    assert {m["act_id"] for m in box["messages"]} <= {a["act_id"] for a in case["acts"]}
    assert dossier.count(f"<td>{act['act_id']}") == 1 + len(box["messages"]) + len(box["folders"])
    assert act["token_id"] in dossier


def test_custody_is_told_in_the_head(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    assert "Who exported the 1 file, and how, is not stated" in _text(source[: source.index("</header>")])


def test_leads_and_dossiers_show_both_parts_in_few_words(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    dossier = source[source.index('id="d1-0" class') :].split("</article>")[0]
    assert "0 of 2,900 visits here, 12 of 15,000 borrowed" in _text(dossier)
    assert "2 of 2 visits reach the line by themselves." in _text(dossier)
    assert "4 of 2,900 relationships here." in _text(_section(source, "leads"))


def test_sign_ins_that_the_audit_log_repeats_are_told_apart(made: Row) -> None:
    """They are the same sign-ins once more."""
    for c in made["coverage"]:
        c["streams"].append({**c["streams"][-1], "stream": "unified-audit", "records": 7})
    made["inputs"][0] |= {"records": 5_000, "duplicates": 7, "rows": 5_008}
    inputs = _text(_section(report.html(made, invented.REASONS), "inputs"))
    assert "160 sign-ins, and 14 repeat a sign-in in the unified audit log" in inputs
    coverage = _text(_section(report.html(made, invented.REASONS), "coverage"))
    assert coverage.count("Sign-in, as the unified audit log repeats it") == 2


def test_a_sum_of_gaps_is_shown_by_its_parts(made: Row) -> None:
    gap, made["cases"][0]["gaps"] = made["gaps"][0], []
    made["gaps"] = [
        {**gap, "gap_id": f"{n:016}", "kind": "expired", "meaning": "One." if n < 3 else "Another."} for n in range(5)
    ]
    gaps = _text(_section(report.html(made, invented.REASONS), "gaps"))
    assert ": 5 (3 + 2) expired" in gaps


def test_what_each_reason_counts_has_a_word_of_its_own(made: Row) -> None:
    words = {str(rarities.what(2, unit, EN)) for unit in ("visit", "relationship", "peak")}
    assert words == {"2 visits", "2 relationships", "2 relationships at their oddest visit"}
    against = [a["against"] for a in made["cases"][0]["how"]["alternatives"]]
    assert any("of 980 relationships in ministry-" in a for a in against)
    assert "comparable" not in report.html(made, invented.REASONS)


def test_explanations_stand_once_and_what_speaks_against_is_never_blank(made: Row) -> None:
    source = report.html(made, invented.REASONS)
    assert _text(source).count("The provider writes a sign-in for each token it gives out.") == 1
    table = source[source.index("What speaks against it") :].split("</table>")[0]
    assert "rowspan" not in table and not re.search(r"<td[^>]*>\s*</td>", table)


def test_printed_alone_a_dossier_brings_what_would_decide(made: Row) -> None:
    """The dossier names innocent explanations; what would decide them is printed with it, and names nobody."""
    source = report.html(made, invented.REASONS)
    assert "section:not(#dossiers, #reasons, #words)" in source
    reasons = _section(source, "reasons")
    assert "Would decide" in reasons and not any(box in reasons for box in invented.BOXES)


HERE = {
    "evidence": "unissued_token",
    "tenant_of": 243,
    "tenant_seen": 0,
    "of": 614,
    "seen": 0,
    "bits": 142,
    "act_id": "a",
}
BENIGN = {
    "unissued_token": {
        "title": "Token",
        "unit": "visit",
        "benign": [(kind, "the log") for kind in (*how.OWN, "a token minted between the provider's own services")],
    }
}


def _against(**more: Any) -> dict[str, str]:
    first, day = datetime(2025, 9, 16), timedelta(days=1)
    logs = {"from": first - 15 * day, "to": first + 14 * day, "streams": ["interactive", "non-interactive"]}
    case = {"bits": 485, "heaviest": 302, "visits": 1, "orphans": 1, "token_ids": 1, "odd_token_ids": 0, "stands_on": "one visit",
            "strongest": "unissued_token", "bits_without": 302, "survives": True, "first_access": first, "logs": logs,
            "left": 77, **more}  # fmt: skip
    found = [{**HERE, "finding_id": "f", "organisation": "council-a.example"}]
    return {a["kind"]: a["against"] for a in how.how(case, found, how.Lines(115, 85), BENIGN)["alternatives"]}


def test_what_speaks_against_an_explanation_is_its_own() -> None:
    told = _against()
    assert "lies 14 days before the end of the sign-ins" in told["a sign-in that arrives late"]
    assert "lies 15 days after the beginning of the sign-ins" in told["a session older than the logs"]
    unexported = told["a sign-in stream was not exported, or lost records"]
    assert unexported == "These streams of sign-ins were handed over: interactive, non-interactive."
    assert "of 243 visits in council-a.example" in told["a token minted between the provider's own services"]
    assert (
        "Without the reason whose absence costs most, token, it weighs 30.2"
        in told["benign acts that look odd by chance"]
    )
    late = _against(first_access=datetime(2025, 9, 29))["a sign-in that arrives late"]
    assert late == "Nothing: its visits lie within 72 hours of the end of the sign-ins handed over."
    assert "of 243 visits" in _against(logs=None)["a sign-in that arrives late"]


def test_one_cause_of_all_is_considered_with_what_is_left_without_it() -> None:
    told = _against()["one new service or proxy that explains network, client and tokens at once"]
    assert "its heaviest visit weighs 7.7 bits at most, and the line for one visit lies at 11.5" in told
    assert told.endswith("Such a cause alone would be enough, and no weight speaks against it.")
    loud = _against(left=120)["one new service or proxy that explains network, client and tokens at once"]
    assert loud.endswith("Even then it stays above the line.")


def test_a_session_of_several_people_speaks_against_a_stolen_one() -> None:
    case = {"bits": 300, "heaviest": 300, "visits": 4, "orphans": 4, "token_ids": 4, "odd_token_ids": 0, "stands_on": "one visit",
            "strongest": None}  # fmt: skip
    found = [
        {"finding_id": f"{name}{act}", "act_id": act, "evidence": name, "bits": 90, "of": 100, "seen": 0, "tenant_of": 10,
         "tenant_seen": 0, "unit": "visit"}
        for act, names in {"a": ["unissued_token", "foreign_session"], "b": ["unissued_token"]}.items()
        for name in names
    ]  # fmt: skip
    told = how.how(case, found, how.Lines(100, 90), {})["alternatives"][1]
    assert told["kind"] == "a stolen session or token, used from elsewhere"
    assert "In 1 of 4 visits the session or token acted for others than its own person" in told["against"]
    alone = [f for f in found if f["evidence"] == "unissued_token"]
    assert "others" not in how.how(case, alone, how.Lines(100, 90), {})["alternatives"][1]["against"]
