"""What a file is, by its content, never by its name.

How: the first bytes tell binary from text, the first record that parses tells the log. A log that brokenseal does not
take in is named all the same, so that nobody believes it was.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from brokenseal.sources.lines import Stream

PEEK = 1 << 20
TRIES = 200


@dataclass(frozen=True)
class Kind:
    """format: as in `inputs`. shape: json-lines, json-array, json-value, csv or none. skip: lines before a CSV's header."""

    format: str
    shape: str
    skip: int = 0


OTHER_CSV = (
    ({"OfficeWorkload", "OfficeObjectId"}, "sentinel-office-activity"),
    ({"ConditionalAccessStatus", "AppDisplayName"}, "sentinel-signin"),
    ({"InitiatedBy", "TargetResources"}, "sentinel-audit-logs"),
    ({"OperationNameValue", "CallerIpAddress"}, "azure-activity"),
    ({"EventSubmissionTimestamp [UTC]", "CallerIpAddress"}, "azure-activity"),
    ({"MessageTraceId", "RecipientAddress"}, "message-trace"),
)


def recognise(stream: Stream) -> Kind:
    """The kind of a file; reads its first megabyte."""
    head = b"".join(_peek(stream))
    if not head.strip():
        return Kind("empty", "none")
    if b"\0" in head[:4096] or _binary(head[:4096]):
        return Kind("binary", "none")
    start = head.lstrip()[:1]
    if start in b"[{":
        return _json(head, whole=len(head) < PEEK, array=start == b"[")
    return _csv(head)


def _peek(stream: Stream) -> list[bytes]:
    out, size = [], 0
    for block in stream.blocks(64 << 10):
        out.append(block)
        size += len(block)
        if size >= PEEK:
            break
    return out


def _binary(head: bytes) -> bool:
    odd = sum(1 for b in head if b < 9 or 13 < b < 32)
    return odd * 20 > len(head)


def _json(head: bytes, *, whole: bool, array: bool) -> Kind:
    lines = head.split(b"\n")
    for line in islice(lines if whole else lines[:-1], TRIES):
        found = _object(line.strip())
        if found is not None:
            return _of_document(found, "json-lines")
    text = head.decode("utf-8", "replace").strip().lstrip("\ufeff")
    first = _first_element(text) if array else _first_object(text)
    if first is None:
        return Kind("json", "none")
    return _of_document(first, "json-array" if array else "json-value")


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _first_element(text: str) -> dict[str, Any] | None:
    """The first object of an array that may be longer than what was read."""
    position = text.find("{")
    for _ in range(TRIES):
        if position < 0:
            return None
        try:
            found, _ = json.JSONDecoder().raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        if isinstance(found, dict) and classify(found) != "json":
            return found
        position = text.find("{", position + 1)
    return None


def _first_object(text: str) -> dict[str, Any] | None:
    """The one object of the file, or the first element of its `value` or `records`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        for name in ('"value"', '"records"'):
            if name in text[:4096]:
                return _first_element(text[text.index(name) :])
        return None
    return found if isinstance(found, dict) else None


def _of_document(found: dict[str, Any], shape: str) -> Kind:
    for name in ("value", "records"):
        inner = found.get(name)
        if isinstance(inner, list) and "Id" not in found:
            first = next((e for e in inner if isinstance(e, dict)), None)
            return Kind(classify(first), "json-value") if first else Kind("json", "json-value")
    return Kind(classify(found), shape)


def classify(record: dict[str, Any]) -> str:
    """The log that one JSON record comes from."""
    has = {k.lower() for k in record}
    tests = (
        ({"creationtime", "operation", "id"}, "unified-audit"),
        ({"auditdata", "auditlogrecordtype"}, "graph-audit"),
        ({"auditdata", "operations"}, "unified-audit-wrapped"),
        ({"auditdata", "recordtype"}, "unified-audit-wrapped"),
        ({"conditionalaccesspolicies", "operationname"}, "log-analytics-signin"),
        ({"createddatetime", "ipaddress", "appid"}, "entra-signin"),
        ({"activities"}, "google-workspace"),
        ({"kind", "etag", "actor"}, "google-workspace"),
        ({"messagetraceid"}, "message-trace"),
        ({"messageid", "recipientaddress", "received"}, "message-trace"),
        ({"category", "properties", "time"}, "azure-diagnostic"),
        ({"creationtime", "operation"}, "unified-audit"),
    )
    return next((name for keys, name in tests if keys <= has), "json")


def _csv(head: bytes) -> Kind:
    text = head.decode("utf-8", "replace")
    lines = text.splitlines()
    # PowerShell and spreadsheets write a line of their own before the header
    skip = sum(1 for _ in iter_prologue(lines))
    rows = csv.reader(io.StringIO("\n".join(lines[skip : skip + 1])))
    header = [c.strip() for c in next(rows, [])]
    if "AuditData" in header:
        return Kind("unified-audit-csv", "csv", skip)
    if {"RecordType", "UserIds", "Operations"} <= set(header):
        return Kind("unified-audit-csv without AuditData", "csv", skip)
    for keys, name in OTHER_CSV:
        if keys <= set(header):
            return Kind(name, "csv", skip)
    return Kind("csv" if len(header) > 1 else "text", "csv" if len(header) > 1 else "none", skip)


def iter_prologue(lines: list[str]) -> list[str]:
    """Lines before a CSV's header: `#TYPE ...`, `sep=;`, and blank ones."""
    out = []
    for line in lines:
        if line.strip() and not line.startswith("#TYPE") and not line.lower().startswith("sep="):
            break
        out.append(line)
    return out
