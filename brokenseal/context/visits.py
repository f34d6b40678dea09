"""Accesses to visits.

What: accesses to one mailbox by one actor with one client from one address in one token or session are one visit, cut
where more than sixty minutes pass. Why: an act is what is judged; a record is a two-minute aggregate of the provider's.
How: a mailbox's names, and a person's, are brought together by `aliases`; a session missing from a record is filled from
other records of its token; a request to Graph and the mailbox's own record of it are one visit, at the caller's address;
gaps are found by the access before. What accesses repeat (who, with what, from where, in
which token) is numbered once, so that long texts are neither sorted nor grouped. Misses: an aggregate holds one token, so
two tokens within two minutes may hide in one record.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import Table
from ibis.expr.types import StringValue

from brokenseal.beside import beside
from brokenseal.context import links
from brokenseal.lake import Lake

CUT_MINUTES = 60
AGGREGATE_MINUTES = 2
"""The provider puts what a client opens within two minutes in one record."""
RELATIONSHIP = ("tenant_id", "box", "actor", "net", "client_key")
_PERSON = ("tenant_id", "mailbox_guid", "mailbox_object_id", "mailbox", "actor")
_TOOL = ("client", "app_id", "client_app_id", "user_agent", "agent")
_PLACE = ("ip", "ip_is", "prefix")
_CARRIER = ("token_id", "session_id")
_NUMBERS = ("person", "tool", "place", "carrier")
_VISIT = (*_NUMBERS, "part")
_HELD = (
    "known_as",
    "actor_known_as",
    "role",
    "mailbox_object_id",
    "session",
    "session_key",
    "program",
    "key_number",
    "net_number",
)


def visits(lake: Lake) -> None:
    """Write `visits`, each linked to its issuance, `visit_records` (record to visit) and `linkage`."""
    aliases, accesses, signins = lake.read("aliases"), lake.read("accesses"), lake.read("signins")
    if lake.fetch(accesses.filter(_is_request(accesses)).limit(1)).num_rows:
        boxed = _numbers(accesses, _people(accesses, aliases), _PERSON, "box")
        accesses = lake.write("told", _with_request(boxed).drop("box", "person", "person_row"))
    people = lake.write("people", _people(accesses, aliases))
    tools = lake.write("tools", _tools(accesses))
    places = lake.write("places", _places(accesses, lake.read("networks")))
    carriers = lake.write("carriers", links.issued(_carriers(accesses), signins))
    coded = accesses
    for dimension, columns in ((people, _PERSON), (tools, _TOOL), (places, _PLACE), (carriers, _CARRIER)):
        coded = _numbers(coded, dimension, columns)
    coded = lake.write("coded", _timed(coded))
    numbered = _cut(coded, lake.write("parts", _parts(coded)))
    bare = _bare(numbered, people, tools, places, carriers)
    near = lake.write("circumstance", links.circumstance(bare, signins, list(_VISIT)))
    seen = _visits(numbered, lake.read("items"), people, tools, places, carriers)
    seen = beside(seen, near, list(_VISIT))
    whole = lake.write("whole", links.linked(seen, lake.read("covered")))
    named = numbered.join(whole.select("visit_id", *_VISIT), list(_VISIT))
    lake.write("visit_records", named.select("record_id", "visit_id", "time"))
    lake.rename("whole", "visits")
    lake.write("linkage", links.linkage(lake.read("visits")))
    lake.drop("told", "people", "tools", "places", "carriers", "coded", "parts", "circumstance")


def _coded(table: Table, name: str, key: Sequence[str], rest: Sequence[str]) -> Table:
    """Each distinct row with its number `<name>_row`, and with `<name>`, one number for all rows with the same key, which
    `<name>_text` spells: its part of what names a visit."""
    order = ibis.window(order_by=[table[c] for c in (*key, *rest)])
    text = _joined([table[c] for c in key])
    rows = table.mutate(**{f"{name}_row": ibis.row_number().over(order), f"{name}_text": text})
    alike = ibis.window(order_by=[rows[c] for c in key])
    return rows.mutate(**{name: ibis.dense_rank().over(alike)})


def _numbers(accesses: Table, dimension: Table, columns: Sequence[str], *more: str) -> Table:
    """The numbers of a dimension, and `more` of it, beside its texts; absent is a value like any other."""
    numbers = [c for c in dimension.columns if c.removesuffix("_row") in _NUMBERS]
    coded = dimension.select(*numbers, *more, **{f"its_{c}": dimension[c] for c in columns})
    same = [accesses[c].identical_to(coded[f"its_{c}"]) for c in columns]
    return accesses.join(coded, same).drop(*(f"its_{c}" for c in columns))


def _people(accesses: Table, aliases: Table) -> Table:
    """Who opens which mailbox, one for all names: `box` is the mailbox's GUID, or what else it is known by."""
    a = accesses.select(*_PERSON).distinct()
    by_address = ibis.ifelse(a.mailbox.notnull(), ibis.literal("a:") + a.mailbox, ibis.null("string"))
    by_object = ibis.ifelse(
        a.mailbox_object_id.notnull(), ibis.literal("o:") + a.mailbox_object_id, ibis.null("string")
    )
    by_guid = ibis.ifelse(a.mailbox_guid.notnull(), ibis.literal("g:") + a.mailbox_guid, ibis.null("string"))
    named = a.mutate(
        alias=ibis.coalesce(by_guid, by_object, by_address),
        acting=ibis.ifelse(a.actor.re_search("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"), "o:", "a:") + a.actor,
    )
    boxes = beside(named, aliases.drop("kind"), ["tenant_id", "alias"])
    box = ibis.coalesce(boxes.box_known, boxes.mailbox_guid, boxes.mailbox, boxes.mailbox_object_id, ibis.literal("?"))
    boxes = boxes.mutate(box=box, known_as=ibis.coalesce(boxes.known_as, boxes.mailbox, boxes.mailbox_object_id))
    actors = aliases.select("tenant_id", acting="alias", actor_known_as="known_as")
    acted = boxes.left_join(actors, ["tenant_id", "acting"])
    acted = acted.mutate(actor_known_as=ibis.coalesce(acted.actor_known_as, acted.actor))
    role = ibis.ifelse(acted.actor_known_as == acted.known_as, ibis.literal("owner"), ibis.literal("delegate"))
    out = acted.select(*_PERSON, "box", "known_as", "actor_known_as", role=role)
    return _coded(out, "person", ("tenant_id", "box", "actor_known_as"), ("known_as", *_PERSON[1:]))


