"""Doubted acts joined, and widened to what the same intruder did.

What: from the acts that crossed the line, by themselves or as a group, the `doubted` visits and their components.
Why: one campaign is one case, and its quieter acts must not stay behind as somebody's history. How: a key weighs the
bits of its coincidence, -log2 of the share of benign visits that carry it, its own relationship's left out. Two
doubted acts are joined by a key whose coincidence is rarer than one in their number, and so are the members of a group
that is as rare as a whole; an act that nobody doubted yet is drawn in where its own bits and the key's together reach the
line, and the found carry the key at least as often as all others. What is at home in a mailbox is drawn in by no session,
token or client, since a stolen session is its owner's too, and by a place only where that home is no habit: an intruder
who comes in a mailbox's first days becomes one, and is drawn in nevertheless by an address that is the found acts' alone. What
is a habit is drawn in by no key that is found in its own relationship only, unless half the line doubts it already. Neighbours
whose tokens were issued are not drawn in beside forged ones. Cases that rob more of the same mailboxes than chance explains are
one. Misses: nothing is drawn in by a key that benign
visits carry often, so a campaign behind a common VPN exit is held together by its clients, sessions and tokens alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import ibis
import pyarrow as pa
import rustworkx as rx
from ibis import Table
from ibis.expr.types import FloatingValue, Value

from brokenseal import bits
from brokenseal.beside import beside
from brokenseal.cases import keys
from brokenseal.lake import Lake

MOST_LINKS = 200_000
FALSE_LINKS = 0.25
"""Acts, and groups of acts, that may be joined to others by chance, in a whole answer."""
WIDE = ("network", "network and client", "prefix", "prefix and client")
"""Keys of a whole neighbourhood."""
PLACES = (*WIDE, "address", "address and client")
"""Keys of where somebody is."""
CARRIED = ("session", "token", "client")
"""Keys that go where their owner goes."""
COMPANY = 3
"""Of so many people must an address be found, and of nobody else, to draw in what is a habit in the next mailbox: fewer
are an error of one person's case and its like."""
DOUBTED = pa.schema([("visit_id", pa.string())])
TIE = ("kind", "value", "relationship_id")
"""What the weight of a shared key depends on."""


@dataclass(frozen=True)
class Group:
    """What the weight of a loud group is made of, as it was when it was found, in tenths of a bit."""

    actors: int
    plain: int
    rest: int
    place: int
    came: int | None = None
    """What its newcomers' coming weighs, which the place is no more than; None of a group that has no place."""
    counts: tuple[tuple[str, int | None], ...] = ()
    """What its place is counted on, by name; None of a group of one person."""
    without: tuple[tuple[str, int], ...] = ()
    """The group weighed again without one reason; a reason that it does not stand on is not named."""


@dataclass(frozen=True)
class Link:
    """Why an act is in a case that its own evidence does not put it in."""

    by: str
    bits: int
    group: bool = False
    """It is a member of a group that is loud as a whole."""
    lent: bool = False
    """A session or token alone drew it in: it may be its owner's own."""
    person: str = ""
    """The word of a person that it is here by: decided, or suspected."""
    parts: Group | None = None
    """Of a group: what its weight is made of."""


def seeds(lake: Lake, line: int) -> dict[str, Link | None]:
    """Acts at or above the line, and members of groups above theirs; what brought each in."""
    acts = lake.read("judged")
    own = lake.fetch(acts.filter(acts.bits >= line).select("visit_id"))
    out: dict[str, Link | None] = dict.fromkeys(sorted(own["visit_id"].to_pylist()))
    members = lake.fetch(lake.read("group_members")).to_pylist()
    parts = _parts(lake) if members else {}
    for row in sorted(members, key=lambda r: (r["visit_id"], -r["bits"], r["by"])):
        out.setdefault(row["visit_id"], Link(row["by"], row["bits"], group=True, parts=parts[row["by"]]))
    return out


def _parts(lake: Lake) -> dict[str, Group]:
    """What each group of this round is made of, by what it shares."""
    without: dict[str, list[tuple[str, int]]] = {}
    for row in lake.fetch(lake.read("group_without")).to_pylist():
        without.setdefault(f"{row['kind']} {row['value']}", []).append((row["evidence"], row["bits"]))
    groups = {f"{row['kind']} {row['value']}": row for row in lake.fetch(lake.read("groups")).to_pylist()}
    return {
        by: Group(
            r["actors"],
            r["plain"],
            r["rest"],
            r["place"],
            r["came"],
            tuple((name, r[name]) for name in bits.PLACED),
            tuple(sorted(without.get(by, []))),
        )
        for by, r in groups.items()
    }


