"""Addresses to networks.

What: one row an address seen in accesses or sign-ins, with the network that history is kept by. Why: a person's address
changes with every lease, a person's carrier hardly ever; novelty is judged by network. How: the autonomous system number
that sign-ins name for the address, or for its /24 or /48 when they name only one; else the one of a database that the user
gave; else that of its /16 where they name only one in at least `ENOUGH` of its /24s, or of its /32 where they name only one;
else its /16 or /32 itself. Misses: without sign-ins a carrier that leases from many /16s counts as many networks, and with
them one whose /16 they name only a small part of.
"""

from __future__ import annotations

import ibis

from brokenseal.beside import beside
from brokenseal.lake import Lake

ENOUGH = 4
"""So many /24s of a /16 speak for the rest of it."""
_PLACE = ("ip", "prefix", "wide", "ip_is")


def networks(lake: Lake) -> None:
    """Write `networks` from `accesses` and `issuances`."""
    accesses, issuances = lake.read("accesses"), lake.read("issuances")
    seen = accesses.select(*_PLACE, asn=ibis.null("int64")).union(issuances.select(*_PLACE, "asn"))
    seen = seen.filter(seen.ip.notnull())
    addresses = seen.group_by("ip").agg(
        prefix=seen.prefix.min(),
        wide=seen.wide.min(),
        named=seen.asn.min(),
        provider=(seen.ip_is == "provider").cast("int64").max(),
    )
    by_prefix = seen.filter(seen.asn.notnull()).group_by("prefix").agg(least=seen.asn.min(), most=seen.asn.max())
    by_prefix = by_prefix.filter(by_prefix.least == by_prefix.most)
    parts = (
        seen.filter(seen.asn.notnull())
        .group_by("wide")
        .agg(of_wide=seen.asn.min(), most=seen.asn.max(), parts=seen.prefix.nunique())
    )
    enough = (parts.parts >= ENOUGH) | parts.wide.contains(":")
    by_wide = parts.filter((parts.of_wide == parts.most) & enough).select("wide", "of_wide")
    joined = beside(addresses, by_prefix.select("prefix", "least"), "prefix")
    joined = beside(joined, by_wide, "wide").left_join(lake.read("owners"), "ip")
    asn = ibis.coalesce(joined.named, joined.least, joined.owner_asn, joined.of_wide)
    known = ibis.coalesce(joined.owner_kind, ibis.literal("unknown"))
    lake.write(
        "networks",
        joined.select(
            "ip",
            prefix=joined.prefix,
            wide=joined.wide,
            asn=asn,
            net=ibis.ifelse(
                joined.provider == 1,
                ibis.literal("provider"),
                ibis.ifelse(asn.notnull(), ibis.literal("as") + asn.cast("string"), joined.wide),
            ),
            kind=ibis.ifelse(joined.provider == 1, ibis.literal("provider"), known),
            owner=joined.owner,
            country=joined.country,
            as_known_on=joined.as_known_on,
        ),
    )
