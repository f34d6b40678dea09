"""Files are taken in once, whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from brokenseal.errors import LakeError
from brokenseal.lake import Lake
from brokenseal.lake.ledger import Ledger
from tests.lake import invented


def test_a_file_is_taken_in_once(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1, 2, 3]}) as lake:
        assert not invented.take(lake, "a", [1, 2, 3])
        assert lake.known_inputs() == {invented.sha("a"): "unified-audit"}
        assert lake.query("select count(*) as n from records")["n"].to_pylist() == [3]
        assert len(lake.segments("records")) == 1
    with Lake.open(tmp_path, write=True):
        pass
    assert invented.strangers(tmp_path) == []


def test_a_reader_sees_what_was_published_when_it_opened(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}) as writer, Lake.open(tmp_path) as reader:
        invented.take(writer, "b", [2])
        assert writer.fetch(writer.read("records").count())[0].to_pylist() == [2]
        assert reader.fetch(reader.read("records").count())[0].to_pylist() == [1]
        assert reader.query("select * from inputs").num_rows == 1
        reader.refresh()
        assert reader.fetch(reader.read("records").count())[0].to_pylist() == [2]


def test_what_is_not_published_is_swept(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}) as lake:
        invented.laid_aside(lake.intake(), "b", [2])
        (tmp_path / "segments/records/half.parquet").write_bytes(b"half")
        lake.start_run("x")
        shutil.copytree(lake._making().folder, tmp_path / "runs/dead-1-1")
    assert len(invented.strangers(tmp_path)) > 3
    assert (tmp_path / "runs/dead-1-1").exists()
    with Lake.open(tmp_path, write=True):
        assert invented.strangers(tmp_path) == []
    assert list((tmp_path / "runs").iterdir()) == []


def test_retired_segments_stay_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with invented.made(tmp_path, {"a": [1], "b": [2]}) as lake:
        old = lake.segments("accesses")
        lake.replace([], [old[0].file])
    with Lake.open(tmp_path, write=True) as lake:
        assert (tmp_path / old[0].file).exists()
        assert len(lake.segments("accesses")) == 1
    monkeypatch.setattr("brokenseal.lake.sweep.KEEP_SECONDS", -1)
    with Lake.open(tmp_path, write=True):
        assert not (tmp_path / old[0].file).exists()
        assert (tmp_path / old[1].file).exists()


def test_names_that_are_no_text_are_kept_readable(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.json")
    with invented.made(tmp_path, {odd.encode("utf-8", "surrogatepass").decode("latin-1"): [1]}) as lake:
        way = lake.intake()
        taken = invented.laid_aside(way, "z", [5])
        assert way.publish(type(taken)(**{**taken.__dict__, "path": odd}))
        assert "caf\\udce9.json" in lake.inputs()["path"].to_pylist()


def test_derived_tables_are_made_again(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1, 2], "b": [3]}) as lake:
        way = lake.intake()
        again = [s for s in invented.laid_aside(way, "a", [1, 2]).segments if s.table == "accesses"]
        before = lake.head()
        lake.replace(again)
        assert lake.head() != before
        assert lake.query("select record_id from accesses order by 1")["record_id"].to_pylist() == [
            "record-00001",
            "record-00002",
        ]
        assert lake.query("select count(*) as n from records")["n"].to_pylist() == [3]
        assert lake.faults() == []


def test_a_lake_of_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with invented.made(tmp_path, {"a": [1]}) as lake:
        assert not lake.stale()
    monkeypatch.setattr("brokenseal.schema.VERSION", 99)
    with Lake.open(tmp_path, write=True) as lake:
        assert lake.stale()
        lake.replace([], [])
        assert not lake.stale()
    monkeypatch.setattr("brokenseal.schema.VERSION", 1)
    with pytest.raises(LakeError, match="newer brokenseal"):
        Lake.open(tmp_path, write=True)


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0 and then nothing of the kind" * 50])
def test_what_is_no_lake_is_said_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ledger.db").write_bytes(content)
    for write in (False, True):
        with pytest.raises(LakeError) as caught:
            Lake.open(tmp_path, write=write)
        assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def test_no_folder_and_a_file_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no such folder"):
        Lake.open(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(LakeError):
        Lake.open(tmp_path / "file", write=True, create=True)


def test_a_damaged_segment_is_named(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}) as lake:
        segment = tmp_path / lake.segments("accesses")[0].file
        segment.write_bytes(b"nothing of the kind")
        with pytest.raises(LakeError, match="accesses"):
            lake.fetch(lake.read("accesses").count())
        assert lake.faults() == [f"segment {segment.relative_to(tmp_path)} was changed since it was published"]


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    invented.made(tmp_path, {"a": [1]}).close()
    with Lake.open(tmp_path) as lake:
        for act in (lake.intake, lake.compact, lambda: lake.start_run("x"), lambda: lake.replace([])):
            with pytest.raises(LakeError, match="for reading"):
                act()


def test_the_order_of_taking_in_leaves_no_trace(tmp_path: Path) -> None:
    files = {"a": [1, 2], "b": [2, 3], "c": [3, 4]}
    first = invented.made(tmp_path / "1", files)
    second = invented.made(tmp_path / "2", dict(reversed(files.items())))
    with first, second:
        assert first.fingerprint() == second.fingerprint()
        assert first.inputs().drop_columns("taken_at") == second.inputs().drop_columns("taken_at")
    assert invented.content(tmp_path / "1") == invented.content(tmp_path / "2")


def test_the_ledger_of_a_lake_with_an_odd_name(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20'd"
    with invented.made(path, {"a": [1]}):
        pass
    assert (path / "ledger.db").exists()
    assert invented.content(path)
    assert isinstance(Ledger.at(path), Ledger)


def test_files_that_share_segments_are_taken_in_together_or_not_at_all(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}) as lake:
        way = lake.intake()
        taken = [invented.laid_aside(way, name, [n]) for n, name in enumerate("bc", start=2)]
        segments = [s for t in taken for s in t.segments]
        assert way.publish_all(taken, segments)
        assert not way.publish_all(taken[1:], taken[1].segments)
        assert lake.inputs()["path"].to_pylist() == ["a", "b", "c"]
        assert lake.query("select count(*) as n from records")["n"].to_pylist() == [3]
        again = [invented.laid_aside(way, name, [9]) for name in "da"]
        assert not way.publish_all(again, [s for t in again for s in t.segments])
        assert lake.inputs().num_rows == 3
        assert way.publish_all([], [])
        assert lake.faults() == []
