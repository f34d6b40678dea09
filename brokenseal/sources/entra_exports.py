"""Entra sign-ins as workspaces, the portal and the hunting console export them.

What: the same sign-ins as `entra_signin`, as the Log Analytics tables (CSV and JSON lines; AD FS too), the portal's CSV, and
the hunting tables EntraIdSignInEvents and EntraIdSpnSignInEvents. Why: few people export by the API. How: the columns are
put back into the provider's record. A row without the time of the sign-in is rejected: no other time stands for it. Misses:
the portal's CSV does not say whether a person was asked, so its stream is `user` and covers neither kind; a CSV by
PowerShell in another culture, whose days could be months, is rejected row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brokenseal.sources import entra_signin
from brokenseal.sources.columns import first, leaves, parsed, rebuilt
from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

Names = Mapping[str, tuple[str, ...]]
SHAPES = ("csv", "json-lines", "json-array", "json-value", "json-pages")
NEEDS = "an id or the time of the sign-in"
VALID = "id_text is not null and bs_moment(time_text) is not null"


def _spelled(names: Names) -> Names:
    """With the endings that the portal's download of a query adds to columns."""
    return {
        member: tuple(f"{n}{end}" for n in own for end in ("", " [UTC]", "_dynamic", "_string"))
        for member, own in names.items()
    }


def _unwrap(names: Names, given: Mapping[str, str]) -> str:
    """The provider's record: members by the names of their columns, or by the SQL given."""
    members: dict[str, str] = {}
    for member, shape in entra_signin.RECORD.items():
        if member in given:
            members[member] = given[member]
        elif member in names:
            members[member] = first(names[member]) if isinstance(shape, str) else parsed(names[member], shape)
    return rebuilt(members, entra_signin.RECORD)


def _log(
    name: str, recognises: Any, names: Names, given: Mapping[str, str], more: tuple[str, ...] = (), own: str = "true"
) -> Log:
    spec = leaves([*(n for own in names.values() for n in own), *more])
    return Log(
        name,
        "entra-signin",
        recognises,
        spec,
        entra_signin._TEXTS,
        entra_signin._RECORD,
        VALID,
        entra_signin.TABLES,
        unwrap=_unwrap(names, given),
        shapes=SHAPES,
        needs=NEEDS,
        own=own,
    )


_WORKSPACE = _spelled(
    {
        "id": ("Id",),
        "createdDateTime": ("CreatedDateTime", "TimeGenerated"),
        "userPrincipalName": ("UserPrincipalName",),
        "userId": ("UserId",),
        "appId": ("AppId",),
        "resourceId": ("ResourceIdentity",),
        "ipAddress": ("IPAddress",),
        "userAgent": ("UserAgent",),
        "sessionId": ("SessionId",),
        "isInteractive": ("IsInteractive",),
        "uniqueTokenIdentifier": ("UniqueTokenIdentifier",),
        "servicePrincipalId": ("ServicePrincipalId",),
        "homeTenantId": ("HomeTenantId",),
        "resourceTenantId": ("ResourceTenantId", "AADTenantId"),
        "authenticationProtocol": ("AuthenticationProtocol",),
        "incomingTokenType": ("IncomingTokenType",),
        "authenticationRequirement": ("AuthenticationRequirement",),
        "riskLevelDuringSignIn": ("RiskLevelDuringSignIn",),
        "autonomousSystemNumber": ("AutonomousSystemNumber",),
        "clientCredentialType": ("ClientCredentialType",),
        "deviceDetail": ("DeviceDetail",),
        "location": ("LocationDetails",),
    }
)
STREAM_OF = """case lower(coalesce({0}, '')) when 'signinlogs' then ['interactiveUser']
    when 'noninteractiveusersigninlogs' then ['nonInteractiveUser'] when 'aadnoninteractiveusersigninlogs'
    then ['nonInteractiveUser'] when 'serviceprincipalsigninlogs' then ['servicePrincipal']
    when 'aadserviceprincipalsigninlogs' then ['servicePrincipal'] when 'managedidentitysigninlogs'
    then ['managedIdentity'] when 'aadmanagedidentitysigninlogs' then ['managedIdentity']
    when 'microsoftserviceprincipalsigninlogs' then ['microsoftServicePrincipal'] when 'adfssigninlogs' then ['adfs'] end"""
"""SQL: `signInEventTypes` of a category or a table's name."""
_workspace = _log(
    "log-analytics-signin",
    lambda seen: _is_workspace(seen),
    _WORKSPACE,
    {
        "createdDateTime": f"bs_clock({first(_WORKSPACE['createdDateTime'])})",
        "signInEventTypes": STREAM_OF.format("coalesce(nullif(p.Category, ''), p.Type)"),
        "status": "struct_pack(errorCode := p.ResultType)",
        "location": "struct_pack(countryOrRegion := coalesce("
        + parsed(_WORKSPACE["location"], {"countryOrRegion": "VARCHAR"})
        + ".countryOrRegion, nullif(p.Location, '')))",
    },
    ("Category", "Type", "ResultType", "Location"),
    "p.ResultType is not null and p.IPAddress is not null",
)


def _is_workspace(seen: Sample) -> bool:
    if seen.shape == "csv":
        return seen.columns("ResultType", "IPAddress", "Id") and (
            seen.columns("UserPrincipalName") or seen.columns("ServicePrincipalId", "AppId")
        )
    return seen.has("TimeGenerated", "Id", "ResultType", "IPAddress") and seen.has(
        "UserPrincipalName", "AppDisplayName", "ServicePrincipalId", "AppId", least=2
    )


