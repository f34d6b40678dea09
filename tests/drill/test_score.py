from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from bench.drill import page
from brokenseal.drill import table
from brokenseal.drill.poisson import at_most, limits
from brokenseal.drill.scenarios import SCENARIOS, Scenario, Size, chosen
from brokenseal.drill.score import score
from brokenseal.errors import UsageError

Row = dict[str, Any]


def logged(record: str, mailbox: str, time: str, *messages: str, campaign: str = "c", folder: str | None = None) -> Row:
    return {"record_id": record, "tenant_id": "t", "mailbox": mailbox, "time": time, "campaign": campaign,
            "message_ids": list(messages), "folder": folder}  # fmt: skip


def boxed(mailbox: str, first: str, records: list[str], messages: dict[str, str], *folders: str) -> Row:
    return {
        "tenant_id": "t", "mailbox": mailbox, "first_access": first, "record_ids": records,
        "messages": [{"message_id": m, "by": by} for m, by in messages.items()],
        "folders": [{"folder": f, "by": "intruder"} for f in folders],
    }  # fmt: skip


TRUTH: Row = {
    "logged": [
        logged("r1", "a@x", "2025-09-10T08:00:10Z", "<1>", "<2>"),
        logged("r2", "a@x", "2025-09-11T08:00:00Z", "<3>"),
        logged("r3", "b@x", "2025-09-12T08:00:00Z", folder="\\Inbox"),
    ],
    "unlogged": [
        {"time": "2025-09-10T08:10:00Z", "tenant_id": "t", "mailbox": "a@x", "message_ids": ["<1>"], "folder": None,
         "why": "suppressed"},
        {"time": "2025-09-13T00:00:00Z", "tenant_id": "t", "mailbox": "c@x", "message_ids": ["<9>"], "folder": None,
         "why": "not audited"},
    ],
    "blind": [{"tenant_id": "t", "mailbox": "c@x", "from": "2025-09-12T12:00:00Z", "to": "2025-09-13T12:00:00Z",
               "why": "not audited"}],
}  # fmt: skip
ANSWER: Row = {
    "verdict": "intrusion", "as_of": "2025-09-30T00:00:00Z", "tool": {"budget": 0.5},
    "coverage": [{"tenant_id": "t", "mailboxes": 4, "from": "2025-09-01T00:00:00Z", "to": "2025-09-30T00:00:00Z"}],
    "cases": [
        {"case_id": "1", "severity": "critical", "mailboxes": [
            boxed("a@x", "2025-09-10T08:00:10Z", ["r1", "r2"], {"<1>": "intruder", "<2>": "intruder", "<3>": "either"}),
            boxed("b@x", "2025-09-12T08:00:00Z", ["r3"], {}, "\\Inbox"),
        ]},
    ],
    "leads": [],
    "gaps": [{"gap_id": "g", "kind": "log-stops", "tenant_id": "t", "mailbox": "c@x", "from": "2025-09-12T00:00:00Z",
              "to": "2025-09-14T00:00:00Z"}],
}  # fmt: skip


def test_a_perfect_answer() -> None:
    made = score(ANSWER, TRUTH)
    assert made["mailboxes"] == {"of": 2, "found": 2, "missed": []}
    assert made["organisations"] == {"of": 1, "found": 1}
    assert made["accused"] == {"all": 2, "wrong": []}
    assert made["messages"] == {"of": 3, "found": 3, "listed": 3, "blamed": 2, "wrong": 0}
    assert made["folders"] == {"of": 1, "found": 1, "wrong": 0}
    assert made["cases"] == {"loud": 1, "hostile": 1, "false": 0, "campaigns": 1, "most_a_campaign": 1}
    assert made["first_access"] == {"of": 2, "right": 2}


