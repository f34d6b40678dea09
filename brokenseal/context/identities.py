"""One person, one mailbox, whatever it is called: `identities`, `aliases`, `domains`.

What: object ids, mailbox GUIDs and addresses that records name together are one identity of its organisation; `aliases` says
which identity each of them is, and the address it is known by. Why: people are renamed, a request to Graph knows the object
id alone, a file without organisation knows the address alone. How: pairs that records tell, joined where they share an end.
An address that was seen with two object ids, or two GUIDs, was given to somebody else and joins nobody. A domain belongs to
an organisation where no other has it. Misses: an alias that no record names beside another name.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import ibis
import pyarrow as pa
import rustworkx
from ibis import Table

from brokenseal import schema
from brokenseal.lake import Lake

OBJECT, GUID, ADDRESS = "o:", "g:", "a:"
_ALIASES = pa.schema([(n, pa.string()) for n in ("tenant_id", "alias", "box_known", "known_as", "kind")])
_DOMAINS = pa.schema([("domain", pa.string()), ("domain_tenant", pa.string())])
_APPLICATION = "serviceprincipal_"
Row = dict[str, Any]


def identities(lake: Lake) -> None:
    """Write `identities`, `aliases`, `domains`."""
    rows = lake.fetch(_told(lake)).to_pylist()
    people = _joined(rows)
    lake.put("identities", schema.TABLES["identities"].filled([p for p, _ in people]))
    aliases = [a for _, own in people for a in own]
    lake.put("aliases", pa.Table.from_pylist(aliases, schema=_ALIASES))
    lake.put("domains", pa.Table.from_pylist(_domains(rows), schema=_DOMAINS))


def _told(lake: Lake) -> Table:
    """Object id, GUID and address as records name them together; once each, with the last time and who says so."""
    a, s = lake.read("accesses"), lake.read("issuances")
    own = a.logon_type == "owner"
    subject = ibis.coalesce(
        a.mailbox_object_id, ibis.ifelse(own, ibis.coalesce(a.token_object_id, a.user_object_id), None)
    )
    boxes = a.select(
        "tenant_id", object_id=subject, guid=a.mailbox_guid, address=a.mailbox, time=a.time, rank=ibis.literal(2)
    )
    home = ibis.coalesce(s.home_tenant_id, s.tenant_id)
    signed = s.filter(s.user.notnull() & s.user_object_id.notnull())
    users = signed.select(
        tenant_id=home.name("tenant_id"), object_id=signed.user_object_id, guid=ibis.null("string"), address=signed.user,
        time=signed.time, rank=ibis.literal(1),
    )  # fmt: skip
    both = boxes.union(users)
    both = both.filter(both.tenant_id.notnull())
    return both.group_by("tenant_id", "object_id", "guid", "address").agg(
        until=both.time.max(), rank=both["rank"].max()
    )


def _joined(rows: list[Row]) -> list[tuple[Row, list[Row]]]:
    """Identities with their aliases, in order."""
    shared = _shared(rows)
    graph: rustworkx.PyGraph = rustworkx.PyGraph()
    numbers: dict[tuple[str, str], int] = {}
    for row in rows:
        ends = [n for n in _names(row) if (row["tenant_id"], n) not in shared]
        held = [numbers.setdefault((row["tenant_id"], n), len(numbers)) for n in ends]
        while graph.num_nodes() < len(numbers):
            graph.add_node(None)
        graph.add_edges_from([(held[0], other, None) for other in held[1:]])
    names = list(numbers)
    said: dict[tuple[str, str], tuple[int, str]] = {}
    for row in rows:
        if row["address"]:
            key = (row["tenant_id"], ADDRESS + row["address"])
            said[key] = max(said.get(key, (0, "")), (row["rank"], str(row["until"] or "")))
    groups = [sorted(names[n] for n in group) for group in rustworkx.connected_components(graph)]
    return [_person(group, said) for group in sorted(groups)]


def _names(row: Row) -> list[str]:
    parts = ((OBJECT, row["object_id"]), (GUID, row["guid"]), (ADDRESS, row["address"]))
    return [prefix + value for prefix, value in parts if value]


def _shared(rows: list[Row]) -> set[tuple[str, str]]:
    """Addresses that two object ids or two GUIDs had."""
    seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        for kind in ("object_id", "guid"):
            if row["address"] and row[kind]:
                seen[row["tenant_id"], ADDRESS + row["address"], kind].add(row[kind])
    return {(tenant, address) for (tenant, address, _), values in seen.items() if len(values) > 1}


def _person(names: list[tuple[str, str]], said: dict[tuple[str, str], tuple[int, str]]) -> tuple[Row, list[Row]]:
    tenant = names[0][0]
    by: dict[str, list[str]] = {
        prefix: [n[2:] for _, n in names if n.startswith(prefix)] for prefix in (OBJECT, GUID, ADDRESS)
    }
    addresses = by[ADDRESS]
    known_as = max(addresses, key=lambda a: (said.get((tenant, ADDRESS + a), (0, "")), a), default=None)
    first = {prefix: (values[0] if values else None) for prefix, values in by.items()}
    box = first[GUID] or known_as or first[OBJECT]
    kind = "application" if (known_as or "").startswith(_APPLICATION) else "mailbox" if first[GUID] else "person"
    person = {
        "tenant_id": tenant, "object_id": first[OBJECT], "mailbox_guid": first[GUID], "upn": known_as,
        "addresses": addresses, "kind": kind,
    }  # fmt: skip
    aliases = [
        {"tenant_id": tenant, "alias": name, "box_known": box, "known_as": known_as, "kind": kind} for _, name in names
    ]
    return person, aliases


def _domains(rows: list[Row]) -> list[Row]:
    owners: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        name, at, domain = (row["address"] or "").rpartition("@")
        if at and "#ext#" not in name:
            owners[domain].add(row["tenant_id"])
    return [{"domain": d, "domain_tenant": min(o)} for d, o in sorted(owners.items()) if len(o) == 1]
