"""Doubted acts joined, and widened to what the same intruder did.

What: from the acts that crossed the line, by themselves or as a group, the `doubted` visits and their components.
Why: one campaign is one case, and its quieter acts must not stay behind as somebody's history. How: a key weighs the
bits of its coincidence, -log2 of the share of benign visits that carry it, its own relationship's left out. Two
doubted acts are joined by a key whose coincidence is rarer than one in their number; an act that nobody doubted yet
is drawn in where its own bits and the key's together reach the line, and the found carry the key at least as often as
all others. What is at home in a mailbox, in network and client, is never drawn in: a stolen session is its owner's
too. Misses: nothing is drawn in by a key that benign visits carry often, so a campaign behind a common VPN exit is
held together by its clients, sessions and tokens alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
import rustworkx as rx
from ibis import Table

from brokenseal import bits
from brokenseal.lake import Lake

MOST_LINKS = 200_000
DOUBTED = pa.schema([("visit_id", pa.string())])


@dataclass(frozen=True)
class Link:
    """Why an act is in a case that its own evidence does not put it in."""

    by: str
    bits: int
    group: bool = False
    """It is a member of a group that is loud as a whole."""


def seeds(lake: Lake, line: int) -> dict[str, Link | None]:
    """Acts at or above the line, and members of groups above theirs; what brought each in."""
    acts = lake.read("judged")
    own = lake.fetch(acts.filter(acts.bits >= line).select("visit_id"))
    out: dict[str, Link | None] = dict.fromkeys(sorted(own["visit_id"].to_pylist()))
    members = lake.fetch(lake.read("group_members")).to_pylist()
    for row in sorted(members, key=lambda r: (r["visit_id"], -r["bits"], r["by"])):
        out.setdefault(row["visit_id"], Link(row["by"], row["bits"], group=True))
    return out


def widen(lake: Lake, found: dict[str, Link | None], line: int) -> dict[str, Link | None]:
    """What a rare key ties to the acts found, one step further."""
    if not found:
        return {}
    weighed = _weighed(lake, found)
    acts = lake.read("judged").select("visit_id", "bits", "at_home")
    new = weighed.filter(weighed.mine == 0).join(acts, "visit_id")
    # a key that others carry more often than the found acts is nobody's own
    held = new.found >= new.others
    new = new.filter(~new.at_home & held & (new.bits > 0) & (new.bits + new.link >= line))
    order = ibis.window(group_by="visit_id", order_by=[ibis.desc(new.link), new.kind, new.value])
    new = new.mutate(nth=ibis.row_number().over(order))
    rows = lake.fetch(new.filter(new.nth == 0).select("visit_id", "kind", "value", "link")).to_pylist()
    return {r["visit_id"]: Link(f"{r['kind']} {r['value']}", r["link"]) for r in rows}


def _weighed(lake: Lake, found: dict[str, Link | None]) -> Table:
    """Every visit that carries a key of a found act, with what the key's coincidence weighs."""
    mine = lake.put("found", pa.table({"visit_id": sorted(found)}, schema=DOUBTED))
    keys = lake.read("visit_keys").left_join(mine.mutate(mine=ibis.literal(1)), "visit_id")
    keys = keys.drop([c for c in keys.columns if c.endswith("_right")])
    keys = keys.mutate(mine=ibis.coalesce(keys.mine, 0))
    held = keys.filter(keys.mine == 1).select("kind", "value").distinct()
    near = keys.semi_join(held, ["kind", "value"])
    benign = 1 - near.mine
    per_key = ibis.window(group_by=["kind", "value"])
    per_relation = ibis.window(group_by=["kind", "value", "relationship_id"])
    others = benign.sum().over(per_key) - benign.sum().over(per_relation)
    all_visits = lake.read("visits").count().as_scalar()
    link = ((all_visits.cast("float64") + 1) / (others.cast("float64") + 1)).log2() * bits.TENTHS
    found_here = near.mine.sum().over(per_key)
    return lake.write(
        "near",
        near.mutate(link=link.round().cast("int64"), others=others.cast("int64"), found=found_here.cast("int64")),
    )


def components(lake: Lake, found: dict[str, Link | None], false_cases: float) -> list[list[str]]:
    """The found acts, joined where they share something whose coincidence is rarer than one in their number."""
    graph: rx.PyGraph = rx.PyGraph(multigraph=False)
    places = {visit: graph.add_node(visit) for visit in sorted(found)}
    if not places:
        return []
    weighed = _weighed(lake, found)
    # each act may join the rest by chance about once in as many as there are
    rare = weighed.filter((weighed.mine == 1) & (weighed.link >= bits.line(len(places), false_cases)))
    rows = lake.fetch(
        rare.select("visit_id", "kind", "value", "link")
        .order_by([ibis.desc("link"), "kind", "value", "visit_id"])
        .limit(MOST_LINKS)
    ).to_pylist()
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        anchor = first.setdefault((row["kind"], row["value"]), row["visit_id"])
        graph.add_edge(places[anchor], places[row["visit_id"]], None)
    return sorted(sorted(graph[i] for i in part) for part in rx.connected_components(graph))