def _tools(accesses: Table) -> Table:
    """What accesses are made with. `client_key`: client, applications and agent."""
    seen = accesses.select(*_TOOL).distinct()
    program = _joined([seen.client, seen.app_id, seen.client_app_id])
    keyed = seen.mutate(program=program, client_key=_joined([program, seen.agent]))
    coded = _coded(keyed, "tool", ("client", "app_id", "client_app_id", "user_agent"), ("agent",))
    return coded.mutate(key_number=ibis.dense_rank().over(ibis.window(order_by=coded.client_key)))


def _places(accesses: Table, networks: Table) -> Table:
    """Where accesses come from. `net`: the network that history is kept by."""
    seen = accesses.select(*_PLACE).distinct()
    joined = beside(seen, networks.select("ip", "net"), "ip")
    net = ibis.ifelse(joined.ip_is == "provider", ibis.literal("provider"), ibis.coalesce(joined.net, "none"))
    coded = _coded(joined.mutate(net=net), "place", ("ip",), ("ip_is", "prefix"))
    return coded.mutate(net_number=ibis.dense_rank().over(ibis.window(order_by=coded.net)))


def _carriers(accesses: Table) -> Table:
    """Tokens and sessions; a session missing from a record is taken from other records of its token."""
    seen = accesses.select(*_CARRIER).distinct()
    known = seen.filter(seen.token_id.notnull() & seen.session_id.notnull())
    by_token = known.group_by("token_id").agg(token_session=known.session_id.min())
    joined = beside(seen, by_token, "token_id")
    session = ibis.coalesce(joined.session_id, joined.token_session)
    filled = joined.mutate(
        session=session,
        # the key names the session only where no token does
        session_key=ibis.ifelse(joined.token_id.isnull(), session, ibis.null("string")),
    ).drop("token_session")
    return _coded(filled, "carrier", ("token_id", "session_key"), ("session", "session_id"))