def widen(lake: Lake, found: dict[str, Link | None], line: int) -> dict[str, Link | None]:
    """What a rare key ties to the acts found, one step further."""
    if not found:
        return {}
    _weighed(lake, found)
    ties = lake.read("ties")
    # a key that others carry more often than the found acts is nobody's own: most visits are left out by that alone
    ties = _drawing(lake, found, ties.filter(ties.found >= ties.others))
    acts = lake.read("judged").select("visit_id", "bits", "at_home", "rooted", "net_level")
    new = lake.read("visit_keys").join(ties, list(TIE)).anti_join(lake.read("found"), "visit_id")
    # what is a habit hits no reason, and is judged by none
    new = beside(new, acts, "visit_id")
    # nor does a network draw anybody in where several colleagues are at home: being there is nothing of his own
    wide = new.kind.isin(WIDE) & (new.net_level == 1)
    # a stolen session is its owner's too; but one who copies a client vouches for its network himself, and so a place draws
    # in what is at home there unless that home is a habit
    home = new.at_home & (new.rooted | new.kind.isin(CARRIED))
    # that somebody is again where he always is, is no coincidence with himself, unless he is odd there in other ways too
    strange = new.bits * 2 >= line
    own = new.rooted & (new.elsewhere == 0) & ~strange
    # one token that nobody issued is found by what all of them weigh
    home = home & ~((new.kind == keys.UNISSUED) & strange)
    odd = ~home & ~wide & ~own & (new.bits > 0) & (new.bits + new.link >= line)
    alone = (new.kind == "address") & (new.people >= COMPANY) & (new.others == 0) & (new.link >= line)
    there = lake.read("held").filter(lambda h: h.kind.isin(PLACES)).select("visit_id", "kind", "value")
    new = bits.unlike(new.filter(odd | alone), there, lake.read("visits").select("visit_id", "link"))
    order = ibis.window(group_by="visit_id", order_by=[ibis.desc(new.link), new.kind, new.value])
    new = new.mutate(nth=ibis.row_number().over(order))
    rows = lake.fetch(new.filter(new.nth == 0).select("visit_id", "kind", "value", "link")).to_pylist()
    return {
        r["visit_id"]: Link(f"{r['kind']} {r['value']}", r["link"], lent=r["kind"] in ("session", "token"))
        for r in rows
    }


def lent(lake: Lake, found: Mapping[str, Link | None]) -> Table:
    """What only a session or token drew in, as visit_id."""
    ids = sorted(v for v, link in found.items() if link is not None and link.lent)
    return lake.put("lent", pa.table({"visit_id": ids}, schema=DOUBTED))


def _drawing(lake: Lake, found: dict[str, Link | None], ties: Table) -> Table:
    """The ties by which somebody may be drawn in.

    Where only a session or token brought an act in, it may be the owner's own: its place draws in nobody, and its client
    nobody but in the same mailbox.
    """
    held, mine = lake.read("held"), lent(lake, found)
    freely = held.anti_join(mine, "visit_id").union(held.filter(held.kind.isin(("session", "token"))))
    out = ties.semi_join(freely, ["kind", "value"])
    if not any(link is not None and link.lent for link in found.values()):
        return out
    relations = lake.read("relations")
    boxes = relations.select("relationship_id", box=relations.tenant_id.fill_null("?") + " " + relations.box)
    theirs = held.semi_join(mine, "visit_id").filter(lambda t: t.kind == "client").join(boxes, "relationship_id")
    own = boxes.join(theirs.select("kind", "value", "box").distinct(), "box").select(*TIE)
    return out.union(ties.anti_join(freely, ["kind", "value"]).semi_join(own, list(TIE)))


def _weighed(lake: Lake, found: dict[str, Link | None]) -> Table:
    """Write `held`, the keys of the found acts, `ties`, what such a key's coincidence weighs, and `near`, both together;
    returns `near`.

    A tie is of one relationship, since its own visits are left out, and weighs the same for each of them. A key that
    nobody else carries may still be one of many that a network hands out by turns: what an address or prefix adds to its
    network is how seldom two people who are there share one. A place with a client weighs no more than the two apart.
    """
    mine = lake.put("found", pa.table({"visit_id": sorted(found)}, schema=DOUBTED))
    every, relations = lake.read("visit_keys"), lake.read("relations")
    held = lake.write("held", every.semi_join(mine, "visit_id"))
    ties = beside(_counted(lake.read("key_counts"), held), _people(held, relations), ["kind", "value"])
    total = relations.visits.sum().as_scalar().cast("float64")
    around = _around(relations, lake.read("visits").semi_join(mine, "visit_id"))
    out = beside(ties, around, "relationship_id")
    out = beside(out, _collisions(lake.read("crowds"), held, relations), ["kind", "net"])
    alone, net, client = (_rare(total, out[c]) for c in ("others", "net_others", "client_others"))
    place = net + ibis.coalesce(out.seldom, 0.0)
    most = ibis.cases(
        (out.kind.isin(["address", "prefix"]), place),
        (out.kind.endswith(" and client"), place + client),
        else_=alone,
    )
    link = (ibis.least(alone, most) * bits.TENTHS).round().cast("int64")
    ties = lake.write("ties", out.select(*TIE, "found", "elsewhere", "others", "people", link=link))
    return lake.write("near", held.join(ties, list(TIE)))


