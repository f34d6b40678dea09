"""What the cases' visits accessed: messages listed, folders synchronised, and whose access each may have been.

Why: who is told must be told what was read, and no more than that. How: a message counts once a case and mailbox, with its
first access; where the owner's own visits carry the same session, it is said to be either's; message traces add sender,
recipients and subject. Misses: what lay in a synchronised folder.
"""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import Value

from brokenseal.beside import beside
from brokenseal.lake import Lake

ID_LENGTH = 16
"""Letters of a visit's id."""


def items(lake: Lake, lent: Table) -> Table:
    """Messages listed and folders synchronised, each with whose access it may have been.

    lent: visit_id of what only a shared session or token drew in; that may be its owner's as well.
    """
    records = _records(lake, lent)
    held, accesses = lake.read("items").drop("mailbox"), lake.read("accesses").drop("mailbox")
    # a message that no lasting id names is known by the one it has in its folder
    lasting = ibis.coalesce(held.message_id, held.immutable_id).notnull()
    held = held.mutate(immutable_id=ibis.ifelse(lasting, held.immutable_id, held.store_id)).join(records, "record_id")
    listed = held.group_by("case_id", "tenant_id", "mailbox", "message_id", "immutable_id").agg(
        folder=held.folder.min(),
        subject=held.subject.min(),
        first_access=held.time.min(),
        alone=held.either.min(),
        act_id=_first(held),
    )
    whole = accesses.filter(accesses.access.isin(["sync", "list"])).join(records, "record_id")
    synced = whole.group_by(
        "case_id", "tenant_id", "mailbox", "access", folder=ibis.coalesce(whole.folder, whole.folder_id)
    ).agg(first_access=whole.time.min(), alone=whole.either.min(), act_id=_first(whole))
    none = ibis.null("string")
    folders = synced.select(
        "case_id", "tenant_id", "mailbox", message_id=none, immutable_id=none, folder=synced.folder, subject=none,
        first_access=synced.first_access, alone=synced.alone, certainty=ibis.ifelse(synced.access == "list", "list", "folder"),
        act_id=synced.act_id,
    )  # fmt: skip
    both = listed.mutate(certainty=ibis.literal("listed")).select(*folders.columns).union(folders)
    told = both.mutate(by=ibis.ifelse(both.alone == 0, "intruder", "either")).drop("alone")
    return _traced(lake.write("case_told", told), lake.read("messages"))


def _first(rows: Table) -> Value:
    """The visit of the earliest of these accesses; of two at the same time the lesser id, so that order says nothing."""
    earliest = (rows.time.cast("string") + " " + rows.visit_id).min()
    return ibis.coalesce(earliest.right(ID_LENGTH), rows.visit_id.min())


def _records(lake: Lake, lent: Table) -> Table:
    """The cases' records: record_id, visit_id, case_id, mailbox, and either (1 where it may be the owner's)."""
    mine = lake.read("case_acts").select("case_id", visit_id="act_id")
    visits = lake.read("visits")
    carried = visits.select(
        "visit_id", "tenant_id", "box", "mailbox", carrier=ibis.coalesce(visits.session_id, visits.token_id)
    )
    inside = lake.write("case_visits", carried.join(mine, "visit_id"))
    outside = carried.anti_join(mine, "visit_id")
    outside = outside.filter(outside.carrier.notnull()).select("tenant_id", "box", "carrier").distinct()
    outside = lake.write("others_carriers", outside.mutate(shared=ibis.literal(1)))
    both = inside.left_join(outside, ["tenant_id", "box", "carrier"])
    both = both.left_join(lent.mutate(lent=ibis.literal(1)), "visit_id")
    either = ibis.greatest(ibis.coalesce(both.shared, 0), ibis.coalesce(both.lent, 0))
    inside = both.select("visit_id", "case_id", "mailbox", either=either)
    records = lake.read("visit_records").join(inside, "visit_id")
    records = records.select("record_id", "visit_id", "case_id", "mailbox", "either")
    return lake.write("case_records", records)


def _traced(told: Table, messages: Table) -> Table:
    """What a message trace knows of them: the organisation's own, or one that names none."""
    m = messages.filter(messages.message_id.notnull())
    own = told.filter(told.message_id.notnull()).select("tenant_id", "message_id").distinct()
    met = own.join(m.rename(trace_tenant="tenant_id"), "message_id")
    met = met.filter(met.trace_tenant.isnull() | (met.trace_tenant == met.tenant_id))
    order = ibis.window(group_by=["tenant_id", "message_id"], order_by=[met.trace_tenant.isnull().cast("int64")])
    met = met.mutate(nth=ibis.row_number().over(order))
    met = met.filter(met.nth == 0).select("tenant_id", "message_id", "sender", "recipients", title="subject")
    out = beside(told, met, ["tenant_id", "message_id"])
    return out.mutate(subject=ibis.coalesce(out.subject, out.title)).drop("title")
