"""The log of a service that judges tokens with `brokenseal.keys`: each token let in is an access.

What: lines of `brokenseal.token/1`, as keys/verifier/record.py writes them. Why: a service of one's own is one more mailbox that
a forged token opens, and its log names the token: the access links to the sign-in that gave the token out, or to none. How:
the mailbox is the subject's own part of the service, `service/subject`; the access is an `open`. Misses: refused tokens
opened nothing and stay in `records` alone; what was done behind the door is the service's own log's to say.
"""

from __future__ import annotations

from brokenseal.sources.log import Log
from brokenseal.sources.recognise import Sample

EVENT = "brokenseal.token/1"
RECORD = {
    **dict.fromkeys(
        ("event", "id", "time", "policy", "verdict", "rule", "service", "ip", "agent", "app_only"), "VARCHAR"
    ),
    **dict.fromkeys(("kid", "iss", "tid", "aud", "azp", "uti", "iat", "sub", "sid"), "VARCHAR"),
}
_TEXTS = {
    "event_text": "bs_plain(u.event)",
    "verdict_text": "bs_plain(u.verdict)",
    "time_text": "bs_text(u.time)",
    "subject": "bs_small(bs_plain(u.sub))",
    "alone": "coalesce(bs_true(u.app_only), false)",
    "address": "bs_text(u.ip)",
    "issued": "bs_whole(u.iat)",
}
_RECORD = {
    "record_id": "'token-' || bs_small(bs_plain(u.id))",
    "tenant_id": "coalesce(bs_guid(bs_plain(u.tid)), given_tenant)",
    "operation": "case verdict_text when 'accepted' then 'token.accepted' else 'token.refused' end",
    "time": "bs_moment(time_text)",
    "content": "md5(concat_ws('|', time_text, verdict_text, u.rule, u.kid, u.iss, u.uti, u.sub, address))",
    "mailbox": "bs_small(coalesce(bs_plain(u.service), bs_plain(u.aud))) || '/' || subject",
    "actor": "case when alone then 'serviceprincipal_' || subject else subject end",
    "logon_type": "case when alone then 'application' else 'owner' end",
    "user_object_id": "bs_guid(bs_written(subject))",
    "info": "'Client=Service;' || coalesce(bs_text(u.agent), '')",
    "program": "null::varchar",
    "host": "bs_host(address)",
    "app_id": "bs_guid(bs_plain(u.aud))",
    "client_app_id": "bs_guid(bs_plain(u.azp))",
    "session_id": "bs_guid(bs_plain(u.sid))",
    "token_id": "bs_token(bs_text(u.uti))",
    "token_issued_at": "case when issued between 631152000 and 7258118400 then make_timestamp(issued * 1000000) end",
    "token_tenant_id": "bs_guid(bs_plain(u.tid))",
}
_VALID = f"coalesce(event_text = '{EVENT}' and verdict_text in ('accepted', 'refused'), false)"
_OPENED = "operation = 'token.accepted'"
_ACCESSES = f"""select record_id, time, tenant_id, file, row, mailbox, null::varchar as mailbox_guid,
    null::varchar as mailbox_object_id, actor, logon_type, 'open' as access, null::varchar as folder,
    null::varchar as folder_id, null::bigint as item_count, null::bigint as response_bytes,
    null::boolean as throttled, info, program, host, app_id, client_app_id, session_id, token_id,
    bs_token_odd(token_id) as token_id_odd, token_issued_at, token_tenant_id, user_object_id as token_object_id,
    user_object_id, null::varchar as device_id
    from typed where {_OPENED}"""


def _is_token_log(seen: Sample) -> bool:
    return any(o.get("event") == EVENT for o in seen.objects)


LOGS = (
    Log(
        "token-log", "token-log", _is_token_log, RECORD, _TEXTS, _RECORD, _VALID, {"accesses": (_OPENED, _ACCESSES)},
        shapes=("json-lines", "json-array", "json-value"),
    ),
)  # fmt: skip
