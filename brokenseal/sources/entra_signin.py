"""Entra sign-ins as Microsoft Graph writes them: each is an issuance.

What: interactive, non-interactive, service principal and managed identity sign-ins, success or failure. Why: a token is
given out here or nowhere, and its id is the sign-in's request id. How: the stream comes from `signInEventTypes`, else from
who signed in. Misses: records of version 1.0 name neither tenant; `--tenant` gives them one.
"""

from __future__ import annotations

from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

_T = "VARCHAR"
RECORD = {
    **dict.fromkeys(
        (
            "id createdDateTime userPrincipalName userId appId resourceId ipAddress userAgent sessionId isInteractive "
            "uniqueTokenIdentifier servicePrincipalId homeTenantId resourceTenantId authenticationProtocol "
            "incomingTokenType authenticationRequirement riskLevelDuringSignIn autonomousSystemNumber"
        ).split(),
        _T,
    ),
    "signInEventTypes": [_T],
    "status": {"errorCode": _T},
    "deviceDetail": {"deviceId": _T, "isManaged": _T},
    "location": {"countryOrRegion": _T},
}
_BASE = {
    # the unified log's UserLoggedIn has the same id and is another record
    "record_id": "'signin-' || bs_fold(bs_plain(u.id))",
    "tenant_id": "coalesce(bs_guid(bs_plain(u.resourceTenantId)), bs_guid(bs_plain(u.homeTenantId)), given_tenant)",
    "operation": "'signIn'",
    "time": "bs_time(u.createdDateTime)",
    "content": "md5(concat_ws('|', cast(bs_time(u.createdDateTime) as varchar), u.userPrincipalName, u.ipAddress, u.appId, "
    "u.status.errorCode))",
}
_STREAM = """case when list_contains(u.signInEventTypes, 'servicePrincipal') then 'service-principal'
    when list_contains(u.signInEventTypes, 'managedIdentity') then 'managed-identity'
    when list_contains(u.signInEventTypes, 'nonInteractiveUser') then 'non-interactive'
    when list_contains(u.signInEventTypes, 'interactiveUser') then 'interactive'
    when bs_guid(u.servicePrincipalId) is not null and bs_guid(u.userId) is null then 'service-principal'
    when bs_true(u.isInteractive) = false then 'non-interactive' else 'interactive' end"""
_ID = "coalesce(bs_guid(bs_plain(u.id)), bs_token(bs_text(u.uniqueTokenIdentifier)))"
_ISSUANCES = f"""select {_ID} as issuance_id, record_id, {_ID} as token_id, time, tenant_id, row,
        bs_guid(bs_plain(u.homeTenantId)) as home_tenant_id, coalesce(bs_fold(bs_plain(u.userPrincipalName)),
            'serviceprincipal_' || bs_guid(bs_plain(u.servicePrincipalId))) as user,
        coalesce(bs_guid(bs_plain(u.userId)), bs_guid(bs_plain(u.servicePrincipalId))) as user_object_id,
        bs_guid(bs_plain(u.appId)) as app_id, bs_guid(bs_plain(u.resourceId)) as resource_id, bs_host(u.ipAddress) as host,
        bs_plain(u.location.countryOrRegion) as country, nullif(bs_whole(u.autonomousSystemNumber), 0) as asn,
        bs_text(u.userAgent) as user_agent, bs_guid(u.deviceDetail.deviceId) as device_id,
        bs_true(u.deviceDetail.isManaged) as managed, bs_guid(bs_plain(u.sessionId)) as session_id,
        coalesce(bs_true(u.isInteractive), {_STREAM} = 'interactive') as interactive, bs_plain(u.authenticationProtocol) as protocol,
        bs_plain(u.incomingTokenType) as incoming_token,
        case bs_fold(u.authenticationRequirement) when 'multifactorauthentication' then 'multi'
            when 'singlefactorauthentication' then 'single' end as mfa,
        case when bs_whole(u.status.errorCode) = 0 then 'success'
            when bs_whole(u.status.errorCode) is not null then 'failure' end as outcome,
        nullif(cast(bs_whole(u.status.errorCode) as varchar), '0') as error, bs_fold(u.riskLevelDuringSignIn) as risk,
        {_STREAM} as stream
    from kept"""
_KEYS = (
    "appId",
    "ipAddress",
    "userPrincipalName",
    "status",
    "resourceDisplayName",
    "servicePrincipalId",
    "signInEventTypes",
    "conditionalAccessStatus",
    "isInteractive",
)


def _is_signin(seen: Sample) -> bool:
    return seen.has("createdDateTime", "id") and seen.has(*_KEYS, least=3)


_VALID = "coalesce(bs_text(u.id), bs_text(u.createdDateTime)) is not null"
LOGS = (Log("entra-signin", "entra-signin", _is_signin, RECORD, _BASE, {"issuances": ("true", _ISSUANCES)}, _VALID),)
