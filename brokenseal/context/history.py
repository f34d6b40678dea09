"""What is ordinary: who uses which network with which client.

What: `relations`, one row a relationship (mailbox, actor, network, client), and `days`, when it was there, written once;
and `pairs`, one row a mailbox, network and client, and `standing`, how well each relationship's network and client are known
(0 at home in this mailbox, 1 in three or more others of its organisation, 2 in one or two, 3 in another organisation only, 4
nowhere), both written again in each round without the doubted visits. Why: history must not learn the intruder, and
novelty is judged by relationship, not by access. How: a mailbox's habits are the network and the client that it uses on
half of its days, and what was together there from the log's first days; from them knowledge spreads, client to network
to client, by being used together. A pair vouches for its network where another known network knows its client, and for
its client where another known client is used there. So a person who travels with his laptop vouches for the hotel, and
an intruder, new in both, vouches for nothing, however often he comes and from however many networks. Misses: one who
was there before the log began, or who holds the mailbox on more than half of its days, is its history.
"""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.lake import Lake

WARM_DAYS = 7
"""Relationships that begin in a mailbox's first days are compared with their like: everything is new then."""
HABIT_DAYS = 3
"""A pair that is there from the log's first days, and on so many of them, is a habit."""
STEPS = 2
"""How far knowledge spreads from habits: office, then the telephone seen there, then the telephone's carrier."""
NOWHERE = ("provider", "none")


def relations(lake: Lake) -> None:
    """Write `relations`; `days`: how many visits of a relationship each day has, the provider's own left out; `habits`.

    `habits` is `pairs` as long as nobody is doubted.
    """
    v = lake.read("visits")
    grouped = v.group_by("relationship_id", "tenant_id", "box").agg(
        actor=v.actor.min(),
        net=v.net.min(),
        client_key=v.client_key.min(),
        client=v.client.min(),
        app_id=v.app_id.min(),
        client_app_id=v.client_app_id.min(),
        agent=v.agent.min(),
        logon_type=v.logon_type.min(),
        background=v.background.cast("int64").min() == 1,
        first=v["first"].min(),
        syncs=v.sync_count.sum().cast("int64"),
        visits=v.count(),
    )
    begins = v.group_by("tenant_id", "box").agg(begin=v["first"].min())
    joined = grouped.join(begins, ["tenant_id", "box"])
    warm = joined["first"] < joined.begin + ibis.interval(days=WARM_DAYS)
    period = ibis.ifelse(joined.background, "background", ibis.ifelse(warm, "warm", "settled"))
    known = lake.write("relations", joined.mutate(period=period).drop("begin"))
    named = known.select("relationship_id", "tenant_id", "box", "net", "client_key")
    counted = _by_day(v.anti_join(_alien(lake, v), ["tenant_id", "actor", "net"]))
    days = lake.write("days", counted.join(named, "relationship_id"))
    lake.write("habits", _vouching(days, known))


def _alien(lake: Lake, visits: Table) -> Table:
    """Networks that are nobody's home: tenant_id, actor, net, where tokens were used that nobody issued, none that somebody
    did, and from which that person never signed in. However often he comes, he vouches for nothing there."""
    placed = visits.filter(~visits.background & ~visits.net.isin(NOWHERE))
    person = ["tenant_id", "actor", "net"]
    seen = placed.group_by(*person).agg(
        orphans=(placed.link == "orphan").cast("int64").sum(),
        linked=placed.link.isin(["token", "session"]).cast("int64").sum(),
    )
    s = lake.read("signins")
    home = s.filter(s.user.notnull() & s.net.notnull()).select("tenant_id", "net", actor="user").distinct()
    # a guest's tokens are issued, and in part logged, at home
    guests = s.filter(s.home_tenant_id != s.tenant_id).select("tenant_id", actor="user").distinct()
    alien = seen.filter((seen.orphans > 0) & (seen.linked == 0)).select(*person)
    return alien.anti_join(home, person).anti_join(guests, ["tenant_id", "actor"])


def _by_day(visits: Table) -> Table:
    v = visits.filter(~visits.background)
    dated = v.select("relationship_id", day=v["first"].date())
    return dated.group_by("relationship_id", "day").agg(visits=dated.count())


