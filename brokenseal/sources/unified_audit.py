"""The unified audit log of Microsoft 365: as Management Activity API JSON, Search-UnifiedAuditLog CSV, Graph audit query.

What: MailItemsAccessed and AttachmentAccess are accesses, their messages items, UserLoggedIn and UserLoginFailed
issuances. Why: who opened a mailbox is written here alone. How: `MailAccessType` tells a bind (messages listed) from a sync
(a whole folder), never the record type; token and session ids come in the spellings of 2021 to 2026. Misses: a bind
repeated within an hour leaves no record; sign-ins without a person leave none here either.
"""

from __future__ import annotations

from typing import Any

from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

_T = "VARCHAR"
_NAMED = [{"Name": _T, "Value": _T}]
_FOLDER = {"Id": _T, "Path": _T, "Name": _T}
_ITEM = {"Id": _T, "ImmutableId": _T, "InternetMessageId": _T, "SizeInBytes": _T, "Subject": _T}


def _leaves(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), _T)


RECORD = {
    **_leaves(
        "Id CreationTime Operation OrganizationId UserId UserKey UserType ResultStatus ObjectId ClientIP ClientIPAddress "
        "ActorIpAddress ActorIP MailboxOwnerUPN MailboxOwnerSid MailboxGuid LogonType LogonUserSid ClientInfoString "
        "ActorInfoString AppId ClientAppId ApplicationId SessionId DeviceId UniqueTokenId IssuedAtTime TokenObjectId "
        "TokenTenantId ActorContextId ErrorNumber ClientProcessName ClientVersion"
    ),
    "AppAccessContext": _leaves("AADSessionId APIId ClientAppId UniqueTokenId IssuedAtTime TokenIssuedAtTime DeviceId"),
    "OperationProperties": _NAMED,
    "Folders": [{**_FOLDER, "FolderItems": [_ITEM]}],
    "Folder": _FOLDER,
    "Item": {**_ITEM, "ParentFolder": _FOLDER},
    "Messages": [{**_ITEM, "Path": _T, "MessageItems": [_ITEM]}],
    "DeviceProperties": _NAMED,
    "ExtendedProperties": _NAMED,
    "Target": [{"ID": _T}],
}

_TEXTS = {
    "id_text": "bs_plain(u.Id)",
    "operation_text": "bs_plain(u.Operation)",
    "tenant_text": "bs_plain(u.OrganizationId)",
    "time_text": "bs_text(u.CreationTime)",
}
_RECORD = {
    "record_id": "bs_small(id_text)",
    "tenant_id": "coalesce(bs_guid(tenant_text), given_tenant)",
    "operation": "operation_text",
    "time": "bs_moment(time_text)",
    "content": "md5(concat_ws('|', operation_text, time_text, u.UserId, u.MailboxGuid, u.ObjectId, "
    "coalesce(u.ClientIPAddress, u.ClientIP), u.SessionId, u.ResultStatus))",
}
_OUTER_TEXTS = {
    "id_text": "coalesce(bs_plain(u.Id), bs_plain(p.id))",
    "operation_text": "coalesce(bs_plain(u.Operation), bs_plain(p.operation))",
    "tenant_text": "coalesce(bs_plain(u.OrganizationId), bs_plain(p.organizationId))",
    "time_text": "coalesce(bs_text(u.CreationTime), bs_text(p.createdDateTime))",
}
_VALID = "coalesce(id_text, operation_text, time_text) is not null"

_MAILBOX = "bs_plain(u.MailboxOwnerUPN)"
_KIND = "bs_named(u.OperationProperties, 'MailAccessType')"
# a synchronised folder; the path may be 'Not Available', the name is in the mailbox's language
_PARENT = """coalesce(nullif(bs_text(u.Item.ParentFolder.Path), 'Not Available'), bs_text(u.Item.ParentFolder.Name),
    nullif(bs_text(u.Folder.Path), 'Not Available'), bs_text(u.Folder.Name))"""
_FIRST_FOLDER = """case when len(u.Folders) = 1 then struct_pack(path := u.Folders[1].Path, id := u.Folders[1].Id)
    when len(u.Folders) > 1
    then list_sort(list_transform(u.Folders, lambda f: struct_pack(path := f.Path, id := f.Id)))[1] end"""
_LISTED = """cast(case when len(u.Folders) = 1 then len(u.Folders[1].FolderItems)
    when u.Folders is not null then list_sum(list_transform(u.Folders, lambda f: len(f.FolderItems)))
    when u.Messages is not null then list_sum(list_transform(u.Messages, lambda m: coalesce(len(m.MessageItems), 1)))
    when coalesce(u.Item.Id, u.Item.InternetMessageId) is not null then 1 end as bigint)"""
