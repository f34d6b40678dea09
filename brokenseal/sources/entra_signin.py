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
        [
            "id",
            "createdDateTime",
            "userPrincipalName",
            "userId",
            "appId",
            "resourceId",
            "ipAddress",
            "userAgent",
            "sessionId",
            "isInteractive",
            "uniqueTokenIdentifier",
            "servicePrincipalId",
            "homeTenantId",
            "resourceTenantId",
            "authenticationProtocol",
            "incomingTokenType",
            "authenticationRequirement",
            "riskLevelDuringSignIn",
            "autonomousSystemNumber",
        ],
        _T,
    ),
    "signInEventTypes": [_T],
    "status": {"errorCode": _T},
    "deviceDetail": {"deviceId": _T, "isManaged": _T},
    "location": {"countryOrRegion": _T},
}
_TEXTS = {
    "id_text": "bs_plain(u.id)",
    "resource_tenant": "bs_plain(u.resourceTenantId)",
    "home_tenant": "bs_plain(u.homeTenantId)",
    "time_text": "bs_text(u.createdDateTime)",
}
_RECORD = {
    # the unified log's UserLoggedIn has the same id and is another record
    "record_id": "'signin-' || bs_small(id_text)",
    "tenant_id": "coalesce(bs_guid(resource_tenant), bs_guid(home_tenant), given_tenant)",
    "operation": "'signIn'",
    "time": "bs_moment(time_text)",
    "content": "md5(concat_ws('|', time_text, u.userPrincipalName, u.ipAddress, u.appId, u.status.errorCode))",
}
_STREAM = """case when list_contains(events, 'servicePrincipal') then 'service-principal'
    when list_contains(events, 'managedIdentity') then 'managed-identity'
    when list_contains(events, 'nonInteractiveUser') then 'non-interactive'
    when list_contains(events, 'interactiveUser') then 'interactive'
    when bs_guid(principal) is not null and bs_guid(person) is null then 'service-principal'
    when asked = false then 'non-interactive' else 'interactive' end"""
_ISSUANCES = f"""with texts as (select record_id, time, tenant_id, file, row, u.signInEventTypes as events,
        id_text as request, bs_text(u.uniqueTokenIdentifier) as unique_token, home_tenant as home,
        bs_plain(u.userPrincipalName) as name, u.userId as person, u.servicePrincipalId as principal,
        u.appId as app, u.resourceId as resource, bs_text(u.ipAddress) as address,
        bs_plain(u.location.countryOrRegion) as country, bs_whole(u.autonomousSystemNumber) as asn_number,
        bs_text(u.userAgent) as user_agent, u.deviceDetail.deviceId as device,
        bs_text(u.deviceDetail.isManaged) as managed_text, u.sessionId as session, bs_true(u.isInteractive) as asked,
        bs_plain(u.authenticationProtocol) as protocol, bs_plain(u.incomingTokenType) as incoming_token,
        bs_fold(u.authenticationRequirement) as factors, bs_whole(u.status.errorCode) as code,
        bs_fold(u.riskLevelDuringSignIn) as risk
    from kept),
    decoded as (select *, coalesce(bs_guid(request), bs_token(unique_token)) as issuance_id, {_STREAM} as stream from texts)
    select issuance_id, issuance_id as token_id, record_id, time, tenant_id, file, row, country, user_agent, protocol,
        incoming_token, risk, stream, bs_guid(home) as home_tenant_id,
        coalesce(bs_small(name), 'serviceprincipal_' || bs_guid(principal)) as user,
        coalesce(bs_guid(person), bs_guid(principal)) as user_object_id, bs_guid(app) as app_id,
        bs_guid(resource) as resource_id, bs_host(address) as host, nullif(asn_number, 0) as asn,
        bs_guid(device) as device_id, bs_true(managed_text) as managed, bs_guid(session) as session_id,
        coalesce(asked, stream = 'interactive') as interactive,
        case factors when 'multifactorauthentication' then 'multi' when 'singlefactorauthentication' then 'single' end as mfa,
        case when code = 0 then 'success' when code is not null then 'failure' end as outcome,
        nullif(cast(code as varchar), '0') as error
    from decoded"""
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


_VALID = "coalesce(id_text, time_text) is not null"
LOGS = (
    Log(
        "entra-signin", "entra-signin", _is_signin, RECORD, _TEXTS, _RECORD, _VALID, {"issuances": ("true", _ISSUANCES)}
    ),
)
