"""Sign-ins of Entra, as Graph writes them.

Yields: records and issuances, of all streams (interactive, non-interactive, service principal, managed identity). Traps: the
unified log's UserLoggedIn has the same id, so a record here is called `signin-` and that id; v1.0 of the API lacks session,
token and stream; confidential clients show the address of the original issuance.
"""

from __future__ import annotations

from typing import Any

FORMATS = ("entra-signin",)
INNER: dict[str, str] = {}
_T = "VARCHAR"
SPEC: dict[str, Any] = {
    **dict.fromkeys(
        (
            "id", "createdDateTime", "userPrincipalName", "userId", "appId", "resourceId", "ipAddress", "userAgent",
            "autonomousSystemNumber", "sessionId", "uniqueTokenIdentifier", "isInteractive", "authenticationProtocol",
            "incomingTokenType", "authenticationRequirement", "riskLevelDuringSignIn", "homeTenantId", "resourceTenantId",
            "servicePrincipalId", "servicePrincipalName",
        ),
        _T,
    ),
    "location": {"countryOrRegion": _T},
    "deviceDetail": {"deviceId": _T, "isManaged": _T},
    "status": {"errorCode": _T},
    "signInEventTypes": [_T],
}  # fmt: skip

ID = "'signin-' || bs_fold(r.id)"
VALID = "coalesce(bs_text(r.createdDateTime), bs_text(r.id)) is not null"
INVALID = "not a sign-in: it has neither id nor time"
TENANT = "coalesce(bs_guid(r.resourceTenantId), bs_guid(r.homeTenantId))"
TIME = "bs_time(r.createdDateTime)"
IP = "bs_text(r.ipAddress)"
CONTENT = "concat_ws('|', r.createdDateTime, r.userId, r.appId, r.ipAddress, r.sessionId, r.uniqueTokenIdentifier)"

_STREAM = """case
    when list_contains(r.signInEventTypes, 'nonInteractiveUser') then 'non-interactive'
    when list_contains(r.signInEventTypes, 'servicePrincipal') then 'service-principal'
    when list_contains(r.signInEventTypes, 'managedIdentity') then 'managed-identity'
    when list_contains(r.signInEventTypes, 'interactiveUser') then 'interactive'
    when bs_true(r.isInteractive) then 'interactive'
    when bs_text(r.servicePrincipalId) is not null and bs_text(r.userPrincipalName) is null then 'service-principal'
    when bs_true(r.isInteractive) is false then 'non-interactive' else 'interactive' end"""
_TOKEN = "coalesce(bs_token(bs_text(r.uniqueTokenIdentifier)), bs_fold(r.id))"

TABLES = {
    "issuances": f"""
        with s as (select *, {_STREAM} as stream from fresh)
        select {_TOKEN} as issuance_id, record_id, time, tenant_id, bs_guid(r.homeTenantId) as home_tenant_id,
            coalesce(bs_fold(r.userPrincipalName), case when bs_guid(r.servicePrincipalId) is not null
                then 'serviceprincipal_' || bs_guid(r.servicePrincipalId) end) as user,
            coalesce(bs_guid(r.userId), bs_guid(r.servicePrincipalId)) as user_object_id, bs_guid(r.appId) as app_id,
            bs_guid(r.resourceId) as resource_id, ip, prefix, wide, ip_is, bs_text(r.location.countryOrRegion) as country,
            nullif(bs_whole(r.autonomousSystemNumber), 0) as asn, bs_text(r.userAgent) as user_agent,
            bs_guid(r.deviceDetail.deviceId) as device_id, bs_true(r.deviceDetail.isManaged) as managed,
            bs_guid(r.sessionId) as session_id, {_TOKEN} as token_id,
            coalesce(bs_true(r.isInteractive), stream = 'interactive') as interactive,
            bs_text(r.authenticationProtocol) as protocol, bs_text(r.incomingTokenType) as incoming_token,
            case bs_text(r.authenticationRequirement) when 'multiFactorAuthentication' then 'multi'
                when 'singleFactorAuthentication' then 'single' end as mfa,
            case when coalesce(bs_text(r.status.errorCode), '0') = '0' then 'success' else 'failure' end as outcome,
            nullif(bs_text(r.status.errorCode), '0') as error, bs_text(r.riskLevelDuringSignIn) as risk, stream
        from s""",
}
SOURCE = "entra-signin"
OPERATION = "'Sign-in'"
AVAILABLE = "null::timestamp"
