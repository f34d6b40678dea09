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
    "Item": {**_ITEM, "ParentFolder": _FOLDER},
    "Messages": [{**_ITEM, "Path": _T, "MessageItems": [_ITEM]}],
    "DeviceProperties": _NAMED,
    "ExtendedProperties": _NAMED,
    "Target": [{"ID": _T}],
}

# what two columns need, or what is long to write, is picked once
_TEXTS = {
    "id_text": "bs_plain(u.Id)",
    "operation_text": "bs_plain(u.Operation)",
    "tenant_text": "bs_plain(u.OrganizationId)",
    "time_text": "bs_text(u.CreationTime)",
    "user_id": "bs_plain(u.UserId)",
    "key_text": "bs_text(u.UserKey)",
    "box_name": "bs_plain(u.MailboxOwnerUPN)",
    "kind_text": "bs_named(u.OperationProperties, 'MailAccessType')",
    "throttled_text": "bs_named(u.OperationProperties, 'IsThrottled')",
    "address": "coalesce(bs_text(u.ClientIPAddress), bs_text(u.ClientIP), bs_text(u.ActorIpAddress), bs_text(u.ActorIP))",
    "issued_text": "coalesce(nullif(u.AppAccessContext.IssuedAtTime, ''), nullif(u.AppAccessContext.TokenIssuedAtTime, ''), "
    "u.IssuedAtTime)",
}
_OUTER_TEXTS = {
    **_TEXTS,
    "id_text": "coalesce(bs_plain(u.Id), bs_plain(p.id))",
    "operation_text": "coalesce(bs_plain(u.Operation), bs_plain(p.operation))",
    "tenant_text": "coalesce(bs_plain(u.OrganizationId), bs_plain(p.organizationId))",
    "time_text": "coalesce(bs_text(u.CreationTime), bs_text(p.createdDateTime))",
}
_VALID = "coalesce(id_text, operation_text, time_text) is not null"
_SIGN_INS = "operation_text in ('UserLoggedIn', 'UserLoginFailed')"
# what every shape tells alike, however it writes it; what follows is told by those that leave nothing out
_SHARED = "md5(concat_ws('|', operation, time, bs_small(user_id), mailbox_guid, u.ObjectId, host))"
# a synchronised folder's path may be 'Not Available'; its name is in the mailbox's language
_RECORD = {
    "record_id": "bs_small(id_text)",
    "tenant_id": "coalesce(bs_guid(tenant_text), given_tenant)",
    "operation": "operation_text",
    "time": "bs_moment(time_text)",
    "actor": "coalesce(bs_small(user_id), bs_small(key_text))",
    "user_key": "bs_small(key_text)",
    "user_type": "bs_text(u.UserType)",
    "logon": "bs_fold(u.LogonType)",
    "same_sid": "coalesce(u.LogonUserSid = u.MailboxOwnerSid, false)",
    "mailbox": "bs_small(box_name)",
    "mailbox_guid": "bs_guid(u.MailboxGuid)",
    "kind": "bs_fold(kind_text)",
    "throttled": "bs_true(throttled_text)",
    "parent": "coalesce(nullif(bs_text(u.Item.ParentFolder.Path), 'Not Available'), bs_text(u.Item.ParentFolder.Name))",
    "parent_id": "bs_text(u.Item.ParentFolder.Id)",
    "folders": "u.Folders",
    "messages": "case when operation_text = 'AttachmentAccess' then u.Messages end",
    "single": "case when u.Folders is null and coalesce(u.Item.Id, u.Item.InternetMessageId) is not null "
    "and kind_text is distinct from 'Sync' then [u.Item] end",
    "info": "coalesce(bs_text(u.ClientInfoString), bs_text(u.ActorInfoString))",
    "program": "nullif(concat_ws(' ', nullif(u.ClientProcessName, ''), nullif(u.ClientVersion, '')), '')",
    "host": "bs_host(address)",
    "app_id": "coalesce(bs_guid(u.AppId), bs_guid(u.AppAccessContext.APIId))",
    "client_app_id": "coalesce(bs_guid(u.ClientAppId), bs_guid(u.AppAccessContext.ClientAppId))",
    "session_id": "coalesce(bs_guid(u.AppAccessContext.AADSessionId), bs_guid(u.SessionId))",
    "unique_token": "coalesce(bs_text(u.AppAccessContext.UniqueTokenId), bs_text(u.UniqueTokenId))",
    "token_issued_at": "bs_time(issued_text)",
    "token_tenant_id": "bs_guid(u.TokenTenantId)",
    "token_object_id": "bs_guid(u.TokenObjectId)",
    "device_id": "coalesce(bs_guid(u.DeviceId), bs_guid(u.AppAccessContext.DeviceId))",
    "signed": f"""case when {_SIGN_INS} then [struct_pack(home := u.ActorContextId, app := u.ApplicationId,
        resource := bs_text(u.ObjectId), target := bs_text(u.Target[1].ID),
        agent := bs_named(u.ExtendedProperties, 'UserAgent'), request := bs_named(u.ExtendedProperties, 'RequestType'),
        device := bs_named(u.DeviceProperties, 'Id'), managed := bs_named(u.DeviceProperties, 'IsCompliantAndManaged'),
        session := bs_named(u.DeviceProperties, 'SessionId'), error := bs_plain(u.ErrorNumber))] end""",
    # behind the columns that it is made of
    "content": f"{_SHARED} || md5(concat_ws('|', u.SessionId, u.ResultStatus))",
}

