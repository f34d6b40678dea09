"""Records of the unified audit log, in the provider's shape: each function makes one line of JSON.

Lines are put together as text, since a million of them are made; what goes in is plain ASCII of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from brokenseal.drill import chance, clients
from brokenseal.drill.chance import stamp
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.people import FOLDERS, Message, Organisation, Person, Program
from brokenseal.drill.places import Spot

BACKGROUND = (
    ("8a18aa92-0a1e-4e06-abd0-e118fa4787b1", "3c8e478f-21ca-493a-b87c-c7366d664d54"),
    ("b6e65498-9ae8-4e21-9dc8-0e5d8a9d4a13", "3c8e478f-21ca-493a-b87c-c7366d664d54"),
    ("f3f64fec-4b7c-4d2b-8b0a-6a1c1e2d7c55", "f3f64fec-4b7c-4d2b-8b0a-6a1c1e2d7c55"),
)


class Scene(NamedTuple):
    """Who is at whose mailbox, with what, from where; `actor` is `box` but for delegates."""

    org: Organisation
    box: Person
    actor: Person
    client: Client
    spot: Spot


def _head(moment: int, record: str, operation: str, tenant: str, kind: int, status: str = "Succeeded") -> str:
    return (
        f'{{"CreationTime":"{stamp(moment)}","Id":"{record}","Operation":"{operation}","OrganizationId":"{tenant}",'
        f'"RecordType":{kind},"ResultStatus":"{status}",'
    )


def _carried(scene: Scene, token: Token | None) -> str:
    """The fields that name the token, as far as records of this client carry them."""
    client = scene.client
    if token is None or client.ids == "none":
        return f'"AppAccessContext":{{"APIId":"{client.app_id}"}},' if client.app_id else '"AppAccessContext":{},'
    if client.ids == "session":
        return f'"SessionId":"{token.session}","AppAccessContext":{{}},'
    issued = stamp(token.issued - 300)
    device = f'"DeviceId":"{client.device}",' if client.device else ""
    whose = (
        f'"TokenObjectId":"{scene.actor.object_id}","TokenTenantId":"{token.tenant or scene.org.tenant_id}",'
        f'"TokenType":"V1AppActAs",{device}'
    )
    if client.ids == "partial":
        return (
            f'"SessionId":"{token.session}",{whose}"AppAccessContext":{{"IssuedAtTime":"{issued}",'
            f'"UniqueTokenId":"{token.unique}"}},'
        )
    session = f'"AADSessionId":"{token.session}",' if token.session else ""
    return (
        f'{whose}"AppAccessContext":{{{session}"APIId":"{client.app_id}",'
        f'"ClientAppId":"{client.client_app_id or client.sign_in_app}","IssuedAtTime":"{issued}",'
        f'"UniqueTokenId":"{token.unique}"}},'
    )


def _applications(client: Client) -> str:
    app = f'"AppId":"{client.app_id}",' if client.app_id else ""
    return app + (f'"ClientAppId":"{client.client_app_id}",' if client.client_app_id else "")


def _who(actor: Person) -> str:
    return f'"UserKey":"{actor.user_key}","UserType":0,"Version":1,"Workload":"Exchange","UserId":"{actor.upn}",'


def _logon(actor: Person, box: Person) -> str:
    kind = 0 if actor is box else 2
    return f'"ExternalAccess":false,"InternalLogonType":0,"LogonType":{kind},"LogonUserSid":"{actor.sid}",{box.owner},'


def _told(scene: Scene, moment: int) -> str:
    day = (moment - chance.EPOCH) // chance.DAY
    return f'"ClientIPAddress":"{scene.spot.ip}","ClientInfoString":"{scene.client.told(day)}",'


def _server(org: Organisation, box: Person) -> str:
    return f'"OrganizationName":"{org.domain}","OriginatingServer":"{box.server} (15.20.4200.000)\\r\\n",'


def _properties(org: Organisation, access: str, throttled: bool) -> str:
    if org.number % 4 == 3:
        # the newest records do not say whether the mailbox is throttled
        return f'"OperationProperties":[{{"Name":"MailAccessType","Value":"{access}"}}],'
    return (
        f'"OperationProperties":[{{"Name":"MailAccessType","Value":"{access}"}},'
        f'{{"Name":"IsThrottled","Value":"{throttled}"}}],'
    )


def _folders(box: Person, messages: Sequence[Message]) -> str:
    by_folder: dict[int, list[str]] = {}
    for message in messages:
        by_folder.setdefault(message.folder, []).append(message.item)
    parts = (
        f'{{"FolderItems":[{",".join(items)}],"Id":"{box.folder_ids[folder]}","Path":"{FOLDERS[folder]}"}}'
        for folder, items in by_folder.items()
    )
    return f'"Folders":[{",".join(parts)}],"OperationCount":{len(messages)}}}'


def bind(
    scene: Scene, token: Token | None, moment: int, messages: Sequence[Message], record: str, *, throttled: bool = False
) -> str:
    """Messages opened one by one; the provider puts two minutes of them in one record."""
    org, box, actor = scene.org, scene.box, scene.actor
    return (
        _head(moment, record, "MailItemsAccessed", org.tenant_id, 50)
        + _who(actor)
        + _applications(scene.client)
        + _told(scene, moment)
        + _logon(actor, box)
        + _properties(org, "Bind", throttled)
        + _server(org, box)
        + _carried(scene, token)
        + _folders(box, messages)
    )


def sync(scene: Scene, token: Token | None, moment: int, folder: int, record: str) -> str:
    """A whole folder brought up to date: no messages, no application, no token id; a session where there is one."""
    org, box, actor = scene.org, scene.box, scene.actor
    session = f'"SessionId":"{token.session}",' if token and token.session else ""
    there = box.folder_ids[folder]
    path = FOLDERS[folder]
    name = path.rsplit("\\", 1)[-1]
    return (
        _head(moment, record, "MailItemsAccessed", org.tenant_id, 2)
        + _who(actor)
        + f'"ClientIP":"{scene.spot.ip}",'
        + _told(scene, moment)
        + '"ClientProcessName":"OUTLOOK.EXE","ClientVersion":"16.0.18925.20184",'
        + _logon(actor, box)
        + _properties(org, "Sync", False)
        + _server(org, box)
        + f'{session}"AppAccessContext":{{}},"Item":{{"Id":"{there}","ParentFolder":{{"Id":"{there}","Name":"{name}",'
        + f'"Path":"{path}"}}}}}}'
    )


def attachment(scene: Scene, token: Token | None, moment: int, message: Message, record: str, size: int) -> str:
    """An attachment opened."""
    org, box, actor = scene.org, scene.box, scene.actor
    return (
        _head(moment, record, "AttachmentAccess", org.tenant_id, 50)
        + _who(actor)
        + _applications(scene.client)
        + _told(scene, moment)
        + _logon(actor, box)
        + '"OperationProperties":[{"Name":"AttachmentAccessType","Value":"Bind"}],'
        + _server(org, box)
        + _carried(scene, token)
        + f'"Messages":[{{"MessageItems":[{{"Id":"{message.store_id}","SizeInBytes":{size}}}]}}],"OperationCount":1}}'
    )


def background(
    org: Organisation, box: Person, ip: str, moment: int, messages: Sequence[Message], record: str, which: int
) -> str:
    """The provider's own services opening mail for search, notices and suggestions: no token, its own addresses."""
    app, client_app = BACKGROUND[which]
    return (
        _head(moment, record, "MailItemsAccessed", org.tenant_id, 50)
        + _who(box)
        + f'"AppId":"{app}","ClientAppId":"{client_app}","ClientIPAddress":"{ip}",'
        + '"ClientInfoString":"Client=REST;Client=RESTSystem;;",'
        + _logon(box, box)
        + _properties(org, "Bind", False)
        + _server(org, box)
        + '"AppAccessContext":{},'
        + _folders(box, messages)
    )


