"""Files that change under the reader, folders that may not be read, a disk that is full: one line, and the lake as before."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from brokenseal.lake import Lake, compaction
from brokenseal.sources import gather, recognise
from tests.lake import invented
from tests.sources.conftest import Taken, access
from tests.verbs.called import call

ROOT = Path(__file__).parents[2]
NOBODY = "65534"
FREE = {
    "ingest": (0, 4 << 10, 12 << 10, 24 << 10, 40 << 10, 64 << 10, 100 << 10, 180 << 10, 300 << 10, 600 << 10),
    "hunt": (0, 40 << 10, 200 << 10),
}
"""Bytes left on the disk, one try each."""
Change = Callable[[Path], object]


def _lines(numbers: range) -> bytes:
    return b"".join(json.dumps(access(n)).encode() + b"\n" for n in numbers)


def _grow(path: Path) -> None:
    with path.open("ab") as handle:
        handle.write(_lines(range(900, 910)))


def _shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _turn_into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("change", [_grow, _shrink, Path.unlink, _turn_into_a_folder])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, packed: bool, alone: bool
) -> None:
    taken = Taken(tmp_path)
    body = _lines(range(40))
    taken.put("a", gzip.compress(body) if packed else body).put("b", [access(n) for n in range(100, 103)])
    monkeypatch.setattr(gather, "BIG_BYTES", 0 if alone else 1 << 30)
    look = recognise.sample

    def then_change(path: Path) -> recognise.Sample:
        seen = look(path)
        if path.name == "a":
            change(path)
        return seen

    monkeypatch.setattr(recognise, "sample", then_change)
    taken.ingest()
    (problem,) = taken.summary.problems
    assert problem.startswith("a: ") and "\n" not in problem and taken.summary.unread == 1
    assert [r["path"] for r in taken.rows("inputs")] == ["b"]
    assert len(taken.rows("records")) == len(taken.rows("sightings")) == 3
    assert invented.strangers(taken.lake) == []


def test_a_file_that_is_gone_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Taken(tmp_path)
    taken.put("a", [access(1)]).put("b", [access(2)])
    batches = gather._batches

    def then_gone(*words: object) -> object:
        found = batches(*words)  # type: ignore[arg-type]
        (taken.logs / "a").unlink()
        return found

    monkeypatch.setattr(gather, "_batches", then_gone)
    taken.ingest()
    assert taken.summary.problems == ["a: No such file or directory"]
    assert len(taken.rows("records")) == 1


# --- another user's folders


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user reaches."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv: nobody else can become another user")
    folder = Path(tempfile.mkdtemp(prefix="brokenseal-shared-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody(*words: object) -> subprocess.CompletedProcess[str]:
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command = [*become, sys.executable, "-B", "-m", "brokenseal.cli", *map(str, words)]
    probe = subprocess.run([*become, sys.executable, "-B", "-c", "import brokenseal"], cwd=ROOT, capture_output=True)
    if probe.returncode:
        pytest.skip("another user may not run this Python")
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"HOME": "/nonexistent"})


def test_what_another_user_may_not_read_is_named_and_the_rest_taken(shared: Path) -> None:
    logs = shared / "logs"
    (logs / "closed").mkdir(parents=True)
    (logs / "good").write_bytes(_lines(range(3)))
    (logs / "secret").write_bytes(_lines(range(3, 6)))
    (logs / "closed/inside").write_bytes(_lines(range(6, 9)))
    (logs / "secret").chmod(0)
    (logs / "closed").chmod(0)
    done = _as_nobody("ingest", logs, "--lake", shared / "lake")
    assert done.returncode == 2, done.stderr
    assert sorted(done.stderr.splitlines()) == [
        f"{logs}/closed: Permission denied",
        "secret: Permission denied",
    ]
    assert done.stdout.startswith("1 files taken in")


@pytest.mark.parametrize(("verb", "mode"), [("ingest", 0o700), ("ingest", 0o755), ("hunt", 0o755), ("verify", 0o700)])
def test_a_lake_of_another_user(shared: Path, verb: str, mode: int) -> None:
    logs, lake = shared / "logs", shared / "lake"
    logs.mkdir()
    (logs / "good").write_bytes(_lines(range(3)))
    invented.made(lake, {"a": [1]}).close()
    lake.chmod(mode)
    done = _as_nobody(verb, *([logs] if verb == "ingest" else []), "--lake", lake)
    assert done.returncode in (1, 64) and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert ("not readable" if mode == 0o700 else "Permission denied") in line and "our own failure" not in line
    assert invented.content(lake)


# --- a disk that is full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(disk: Path, free: int) -> None:
    status = os.statvfs(disk)
    with (disk / "ballast").open("wb") as handle:
        handle.write(b"\0" * max(status.f_bavail * status.f_frsize - free, 0))


def _told(lake: Path) -> list[dict[str, object]]:
    with Lake.open(lake, threads=2) as opened:
        assert opened.faults() == []
        return opened.query("select record_id, raw, time, file_sha256 from records order by all").to_pylist()


@pytest.mark.parametrize("verb", ["ingest", "hunt"])
def test_a_full_disk_is_one_line_and_the_lake_as_before(
    disk: Path, tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MOST_SMALL", 2)
    logs, more, lake = tmp_path / "logs", tmp_path / "more", disk / "lake"
    for number, folder in enumerate((logs, more)):
        folder.mkdir()
        (folder / "a").write_bytes(_lines(range(300 * number, 300 * number + 400)))
    words = [str(more)] if verb == "ingest" else []
    assert call(capsys, monkeypatch, "ingest", logs, "--lake", lake).code == 0
    before, failed = _told(lake), 0
    for free in FREE[verb]:
        _fill(disk, free)
        done = call(capsys, monkeypatch, verb, *words, "--lake", lake, "--threads", "2")
        if done.code == 1:
            failed += 1
            assert len(done.err.strip().splitlines()) == 1, done.err
            assert done.err.startswith("brokenseal: ") and "our own failure" not in done.err
        (disk / "ballast").unlink()
        if done.code == 1:
            assert _told(lake) == before
    assert failed >= 2
    assert call(capsys, monkeypatch, verb, *words, "--lake", lake, "--threads", "2").code == 0
    assert len(_told(lake)) == (700 if verb == "ingest" else 400)
    with Lake.open(lake, write=True):
        pass
    assert invented.strangers(lake) == []
