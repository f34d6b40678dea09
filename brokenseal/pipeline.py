"""The order of the steps, written once, and the judging loop.

Accesses and sign-ins become visits, each linked to its issuance; reasons weigh them; what crosses the line is doubted,
taken out of history with all that a rare key ties to it, and the rest is weighed again, until nothing changes.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import ibis
import pyarrow as pa

from brokenseal import bits, evidence, sources
from brokenseal.beside import beside
from brokenseal.cases import gaps, join, keys, write
from brokenseal.context import (
    history,
    identities,
    indicators,
    issuances,
    known,
    messages,
    networks,
    owners,
    visits,
)
from brokenseal.evidence import Reason, Tables, burst, groups, priors, score
from brokenseal.lake import Lake
from brokenseal.uncollected import uncollected

MOST_ROUNDS = 8
CONTEXT: tuple[Callable[[Lake], None], ...] = (
    owners.owners,
    networks.networks,
    identities.identities,
    messages.messages,
    issuances.issuances,
    visits.visits,
    history.relations,
    keys.keys,
    groups.meet,
    burst.days,
    known.known,
)


@dataclass(frozen=True)
class Options:
    """What a person may decide about an analysis.

    as_of: the moment the answer speaks of, by default the latest event in the lake. false_cases: how many false cases
    the whole answer may hold. isolate: each organisation's acts are weighed by its own
    history and the priors alone; only how benign oddness adds up is counted over all. mmdb: databases that say
    whose an address is, in MaxMind's format. drill: these logs are invented; the answer says so, and is the same otherwise.
    """

    as_of: datetime | None = None
    false_cases: float = 0.5
    isolate: bool = False
    mmdb: tuple[Path, ...] = ()
    drill: bool = False

    def told(self) -> dict[str, Any]:
        """As the answer says them."""
        moment = self.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if self.as_of else None
        return {"as_of": moment, "drill": self.drill, "false_cases": self.false_cases, "isolate": self.isolate}

    def key(self) -> str:
        """What a run is named by, beside its inputs."""
        given = owners.digests(self.mmdb)
        databases = "".join(f" {name}={digest}" for name, digest in given.items())
        return f"{json.dumps(self.told(), sort_keys=True)} priors={priors.digest()}{databases}"


@dataclass(frozen=True)
class Judgement:
    """What the loop settled on."""

    found: dict[str, join.Link | None]
    line: int
    group_line: int
    rounds: int
    settled: bool
    acts: int
    visits: int
    tried: int
    """Keys that acts share, persons who newly opened others' mailboxes, and days with unissued tokens of several people: what
    the groups' line pays for."""


@cache
def modules() -> dict[str, ModuleType]:
    """Every evidence file, by its reason's name; found by folder scan."""
    found = {}
    for item in pkgutil.iter_modules(evidence.__path__):
        module = importlib.import_module(f"brokenseal.evidence.{item.name}")
        if hasattr(module, "REASON"):
            found[module.REASON.name] = module
    return dict(sorted(found.items()))


def reasons() -> dict[str, Reason]:
    """The reasons, by name."""
    return {name: module.REASON for name, module in modules().items()}


@uncollected()
def analyse(lake: Lake, options: Options, report: Callable[[str], None] = lambda _: None) -> str:
    """Judge all that is in the lake; writes and publishes one run, and returns its id."""
    # a lake that an older version filled is judged by what this version reads in its records
    sources.refresh(lake)
    said = words(lake)
    run = lake.start_run(options.key() + (f" said={said}" if said else ""))
    report("visits and their sign-ins")
    owners.owners(lake, options.mmdb)
    for step in CONTEXT[1:]:
        step(lake)
    judgement = settle(lake, options, report)
    report("cases and gaps")
    # however many false cases a person bears, chance joins as few groups
    rare = judgement.group_line + bits.tenths(join.FALSE_LINKS) - bits.tenths(options.false_cases / 2)
    parts = join.components(lake, judgement.found, rare)
    moment = as_of(lake, options)
    lake.drop(
        "levels_once", "clusters_once", "counted_once", "levels_again", "turned", "visit_keys", "key_counts", "met_keys"
    )
    write.tables(lake, judgement.found, parts, write.Lines(judgement.line, judgement.group_line), moment, reasons())
    gaps.gaps(lake, moment, judgement.line, settled=judgement.settled)
    hashes = {"priors": priors.digest(), **owners.digests(options.mmdb), **_said(lake, said)}
    write.summary(lake, moment, judgement, options.told(), hashes)
    lake.publish_run()
    return run