def application(
    org: Organisation, program: Program, box: Person, ip: str, moment: int, messages: Sequence[Message], record: str,
    token: Token,
) -> str:  # fmt: skip
    """An organisation's application, which may open every mailbox, through the provider's API."""
    return (
        _head(moment, record, "MailItemsAccessed", org.tenant_id, 50)
        + f'"UserKey":"{program.object_id}","UserType":5,"Version":1,"Workload":"Exchange",'
        + f'"UserId":"ServicePrincipal_{program.object_id}","AppId":"{clients.GRAPH}","ClientAppId":"{program.app_id}",'
        + f'"ClientIPAddress":"{ip}","ClientInfoString":"Client=REST;;",'
        + '"ExternalAccess":false,"InternalLogonType":0,"LogonType":1,"LogonUserSid":"S-1-5-18",'
        + f"{box.owner},"
        + _properties(org, "Bind", False)
        + _server(org, box)
        + f'"TokenObjectId":"{program.object_id}","TokenTenantId":"{org.tenant_id}","AppAccessContext":{{"APIId":'
        + f'"{clients.GRAPH}","ClientAppId":"{program.app_id}","IssuedAtTime":"{stamp(token.issued - 300)}",'
        + f'"UniqueTokenId":"{token.unique}"}},'
        + _folders(box, messages)
    )


