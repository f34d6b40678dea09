"""What to export now, and what is held already: one list, which the next steps, the page and the terminal share.

Why: people contain first, then ask, and then find the log gone; and whoever is asked for what he has handed over already stops
listening. How: the answer names what the provider still holds and nobody handed over, and of what was handed over, when the
provider deletes it, so that the export is then the only copy. Misses: licences and settings that keep longer; the provider's
defaults are taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

AUDIT = ("access", "unified-audit")
"""One log at the provider: what was done with mail, and sign-ins as it tells them."""
LACKING = ("no-issuance-log", "short-issuance-log")
"""Gaps that say that sign-ins are missing."""
Row = dict[str, Any]


def wanted(answer: Row) -> list[Row]:
    """What is to be exported, the soonest to vanish first; one row a log and period, with its organisations.

    stream, from, to, vanishes, tenants. Organisations whose log is missing over nearly the same days are one row.
    """
    rows: dict[tuple[str, str], Row] = {}
    for c in answer["coverage"]:
        for m in c["missing"]:
            row = rows.setdefault((m["stream"], m["vanishes"][:10]), {**m, "tenants": []})
            row["from"], row["to"] = min(row["from"], m["from"]), max(row["to"], m["to"])
            row["vanishes"] = min(row["vanishes"], m["vanishes"])
            row["tenants"].append(c["tenant_id"])
    return sorted(rows.values(), key=lambda r: (r["vanishes"], r["stream"], r["from"]))


def lost(answer: Row) -> bool:
    """Whether sign-ins are missing that the provider no longer has: those that it has are `wanted`."""
    return not wanted(answer) and any(g["kind"] in LACKING for g in answer["gaps"])


def held(answer: Row) -> list[Row]:
    """What was handed over, the soonest to be the only copy first; one row a log, with the number of its organisations.

    stream, from, to, alone: the day on which the provider deletes the first of it, so that this export is the only copy of
    that; gone: it has done so already; kept: days.
    """
    now = _time(answer["as_of"])
    rows: dict[str, Row] = {}
    for c in answer["coverage"]:
        for s in c["streams"]:
            kept = (_time(s["expires"]) - _time(s["from"])).days
            name = "access" if s["stream"] in AUDIT else s["stream"]
            row = rows.setdefault(
                name,
                {
                    "stream": name,
                    "from": s["from"],
                    "to": s["to"],
                    "alone": s["expires"],
                    "kept": kept,
                    "tenants": set(),
                },
            )
            row["from"], row["to"] = min(row["from"], s["from"]), max(row["to"], s["to"])
            row["alone"] = min(row["alone"], s["expires"])
            row["tenants"].add(c["tenant_id"])
    told = [{**r, "organisations": len(r["tenants"]), "gone": _time(r["alone"]) <= now} for r in rows.values()]
    return sorted(told, key=lambda r: (r["alone"], r["stream"]))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip("Z"))
