"""Accesses to visits.

What: accesses to one mailbox by one actor with one client from one address in one token or session are one visit, cut
where more than sixty minutes pass. Why: an act is what is judged; a record is a two-minute aggregate of the provider's.
How: a mailbox's names, and a person's, are brought together by `aliases`; a session missing from a record is filled from
other records of its token; a request to Graph and the mailbox's own record of it are one visit, at the caller's address;
gaps are found by the access before, and a running sum of cuts numbers the visits. Misses: an aggregate holds one token, so
two tokens within two minutes may hide in one record.
"""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import StringValue

from brokenseal.lake import Lake

CUT_MINUTES = 60
AGGREGATE_MINUTES = 2
"""The provider puts what a client opens within two minutes in one record."""
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
    accesses = _with_session(_with_box(lake.read("accesses"), lake.read("aliases")))
    if lake.fetch(accesses.filter(_is_request(accesses)).limit(1)).num_rows:
        accesses = _with_request(lake.write("sessions", accesses))
    placed = _with_network(accesses, lake.read("networks"))
    numbered = lake.write("numbered", _numbered(placed))
    lake.write("visit_records", numbered.select("record_id", "visit_id", "time"))
    counted = _messages(lake)
    lake.write("unlinked", _visits(numbered, counted))


def _with_box(accesses: Table, aliases: Table) -> Table:
    """One mailbox and one actor for all their names: `box` is the mailbox's GUID, or what else it is known by."""
    a = accesses
    by_address = ibis.ifelse(a.mailbox.notnull(), ibis.literal("a:") + a.mailbox, ibis.null("string"))
    by_object = ibis.ifelse(
        a.mailbox_object_id.notnull(), ibis.literal("o:") + a.mailbox_object_id, ibis.null("string")
    )
    by_guid = ibis.ifelse(a.mailbox_guid.notnull(), ibis.literal("g:") + a.mailbox_guid, ibis.null("string"))
    named = a.mutate(
        alias=ibis.coalesce(by_guid, by_object, by_address),
        acting=ibis.ifelse(a.actor.re_search("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"), "o:", "a:") + a.actor,
    )
    boxes = named.left_join(aliases.drop("kind"), ["tenant_id", "alias"])
    boxes = boxes.drop([c for c in boxes.columns if c.endswith("_right")])
    box = ibis.coalesce(boxes.box_known, boxes.mailbox_guid, boxes.mailbox, boxes.mailbox_object_id, ibis.literal("?"))
    boxes = boxes.mutate(box=box, mailbox=ibis.coalesce(boxes.known_as, boxes.mailbox, boxes.mailbox_object_id))
    boxes = boxes.drop("box_known", "known_as")
    people = aliases.select("tenant_id", acting="alias", actor_known_as="known_as")
    acted = boxes.left_join(people, ["tenant_id", "acting"])
    acted = acted.drop([c for c in acted.columns if c.endswith("_right")])
    actor = ibis.coalesce(acted.actor_known_as, acted.actor)
    owner = ibis.ifelse(actor == acted.mailbox, ibis.literal("owner"), ibis.literal("delegate"))
    return acted.mutate(actor=actor, logon_type=ibis.coalesce(acted.logon_type, owner)).drop(
        "alias", "acting", "actor_known_as"
    )


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


def _is_request(accesses: Table) -> ibis.Value:
    """A request to Graph, as its own log tells it."""
    return accesses.record_id.startswith("graph-")


def _with_request(accesses: Table) -> Table:
    """The mailbox's record of a request to Graph and the request itself look alike.

    The record shows the provider's address, the request the caller's; token, mailbox and two minutes tell that they are one.
    """
    met = _met(accesses).filter(lambda t: t.of_record == 0)
    caller = met.select("record_id", **{f"its_{n}": met[f"{n}_right"] for n in _SHOWN})
    out = accesses.left_join(caller, "record_id")
    out = out.drop([c for c in out.columns if c.endswith("_right")])
    hidden = out.its_ip.notnull() & (ibis.coalesce(out.ip_is, "unknown") != "caller")
    told = {n: ibis.ifelse(hidden, out[f"its_{n}"], out[n]) for n in ("ip", "ip_is", "prefix", "wide")}
    told |= {n: ibis.coalesce(out[n], out[f"its_{n}"]) for n in ("user_agent", "agent")}
    shown = out.mutate(**told).drop([f"its_{n}" for n in _SHOWN])
    back = _met(shown)
    back = back.filter((back.of_request == 0) & (back.ip == back.ip_right))
    like = back.select(record_id="record_id_right", **{f"its_{n}": back[n] for n in _ALIKE})
    out = shown.left_join(like, "record_id")
    out = out.drop([c for c in out.columns if c.endswith("_right")])
    alike = {n: ibis.coalesce(out[f"its_{n}"], out[n]) for n in _ALIKE}
    return out.mutate(**alike).drop([f"its_{n}" for n in _ALIKE])


_SHOWN = ("ip", "ip_is", "prefix", "wide", "user_agent", "agent")
_ALIKE = ("actor", "client", "app_id", "client_app_id", "user_agent", "agent")


def _met(accesses: Table) -> Table:
    """Records (left) with the requests of their token and mailbox in their two minutes; the nearest of each is number 0."""
    columns = ["record_id", "time", "token_id", "box", *dict.fromkeys(_SHOWN + _ALIKE)]
    with_token = accesses.filter(accesses.token_id.notnull() & (accesses.client == "rest"))
    records = with_token.filter(~_is_request(with_token)).select(*columns)
    requests = with_token.filter(_is_request(with_token)).select(*columns)
    near = records.join(
        requests,
        [
            records.token_id == requests.token_id,
            records.box == requests.box,
            requests.time >= records.time - ibis.interval(minutes=1),
            requests.time <= records.time + ibis.interval(minutes=AGGREGATE_MINUTES + 1),
        ],
    )
    apart = near.time_right.delta(near.time, unit="microsecond").abs()
    near = near.mutate(apart=apart)
    by_record = ibis.window(group_by="record_id", order_by=[near.apart, near.record_id_right])
    by_request = ibis.window(group_by="record_id_right", order_by=[near.apart, near.record_id])
    return near.mutate(of_record=ibis.row_number().over(by_record), of_request=ibis.row_number().over(by_request))


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
    """Distinct messages a visit listed; the immutable id tells a message best, the Message-ID next.

    A request to Graph names a message by another id than the mailbox's record does: the longer list counts.
    """
    items = lake.read("items").select("record_id", "message_id", "immutable_id", "store_id")
    records = lake.read("visit_records").select("record_id", "visit_id")
    joined = items.inner_join(records, "record_id")
    message = ibis.coalesce(joined.immutable_id, joined.message_id, joined.store_id)
    named = joined.select("visit_id", message=message, request=_is_request(joined))
    distinct = named.filter(named.message.notnull()).distinct()
    counted = distinct.group_by("visit_id", "request").agg(n=distinct.count())
    return counted.group_by("visit_id").agg(item_count=counted.n.max())


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
