"""The unified audit log within Defender's hunting table CloudAppEvents: RawEventData is the provider's record.

What: the records that `unified_audit` reads, from CSV, lines or arrays of the console, the API and the streaming export.
Why: the console keeps 30 days for who did not export the audit log. How: the member or column RawEventData, as an object or
as its text. Misses: rows of other clouds' applications, whose raw data is no such record; rows beyond the console's 100,000.
"""

from __future__ import annotations

from brokenseal.sources import unified_audit
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

COLUMN = "RawEventData"


def _is_hunted(seen: Sample) -> bool:
    return COLUMN in seen.header or seen.has(COLUMN)


def _is_streamed(seen: Sample) -> bool:
    """The streaming export: an envelope around the table's row."""
    return any(isinstance(p := o.get("properties"), dict) and COLUMN in p for o in seen.objects)


_MEANS = (unified_audit._TEXTS, unified_audit._RECORD, unified_audit._VALID, unified_audit._TABLES)

LOGS = (
    Log(
        "cloud-app-events",
        "unified-audit",
        _is_hunted,
        unified_audit.RECORD,
        *_MEANS,
        column=COLUMN,
        own=unified_audit.OWN,
        shapes=("csv", "json-lines", "json-array", "json-value"),
    ),
    Log(
        "cloud-app-stream",
        "unified-audit",
        _is_streamed,
        {"properties": {COLUMN: unified_audit.RECORD}},
        *_MEANS,
        unwrap=f"p.properties.{COLUMN}",
        own=unified_audit.OWN,
    ),
)
