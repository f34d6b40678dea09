"""Visits on one time axis, a line a mailbox, with the windows in which the log was blind.

What: places in per cent, for marks and hatched windows that the page draws with styles alone. Why: hundreds of mailboxes
are understood by the shape of the whole, and an empty stretch means something else where nobody looked. How: one axis for
the whole answer, from the first log to the last; marks closer than the eye can part become one, with their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brokenseal.report.language import Language

STEPS = (1, 2, 3, 7, 14, 28, 56, 91, 182, 365)
MOST_TICKS = 9
YEAR, MOST_YEARS = 330, 6
"""Days above which the axis names months and years, and how many of them."""
APART = 0.6
"""Marks closer than this, in per cent of the axis, are one mark."""
FORMS = {"own evidence": "o", "link": "l", "person": "p"}
LEAD = "q"
Row = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """The time from `begin` to `end`, as places from 0 to 100."""

    begin: datetime
    end: datetime

    def at(self, time: datetime) -> float:
        """Where a time lies; what lies outside is put at the edge."""
        share = (time - self.begin) / (self.end - self.begin)
        return round(min(max(100 * share, 0.0), 100.0), 2)

    def window(self, since: str | None, until: str | None) -> tuple[float, float]:
        """Left and width of a period; one without a bound reaches to the edge."""
        left = self.at(parsed(since)) if since else 0.0
        right = self.at(parsed(until)) if until else 100.0
        return left, round(max(right - left, 0.4), 2)


def parsed(text: str) -> datetime:
    """A time of the answer."""
    return datetime.fromisoformat(text.rstrip("Z"))


def axis(answer: Row) -> Axis:
    """From the first of all logs and visits to the last, in whole days."""
    times = [t for c in answer["coverage"] for s in c["streams"] for t in (s["from"], s["to"])]
    times += [t for c in answer["cases"] for t in (c["either_from"] or c["first_access"], c["last_access"])]
    times += [t for x in answer["leads"] for t in (x["first"], x["last"])]
    return spanning([parsed(t) for t in times] or [parsed(answer["as_of"])])


def spanning(times: list[datetime]) -> Axis:
    """From the first of some times to the last, in whole days."""
    begin = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(times).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Axis(begin, end)


def ticks(span: Axis, lang: Language) -> list[Row]:
    """Days to write on the axis: as many as can be told apart."""
    days = (span.end - span.begin).days
    # above a year a day needs its year, and the longer words more room
    years = days > YEAR
    most = MOST_YEARS if years else MOST_TICKS
    step = next((s for s in STEPS if days / s <= most), STEPS[-1])
    marks = range(0, days, step) if days / step <= most else range(0, days, -(-days // most))
    times = [span.begin + timedelta(days=d) for d in marks]
    return [{"left": span.at(t), "text": lang.tick(t, year=years)} for t in times if span.at(t) <= 96]


def marks(acts: Iterable[Row], span: Axis) -> list[Row]:
    """Where the acts lie: left, form, and how many there are in this place."""
    out: list[Row] = []
    for act in sorted(acts, key=lambda a: a["first"]):
        left, form = span.at(parsed(act["first"])), FORMS.get(act["basis"], "o") if not act.get("lead") else LEAD
        if out and out[-1]["form"] == form and left - out[-1]["left"] < APART:
            out[-1]["count"] += 1
        else:
            out.append({"left": left, "form": form, "count": 1})
    return out


def windows(gaps: Iterable[Row], span: Axis) -> list[Row]:
    """Blind windows: left, width and the gap's kind. A gap without any period is no window."""
    placed = [(g["kind"], span.window(g["from"], g["to"])) for g in gaps if g["from"] or g["to"]]
    merged: dict[tuple[float, float], str] = {}
    for kind, place in placed:
        merged.setdefault(place, kind)
    return [{"left": left, "width": width, "kind": kind} for (left, width), kind in sorted(merged.items())]


def before(gaps: Iterable[Row], span: Axis) -> str | None:
    """The earliest time at which one of these gaps begins before the axis does; its window is cut off there."""
    early = [g["from"] for g in gaps if g["from"] and parsed(g["from"]) < span.begin]
    return min(early, default=None)


def dense(acts: Iterable[Row], span: Axis) -> list[Row]:
    """Marks of many mailboxes in one line: a form at a time, so that there are never more than the eye can part."""
    forms: dict[str, list[Row]] = {}
    for act in acts:
        forms.setdefault(LEAD if act.get("lead") else act["basis"], []).append(act)
    return [mark for form in sorted(forms) for mark in marks(forms[form], span)]


class Blind:
    """The gaps of each mailbox and organisation, looked up often."""

    def __init__(self, gaps: Iterable[Row]) -> None:
        self._boxes: dict[tuple[str | None, str], list[Row]] = {}
        self._tenants: dict[str | None, list[Row]] = {}
        self._all: list[Row] = []
        for g in gaps:
            if g["mailbox"] is not None:
                self._boxes.setdefault((g["tenant_id"], g["mailbox"]), []).append(g)
            elif g["tenant_id"] is not None:
                self._tenants.setdefault(g["tenant_id"], []).append(g)
            else:
                self._all.append(g)

    def of_mailbox(self, tenant: str | None, mailbox: str | None) -> list[Row]:
        """Gaps of this mailbox alone."""
        own = self._boxes.get((tenant, mailbox), []) if mailbox else []
        return own

    def of_tenant(self, tenant: str | None) -> list[Row]:
        """Gaps of the whole organisation, and of everybody."""
        return [*self._tenants.get(tenant, []), *self._all]
