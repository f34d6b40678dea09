"""The answer, put together from a run's tables.

It holds only what inputs and options decide: no clock, no machine, no order of files. Lists are sorted, times end in Z,
bits have one decimal. Cases are put together in `case_parts`, the rest is here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import ibis

import brokenseal
from brokenseal import bits, schema
from brokenseal.lake import Lake
from brokenseal.report.case_parts import Known, acts, cases
from brokenseal.report.decisions import decisions
from brokenseal.report.expiry import AUDIT
from brokenseal.report.how import Lines
from brokenseal.report.trust import keys
from brokenseal.report.verdict import Days, exit_code, told, verdict
from brokenseal.report.words import moment

SCHEMA = "brokenseal.answer/1"
FIRST_REJECTS = 10
MOST_DOMAINS = 5
Row = dict[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]


def answer(lake: Lake, reasons: Reasons) -> Row:
    """The whole answer of the lake's latest run, by the contract in `answer.schema.json`.

    reasons: name to title, ground, attack, explains, misses and benign explanations. Raises LakeError without a run.
    """
    summary = lake.fetch(lake.read("summary")).to_pylist()[0]
    gaps = sorted((_gap(r) for r in lake.fetch(lake.read("gaps")).to_pylist()), key=_gap_order)
    inputs = lake.inputs().to_pylist()
    tenants, days, domains = _tenants(lake), _days(lake), _domains(lake)
    found = cases(
        lake, gaps, Lines(summary["line_bits"], summary["group_line_bits"]), reasons, _known(tenants, domains)
    )
    clear = bool(tenants) and all(told(t, days.get(t), gaps) for t in tenants)
    said = verdict((c["severity"] for c in found), clear=clear)
    return {
        "schema": SCHEMA,
        "as_of": moment(summary["as_of"]),
        "drill": bool(json.loads(summary["options"]).get("drill")),
        "verdict": said,
        "exit": exit_code(said, clear=clear, all_read=not any(i["note"] for i in inputs)),
        "tool": _tool(summary),
        "inputs": _inputs(lake, inputs),
        "coverage": [
            _coverage(t, own, domains.get(t, [])) for t, own in sorted(tenants.items(), key=lambda p: p[0] or "")
        ],
        "cases": found,
        "leads": _leads(lake, reasons),
        "gaps": gaps,
        "keys": keys(lake),
        "decisions": decisions(lake),
    }


def _tool(summary: Row) -> Row:
    """The run says itself what it was made with, so that no later caller can say otherwise."""
    options, hashes = json.loads(summary["options"]), json.loads(summary["hashes"])
    return {
        "version": brokenseal.__version__,
        "options": {k: options[k] for k in sorted(options)},
        "budget": float(options["false_cases"]),
        "line_bits": bits.shown(summary["line_bits"]),
        "group_line_bits": bits.shown(summary["group_line_bits"]),
        "relationships": summary["acts"],
        "keys_tried": summary["tried"],
        "visits": summary["visits"],
        "hashes": {k: hashes[k] for k in sorted(hashes)},
    }


def _inputs(lake: Lake, inputs: list[Row]) -> list[Row]:
    rejects = lake.read("rejects").select("file_sha256", "row", "reason")
    nth = ibis.row_number().over(ibis.window(group_by="file_sha256", order_by=[rejects["row"], rejects.reason]))
    numbered = rejects.mutate(nth=nth)
    rows = lake.fetch(numbered.filter(numbered.nth < FIRST_REJECTS).order_by(["file_sha256", "nth"])).to_pylist()
    first: dict[str, list[Row]] = {}
    for r in rows:
        first.setdefault(r["file_sha256"], []).append({"row": r["row"], "reason": r["reason"]})
    custody = _custody(lake)
    return [
        {
            "path": r["path"],
            "sha256": r["file_sha256"],
            "format": r["format"],
            "rows": r["rows"],
            "records": r["records"],
            "duplicates": r["duplicates"],
            "rejected": {"count": r["rejected"], "first": _of_file(r) + first.get(r["file_sha256"], [])},
            "custody": custody.get(r["file_sha256"], []),
        }
        for r in sorted(inputs, key=lambda r: (r["path"], r["file_sha256"]))
    ]


def _custody(lake: Lake) -> dict[str, list[Row]]:
    """What custody lists state of each input, in order of time; where they state nothing, nothing is known."""
    told = ("act", "who", "to_whom", "time", "account", "query", "note", "stated_sha256", "agrees")
    rows = lake.fetch(lake.read("custody").filter(lambda t: t.file_sha256.notnull())).to_pylist()
    found: dict[str, list[Row]] = {}
    for r in sorted(rows, key=lambda r: [r["time"] or "", *(str(r[k]) for k in told)]):
        found.setdefault(r["file_sha256"], []).append({k: r[k] for k in told})
    return found


def _of_file(row: Row) -> list[Row]:
    """What is wrong with a file as a whole has no row."""
    return [{"row": None, "reason": row["note"]}] if row["note"] else []


def _gap(row: Row) -> Row:
    names = ("gap_id", "kind", "tenant_id", "mailbox", "meaning", "record_ids")
    gap = {name: row[name] for name in names}
    gap |= {"from": moment(row["from"]), "to": moment(row["to"]), "record_ids": sorted(row["record_ids"] or [])}
    return {k: gap[k] for k in ("gap_id", "kind", "tenant_id", "mailbox", "from", "to", "meaning", "record_ids")}


def _gap_order(gap: Row) -> tuple[str, ...]:
    return gap["kind"], gap["tenant_id"] or "", gap["mailbox"] or "", gap["from"] or "", gap["gap_id"]


def _days(lake: Lake) -> dict[str | None, Days]:
    """Days with sign-ins, and of these with accesses, of each organisation."""
    signed = lake.read("issuances")
    signed = signed.filter(signed.time.notnull() & (signed.outcome == "success"))
    signed = signed.select("tenant_id", day=signed.time.date()).distinct()
    opened = lake.read("accesses")
    opened = opened.filter(opened.time.notnull())
    opened = opened.select("tenant_id", day=opened.time.date(), both=ibis.literal(1)).distinct()
    joined = signed.left_join(opened, ["tenant_id", "day"])
    rows = joined.group_by("tenant_id").agg(signed_in=joined.count(), both=joined.both.count())
    return {r["tenant_id"]: Days(r["signed_in"], r["both"]) for r in lake.fetch(rows).to_pylist()}


def _tenants(lake: Lake) -> dict[str | None, Row]:
    """What is known of each organisation's logs: access counts, streams, linkage."""
    accesses = lake.read("accesses")
    counts = accesses.group_by("tenant_id").agg(mailboxes=accesses.mailbox.nunique(), accesses=accesses.count())
    out: dict[str | None, Row] = {}
    tables = {name: lake.read(name) for name in ("streams", "exports", "linkage")}
    for name, expr in {"counts": counts, **tables}.items():
        for r in lake.fetch(expr).to_pylist():
            out.setdefault(r["tenant_id"], {"counts": [], **{n: [] for n in tables}})[name].append(r)
    return out


