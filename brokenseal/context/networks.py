"""Addresses to networks.

What: one row an address seen in accesses or sign-ins, with the network that history is kept by. Why: a person's address
changes with every lease, a person's carrier hardly ever; novelty is judged by network. How: the autonomous system number
that sign-ins name for the address, or for its /24 or /48 when they name only one; else the one of a database that the user
gave; else its /16 or /32. Misses: without
sign-ins a carrier that leases from many /16s counts as many networks.
"""

from __future__ import annotations

import ibis

from brokenseal.beside import beside
from brokenseal.lake import Lake

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
    joined = beside(addresses, by_prefix, addresses.prefix == by_prefix.prefix)
    joined = joined.left_join(lake.read("owners"), "ip")
    asn = ibis.coalesce(joined.named, joined.least, joined.owner_asn)
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