def test_what_no_log_shows_is_in_a_gap_or_not() -> None:
    made = score(ANSWER, TRUTH)
    assert made["unlogged"]["by_why"] == {
        "not audited": {"of": 1, "in_gap": 1}, "suppressed": {"of": 1, "in_gap": 0},
    }  # fmt: skip
    # two days declared; a day of silence, and an hour after each of three hostile accesses
    assert made["gap_hours"] == {"declared": 48.0, "true": 27.0}


def test_a_gap_of_a_whole_organisation_counts_for_each_mailbox() -> None:
    answer = deepcopy(ANSWER)
    answer["gaps"][0]["mailbox"] = None
    assert score(answer, TRUTH)["gap_hours"]["declared"] == 4 * 48.0
    answer["gaps"][0]["kind"] = "no-issuance-log"
    assert score(answer, TRUTH)["gap_hours"]["declared"] == 0.0


def test_quiet_cases_accuse_nobody_and_find_nothing() -> None:
    answer = deepcopy(ANSWER)
    answer["cases"][0]["severity"] = "medium"
    made = score(answer, TRUTH)
    assert made["mailboxes"] == {"of": 2, "found": 0, "missed": ["a@x", "b@x"]}
    assert made["accused"]["all"] == 0 and made["first_lead"] is True


def test_the_innocent_and_the_wrong_reason() -> None:
    answer = deepcopy(ANSWER)
    answer["cases"] = [
        {"case_id": "2", "severity": "high", "mailboxes": [
            boxed("a@x", "2025-09-09T08:00:00Z", ["other"], {"<7>": "intruder"}),
            boxed("z@x", "2025-09-09T08:00:00Z", ["more"], {"<8>": "either"}),
        ]}
    ]  # fmt: skip
    made = score(answer, TRUTH)
    # a@x was robbed, but this case knows nothing of it
    assert made["mailboxes"]["missed"] == ["a@x", "b@x"]
    assert made["accused"] == {"all": 2, "wrong": ["z@x"]}
    assert made["messages"]["blamed"] == made["messages"]["wrong"] == 1
    assert made["cases"]["false"] == 1 and made["cases"]["hostile"] == 0
    assert made["first_lead"] is True


def test_a_campaign_in_pieces_is_counted_in_pieces() -> None:
    answer = deepcopy(ANSWER)
    case = answer["cases"][0]
    answer["cases"] = [{**case, "case_id": str(n), "mailboxes": [m]} for n, m in enumerate(case["mailboxes"])]
    assert score(answer, TRUTH)["cases"]["most_a_campaign"] == 2


def result(scenario: str, seed: int, made: Row, **more: Any) -> Row:
    budgets = [{"promised": 0.5, "observed": 0}]
    return {"scenario": scenario, "seed": seed, "budgets": budgets, "alarm": [], "missed": [], **made, **more}


def _good(**more: Any) -> Row:
    """A score that keeps all goals, but for what is said otherwise."""
    return {**score(ANSWER, TRUTH), "unlogged": {"of": 2, "in_gap": 2, "by_why": {}}, **more}


def test_goals_are_held_over_all_seeds() -> None:
    good = _good()
    bad = {**score({**ANSWER, "cases": []}, TRUTH), "unlogged": good["unlogged"]}
    alarm = [
        {"tenant_id": "t", "of": 3, "acts": 2, "hours": 5.0},
        {"tenant_id": "u", "of": 3, "acts": None, "hours": None},
    ]
    rows = table.summed([result("forged", n, good, alarm=alarm) for n in range(9)] + [result("forged", 9, good)])
    assert rows[0]["goal"] == ["alarm by the third act: 90%"] and rows[0]["alarm"] == {
        "organisations": 18, "rung": 9, "by_third": 9, "acts": 2, "hours": 5.0,
    }  # fmt: skip
    rows = table.summed([result("forged", n, good) for n in range(8)] + [result("forged", n, bad) for n in (8, 9)])
    assert rows[0]["seeds_whole"] == 8 and rows[0]["goal"] == [
        "mailboxes: all, in nine seeds of ten", "messages or folders: 98%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "missed"),
    [
        ({}, []),
        ({"first_access": {"of": 10, "right": 8}}, ["first access to the minute: 90%"]),
        ({"unlogged": {"of": 100, "in_gap": 99, "by_why": {}}}, ["unlogged accesses in a gap: all"]),
        ({"gap_hours": {"declared": 301.0, "true": 100.0}}, ["gap hours: 3 times the blind ones"]),
    ],
)
def test_when_and_what_no_log_shows_are_goals_too(more: Row, missed: list[str]) -> None:
    assert table.summed([result("delegate", 1, _good(**more))])[0]["goal"] == missed


