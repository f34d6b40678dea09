"""What people said: kept under a name, and shown as theirs.

What: `decided` keeps a decision on an id; `decisions` is the answer's list of all that people said. Why: what a person knows
settles more than any count, and must be known to be that person's. How: a decision names the acts it was made of and a record
of each, so that it is honoured when more logs arrive. Misses: nobody's identity is checked; who says it signs it.
"""

from __future__ import annotations

from typing import Any

from brokenseal.errors import UsageError
from brokenseal.lake import Lake
from brokenseal.report.dossier import dossier
from brokenseal.report.rows import rows
from brokenseal.report.said import said

MOST_ACTS = 100
Row = dict[str, Any]


def decided(lake: Lake, prefix: str, decision: str, by: str, because: str, at: str) -> Row:
    """Keep a decision on a case, finding, act or record. Raises UsageError where the id is none, or stands in no act."""
    found = dossier(lake, prefix)
    acts = _acts(found)
    if not acts:
        raise UsageError(f"{found['kind']} {found['id']} is part of no act: there is nothing to decide")
    told = {
        "subject_is": found["kind"],
        "subject": found["id"],
        "decision": decision,
        "by": by,
        "because": because,
        "at": at,
        "acts": acts,
        "records": _first_records(lake, acts),
    }
    lake.say("decision", told)
    return told


def _acts(found: Row) -> list[str]:
    listed = found["acts"] if found["kind"] in ("case", "record") else [found["act"]]
    return sorted({a["act_id"] for a in listed})


def _first_records(lake: Lake, acts: list[str]) -> list[str]:
    """The first record of each act: an act may begin earlier once more logs are there, the record stays in it."""
    first: dict[str, tuple[Any, str]] = {}
    for r in rows(lake, "visit_records", "visit_id", acts):
        key = (r["time"], r["record_id"])
        first[r["visit_id"]] = min(first.get(r["visit_id"], key), key)
    return sorted(record for _, record in first.values())


def decisions(lake: Lake) -> list[Row]:
    """All that people said, as the answer holds it; acts: those that carry it now, at most 100, and how many there are."""
    return [{**word, "acts": word["acts"][:MOST_ACTS], "act_count": len(word["acts"])} for word in said(lake)]
