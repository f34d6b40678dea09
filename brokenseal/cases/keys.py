"""What an act may share with another.

What: `visit_keys`, one row a visit and key: address, /24 or /48, network, each alone and with its client; session, token,
client; who opened another's mailbox; `key_counts`, how often each relationship carries each; and `crowds`, who uses each
address and /24 or /48 in how many visits. Why: an intruder reuses infrastructure; acts that share something rare belong
together. How: only addresses of callers are keys, since the provider's front end is shared by all; how rare a key is,
`join` counts. Misses: an intruder who changes address, client and session at each visit shares nothing.
"""

from __future__ import annotations

import ibis
from ibis import Table
from ibis.expr.types import StringValue

from brokenseal.lake import Lake

DELEGATED = " in another's mailbox"
UNISSUED = "orphans"
"""The tokens that nobody issued of one actor in one mailbox, in one program."""


def keys(lake: Lake) -> None:
    """Write `visit_keys` (visit_id, relationship_id, kind, value), `key_counts` and `crowds`."""
    v = lake.read("visits")
    v = v.filter(~v.background)
    called = v.filter((v.ip_is == "caller") & v.ip.notnull())
    described = v.filter(v.agent.notnull())
    # who opens another's mailbox is something to share; that its owner opens it is not
    others = ~ibis.coalesce(v.logon_type, "owner").isin(["owner", "system"])
    guest = v.filter(others & v.actor.notnull())
    orphans = v.filter(v.link == "orphan")
    # a delegate's session is genuine, and his own mailbox is no victim of it
    role = ibis.ifelse(others, DELEGATED, "")
    parts = [
        _key(called, "address", called.ip),
        _key(called, "address and client", called.ip + " | " + called.client_key),
        _key(called, "prefix", called.prefix),
        _key(called, "prefix and client", called.prefix + " | " + called.client_key),
        _key(called, "network", called.net),
        _key(called, "network and client", called.net + " | " + called.client_key),
        _key(described, "client", described.client_key),
        _key(v, "session", v.session_id + role),
        _key(v, "token", v.token_id + role),
        _key(guest, "actor", who(guest)),
        _key(orphans, UNISSUED, who(orphans) + " in " + orphans.box.fill_null("?") + " | " + orphans.stratum),
    ]
    every = parts[0]
    for part in parts[1:]:
        every = every.union(part)
    lake.write("visit_keys", every)
    counts(lake)
    lake.write("crowds", _crowds(called))


def counts(lake: Lake) -> None:
    """Write `key_counts`: kind, value, relationship_id, and in how many visits (n); every round asks that, of few keys."""
    every = lake.read("visit_keys")
    lake.write("key_counts", every.group_by("kind", "value", "relationship_id").agg(n=every.count()))


def who(rows: Table) -> StringValue:
    """A person of an organisation, in one text."""
    return rows.tenant_id.fill_null("?") + " " + rows.actor.fill_null("?")


def _crowds(called: Table) -> Table:
    """kind, net, value, who, visits."""
    met = called.group_by("net", "ip", "prefix", who=who(called)).agg(visits=called.count())
    parts = [
        met.select("net", "who", "visits", kind=ibis.literal(kind), value=met[column])
        for kind, column in (("address", "ip"), ("prefix", "prefix"))
    ]
    both = parts[0].union(parts[1])
    both = both.filter(both.value.notnull())
    return both.group_by("kind", "net", "value", "who").agg(visits=both.visits.sum().cast("int64"))


def _key(visits: Table, kind: str, value: StringValue) -> Table:
    rows = visits.select("visit_id", "relationship_id", kind=ibis.literal(kind), value=value)
    return rows.filter(rows.value.notnull())