_LOGON = """case
    when user_type in ('5', '6') or starts_with(actor, 'serviceprincipal_') or starts_with(user_key, 'serviceprincipal_')
        then 'application'
    when user_type in ('3', '4') or starts_with(actor, 'nt authority') then 'system'
    when logon in ('2', 'delegate', 'delegated') then 'delegate'
    when logon in ('1', 'admin') then 'admin'
    when logon in ('0', 'owner') then case when actor is null or mailbox is null or actor = mailbox
        or not contains(actor, '@') or same_sid then 'owner' else 'delegate' end end"""

# each level names what the next one uses, so that nothing is planned or computed twice
_ACCESS = "operation in ('MailItemsAccessed', 'AttachmentAccess')"
_ACCESSES = f"""with texts as (select record_id, time, tenant_id, operation, file, row, {_MAILBOX} as box_name,
        bs_plain(u.UserId) as user_id, bs_text(u.UserKey) as user_key_text, u.MailboxGuid as box,
        {_KIND} as kind_text, bs_text(u.LogonType) as logon_text, bs_text(u.UserType) as user_type,
        coalesce(u.LogonUserSid = u.MailboxOwnerSid, false) as same_sid, {_PARENT} as parent,
        coalesce(bs_text(u.Item.ParentFolder.Id), bs_text(u.Folder.Id)) as parent_id,
        {_FIRST_FOLDER} as first_folder, coalesce(len(u.Folders) > 0, false) as lists, {_LISTED} as listed,
        bs_named(u.OperationProperties, 'IsThrottled') as throttled_text,
        coalesce(bs_text(u.ClientInfoString), bs_text(u.ActorInfoString)) as info,
        nullif(concat_ws(' ', nullif(u.ClientProcessName, ''), nullif(u.ClientVersion, '')), '') as program,
        u.AppId as app, u.AppAccessContext.APIId as api,
        u.ClientAppId as asker, u.AppAccessContext.ClientAppId as context_asker,
        coalesce(bs_text(u.ClientIPAddress), bs_text(u.ActorIpAddress), bs_text(u.ActorIP), bs_text(u.ClientIP)) as address,
        u.AppAccessContext.AADSessionId as context_session, u.SessionId as session,
        coalesce(bs_text(u.AppAccessContext.UniqueTokenId), bs_text(u.UniqueTokenId)) as unique_token,
        bs_text(u.AppAccessContext.IssuedAtTime) as issued, bs_text(u.AppAccessContext.TokenIssuedAtTime) as token_issued,
        bs_text(u.IssuedAtTime) as own_issued, u.TokenTenantId as token_tenant, u.TokenObjectId as subject,
        u.DeviceId as device, u.AppAccessContext.DeviceId as context_device
    from kept where {_ACCESS}),
    decoded as (select *, bs_token(unique_token) as token_id, bs_small(user_key_text) as user_key,
        bs_small(box_name) as mailbox, bs_fold(kind_text) as kind, bs_true(throttled_text) as throttled,
        coalesce(bs_small(user_id), bs_small(user_key_text)) as actor, bs_small(logon_text) as logon from texts)
    select record_id, time, tenant_id, file, row, mailbox, actor, throttled, info, program, token_id,
        bs_guid(box) as mailbox_guid, {_LOGON} as logon_type, bs_host(address) as host,
        coalesce(bs_guid(app), bs_guid(api)) as app_id, coalesce(bs_guid(asker), bs_guid(context_asker)) as client_app_id,
        coalesce(bs_guid(context_session), bs_guid(session)) as session_id, bs_token_odd(token_id) as token_id_odd,
        coalesce(bs_moment(issued), bs_moment(token_issued), bs_moment(own_issued)) as token_issued_at,
        bs_guid(token_tenant) as token_tenant_id, bs_guid(subject) as token_object_id,
        coalesce(bs_guid(device), bs_guid(context_device)) as device_id, bs_guid(bs_written(user_key)) as user_object_id,
        coalesce(parent, bs_text(first_folder.path)) as folder, coalesce(parent_id, bs_text(first_folder.id)) as folder_id,
        case when operation = 'AttachmentAccess' then 'attachment' when kind in ('bind', 'sync') then kind
            when lists then 'bind' when parent is not null then 'sync' else 'open' end as access,
        case when kind = 'sync' then null else listed end as item_count
    from decoded"""

_ITEM_COLUMNS = """bs_message(coalesce(bs_text(i.InternetMessageId), bs_text(f.InternetMessageId))) as message_id,
    coalesce(bs_text(i.ImmutableId), bs_text(f.ImmutableId)) as immutable_id,
    coalesce(bs_text(i.Id), bs_text(f.Id)) as store_id, bs_text(f.Path) as folder,
    coalesce(bs_text(i.Subject), bs_text(f.Subject)) as subject, bs_whole(i.SizeInBytes) as size"""
_PLAIN_ITEM_COLUMNS = """bs_message(i.InternetMessageId) as message_id, bs_text(i.ImmutableId) as immutable_id,
    bs_text(i.Id) as store_id, bs_text(path) as folder, bs_text(i.Subject) as subject, bs_whole(i.SizeInBytes) as size"""
