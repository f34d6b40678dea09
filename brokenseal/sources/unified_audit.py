"""The unified audit log of Microsoft 365.

Yields: records; accesses and items from MailItemsAccessed and AttachmentAccess; issuances from UserLoggedIn and
UserLoginFailed (the echo of interactive sign-ins, used where no sign-in log is). Shapes: Management Activity API JSON, the
AuditData of `Search-UnifiedAuditLog`, and `auditData` of Graph audit queries; inside, all three are the same record.
Traps: MailAccessType decides between bind and sync, never the record type; a sync has no AppId and no Folders; one session
id is spelled in three places; "", {} and zero GUIDs are absent.
"""

from __future__ import annotations

from typing import Any

FORMATS = ("unified-audit", "unified-audit-csv", "graph-audit", "unified-audit-wrapped")
INNER = {
    "graph-audit": "auditData",
    "unified-audit-wrapped": "AuditData",
}
_T = "VARCHAR"
_BAG = [{"Name": _T, "Value": _T}]
_ITEM = {"InternetMessageId": _T, "Id": _T, "ImmutableId": _T, "SizeInBytes": _T, "Subject": _T}
SPEC: dict[str, Any] = {
    **dict.fromkeys(
        (
            "CreationTime", "Id", "Operation", "OrganizationId", "RecordType", "UserKey", "UserType", "Workload", "ClientIP",
            "ClientIPAddress", "ActorIpAddress", "ActorIP", "UserId", "AppId", "ClientAppId", "ClientInfoString",
            "ActorInfoString", "ClientProcessName", "ClientVersion", "LogonType", "MailboxGuid", "MailboxOwnerUPN",
            "SessionId", "DeviceId", "TokenObjectId", "TokenTenantId", "ObjectId", "ApplicationId", "ErrorNumber",
        ),
        _T,
    ),
    "OperationProperties": _BAG,
    "ExtendedProperties": _BAG,
    "DeviceProperties": _BAG,
    "AppAccessContext": dict.fromkeys(
        ("AADSessionId", "UniqueTokenId", "IssuedAtTime", "TokenIssuedAtTime", "ClientAppId", "APIId"), _T
    ),
    "Item": {"Id": _T, "ParentFolder": {"Id": _T, "Name": _T, "Path": _T}},
    "Folders": [{"Id": _T, "Path": _T, "FolderItems": [_ITEM]}],
    "Messages": [{"Id": _T, "MessageItems": [_ITEM]}],
}  # fmt: skip

ID = "bs_fold(r.Id)"
VALID = "bs_text(r.Operation) is not null"
INVALID = "not a unified audit record: it names no operation"
TENANT = "bs_guid(r.OrganizationId)"
TIME = "bs_time(r.CreationTime)"
IP = "coalesce(bs_text(r.ClientIPAddress), bs_text(r.ActorIpAddress), bs_text(r.ActorIP), bs_text(r.ClientIP))"
# what every shape of a record holds: copies that differ in it disagree
CONTENT = (
    "concat_ws('|', r.CreationTime, r.Operation, r.OrganizationId, r.UserId, r.MailboxGuid, r.ClientIPAddress, r.SessionId, "
    "r.AppAccessContext.UniqueTokenId, cast(r.Folders as varchar), cast(r.Item as varchar))"
)

_ACCESS = "r.Operation in ('MailItemsAccessed', 'AttachmentAccess')"
_INFO = "coalesce(bs_text(r.ClientInfoString), bs_text(r.ActorInfoString))"
_KIND = (
    "case bs_fold(bs_named(r.OperationProperties, 'mailaccesstype')) when 'sync' then 'sync' when 'bind' then 'bind' "
    "else case when r.Operation = 'AttachmentAccess' then 'attachment' when r.Item.ParentFolder.Id is not null "
    "and r.Folders is null then 'sync' else 'bind' end end"
)
_CLIENTS = (
    ("client=owa", "owa"), ("client=rest;client=restsystem", "restsystem"), ("client=rest", "rest"),
    ("client=msexchangerpc", "outlook"), ("client=outlook", "outlook"), ("client=mapi", "outlook"),
    ("client=hub transport", "transport"), ("client=activesync", "activesync"), ("client=pop3", "pop"),
    ("client=imap4", "imap"), ("client=webservices", "ews"),
)  # fmt: skip
_CLIENT = (
    "case when info is null then null "
    + " ".join(f"when starts_with(lower(info), '{start}') then '{name}'" for start, name in _CLIENTS)
    + " else 'other' end"
)
_AGENT = (
    "case when client = 'outlook' then bs_text(concat_ws(' ', bs_text(r.ClientProcessName), bs_text(r.ClientVersion))) "
    "when client = 'restsystem' then null "
    "else nullif(bs_text(rtrim(regexp_replace(info, '^[^;]*;', ''), '; ')), 'Action=ViaProxy') end"
)
_LOGON = (
    "case when starts_with(bs_fold(r.UserId), 'serviceprincipal_') or r.UserType in ('5', '6') then 'application' "
    "when r.LogonType in ('1', '6') then 'admin' when r.LogonType = '2' then 'delegate' "
    "when r.LogonType in ('3', '4', '5') or r.UserType = '4' then 'system' "
    "when r.LogonType = '0' and bs_fold(r.UserId) <> bs_fold(r.MailboxOwnerUPN) then 'delegate' "
    "when r.LogonType = '0' then 'owner' end"
)
_TOKEN = "bs_token(bs_text(r.AppAccessContext.UniqueTokenId))"
_FOLDERS = "list_sort(list_filter(list_transform(r.Folders, f -> bs_text(f.Path)), p -> p is not null))"
_COUNT = (
    "coalesce(list_sum(list_transform(r.Folders, f -> len(f.FolderItems))), 0) "
    "+ coalesce(list_sum(list_transform(r.Messages, m -> len(m.MessageItems))), 0)"
)

