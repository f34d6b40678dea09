"""What a file is, by its content; its name says nothing.

What: a sample of the file's beginning, its shape (lines, array, values, pages, CSV) and the keys or columns it shows. Why:
exports are renamed, wrapped and zipped before they reach a responder. How: any of the first rows that is whole may speak
for the file, so that one broken row hides nothing; logs that make no tables yet are named all the same.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from brokenseal.sources.lines import Stream
from brokenseal.sources.split import WRAPPERS
from brokenseal.sources.unpack import Place

SAMPLE = 128 << 10
MOST_SAMPLE = 64 << 20
MOST_ROWS = 200
ENOUGH = 12
"""Rows that are whole: more of them say nothing new."""
_DECODER = json.JSONDecoder(strict=False)
_WRAPPED = re.compile(r'\A\s*\{.{0,4000}?"(?:value|records|[rR]esults)"\s*:\s*\[', re.DOTALL)


@dataclass
class Sample:
    """The beginning of a file. shape: json-lines, json-array, json-value, json-pages, csv, none."""

    head: bytes
    shape: str = "none"
    objects: list[dict[str, Any]] = field(default_factory=list)
    header: tuple[str, ...] = ()
    delimiter: str = ","
    skip: int = 0

    @cached_property
    def text(self) -> str:
        """The head as text."""
        return self.head.decode("utf-8", "replace")

    def has(self, *names: str, least: int | None = None) -> bool:
        """Some object has these keys (all, or at least so many of them)."""
        wanted = len(names) if least is None else least
        return any(sum(n in o for n in names) >= wanted for o in self.objects)

    def columns(self, *names: str) -> bool:
        """The CSV has all these columns, whatever their case."""
        known = {c.lower().removesuffix(" [utc]") for c in self.header}
        return all(n.lower() in known for n in names)


def sample(path: Place) -> Sample:
    """Look at a file. Raises OSError where it cannot be opened."""
    parts: list[bytes] = []
    held, wanted, head = 0, SAMPLE, b""
    for block in Stream(path).blocks(SAMPLE):
        parts.append(block)
        held += len(block)
        if held >= wanted:
            head = b"".join(parts)
            if b"\n" in head or held >= MOST_SAMPLE or _speaks(head):
                break
            parts, wanted = [head], held * 4
    out = Sample(b"".join(parts))
    head = out.head
    start = out.text[:64].lstrip()
    # a file that lost its beginning still has whole lines
    if start[:1] in ("{", "[") or (start and _lines(out.text)):
        _json(out)
    elif start and not _binary(head):
        _csv(out)
    return out


def _speaks(head: bytes) -> bool:
    """The beginning of one long line holds a whole object of an array."""
    text = head.decode("utf-8", "replace")
    wrapped = _WRAPPED.match(text)
    at = wrapped.end() if wrapped else text.find("[") + 1 if text[:64].lstrip()[:1] == "[" else -1
    return at > 0 and isinstance(_parse(text, max(text.find("{", at), 0))[0], dict)


def _binary(head: bytes) -> bool:
    part = head[:4096]
    odd = sum(1 for b in part if b < 32 and b not in (9, 10, 13))
    return b"\0" in part or odd > len(part) / 20


def _json(out: Sample) -> None:
    text = out.text
    if text.lstrip()[0] == "[":
        out.shape, out.objects = "json-array", _following(text, text.index("[") + 1)
        return
    wrapped = _WRAPPED.match(text)
    first = text.lstrip().split("\n", 1)[0].strip()
    # a wrapper may hold one element a line, so that its last line is a whole object by itself
    lines = [] if wrapped and not isinstance(_parse(first)[0], dict) else _lines(text)
    if lines:
        out.shape, out.objects = "json-lines", lines
        lines = [o["d"] if list(o) == ["d"] and isinstance(o["d"], dict) else o for o in lines]
        pages = [o for o in lines if any(isinstance(o.get(w), list) for w in WRAPPERS)]
        if pages:
            out.shape = "json-pages" if len(lines) > 1 else "json-array"
            inner = [e for o in pages for w in WRAPPERS for e in o.get(w) or []]
            out.objects = [e for e in inner[:ENOUGH] if isinstance(e, dict)]
        return
    if wrapped:
        out.shape, out.objects = "json-array", _following(text, wrapped.end())
    if not out.objects:
        out.shape, out.objects = "json-value", _following(text, 0)


def _parse(text: str, at: int = 0) -> tuple[Any, int]:
    """The value that begins here and where it ends; None where it is broken."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at


def _lines(text: str) -> list[dict[str, Any]]:
    """Objects that are whole physical lines."""
    found: list[dict[str, Any]] = []
    for line in text.split("\n", MOST_ROWS)[:MOST_ROWS]:
        if len(found) == ENOUGH:
            break
        plain = line.strip()
        # an indented object is a part of a bigger one
        if line.startswith("{") and plain.endswith("}") and len(plain) > 2:
            value, end = _parse(plain)
            if isinstance(value, dict) and end == len(plain):
                found.append(value)
    return found


