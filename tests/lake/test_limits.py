"""A full disk, a memory that is too small and a read-only lake: one clear line, and nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from brokenseal.errors import LakeError, UsageError
from brokenseal.lake import Lake, embedded
from brokenseal.lake.connect import connect, megabytes
from tests.lake import invented

ROOT = Path(__file__).parents[2]
FULL = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from brokenseal.errors import LakeError
from brokenseal.lake import Lake
from tests.lake import invented
path, what = Path(sys.argv[1]), sys.argv[2]
with Lake.open(path, write=True) as lake:
    lake.start_run("x")
    numbers = lake.put("numbers", pa.table({"n": list(range(200_000))}))
    taken = invented.laid_aside(lake.intake(), "big", range(500))
    lake.fetch(numbers.count())
    # every file ends at this size, as if the disk were full
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        if what == "write":
            lake.write("more", numbers.mutate(text=numbers.n.cast("string").hexdigest("sha256")))
            # written behind: whoever waits is told
            lake.engine.settle()
        elif what == "put":
            lake.put("more", pa.table({"n": [str(i * i) for i in range(200_000)]}))
        else:
            lake.intake().publish(taken)
    except LakeError as error:
        print(error)
"""


@pytest.mark.parametrize(("what", "size"), [("write", 100_000), ("put", 100_000), ("publish", 4096)])
def test_a_full_disk_is_said_in_one_line(tmp_path: Path, what: str, size: int) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    command = [sys.executable, "-c", FULL, str(tmp_path), what, str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and len(done.stdout) > 20, done.stdout
    with Lake.open(tmp_path, write=True) as lake:
        assert lake.inputs()["path"].to_pylist() == ["a"]
        assert lake.faults() == []
    assert invented.strangers(tmp_path) == []


def test_too_little_memory_is_said_in_one_line(tmp_path: Path) -> None:
    with Lake.open(tmp_path, write=True, create=True, memory="30MB", threads=1) as lake:
        lake.start_run("x")
        numbers = lake.put("numbers", pa.table({"n": list(range(2_000_000))}))
        texts = numbers.mutate(text=numbers.n.cast("string").hexdigest("sha256"))
        with pytest.raises(LakeError, match="--memory gives more"):
            lake.write("one", texts.agg(all=texts.text.collect()))
            lake.engine.settle()


@pytest.mark.parametrize("memory", ["", "2", "2XB", "-1GB", "many", "0.1KB"])
def test_a_memory_that_is_none(tmp_path: Path, memory: str) -> None:
    with pytest.raises(UsageError, match="--memory"):
        Lake.open(tmp_path, write=True, create=True, memory=memory)


@pytest.mark.parametrize(
    ("memory", "size"), [("2GB", 2048), ("500 MB", 500), ("1.5GiB", 1536), ("1T", 1 << 20), ("0.500GB", 512)]
)
def test_memory_as_people_write_it(memory: str, size: int) -> None:
    assert megabytes(memory) == size
    connect(memory=memory, threads=1).close()


def test_an_engine_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="duckdb or spark"):
        Lake.open(tmp_path, write=True, create=True, engine="abacus")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_lake_can_be_asked(tmp_path: Path) -> None:
    invented.made(tmp_path / "lake", {"a": [1, 2], "b": [2]}).close()
    (tmp_path / "lake").chmod(0o555)
    try:
        with Lake.open(tmp_path / "lake") as lake:
            assert lake.query("select * from accesses").num_rows == 2
        with pytest.raises(LakeError):
            Lake.open(tmp_path / "lake", write=True)
    finally:
        (tmp_path / "lake").chmod(0o755)


def test_spill_goes_elsewhere_where_the_lake_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invented.made(tmp_path / "lake", {"a": [1, 2], "b": [2]}).close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Lake.open(tmp_path / "lake") as lake:
        assert lake.query("select * from accesses").num_rows == 2
        elsewhere = lake._spill.folder
        assert tmp_path not in elsewhere.parents
    assert not elsewhere.exists()


def test_the_embedded_engine_is_offline_in_utc_and_has_the_macros(tmp_path: Path) -> None:
    spills = [embedded(memory="200MB", threads=1, spill=tmp_path) for _ in range(2)]
    folders = {c.execute("select current_setting('temp_directory')").fetchall()[0][0] for c in spills}
    assert len(folders) == 2
    for connection in spills:
        assert connection.execute("select bs_fold(' AB '), current_setting('TimeZone')").fetchall() == [("ab", "UTC")]
        loading = connection.execute("select current_setting('autoinstall_known_extensions')").fetchall()
        assert loading == [(False,)]
        connection.close()
