"""Scores of many seeds in one row a scenario, for the terminal, and as plain data for JSON and page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from brokenseal.drill import feed
from brokenseal.drill.poisson import at_most
from brokenseal.drill.scenarios import SCENARIOS

Row = dict[str, Any]
NINE_IN_TEN = 0.9
ENOUGH = 30
"""False cases promised from which on a factor of two says something."""
MOST_BLIND = 3
"""Gaps may declare so many times the hours that the logs are blind."""
BLAMED = 0.05
"""Most messages and folders that may be listed as the intruder's and are not."""


def summed(results: Sequence[Row]) -> list[Row]:
    """One row a scenario, in the order of the scenarios; shares are over all its seeds together."""
    return [
        _row(name, own)
        for name in SCENARIOS
        if (own := sorted((r for r in results if r["scenario"] == name), key=lambda r: r["seed"]))
    ]


def _row(name: str, own: list[Row]) -> Row:
    def total(*path: str) -> int:
        return sum(_at(r, path) for r in own)

    whole = [r for r in own if r["mailboxes"]["found"] == r["mailboxes"]["of"]]
    wrong = sum(len(r["accused"]["wrong"]) for r in own)
    blamed = total("messages", "wrong") + total("folders", "wrong")
    row: Row = {
        "scenario": name,
        "told": SCENARIOS[name].told,
        "seeds": [r["seed"] for r in own],
        "mailboxes": _share(total("mailboxes", "found"), total("mailboxes", "of")),
        "seeds_whole": len(whole),
        "organisations": _share(total("organisations", "found"), total("organisations", "of")),
        "messages": _share(total("messages", "found"), total("messages", "of")),
        "folders": _share(total("folders", "found"), total("folders", "of")),
        "accused": _share(wrong, total("accused", "all")),
        "blamed": _share(blamed, total("messages", "listed") + total("folders", "found") + total("folders", "wrong")),
        "first_access": _share(total("first_access", "right"), total("first_access", "of")),
        "first_lead": _share(sum(bool(r["first_lead"]) for r in own), len(own)),
        "cases": {"hostile": total("cases", "hostile"), "campaigns": total("cases", "campaigns"),
                  "most_a_campaign": max(r["cases"]["most_a_campaign"] for r in own), "false": total("cases", "false")},
        "unlogged": _share(total("unlogged", "in_gap"), total("unlogged", "of")),
        "gap_hours": {k: round(sum(r["gap_hours"][k] for r in own), 1) for k in ("declared", "true")},
        "alarm": feed.summed([a for r in own for a in r["alarm"]]),
        "budgets": _budgets(own),
    }  # fmt: skip
    return {**row, "goal": kept(row)}


def _at(row: Row, path: Sequence[str]) -> int:
    for key in path:
        row = row[key]
    return int(row)  # type: ignore[call-overload]


def _share(part: int, of: int) -> Row:
    return {"found": part, "of": of, "share": round(part / of, 4) if of else None}


def _budgets(own: list[Row]) -> list[Row]:
    """Promised and observed at each budget, over the seeds."""
    return [
        {"promised": round(sum(b["promised"] for b in each), 2), "observed": sum(b["observed"] for b in each)}
        for each in zip(*(r["budgets"] for r in own))
    ]


def found(rows: Sequence[Row]) -> Table:
    """What was found and who was accused. Fits 80 columns; the heads are told in docs/drill.md."""
    table = _table("drill", "found", "whole", "listed", "accused", "blamed", "cases", "false", "goal")
    for r in rows:
        cases, listed = r["cases"], r["messages"]
        if r["folders"]["of"] and not listed["of"]:
            listed = r["folders"]
        table.add_row(
            r["scenario"], told(r["mailboxes"]), f"{r['seeds_whole']}/{len(r['seeds'])}",
            told(listed), told(r["accused"]), told(r["blamed"]), f"{cases['hostile']}/{cases['campaigns']}",
            str(cases["false"]), "-" if r["goal"] is None else "missed" if r["goal"] else "kept",
        )  # fmt: skip
    return table


