"""Measure the shipped priors: how many benign acts reach each level of each reason.

What: `python -m bench.priors` writes brokenseal/evidence/priors.json. Why: a small export has too little history of its
own to be judged by. How: quiet worlds without an intruder, weighed as an investigation weighs them but with no prior, so
that a prior never feeds on itself; where BROKENSEAL_REAL_LOGS names a folder, the acts there that nobody doubts are
counted too. Misses: invented people are more alike than real ones.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from brokenseal import pipeline, sources
from brokenseal.drill import world
from brokenseal.evidence import priors
from brokenseal.lake import Lake

SEEDS = (9001, 9002, 9003)
TENANTS, MAILBOXES, DAYS = 3, 20, 30
REAL = "BROKENSEAL_REAL_LOGS"
EMPTY: dict[str, Any] = {"measured": None, "sources": [], "reasons": {}}


@dataclass
class Count:
    """Benign units of one source, by reason and level; `acts` are its visits."""

    acts: int = 0
    levels: Counter[tuple[str, int]] = field(default_factory=Counter)


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the date that the file tells")
    parser.add_argument("--out", type=Path, default=priors.FILE, help="the file to write")
    given = parser.parse_args()
    measured = measure(given.date, os.environ.get(REAL))
    text = json.dumps(measured, sort_keys=True, indent=1, ensure_ascii=False)
    given.out.write_text(text + "\n", encoding="utf-8")
    for name, counted in measured["reasons"].items():
        print(f"{name:24} of {counted['of']:>7}  {counted['seen']}")


def measure(date: str, real: str | None) -> dict[str, Any]:
    """The file's content; real: the folder of real logs, if there is one."""
    told, total = [], Counter[tuple[str, int]]()
    with tempfile.TemporaryDirectory() as scratch, _no_prior(Path(scratch)):
        for seed in SEEDS:
            name = f"quiet world, seed {seed}: {TENANTS} organisations, {MAILBOXES} mailboxes each, {DAYS} days"
            out = Path(scratch) / str(seed)
            world.build(out, tenants=TENANTS, mailboxes=MAILBOXES, days=DAYS, seed=seed, intruder=None)
            counted = count(out / "logs", Path(scratch) / f"lake-{seed}", quiet=True)
            told.append({"name": name, "acts": counted.acts})
            total += counted.levels
        if real:
            counted = count(Path(real), Path(scratch) / "lake-real", quiet=False)
            told.append({"name": "real audit logs, only the acts that nobody doubts", "acts": counted.acts})
            total += counted.levels
    return {"measured": date, "sources": told, "reasons": _tails(total)}


@contextmanager
def _no_prior(scratch: Path) -> Iterator[None]:
    """The weighing without a shipped prior."""
    shipped, empty = priors.FILE, scratch / "none.json"
    empty.write_text(json.dumps(EMPTY), encoding="utf-8")
    priors.FILE = empty
    priors.load.cache_clear()
    try:
        yield
    finally:
        priors.FILE = shipped
        priors.load.cache_clear()


def count(logs: Path, folder: Path, *, quiet: bool) -> Count:
    """Benign units of these logs. quiet: nobody in them is an intruder; else what the loop doubts is left out."""
    options = pipeline.Options()
    with Lake.open(folder, write=True, create=True) as lake:
        sources.ingest(lake, [logs])
        lake.start_run("priors")
        for step in pipeline.CONTEXT:
            step(lake)
        if quiet:
            lake.put("priors", priors.table())
            pipeline.weigh(lake, [], [], options, 0)
        else:
            pipeline.settle(lake, options, lambda _: None)
        return _counted(lake)


def _counted(lake: Lake) -> Count:
    """What the last weighing counted: one unit a cluster, the benign ones."""
    visits = lake.read("visits").anti_join(lake.read("doubted"), "visit_id")
    cells = lake.read("cells").filter(lambda t: t.benign_here > 0)
    rows = lake.fetch(cells.group_by("evidence", "level").agg(n=cells.benign_here.sum().cast("int64"))).to_pylist()
    acts = int(lake.fetch(visits.agg(n=visits.count()))["n"][0].as_py())
    return Count(acts, Counter({(r["evidence"], r["level"]): r["n"] for r in rows}))


def _tails(total: Counter[tuple[str, int]]) -> dict[str, Any]:
    """Of each reason: units, and those at level 1 or above, 2 or above, and so on; a level nobody reached is a 0."""
    out = {}
    for name, reason in pipeline.reasons().items():
        of = {level: n for (evidence, level), n in total.items() if evidence == name}
        top = max(len(reason.levels), *of, 0)
        seen = [sum(n for reached, n in of.items() if reached >= level) for level in range(1, top + 1)]
        out[name] = {"of": sum(of.values()), "seen": seen}
    return out


if __name__ == "__main__":
    main()
