"""What stands behind one id: a case, a finding, an act or a record, down to the records and their places.

How: the id is looked for in each table; what is found is one plain value (dicts, lists, times with Z, tenths as bits),
so that a program reads the same as a person. Beside each weight stand the counts it was made of, and the same
arithmetic done again; beside each case, what it would weigh without each of its reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis

from brokenseal import bits
from brokenseal.errors import UsageError
from brokenseal.lake import Lake
from brokenseal.report.beside import beside
from brokenseal.report.rows import rows
from brokenseal.report.said import words_on
from brokenseal.report.words import moment

SHORTEST = 6
MOST_CANDIDATES = 10
MOST_RECORDS = 20
CIRCLES = (
    ("this mailbox", "mailbox_"),
    ("this organisation", "tenant_"),
    ("all organisations", ""),
    ("the shipped prior", "prior_"),
)
Row = dict[str, Any]


def dossier(lake: Lake, prefix: str) -> Row:
    """All that stands behind an id, named by any unique prefix. Raises UsageError where there is none, or several."""
    if len(prefix) < SHORTEST:
        raise UsageError(f"{prefix!r} is too short: name an id by at least its first {SHORTEST} characters")
    found = [(kind, whole) for kind in _KINDS for whole in _matching(lake, kind, prefix)]
    exact = [f for f in found if f[1] == prefix]
    chosen = exact or found
    if not chosen:
        raise UsageError(f"no case, finding, act or record begins with {prefix!r}")
    if len(chosen) > 1:
        names = ", ".join(f"{kind} {whole}" for kind, whole in chosen[:MOST_CANDIDATES])
        raise UsageError(f"{prefix!r} is not unique: {names}{' and more' if len(chosen) > MOST_CANDIDATES else ''}")
    kind, whole = chosen[0]
    return {"kind": kind, "id": whole, **_KINDS[kind][2](lake, whole)}


def _matching(lake: Lake, kind: str, prefix: str) -> list[str]:
    table, column, _ = _KINDS[kind]
    rows = lake.read(table).select(one=column)
    hit = rows.filter(rows.one.startswith(prefix)).distinct().order_by("one").limit(MOST_CANDIDATES + 1)
    return list(lake.fetch(hit)["one"].to_pylist())


def _case(lake: Lake, case_id: str) -> Row:
    row = rows(lake, "cases", "case_id", [case_id])[0]
    summary = lake.fetch(lake.read("summary")).to_pylist()[0]
    members = {m["act_id"]: m for m in rows(lake, "case_acts", "case_id", [case_id])}
    acts = sorted(rows(lake, "acts", "act_id", list(members)), key=lambda a: (a["first"], a["act_id"]))
    findings = rows(lake, "findings", "act_id", list(members))
    line = summary["line_bits"]
    return {
        "case": _plain(row)
        | {
            "line_bits": bits.shown(line),
            "group_line_bits": bits.shown(summary["group_line_bits"]),
            "as_of": moment(summary["as_of"]),
        },
        "without": _case_without(lake, case_id, findings),
        "strongest": [_finding(f) for f in _strongest(findings)],
        "acts": [_plain(a) | _membership(members[a["act_id"]]) for a in acts],
        "mailboxes": [
            _plain(m)
            for m in sorted(rows(lake, "case_mailboxes", "case_id", [case_id]), key=lambda m: m["mailbox"] or "")
        ],
        "words": words_on(lake, list(members)),
        "records": _records(lake, _strongest_records(findings)),
    }


def _strongest(findings: list[Row]) -> list[Row]:
    """The strongest finding of each reason, strongest first."""
    out: dict[str, Row] = {}
    for f in sorted(findings, key=lambda f: (-f["bits"], f["finding_id"])):
        out.setdefault(f["evidence"], f)
    return list(out.values())


def _strongest_records(findings: list[Row]) -> list[str]:
    return [record for f in _strongest(findings)[:1] for record in f["record_ids"] or []]


def _line(lake: Lake) -> int:
    """The line for single acts, in tenths."""
    return int(lake.fetch(lake.read("summary"))["line_bits"][0].as_py())


def _without_each(acts: list[Row], findings: list[Row], line: int) -> list[Row]:
    """The same acts without each reason in turn: what the heaviest of them would still weigh."""
    out = []
    for name in sorted({f["evidence"] for f in findings}):
        weaker = {f["act_id"]: f["act_bits_without"] for f in findings if f["evidence"] == name}
        left = max(min(a["bits"], weaker.get(a["act_id"], a["bits"])) for a in acts)
        out.append(
            {"evidence": name, "acts": len(weaker), "bits_without": bits.shown(left), "above_line": left >= line}
        )
    return sorted(out, key=lambda r: (r["bits_without"], r["evidence"]))


def _case_without(lake: Lake, case_id: str, findings: list[Row]) -> list[Row]:
    """The case without each reason in turn: what its heaviest act or loudest group would still weigh."""
    out = [
        {
            "evidence": r["evidence"],
            "acts": len({f["act_id"] for f in findings if f["evidence"] == r["evidence"]}),
            "bits_without": bits.shown(r["bits"]),
            "above_line": r["above_line"],
        }
        for r in rows(lake, "case_without", "case_id", [case_id])
    ]
    return sorted(out, key=lambda r: (r["bits_without"], r["evidence"]))


def _act(lake: Lake, act_id: str) -> Row:
    row = rows(lake, "acts", "act_id", [act_id])[0]
    findings = sorted(rows(lake, "findings", "act_id", [act_id]), key=lambda f: (-f["bits"], f["evidence"]))
    members = rows(lake, "case_acts", "act_id", [act_id])
    seen = lake.read("visit_records")
    mine = seen.filter(seen.visit_id == row["subject_id"]).order_by(["time", "record_id"]).limit(MOST_RECORDS)
    return {
        "act": _plain(row),
        "visit": _plain(next(iter(rows(lake, "visits", "visit_id", [row["subject_id"]])), {})),
        "case": _membership(members[0]) if members else None,
        "line_bits": bits.shown(_line(lake)),
        "beside": beside(lake, row),
        "ordinary": _ordinary(lake, row),
        "findings": [_finding(f) for f in findings],
        "without": _without_each([row], findings, _line(lake)),
        "words": words_on(lake, [act_id]),
        "records": _records(lake, lake.fetch(mine)["record_id"].to_pylist()),
    }


def _ordinary(lake: Lake, act: Row) -> list[Row]:
    """Who opens this mailbox otherwise, from which network with which client: the five commonest."""
    visits = lake.read("visits")
    same = visits.filter((visits.box == act["box"]) & (visits.relationship_id != act["relationship_id"]))
    grouped = same.group_by("actor", "net", "client_key").agg(
        visits=same.count(), first=same["first"].min(), last=same["last"].max()
    )
    return [
        _plain(r)
        for r in lake.fetch(grouped.order_by([ibis.desc("visits"), "actor", "net", "client_key"]).limit(5)).to_pylist()
    ]


def _one_finding(lake: Lake, finding_id: str) -> Row:
    row = rows(lake, "findings", "finding_id", [finding_id])[0]
    return {
        "finding": _finding(row),
        "act": _plain(rows(lake, "acts", "act_id", [row["act_id"]])[0]),
        "case": next((_membership(m) for m in rows(lake, "case_acts", "act_id", [row["act_id"]])), None),
        "line_bits": bits.shown(_line(lake)),
        "words": words_on(lake, [row["act_id"]]),
        "records": _records(lake, row["record_ids"] or []),
    }


def _record(lake: Lake, record_id: str) -> Row:
    visits = [r["visit_id"] for r in rows(lake, "visit_records", "record_id", [record_id])]
    return {
        "records": _records(lake, [record_id]),
        "sightings": sorted(
            (_plain(s) for s in rows(lake, "sightings", "record_id", [record_id])),
            key=lambda s: (s["file_sha256"], s["row"]),
        ),
        "acts": [_plain(a) for a in rows(lake, "acts", "subject_id", visits)],
        "case": next((_membership(m) for m in rows(lake, "case_acts", "act_id", visits)), None),
        "words": words_on(lake, visits),
    }


def _membership(member: Row) -> Row:
    link = member["link_bits"]
    return {
        "case_id": member["case_id"],
        "basis": member["basis"],
        "linked_by": member["linked_by"],
        "link_bits": None if link is None else bits.shown(link),
    }


def _finding(row: Row) -> Row:
    """A finding with the counts behind its weight, and the weight made again from them."""
    circles = [{"among": name, "seen": row[f"{key}seen"], "of": row[f"{key}of"]} for name, key in CIRCLES]
    narrow = [
        (row["mailbox_seen"], row["mailbox_of"]),
        (row["tenant_seen"], row["tenant_of"]),
        (row["seen"], row["of"]),
    ]
    p = bits.smoothed(narrow, (row["prior_seen"], row["prior_of"]))
    most = bits.ceiling(row["of"] + row["prior_of"])
    again = min(round(bits.repeated(row["hits"], row["units"], p) * bits.TENTHS), most)
    names = ("finding_id", "act_id", "evidence", "aspect", "level", "once_in", "ground", "reason", "record_ids")
    return {
        **{name: row[name] for name in names},
        "bits": bits.shown(row["bits"]),
        "circles": circles,
        "hits": row["hits"],
        "units": row["units"],
        "share": float(f"{p:.4g}"),
        "most_bits": bits.shown(most),
        "made_again_bits": bits.shown(again),
        "act_bits_without": bits.shown(row["act_bits_without"]),
    }


def _records(lake: Lake, record_ids: list[str]) -> list[Row]:
    """Records with file and row, in order of time."""
    found = sorted(rows(lake, "records", "record_id", record_ids), key=lambda r: (str(r["time"]), r["record_id"]))
    paths = {i["file_sha256"]: i for i in lake.inputs().to_pylist()}
    return [
        _plain(r) | {"path": paths[r["file_sha256"]]["path"], "input_shape": paths[r["file_sha256"]]["shape"]}
        for r in found
    ]


def _plain(row: Row) -> Row:
    """Times with Z, tenths as bits."""
    return {k: _shown(k, v) for k, v in row.items()}


def _shown(name: str, value: Any) -> Any:
    if name in ("bits", "bits_without"):
        return bits.shown(value)
    return moment(value) if isinstance(value, datetime) else value


_KINDS: dict[str, tuple[str, str, Callable[[Lake, str], Row]]] = {
    "case": ("cases", "case_id", _case),
    "finding": ("findings", "finding_id", _one_finding),
    "act": ("acts", "act_id", _act),
    "record": ("records", "record_id", _record),
}