def _said(lake: Lake, said: str) -> dict[str, str]:
    """Hashes of what people said, and of the lists of known indicators; nothing where there are none."""
    lists = sorted({told["sha256"] for kind, told in lake.said() if kind == "indicator"})
    whole = {"indicators": hashlib.sha256("\n".join(lists).encode()).hexdigest()} if lists else {}
    return {"said": said, **whole} if said else {}


def words(lake: Lake) -> str:
    """SHA-256 of all that people said, in order; empty where nobody said anything."""
    said = lake.said()
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() if said else ""


def handed(files: Mapping[str, list[Path] | None]) -> list[tuple[str, dict[str, Any]]]:
    """Files of suspects, of what is vouched for and of indicators, as the ledger keeps them; looked at before any work."""
    kinds = {"suspect": "suspect", "known-good": "known-good", "indicators": "indicator"}
    return [(kinds[name], indicators.handed(path).told()) for name, paths in files.items() for path in paths or ()]


def keep(lake: Lake, said: list[tuple[str, dict[str, Any]]]) -> None:
    """Keep what was handed over in the lake's ledger; what is kept already stays as it is."""
    for kind, told in said:
        lake.say(kind, told)


def as_of(lake: Lake, options: Options) -> datetime:
    """The moment the answer speaks of."""
    if options.as_of is not None:
        return options.as_of
    streams = lake.read("streams")
    latest = lake.fetch(streams.agg(latest=streams["to"].max()))["latest"][0].as_py()
    return latest or datetime(1990, 1, 1)


def settle(lake: Lake, options: Options, report: Callable[[str], None]) -> Judgement:
    """Weigh, doubt, take out of history, weigh again, until the doubted set stays the same."""
    relations = lake.read("relations")
    sizes = lake.fetch(relations.agg(n=relations.count(), visits=relations.visits.sum())).to_pylist()[0]
    acts, visits = sizes["n"], sizes["visits"] or 0
    # half of the budget for single acts, half for groups of acts that share a key
    share = options.false_cases / 2
    line = bits.line(acts, share)
    lake.put("priors", priors.table())
    hostile, benign = known.spoken(lake)
    said: dict[str, join.Link | None] = {v: join.Link(by, 0, person=kind) for v, (by, kind) in hostile.items()}
    found: dict[str, join.Link | None] = {}
    together: set[str] = set()
    for number in range(1, MOST_ROUNDS + 1):
        report(f"weighing, round {number}")
        group_line, tried = weigh(lake, sorted(found), sorted(together), options, line)
        # evidence of its own goes before a person's word that says the same, and before a session that may be its owner's
        loud = join.seeds(lake, line)
        kept = {v: link for v, link in found.items() if not (v in loud and link is not None and link.lent)}
        new = _without({**said, **loud, **kept}, benign)
        new = _without({**join.widen(lake, new, line), **new}, benign)
        more = together | join.accompanied(lake, new)
        if set(new) == set(found) and more == together:
            return Judgement(new, line, group_line, number, True, acts, visits, tried)
        found, together = new, more
        lake.turn()
    return Judgement(found, line, group_line, MOST_ROUNDS, False, acts, visits, tried)


def _without(found: dict[str, join.Link | None], benign: set[str]) -> dict[str, join.Link | None]:
    """What a person called benign is doubted by nobody."""
    return {v: link for v, link in found.items() if v not in benign}


