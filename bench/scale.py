"""How time and memory grow with an organisation's neighbours, and what many small batches cost.

What: `python -m bench.scale` takes the first organisations of a large world (bench/speed.py invents it), at each size ingests
and investigates them, and compares processor time a log line and peak memory with the smallest size; then it publishes one
file's lines in thousands of batches and in one, and compares what the same questions cost each lake. Writes
bench/results/scale.md. Why: what is superlinear at a million is hopeless at a hundred. How: processor time, since others may
use the machine. Misses: what grows with the time that the logs cover.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import speed
from brokenseal import sources
from brokenseal.lake import FileTaken, Lake, Segment

RESULT = Path(__file__).with_name("results") / "scale.md"
ASKED = (
    "select count(*) as n from records",
    "select mailbox, count(*) as n from accesses group by all order by all",
    "select count(distinct message_id) as n from items where mailbox like 'a%'",
    "select operation, min(time), max(time) from records group by all order by all",
)
ROUNDS = 3
MEMORY = Path("/dev/shm")
CALL = 250
"""Batches after which small segments are merged, as a call of ingest does."""
CUT = ("sightings", "records", "accesses", "items")


@dataclass(frozen=True)
class Size:
    """One size measured: organisations, log lines, and the two runs."""

    organisations: int
    lines: int
    ingest: speed.Run
    investigate: speed.Run


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True, help="a world as bench.speed keeps it")
    parser.add_argument("--organisations", type=int, nargs="*", default=[8, 32], help="how many of its organisations")
    parser.add_argument("--batches", type=int, default=5000, help="small batches; 0 leaves them out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as scratch:
        sizes = [measured(given.dir / "logs", n, Path(scratch), given.threads) for n in given.organisations]
        told = grown(sizes) if sizes else []
    if given.batches:
        # thousands of publications, each of them on disk before the next begins, are no matter of processor time
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else given.dir) as scratch:
            told += batches(given.dir / "logs", given.batches, Path(scratch), given.threads)
    text = "\n".join([*told, ""])
    print(text)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, encoding="utf-8")


def measured(logs: Path, organisations: int, scratch: Path, threads: int) -> Size:
    """Ingest and investigate the first organisations."""
    part = scratch / f"logs-{organisations}"
    lines = 0
    for folder in (logs / "audit", logs / "signins"):
        for own in sorted(folder.iterdir())[:organisations]:
            target = part / folder.name / own.name
            target.mkdir(parents=True)
            for file in sorted(own.iterdir()):
                os.link(file, target / file.name)
    tool, use = [sys.executable, "-m", "brokenseal.cli"], ["--threads", str(threads)]
    runs = []
    for words in (["ingest", str(part), "--lake"], ["investigate", str(part), "--out"]):
        made = scratch / words[0]
        runs.append(speed.run([*tool, *words, str(made), *use]))
        print(f"{organisations} organisations, {words[0]}: {runs[-1].processor:.1f} s of processor", file=sys.stderr)
        if words[0] == "ingest":
            with Lake.open(made) as lake:
                lines = sum(lake.inputs()["rows"].to_pylist())
        shutil.rmtree(made)
    shutil.rmtree(part)
    return Size(organisations, lines, runs[0], runs[1])


def grown(sizes: Sequence[Size]) -> list[str]:
    """The table of sizes: each a line, as ratios to the first."""
    out = [
        "| organisations | log lines | ingest, time a line | investigate, time a line | peak of ingest | of investigate |"
    ]
    out += ["|---|---|---|---|---|---|"]
    first = sizes[0]
    for s in sizes:
        ratios = (
            (getattr(s, v).processor / s.lines) / (getattr(first, v).processor / first.lines)
            for v in ("ingest", "investigate")
        )
        cells = [f"{s.organisations}", f"{s.lines:,}", *(f"{r:.2f}" for r in ratios)]
        cells += [f"{getattr(s, v).peak / 2**30:.2f} GB" for v in ("ingest", "investigate")]
        out.append(f"| {' | '.join(cells)} |")
    return [*out, "", "Processor time a line, as a ratio to the first row.", ""]


def batches(logs: Path, count: int, scratch: Path, threads: int) -> list[str]:
    """The same lines taken in by so many batches, and by one; what questions cost."""
    source = max((p for p in (logs / "audit").rglob("*.json")), key=lambda p: p.stat().st_size)
    rows = [line for line in source.read_bytes().split(b"\n") if line.strip().startswith(b"{")]
    few = max(len(rows) // count, 1)
    rows = rows[: few * count]
    many, one = scratch / "many", scratch / "one"
    (scratch / "all.json").write_bytes(b"\n".join(rows))
    with Lake.open(one, write=True, create=True, threads=threads) as lake:
        sources.ingest(lake, [scratch / "all.json"], threads=1)
        whole = {t: pa.concat_tables(pq.read_table(one / s.file) for s in lake.segments(t)).sort_by("row") for t in CUT}
    begun = time.process_time()
    with Lake.open(many, write=True, create=True, threads=threads) as lake:
        for number in range(count):
            lake.intake().publish(small(whole, number, few, scratch))
            if number % CALL == CALL - 1:
                lake.compact()
        segments = sum(len(lake.segments(t)) for t in CUT)
    print(f"{count} batches: {time.process_time() - begun:.0f} s of processor, {segments} segments", file=sys.stderr)
    spent = {path: min(asked(path, threads) for _ in range(ROUNDS)) for path in (one, many)}
    told = [f"{count:,} batches of {few} lines against one of {len(rows):,}: {segments} segments;"]
    return [
        f"{told[0]} opening the lake and asking it {len(ASKED)} questions costs {spent[many] / spent[one]:.2f} times.",
        "",
    ]


def small(whole: dict[str, pa.Table], number: int, few: int, scratch: Path) -> FileTaken:
    """A batch of so many lines, as if they had been a file of their own; its segments lie in `scratch`."""
    sha = hashlib.sha256(f"batch {number}".encode()).hexdigest()
    segments = []
    for name, table in whole.items():
        begin, end = np.searchsorted(table["row"].to_numpy(), [number * few + 1, (number + 1) * few + 1])
        if end > begin:
            part = table.slice(begin, end - begin)
            # a plain file is the place of its records
            for column in {"file_sha256", "place"} & set(part.column_names):
                part = part.set_column(part.schema.get_field_index(column), column, pa.repeat(sha, part.num_rows))
            file = scratch / f"{name}.parquet"
            pq.write_table(part, file)
            segments.append(Segment(name, str(file), part.num_rows))
    return FileTaken(sha, f"batch-{number}.json", "unified-audit", "json-lines", 1, few, 0, None, tuple(segments))


def asked(path: Path, threads: int) -> float:
    """Seconds of processor for opening a lake and asking it."""
    begun = time.process_time()
    with Lake.open(path, threads=threads) as lake:
        for sql in ASKED:
            lake.query(sql)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