THIN = {**_RECORD, "content": _SHARED}
"""As a shape tells it that leaves fields out."""

_LOGON = """case
    when user_type in ('5', '6') or starts_with(actor, 'serviceprincipal_') or starts_with(user_key, 'serviceprincipal_')
        then 'application'
    when user_type in ('3', '4') or starts_with(actor, 'nt authority') then 'system'
    when logon in ('2', 'delegate', 'delegated') then 'delegate'
    when logon in ('1', 'admin') then 'admin'
    when logon in ('0', 'owner') then case when actor is null or mailbox is null or actor = mailbox
        or not contains(actor, '@') or same_sid then 'owner' else 'delegate' end end"""
_LISTED = """cast(case when folders is not null then list_sum(list_transform(shapes, lambda f: f.items))
    when messages is not null then list_sum(list_transform(messages, lambda m: coalesce(len(m.MessageItems), 1)))
    when single is not null then 1 end as bigint)"""
_ACCESS = "operation in ('MailItemsAccessed', 'AttachmentAccess')"
_ACCESSES = f"""with shaped as (select *, bs_token(unique_token) as token_id, list_transform(folders,
        lambda f: struct_pack(path := f.Path, id := f.Id, items := len(f.FolderItems))) as shapes from typed where {_ACCESS}),
    first as (select *, case when len(shapes) < 2 then shapes[1] else list_sort(shapes)[1] end as folder_listed from shaped)
    select record_id, time, tenant_id, file, row, mailbox, mailbox_guid, actor, throttled, info, program, host, app_id,
        client_app_id, session_id, token_id, bs_token_odd(token_id) as token_id_odd, token_issued_at, token_tenant_id,
        token_object_id, device_id, {_LOGON} as logon_type, bs_guid(bs_written(user_key)) as user_object_id,
        coalesce(parent, bs_text(folder_listed.path)) as folder, coalesce(parent_id, bs_text(folder_listed.id)) as folder_id,
        case when operation = 'AttachmentAccess' then 'attachment' when kind in ('bind', 'sync') then kind
            when len(folders) > 0 then 'bind' when parent is not null then 'sync' else 'open' end as access,
        case when kind = 'sync' then null else {_LISTED} end as item_count, null::bigint as response_bytes,
        null::varchar as mailbox_object_id
    from first"""

