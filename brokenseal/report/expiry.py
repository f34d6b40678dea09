"""When the provider deletes what these logs are made of.

Why: people contain first, then ask, and then find the log gone. How: the answer says of each stream when the first of its
records goes; records of a later day go as much later, so that what is left at the moment the answer speaks of, and
when the next of it goes, follows. Misses: licences and settings that keep longer; the provider's defaults are taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

Row = dict[str, Any]


def expiries(answer: Row) -> list[Row]:
    """One row an organisation and stream, the soonest first.

    tenant_id, stream; from: the oldest record that the provider still has at `as_of`, of those in this answer; expires: when
    that goes; gone: whether older ones have gone; to: the latest; all: whether nothing is left.
    """
    now = _time(answer["as_of"])
    rows = []
    for c in answer["coverage"]:
        for s in c["streams"]:
            kept = _time(s["expires"]) - _time(s["from"])
            oldest, newest = max(_time(s["from"]), now - kept), _time(s["to"])
            rows.append(
                {
                    "tenant_id": c["tenant_id"],
                    "stream": s["stream"],
                    "from": _text(min(oldest, newest)),
                    "to": s["to"],
                    "expires": _text(min(oldest, newest) + kept),
                    "kept": kept.days,
                    "gone": oldest > _time(s["from"]),
                    "all": newest < now - kept,
                }
            )
    return sorted(rows, key=lambda r: (r["all"], r["expires"], r["stream"], r["tenant_id"] or ""))


def soonest(answer: Row) -> Row | None:
    """What vanishes next of what is left; None where nothing is."""
    left = [r for r in expiries(answer) if not r["all"]]
    return left[0] if left else None


def by_stream(answer: Row) -> list[Row]:
    """The same, one row a stream: the soonest of its organisations, and how many of these."""
    out: dict[str, Row] = {}
    for r in expiries(answer):
        kept = out.setdefault(r["stream"], {**r, "organisations": 0})
        kept["organisations"] += 1
    return list(out.values())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip("Z"))


def _text(time: datetime) -> str:
    return time.replace(microsecond=0).isoformat() + "Z"
