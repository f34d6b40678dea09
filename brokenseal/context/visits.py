"""Accesses to visits.

What: accesses to one mailbox by one actor with one client from one address in one token or session are one visit, cut
where more than sixty minutes pass. Why: an act is what is judged; a record is a two-minute aggregate of the provider's.
How: a mailbox's spellings are brought together by its GUID; a session missing from a record is filled from other records
of its token; gaps are found by the access before, and a running sum of cuts numbers the visits. Misses: an aggregate
holds one token, so two tokens within two minutes may hide in one record.
"""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import StringValue

from brokenseal.lake import Lake

CUT_MINUTES = 60
KEY = (
    "tenant_id",
    "box",
    "actor",
    "client",
    "app_id",
    "client_app_id",
    "user_agent",
    "ip",
    "token_id",
    "session_key",
)
RELATIONSHIP = ("tenant_id", "box", "actor", "net", "client_key")


def visits(lake: Lake) -> None:
    """Write `visit_records` (record to visit) and `unlinked`, the visits before they are linked to their issuance."""
    accesses = _with_session(_with_box(lake.read("accesses")))
    placed = _with_network(accesses, lake.read("networks"))
    numbered = lake.write("numbered", _numbered(placed))
    lake.write("visit_records", numbered.select("record_id", "visit_id", "time"))
    counted = _messages(lake)
    lake.write("unlinked", _visits(numbered, counted))


def _with_box(accesses: Table) -> Table:
    """One mailbox for all its spellings: `box` is its GUID, or its address where no record knows the GUID."""
    named = accesses.filter(accesses.mailbox.notnull() & accesses.mailbox_guid.notnull())
    by_name = named.group_by("tenant_id", "mailbox").agg(guid=named.mailbox_guid.min())
    joined = accesses.left_join(by_name, ["tenant_id", "mailbox"])
    joined = joined.drop([c for c in joined.columns if c.endswith("_right")])
    box = ibis.coalesce(joined.mailbox_guid, joined.guid, joined.mailbox, ibis.literal("?"))
    joined = joined.mutate(box=box).drop("guid")
    # the address it carried last is the one that people know it by
    spelled = joined.filter(joined.mailbox.notnull())
    last = spelled.group_by("tenant_id", "box", "mailbox").agg(until=spelled.time.max())
    order = ibis.window(group_by=["tenant_id", "box"], order_by=[ibis.desc(last.until), last.mailbox])
    last = last.mutate(nth=ibis.row_number().over(order))
    last = last.filter(last.nth == 0).select("tenant_id", "box", known_as="mailbox")
    named_now = joined.left_join(last, ["tenant_id", "box"])
    named_now = named_now.drop([c for c in named_now.columns if c.endswith("_right")])
    return named_now.mutate(mailbox=ibis.coalesce(named_now.known_as, named_now.mailbox)).drop("known_as")


def _with_session(accesses: Table) -> Table:
    """A session missing from a record is taken from other records of its token."""
    known = accesses.filter(accesses.token_id.notnull() & accesses.session_id.notnull())
    by_token = known.group_by("token_id").agg(token_session=known.session_id.min())
    joined = accesses.left_join(by_token, "token_id")
    joined = joined.drop([c for c in joined.columns if c.endswith("_right")])
    session = ibis.coalesce(joined.session_id, joined.token_session)
    return joined.mutate(
        session_id=session,
        # the key names the session only where no token does
        session_key=ibis.ifelse(joined.token_id.isnull(), session, ibis.null("string")),
    ).drop("token_session")


def _with_network(accesses: Table, networks: Table) -> Table:
    nets = networks.select("ip", "net")
    joined = accesses.left_join(nets, "ip")
    joined = joined.drop([c for c in joined.columns if c.endswith("_right")])
    parts = [joined.client, joined.app_id, joined.client_app_id, joined.agent]
    return joined.mutate(
        net=ibis.ifelse(joined.ip_is == "provider", ibis.literal("provider"), ibis.coalesce(joined.net, "none")),
        client_key=_joined(parts),
    )


