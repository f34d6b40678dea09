"""One writer at a time; who waits is told for whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brokenseal.errors import LockError
from brokenseal.lake import Lake
from brokenseal.lake.lock import WriterLock
from tests.lake import invented

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from brokenseal.lake.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]) / "lock")
lock.acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


def _holding(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_writer_waits_and_says_for_whom(tmp_path: Path) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    process = _holding(tmp_path)
    said: list[str] = []

    def waiting(text: str) -> None:
        said.append(text)
        assert process.stdin is not None
        process.stdin.close()

    with Lake.open(tmp_path, write=True, waiting=waiting) as lake:
        assert process.wait() == 0
        assert invented.take(lake, "b", [2])
    assert len(said) == 1
    assert f"held by pid {process.pid} on " in said[0] and str(tmp_path) in said[0] and "since 20" in said[0]


def test_a_reader_does_not_wait(tmp_path: Path) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    process = _holding(tmp_path)
    with Lake.open(tmp_path) as lake:
        assert lake.query("select * from records").num_rows == 1
    process.communicate()


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.lake.writer", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [p.communicate()[0].splitlines() for p in processes]
    assert [p.returncode for p in processes] == [0, 0]
    assert [lines[-1] for lines in said] == ["done", "done"]
    with Lake.open(tmp_path, write=True) as lake:
        assert lake.inputs().num_rows == 24
        assert lake.faults() == []
    assert invented.strangers(tmp_path) == []


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    process = _holding(tmp_path)
    process.kill()
    process.communicate()
    assert f"pid {process.pid}" in (tmp_path / "lock").read_text()
    with Lake.open(tmp_path, write=True, waiting=lambda text: pytest.fail(text)):
        pass


def test_a_process_does_not_wait_for_itself(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}), pytest.raises(LockError, match="in this process"):
        Lake.open(tmp_path, write=True)
    with Lake.open(tmp_path, write=True):
        pass


def test_a_lock_that_was_not_taken_is_given_back_without_harm(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "lock")
    lock.release()
    lock.acquire()
    lock.release()
    lock.release()
    assert (tmp_path / "lock").read_text() == ""


def test_a_lake_that_cannot_be_opened_leaves_no_lock(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"nothing of the kind" * 100)
    for _ in range(2):
        with pytest.raises(Exception, match="cannot be used"):
            Lake.open(tmp_path, write=True)
