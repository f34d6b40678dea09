"""Exchange message trace: which messages were delivered, from whom, to whom, with what subject.

What: each row is a delivery: one recipient of one message (Get-MessageTrace, V2 and the reporting web service, as CSV, JSON
or OData), or a message with all its recipients (the historical search's CSV). Why: the audit log names accessed messages by
id, mostly without subject, never with sender. How: a delivery's id is the trace's and the recipient's, so that one message
told at two moments (pending, then delivered) counts once. Misses: messages older than 90 days, drafts, and what was moved
in without mail flow; days that could be months leave the time NULL.
"""

from __future__ import annotations

from collections.abc import Mapping

from brokenseal.sources.columns import first, leaves, rebuilt
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

_NAMES: Mapping[str, tuple[str, ...]] = {
    "trace": ("MessageTraceId", "network_message_id"),
    "message": ("MessageId", "message_id"),
    "received": ("Received", "origin_timestamp_utc"),
    "sender": ("SenderAddress", "sender_address"),
    "recipient": ("RecipientAddress",),
    "recipients": ("recipient_status",),
    "subject": ("Subject", "message_subject"),
    "size": ("Size", "total_bytes"),
    "status": ("Status",),
    "organization": ("Organization",),
}
_SHAPE = leaves(_NAMES)
# the historical search writes `address##what became of it`, a semicolon between recipients
_MANY = "list_transform(str_split(u.recipients, ';'), lambda r: bs_fold(str_split(r, '##')[1]))"
_TEXTS = {
    "trace_text": "bs_plain(u.trace)",
    "message_text": "bs_message(bs_text(u.message))",
    "to_text": "bs_fold(u.recipient)",
    "time_text": "bs_clock(bs_text(u.received))",
}
_RECORD = {
    "record_id": "case when coalesce(trace_text, message_text) is not null then "
    "'trace-' || bs_small(coalesce(trace_text, message_text)) || coalesce('|' || to_text, '') end",
    "tenant_id": "given_tenant",
    "operation": "'messageTrace'",
    "time": "bs_moment(time_text)",
    "message_id": "message_text",
    "sender": "bs_fold(u.sender)",
    "recipients": f"list_sort(list_filter(case when to_text is not null then [to_text] else {_MANY} end, "
    "lambda r: r is not null))",
    "subject": "bs_text(u.subject)",
    "size": "nullif(bs_whole(u.size), 0)",
    "status": "bs_text(u.status)",
    "organization": "bs_fold(u.organization)",
    "content": "md5(concat_ws('|', message_text, sender, to_text))",
}
_TABLES = {"deliveries": ("message_id is not null", "select * from typed where message_id is not null")}


def _is_trace(seen: Sample) -> bool:
    """Rows of a trace. A trace's details have no message id, and are none."""
    if seen.shape == "csv":
        return seen.columns("SenderAddress", "RecipientAddress", "MessageId") or seen.columns(
            "origin_timestamp_utc", "sender_address", "message_id"
        )
    return seen.has("MessageTraceId", "SenderAddress", "RecipientAddress", "MessageId")


LOGS = (
    Log(
        "message-trace",
        "message-trace",
        _is_trace,
        leaves(n for own in _NAMES.values() for n in own),
        _TEXTS,
        _RECORD,
        "message_text is not null",
        _TABLES,
        unwrap=rebuilt({member: first(names) for member, names in _NAMES.items()}, _SHAPE),
        shapes=("csv", "json-lines", "json-array", "json-value", "json-pages"),
        needs="a message id",
        own="trace_text is not null and u.sender is not null",
    ),
)
