"""Messages that were delivered, of all traces: `messages`.

What: one row a message, with all its recipients. Why: accesses name messages by id; who wrote to whom about what is in the
trace. How: deliveries of one Message-ID are one message; a trace that names no organisation has that of its own domain,
else the one that its addresses' domains belong to, where that is one. Misses: a Message-ID that two messages share.
"""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.lake import Lake


def messages(lake: Lake) -> None:
    """Write `messages`."""
    told = lake.read("deliveries")
    placed = _placed(told, lake.read("domains"))
    grouped = placed.group_by("tenant_id", "message_id").agg(
        time=placed.time.min(), sender=placed.sender.min(), subject=placed.subject.min(), size=placed["size"].max()
    )
    each = placed.select("tenant_id", "message_id", recipient=placed.recipients.unnest())
    each = each.filter(each.recipient.notnull()).distinct()
    recipients = each.group_by(message="message_id", organization=ibis.coalesce(each.tenant_id, "")).agg(
        recipients=each.recipient.collect().sort()
    )
    joined = grouped.left_join(
        recipients,
        [grouped.message_id == recipients.message, ibis.coalesce(grouped.tenant_id, "") == recipients.organization],
    )
    lake.write("messages", joined.select("message_id", "tenant_id", "time", "sender", "recipients", "subject", "size"))


def _placed(told: Table, domains: Table) -> Table:
    """Deliveries with their organisation."""
    ends = told.filter(told.tenant_id.isnull()).select(
        "record_id", own=told.organization, addresses=told.recipients.concat(ibis.array([told.sender]))
    )
    by_own = (
        ends.select("record_id", domain=ends.own)
        .join(domains, "domain")
        .select("record_id", own_tenant="domain_tenant")
    )
    each = ends.select("record_id", address=ends.addresses.unnest())
    each = each.select("record_id", domain=each.address.re_extract("@([^@]*)$", 1)).join(domains, "domain")
    met = each.group_by("record_id").agg(least=each.domain_tenant.min(), most=each.domain_tenant.max())
    met = met.filter(met.least == met.most).select("record_id", met_tenant="least")
    out = beside(beside(told, by_own, "record_id"), met, "record_id")
    return out.mutate(tenant_id=ibis.coalesce(out.tenant_id, out.own_tenant, out.met_tenant))