def pairs(lake: Lake) -> None:
    """Write `pairs` from the visits nobody doubts (`doubted`: visit_id); only mailboxes with doubted ones are asked again."""
    doubted = lake.read("visits").semi_join(lake.read("doubted"), "visit_id")
    gone = lake.write("days_gone", _by_day(doubted)).rename(gone="visits")
    relations = lake.read("relations")
    touched = relations.semi_join(gone, "relationship_id").select("tenant_id", "box").distinct()
    touched = lake.write("boxes_touched", touched)
    days = lake.read("days").semi_join(touched, ["tenant_id", "box"]).left_join(gone, ["relationship_id", "day"])
    left = days.filter(days.visits > ibis.coalesce(days.gone, 0))
    daily = lake.write("days_left", left.select("relationship_id", "tenant_id", "box", "net", "client_key", "day"))
    again = _vouching(daily, relations.semi_join(touched, ["tenant_id", "box"]))
    lake.write("pairs", lake.read("habits").anti_join(touched, ["tenant_id", "box"]).union(again))


def _vouching(daily: Table, relations: Table) -> Table:
    box = _days(daily, "box_days")
    net, client = _days(daily, "net_days", "net"), _days(daily, "client_days", "client_key")
    joined = daily.select("tenant_id", "box", "net", "client_key").distinct().join(box, ["tenant_id", "box"])
    joined = joined.join(net, ["tenant_id", "box", "net"])
    joined = joined.join(client, ["tenant_id", "box", "client_key"])
    old = relations.filter(relations.period == "warm").select("tenant_id", "box", "net", "client_key").distinct()
    joined = beside(joined, old.mutate(old=ibis.literal(1)), ["tenant_id", "box", "net", "client_key"])
    pair_days = _days(daily, "pair_days", "net", "client_key")
    joined = joined.join(pair_days, ["tenant_id", "box", "net", "client_key"])
    habit = (ibis.coalesce(joined.old, 0) == 1) & (joined.pair_days >= HABIT_DAYS)
    placed = ~joined.net.isin(NOWHERE)
    home_net, home_client = joined.net_days * 2 >= joined.box_days, joined.client_days * 2 >= joined.box_days
    known = joined.select(
        "tenant_id",
        "box",
        "net",
        "client_key",
        placed=placed,
        habit=habit,
        home_net=home_net,
        home_client=home_client,
        net_known=(placed & (home_net | habit)).cast("int64"),
        client_known=(home_client | habit).cast("int64"),
    )
    for _ in range(STEPS):
        known = _spread(known)
    nets = known.net_known.sum().over(ibis.window(group_by=["tenant_id", "box", "client_key"])) - known.net_known
    clients = known.client_known.sum().over(ibis.window(group_by=["tenant_id", "box", "net"])) - known.client_known
    return known.select(
        "tenant_id",
        "box",
        "net",
        "client_key",
        "home_net",
        "home_client",
        vouches_net=known.placed & ((nets >= 1) | known.home_net | known.home_client | known.habit),
        settled_net=known.placed
        & (
            known.home_net
            | known.habit
            | (known.client_known.sum().over(ibis.window(group_by=["tenant_id", "box", "net"])) >= 2)
        ),
        vouches_client=(known.placed & (clients >= 1)) | known.home_client | known.habit,
        rooted=known.home_net | known.habit,
        habit=known.habit,
    )


def _spread(known: Table) -> Table:
    """One step: what is used on a known network, or with a known client, becomes known in this mailbox."""
    linked = ibis.greatest(known.net_known, known.client_known)
    reached = ibis.ifelse(known.placed, linked, 0)
    # a pair in no place ties nothing together: the provider's front end is everybody's
    net = reached.max().over(ibis.window(group_by=["tenant_id", "box", "net"]))
    client = (
        ibis.greatest(reached, known.client_known).max().over(ibis.window(group_by=["tenant_id", "box", "client_key"]))
    )
    return known.mutate(net_known=net, client_known=client)