def when(rows: Sequence[Row]) -> Table:
    """Times, and what no log shows. Fits 80 columns."""
    table = _table("drill", "minute", "alarm by 3rd", "acts", "hours", "unlogged", "gap/blind hours")
    for r in rows:
        hours, alarm = r["gap_hours"], r["alarm"]
        acts, late = ("-" if alarm[k] is None else f"{alarm[k]:g}" for k in ("acts", "hours"))
        table.add_row(
            r["scenario"], told(r["first_access"]), told(third(alarm)), acts, late, told(r["unlogged"]),
            f"{hours['declared']:.0f}/{hours['true']:.0f}",
        )  # fmt: skip
    return table


def third(alarm: Row) -> Row:
    """The share of organisations in which an alarm rang by the third hostile act."""
    return _share(alarm["by_third"], alarm["organisations"])


def kept(row: Row) -> list[str] | None:
    """What of its goal a drill did not keep, in words; None where it has no goal."""
    scenario = SCENARIOS[row["scenario"]]
    goal, out = scenario.goal, []
    if scenario.lead:
        return [] if row["first_lead"]["found"] == row["first_lead"]["of"] else ["neither a case nor the first lead"]
    if scenario.intruder is None:
        return _unkept(row["budgets"])
    if goal is None:
        return None
    if goal.mailboxes == 1.0:
        if row["seeds_whole"] < NINE_IN_TEN * len(row["seeds"]):
            out.append("mailboxes: all, in nine seeds of ten")
    elif _less(row["mailboxes"], goal.mailboxes):
        out.append(f"mailboxes: {goal.mailboxes:.0%}")
    if (row["accused"]["share"] or 0) > goal.accused:
        out.append(f"wrongly accused: {goal.accused:.0%}")
    if _less(row["messages"], goal.listed) or _less(row["folders"], goal.listed):
        out.append(f"messages or folders: {goal.listed:.0%}")
    if (row["blamed"]["share"] or 0) > BLAMED:
        out.append(f"wrongly blamed messages: {BLAMED:.0%}")
    if goal.cases is not None and row["cases"]["most_a_campaign"] > goal.cases:
        out.append(f"cases a campaign: {goal.cases}")
    return [*out, *_late_or_silent(row)]


def _late_or_silent(row: Row) -> list[str]:
    """What is promised of every intruder: when he came, how soon an alarm rings, and what no log shows."""
    out = []
    if _less(row["first_access"], NINE_IN_TEN):
        out.append(f"first access to the minute: {NINE_IN_TEN:.0%}")
    if _less(third(row["alarm"]), NINE_IN_TEN):
        out.append(f"alarm by the third act: {NINE_IN_TEN:.0%}")
    if _less(row["unlogged"], 1.0):
        out.append("unlogged accesses in a gap: all")
    if row["gap_hours"]["declared"] > MOST_BLIND * row["gap_hours"]["true"]:
        out.append(f"gap hours: {MOST_BLIND} times the blind ones")
    return out


def _unkept(budgets: Sequence[Row]) -> list[str]:
    """Budgets of quiet worlds that were not kept: the default may not be exceeded by more than chance explains; the wider
    ones, once enough is promised, are kept within a factor of two."""
    first, *wide = budgets
    out = []
    if first["observed"] > at_most(first["promised"]):
        out.append(f"false cases: at most {at_most(first['promised'])} where {first['promised']:g} were promised")
    for budget in wide:
        low, high = budget["promised"] / 2, budget["promised"] * 2
        if budget["promised"] >= ENOUGH and not low <= budget["observed"] <= high:
            out.append(f"false cases: {low:.0f} to {high:.0f}")
    return out


def _less(share: Row, wanted: float) -> bool:
    return bool(share["of"]) and share["share"] < wanted


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for nth, head in enumerate(heads):
        table.add_column(head, justify="left" if nth == 0 else "right", no_wrap=True)
    return table


def quiet(rows: Sequence[Row]) -> list[str]:
    """A line for each budget of quiet worlds."""
    return [
        f"{r['scenario']}: false cases promised {b['promised']:g}, observed {b['observed']}"
        for r in rows
        if SCENARIOS[r["scenario"]].intruder is None
        for b in r["budgets"]
    ]


def told(share: Row) -> str:
    """A share in percent, by tenths only where it is neither small nor nearly all; a dash where there was nothing."""
    if not share["of"]:
        return "-"
    percent = 100 * share["share"]
    return f"{percent:.1f}%" if 95 < percent < 100 or 0 < percent < 10 else f"{percent:.0f}%"
