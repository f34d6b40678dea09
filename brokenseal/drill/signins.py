"""Sign-ins as the directory's own log tells them through its API: each function makes one JSON object."""

from __future__ import annotations

from random import Random

from brokenseal.drill import chance, clients
from brokenseal.drill.chance import stamp
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.people import Organisation, Person
from brokenseal.drill.places import CITIES, Spot

STREAMS = ("interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity")
UNUSED = (
    '"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none",'
    '"riskEventTypes_v2":[],"appliedConditionalAccessPolicies":[],"authenticationAppDeviceDetails":null,'
    '"flaggedForReview":false,"isTenantRestricted":false,"tokenIssuerName":"","tokenIssuerType":"AzureAD",'
    '"tokenProtectionStatusDetails":{"signInSessionStatus":"unbound","signInSessionStatusCode":null},'
)


def _place(spot: Spot) -> str:
    city = CITIES.get(spot.country, "")
    return f'"location":{{"city":"{city}","state":"{city}","countryOrRegion":"{spot.country}","geoCoordinates":{{}}}},'


def _status(error: int) -> str:
    reason = "Error validating credentials due to invalid username or password." if error else "Other."
    return f'"status":{{"errorCode":{error},"failureReason":"{reason}","additionalDetails":null}},'


def user(
    org: Organisation, person: Person, client: Client, spot: Spot, moment: int, token: Token, rng: Random, *,
    interactive: bool, error: int = 0,
) -> str:  # fmt: skip
    """A person's sign-in, or a renewal that nobody was asked about."""
    kind = STREAMS[0] if interactive else STREAMS[1]
    day = (moment - chance.EPOCH) // chance.DAY
    asked = "multiFactorAuthentication" if interactive else "singleFactorAuthentication"
    incoming = "none" if interactive else ("primaryRefreshToken" if client.managed else "refreshToken")
    protocol = "oAuth2" if interactive else "none"
    used = "Browser" if client.kind == "owa" else "Mobile Apps and Desktop clients"
    trust = "Azure AD joined" if client.managed else ""
    return (
        f'{{"id":"{token.request}","createdDateTime":"{stamp(moment)}Z","userDisplayName":"{person.name}",'
        f'"userPrincipalName":"{person.upn}","userId":"{person.object_id}","appId":"{client.sign_in_app}",'
        f'"appDisplayName":"{client.sign_in_name}","ipAddress":"{spot.ip}","ipAddressFromResourceProvider":null,'
        f'"clientAppUsed":"{used}","userAgent":"{client.agent(day)}","correlationId":"{chance.guid(rng)}",'
        f'"conditionalAccessStatus":"success","originalRequestId":"{token.request}",'
        f'"isInteractive":{"true" if interactive else "false"},"incomingTokenType":"{incoming}",'
        f'"authenticationProtocol":"{protocol}","authenticationRequirement":"{asked}","signInEventTypes":["{kind}"],'
        f'"uniqueTokenIdentifier":"{token.unique}","sessionId":"{token.session}",{UNUSED}'
        f'"resourceDisplayName":"Office 365 Exchange Online","resourceId":"{clients.EXCHANGE}",'
        f'"resourceTenantId":"{org.tenant_id}","homeTenantId":"{token.tenant or org.tenant_id}",'
        f'"userType":"{"guest" if token.tenant else "member"}",'
        f'"crossTenantAccessType":"{"b2bCollaboration" if token.tenant else "none"}",'
        f'"autonomousSystemNumber":{spot.asn},"servicePrincipalId":"",'
        f'"servicePrincipalName":null,"clientCredentialType":"none",'
        f'"processingTimeInMilliseconds":{rng.randrange(60, 400)},{_status(error)}'
        f'"deviceDetail":{{"deviceId":"{client.device}","displayName":"","operatingSystem":"{client.os}",'
        f'"browser":"{client.browser}","isCompliant":{"true" if client.managed else "false"},'
        f'"isManaged":{"true" if client.managed else "false"},"trustType":"{trust}"}},'
        f'{_place(spot)}"mfaDetail":null,"authenticationDetails":[]}}'
    )


def service(
    org: Organisation, app_id: str, object_id: str, name: str, spot: Spot, moment: int, token: Token, resource: str,
    rng: Random, *, managed: bool = False,
) -> str:  # fmt: skip
    """An application's own sign-in, by secret or as a managed identity."""
    kind = STREAMS[3] if managed else STREAMS[2]
    credential = "managedIdentity" if managed else "clientSecret"
    ip = "" if managed else spot.ip
    return (
        f'{{"id":"{token.request}","createdDateTime":"{stamp(moment)}Z","userDisplayName":null,"userPrincipalName":null,'
        f'"userId":"","appId":"{app_id}","appDisplayName":"{name}","ipAddress":"{ip}","clientAppUsed":"",'
        f'"userAgent":null,"correlationId":"{chance.guid(rng)}","conditionalAccessStatus":"notApplied",'
        f'"originalRequestId":"","isInteractive":false,"incomingTokenType":"none","authenticationProtocol":"none",'
        f'"authenticationRequirement":"singleFactorAuthentication","signInEventTypes":["{kind}"],'
        f'"uniqueTokenIdentifier":"{token.unique}","sessionId":null,{UNUSED}"resourceDisplayName":"Microsoft Graph",'
        f'"resourceId":"{resource}","resourceTenantId":"{org.tenant_id}","homeTenantId":"{org.tenant_id}",'
        f'"userType":null,"crossTenantAccessType":"none","autonomousSystemNumber":{0 if managed else spot.asn},'
        f'"servicePrincipalId":"{object_id}","servicePrincipalName":"{name}","clientCredentialType":"{credential}",'
        f'"processingTimeInMilliseconds":{rng.randrange(20, 90)},{_status(0)}{_place(spot)}"deviceDetail":null,'
        f'"mfaDetail":null,"authenticationDetails":[]}}'
    )
