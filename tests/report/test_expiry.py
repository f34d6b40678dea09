"""One list of what to export: the next steps, the page and the gaps ask for the same, and for nothing that is held."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from brokenseal import report
from brokenseal.report import advice, expiry
from tests.report import invented
from tests.report.test_reader import _section, _text


def _missing(stream: str, since: str, until: str, vanishes: str) -> dict[str, str]:
    return {"stream": stream, "from": since, "to": until, "vanishes": vanishes}


@pytest.fixture
def made(answer: dict[str, Any]) -> dict[str, Any]:
    """Both kinds of sign-in miss a tail in one organisation, the audit log misses months in both."""
    out = copy.deepcopy(answer)
    first, second = out["coverage"]
    audit = _missing("access", "2024-09-18T00:00:00Z", "2025-03-03T00:00:00Z", "2025-03-17T00:00:00Z")
    signs = [
        _missing(s, "2025-03-10T00:00:00Z", "2025-03-17T00:00:00Z", "2025-04-09T00:00:00Z")
        for s in ("interactive", "non-interactive")
    ]
    first["missing"], second["missing"] = [audit, *signs], [audit]
    report.validate(out)
    return out


def test_organisations_that_miss_the_same_are_one_row(made: dict[str, Any]) -> None:
    told = [(r["stream"], r["vanishes"][:10], len(r["tenants"])) for r in expiry.wanted(made)]
    assert told == [("access", "2025-03-17", 2), ("interactive", "2025-04-09", 1), ("non-interactive", "2025-04-09", 1)]


def test_the_next_step_asks_for_what_vanishes_first_and_names_whose(made: dict[str, Any]) -> None:
    step = next(s for s in advice.steps(made)[2:] if s.startswith(("Export", "Keep"))).striptags()
    assert step.startswith(
        "Export now what nobody handed over, of ministry-a.example and ministry-b.example: the unified audit log, which holds "
        "mailbox accesses, from 18 Sept 2024 to 3 Mar 2025."
    )
    assert "the oldest of it vanishes on 17 Mar 2025" in step and "2 more logs vanish later" in step


def test_logs_that_vanish_on_one_day_are_asked_for_together(made: dict[str, Any]) -> None:
    for c in made["coverage"]:
        c["missing"] = [m for m in c["missing"] if m["stream"] != "access"]
    step = next(s for s in advice.steps(made)[2:] if s.startswith(("Export", "Keep"))).striptags()
    assert "of ministry-a.example: interactive sign-ins and non-interactive sign-ins, from 10 Mar 2025" in step


def test_each_log_is_asked_for_with_its_own_days(made: dict[str, Any]) -> None:
    for c in made["coverage"]:
        for m in c["missing"]:
            m["vanishes"] = "2025-03-17T00:00:00Z"
    step = next(s for s in advice.steps(made)[2:] if s.startswith(("Export", "Keep"))).striptags()
    assert (
        "interactive sign-ins and non-interactive sign-ins, from 10 Mar 2025 to 17 Mar 2025." in step
        and "the unified audit log, which holds mailbox accesses, from 18 Sept 2024 to 3 Mar 2025; interactive" in step
    )


def test_the_page_holds_the_same_list_and_what_is_held_apart_from_it(made: dict[str, Any]) -> None:
    told = _text(_section(report.html(made, invented.REASONS), "export"))
    asked, held = told.split("Held already: keep these files", 1)
    for row in ("ministry-a.example and ministry-b.example 18 Sept 2024 3 Mar 2025 17 Mar 2025, and a day more",
                "Interactive sign-ins ministry-a.example 10 Mar 2025 17 Mar 2025 9 Apr 2025"):  # fmt: skip
        assert row in asked
    assert (
        "Export now:" not in held
        and "Interactive sign-ins ministry-a.example and ministry-b.example 3 Mar 2025 17 Mar 2025 2 Apr 2025 30 days"
        in held
    )


def test_who_holds_other_days_has_a_row_of_his_own(made: dict[str, Any]) -> None:
    late = next(s for s in made["coverage"][1]["streams"] if s["stream"] == "interactive")
    late |= {"from": "2025-03-11T00:00:00Z", "expires": "2025-04-10T00:00:00Z"}
    rows = [(r["from"][:10], len(r["tenants"])) for r in expiry.held(made) if r["stream"] == "interactive"]
    assert rows == [("2025-03-03", 1), ("2025-03-11", 1)]
    told = _text(_section(report.html(made, invented.REASONS), "export"))
    assert "ministry-a.example 3 Mar 2025 17 Mar 2025" in told and "ministry-b.example 11 Mar 2025 17 Mar 2025" in told


def test_the_list_names_every_organisation(made: dict[str, Any]) -> None:
    first = made["coverage"][0]
    made["coverage"] = [
        {**copy.deepcopy(first), "tenant_id": f"{n:08}-1111-4111-8111-111111111111", "domains": [f"o{n:02}.example"]}
        for n in range(12)
    ]
    asked = _section(report.html(made, invented.REASONS), "export")
    assert all(asked.count(f"o{n:02}.example") >= 3 for n in range(12)) and not re.search(r"\d more", asked)


def test_what_would_decide_is_asked_for_where_nobody_handed_it_over(made: dict[str, Any]) -> None:
    assert [d["what"] for d in expiry.deciding(made)] == list(expiry.DECIDING)
    made["coverage"][0]["streams"].append({**made["coverage"][0]["streams"][0], "stream": "service-principal"})
    made["inputs"][0]["format"] = "mixed: message-trace 2, log-analytics-graph 3"
    told = {d["what"]: d["tenants"] for d in expiry.deciding(made)}
    assert list(told) == ["service-principal", "managed-identity", "directory-audit", "devices"]
    assert told["service-principal"] == [made["coverage"][1]["tenant_id"]]
    page = _text(_section(report.html(made, invented.REASONS), "export"))
    assert (
        "Service principal sign-ins: whether a program, and not a person, was there. Kept for 30 days. Of ministry-b"
        in page
    )
    assert expiry.deciding({**made, "cases": [], "leads": []}) == []


def test_where_all_is_held_nothing_is_asked_for(made: dict[str, Any]) -> None:
    for c in made["coverage"]:
        c["missing"] = []
    step = next(s for s in advice.steps(made)[2:] if s.startswith(("Export", "Keep"))).striptags()
    assert step.startswith("Keep the exported files") and "Export now" not in step
    assert "the only copy of their oldest records from 2 Apr 2025 on" in step
    told = _text(_section(report.html(made, invented.REASONS), "export"))
    assert "Nothing: these files cover all the time that the provider still had" in told


def test_what_the_provider_has_deleted_is_said_to_be_so(made: dict[str, Any]) -> None:
    late = {**made, "as_of": "2025-04-20T00:00:00Z"}
    row = next(r for r in expiry.held(late) if r["stream"] == "interactive")
    assert row["gone"] and not next(r for r in expiry.held(made) if r["stream"] == "interactive")["gone"]
    assert "2 Apr 2025: by its defaults the provider has deleted them" in _text(report.html(late, invented.REASONS))


def test_what_is_missing_and_deleted_is_not_said_to_be_held(made: dict[str, Any]) -> None:
    for c in made["coverage"]:
        c["missing"] = []
    made["gaps"] = [{**made["gaps"][0], "kind": "no-issuance-log"}]
    step = next(s for s in advice.steps(made)[2:] if s.startswith(("Export", "Keep"))).striptags()
    assert "what the gaps say is missing was deleted by 17 Mar 2025 00:00" in step and "They cover all" not in step
    told = _text(_section(report.html(made, invented.REASONS), "export"))
    assert "Nothing: by the provider's defaults what the gaps say is missing was deleted by then" in told
