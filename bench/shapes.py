"""Time of each shape against JSON lines of the same records, as ratios in one run.

What: `python -m bench.shapes` invents one organisation, writes its audit log and its sign-ins in every shape, and takes each
in by itself; bench/results/shapes.md says what each cost. Why: people hand over whatever they have, and no shape may be
slow. How: processor time of `brokenseal ingest` in a process of its own, start-up included, the best of four runs; what
is inflated or transcoded counts. Misses: disks; the tables are the same, so the cost of writing them is in every figure.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.speed import run
from brokenseal.drill import world
from tests.sources import exports

RESULT = Path(__file__).with_name("results") / "shapes.md"
Row = dict[str, Any]


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("log.json", data)
    return out.getvalue()


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[Sequence[Row]], bytes]:
    return lambda rows: pack(exports.lines(rows))


PACKED = {
    "gz": _packed(lambda d: gzip.compress(d, 3)),
    "zst": _packed(lambda d: pa.Codec("zstd").compress(d, asbytes=True)),
    "zip": _packed(_zip),
    "utf-16": _packed(lambda d: d.decode().encode("utf-16")),
    "array": lambda rows: json.dumps(rows).encode(),
    "value": lambda rows: json.dumps({"value": rows}).encode(),
}


def _federated(rows: Sequence[Row]) -> bytes:
    """Sign-ins on one's own servers, in Azure Monitor's envelope."""
    return exports.lines([{**exports.envelope(r), "category": "ADFSSignInLogs"} for r in rows])


SIGNINS = {**exports.SIGNINS, "adfs_lines": _federated, **PACKED}


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mailboxes", type=int, default=100)
    parser.add_argument("--days", type=int, default=47)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--only", help="just this shape, and lines")
    parser.add_argument("--quick", action="store_true", help="few records, once: whether it works; no result is kept")
    given = parser.parse_args()
    if given.quick:
        given.mailboxes, given.days, given.runs = 3, 8, 1
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        world.build(scratch / "world", tenants=1, mailboxes=given.mailboxes, days=given.days, seed=77)
        audit, signins = (_rows(scratch / "world" / "logs" / name) for name in ("audit", "signins"))
        people = [r for r in signins if r["userPrincipalName"]]
        lines = ["| log | shape | time against JSON lines |", "|---|---|---|"]
        for log, rows, shapes in (
            ("unified audit", audit, {**exports.AUDIT, **PACKED}),
            ("sign-ins", people, SIGNINS),
        ):
            base = 0.0
            for shape, write in shapes.items():
                if given.only in (None, shape) or shape == "lines":
                    cost = _cost(scratch, write(rows), given.runs)
                    base = base or cost
                    lines.append(f"| {log} | {shape} | {cost / base:.2f} |")
                    print(f"{lines[-1]} {cost:.2f} s of processor, {len(rows)} records", file=sys.stderr)
    text = "\n".join(lines) + "\n"
    print(text)
    if given.only is None and not given.quick:
        RESULT.write_text(f"# Shapes, as ratios in one run\n\n{text}", encoding="utf-8")


def _rows(folder: Path) -> list[Row]:
    rows: list[Row] = []
    for path in sorted(folder.rglob("*.json*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if data.startswith((b"[", b'{"value":[')):
            whole = json.loads(data)
            rows += whole if isinstance(whole, list) else whole["value"]
        else:
            rows += [json.loads(line) for line in data.splitlines()]
    return rows


def _cost(scratch: Path, data: bytes, runs: int) -> float:
    log = scratch / "log"
    log.write_bytes(data)
    costs = []
    for _ in range(runs):
        lake = scratch / "lake"
        done = run([sys.executable, "-m", "brokenseal.cli", "ingest", str(log), "--lake", str(lake), "--threads", "1"])
        if done.exit != 0:
            raise SystemExit(f"not all of it was taken in: {done.printed}")
        costs.append(done.processor)
        shutil.rmtree(lake)
    return min(costs)


if __name__ == "__main__":
    main()
