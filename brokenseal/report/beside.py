"""A visit beside what is ordinary for its mailbox: how many other visits share each of its features, and what they have instead.

Why: a person judges a visit by what the mailbox otherwise sees, not by bits. How: the mailbox's other visits that are in no
case are counted, feature by feature. Misses: what the intruder did before anybody doubted him counts as ordinary here.
"""

from __future__ import annotations

from typing import Any

import ibis

from brokenseal.lake import Lake

FEATURES = ("actor", "net", "client_key", "link", "logon_type")
MOST_VALUES = 3
Row = dict[str, Any]


def beside(lake: Lake, act: Row) -> Row:
    """The visit of an act beside the others of its mailbox: `visits` (how many others) and `features`.

    Each feature: name, here, same (others that have the same), commonest (value and visits, most first); what is no
    feature but an amount has `at_least` instead of `same`, and `most`.
    """
    visits = lake.read("visits")
    mine = lake.fetch(visits.filter(visits.visit_id == act["subject_id"])).to_pylist()
    if not mine:
        return {"visits": 0, "features": []}
    here = mine[0]
    others = visits.filter((visits.box == here["box"]) & (visits.visit_id != here["visit_id"]))
    others = others.filter(others.tenant_id.identical_to(ibis.literal(here["tenant_id"], "string")))
    others = others.anti_join(lake.read("case_acts").select(visit_id="act_id"), "visit_id")
    counts = lake.fetch(others.agg(visits=others.count())).to_pylist()[0]
    return {
        "visits": counts["visits"],
        "features": [
            *(_feature(lake, others, name, here[name]) for name in FEATURES),
            *(_amount(lake, others, name, here[name] or 0) for name in ("item_count", "sync_count")),
        ],
    }


def _feature(lake: Lake, others: ibis.Table, name: str, here: Any) -> Row:
    per = others.group_by(value=others[name]).agg(visits=others.count())
    found = lake.fetch(per.order_by([ibis.desc("visits"), "value"])).to_pylist()
    return {
        "name": name,
        "here": here,
        "same": sum(r["visits"] for r in found if r["value"] == here),
        "commonest": found[:MOST_VALUES],
    }


def _amount(lake: Lake, others: ibis.Table, name: str, here: int) -> Row:
    reached = (others[name] >= here).cast("int64").sum()
    found = lake.fetch(others.agg(most=others[name].max(), reached=reached)).to_pylist()[0]
    return {"name": name, "here": here, "at_least": int(found["reached"] or 0), "most": int(found["most"] or 0)}
