"""MicrosoftGraphActivityLogs: requests to Microsoft Graph; those that opened mail are accesses.

What: every request is a record, and a GET of messages that was answered with 2xx is an access: `open` for one message,
`attachment` for what hangs on it, `list` for a request that shows many and names none, bounded by the bytes of its answer.
Why: it alone shows the caller's own address where the mailbox's log shows the provider's. How: the mailbox is who the path
names; `/me` is whose token it is, by object id. Misses: refused requests are attempts, no accesses; ids in paths are store
ids; what a search over several things at once (`/search/query`) showed; parts of a `$batch` are requests of their own here.
"""

from __future__ import annotations

from collections.abc import Mapping

from brokenseal.lake.connect import quoted
from brokenseal.sources.columns import first, leaves, rebuilt
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

API = "00000003-0000-0000-c000-000000000000"
SHAPE = leaves(
    (
        *("requestId", "timeGenerated", "requestMethod", "requestUri", "responseStatusCode", "responseSizeBytes"),
        *("ipAddress", "userAgent", "appId", "servicePrincipalId", "userId", "signInActivityId", "tokenIssuedAt"),
        *("identityProvider", "deviceId", "sessionId", "tenantId"),
    )
)
"""The provider's record, as far as it is used."""
_BOX = r"(?i)^https?://[^/]+/+[^/]+/+(me|users(/+[^/?]+|\('[^']*'\)))/+"
_FOLDERS = r"((mailFolders|childFolders)(/+[^/?]+|\('[^']*'\))/+)*"
_ASKED = quoted(_BOX + _FOLDERS + r"messages(/|\(|\?|$)")
_EXPANDED = quoted(_BOX + r"mailFolders.*[?&](\$|%24)expand=[^&]*messages")
_ME = quoted(r"(?i)^https?://[^/]+/+[^/]+/+me(/|\?|$)")
_WHO = quoted(r"(?i)^https?://[^/]+/+[^/]+/+users(/+|\(')([^/?']+)")
_ONE = quoted(r"(?i)/messages(/+|\(')([^/?']+)")
_FOLDER = quoted(r"(?i)/(mailFolders|childFolders)(/+|\(')([^/?']+)('\))?/+messages")
_MANY = quoted(r"(?i)^((microsoft\.graph\.)?delta|\$)")
_ATTACHED = quoted(r"(?i)/messages(/+[^/?]+|\('[^']*'\))/+attachments")

TEXTS = {
    "graph_id": "bs_plain(g.requestId)",
    "graph_time": "bs_text(g.timeGenerated)",
    "uri": "coalesce(try(url_decode(g.requestUri)), g.requestUri)",
    "person_id": "bs_guid(g.userId)",
    "principal_id": "bs_guid(g.servicePrincipalId)",
    "graph_address": "bs_text(g.ipAddress)",
}
"""What is picked out of `g`, the provider's record."""
_ANSWERED = "upper(g.requestMethod) = 'GET' and bs_whole(g.responseStatusCode) between 200 and 299"
_ITEM = f"nullif(regexp_extract(uri, {_ONE}, 2), '')"
COLUMNS = {
    "asked_for": f"""case when not coalesce({_ANSWERED}, false) or not (regexp_matches(uri, {_ASKED})
            or regexp_matches(uri, {_EXPANDED})) or regexp_matches(uri, '/messages/\\$count') then null
        when {_ITEM} is null or regexp_matches({_ITEM}, {_MANY}) then 'list'
        when regexp_matches(uri, {_ATTACHED}) then 'attachment' else 'open' end""",
    "in_path": f"nullif(regexp_extract(uri, {_WHO}, 2), '')",
    "is_me": f"regexp_matches(uri, {_ME})",
    "item_id": _ITEM,
    "in_folder": f"nullif(regexp_extract(uri, {_FOLDER}, 3), '')",
    "person_id": "person_id",
    "principal_id": "principal_id",
    "app": "bs_guid(g.appId)",
    "token_text": "bs_text(g.signInActivityId)",
    "opened_session": "bs_guid(g.sessionId)",
    "issued_at": "bs_time(g.tokenIssuedAt)",
    "issuer": "bs_guid(nullif(regexp_extract(g.identityProvider, '([0-9a-fA-F-]{36})', 1), ''))",
    "on_device": "bs_guid(g.deviceId)",
    "answer_bytes": "bs_whole(g.responseSizeBytes)",
    "info": "case when g.requestId is not null then 'Client=REST;' end",
    "program": "bs_text(g.userAgent)",
}
"""What is kept of a request beside the columns of `records`."""
CONTENT = "md5(concat_ws('|', date_trunc('second', \"time\"), g.requestUri, g.responseStatusCode, host, app))"
_OWNER = "bs_guid(bs_written(in_path))"
_PLACE = "record_id, time, tenant_id, file, row"
_ACCESSES = f"""select {_PLACE}, case when contains(in_path, '@') then bs_small(in_path) end as mailbox,
        null::varchar as mailbox_guid, case when is_me then person_id else {_OWNER} end as mailbox_object_id,
        coalesce(person_id, 'serviceprincipal_' || principal_id) as actor,
        case when person_id is null then 'application' when is_me or person_id = {_OWNER} then 'owner' end as logon_type,
        asked_for as access, in_folder as folder, in_folder as folder_id,
        case when asked_for <> 'list' then 1 end as item_count, answer_bytes as response_bytes, null::boolean as throttled,
        info, program, host, '{API}' as app_id, app as client_app_id, opened_session as session_id,
        bs_token(token_text) as token_id, bs_token_odd(bs_token(token_text)) as token_id_odd, issued_at as token_issued_at,
        issuer as token_tenant_id, coalesce(person_id, principal_id) as token_object_id,
        coalesce(person_id, principal_id) as user_object_id, on_device as device_id
    from typed where asked_for is not null"""
