"""What weights are made of, as the answer holds it: terms that a reader can add up again, and what speaks against them.

Why: a figure that nobody can rebuild persuades nobody, and what the same logs hold against a reading belongs beside it.
How: the tables of the run name each term in whole tenths, so the terms add up to what is shown, digit by digit; what makes
a sum weigh less than its parts is a term of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from brokenseal import bits
from brokenseal.lake import Lake

ASPECTS = ("network", "client", "token", "volume", "intelligence")
NOTHING: Mapping[str, int] = dict.fromkeys((*ASPECTS, "joint", "plain", "bits"), 0)
Row = dict[str, Any]
Kind = tuple[str | None, str]
"""Organisation and stratum."""


@dataclass(frozen=True)
class Weights:
    """What the weights of shown acts and of cases are made of, fetched once; tenths of a bit."""

    acts: dict[str, Row]
    groups: dict[str, list[Row]]
    without: dict[str, list[Row]]
    """By case."""
    visits: dict[str, Row]
    linkage: dict[Kind, Row]


def weights(lake: Lake) -> Weights:
    """All that the run's tables hold of it."""
    ids = lake.read("act_weights").select(visit_id="act_id")
    visits = lake.read("visits").semi_join(ids, "visit_id")
    visits = visits.select(
        "visit_id", "tenant_id", "stratum", "link", "complete", "token_id", "session_id", "token_id_odd"
    )
    return Weights(
        acts={r["act_id"]: r for r in lake.fetch(lake.read("act_weights")).to_pylist()},
        groups=by_case(lake, lake.read("case_groups")),
        without=by_case(lake, lake.read("case_without")),
        visits={r["visit_id"]: r for r in lake.fetch(visits).to_pylist()},
        linkage={(r["tenant_id"], r["stratum"]): r for r in lake.fetch(lake.read("linkage")).to_pylist()},
    )


def by_case(lake: Lake, table: ibis.Table) -> dict[str, list[Row]]:
    """Rows of a table by their case."""
    out: dict[str, list[Row]] = defaultdict(list)
    for r in lake.fetch(table).to_pylist():
        out[r["case_id"]].append(r)
    return out


def weighed(act: Row, told: Weights) -> Row:
    """The terms of an act's weight; they add up to its bits."""
    own = told.acts.get(act["act_id"], NOTHING)
    terms = {name: own[name] for name in ASPECTS}
    jointly = own["joint"] - own["network"] - own["client"]
    parts = {"network": 0, "client": 0, "jointly": jointly, **terms, "added": own["bits"] - own["plain"]}
    order = ("network", "client", "jointly", "token", "volume", "intelligence", "added")
    return {name: bits.shown(parts[name]) for name in order}


def weighing(case_id: str, own: list[Row], told: Weights) -> Row:
    """What a case's weight is made of. own: rows of its acts."""
    heaviest = min(own, key=lambda r: (-r["bits"], r["first"], r["act_id"]))
    groups = sorted(told.groups.get(case_id, []), key=lambda g: (-g["bits"], g["shared"]))
    left = sorted(told.without.get(case_id, []), key=lambda r: r["evidence"])
    return {
        "act_id": heaviest["act_id"],
        "act_bits": bits.shown(heaviest["bits"]),
        "group": _group(groups[0]) if groups else None,
        "without": [
            {"evidence": r["evidence"], "bits": bits.shown(r["bits"]), "above_line": r["above_line"]} for r in left
        ],
    }


def _group(row: Row) -> Row:
    return {
        "shared": row["shared"],
        "actors": row["actors"],
        **{name: row[name] for name in bits.PLACED},
        "came": None if row["came"] is None else bits.shown(row["came"]),
        **{name: bits.shown(row[name]) for name in ("plain", "place", "rest")},
        "together": bits.shown(row["bits"] - row["place"] - row["rest"]),
        "bits": bits.shown(row["bits"]),
    }


def counter(acts: Iterable[Row], told: Weights) -> Row:
    """How visits of the same kinds hang on sign-ins otherwise, and how the acts' token ids end. acts: rows of a case's."""
    visits = [told.visits[r["act_id"]] for r in acts if r["act_id"] in told.visits]
    odd: dict[str, bool] = {}
    kinds: dict[Kind, list[Row]] = defaultdict(list)
    for v in visits:
        if v["token_id"]:
            odd[v["token_id"]] = odd.get(v["token_id"], False) or bool(v["token_id_odd"])
        if v["complete"] and (v["token_id"] or v["session_id"]) and v["stratum"]:
            kinds[v["tenant_id"], v["stratum"]].append(v)
    return {
        "token_ids": len(odd),
        "odd_token_ids": sum(odd.values()),
        "kinds": [_kind(kind, kinds[kind], told) for kind in sorted(kinds, key=lambda k: (k[0] or "", k[1]))],
    }


def _kind(kind: Kind, own: list[Row], told: Weights) -> Row:
    """The case's visits of one kind beside all others of it in the organisation."""
    whole = told.linkage.get(kind, {"visits": len(own), "linked": 0})
    linked = sum(v["link"] in ("token", "session") for v in own)
    return {
        "tenant_id": kind[0],
        "stratum": kind[1],
        "acts": len(own),
        "orphans": sum(v["link"] == "orphan" for v in own),
        "others": max(whole["visits"] - len(own), 0),
        "others_linked": max(whole["linked"] - linked, 0),
    }