def _following(text: str, at: int) -> list[dict[str, Any]]:
    """Objects that follow one another from here."""
    found: list[dict[str, Any]] = []
    while len(found) < ENOUGH:
        at = text.find("{", at)
        if at < 0:
            break
        value, end = _parse(text, at)
        if not isinstance(value, dict):
            if not found:
                # cut or broken: its first keys may be enough
                keys = re.findall(r'"([A-Za-z@.]{1,60})"\s*:', text[at : at + 20_000])
                return [dict.fromkeys(keys)] if keys else []
            break
        found.append(value)
        at = end
    return found


def _csv(out: Sample) -> None:
    lines = out.text.splitlines()[:3]
    while out.skip < len(lines) - 1 and re.match(r"(?i)\s*(sep=|#TYPE)", lines[out.skip]):
        out.skip += 1
    line = lines[out.skip] if lines else ""
    best: tuple[str, ...] = ()
    for delimiter in (",", ";", "\t", "|"):
        header = next(csv.reader([line], delimiter=delimiter), [])
        if len(header) > len(best):
            best, out.delimiter = tuple(header), delimiter
    named = all(c.strip() and len(c) < 100 for c in best)
    if len(best) > 1 and named:
        out.shape, out.header = "csv", best


@dataclass(frozen=True)
class Other:
    """A log that is recognised by its keys or columns, and makes no tables yet."""

    name: str
    columns: Sequence[str] = ()
    keys: Sequence[str] = ()


OTHERS = (
    Other("google-workspace", keys=("kind", "id", "actor", "events")),
    Other("exchange-message-trace", keys=("MessageTraceId", "SenderAddress", "RecipientAddress")),
    Other("exchange-message-trace", columns=("SenderAddress", "RecipientAddress")),
    Other("exchange-message-trace", columns=("origin_timestamp_utc", "sender_address")),
    Other("log-analytics-office-activity", columns=("OfficeWorkload", "Operation")),
    Other("log-analytics-office-activity", keys=("OfficeWorkload", "Operation")),
    Other("log-analytics-signin", columns=("AppDisplayName", "ResultType", "UserPrincipalName")),
    Other("log-analytics-signin", keys=("TimeGenerated", "AppDisplayName", "ResultType")),
    Other("log-analytics-entra-audit", columns=("OperationName", "InitiatedBy", "TargetResources")),
    Other("log-analytics-entra-audit", keys=("TimeGenerated", "OperationName", "TargetResources")),
    Other("azure-activity", columns=("Caller", "CallerIpAddress", "ResourceGroup")),
    Other("azure-activity", keys=("caller", "callerIpAddress", "operationName")),
    Other("azure-monitor-export", keys=("time", "category", "properties")),
    Other("graph-directory-audit", keys=("activityDateTime", "activityDisplayName", "initiatedBy")),
    Other("unified-audit-csv-without-records", columns=("CreationDate", "UserIds", "Operations")),
    Other("unified-audit-csv-without-records", columns=("CreationDate", "RecordType", "Operation", "UserId")),
)
NOTES = {
    "exchange-message-trace": "no message ids in it: export the trace itself, with MessageId",
    "log-analytics-office-activity": "no column OfficeId: it identifies the records; export it again with that column",
    "log-analytics-signin": "no column Id or IPAddress: export it again with all columns",
    "unified-audit-csv-without-records": "no column AuditData: it holds the records; export it again with that column",
    "empty": "the file is empty",
    "binary": "not text, nor compressed text",
    "text": "text that is neither JSON nor CSV",
    "csv": "a CSV of no known log",
    "json": "JSON of no known log",
}


def other(seen: Sample) -> tuple[str, str]:
    """Name of a file that makes no records, and why it was not read."""
    name = _name(seen)
    return name, NOTES.get(name, f"recognised as {name}, which is not read yet")


def _name(seen: Sample) -> str:
    if not seen.head.strip():
        return "empty"
    if seen.shape == "none":
        return "binary" if _binary(seen.head) else "text"
    # pages of Google's Reports API hold their activities one level down
    nested = [o["activities"][0] for o in seen.objects if isinstance(o.get("activities"), list) and o["activities"]]
    nested += [o["items"][0] for o in seen.objects if isinstance(o.get("items"), list) and o["items"]]
    looked = Sample(seen.head, seen.shape, [*seen.objects, *(n for n in nested if isinstance(n, dict))], seen.header)
    for log in OTHERS:
        if (log.columns and looked.columns(*log.columns)) or (log.keys and looked.has(*log.keys)):
            return log.name
    return "csv" if seen.shape == "csv" else "json"
