"""What people said of acts: in the ledger's order, with the acts that carry it now.

Why: a person's word is shown beside the act wherever it is shown, with the name. How: a decision holds for the acts that
its records are in now; a list, for the acts that carry what it names. Misses: nobody's identity is checked.
"""

from __future__ import annotations

from typing import Any

from brokenseal.lake import Lake
from brokenseal.report.rows import rows
from brokenseal.schema import LISTS

Row = dict[str, Any]


def said(lake: Lake) -> list[Row]:
    """Each word: subject_is and subject (what it was said of), decision, by, because, at, acts (sorted)."""
    told = lake.said()
    listed: dict[tuple[str, str], list[str]] = {}
    known = rows(lake, "known", "kind", sorted(LISTS)) if any(kind in LISTS for kind, _ in told) else []
    for r in sorted(known, key=lambda r: r["visit_id"]):
        listed.setdefault((r["kind"], r["entry"]), []).append(r["visit_id"])
    out = []
    for kind, word in told:
        if kind == "decision":
            acts = sorted({r["visit_id"] for r in rows(lake, "visit_records", "record_id", word["records"])})
            names = ("subject_is", "subject", "decision", "by", "because", "at")
            out.append({**{n: word[n] for n in names}, "acts": acts})
        elif kind in LISTS:
            out += [_listed(kind, word["file"], entry, listed) for entry in word["entries"]]
    return out


def words_on(lake: Lake, acts: list[str]) -> list[Row]:
    """Each word on one of these acts: by, decision, because, at, of (what it was said of), acts."""
    wanted, out = set(acts), []
    for word in said(lake):
        on = sorted(wanted & set(word["acts"]))
        if on:
            told = {n: word[n] for n in ("by", "decision", "because", "at")}
            out.append({**told, "of": f"{word['subject_is']} {word['subject']}", "acts": on})
    return out


def _listed(kind: str, file: str, entry: Row, listed: dict[tuple[str, str], list[str]]) -> Row:
    """One line of a file of suspects, or of what is vouched for."""
    subject = f"{entry['type']} {entry['value']}"
    return {
        "subject_is": kind,
        "subject": subject,
        "decision": LISTS[kind],
        "by": entry["by"] or f"file {file}",
        "because": entry["because"] or "not stated",
        "at": None,
        "acts": listed.get((kind, subject), []),
    }