def _is_request(accesses: Table) -> ibis.Value:
    """A request to Graph, as its own log tells it."""
    return accesses.record_id.startswith("graph-")


def _with_request(accesses: Table) -> Table:
    """The mailbox's record of a request to Graph and the request itself look alike.

    The record shows the provider's address, the request the caller's; token, mailbox and two minutes tell that they are one.
    """
    met = _met(accesses).filter(lambda t: t.of_record == 0)
    caller = met.select("record_id", **{f"its_{n}": met[f"{n}_right"] for n in _SHOWN})
    out = beside(accesses, caller, "record_id")
    hidden = out.its_ip.notnull() & (ibis.coalesce(out.ip_is, "unknown") != "caller")
    told = {n: ibis.ifelse(hidden, out[f"its_{n}"], out[n]) for n in ("ip", "ip_is", "prefix", "wide")}
    told |= {n: ibis.coalesce(out[n], out[f"its_{n}"]) for n in ("user_agent", "agent")}
    shown = out.mutate(**told).drop([f"its_{n}" for n in _SHOWN])
    back = _met(shown)
    back = back.filter((back.of_request == 0) & (back.ip == back.ip_right))
    like = back.select(record_id="record_id_right", **{f"its_{n}": back[n] for n in _ALIKE})
    out = beside(shown, like, "record_id")
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


def _joined(parts: list[StringValue]) -> StringValue:
    """Texts in one, absent ones as '-', so that absent is a value of its own."""
    return ibis.literal(" | ").join([ibis.coalesce(part, ibis.literal("-")) for part in parts])


def _timed(accesses: Table) -> Table:
    """Each access with its numbers, and what else its visit is told by."""
    timed = accesses.filter(accesses.time.notnull())
    return timed.select(
        "record_id", "time", *_NUMBERS, *(f"{n}_row" for n in _NUMBERS), "logon_type", "user_object_id",
        "token_issued_at", "token_tenant_id", "token_object_id",
        odd=timed.token_id_odd.cast("int64"), full=timed.throttled.cast("int64"),
        sync=(timed.access == "sync").cast("int64"),
    )  # fmt: skip


def _parts(coded: Table) -> Table:
    """Accesses that are alike in all their numbers and lie too far apart for one visit: the times of each, in `part` 1, 2 and so
    on. Few do, and they are sorted without what else they hold."""
    whole = coded.group_by(*_NUMBERS).agg(begin=coded.time.min(), end=coded.time.max())
    far = whole.filter(whole.end > whole.begin + ibis.interval(minutes=CUT_MINUTES))
    times = coded.select(*_NUMBERS, "time").semi_join(far, list(_NUMBERS)).distinct()
    before = times.mutate(previous=times.time.lag().over(ibis.window(group_by=list(_NUMBERS), order_by=times.time)))
    cut = before.previous.isnull() | (before.time > before.previous + ibis.interval(minutes=CUT_MINUTES))
    cuts = before.mutate(cut=cut.cast("int64"))
    running = ibis.window(group_by=list(_NUMBERS), order_by=cuts.time, preceding=None, following=0)
    return cuts.select(*_NUMBERS, "time", part=cuts.cut.sum().over(running).cast("int64"))


def _cut(coded: Table, parts: Table) -> Table:
    """Each access with its visit: that is its numbers and its `part`, which is 0 where all that is alike is one visit."""
    out = beside(coded, parts, [*_NUMBERS, "time"])
    return out.mutate(part=ibis.coalesce(out.part, 0))


