"""What to export now, and what is held already: one list, which the next steps, the page and the terminal share.

Why: people contain first, then ask, and then find the log gone; and whoever is asked for what he has handed over already stops
listening. How: the answer names what the provider still holds and nobody handed over, and of what was handed over, when the
provider deletes it, so that the export is then the only copy. Misses: licences and settings that keep longer; the provider's
defaults are taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brokenseal.report.language import marked

AUDIT = ("access", "unified-audit")
"""One log at the provider: what was done with mail, and sign-ins as it tells them."""
LACKING = ("no-issuance-log", "short-issuance-log")
"""Gaps that say that sign-ins are missing."""
SERVICES = ("service-principal", "managed-identity")
SHAPES = {
    "directory-audit": "directory-audit",
    "devices": "device-register",
    "message-trace": "message-trace",
    "graph": "graph",
}
"""What a file of such a log is called among the inputs."""
DECIDING = {
    "service-principal": marked(
        "Service principal sign-ins: whether a program, and not a person, was there. Kept for 30 days."
    ),
    "managed-identity": marked(
        "Managed identity sign-ins: the same, of the provider's own services. Kept for 30 days."
    ),
    "directory-audit": marked(
        "The directory's audit log: renamed persons, consents, new sign-in methods and devices. Kept for 30 days at most."
    ),
    "devices": marked("The device register, as it is now: whose devices these are, and since when."),
    "message-trace": marked("A message trace: subjects, senders and recipients of the messages. Kept for 90 days."),
    "graph": marked(
        "Requests to Microsoft Graph: what programs asked for. The provider keeps them only where somebody has set that up."
    ),
}
"""What would decide, and how long the provider keeps it by its defaults."""
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
    """What was handed over, the soonest to be the only copy first; one row a log and period, with its organisations.

    stream, from, to, tenants, alone: the day on which the provider deletes the first of it, so that this export is the only
    copy of that; gone: it has done so already; kept: days. Organisations whose log covers other days have a row of their own.
    """
    now = _time(answer["as_of"])
    rows: dict[tuple[str, str, str], Row] = {}
    for c in answer["coverage"]:
        for name, s in _logs(c).items():
            row = rows.setdefault((name, s["from"][:10], s["to"][:10]), {**s, "stream": name, "tenants": []})
            row["from"], row["to"] = min(row["from"], s["from"]), max(row["to"], s["to"])
            row["alone"] = min(row["alone"], s["alone"])
            row["tenants"].append(c["tenant_id"])
    told = [{**r, "gone": _time(r["alone"]) <= now} for r in rows.values()]
    return sorted(told, key=lambda r: (r["alone"], r["stream"], r["from"], r["to"]))


def _logs(coverage: Row) -> dict[str, Row]:
    """An organisation's logs by name; the audit log is one."""
    out: dict[str, Row] = {}
    for s in coverage["streams"]:
        name = "access" if s["stream"] in AUDIT else s["stream"]
        kept = (_time(s["expires"]) - _time(s["from"])).days
        row = out.setdefault(name, {"from": s["from"], "to": s["to"], "alone": s["expires"], "kept": kept})
        row["from"], row["to"] = min(row["from"], s["from"]), max(row["to"], s["to"])
        row["alone"] = min(row["alone"], s["expires"])
    return out


def deciding(answer: Row) -> list[Row]:
    """What would decide explanations that stay open, and was not handed over: what, and tenants.

    Nothing where there is neither case nor lead. Sign-ins of services are looked for in each organisation; a message trace and
    requests to Graph among all files, which do not say whose they are; what brokenseal does not read is always asked for.
    """
    if not answer["cases"] and not answer["leads"]:
        return []
    shapes = " ".join(i["format"] for i in answer["inputs"])
    everybody = [c["tenant_id"] for c in answer["coverage"]]
    lacking = {
        name: [c["tenant_id"] for c in answer["coverage"] if name not in {s["stream"] for s in c["streams"]}]
        for name in SERVICES
    }
    lacking |= {name: [] if shape in shapes else everybody for name, shape in SHAPES.items()}
    return [{"what": name, "tenants": lacking[name]} for name in DECIDING if lacking[name]]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip("Z"))