def acting(
    org: Organisation, box: Person, ip: str, moment: int, messages: Sequence[Message], record: str, token: Token
) -> str:
    """One of the provider's own programs on behalf of a person, through the API, with a token that no log of the
    organisation shows: service to service."""
    return (
        _head(moment, record, "MailItemsAccessed", org.tenant_id, 50)
        + _who(box)
        + f'"AppId":"{clients.GRAPH}","ClientAppId":"{clients.TEAMS}","ClientIPAddress":"{ip}",'
        + '"ClientInfoString":"Client=REST;;",'
        + _logon(box, box)
        + _properties(org, "Bind", False)
        + _server(org, box)
        + f'"TokenObjectId":"{box.object_id}","TokenTenantId":"{org.tenant_id}","TokenType":"V1AppActAs",'
        + f'"AppAccessContext":{{"APIId":"{clients.GRAPH}","ClientAppId":"{clients.TEAMS}",'
        + f'"IssuedAtTime":"{stamp(token.issued - 300)}","UniqueTokenId":"{token.unique}"}},'
        + _folders(box, messages)
    )


def deed(scene: Scene, token: Token | None, moment: int, message: Message, record: str, operation: str) -> str:
    """What people do beside opening: write, send, delete."""
    org, box = scene.org, scene.box
    inside = f'"Id":"{message.store_id}","InternetMessageId":"{message.message_id}"'
    folder = f'"ParentFolder":{{"Id":"{box.folder_ids[message.folder]}","Path":"{FOLDERS[message.folder]}"}}'
    if operation in ("Send", "Create"):
        kind, what = 2, f'"Item":{{{inside},"IsRecord":false,{folder},"SizeInBytes":4096}}}}'
    else:
        kind, what = 3, f'"AffectedItems":[{{{inside},{folder}}}],"CrossMailboxOperation":false}}'
    return (
        _head(moment, record, operation, org.tenant_id, kind)
        + _who(box)
        + f'"ClientIP":"{scene.spot.ip}",'
        + _applications(scene.client)
        + _told(scene, moment)
        + _logon(box, box)
        + _server(org, box)
        + _carried(scene, token)
        + what
    )