_PORTAL: Names = {
    "id": ("Request ID",),
    "createdDateTime": ("Date (UTC)",),
    "userPrincipalName": ("Username",),
    "userId": ("User ID",),
    "appId": ("Application ID",),
    "resourceId": ("Resource ID",),
    "ipAddress": ("IP address",),
    "userAgent": ("User agent",),
    "sessionId": ("Session ID",),
    "uniqueTokenIdentifier": ("Unique token identifier",),
    "servicePrincipalId": ("Service principal ID",),
    "homeTenantId": ("Home tenant ID",),
    "resourceTenantId": ("Resource tenant ID",),
    "authenticationProtocol": ("Authentication Protocol",),
    "incomingTokenType": ("Incoming token type",),
    "authenticationRequirement": ("Authentication requirement",),
    "autonomousSystemNumber": ("Autonomous system number",),
    "clientCredentialType": ("Client credential type",),
}
_COUNTRY = r"nullif(regexp_extract(p.Location, '(^|, )([A-Z]{2})$', 2), '')"
_portal = _log(
    "entra-portal",
    lambda seen: seen.shape == "csv" and seen.columns("Date (UTC)", "Request ID", "IP address"),
    _PORTAL,
    {
        "createdDateTime": 'bs_clock(p."Date (UTC)")',
        "signInEventTypes": """case when nullif(p."Managed Identity type", '') not in ('None', 'none') then ['managedIdentity']
            when nullif(p."Service principal ID", '') is not null then ['servicePrincipal'] else ['user'] end""",
        "status": """struct_pack(errorCode := coalesce(nullif(p."Sign-in error code", ''),
            case lower(p.Status) when 'success' then '0' when 'failure' then '-1' end))""",
        "deviceDetail": 'struct_pack(deviceId := p."Device ID", isManaged := '
        "case lower(p.Managed) when 'yes' then 'true' when 'no' then 'false' else p.Managed end)",
        "location": f"struct_pack(countryOrRegion := {_COUNTRY})",
        "authenticationRequirement": """case lower(replace(p."Authentication requirement", '-', ' '))
            when 'multifactor authentication' then 'multiFactorAuthentication'
            when 'single factor authentication' then 'singleFactorAuthentication' else p."Authentication requirement" end""",
    },
    ("Status", "Sign-in error code", "Device ID", "Managed", "Location", "Managed Identity type"),
)

_HUNTED: Names = {
    "id": ("RequestId",),
    "createdDateTime": ("Timestamp", "TimeGenerated", "Timestamp [UTC]", "TimeGenerated [UTC]"),
    "userPrincipalName": ("AccountUpn",),
    "userId": ("AccountObjectId",),
    "appId": ("ApplicationId",),
    "resourceId": ("ResourceId",),
    "ipAddress": ("IPAddress",),
    "userAgent": ("UserAgent",),
    "sessionId": ("SessionId",),
    "uniqueTokenIdentifier": ("UniqueTokenId", "UniqueTokenIdentifier"),
    "servicePrincipalId": ("ServicePrincipalId",),
    "homeTenantId": ("HomeTenantId",),
    "resourceTenantId": ("ResourceTenantId",),
    "authenticationRequirement": ("AuthenticationRequirement",),
}
_defender = _log(
    "defender-signin",
    lambda seen: _is_hunted(seen),
    _HUNTED,
    {
        "createdDateTime": f"bs_clock({first(_HUNTED['createdDateTime'])})",
        "signInEventTypes": """case when p.IsManagedIdentity in ('1', 'true', 'True', 'TRUE') then ['managedIdentity']
            when nullif(p.ServicePrincipalId, '') is not null then ['servicePrincipal']
            when contains(lower(p.LogonType), 'noninteractive') then ['nonInteractiveUser']
            when contains(lower(p.LogonType), 'interactive') then ['interactiveUser'] else ['user'] end""",
        "status": "struct_pack(errorCode := p.ErrorCode)",
        "deviceDetail": "struct_pack(deviceId := coalesce(nullif(p.EntraIdDeviceId, ''), p.AadDeviceId), isManaged := "
        "case p.IsManaged when '1' then 'true' when '0' then 'false' else p.IsManaged end)",
        "location": "struct_pack(countryOrRegion := p.Country)",
        "authenticationRequirement": """case lower(p.AuthenticationRequirement) when 'multifactorauthentication'
            then 'multiFactorAuthentication' when 'singlefactorauthentication' then 'singleFactorAuthentication' end""",
        "riskLevelDuringSignIn": """case p.RiskLevelDuringSignIn when '0' then 'none' when '1' then 'none' when '10' then 'low'
            when '50' then 'medium' when '100' then 'high' else p.RiskLevelDuringSignIn end""",
    },
    (
        "IsManagedIdentity",
        "LogonType",
        "ErrorCode",
        "EntraIdDeviceId",
        "AadDeviceId",
        "IsManaged",
        "Country",
        "RiskLevelDuringSignIn",
    ),
    "p.ErrorCode is not null and p.ApplicationId is not null",
)


def _is_hunted(seen: Sample) -> bool:
    if seen.shape == "csv":
        return seen.columns("RequestId", "ErrorCode", "IPAddress", "ApplicationId")
    return seen.has("RequestId", "ErrorCode", "IPAddress", "ApplicationId")


LOGS = (_workspace, _portal, _defender)