TABLES = {
    "accesses": f"""
        with a as (select *, {_INFO} as info, {_KIND} as access, {_TOKEN} as token_id from fresh where {_ACCESS}),
        b as (select *, {_CLIENT} as client from a),
        c as (select *, {_AGENT} as user_agent from b)
        select record_id, time, tenant_id, bs_fold(r.MailboxOwnerUPN) as mailbox, bs_guid(r.MailboxGuid) as mailbox_guid,
            bs_fold(r.UserId) as actor, {_LOGON} as logon_type, access,
            case when access = 'sync' then coalesce(nullif(bs_text(r.Item.ParentFolder.Path), 'Not Available'),
                bs_text(r.Item.ParentFolder.Name)) else {_FOLDERS}[1] end as folder,
            case when access = 'sync' then bs_text(r.Item.ParentFolder.Id) else bs_text(r.Folders[1].Id) end as folder_id,
            case when access <> 'sync' then cast({_COUNT} as bigint) end as item_count,
            bs_true(bs_named(r.OperationProperties, 'isthrottled')) as throttled, client, user_agent,
            regexp_replace(user_agent, '[0-9]+', '0', 'g') as agent,
            bs_guid(r.AppId) as app_id, coalesce(bs_guid(r.ClientAppId), bs_guid(r.AppAccessContext.ClientAppId)) as client_app_id,
            ip, prefix, wide, ip_is,
            coalesce(bs_guid(r.AppAccessContext.AADSessionId), bs_guid(r.SessionId)) as session_id,
            token_id, bs_token_odd(token_id) as token_id_odd,
            coalesce(bs_time(r.AppAccessContext.IssuedAtTime), bs_time(r.AppAccessContext.TokenIssuedAtTime)) as token_issued_at,
            bs_guid(r.TokenTenantId) as token_tenant_id, bs_guid(r.TokenObjectId) as token_object_id,
            case when regexp_matches(r.UserKey, '^[0-9a-fA-F]{{8}}-') then bs_guid(r.UserKey) end as user_object_id,
            bs_guid(r.DeviceId) as device_id
        from c""",
    "items": f"""
        with f as (select record_id, time, tenant_id, bs_fold(r.MailboxOwnerUPN) as mailbox, unnest(r.Folders) as folder
                from fresh where {_ACCESS} and r.Folders is not null),
        m as (select record_id, time, tenant_id, bs_fold(r.MailboxOwnerUPN) as mailbox, unnest(r.Messages) as message
                from fresh where {_ACCESS} and r.Messages is not null),
        i as (select record_id, time, tenant_id, mailbox, bs_text(folder.Path) as folder, unnest(folder.FolderItems) as item from f
            union all select record_id, time, tenant_id, mailbox, null, unnest(message.MessageItems) from m)
        select record_id, time, tenant_id, mailbox, bs_message(item.InternetMessageId) as message_id,
            bs_text(item.ImmutableId) as immutable_id, bs_text(item.Id) as store_id, folder, bs_text(item.Subject) as subject,
            bs_whole(item.SizeInBytes) as size
        from i""",
    "issuances": """
        select record_id as issuance_id, record_id, time, tenant_id, tenant_id as home_tenant_id,
            bs_fold(r.UserId) as user, case when regexp_matches(r.UserKey, '^[0-9a-fA-F]{8}-') then bs_guid(r.UserKey) end
                as user_object_id,
            bs_guid(r.ApplicationId) as app_id, bs_guid(r.ObjectId) as resource_id, ip, prefix, wide, ip_is,
            null as country, null as asn, bs_text(bs_named(r.ExtendedProperties, 'useragent')) as user_agent,
            bs_guid(bs_named(r.DeviceProperties, 'id')) as device_id,
            bs_true(bs_named(r.DeviceProperties, 'iscompliantandmanaged')) as managed,
            bs_guid(bs_named(r.DeviceProperties, 'sessionid')) as session_id, record_id as token_id, true as interactive,
            bs_text(bs_named(r.ExtendedProperties, 'requesttype')) as protocol, null as incoming_token, null as mfa,
            case r.Operation when 'UserLoggedIn' then 'success' else 'failure' end as outcome,
            nullif(bs_text(r.ErrorNumber), '0') as error, null as risk, 'unified-audit' as stream
        from fresh where r.Operation in ('UserLoggedIn', 'UserLoginFailed')""",
}
SOURCE = "unified-audit"
OPERATION = "bs_text(r.Operation)"
AVAILABLE = "null::timestamp"