def _counted(counts: Table, held: Table) -> Table:
    """Each key in `held` with each relationship that carries it: visits of `found` acts with it, of those that are
    `elsewhere` than in that relationship, and of `others`, which are neither found nor of that relationship. counts:
    `key_counts`."""
    own = counts.semi_join(held.select("kind", "value").distinct(), ["kind", "value"])
    own = beside(own, held.group_by(TIE).agg(found=ibis._.count()), list(TIE))
    own = own.mutate(found=ibis.coalesce(own.found, 0))
    own = own.mutate(own=own.n - own.found)
    whole = own.group_by("kind", "value").agg(
        every=own.own.sum().cast("int64"), all_found=own.found.sum().cast("int64")
    )
    out = own.join(whole, ["kind", "value"])
    return out.select(*TIE, found="all_found", elsewhere=out.all_found - out.found, others=out.every - out.own)


def _people(held: Table, relations: Table) -> Table:
    """How many people's acts are found with each key."""
    acts = held.join(relations.select("relationship_id", "tenant_id", "actor"), "relationship_id")
    acts = acts.mutate(who=keys.who(acts))
    return acts.group_by("kind", "value").agg(people=acts.who.nunique())


def _rare(total: FloatingValue, others: Value) -> FloatingValue:
    """The share of visits that carry something, in bits."""
    return ((total + 1) / (others.cast("float64") + 1)).log2()


def _around(relations: Table, mine: Table) -> Table:
    """For each relationship: its network, and how many visits of others nobody doubts carry its network, its client."""
    gone = mine.group_by("relationship_id").agg(gone=ibis._.count())
    each = relations.select("relationship_id", "net", "client_key", "visits")
    each = beside(each, gone, "relationship_id")
    n = each.visits - ibis.coalesce(each.gone, 0)
    return each.select(
        "relationship_id",
        "net",
        net_others=(n.sum().over(ibis.window(group_by=each.net)) - n).cast("int64"),
        client_others=(n.sum().over(ibis.window(group_by=each.client_key)) - n).cast("int64"),
    )


def _collisions(crowds: Table, held: Table, relations: Table) -> Table:
    """In each network, how seldom an address or prefix is shared by two of the people who are there, in bits.

    held: the keys of the found acts, which count for nobody.
    """
    places = held.filter(held.kind.isin(["address", "prefix"]))
    places = places.join(relations.select("relationship_id", "net", "tenant_id", "actor"), "relationship_id")
    whose = ["kind", "net", "value", "who"]
    gone = places.mutate(who=keys.who(places)).group_by(whose).agg(gone=ibis._.count())
    left = beside(crowds, gone, whose)
    left = left.mutate(left=left.visits - ibis.coalesce(left.gone, 0))
    values = left.filter(left.left > 0).group_by("kind", "net", "value").agg(n=ibis._.left.sum(), people=ibis._.count())
    shared = ibis.ifelse(values.people >= 2, values.n, 0)
    rates = values.group_by("kind", "net").agg(n=values.n.sum(), shared=shared.sum())
    seldom = ((rates.n.cast("float64") + 1) / (rates.shared.cast("float64") + 0.5)).log2()
    each = rates.select("kind", "net", seldom=seldom)
    paired = each.mutate(kind=each.kind + " and client")
    return each.union(paired)


def accompanied(lake: Lake, found: dict[str, Link | None]) -> set[str]:
    """The found acts that are not alone: members of a group, and what shares a rare key with an act of another
    relationship. Of what `widen` weighed last.

    One who is odd alone may be benign, and is a precedent for others who are odd in the same way; a campaign's acts are
    no precedents for one another.
    """
    grouped = {visit for visit, link in found.items() if link is not None}
    if not found:
        return grouped
    rare = _rarely(lake.read("near"), len(found))
    met = rare.group_by("kind", "value").agg(relationships=rare.relationship_id.nunique())
    rare = rare.semi_join(met.filter(met.relationships >= 2), ["kind", "value"])
    return grouped | set(lake.fetch(rare.select("visit_id").distinct())["visit_id"].to_pylist())