def test_wrongly_listed_is_a_share_of_messages_and_folders() -> None:
    copied = _good(
        messages={"of": 0, "found": 0, "listed": 4, "blamed": 4, "wrong": 4},
        folders={"of": 95, "found": 95, "wrong": 1},
    )
    row = table.summed([result("sync", 1, copied)])[0]
    assert row["blamed"] == {"found": 5, "of": 100, "share": 0.05} and row["goal"] == []


def test_the_page_of_many_seeds_tells_what_was_missed() -> None:
    good, bad = score(ANSWER, TRUTH), score({**ANSWER, "cases": []}, TRUTH)
    nobody = {
        **result("quiet", 1, bad),
        "budgets": [{"promised": 0.5, "observed": 1}, {"promised": 40, "observed": 50}],
    }
    told = page(table.summed([result("forged", 1, good), result("forged", 2, bad), nobody]), "2025-11-01")
    forged = next(line for line in told.splitlines() if line.startswith("| forged"))
    assert "| 1 of 2 |" in forged and "missed: mailboxes: all, in nine seeds of ten" in forged
    assert "promised 0.5, observed 1 (by chance up to 2" in told and "promised 40, observed 50 (1.25 times)" in told
    assert "| quiet" not in told
    assert "Alarms were waited for in 0 of 2 robbed organisations." in told
    rung = [{"tenant_id": "t", "of": 9, "acts": 1, "hours": 2.0}]
    fed = table.summed([{**result("forged", n, good), "alarm": rung} for n in (1, 2)])
    assert "Alarms were waited for" not in page(fed, "2025-11-01")


@pytest.mark.parametrize(
    ("budgets", "kept"),
    [
        ([(0.5, 2), (40, 30), (400, 800)], True),
        ([(0.5, 3), (40, 30)], False),
        ([(0.5, 0), (40, 19)], False),
        ([(0.5, 0), (40, 81)], False),
        ([(0.5, 0), (4, 0)], True),
    ],
)
def test_a_quiet_worlds_promise(budgets: list[tuple[float, int]], kept: bool) -> None:
    nobody = score({**ANSWER, "cases": []}, {"logged": [], "unlogged": [], "blind": []})
    told = [{"promised": promised, "observed": observed} for promised, observed in budgets]
    assert (table.summed([{**result("quiet", 1, nobody), "budgets": told}])[0]["goal"] == []) is kept


def test_poisson_limits() -> None:
    # tables of the distribution: P(X <= 2 | 0.5) = 0.986, P(X <= 9 | 5) = 0.968
    assert at_most(0.5) == 2 and at_most(5) == 9
    assert limits(5) == (1, 10)
    low, high = limits(1128)
    assert 1128 - 70 < low < 1128 < high < 1128 + 70


def test_drills_are_chosen_by_name_and_quiet_ones_have_wider_budgets() -> None:
    assert [s.name for s in chosen(["quiet", "sync"])] == ["quiet", "sync"]
    assert len(chosen([])) == len(SCENARIOS)
    with pytest.raises(UsageError, match="nobody-knows"):
        chosen(["nobody-knows"])
    assert SCENARIOS["quiet"].budgets(Size(8, 30, 47)) == (0.5, 11.28, 112.8)
    assert isinstance(SCENARIOS["sync"], Scenario) and SCENARIOS["sync"].budgets(Size()) == (0.5,)
