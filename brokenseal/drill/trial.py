"""One scenario with one seed: invent, investigate as any other logs, score. A process of its own each."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from brokenseal import bits, pipeline, report, sources
from brokenseal.drill.feed import Engine, alarms
from brokenseal.drill.scenarios import SCENARIOS, Size
from brokenseal.drill.score import LOUD, score
from brokenseal.lake import Lake

Row = dict[str, Any]
WHY_MOST = 20


@dataclass(frozen=True)
class Trial:
    """What one process does. out: a folder of its own; keep: leave world, answer and lake there. alarm: also feed the
    logs in order, and tell how soon an alarm rings."""

    scenario: str
    seed: int
    out: Path
    size: Size | None = None
    threads: int = 1
    memory: str = "2GB"
    keep: bool = False
    alarm: bool = True


def trials(todo: list[Trial], processes: int) -> Iterator[Row]:
    """Every trial's score as it is done, at most `processes` at once."""
    # a fresh process for each: what one leaves in memory cannot slow or help the next
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        running = [pool.submit(run, trial) for trial in todo]
        for future in as_completed(running):
            yield future.result()


def run(trial: Trial) -> Row:
    """Invent, investigate and score; seconds of each beside the score."""
    scenario = SCENARIOS[trial.scenario]
    size = trial.size or scenario.size
    shutil.rmtree(trial.out, ignore_errors=True)
    clock = [time.monotonic()]
    written = scenario.write(trial.out, trial.seed, size)
    clock.append(time.monotonic())
    truth = json.loads((trial.out / "truth.json").read_text(encoding="utf-8"))
    result: Row = {"scenario": trial.scenario, "seed": trial.seed, "lines": written.lines}
    with Lake.open(trial.out / "lake", write=True, create=True, memory=trial.memory, threads=trial.threads) as lake:
        sources.ingest(lake, [trial.out / "logs"], threads=trial.threads, memory=trial.memory)
        clock.append(time.monotonic())
        answers = [_answer(lake, trial, budget) for budget in scenario.budgets(size)]
        clock.append(time.monotonic())
        result |= score(answers[0], truth)
        result["budgets"] = [_promise(answer) for answer in answers]
        result["missed"] = why(lake, truth, result["mailboxes"]["missed"])
    result["alarm"] = alarms(trial.out, truth, Engine(trial.threads, trial.memory)) if trial.alarm else []
    clock.append(time.monotonic())
    result["seconds"] = {
        name: round(end - begin, 1) for name, begin, end in zip(("world", "ingest", "judge", "alarm"), clock, clock[1:])
    }
    if not trial.keep:
        shutil.rmtree(trial.out, ignore_errors=True)
    return result


def _answer(lake: Lake, trial: Trial, budget: float) -> Row:
    """The answer at a budget; files are written of the first alone, and only where the trial is kept."""
    pipeline.analyse(lake, pipeline.Options(false_cases=budget, drill=True))
    if trial.keep and not (trial.out / report.ANSWER).exists():
        call = report.Call("duckdb", ("brokenseal", "drill", trial.scenario), datetime.now(UTC))
        return report.write(lake, trial.out, call, pipeline.described())
    return report.answer(lake, pipeline.described())


def _promise(answer: Row) -> Row:
    """False cases allowed, and loud cases seen: in a quiet world every one of them is false."""
    return {"promised": answer["tool"]["budget"], "observed": sum(c["severity"] in LOUD for c in answer["cases"])}


def why(lake: Lake, truth: Row, missed: list[str]) -> list[Row]:
    """Of each mailbox missed: how many hostile visits the log shows, the oddest, and what spoke against it."""
    line = lake.fetch(lake.read("summary")).to_pylist()[0]["line_bits"]
    kept = {r["act_id"]: r["severity"] for r in lake.query(
        "select act_id, severity from case_acts join cases using (case_id)").to_pylist()}  # fmt: skip
    out = []
    for mailbox in missed[:WHY_MOST]:
        records = {r["record_id"] for r in truth["logged"] if r["mailbox"] == mailbox}
        named = ", ".join(f"'{i}'" for i in sorted(records))
        acts = lake.query(
            "select distinct a.act_id, a.bits, a.link, a.first from acts a join visit_records v on v.visit_id = a.act_id "
            f"where v.record_id in ({named}) order by a.bits desc, a.act_id"
        ).to_pylist()
        top = acts[0] if acts else None
        found = lake.query(
            f"select evidence, bits, reason from findings where act_id = '{top['act_id']}' order by bits desc"
        ).to_pylist() if top else []  # fmt: skip
        out.append(
            {
                "mailbox": mailbox, "records": len(records), "visits": len(acts), "line_bits": bits.shown(line),
                "bits": bits.shown(top["bits"]) if top else None, "link": top["link"] if top else None,
                "in": sorted({kept[a["act_id"]] for a in acts if a["act_id"] in kept}),
                "findings": [f"{f['evidence']} {bits.shown(f['bits'])}: {f['reason']}" for f in found],
            }
        )  # fmt: skip
    return out