def _messages(numbered: Table, items: Table) -> Table:
    """Distinct messages a visit listed; the immutable id tells a message best, the Message-ID next.

    A request to Graph names a message by another id than the mailbox's record does: the longer list counts.
    """
    message = ibis.coalesce(items.immutable_id, items.message_id, items.store_id)
    items = items.select("record_id", message=message, request=_is_request(items))
    joined = items.filter(items.message.notnull()).inner_join(numbered.select("record_id", *_VISIT), "record_id")
    distinct = joined.select(*_VISIT, "message", request=joined.request.cast("int64")).distinct()
    counted = distinct.group_by(*_VISIT).agg(n=distinct.count(), requests=distinct.request.sum().cast("int64"))
    return counted.select(*_VISIT, item_count=ibis.greatest(counted.requests, counted.n - counted.requests))


def _relationships(numbered: Table, people: Table, tools: Table, places: Table) -> Table:
    """The id of each mailbox, actor, network and client."""
    met = numbered.select("person", "tool_row", "place_row").distinct()
    met = met.join(tools.select("tool_row", "key_number", "client_key"), "tool_row")
    met = met.join(places.select("place_row", "net_number", "net"), "place_row")
    met = met.select("person", "key_number", "net_number", "client_key", "net").distinct()
    whose = people.group_by("person").agg(
        tenant_id=people.tenant_id.min(), box=people.box.min(), actor=people.actor_known_as.min()
    )
    named = met.join(whose, "person")
    text = _joined([named[c] for c in RELATIONSHIP])
    return named.select("person", "key_number", "net_number", relationship_id=text.hexdigest("sha256")[:16])


def _bare(numbered: Table, people: Table, tools: Table, places: Table, carriers: Table) -> Table:
    """Visits by callers without token and session, with what may tell their sign-in all the same."""
    none = carriers.filter(carriers.token_id.isnull() & carriers.session.isnull()).select("carrier").distinct()
    mine = numbered.semi_join(none, "carrier")
    mine = mine.group_by(*_VISIT).agg(
        first=mine.time.min(), place_row=mine.place_row.min(), person_row=mine.person_row.min()
    )
    whose = people.select("person_row", "tenant_id", actor="actor_known_as")
    called = places.filter(places.ip_is == "caller").select("place_row", "ip")
    program = tools.group_by("tool").agg(app_id=tools.app_id.min(), client_app_id=tools.client_app_id.min())
    return mine.join(whose, "person_row").join(called, "place_row").join(program, "tool")


def _visits(numbered: Table, items: Table, people: Table, tools: Table, places: Table, carriers: Table) -> Table:
    n = numbered
    grouped = n.group_by(*_VISIT).agg(
        **{f"{name}_row": n[f"{name}_row"].min() for name in _NUMBERS},
        **{c: n[c].min() for c in ("logon_type", "user_object_id", "token_issued_at")},
        **{c: n[c].min() for c in ("token_tenant_id", "token_object_id")},
        token_id_odd=n.odd.max() == 1,
        throttled=n.full.max() == 1,
        first=n.time.min(),
        last=n.time.max(),
        access_count=n.count(),
        sync_count=n.sync.sum().cast("int64"),
    )
    whole = grouped
    for table, name in ((people, "person"), (tools, "tool"), (places, "place"), (carriers, "carrier")):
        whole = whole.join(table.drop(name), f"{name}_row")
    whole = whole.mutate(
        mailbox=whole.known_as,
        actor=whole.actor_known_as,
        logon_type=ibis.coalesce(whole.logon_type, whole.role),
        session_id=whole.session,
    )
    whole = whole.join(_relationships(n, people, tools, places), ["person", "key_number", "net_number"])
    whole = beside(whole, _messages(n, items), list(_VISIT))
    text = _joined([*(whole[f"{name}_text"] for name in _NUMBERS), whole["first"].cast("string")])
    background = (whole.client == "restsystem") & (whole.net == "provider")
    carrier = ibis.ifelse(whole.token_id.notnull(), "token", ibis.ifelse(whole.session_id.notnull(), "session", "none"))
    return whole.mutate(
        visit_id=text.hexdigest("sha256")[:16],
        item_count=ibis.coalesce(whole.item_count, 0),
        background=ibis.coalesce(background, ibis.literal(False)),
        stratum=whole.program + " | " + carrier,
    ).drop(*_HELD, *(f"{n}_{what}" for n in _NUMBERS for what in ("row", "text")))