def _joined(parts: list[StringValue]) -> StringValue:
    """Texts in one, absent ones as '-', so that absent is a value of its own."""
    text = ibis.coalesce(parts[0], ibis.literal("-"))
    for part in parts[1:]:
        text = text + " | " + ibis.coalesce(part, ibis.literal("-"))
    return text


def _numbered(accesses: Table) -> Table:
    """Each access with the id of its visit."""
    timed = accesses.filter(accesses.time.notnull())
    order = [timed.time, timed.record_id]
    before = timed.mutate(previous=timed.time.lag().over(ibis.window(group_by=list(KEY), order_by=order)))
    cut = before.previous.isnull() | (before.time > before.previous + ibis.interval(minutes=CUT_MINUTES))
    cuts = before.mutate(cut=cut.cast("int64"))
    running = ibis.window(group_by=list(KEY), order_by=[cuts.time, cuts.record_id], preceding=None, following=0)
    parts = cuts.mutate(part=cuts.cut.sum().over(running).cast("int64"))
    firsts = ibis.window(group_by=[*KEY, "part"])
    named = parts.mutate(first=parts.time.min().over(firsts))
    text = _joined([named[c] for c in KEY]) + " | " + named.first.cast("string")
    relation = _joined([named[c] for c in RELATIONSHIP])
    return named.mutate(visit_id=text.hexdigest("sha256")[:16], relationship_id=relation.hexdigest("sha256")[:16]).drop(
        "previous", "cut", "part", "first"
    )


def _messages(lake: Lake) -> Table:
    """Distinct messages a visit listed; the immutable id tells a message best, the Message-ID next."""
    items = lake.read("items").select("record_id", "message_id", "immutable_id", "store_id")
    records = lake.read("visit_records").select("record_id", "visit_id")
    joined = items.inner_join(records, "record_id")
    message = ibis.coalesce(joined.immutable_id, joined.message_id, joined.store_id)
    named = joined.select("visit_id", message=message)
    distinct = named.filter(named.message.notnull()).distinct()
    return distinct.group_by("visit_id").agg(item_count=distinct.count())


def _visits(numbered: Table, counted: Table) -> Table:
    n = numbered
    grouped = n.group_by("visit_id", "relationship_id", "tenant_id", "box", "actor").agg(
        mailbox=n.mailbox.min(),
        mailbox_guid=n.mailbox_guid.min(),
        logon_type=n.logon_type.min(),
        client=n.client.min(),
        app_id=n.app_id.min(),
        client_app_id=n.client_app_id.min(),
        user_agent=n.user_agent.min(),
        agent=n.agent.min(),
        client_key=n.client_key.min(),
        ip=n.ip.min(),
        ip_is=n.ip_is.min(),
        prefix=n.prefix.min(),
        net=n.net.min(),
        session_id=n.session_id.min(),
        token_id=n.token_id.min(),
        token_issued_at=n.token_issued_at.min(),
        token_tenant_id=n.token_tenant_id.min(),
        token_object_id=n.token_object_id.min(),
        user_object_id=n.user_object_id.min(),
        token_id_odd=(n.token_id_odd.cast("int64")).max() == 1,
        first=n.time.min(),
        last=n.time.max(),
        access_count=n.count(),
        sync_count=(n.access == "sync").cast("int64").sum().cast("int64"),
        throttled=(n.throttled.cast("int64")).max() == 1,
    )
    joined = grouped.left_join(counted, "visit_id")
    joined = joined.drop([c for c in joined.columns if c.endswith("_right")])
    background = (joined.client == "restsystem") & (joined.net == "provider")
    carrier = ibis.ifelse(
        joined.token_id.notnull(), "token", ibis.ifelse(joined.session_id.notnull(), "session", "none")
    )
    return joined.mutate(
        item_count=ibis.coalesce(joined.item_count, 0),
        background=ibis.coalesce(background, ibis.literal(False)),
        stratum=_joined([joined.client, joined.app_id, joined.client_app_id]) + " | " + carrier,
    )