_PLACE = "record_id, time, tenant_id, file, row, mailbox"
_ITEM_TEXTS = """i.InternetMessageId as message, i.ImmutableId as immutable, i.Id as store, i.Subject as title,
    i.SizeInBytes as bytes"""
_PART_TEXTS = """coalesce(i.InternetMessageId, f.InternetMessageId), coalesce(i.ImmutableId, f.ImmutableId),
    coalesce(i.Id, f.Id), coalesce(i.Subject, f.Subject), i.SizeInBytes"""
_ITEMS = f"""with listed as (select {_PLACE}, unnest(folders) as f from typed where {_ACCESS}),
    bound as (select {_PLACE}, f.Path as path, unnest(f.FolderItems) as i from listed),
    attached as (select {_PLACE}, unnest(messages) as f from typed where messages is not null),
    parts as (select {_PLACE}, f, unnest(coalesce(f.MessageItems, [null])) as i from attached),
    alone as (select {_PLACE}, parent as path, unnest(single) as i from typed where {_ACCESS} and single is not null),
    texts as (select {_PLACE}, path, {_ITEM_TEXTS} from bound union all select {_PLACE}, path, {_ITEM_TEXTS} from alone
        union all select {_PLACE}, f.Path, {_PART_TEXTS} from parts)
    select {_PLACE}, bs_message(message) as message_id, bs_text(immutable) as immutable_id, bs_text(store) as store_id,
        bs_text(path) as folder, bs_text(title) as subject, bs_whole(bytes) as size
    from texts where coalesce(nullif(message, ''), nullif(immutable, ''), nullif(store, '')) is not null"""

_ISSUANCES = """with texts as (select record_id, time, tenant_id, operation, file, row, actor, user_key, host, device_id,
        session_id, unnest(signed) as s from typed where signed is not null)
    select record_id as issuance_id, record_id, record_id as token_id, time, tenant_id, file, row, host,
        bs_text(s.agent) as user_agent, bs_text(s.request) as protocol, coalesce(bs_guid(s.home), tenant_id) as home_tenant_id,
        actor as user, bs_guid(bs_written(user_key)) as user_object_id, bs_guid(s.app) as app_id,
        coalesce(bs_guid(bs_written(s.resource)), bs_guid(bs_written(s.target))) as resource_id,
        null::varchar as country, null::bigint as asn, coalesce(bs_guid(s.device), device_id) as device_id,
        bs_true(s.managed) as managed, coalesce(bs_guid(s.session), session_id) as session_id, true as interactive,
        null::varchar as incoming_token, null::varchar as mfa,
        case operation when 'UserLoggedIn' then 'success' else 'failure' end as outcome,
        case operation when 'UserLoggedIn' then null else s.error end as error,
        null::varchar as risk, 'unified-audit' as stream
    from texts"""

_TABLES = {
    "accesses": (_ACCESS, _ACCESSES),
    "items": (_ACCESS, _ITEMS),
    "issuances": ("signed is not null", _ISSUANCES),
}
_KEYS = ("Id", "CreationTime", "Operation", "OrganizationId", "RecordType", "UserKey", "UserType", "Workload")


def _is_json(seen: Sample) -> bool:
    return seen.has(*_KEYS, least=4)


def _is_exported(seen: Sample) -> bool:
    """The cmdlet's records, as CSV or as ConvertTo-Json writes them."""
    return "AuditData" in seen.header or seen.has("AuditData")


def _is_graph(seen: Sample) -> bool:
    return seen.has("auditData")


OWN = "id_text is not null and u.CreationTime is not null and operation_text is not null"

LOGS = (
    Log("unified-audit", "unified-audit", _is_json, RECORD, _TEXTS, _RECORD, _VALID, _TABLES, own=OWN),
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
        own=OWN,
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
        own=OWN,
    ),
)
