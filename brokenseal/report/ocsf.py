"""The answer as OCSF events, one a line: an incident finding a case, a detection finding a doubted act.

Why: a security data lake takes these without a parser. How: built by hand against OCSF 1.7; the tests hold every event
against the schemas. Bits go into `unmapped`, since no field of the standard means "how rarely a benign act looks so",
and into no confidence or risk score, which would say more than they do.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import brokenseal
from brokenseal.report.visible import visible

VERSION = "1.7.0"
LONGEST = 1000
SEVERITIES = {"critical": (5, "Critical"), "high": (4, "High"), "medium": (3, "Medium"), "low": (2, "Low")}
FINDINGS, DETECTION, INCIDENT, CREATE = 2, 2004, 2005, 1
NEW = 1
Row = dict[str, Any]


def events(answer: Row) -> bytes:
    """JSON lines."""
    made = [e for case in answer["cases"] for e in (_incident(case, answer), *_detections(case, answer))]
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in made).encode("utf-8")


def millis(time: str) -> int:
    """A time as OCSF writes it: milliseconds since 1970."""
    moment = datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone(UTC)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _common(class_uid: int, name: str, case: Row, answer: Row) -> Row:
    number, severity = SEVERITIES[case["severity"]]
    product = {"name": "brokenseal", "vendor_name": "brokenseal", "version": brokenseal.__version__}
    return {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": FINDINGS,
        "category_name": "Findings",
        "class_uid": class_uid,
        "class_name": name,
        "type_uid": class_uid * 100 + CREATE,
        "type_name": f"{name}: Create",
        "severity_id": number,
        "severity": severity,
        "status_id": NEW,
        "status": "New",
        "time": millis(answer["as_of"]),
        "metadata": {"version": VERSION, "product": product, "correlation_uid": case["case_id"]},
    }


def _attacks(findings: list[Row]) -> list[Row]:
    return [{"technique": {"uid": t}} for t in sorted({t for f in findings for t in f["attack"]})]


def _incident(case: Row, answer: Row) -> Row:
    said = (
        f"{case['how']['kind']}: {visible(case['title'], LONGEST)}; {case['bits']} bits, which is how rarely a benign act "
        "looks like this and no probability of guilt"
    )
    return _common(INCIDENT, "Incident Finding", case, answer) | {
        "message": said,
        "desc": said,
        "is_suspected_breach": case["severity"] in ("critical", "high"),
        "start_time": millis(case["first_access"]),
        "end_time": millis(case["last_access"]),
        "attacks": _attacks(case["findings"]),
        "finding_info_list": [
            {"uid": a["act_id"], "title": f"{a['kind']} to {visible(a['mailbox'], 200)}", "first_seen_time": millis(a["first"]),
             "last_seen_time": millis(a["last"])}
            for a in case["acts"]
        ],
        "unmapped": {
            "brokenseal": {
                "bits": case["bits"],
                "first_access_is": case["first_access_is"],
                "ongoing": case["ongoing"],
                "mailboxes": len(case["mailboxes"]),
                "messages_at_least": sum(len(m["messages"]) for m in case["mailboxes"]),
                "folders": sum(len(m["folders"]) for m in case["mailboxes"]),
            }
        },
    }  # fmt: skip


def _detections(case: Row, answer: Row) -> list[Row]:
    by_act: dict[str, list[Row]] = {}
    for f in case["findings"]:
        by_act.setdefault(f["act_id"], []).append(f)
    return [_detection(a, by_act.get(a["act_id"], []), case, answer) for a in case["acts"]]


def _detection(act: Row, findings: list[Row], case: Row, answer: Row) -> Row:
    reasons = [visible(f["reason"], LONGEST) for f in findings]
    evidence: Row = {"user": {"name": visible(act["mailbox"], 300), "type_id": 1}}
    if act["ip"]:
        evidence["src_endpoint"] = {"ip": visible(act["ip"], 100)}
    if act["user_agent"]:
        evidence["http_request"] = {"user_agent": visible(act["user_agent"], LONGEST)}
    return _common(DETECTION, "Detection Finding", case, answer) | {
        "message": "; ".join(reasons) or f"{act['kind']} in a case, by {act['basis']}",
        "is_alert": True,
        "start_time": millis(act["first"]),
        "end_time": millis(act["last"]),
        "finding_info": {
            "uid": act["act_id"],
            "title": f"{act['kind']} to {visible(act['mailbox'], 300)}",
            "desc": "; ".join(reasons),
            "types": sorted({f["evidence"] for f in findings}),
            "attacks": _attacks(findings),
            "first_seen_time": millis(act["first"]),
            "last_seen_time": millis(act["last"]),
        },
        "evidences": [evidence],
        "resources": [{"name": visible(act["mailbox"], 300), "type": "mailbox"}],
        "unmapped": {
            "brokenseal": {
                "bits": act["bits"],
                "basis": act["basis"],
                "link": act["link"],
                "findings": [
                    {n: f[n] for n in ("finding_id", "evidence", "bits", "once_in", "ground")} for f in findings
                ],
            }
        },
    }
