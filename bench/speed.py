"""Speed as ratios, in one run on one set of files.

What: `python -m bench.speed` invents a large world once, then times the floor (bench/floor.py), `brokenseal ingest`,
`brokenseal investigate` and `brokenseal --help`, and writes bench/results/speed.md. Why: seconds are a machine's, ratios
to what the engine alone needs are the code's; where others use the machine, ratios of processor time are the truer. How:
each in its own process, by turns, and the quickest of three counts, since what others do only makes slower; memory is the sum
over its whole process tree, looked at five times a second. Misses: peaks between two looks; pages that processes share
count more than once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import floor
from brokenseal.drill import world

RESULT = Path(__file__).with_name("results") / "speed.md"
LOOK_SECONDS = 0.2
HELP_RUNS = 5
HOST = Path("/proc")


@dataclass(frozen=True)
class Run:
    """One command: seconds of wall clock and of processor, peak memory in bytes, exit code, and what it printed."""

    seconds: float
    processor: float
    peak: int
    exit: int
    printed: str


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=32)
    parser.add_argument("--mailboxes", type=int, default=100)
    parser.add_argument("--days", type=int, default=47)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--threads", type=int, default=2, help="threads of the tool; the floor always has two")
    parser.add_argument("--dir", type=Path, help="keep the world here and take it from here the next time")
    parser.add_argument(
        "--rounds", type=int, default=3, help="run everything so often by turns, and count the quickest"
    )
    parser.add_argument("--only", choices=("floor", "ingest", "investigate", "help"), help="measure just this")
    parser.add_argument("--out", type=Path, default=RESULT, help="the table's file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir if given.dir and given.dir.is_dir() else None) as scratch:
        logs = invent(given, given.dir or Path(scratch) / "world")
        rounds = [measure(logs, Path(scratch), given.threads, given.only) for _ in range(given.rounds)]
    runs = {name: min((r[name] for r in rounds), key=lambda run: run.seconds) for name in rounds[0]}
    table = told(given, runs)
    print(f"\n{table}")
    for name, run in runs.items():
        print(f"{name:12} {run.seconds:8.2f} s   {run.processor:8.2f} s of processor")
    if given.only is None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(table, encoding="utf-8")


def invent(given: argparse.Namespace, where: Path) -> Path:
    """The world's logs, made where they are missing."""
    if given.only != "help" and not (where / "truth.json").is_file():
        size = {"tenants": given.tenants, "mailboxes": given.mailboxes, "days": given.days, "seed": given.seed}
        world.build(where, **size, processes=2, report=lambda line: print(line, file=sys.stderr))
    return where / "logs"


def measure(logs: Path, scratch: Path, threads: int, only: str | None) -> dict[str, Run]:
    """Every command in turn, on files that the system holds in memory alike for all."""
    for path in logs.rglob("*"):
        if path.is_file():
            path.read_bytes()
    tool = [sys.executable, "-m", "brokenseal.cli"]
    use = ["--threads", str(threads)]
    commands = {
        "floor": [sys.executable, "-m", "bench.floor", str(logs), str(scratch / "floor")],
        "ingest": [*tool, "ingest", str(logs), "--lake", str(scratch / "lake"), *use],
        "investigate": [*tool, "investigate", str(logs), "--out", str(scratch / "answer"), *use],
    }
    runs = {}
    for name, command in commands.items():
        if only in (None, name):
            runs[name] = run(command)
            print(f"{name}: {runs[name].seconds:.1f} s, exit {runs[name].exit}", file=sys.stderr)
            for made in ("floor", "lake", "answer"):
                shutil.rmtree(scratch / made, ignore_errors=True)
    if only in (None, "help"):
        runs["--help"] = min((run([*tool, "--help"]) for _ in range(HELP_RUNS)), key=lambda r: r.seconds)
    return runs


def run(command: list[str]) -> Run:
    """Run it to its end. Raises SystemExit where it failed to do its work."""
    before, begun = os.times(), time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as said,
        tempfile.TemporaryFile("w+", errors="replace") as blamed,
        subprocess.Popen(command, stdout=said, stderr=blamed) as started,
    ):
        peak = 0
        while started.poll() is None:
            peak = max(peak, resident(started.pid))
            time.sleep(LOOK_SECONDS if time.perf_counter() - begun > 2 else 0.005)
        seconds, after = time.perf_counter() - begun, os.times()
        said.seek(0)
        blamed.seek(0)
        printed, trouble = said.read(), blamed.read()
    # 3 says that an intrusion was found, and 2 that something is missing: answers all the same; 1 is our own failure
    if started.returncode not in (0, 2, 3) or "Traceback" in trouble:
        raise SystemExit(f"{' '.join(command)} ended {started.returncode}:\n{trouble[-4000:]}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(seconds, used, peak, started.returncode, printed)


def resident(root: int) -> int:
    """Bytes that a process and all below it hold in memory; 0 where the system does not tell."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            pages = int((HOST / str(pid) / "statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
            for thread in (HOST / str(pid) / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except (OSError, IndexError):
            # it ended while we looked
            continue
    return total


def told(given: argparse.Namespace, runs: dict[str, Run]) -> str:
    """The table: no seconds, since those are a machine's."""
    base = runs.get("floor")
    lines = [
        f"World: {given.tenants} organisations, {given.mailboxes} mailboxes each, {given.days} days, seed {given.seed}"
        + (f"; {int(base.printed):,} log lines." if base else "."),
        "",
        "| what | times the floor | in processor time | peak memory |",
        "|---|---|---|---|",
    ]
    for name, one in runs.items():
        ratio = f"{one.seconds / base.seconds:.2f}" if base else "-"
        work = f"{one.processor / base.processor:.2f}" if base else "-"
        if name == "--help":
            ratio, work = "under 0.3 s" if one.seconds < 0.3 else "over 0.3 s", "-"
        lines.append(f"| {name} | {ratio} | {work} | {one.peak / 2**30:.2f} GB |")
    lines += [
        "",
        f"Floor: DuckDB alone reading these files, typing their fields and writing raw and typed columns as zstd Parquet, "
        f"{floor.THREADS} threads. The tool: {given.threads}. The quickest of {given.rounds} rounds each.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
