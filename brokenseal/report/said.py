"""What people said of acts: shown beside them wherever they are shown, with the name."""

from __future__ import annotations

from typing import Any

from brokenseal.lake import Lake
from brokenseal.report.rows import rows

LISTS = {"suspect": "hostile", "known-good": "benign"}
"""Files of what is suspected and of what is vouched for, and the word that each line of them is."""
Row = dict[str, Any]


def words_on(lake: Lake, acts: list[str]) -> list[Row]:
    """Each word on one of these acts: by, decision, because, at, of (what it was said of), acts; in the order of saying.

    A decision holds for the acts that its records are in now; a list, for the acts that carry what it names.
    """
    wanted, said = set(acts), lake.said()
    listed: dict[tuple[str, str], set[str]] = {}
    for r in rows(lake, "known", "visit_id", sorted(wanted)) if any(kind in LISTS for kind, _ in said) else ():
        listed.setdefault((r["kind"], r["entry"]), set()).add(r["visit_id"])
    out = []
    for kind, told in said:
        if kind == "decision":
            on = {r["visit_id"] for r in rows(lake, "visit_records", "record_id", told["records"])} & wanted
            out.append(_word(told, f"{told['subject_is']} {told['subject']}", told["decision"], on))
        elif kind in LISTS:
            for entry in told["entries"]:
                subject = f"{entry['type']} {entry['value']}"
                named = {"by": entry["by"] or f"file {told['file']}", "because": entry["because"] or "not stated"}
                out.append(_word(named, f"{kind} {subject}", LISTS[kind], listed.get((kind, subject), set())))
    return [word for word in out if word["acts"]]


def _word(told: Row, of: str, decision: str, on: set[str]) -> Row:
    return {
        "by": told["by"],
        "decision": decision,
        "because": told["because"],
        "at": told.get("at"),
        "of": of,
        "acts": sorted(on),
    }
