"""The diagnostic export of Azure Monitor: sign-ins and Graph requests of one organisation, in one envelope.

What: lines, arrays or `{"records": [...]}` of `time, category, properties`, as storage accounts and event hubs hold them;
categories of sign-ins become issuances, MicrosoftGraphActivityLogs accesses. Why: this export alone holds all five streams
of sign-ins. How: an event hub mixes categories, so one log reads them all. A sign-in's time is its own `createdDateTime`:
the envelope's is up to a quarter of an hour later. Misses: rows of other categories, which are rejected and counted.
"""

from __future__ import annotations

from brokenseal.sources import entra_exports, entra_signin, graph_activity
from brokenseal.sources.columns import leaves, rebuilt
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

_GRAPH = "lower(p.category) = 'microsoftgraphactivitylogs'"
_SIGN_IN = "ends_with(lower(p.category), 'signinlogs')"
_SPEC = {
    **leaves(("time", "category", "tenantId", "resultType")),
    "properties": {
        **entra_signin.RECORD,
        **graph_activity.SHAPE,
        **leaves(("UserPrincipalObjectID",)),
    },
}


def _sign_in() -> str:
    """The sign-in in the envelope; NULL where it holds something else."""
    members = {name: f"p.properties.{name}" for name in entra_signin.RECORD}
    members["signInEventTypes"] = entra_exports.STREAM_OF.format("p.category")
    members["resourceTenantId"] = "coalesce(nullif(p.properties.resourceTenantId, ''), p.tenantId)"
    members["status"] = "struct_pack(errorCode := coalesce(p.properties.status.errorCode, p.resultType))"
    return f"case when {_SIGN_IN} then {rebuilt(members, entra_signin.RECORD)} end"


def _request() -> str:
    """The request in the envelope. Of two spellings of one name the engine sees one, so the session comes from the text."""
    members = {name: f"p.properties.{name}" for name in graph_activity.SHAPE}
    members["tenantId"] = "coalesce(nullif(p.properties.tenantId, ''), p.tenantId)"
    members["timeGenerated"] = "coalesce(nullif(p.properties.timeGenerated, ''), p.time)"
    members["userId"] = (
        "coalesce(nullif(p.properties.userId, ''), case when nullif(p.properties.servicePrincipalId, '') is null "
        "then p.properties.UserPrincipalObjectID end)"
    )
    members["sessionId"] = (
        """coalesce(nullif(p.properties.sessionId, ''), regexp_extract(raw, '"[cC]_[sS]id"\\s*:\\s*"([^"]*)"', 1))"""
    )
    return f"case when {_GRAPH} then {rebuilt(members, graph_activity.SHAPE)} end"


def _either(name: str) -> str:
    """A column that both kinds have."""
    return f"case when g is not null then {graph_activity.RECORD[name]} else {entra_signin._RECORD[name]} end"


_SHARED = ("record_id", "tenant_id", "operation", "time", "host")
_RECORD = {
    **{name: _either(name) for name in _SHARED},
    "source": "case when g is not null then 'graph-activity' else 'entra-signin' end",
    "is_request": "g is not null",
    **{name: sql for name, sql in entra_signin._RECORD.items() if name not in (*_SHARED, "content")},
    **{name: sql for name, sql in graph_activity.COLUMNS.items() if name not in _SHARED},
    "content": _either("content"),
}


def _is_envelope(seen: Sample) -> bool:
    return any(
        isinstance(o.get("properties"), dict) and str(o.get("category", "")).lower().endswith(_CATEGORIES)
        for o in seen.objects
    )


_CATEGORIES = ("signinlogs", "microsoftgraphactivitylogs")

LOGS = (
    Log(
        "azure-monitor",
        "entra-signin",
        _is_envelope,
        _SPEC,
        {**entra_signin._TEXTS, **graph_activity.TEXTS},
        _RECORD,
        f"case when g is null then {entra_exports.VALID} else {graph_activity.VALID} end",
        {
            "issuances": ("not is_request", entra_signin.ISSUANCES.format("where not is_request")),
            **graph_activity.TABLES,
        },
        unwrap=f"{_request()} as g, {_sign_in()}",
        needs="a category that is read here (sign-ins, MicrosoftGraphActivityLogs), an id or a time",
    ),
)