def _known(tenants: Mapping[str | None, Row], domains: Mapping[str | None, list[str]]) -> Known:
    """What cases are told of organisations; a domain that two share names neither."""
    shared = Counter(names[0] for names in domains.values())
    return Known(
        names={t: names[0] for t, names in domains.items() if shared[names[0]] == 1},
        signins={t: [s for s in own["streams"] if s["stream"] not in AUDIT] for t, own in tenants.items()},
    )


def _domains(lake: Lake) -> dict[str | None, list[str]]:
    """The domains of each organisation's mailboxes, the most used first: people know these, and not its id."""
    boxes = lake.read("accesses").filter(lambda t: t.mailbox.contains("@")).select("tenant_id", "mailbox").distinct()
    named = boxes.mutate(domain=boxes.mailbox.split("@")[1])
    per = named.group_by("tenant_id", "domain").agg(boxes=named.count())
    out: dict[str | None, list[str]] = {}
    for r in lake.fetch(per.order_by(["tenant_id", ibis.desc("boxes"), "domain"])).to_pylist():
        out.setdefault(r["tenant_id"], []).append(r["domain"])
    return {tenant: names[:MOST_DOMAINS] for tenant, names in out.items()}


def _coverage(tenant: str | None, own: Row, domains: list[str]) -> Row:
    access = next((s for s in own["streams"] if s["stream"] == "access"), None)
    counts = own["counts"][0] if own["counts"] else {"mailboxes": 0, "accesses": 0}
    return {
        "tenant_id": tenant,
        "domains": domains,
        "from": moment(access["from"]) if access else None,
        "to": moment(access["to"]) if access else None,
        "mailboxes": counts["mailboxes"],
        "accesses": counts["accesses"],
        "streams": [_stream(s) for s in sorted(own["streams"], key=lambda s: s["stream"])],
        "missing": [
            {"stream": e["stream"], **{name: moment(e[name]) for name in ("from", "to", "vanishes")}}
            for e in sorted(own["exports"], key=lambda e: (e["vanishes"], e["stream"], e["from"]))
        ],
        "linkage": [
            {k: s[k] for k in ("stratum", "visits", "linked")}
            for s in sorted(own["linkage"], key=lambda s: s["stratum"])
        ],
    }


def _stream(row: Row) -> Row:
    """expires: when the provider has deleted the first of these records, so that no other export can show them."""
    kept = timedelta(days=schema.kept_days(row["stream"]))
    return {
        "stream": row["stream"],
        "from": moment(row["from"]),
        "to": moment(row["to"]),
        "records": row["records"],
        "expires": moment(row["from"] + kept),
    }


def _leads(lake: Lake, reasons: Reasons) -> list[Row]:
    leads = {r["act_id"]: r["rank"] for r in lake.fetch(lake.read("leads")).to_pylist()}
    rows = lake.fetch(lake.read("acts").semi_join(lake.read("leads"), "act_id")).to_pylist()
    parts = acts(lake, rows, reasons)
    return [
        {**act, "findings": [f for f in parts.findings if f["act_id"] == act["act_id"]]}
        for act in sorted(parts.acts, key=lambda a: leads[a["act_id"]])
    ]
