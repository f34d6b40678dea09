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
            "clientCredentialType",
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
    "name": "bs_plain(u.userPrincipalName)",
    "person": "bs_guid(u.userId)",
    "principal": "bs_guid(u.servicePrincipalId)",
    "asked": "bs_true(u.isInteractive)",
    "address": "bs_text(u.ipAddress)",
    "code": "bs_whole(u.status.errorCode)",
}
_STREAM = """case when list_contains(u.signInEventTypes, 'servicePrincipal') then 'service-principal'
    when list_contains(u.signInEventTypes, 'microsoftServicePrincipal') then 'microsoft-service-principal'
    when list_contains(u.signInEventTypes, 'adfs') then 'adfs'
    when list_contains(u.signInEventTypes, 'user') then 'user'
    when list_contains(u.signInEventTypes, 'managedIdentity') then 'managed-identity'
    when list_contains(u.signInEventTypes, 'nonInteractiveUser') then 'non-interactive'
    when list_contains(u.signInEventTypes, 'interactiveUser') then 'interactive'
    when principal is not null and person is null then 'service-principal'
    when asked = false then 'non-interactive' else 'interactive' end"""
_RECORD = {
    # the unified log's UserLoggedIn has the same id and is another record
    "record_id": "'signin-' || bs_small(id_text)",
    "tenant_id": "coalesce(bs_guid(resource_tenant), bs_guid(home_tenant), given_tenant)",
    "operation": "'signIn'",
    "time": "bs_moment(time_text)",
    "issuance_id": "coalesce(bs_guid(id_text), bs_token(bs_text(u.uniqueTokenIdentifier)))",
    "home_tenant_id": "bs_guid(home_tenant)",
    "user": "coalesce(bs_small(name), 'serviceprincipal_' || principal)",
    "user_object_id": "coalesce(person, principal)",
    "app_id": "bs_guid(u.appId)",
    "resource_id": "bs_guid(u.resourceId)",
    "host": "bs_host(address)",
    "country": "bs_plain(u.location.countryOrRegion)",
    "asn": "nullif(bs_whole(u.autonomousSystemNumber), 0)",
    "user_agent": "bs_text(u.userAgent)",
    "device_id": "bs_guid(u.deviceDetail.deviceId)",
    "managed": "bs_true(u.deviceDetail.isManaged)",
    "session_id": "bs_guid(u.sessionId)",
    "stream": _STREAM,
    "asked": "asked",
    # a confidential client renews from its server: the provider shows the address of the first sign-in
    "original": "coalesce(bs_fold(u.clientCredentialType) not in ('none', 'unknownfuturevalue') and stream = 'non-interactive', "
    "false)",
    "protocol": "bs_plain(u.authenticationProtocol)",
    "incoming_token": "bs_plain(u.incomingTokenType)",
    "mfa": "case lower(u.authenticationRequirement) when 'multifactorauthentication' then 'multi' "
    "when 'singlefactorauthentication' then 'single' end",
    "outcome": "case when code = 0 then 'success' when code is not null then 'failure' end",
    "error": "nullif(cast(code as varchar), '0')",
    "risk": "bs_fold(u.riskLevelDuringSignIn)",
    # behind the columns that it is made of; shapes write fractions of a second or do not
    "content": """md5(concat_ws('|', date_trunc('second', "time"), "user", host, app_id, outcome))""",
}
_VALID = "coalesce(id_text, time_text) is not null"
ISSUANCES = """select *, issuance_id as token_id,
    coalesce(asked, case when stream <> 'user' then stream = 'interactive' end) as interactive from typed {}"""
TABLES = {"issuances": ("true", ISSUANCES.format(""))}
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


_OWN = "id_text is not null and time_text is not null and (u.appId is not null or u.ipAddress is not null)"

LOGS = (Log("entra-signin", "entra-signin", _is_signin, RECORD, _TEXTS, _RECORD, _VALID, TABLES, own=_OWN),)