def weigh(lake: Lake, doubted: list[str], together: list[str], options: Options, line: int) -> tuple[int, int]:
    """One round: history without the doubted, every reason, every act, every group. Returns what `groups.groups` does.

    together: those of the doubted that are no precedents for others.
    """
    lake.put("doubted", pa.table({"visit_id": doubted}, schema=join.DOUBTED))
    history.pairs(lake)
    history.standing(lake, isolate=options.isolate)
    history.trusted(lake)
    tables = Tables(
        *(lake.read(n) for n in ("visits", "relations", "pairs", "standing", "trusted", "signins", "known"))
    )
    if not doubted:
        once = lake.write("levels_once", levels(tables, again=False))
        lake.write("counted_once", bits.counted(lake.write("clusters_once", bits.clusters(once))))
    again = lake.write("levels_again", levels(tables, again=True))
    unfair = lake.write(
        "unfair", _unfair(lake, lake.put("together", pa.table({"visit_id": together}, schema=join.DOUBTED)))
    )
    turns = lake.write("turned", turned(tables))
    grouped = bits.clusters(again)
    spoilt = bits.spoilt(lake.read("levels_once"), lake.read("clusters_once"), unfair)
    spoilt = spoilt.union(bits.spoilt(again, grouped, unfair))
    counted = _turn(lake.read("counted_once"), turns).union(bits.counted(grouped))
    cells = lake.write("cells", bits.cells(counted, spoilt, lake.read("relations")))
    lone = [n for n, r in reasons().items() if not r.own]
    lake.write("weights", bits.weigh(cells, lake.read("priors"), isolate=options.isolate, lone=lone))
    odd = _turn(lake.read("levels_once").filter(lambda t: t.level > 0), turns).union(again.filter(again.level > 0))
    lake.write("levels", odd.select("evidence", "unit_id", "relationship_id", "stratum", "level"))
    score.hits(lake, {n: r.aspect for n, r in reasons().items()})
    score.judge(lake, isolate=options.isolate)
    return groups.groups(lake, options.false_cases / 2, line, isolate=options.isolate)


def _unfair(lake: Lake, suspects: ibis.Table) -> ibis.Table:
    """Units that are not benign: a visit while it is doubted, a relationship while every visit of it is."""
    doubted = lake.read("visits").select("visit_id", "relationship_id").semi_join(suspects, "visit_id")
    per = doubted.group_by("relationship_id").agg(n=doubted.count())
    whole = lake.read("relations").select("relationship_id", "visits").join(per, "relationship_id")
    lost = whole.filter(whole.visits == whole.n)
    return suspects.select(unit_id="visit_id").union(lost.select(unit_id="relationship_id"))


def levels(tables: Tables, *, again: bool) -> ibis.Table:
    """Every reason's levels in one table; again: of relationships, which each round judges again, or of visits."""
    out: ibis.Table | None = None
    for name, module in modules().items():
        if (module.REASON.unit == "relationship") == again:
            found = module.judge(tables).mutate(evidence=ibis.literal(name), unit=ibis.literal(module.REASON.unit))
            if "turn" not in found.columns:
                found = found.mutate(turn=ibis.literal(evidence.ANY, "int64"))
            found = found.mutate(
                cluster=_cluster(found, module.REASON.unit), stratum=ibis.coalesce(found.stratum, ibis.literal("?"))
            )
            found = found.select(
                "evidence", "unit", "unit_id", "relationship_id", "stratum", "turn", "level", "cluster"
            )
            out = found if out is None else out.union(found)
    assert out is not None
    return out


def turned(tables: Tables) -> ibis.Table:
    """Reason and relationship for which history says yes."""
    parts = [
        module.turned(tables).select("relationship_id").mutate(evidence=ibis.literal(name))
        for name, module in modules().items()
        if hasattr(module, "turned")
    ]
    return ibis.union(*parts)


def _turn(rows: ibis.Table, turned: ibis.Table) -> ibis.Table:
    """Of each two rows the one that history chooses."""
    keys = ["evidence", "relationship_id"]
    out = beside(rows, turned.mutate(yes=ibis.literal(evidence.YES, "int64")), keys)
    chosen = (out.turn == evidence.ANY) | (out.turn == ibis.coalesce(out.yes, evidence.NO))
    return out.filter(chosen).drop("yes")


def _cluster(found: ibis.Table, unit: str) -> ibis.Value:
    """What counts once: the relationship where peaks count, the reason's own cluster where it names one, else the unit."""
    if unit == "peak":
        return found.relationship_id
    return found.cluster if "cluster" in found.columns else found.unit_id


def described() -> dict[str, dict[str, Any]]:
    """Every reason as plain data, for the report."""
    return {
        name: {
            "title": r.title,
            "aspect": r.aspect,
            "unit": r.unit,
            "explains": r.explains,
            "misses": r.misses,
            "benign": [list(pair) for pair in r.benign],
            "ground": r.ground,
            "attack": list(r.attack),
        }
        for name, r in reasons().items()
    }
