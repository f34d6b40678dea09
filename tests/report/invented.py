"""A small invented case as tables of a lake: two ministries, one intruder with forged tokens, one lead.

What an intruder can write is hostile here: markup, terminal escapes, bidirectional overrides, a formula, a long text.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal import bits, schema
from brokenseal.lake import FileTaken, Lake, Segment
from tests.report import trusted

BEGIN = datetime(2025, 3, 3)
TENANTS = {"a": "0a0a0a0a-1111-4111-8111-111111111111", "b": "0b0b0b0b-2222-4222-8222-222222222222"}
BOXES = ("ann@ministry-a.example", "bea@ministry-a.example", "cal@ministry-b.example")
INTRUDER = "203.0.113.9"
MARKUP = "<script>alert('x')</script> & [bold]urgent[/bold]"
ESCAPES = "\x1b[2J\x1b]0;owned\x07 minutes \u202etxt.exe\u200b"
FORMULA = '=HYPERLINK("http://attacker.example","open")'
LONG = "budget " * 200
SUBJECTS = (MARKUP, ESCAPES, FORMULA, LONG, "Agenda for Thursday")
AGENT = "Mozilla/5.0 \x1b[31m<b>red</b>"
OPTIONS = {"as_of": None, "drill": False, "false_cases": 0.5, "isolate": False}
HASHES = {"priors": "5" * 64}
REASONS = {
    "unissued_token": {
        "title": "Token without a sign-in in these logs",
        "aspect": "token",
        "unit": "visit",
        "explains": "The provider writes a sign-in for each token it gives out.",
        "misses": "A forger who copies the id of a token that was issued.",
        "benign": [["a sign-in stream was not exported", "the provider's own sign-in logs"]],
        "ground": "documented",
        "attack": ["T1606.002"],
    },
    "new_network": {
        "title": "Network new to this mailbox",
        "aspect": "network",
        "unit": "relationship",
        "explains": "How well this network is known.",
        "misses": "An intruder in the victim's own network.",
        "benign": [["travel", "where the person was"]],
        "ground": "measured",
        "attack": ["T1078.004"],
    },
}
Row = dict[str, Any]


def identity(*words: object) -> str:
    """Sixteen hex digits for anything."""
    return hashlib.sha256(" ".join(str(w) for w in words).encode()).hexdigest()[:16]


def record_id(visit: Row, nth: int) -> str:
    return identity("record", visit["visit_id"], nth)


def tenant(mailbox: str) -> str:
    return TENANTS["a" if "ministry-a" in mailbox else "b"]


def visits() -> list[Row]:
    """One ordinary visit a mailbox and day, two of the intruder a mailbox, and a lead."""
    rows = [
        _visit(box, "owner", BEGIN + timedelta(days=d, hours=9), "198.51.100.7", "Outlook")
        for d in range(14)
        for box in BOXES
    ]
    rows += [
        _visit(box, "intruder", BEGIN + timedelta(days=8 + d, hours=3), INTRUDER, AGENT)
        for d in (0, 2)
        for box in BOXES
    ]
    return [*rows, _visit(BOXES[0], "lead", BEGIN + timedelta(days=6, hours=20), "192.0.2.44", "Phone")]


def _visit(box: str, role: str, first: datetime, ip: str, agent: str) -> Row:
    name = identity(box, role, first)
    odd = role == "intruder"
    return {
        "visit_id": name,
        "role": role,
        "relationship_id": identity(box, role),
        "tenant_id": tenant(box),
        "mailbox": box,
        "box": box,
        "actor": box,
        "logon_type": "owner",
        "client": "owa",
        "client_key": f"owa | - | - | {agent}",
        "user_agent": agent,
        "agent": agent,
        "ip": ip,
        "ip_is": "caller",
        "net": ip.rsplit(".", 2)[0],
        "token_id": f"token-{name}",
        "session_id": None if odd else f"s-{box}",
        "first": first,
        "last": first + timedelta(minutes=12),
        "access_count": 2,
        "item_count": len(SUBJECTS),
        "sync_count": 1 if odd else 0,
        "background": False,
        "stratum": "owa | - | - | token",
        "complete": True,
        "token_id_odd": odd and box == BOXES[0],
        "link": "orphan" if odd else "token",
        "issuance_id": None if odd else identity("signin", name),
        "bits": {"intruder": 214, "lead": 61}.get(role, 0),
    }


def records(rows: list[Row]) -> list[Row]:
    """Raw audit records: one bind a visit, and one sync a visit of the intruder."""
    out = []
    for v in rows:
        kinds = ("Bind", "Sync") if v["sync_count"] else ("Bind",)
        for nth, kind in enumerate(kinds):
            raw = {
                "Id": record_id(v, nth),
                "CreationTime": f"{v['first']:%Y-%m-%dT%H:%M:%S}",
                "Operation": "MailItemsAccessed",
                "MailboxOwnerUPN": v["mailbox"],
                "ClientIPAddress": v["ip"],
                "ClientInfoString": v["user_agent"],
                "Folders": [{"Path": "\\Inbox", "Subjects": list(SUBJECTS)}],
            }
            out.append({"visit": v, "kind": kind.lower(), "record_id": raw["Id"], "raw": json.dumps(raw)})
    return out


def finding(v: Row, evidence: str, weight: int, counts: tuple[int, ...]) -> Row:
    """One finding; counts: hits, units, then seen and of in all, tenant, mailbox and prior."""
    names = (
        "hits",
        "units",
        "seen",
        "of",
        "tenant_seen",
        "tenant_of",
        "mailbox_seen",
        "mailbox_of",
        "prior_seen",
        "prior_of",
    )
    return {
        "finding_id": identity(v["visit_id"], evidence),
        "act_id": v["visit_id"],
        "evidence": evidence,
        "aspect": REASONS[evidence]["aspect"],
        "level": 3,
        "bits": weight,
        "once_in": bits.once_in(weight),
        **dict(zip(names, counts)),
        "ground": REASONS[evidence]["ground"],
        "act_bits_without": v["bits"] - weight,
        "reason": str(REASONS[evidence]["title"]),
        "record_ids": [record_id(v, 0)],
    }


def _findings(rows: list[Row]) -> list[Row]:
    out = []
    for v in rows:
        if v["role"] == "intruder":
            out.append(finding(v, "unissued_token", 120, (2, 2, 0, 2900, 0, 980, 0, 14, 12, 15000)))
        if v["role"] != "owner":
            out.append(
                finding(v, "new_network", 61 if v["role"] == "lead" else 94, (1, 1, 4, 2900, 1, 980, 0, 14, 0, 0))
            )
    return out


def run_tables(*, quiet: bool = False) -> dict[str, list[Row]]:
    """The tables of a run. quiet: the same world without intruder and lead."""
    rows = [v for v in visits() if not quiet or v["role"] == "owner"]
    case = identity("case")
    bad = [v for v in rows if v["role"] == "intruder"]
    leads = [v for v in rows if v["role"] == "lead"]
    whole = {
        "case_id": case,
        "severity": "critical",
        "bits": 214,
        "title": "3 mailboxes in 2 organisations accessed",
        "first_access": BEGIN + timedelta(days=8, hours=3),
        "either_from": BEGIN + timedelta(days=7, hours=9),
        "first_access_is": "observed",
        "last_access": BEGIN + timedelta(days=10, hours=3, minutes=12),
        "ongoing": False,
        "stands_on": "one visit",
        "bits_without": 110,
        "strongest": "unissued_token",
        "survives": False,
    }
    return {
        "visits": rows,
        "acts": [v | {"act_id": v["visit_id"], "kind": "visit", "subject_id": v["visit_id"]} for v in rows],
        "findings": _findings(rows),
        "cases": [whole] if bad else [],
        "case_acts": [
            {
                "case_id": case,
                "act_id": v["visit_id"],
                "basis": "own evidence" if n else "link",
                "linked_by": None if n else f"address {INTRUDER}",
                "link_bits": None if n else 115,
            }
            for n, v in enumerate(bad)
        ],
        "act_weights": [_weight(v) for v in (*bad, *leads)],
        "case_groups": [_group(case)] if bad else [],
        "case_without": _without(case) if bad else [],
        "case_mailboxes": _boxes(case) if bad else [],
        "case_items": _items(case) if bad else [],
        "leads": [{"rank": n, "act_id": v["visit_id"]} for n, v in enumerate(leads, start=1)],
        "gaps": [
            {
                "gap_id": identity("gap"),
                "kind": "throttled",
                "tenant_id": TENANTS["a"],
                "mailbox": BOXES[0],
                "from": BEGIN + timedelta(days=9),
                "to": BEGIN + timedelta(days=10),
                "meaning": "Not logged for 24 hours.",
                "record_ids": ["b", "a"],
            }
        ],
        "exports": [
            {
                "tenant_id": TENANTS["b"],
                "stream": "access",
                "from": BEGIN - timedelta(days=166),
                "to": BEGIN,
                "vanishes": BEGIN + timedelta(days=14),
            }
        ],
        "linkage": [
            {"tenant_id": t, "stratum": "owa | - | - | token", "visits": 20, "linked": 16} for t in TENANTS.values()
        ],
        "streams": [
            {"tenant_id": t, "stream": s, "from": BEGIN, "to": BEGIN + timedelta(days=14), "records": 40}
            for t in TENANTS.values()
            for s in ("access", "interactive", "non-interactive")
        ],
    }


def _weight(v: Row) -> Row:
    """A client that its network makes likelier, and a token; and of a lead, a network and an amount that chance explains."""
    terms = {"client": 30, "token": 120} if v["role"] == "intruder" else {"volume": 9}
    whole = {"network": 94 if v["role"] == "intruder" else 61, "client": 0, "token": 0, "volume": 0, "intelligence": 0}
    whole |= terms
    joint = whole["network"] + (10 if whole["client"] else 0)
    plain = joint + whole["token"] + whole["volume"]
    return {"act_id": v["visit_id"], **whole, "joint": joint, "plain": plain, "bits": v["bits"]}


def _group(case: str) -> Row:
    named = {"case_id": case, "shared": f"address {INTRUDER}", "actors": 3}
    counts = {"newcomers": 68, "newcomers_here": 3, "at_home": 180, "at_home_here": 0}
    return {**named, "plain": 360, "rest": 90, "came": 80, "place": 80, "bits": 139, **counts}


def _without(case: str) -> list[Row]:
    left = {"new_network": 139, "unissued_token": 110}
    return [{"case_id": case, "evidence": e, "bits": b, "above_line": b >= 120} for e, b in left.items()]


def _boxes(case: str) -> list[Row]:
    first = BEGIN + timedelta(days=8, hours=3)
    last = BEGIN + timedelta(days=10, hours=3, minutes=12)
    return [
        {
            "case_id": case,
            "tenant_id": tenant(b),
            "mailbox": b,
            "above_line": b != BOXES[2],
            "first_access": first,
            "either_from": BEGIN + timedelta(days=7, hours=9) if b == BOXES[0] else None,
            "last_access": last,
        }
        for b in BOXES
    ]


def _items(case: str) -> list[Row]:
    first = BEGIN + timedelta(days=8, hours=3)
    out: list[Row] = []
    for box in BOXES:
        own = {"case_id": case, "tenant_id": tenant(box), "mailbox": box, "first_access": first, "by": "intruder"}
        visit = next(v for v in visits() if v["mailbox"] == box and v["role"] == "intruder")
        own["act_id"] = visit["visit_id"]
        out += [
            own
            | {
                "message_id": f"<{n}@mail.example>",
                "immutable_id": None,
                "folder": "\\Inbox",
                "subject": s,
                "certainty": "listed",
            }
            for n, s in enumerate(SUBJECTS)
        ]
        out.append(
            own
            | {
                "message_id": None,
                "immutable_id": None,
                "folder": "\\Sent <i>Items</i>",
                "subject": None,
                "certainty": "folder",
                "by": "either",
            }
        )
    return out


def scratch(rows: dict[str, list[Row]]) -> dict[str, pa.Table]:
    """Tables of a run that schema.py does not describe."""
    told = records(rows["visits"])
    summary = {
        "as_of": BEGIN + timedelta(days=14),
        "acts": 2900,
        "visits": 8000,
        "tried": 1024,
        "line_bits": 135,
        "group_line_bits": 120,
        "rounds": 3,
        "settled": True,
        "options": json.dumps(OPTIONS),
        "hashes": json.dumps(HASHES),
    }
    near = [
        {"visit_id": v["visit_id"], "kind": kind, "value": value, "link": link}
        for v in rows["visits"]
        if v["role"] == "intruder"
        for kind, value, link in (("address", INTRUDER, 115), ("client", v["client_key"], 88), ("network", "203.0", 2))
    ]
    text, whole, time = pa.string(), pa.int64(), pa.timestamp("us")
    return {
        "visit_records": pa.Table.from_pylist(
            [
                {"record_id": r["record_id"], "visit_id": r["visit"]["visit_id"], "time": r["visit"]["first"]}
                for r in told
            ],
            schema=pa.schema([("record_id", text), ("visit_id", text), ("time", time)]),
        ),
        "near": pa.Table.from_pylist(
            near, schema=pa.schema([("visit_id", text), ("kind", text), ("value", text), ("link", whole)])
        ),
        "summary": pa.Table.from_pylist(
            [summary],
            schema=pa.schema(
                [
                    ("as_of", time),
                    *((n, whole) for n in ("acts", "visits", "tried", "line_bits", "group_line_bits", "rounds")),
                    ("settled", pa.bool_()),
                    ("options", text),
                    ("hashes", text),
                ]
            ),
        ),
    }


def log_tables(told: list[Row], sha: str) -> dict[str, list[Row]]:
    """Truth and log tables, each row with the place of its record."""
    place = [{"file_sha256": sha, "member": None, "row": n} for n in range(1, len(told) + 1)]
    whose = [{k: r["visit"][k] for k in ("tenant_id", "mailbox", "ip", "user_agent", "client")} for r in told]
    times = [{"time": r["visit"]["first"]} for r in told]
    ids = [{"record_id": r["record_id"]} for r in told]
    what = {"source": "unified-audit", "shape": "unified-audit", "operation": "MailItemsAccessed"}
    signins = [r for r in told if r["visit"]["issuance_id"]]
    return {
        "records": [i | p | t | w | what | {"raw": r["raw"]} for i, p, t, w, r in zip(ids, place, times, whose, told)],
        "sightings": [i | p | {"shape": "unified-audit"} for i, p in zip(ids, place)],
        "accesses": [i | p | t | w | {"access": r["kind"]} for i, p, t, w, r in zip(ids, place, times, whose, told)],
        "issuances": [
            {
                "issuance_id": r["visit"]["issuance_id"],
                "record_id": f"s-{n}",
                "time": r["visit"]["first"],
                "outcome": "success",
                "tenant_id": r["visit"]["tenant_id"],
                "user": r["visit"]["mailbox"],
                "stream": "interactive",
                "file_sha256": sha,
                "row": n,
            }
            for n, r in enumerate(signins, start=1)
        ],
        "rejects": [{"file_sha256": sha, "row": 7, "reason": "broken JSON", "mail_operation": False}],
    }


def _segment(lake: Lake, name: str, rows: list[Row]) -> Segment:
    fields = list(schema.TABLES[name].arrow())
    named = {f.name for f in fields}
    fields += [f for f in (pa.field("file_sha256", pa.string()), pa.field("row", pa.int64())) if f.name not in named]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    target = lake.intake().aside / f"{name}.parquet"
    pq.write_table(table, target)
    return Segment(name, str(target), table.num_rows)


def lay(folder: Path, *, quiet: bool = False) -> Path:
    """Write `logs/audit.json` and a lake with one input and one published run into a folder; returns the lake."""
    rows = run_tables(quiet=quiet)
    told = records(rows["visits"])
    text = "".join(r["raw"] + "\n" for r in told).encode()
    file = folder / "logs" / "audit.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(text)
    sha = hashlib.sha256(text).hexdigest()
    with Lake.open(folder / "lake", write=True, create=True) as lake:
        segments = tuple(_segment(lake, name, data) for name, data in log_tables(told, sha).items())
        lake.intake().publish(
            FileTaken(
                sha, "logs/audit.json", "unified-audit", "json-lines", len(text), len(told) + 1, 1, None, segments
            )
        )
        lake.refresh()
        lake.start_run("invented")
        for name, data in rows.items():
            lake.put(name, pa.Table.from_pylist(data, schema=schema.TABLES[name].arrow()))
        for name, table in scratch(rows).items():
            lake.put(name, table)
        if not quiet:
            trusted.lay(lake)
        lake.publish_run()
    return folder / "lake"
