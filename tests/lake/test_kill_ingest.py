"""`brokenseal ingest` killed at any moment, workers and all, and called again: as if nothing had happened."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from brokenseal import schema, sources
from brokenseal.lake import Lake
from tests.lake import ingesting, invented
from tests.sources.conftest import access, signin, sync

ROOT = Path(__file__).parents[2]
STEPS = 4
MERGING = 3
MOMENTS = 3
Content = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Undisturbed:
    """What the tables say after it, the steps at which merging began and all ended, and the seconds it took."""

    told: Content
    merging: int
    steps: int
    seconds: float


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of two logs that repeat records of each other, one of them broken, one of them no log."""
    folder = tmp_path_factory.mktemp("logs")
    for n in range(8):
        rows = [*(access(i) for i in range(n * 60, n * 60 + 100)), *(sync(i) for i in range(9000 + n, 9020))]
        (folder / f"audit-{n}.json").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    signins = [signin(i) for i in range(400)]
    (folder / "signins.json").write_text(json.dumps({"value": signins}))
    (folder / "cut.json.gz").write_bytes(gzip.compress((folder / "audit-1.json").read_bytes())[:-30])
    (folder / "notes.txt").write_text("call back on Monday")
    return folder


def _begun(logs: Path, lake: Path, **environment: str) -> subprocess.Popen[str]:
    """An ingest in a process group of its own."""
    command = [sys.executable, "-m", "tests.lake.ingesting", "ingest", str(logs), "--lake", str(lake)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _content(path: Path) -> Content:
    """All that the tables say, but for the time of taking in."""
    with Lake.open(path, threads=2) as lake:
        assert lake.faults() == []
        named = [t.name for t in schema.TABLES.values() if t.stage != "run"]
        tables = {name: lake.query(f'select * from "{name}" order by all') for name in named}
    return {n: (t.drop_columns("taken_at") if n == "inputs" else t).to_pylist() for n, t in tables.items()}


def _again(logs: Path, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call; its batches are others, so that it overwrites nothing by chance."""
    monkeypatch.setattr(ingesting.gather, "BATCH_BYTES", 2 * ingesting.SMALL["BATCH_BYTES"])
    monkeypatch.setattr(ingesting.compaction, "MOST_SMALL", ingesting.MERGE_FROM)
    with Lake.open(lake, write=True, create=True, threads=2) as opened:
        sources.ingest(opened, [logs])


@pytest.fixture(scope="module")
def undisturbed(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """An ingest that nobody kills."""
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    begun = time.monotonic()
    printed, trouble = (process := _begun(logs, lake)).communicate()
    assert process.returncode == 2, trouble
    told = _content(lake)
    assert len(told["records"]) == 520 + 20 + 400
    assert invented.strangers(lake) == []
    with Lake.open(lake) as opened:
        merged = [s.file for s in opened.segments("accesses") if "month-" in s.file]
    assert merged
    begin, last = (int(n) for n in printed.split()[-2:])
    return Undisturbed(told, begin, last, time.monotonic() - begun)


def _dead(process: subprocess.Popen[str]) -> None:
    process.communicate()
    with pytest.raises(ProcessLookupError):
        # the group is gone, workers and all
        for _ in range(200):
            os.killpg(process.pid, 0)
            time.sleep(0.02)


def _killed(step: int, logs: Path, lake: Path, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch) -> None:
    process = _begun(logs, lake, STEP=str(step))
    _dead(process)
    if process.returncode == -signal.SIGKILL:
        _again(logs, lake, monkeypatch)
    assert _content(lake) == undisturbed.told
    assert invented.strangers(lake) == []


@pytest.mark.parametrize("part", range(STEPS))
def test_killed_before_a_step(
    part: int, logs: Path, undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = undisturbed.merging
    step = random.Random(part).randint(part * steps // STEPS + 1, (part + 1) * steps // STEPS)
    _killed(step, logs, tmp_path / "lake", undisturbed, monkeypatch)


@pytest.mark.parametrize("part", range(MERGING))
def test_killed_while_segments_are_merged(
    part: int, logs: Path, undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, steps = undisturbed.merging, undisturbed.steps - undisturbed.merging
    assert steps > 20
    step = begin + random.Random(part).randint(part * steps // MERGING + 1, (part + 1) * steps // MERGING)
    _killed(step, logs, tmp_path / "lake", undisturbed, monkeypatch)


def test_killed_at_any_time_again_and_again(
    logs: Path, undisturbed: Undisturbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, times = tmp_path / "lake", random.Random(11)
    for _ in range(MOMENTS):
        process = _begun(logs, lake)
        time.sleep(undisturbed.seconds * times.uniform(0.3, 1))
        os.killpg(process.pid, signal.SIGKILL)
        _dead(process)
    _again(logs, lake, monkeypatch)
    assert _content(lake) == undisturbed.told
    assert invented.strangers(lake) == []