def _rarely(weighed: Table, acts: int) -> Table:
    """Found acts with the keys that join them, of `near`: so rare that of all acts `FALSE_LINKS` join the rest by chance.

    How many false cases a person bears has no say in it: they would all become one.
    """
    return weighed.filter(weighed.link >= bits.line(acts, FALSE_LINKS))


def components(lake: Lake, found: dict[str, Link | None], group_line: int) -> list[list[str]]:
    """The found acts, joined by what is one story.

    That is what shares something whose coincidence is rarer than one in their number; the members of a group that weighs
    `group_line` tenths of a bit or more; and the acts of one actor in one mailbox, with one client in one network, whatever
    they share.
    """
    graph: rx.PyGraph = rx.PyGraph(multigraph=False)
    places = {visit: graph.add_node(visit) for visit in sorted(found)}
    if not places:
        return []
    anchors: dict[tuple[str, str], str] = {}
    for story, visit in (*_sharing(lake, found), *_grouped(found, group_line), *_relationships(lake)):
        graph.add_edge(places[anchors.setdefault(story, visit)], places[visit], None)
    parts = sorted(sorted(graph[i] for i in part) for part in rx.connected_components(graph))
    for one, other in _meeting(lake, parts):
        graph.add_edge(places[parts[one][0]], places[parts[other][0]], None)
    return sorted(sorted(graph[i] for i in part) for part in rx.connected_components(graph))


Box = tuple[str | None, str]


def _meeting(lake: Lake, parts: list[list[str]]) -> list[tuple[int, int]]:
    """Parts that rob the same mailboxes, more of them than chance explains: pairs of their numbers."""
    relations = lake.read("relations")
    boxed = lake.read("visits").select("visit_id", "relationship_id").semi_join(lake.read("found"), "visit_id")
    boxed = boxed.join(relations.select("relationship_id", "tenant_id", "box"), "relationship_id")
    box_of = {r["visit_id"]: (r["tenant_id"], r["box"]) for r in lake.fetch(boxed).to_pylist()}
    boxes = [{box_of[visit] for visit in part} for part in parts]
    wide = [n for n, own in enumerate(boxes) if len(own) > 1]
    pairs = list(combinations(wide, 2))
    if not pairs:
        return []
    total = lake.fetch(relations.select("tenant_id", "box").distinct()).num_rows

    def chance(one: set[Box], other: set[Box]) -> float:
        return _overlap(total, len(one), len(other), len(one & other))

    return [(one, other) for one, other in pairs if chance(boxes[one], boxes[other]) * len(pairs) < FALSE_LINKS]


def _overlap(total: int, one: int, other: int, shared: int) -> float:
    """The chance that of `total` mailboxes `one` and `other` drawn at random have `shared` or more in common."""
    if shared < 2:
        return 1.0
    ways = sum(math.comb(one, k) * math.comb(total - one, other - k) for k in range(shared, min(one, other) + 1))
    return ways / math.comb(total, other)


Joined = list[tuple[tuple[str, str], str]]
"""What joins, as kind and value, and a visit that it joins to the others."""


def _sharing(lake: Lake, found: dict[str, Link | None]) -> Joined:
    # a round that drew nobody in has weighed the keys of just these
    known = sorted(lake.fetch(lake.read("found"))["visit_id"].to_pylist()) == sorted(found)
    weighed = lake.read("near") if known else _weighed(lake, found)
    rare = _rarely(weighed, len(found)).select("visit_id", "kind", "value", "link")
    rare = rare.order_by([ibis.desc("link"), "kind", "value", "visit_id"]).limit(MOST_LINKS)
    return [((r["kind"], r["value"]), r["visit_id"]) for r in lake.fetch(rare).to_pylist()]


def _grouped(found: dict[str, Link | None], line: int) -> Joined:
    return [
        (("group", link.by), visit)
        for visit, link in sorted(found.items())
        if link is not None and link.group and link.bits >= line
    ]


def _relationships(lake: Lake) -> Joined:
    mine = lake.read("visits").select("visit_id", "relationship_id").semi_join(lake.read("found"), "visit_id")
    rows = lake.fetch(mine.order_by("visit_id")).to_pylist()
    return [(("relationship", r["relationship_id"]), r["visit_id"]) for r in rows]
