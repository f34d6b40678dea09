"""Rows and lines: CSV that a spreadsheet opens without running anything, and a timeline for Timesketch.

Why: whoever writes a subject may write a formula, and spreadsheets obey. How: hidden characters are made visible; a cell that
begins like a formula, or holds one behind a separator that some countries' spreadsheets split at, gets an apostrophe
before it. The text as it stood is in answer.json. CSV is UTF-8 with its mark, quoted throughout, one file a table.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from brokenseal.report import words
from brokenseal.report.visible import visible

LONGEST = 2000
_FORMULA = re.compile(r"(^|[;,|\t])(\s*)(?=[=+\-@＝＋－＠])")
Row = dict[str, Any]


def cell(value: object) -> str:
    """One cell: text made harmless, numbers as they are."""
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return _FORMULA.sub(r"\1\2'", visible(value, LONGEST))


def csv_files(answer: Row) -> dict[str, bytes]:
    """acts.csv, messages.csv, indicators.csv, findings.csv, gaps.csv and inputs.csv."""
    tables: dict[str, tuple[tuple[str, ...], Iterable[Row]]] = {
        "acts.csv": (ACTS, _acts(answer)),
        "messages.csv": (MESSAGES, _messages(answer)),
        "findings.csv": (FINDINGS, _findings(answer)),
        "indicators.csv": (INDICATORS, _indicators(answer)),
        "gaps.csv": (GAPS, answer["gaps"]),
        "inputs.csv": (INPUTS, ({**i, "rejected": i["rejected"]["count"]} for i in answer["inputs"])),
    }  # fmt: skip
    return {name: _table(columns, rows) for name, (columns, rows) in tables.items()}


ACTS = (
    "case_id", "act_id", "kind", "mailbox", "first", "last", "ip", "user_agent", "app_id", "session_id", "token_id", "link",
    "bits", "basis",
)  # fmt: skip
MESSAGES = (
    "case_id", "tenant_id", "mailbox", "first_access", "subject", "folder", "message_id", "immutable_id", "certainty", "by",
    "act_id",
)  # fmt: skip
COUNTS = ("hits", "units", "seen", "of", "tenant_seen", "tenant_of", "prior_seen", "prior_of")
FINDINGS = (
    "case_id", "finding_id", "act_id", "evidence", "aspect", "ground", "bits", "once_in", "reason", *COUNTS,
)  # fmt: skip
INDICATORS = ("case_id", "type", "value", "seen", "bits", "first", "last")
GAPS = ("gap_id", "kind", "tenant_id", "mailbox", "from", "to", "meaning")
INPUTS = ("path", "sha256", "format", "rows", "records", "duplicates", "rejected")


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(c)) for c in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _acts(answer: Row) -> Iterator[Row]:
    for c in answer["cases"]:
        yield from ({"case_id": c["case_id"], **a} for a in c["acts"])
    yield from ({"case_id": "lead", **a} for a in answer["leads"])


def _indicators(answer: Row) -> Iterator[Row]:
    """A client once for each text that the log holds of it; the text is what other tools look for."""
    for c in answer["cases"]:
        for i in c["indicators"]:
            yield from ({"case_id": c["case_id"], **i, "seen": text} for text in i["seen"] or [None])


def _messages(answer: Row) -> Iterator[Row]:
    """Messages, and folders whose messages nobody named."""
    for c in answer["cases"]:
        for m in c["mailboxes"]:
            place = {"case_id": c["case_id"], "tenant_id": m["tenant_id"], "mailbox": m["mailbox"]}
            yield from (place | item for item in (*m["messages"], *m["folders"]))


def _findings(answer: Row) -> Iterator[Row]:
    for c in answer["cases"]:
        yield from ({"case_id": c["case_id"], **f, **f["counts"]} for f in c["findings"])
    for lead in answer["leads"]:
        yield from ({"case_id": "lead", **f, **f["counts"]} for f in lead["findings"])


def timesketch(answer: Row) -> bytes:
    """JSON lines in order of time; each with message, datetime, timestamp and timestamp_desc."""
    events = sorted(_events(answer), key=lambda e: (e["datetime"], e["data_type"], e["message"]))
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events).encode("utf-8")


def _events(answer: Row) -> Iterator[Row]:
    for c in answer["cases"]:
        tags = ["brokenseal", c["severity"], f"case-{c['case_id']}"]
        yield from (_act_event(a, [*tags, a["basis"].replace(" ", "-")], c["case_id"]) for a in c["acts"])
        for m in c["mailboxes"]:
            for item in (*m["messages"], *m["folders"]):
                if item["first_access"]:
                    yield _item_event(item, m, tags, c["case_id"])
    yield from (_act_event(a, ["brokenseal", "lead"], None) for a in answer["leads"])
    for g in answer["gaps"]:
        for edge, what in (("from", "Log blind from"), ("to", "Log blind until")):
            if g[edge]:
                yield _event(
                    g[edge], what, f"{g['kind']}: {g['meaning']}", "gap", ["brokenseal", "gap"],
                    {"gap_id": g["gap_id"], "mailbox": g["mailbox"], "tenant_id": g["tenant_id"]},
                )  # fmt: skip


def _act_event(act: Row, tags: list[str], case_id: str | None) -> Row:
    said = f"{act['kind']} to {act['mailbox']} from {act['ip']}, {act['bits']} bits, {words.LINKS.get(act['link'], act['link'])}"
    names = ("act_id", "mailbox", "user_agent", "app_id", "link", "bits", "basis", "last")
    more = {"case_id": case_id, "src_ip": act["ip"], **{n: act[n] for n in names}}
    return _event(act["first"], "First access of a visit", said, act["kind"], tags, more)


def _item_event(item: Row, box: Row, tags: list[str], case_id: str) -> Row:
    what = item.get("subject") or item.get("message_id") or item.get("immutable_id") or item["folder"]
    said = f"accessed in {box['mailbox']}: {what} ({words.CERTAINTY[item['certainty']]}, by {item['by']})"
    names = ("message_id", "subject", "folder", "certainty", "by")
    more = {"case_id": case_id, "mailbox": box["mailbox"], **{n: item.get(n) for n in names}}
    return _event(item["first_access"], "First access", said, "item", tags, more)


def _event(time: str, desc: str, message: str, kind: str, tags: list[str], more: Row) -> Row:
    moment = datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone(UTC)
    micros = int(moment.timestamp()) * 1_000_000 + moment.microsecond
    shown = {k: visible(v, LONGEST) if isinstance(v, str) else v for k, v in more.items() if v is not None}
    return {
        "message": visible(message, LONGEST),
        "datetime": moment.isoformat(),
        "timestamp": micros,
        "timestamp_desc": desc,
        "data_type": f"brokenseal:{kind}",
        "tag": tags,
        **shown,
    }
