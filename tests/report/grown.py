"""Large answers, made from the invented one, that keep the contract: so many organisations, mailboxes and messages."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

from brokenseal import report
from tests.report.invented import identity

BEGIN = datetime(2025, 3, 4)
Row = dict[str, Any]


def grown(answer: Row, *, tenants: int, mailboxes: int, messages: int) -> Row:
    """The answer with that many in its one case; messages: in all. Every seventh mailbox has a blind window of its
    own, every fifth a synchronised folder."""
    out = copy.deepcopy(answer)
    case = out["cases"][0]
    pattern_act, pattern_box, gap = case["acts"][0], case["mailboxes"][0], out["gaps"][0]
    found = [f for f in case["findings"] if f["act_id"] == pattern_act["act_id"]]
    acts, findings, boxes = [], [], []
    for n in range(mailboxes):
        tenant = f"{n % tenants:08x}-1111-4111-8111-111111111111"
        name = f"person-{n:04}@ministry-{n % tenants}.example"
        times = [BEGIN + timedelta(days=(n * 7 + k * 3) % 27, minutes=n % 600) for k in range(1 + n % 3)]
        for k, time in enumerate(sorted(times)):
            act_id = identity("grown", n, k)
            basis = "link" if (n + k) % 3 else "own evidence"
            stamp, until = _stamp(time), _stamp(time + timedelta(minutes=9))
            acts.append(
                {**pattern_act, "act_id": act_id, "mailbox": name, "first": stamp, "last": until, "basis": basis}
            )
            findings += [{**f, "act_id": act_id, "finding_id": identity(act_id, f["evidence"])} for f in found]
        share = messages // mailboxes + (n < messages % mailboxes)
        items = [
            {
                **pattern_box["messages"][i % 5],
                "message_id": f"<{n}.{i}@ministry.example>",
                "act_id": identity("grown", n, 0),
                "subject": f"Subject {n}-{i}",
            }
            for i in range(share)
        ]
        first, last = _stamp(min(times)), _stamp(max(times) + timedelta(minutes=9))
        boxes.append({**pattern_box, "tenant_id": tenant, "mailbox": name, "first_access": first, "last_access": last,
                      "messages": items, "folders": _folders(n, first, identity("grown", n, 0)),
                      "above_line": n % 3 == 0})  # fmt: skip
    case["acts"] = sorted(acts, key=lambda a: (a["first"], a["act_id"]))
    case["weighing"] |= {"act_id": case["acts"][0]["act_id"], "act_bits": case["acts"][0]["bits"]}
    case["findings"] = sorted(findings, key=lambda f: (-f["bits"], f["evidence"], f["finding_id"]))
    case["mailboxes"] = sorted(boxes, key=lambda m: (m["tenant_id"], m["mailbox"]))
    case["tenants"] = sorted({m["tenant_id"] for m in boxes})
    case["first_access"], case["last_access"] = min(a["first"] for a in acts), max(a["last"] for a in acts)
    case["title"] = f"{mailboxes} mailboxes in {tenants} organisations accessed"
    case["how"]["because"] = sorted(f["finding_id"] for f in findings[:1])
    out["gaps"] = [
        {**gap, "gap_id": identity("gap", n), "tenant_id": m["tenant_id"], "mailbox": m["mailbox"],
         "from": m["first_access"], "to": _stamp(datetime.fromisoformat(m["first_access"][:-1]) + timedelta(days=2))}
        for n, m in enumerate(case["mailboxes"]) if n % 7 == 0
    ]  # fmt: skip
    out["coverage"] = [
        {**out["coverage"][n % len(out["coverage"])], "tenant_id": t, "domains": [f"ministry-{int(t[:8], 16)}.example"]}
        for n, t in enumerate(case["tenants"])
    ]
    case["gaps"] = [g["gap_id"] for g in out["gaps"]]
    report.validate(out)
    return out


def _folders(number: int, first: str, act: str) -> list[Row]:
    """Every fifth mailbox was synchronised, too: one folder with a name, one without."""
    names = (f"Folder {number}", None) if number % 5 == 0 else ()
    return [
        {"folder": name, "first_access": first, "certainty": "folder", "by": "intruder", "act_id": act}
        for name in names
    ]


def _stamp(time: datetime) -> str:
    return time.isoformat() + "Z"
