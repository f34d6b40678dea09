"""Measure what each reason gives: bits to benign visits, and to those of each intruder.

What: `python -m bench.evidence` writes docs/evidence_bits.json, from which docs/evidence.md is generated. Why: a reader of
a report wants to know what 9 bits of a reason are worth. How: a world for each intruder, judged at the default budget,
with seeds that neither the score nor the priors use; every visit counts once a reason, at its heaviest. Misses: the worlds
are invented; a real tenant's shares differ.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from brokenseal import bits, pipeline, sources
from brokenseal.drill import world
from brokenseal.drill.intruders import found
from brokenseal.lake import Lake

OUT = Path(__file__).parent.parent / "docs" / "evidence_bits.json"
SEED = 9101
TENANTS, MAILBOXES, DAYS = 5, 16, 34
BENIGN = "benign"
Seen = dict[str, dict[str, list[int]]]
"""Kind of visit (benign, or the intruder's name), reason, and the tenths of each visit that it gave any to."""


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the date that the file tells")
    parser.add_argument("--seed", type=int, default=SEED, help="the first seed; each intruder has the next")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")
    given = parser.parse_args()
    seen: Seen = {}
    visits: dict[str, int] = {}
    for nth, intruder in enumerate(found()):
        with tempfile.TemporaryDirectory() as scratch:
            measure(Path(scratch), intruder, given.seed + nth, seen, visits)
        print(f"{intruder}: {visits.get(intruder, 0)} hostile visits", flush=True)
    told = {
        "measured": given.date,
        "worlds": f"{len(found())} worlds of {TENANTS} organisations, {MAILBOXES} mailboxes each, {DAYS} days, one for each "
        f"intruder, seeds {given.seed} to {given.seed + len(found()) - 1}",
        "visits": visits,
        "reasons": {name: _reason(name, seen, visits) for name in pipeline.reasons()},
    }
    given.out.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def measure(scratch: Path, intruder: str, seed: int, seen: Seen, visits: dict[str, int]) -> None:
    """One world; adds to `seen` and `visits`."""
    truth = world.build(scratch, tenants=TENANTS, mailboxes=MAILBOXES, days=DAYS, seed=seed, intruder=intruder)
    with Lake.open(scratch / "lake", write=True, create=True) as lake:
        sources.ingest(lake, [scratch / "logs"])
        lake.start_run("bits of each reason")
        for step in pipeline.CONTEXT:
            step(lake)
        pipeline.settle(lake, pipeline.Options(), lambda _: None)
        records = lake.fetch(lake.read("visit_records").select("visit_id", "record_id"))
        every = lake.read("visits")
        every = lake.fetch(every.filter(~every.background).select("visit_id"))["visit_id"].to_pylist()
        hits = lake.fetch(lake.read("hits").select("visit_id", "evidence", "bits")).to_pylist()
    logged = {row["record_id"] for row in truth.logged}
    pairs = zip(records["visit_id"].to_pylist(), records["record_id"].to_pylist())
    hostile = {visit for visit, record in pairs if record in logged}
    for visit in every:
        kind = intruder if visit in hostile else BENIGN
        visits[kind] = visits.get(kind, 0) + 1
    for (visit, reason), tenths in _heaviest(hits).items():
        seen.setdefault(intruder if visit in hostile else BENIGN, {}).setdefault(reason, []).append(tenths)


def _heaviest(hits: Iterable[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """The most that each reason gives to each visit, in tenths."""
    out: dict[tuple[str, str], int] = {}
    for hit in hits:
        key = (hit["visit_id"], hit["evidence"])
        out[key] = max(out.get(key, 0), hit["bits"])
    return out


def _reason(name: str, seen: Seen, visits: dict[str, int]) -> dict[str, Any]:
    """Of each kind of visit: the share that the reason gives bits to, their median, and what nine in ten stay below."""
    out = {}
    for kind, count in sorted(visits.items()):
        given = sorted(seen.get(kind, {}).get(name, []))
        cuts = quantiles(given, n=10, method="inclusive") if len(given) > 1 else given * 9
        out[kind] = {
            "share": round(len(given) / count, 5),
            "median": bits.shown(round(cuts[4])) if given else None,
            "nine_in_ten": bits.shown(round(cuts[8])) if given else None,
        }
    return out


if __name__ == "__main__":
    main()