def _days(daily: Table, name: str, *by: str) -> Table:
    """Distinct days of a mailbox, of its networks or of its clients."""
    days = daily.select("tenant_id", "box", *by, "day").distinct()
    return days.group_by("tenant_id", "box", *by).agg(**{name: days.count()})


def trusted(lake: Lake) -> None:
    """Write `trusted`: relationship_id of those that have a visit nobody doubts, and when the first of these was (began)."""
    left = lake.read("visits").anti_join(lake.read("doubted"), "visit_id")
    lake.write("trusted", left.group_by("relationship_id").agg(began=left["first"].min()))


def standing(lake: Lake, *, isolate: bool = False) -> None:
    """Write `standing`: relationship_id, net_level, client_level, and whether its network is a habit (`rooted`).

    isolate: what other organisations know is not asked.
    """
    judged = lake.read("relations")
    judged = judged.filter(~judged.background)
    pairs = lake.read("pairs")
    net = _level(judged, pairs, "net", "vouches_net", "settled_net", "home_net", isolate)
    client = _level(judged, pairs, "client_key", "vouches_client", "vouches_client", "home_client", isolate)
    joined = net.rename(net_level="level").join(client.rename(client_level="level"), "relationship_id")
    joined = joined.join(judged.select("relationship_id", "tenant_id", "box", "net", "client_key"), "relationship_id")
    # what was there from the first days, in a place that others of the mailbox vouch for, is no new client for being used
    # nowhere else
    steady = pairs.filter(pairs.habit).select("tenant_id", "box", "net", "client_key").distinct()
    joined = beside(joined, steady.mutate(steady=ibis.literal(1)), ["tenant_id", "box", "net", "client_key"])
    used = ibis.ifelse((joined.net_level == 0) & (joined.steady == 1), 0, joined.client_level)
    joined = joined.mutate(client_level=used)
    habits = pairs.filter(pairs.rooted).select("tenant_id", "box", "net").distinct().mutate(habit=ibis.literal(1))
    joined = joined.left_join(habits, ["tenant_id", "box", "net"])
    # the provider's front end is no place to be new in
    nowhere = joined.net.isin(NOWHERE)
    level = ibis.ifelse(nowhere, 0, joined.net_level)
    rooted = nowhere | (ibis.coalesce(joined.habit, 0) == 1)
    lake.write("standing", joined.select("relationship_id", "client_level", net_level=level, rooted=rooted))


def _level(judged: Table, pairs: Table, value: str, vouches: str, settled: str, home: str, isolate: bool) -> Table:
    """Who else is at home with this value (a network or a client)."""
    at_home = pairs.filter(pairs[vouches])
    own = at_home.group_by("tenant_id", "box", value).agg(
        home=at_home[home].cast("int64").max(), own_settled=at_home[settled].cast("int64").max(), pairs=at_home.count()
    )
    itself = at_home.select("tenant_id", "box", "net", "client_key", itself=ibis.literal(1))
    boxes = pairs.filter(pairs[settled]).select("tenant_id", value, "box").distinct()
    in_tenant = boxes.group_by("tenant_id", value).agg(boxes=boxes.count())
    tenants = boxes.select("tenant_id", value).distinct()
    everywhere = tenants.group_by(value).agg(tenants=tenants.count())
    out = judged
    for table, key in (
        (own, ["tenant_id", "box", value]),
        (itself, ["tenant_id", "box", "net", "client_key"]),
        (in_tenant, ["tenant_id", value]),
        (everywhere, [value]),
    ):
        out = beside(out, table, key)
    mine = ibis.coalesce(out.pairs, 0)
    others_here = mine - ibis.coalesce(out.itself, 0)
    colleagues = ibis.coalesce(out.boxes, 0) - ibis.coalesce(out.own_settled, 0)
    elsewhere = ibis.coalesce(out.tenants, 0) - (ibis.coalesce(out.boxes, 0) > 0).cast("int64")
    level = ibis.cases(
        ((ibis.coalesce(out.home, 0) == 1) | (others_here > 0), 0),
        (colleagues >= 3, 1),
        (colleagues >= 1, 2),
        ((elsewhere >= 1) & (not isolate), 3),
        else_=4,
    )
    return out.select("relationship_id", level=level.cast("int64"))