_PLACE = f"record_id, time, tenant_id, file, row, {_MAILBOX} as box_name"
_KEPT = "record_id, time, tenant_id, file, row, box_name"
_ITEMS = f"""with listed as (select {_PLACE}, unnest(u.Folders) as f from kept where {_ACCESS}),
    bound as (select {_KEPT}, f.Path as path, unnest(f.FolderItems) as i from listed),
    attached as (select {_PLACE}, unnest(u.Messages) as f from kept where operation = 'AttachmentAccess'),
    parts as (select {_KEPT}, f, unnest(coalesce(f.MessageItems, [null])) as i from attached),
    single as (select {_PLACE}, {_PARENT} as path, u.Item as i from kept where {_ACCESS}
        and u.Folders is null and coalesce(u.Item.Id, u.Item.InternetMessageId) is not null
        and {_KIND} is distinct from 'Sync')
    select *, bs_small(box_name) as mailbox from (select {_KEPT}, {_PLAIN_ITEM_COLUMNS} from bound
        union all select {_KEPT}, {_PLAIN_ITEM_COLUMNS} from single
        union all select {_KEPT}, {_ITEM_COLUMNS} from parts)
    where coalesce(message_id, immutable_id, store_id) is not null"""

_SIGNED = "operation in ('UserLoggedIn', 'UserLoginFailed')"
_ISSUANCES = f"""with texts as (select record_id, time, tenant_id, operation, file, row,
        u.ActorContextId as home, bs_plain(u.UserId) as user_id, bs_text(u.UserKey) as user_key,
        u.ApplicationId as app, bs_text(u.ObjectId) as resource, bs_text(u.Target[1].ID) as target,
        coalesce(bs_text(u.ClientIP), bs_text(u.ActorIpAddress), bs_text(u.ClientIPAddress)) as address,
        bs_named(u.ExtendedProperties, 'UserAgent') as agent_text, bs_named(u.DeviceProperties, 'Id') as device,
        u.DeviceId as own_device, bs_named(u.DeviceProperties, 'IsCompliantAndManaged') as managed_text,
        bs_named(u.DeviceProperties, 'SessionId') as session, u.AppAccessContext.AADSessionId as context_session,
        u.SessionId as own_session, bs_named(u.ExtendedProperties, 'RequestType') as request_type,
        bs_plain(u.ErrorNumber) as error_number
    from kept where {_SIGNED})
    select record_id as issuance_id, record_id, record_id as token_id, time, tenant_id, file, row,
        bs_text(agent_text) as user_agent, bs_text(request_type) as protocol,
        coalesce(bs_guid(home), tenant_id) as home_tenant_id, coalesce(bs_small(user_id), bs_small(user_key)) as user,
        bs_guid(bs_written(user_key)) as user_object_id, bs_guid(app) as app_id,
        coalesce(bs_guid(bs_written(resource)), bs_guid(bs_written(target))) as resource_id, bs_host(address) as host,
        null::varchar as country, null::bigint as asn, coalesce(bs_guid(device), bs_guid(own_device)) as device_id,
        bs_true(managed_text) as managed,
        coalesce(bs_guid(session), bs_guid(context_session), bs_guid(own_session)) as session_id, true as interactive,
        null::varchar as incoming_token, null::varchar as mfa,
        case operation when 'UserLoggedIn' then 'success' else 'failure' end as outcome,
        case operation when 'UserLoggedIn' then null else error_number end as error,
        null::varchar as risk, 'unified-audit' as stream
    from texts"""

_TABLES = {"accesses": (_ACCESS, _ACCESSES), "items": (_ACCESS, _ITEMS), "issuances": (_SIGNED, _ISSUANCES)}
_KEYS = ("Id", "CreationTime", "Operation", "OrganizationId", "RecordType", "UserKey", "UserType", "Workload")


def _is_json(seen: Sample) -> bool:
    return seen.has(*_KEYS, least=4)


def _is_exported(seen: Sample) -> bool:
    """The cmdlet's records, as CSV or as ConvertTo-Json writes them."""
    return "AuditData" in seen.header or seen.has("AuditData")


def _is_graph(seen: Sample) -> bool:
    return seen.has("auditData")


LOGS = (
    Log("unified-audit", "unified-audit", _is_json, RECORD, _TEXTS, _RECORD, _VALID, _TABLES),
    Log(
        "unified-audit-csv",
        "unified-audit",
        _is_exported,
        RECORD,
        _TEXTS,
        _RECORD,
        _VALID,
        _TABLES,
        column="AuditData",
        shapes=("csv", "json-lines", "json-array", "json-value"),
    ),
    Log(
        "graph-audit",
        "unified-audit",
        _is_graph,
        {**_leaves("id createdDateTime operation organizationId"), "auditData": RECORD},
        _OUTER_TEXTS,
        _RECORD,
        _VALID,
        _TABLES,
        unwrap="p.auditData",
    ),
)
