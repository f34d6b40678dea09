"""Both engines write, read back and hand out the same."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.errors import LakeError
from brokenseal.lake import Lake
from tests.lake import invented

ODD = pa.table(
    {
        "n": pa.array([3, None, -(2**62), 0], pa.int64()),
        "text": ["a'b\\c\n", None, "", "Zoë \U0001f40b"],
        "at": pa.array([datetime(2024, 2, 29, 23, 59, 59, 999999), None, datetime(1990, 1, 1), datetime(2199, 1, 1)]),
        "yes": [True, None, False, True],
        "many": pa.array([["x", "y"], None, [], ["", None]], pa.list_(pa.string())),
    }
)


def _sorted(table: pa.Table) -> list[dict[str, object]]:
    return sorted(table.to_pylist(), key=str)


def test_what_is_put_comes_back(lake: Lake) -> None:
    back = lake.fetch(lake.put("odd", ODD))
    assert back.schema.types == [pa.int64(), pa.string(), pa.timestamp("us"), pa.bool_(), pa.list_(pa.string())]
    assert _sorted(back) == _sorted(ODD)


def test_what_is_written_comes_back(lake: Lake) -> None:
    odd = lake.put("odd", ODD)
    back = lake.fetch(lake.write("again", odd.mutate(later=odd["at"] + ibis.interval(minutes=60))))
    assert _sorted(back.drop_columns("later")) == _sorted(ODD)
    assert max(t for t in back["later"].to_pylist() if t) == datetime(2199, 1, 1, 1)


def test_order_is_kept_on_the_way_out(lake: Lake) -> None:
    numbers = lake.put("numbers", pa.table({"n": list(range(5000))}))
    assert lake.fetch(numbers.order_by(ibis.desc("n")))["n"].to_pylist() == list(range(4999, -1, -1))


def test_sums_counts_and_small_literals_are_whole_numbers(lake: Lake) -> None:
    odd = lake.put("odd", pa.table({"n": [1, 2, 2**53 + 1], "k": ["a", "a", "b"]}))
    summed = odd.group_by("k").agg(total=odd.n.sum(), count=odd.count(), one=odd.k.length().max())
    for found in (lake.fetch(lake.write("summed", summed)), lake.fetch(summed)):
        assert _sorted(found.select(["k", "total", "count", "one"])) == [
            {"k": "a", "total": 3, "count": 2, "one": 1},
            {"k": "b", "total": 2**53 + 1, "count": 1, "one": 1},
        ]
    assert lake.fetch(lake.read("summed").select("total", "one")).schema.types == [pa.int64(), pa.int64()]


def test_a_table_of_the_schema_gets_its_columns_and_types(lake: Lake) -> None:
    described = schema.TABLES["linkage"]
    made = lake.put("made", pa.table({"linked": [1], "more": ["x"], "stratum": ["s"], "tenant_id": ["t"]}))
    made = made.mutate(visits=ibis.literal(7, "int8"))
    found = lake.fetch(lake.write("linkage", made))
    assert found.schema == described.arrow()
    assert found.to_pylist() == [{"tenant_id": "t", "stratum": "s", "visits": 7, "linked": 1}]


def test_an_earlier_version_is_still_seen_by_what_was_made_of_it(lake: Lake) -> None:
    first = lake.put("numbers", pa.table({"n": [1]}))
    second = lake.write("numbers", first.mutate(n=first.n + 1))
    third = lake.write("numbers", lake.read("numbers").mutate(n=second.n * 10))
    assert [lake.fetch(t)["n"].to_pylist() for t in (first, second, third, lake.read("numbers"))] == [
        [1],
        [2],
        [20],
        [20],
    ]


def test_a_round_sees_its_own_rows_and_compiles_nothing_again(lake: Lake) -> None:
    made, texts = [], []
    for n in (1, 2, 3):
        first = lake.put("numbers", pa.table({"n": [n]}))
        second = lake.write("doubled", first.mutate(n=first.n * 2))
        made.append(lake.fetch(second.mutate(n=second.n + 1))["n"].to_pylist())
        texts.append(lake.compiled[-2:])
        lake.turn()
    assert made == [[3], [5], [7]]
    assert all(own[0] is texts[0][0] and own[1] is texts[0][1] for own in texts)
    assert lake.fetch(lake.read("numbers"))["n"].to_pylist() == [3]


def test_a_text_that_looks_like_a_table_stays_a_text(lake: Lake) -> None:
    """Tables of a run are named in the SQL; what an intruder wrote must not be taken for one."""
    text = 'it\'s "run_odd_1" and \'\'"run_odd_1"'
    odd = lake.put("odd", ODD)
    told = lake.write("told", odd.mutate(said=ibis.literal(text), **{'"run_odd_1"': odd.n}))
    assert set(lake.fetch(told)["said"].to_pylist()) == {text}
    assert lake.fetch(told.filter(told.said == text)).num_rows == ODD.num_rows


def test_what_is_asked_of_an_earlier_version_sees_it_however_late_it_is_run(lake: Lake) -> None:
    for n in range(5):
        lake.put("odd", pa.table({"n": [n]}))
        lake.write("sum", lake.read("odd").agg(n=lake.read("odd").n.sum()))
        lake.turn()
        lake.write(f"kept_{'abcde'[n]}", lake.read("sum"))
    assert [lake.fetch(lake.read(f"kept_{c}"))["n"][0].as_py() for c in "abcde"] == list(range(5))


def test_a_table_without_rows(lake: Lake) -> None:
    empty = lake.put("empty", ODD.slice(0, 0))
    written = lake.write("none", empty.filter(empty.n > 1))
    assert lake.fetch(written).num_rows == 0
    assert lake.fetch(written.count())[0].to_pylist() == [0]
    for name in ("accesses", "records", "visits", "inputs"):
        assert lake.fetch(lake.read(name)).schema == schema.TABLES[name].arrow()


def test_a_scalar_and_a_column_come_out_as_a_table(lake: Lake) -> None:
    numbers = lake.put("numbers", pa.table({"n": [1, 2]}))
    assert lake.fetch(numbers.n.sum()).to_pydict() == {lake.fetch(numbers.n.sum()).column_names[0]: [3]}
    assert sorted(lake.fetch(numbers.n)["n"].to_pylist()) == [1, 2]


def test_a_run_is_published_whole_and_replaced_whole(tmp_path: Path, engine: str) -> None:
    with invented.made(tmp_path, {"a": [1]}, engine) as lake:
        ids = []
        for count in (1, 2):
            ids.append(lake.start_run("same"))
            lake.put("own", pa.table({"n": list(range(count))}))
            lake.write("seen", lake.read("accesses").select("time", "record_id"))
            lake.write(
                "linkage",
                lake.put("l", pa.table({"tenant_id": ["t"], "stratum": ["s"], "visits": [count], "linked": [0]})),
            )
            if count == 2:
                with Lake.open(tmp_path) as reader:
                    assert reader.query("select visits from linkage")["visits"].to_pylist() == [1]
            lake.publish_run()
        assert ids[0] == ids[1]
    with Lake.open(tmp_path, engine=engine) as reader:
        assert reader.fetch(reader.read("linkage"))["visits"].to_pylist() == [2]
        assert reader.fetch(reader.read("own").count())[0].to_pylist() == [2]
        for seen in (reader.fetch(reader.read("seen")), reader.query("select * from seen")):
            assert seen.schema.field("time").type == pa.timestamp("us")
            assert seen["time"].to_pylist() == [datetime(2024, 5, 1, 1)]
        with pytest.raises(LakeError, match="no table 'never'"):
            reader.read("never")
        with pytest.raises(LakeError, match="no run was started"):
            reader.put("own", pa.table({"n": [1]}))


def test_a_run_that_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    with invented.made(tmp_path, {"a": [1]}) as lake:
        lake.start_run("x")
        lake.put("own", pa.table({"n": [1]}))
        lake.start_run("y")
        with pytest.raises(LakeError, match="no table 'own'"):
            lake.read("own")
    assert invented.strangers(tmp_path) == []
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_column_newer_than_the_files_is_null(tmp_path: Path, engine: str) -> None:
    import pyarrow.parquet as pq

    with invented.made(tmp_path, {"a": [1, 2], "b": [2]}) as lake:
        for segment in lake.segments("accesses"):
            file = tmp_path / segment.file
            pq.write_table(pq.read_table(file).drop_columns(["device_id", "agent"]), file)
        assert (
            lake.query("select device_id, agent, access from accesses").to_pylist()
            == [{"device_id": None, "agent": None, "access": "bind"}] * 2
        )
    with Lake.open(tmp_path, engine=engine) as lake:
        found = lake.fetch(lake.read("accesses"))
        assert found.schema == schema.TABLES["accesses"].arrow()
        assert found["agent"].null_count == 2


def test_the_sql_is_kept_for_those_who_ask(lake: Lake) -> None:
    lake.fetch(lake.write("x", lake.put("y", pa.table({"n": [1]}))))
    assert len(lake.compiled) >= 2
    assert all("SELECT" in sql for sql in lake.compiled)
