"""A record in several files is one record: the fullest shape is kept, then the smallest file; on both engines alike."""

from __future__ import annotations

from pathlib import Path

from brokenseal.lake import Lake
from tests.lake import invented


def test_without_repeats_nothing_is_joined(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1], "b": [2]}) as lake:
        lake.fetch(lake.read("accesses").count())
        assert "JOIN" not in lake.compiled[-1].upper()


def test_the_fullest_shape_is_kept(tmp_path: Path) -> None:
    with invented.made(tmp_path, {}) as lake:
        for name, shape in (("a", "graph-audit"), ("b", "unified-audit-csv"), ("c", "unified-audit")):
            invented.take(lake, name, [1, 2], shape)
        kept = lake.query("select record_id, shape, file_sha256 from records order by 1").to_pylist()
        assert [(r["shape"], r["file_sha256"]) for r in kept] == [("unified-audit", invented.sha("c"))] * 2
        counts = {r["path"]: (r["records"], r["duplicates"]) for r in lake.inputs().to_pylist()}
        assert counts == {"a": (0, 2), "b": (0, 2), "c": (2, 0)}


def test_then_the_smallest_file(tmp_path: Path) -> None:
    names = [f"file {n}" for n in range(6)]
    with invented.made(tmp_path, {n: [7] for n in names}) as lake:
        kept = lake.query("select file_sha256 from records")["file_sha256"].to_pylist()
        assert kept == [min(invented.sha(n) for n in names)]


def test_every_table_follows(tmp_path: Path, engine: str) -> None:
    with invented.made(tmp_path, {"a": [1, 2, 3], "b": [3, 4], "c": [1, 4, 5]}, engine) as lake:
        for table, rows in (("records", 5), ("accesses", 5), ("items", 10), ("sightings", 8)):
            assert lake.fetch(lake.read(table).count())[0].to_pylist() == [rows], table
        raw = lake.fetch(lake.read("records").select("record_id", "file_sha256", "raw").order_by("record_id"))
        for r in raw.to_pylist():
            assert any(invented.sha(n) == r["file_sha256"] and n in r["raw"] for n in "abc")
        inputs = lake.fetch(lake.read("inputs").order_by("path")).to_pylist()
        assert sum(r["records"] for r in inputs) == 5
        assert all(r["rows"] == r["records"] + r["duplicates"] + r["rejected"] for r in inputs)
        assert lake.inputs().to_pylist() == inputs


def test_a_query_sees_the_same_copies(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1, 2], "b": [2, 3]}):
        pass
    with Lake.open(tmp_path) as lake:
        assert lake.query("select count(*) as n from items")["n"].to_pylist() == [6]
        assert lake.query("select * from accesses").column_names == lake.fetch(lake.read("accesses")).column_names


def test_what_is_kept_is_worked_out_once_for_a_set_of_inputs(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1, 2], "b": [2, 3]}) as lake:
        lost, inputs = lake._now.lost(), lake.inputs()
        lake.start_run("x")
        lake.publish_run()
        assert lake._now.lost() is lost and lake.inputs() is inputs
        invented.take(lake, "c", [1])
        assert lake._now.lost() != lost
        assert lake.fetch(lake.read("accesses").count())[0].to_pylist() == [3]
