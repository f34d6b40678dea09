"""A writer killed at any moment leaves a lake with whole files in it, and the next writer leaves no stray one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brokenseal.lake import Lake, compaction
from tests.lake import invented, writer

KILLS = 10
ROOT = Path(__file__).parents[2]


def _started(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lake.writer", str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def _check(path: Path) -> None:
    """What is in is whole, and nothing else is there."""
    with Lake.open(path, write=True) as lake:
        known = set(lake.known_inputs())
        names = [n for n in writer.FILES if invented.sha(n) in known]
        ids = {i for n in names for i in writer.FILES[n]}
        assert lake.query("select count(*) as n from records")["n"].to_pylist() == [len(ids)]
        assert lake.query("select count(*) as n from items")["n"].to_pylist() == [2 * len(ids)]
        assert lake.query("select count(*) as n from sightings")["n"].to_pylist() == [3 * len(names)]
        assert lake.faults() == []
    assert invented.strangers(path) == []


def test_killed_at_many_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MOST_SMALL", writer.MERGE_FROM)
    path, whole = tmp_path / "killed", tmp_path / "whole"
    begun = time.monotonic()
    writer.write(whole)
    length = time.monotonic() - begun
    moments = random.Random(7)
    for _ in range(KILLS):
        process = _started(path)
        time.sleep(moments.random() * length / 3)
        process.kill()
        process.wait()
        _check(path)
    process = _started(path)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    assert process.wait() == 0
    _check(path)
    assert invented.content(path) == invented.content(whole)
    assert (tmp_path / "killed/ledger.db").exists()


def test_spill_of_the_dead_is_swept_and_of_the_living_not(tmp_path: Path) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    dead = tmp_path / "spill/1-0-dead"
    dead.mkdir(parents=True)
    (dead / "duckdb_temp_storage").write_bytes(b"x" * 1000)
    with Lake.open(tmp_path) as reader:
        mine = reader._spill.folder
        with Lake.open(tmp_path, write=True):
            assert mine.exists()
            assert not dead.exists()
    assert not mine.exists()
