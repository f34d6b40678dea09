"""The unified audit log as a Sentinel workspace keeps it: the table OfficeActivity, as CSV or JSON lines.

What: the same records as `unified_audit`, under their workspace names. Why: many organisations keep nothing else. How:
the columns are put back into the provider's record, and nested values, which come as JSON text, are parsed there. Misses:
the table has no session of Exchange, no device and no token's subject, and no sign-ins; `TimeGenerated` is the record's
time. A row without that time is rejected: other times in it are not when the thing happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brokenseal.sources import unified_audit
from brokenseal.sources.columns import first, leaves, parsed, rebuilt
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

_NAMES: Mapping[str, tuple[str, ...]] = {
    "Id": ("OfficeId", "SourceRecordId"),
    "CreationTime": ("TimeGenerated [UTC]", "TimeGenerated"),
    "OrganizationId": ("OrganizationId", "OrganizationId_"),
    "UserId": ("UserId", "UserId_"),
    "ClientIP": ("ClientIP", "ClientIP_"),
    "ClientIPAddress": ("Client_IPAddress",),
    "LogonType": ("Logon_Type",),
    "ObjectId": ("OfficeObjectId",),
}
"""What the workspace calls otherwise."""
_USER_TYPES = {
    "regular": 0, "reserved": 1, "admin": 2, "dcadmin": 3, "system": 4, "application": 5, "serviceprincipal": 6,
    "custompolicy": 7, "systempolicy": 8,
}  # fmt: skip
_ABSENT = ("SessionId", "DeviceId", "TokenObjectId", "TokenTenantId", "ActorInfoString", "DeviceProperties")
_WORKSPACE = ("TimeGenerated", "OfficeWorkload", "Operation", "OfficeId", "OrganizationId", "RecordType", "UserKey")


def _names(member: str) -> tuple[str, ...]:
    own = _NAMES.get(member, (member,))
    return (*own, *(f"{n}_{kind}" for n in own for kind in ("dynamic", "string") if not n.endswith("]")))


def _member(name: str, shape: Any) -> str:
    if name in _ABSENT:
        return "null"
    if name == "UserType":
        whens = " ".join(f"when '{word}' then '{number}'" for word, number in _USER_TYPES.items())
        return f"case lower(p.UserType) {whens} else p.UserType end"
    if name == "CreationTime":
        return f"bs_clock({first(_names(name))})"
    return first(_names(name)) if isinstance(shape, str) else parsed(_names(name), shape)


_SPEC = leaves(n for name in unified_audit.RECORD for n in _names(name))
_UNWRAP = rebuilt({name: _member(name, shape) for name, shape in unified_audit.RECORD.items()}, unified_audit.RECORD)


def _is_office(seen: Sample) -> bool:
    if seen.shape == "csv":
        return seen.columns("OfficeWorkload", "Operation", "OfficeId")
    return seen.has("OfficeWorkload", "Operation") and seen.has(*_WORKSPACE, least=5)


LOGS = (
    Log(
        "office-activity",
        "unified-audit",
        _is_office,
        _SPEC,
        unified_audit._TEXTS,
        unified_audit.THIN,
        "id_text is not null and bs_moment(time_text) is not null",
        unified_audit._TABLES,
        unwrap=_UNWRAP,
        shapes=("csv", "json-lines", "json-array", "json-value", "json-pages"),
        needs="an id (OfficeId) or a time (TimeGenerated)",
        own="p.OfficeId is not null and operation_text is not null",
    ),
)