def upkeep(org: Organisation, box: Person, moment: int, record: str) -> str:
    """The provider's own upkeep of a mailbox."""
    system = "NT AUTHORITY\\\\SYSTEM (Microsoft.Exchange.ServiceHost)"
    return (
        _head(moment, record, "Set-Mailbox", org.tenant_id, 1, "True")
        + f'"UserKey":"{system}","UserType":3,"Version":1,"Workload":"Exchange","ObjectId":"{box.upn}",'
        + f'"UserId":"{system}","AppId":"","ClientAppId":"","ExternalAccess":true,"OrganizationName":"{org.domain}",'
        + f'"OriginatingServer":"{box.server} (15.20.4200.000)",'
        + f'"Parameters":[{{"Name":"Identity","Value":"{box.upn}"}},'
        + '{"Name":"RecoverableItemsQuota","Value":"30 GB (32,212,254,720 bytes)"}]}'
    )


def file_opened(org: Organisation, person: Person, client: Client, spot: Spot, moment: int, rng: Random) -> str:
    """A document opened: the log holds far more than mail."""
    site = f"https://{org.domain.split('.')[0]}-my.files.example/personal/{person.upn.split('@')[0].replace('.', '_')}/"
    name = f"Notes {rng.randrange(1, 200)}.docx"
    day = (moment - chance.EPOCH) // chance.DAY
    return (
        f'{{"CreationTime":"{stamp(moment)}","Id":"{chance.guid(rng)}","Operation":"FileAccessed",'
        f'"OrganizationId":"{org.tenant_id}","RecordType":6,"UserKey":"i:0h.f|membership|{person.user_key}@live.com",'
        f'"UserType":0,"Version":1,"Workload":"OneDrive","ClientIP":"{spot.ip}","ObjectId":"{site}Documents/{name}",'
        f'"UserId":"{person.upn}","CorrelationId":"{chance.guid(rng)}","EventSource":"SharePoint","ItemType":"File",'
        f'"UserAgent":"{client.agent(day)}","SourceFileExtension":"docx","SiteUrl":"{site}","SourceFileName":"{name}",'
        f'"SourceRelativeUrl":"Documents","AppAccessContext":{{"CorrelationId":"{chance.guid(rng)}"}}}}'
    )


def signed_in(
    org: Organisation, person: Person, client: Client, spot: Spot, moment: int, request: str, session: str, error: int
) -> str:
    """An interactive sign-in as the unified log tells it: the same id as the sign-in log's record."""
    day = (moment - chance.EPOCH) // chance.DAY
    operation, status = ("UserLoginFailed", "Failed") if error else ("UserLoggedIn", "Success")
    device = f'{{"Name":"Id","Value":"{client.device}"}},' if client.device else ""
    return (
        _head(moment, request, operation, org.tenant_id, 15, status)
        + f'"UserKey":"{person.object_id}","UserType":0,"Version":1,"Workload":"AzureActiveDirectory",'
        + f'"ClientIP":"{spot.ip}","ObjectId":"{clients.EXCHANGE}","UserId":"{person.upn}",'
        + '"AzureActiveDirectoryEventType":1,"ExtendedProperties":[{"Name":"ResultStatusDetail","Value":'
        + f'"{"UserError" if error else "Success"}"}},{{"Name":"UserAgent","Value":"{client.agent(day)}"}},'
        + '{"Name":"RequestType","Value":"OAuth2:Authorize"}],"ModifiedProperties":[],'
        + f'"Actor":[{{"ID":"{person.object_id}","Type":0}},{{"ID":"{person.upn}","Type":5}}],'
        + f'"ActorContextId":"{org.tenant_id}","ActorIpAddress":"{spot.ip}",'
        + f'"InterSystemsId":"{session[:8]}{request[8:]}",'
        + f'"IntraSystemId":"{request}","SupportTicketId":"","Target":[{{"ID":"{clients.EXCHANGE}","Type":0}}],'
        + f'"TargetContextId":"{org.tenant_id}","ApplicationId":"{client.sign_in_app}","DeviceProperties":[{device}'
        + f'{{"Name":"OS","Value":"{client.os}"}},{{"Name":"BrowserType","Value":"{client.browser}"}},'
        + f'{{"Name":"IsCompliantAndManaged","Value":"{client.managed}"}},{{"Name":"SessionId","Value":"{session}"}}],'
        + f'"ErrorNumber":"{error}"}}'
    )