_ITEMS = f"""select {_PLACE}, case when contains(in_path, '@') then bs_small(in_path) end as mailbox,
        null::varchar as message_id, null::varchar as immutable_id, item_id as store_id, in_folder as folder,
        null::varchar as subject, null::bigint as size
    from typed where asked_for in ('open', 'attachment')"""
TABLES = {
    "accesses": ("asked_for is not null", _ACCESSES),
    "items": ("asked_for in ('open', 'attachment')", _ITEMS),
}

_NAMES: Mapping[str, tuple[str, ...]] = {
    "requestId": ("RequestId",),
    "timeGenerated": ("TimeGenerated", "TimeGenerated [UTC]", "Timestamp", "Timestamp [UTC]"),
    "requestMethod": ("RequestMethod",),
    "requestUri": ("RequestUri",),
    "responseStatusCode": ("ResponseStatusCode",),
    "responseSizeBytes": ("ResponseSizeBytes", "ResponseSize"),
    "ipAddress": ("IPAddress",),
    "userAgent": ("UserAgent",),
    "appId": ("AppId", "ApplicationId"),
    "servicePrincipalId": ("ServicePrincipalId",),
    "userId": ("UserId",),
    "signInActivityId": ("SignInActivityId", "UniqueTokenIdentifier"),
    "tokenIssuedAt": ("TokenIssuedAt", "TokenIssuedAt [UTC]"),
    "identityProvider": ("IdentityProvider",),
    "deviceId": ("DeviceId",),
    "sessionId": ("SessionId",),
    "tenantId": ("AadTenantId",),
}
"""What the workspace's table, or the hunting table, calls them; the former's `TenantId` is the workspace."""
_CLOCKS = {m: f"bs_clock({first(_NAMES[m])})" for m in ("timeGenerated", "tokenIssuedAt")}

_PERSON = (
    """coalesce(nullif(p.UserId, ''), case when nullif(p.ServicePrincipalId, '') is null then p.AccountObjectId end)"""
)
_UNWRAP = rebuilt({m: _CLOCKS.get(m, first(names)) for m, names in _NAMES.items()} | {"userId": _PERSON}, SHAPE)


def _is_workspace(seen: Sample) -> bool:
    names = ("RequestId", "RequestUri", "RequestMethod", "ResponseStatusCode")
    return seen.columns(*names) if seen.shape == "csv" else seen.has(*names)


RECORD = {
    "record_id": "'graph-' || bs_small(graph_id)",
    "tenant_id": "coalesce(bs_guid(g.tenantId), given_tenant)",
    "operation": "'graphRequest'",
    "time": "bs_moment(graph_time)",
    "host": "bs_host(graph_address)",
    **COLUMNS,
    "content": CONTENT,
}
VALID = "graph_id is not null and bs_moment(graph_time) is not null"

LOGS = (
    Log(
        "log-analytics-graph",
        "graph-activity",
        _is_workspace,
        leaves([*(n for own in _NAMES.values() for n in own), "AccountObjectId"]),
        TEXTS,
        RECORD,
        VALID,
        TABLES,
        unwrap=f"{_UNWRAP} as g, null",
        shapes=("csv", "json-lines", "json-array", "json-value", "json-pages"),
        needs="a RequestId or a time (TimeGenerated, Timestamp)",
        own="p.RequestUri is not null and p.ResponseStatusCode is not null",
    ),
)
