"""A person's SQL sees the lake's tables and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from brokenseal.errors import QueryError
from brokenseal.lake import Lake
from brokenseal.lake import query as guard
from tests.lake import invented

HOSTILE = """
select * from read_csv('{other}')
select * from read_csv_auto('{other}')
select * from read_text('{other}')
select * from read_blob('/etc/passwd')
select * from read_parquet('{segment}')
select * from parquet_metadata('{segment}')
select * from parquet_scan('{segment}')
select * from read_json('{other}')
select * from read_ndjson_objects('{other}')
select * from sniff_csv('{other}')
select * from glob('{lake}/**')
select * from '{segment}'
select * from "{segment}"
from '{other}'
select * from accesses union all select * from '{segment}'
select count(*) from accesses where exists (select 1 from '{other}')
select (select content from read_text('{other}'))
select * from accesses, lateral (select * from read_text('{other}'))
with a as (select * from read_text('{other}')) select * from a
with "{other}" as (select 1) select * from "{other}"
select * from '{other}' x, (with "{other}" as (select 1) select * from "{other}") y
with recursive a as (select 1 union all select * from a, read_text('{other}')) select * from a
select getenv('HOME')
select * from accesses where getenv('HOME') = ''
select current_setting('temp_directory')
select * from duckdb_settings()
select * from duckdb_secrets()
select * from pragma_database_list()
select * from information_schema.tables
select * from sqlite_master
select * from main.accesses
select * from memory.main.accesses
select * from pg_catalog.pg_class
select * from query('select 1')
select * from query_table('accesses')
select * from query_table(['accesses'])
select * from json_execute_serialized_sql('{{}}')
select * from sqlite_scan('{lake}/ledger.db', 'inputs')
select * from checkpoint()
select * from "losers"
select * from connection
select * from views
with views as (select 1) select * from (select 1) as x, tables
copy accesses to '{lake}/out.csv'
copy (select 1) to '{lake}/out.csv'
copy accesses from '{other}'
attach '{lake}/ledger.db'
attach '{lake}/new.db' as n
detach memory
use memory
install httpfs
load httpfs
pragma database_list
pragma memory_limit='1TB'
set memory_limit='100GB'
set enable_external_access=true
reset memory_limit
create table x as select 1
create view x as select 1
create macro m() as 1
create temp table x (a int)
insert into accesses select * from accesses
update accesses set record_id = ''
delete from accesses
drop view accesses
truncate accesses
alter table accesses add column x int
call pragma_version()
export database '{lake}/out'
import database '{lake}/out'
vacuum
checkpoint
begin
explain select 1
explain analyze select * from accesses
describe accesses
summarize accesses
show tables
select * from (describe accesses)
select * from (show all tables)
prepare p as select 1
execute p
select 1; select 2
select 1; drop view accesses
select 1; copy (select 1) to '{lake}/out.csv'
;
select * from nothing
select * fro accesses
select
select 'open
pivot accesses on client using count(*)
select 1 into x
with x as (insert into accesses values (1) returning *) select * from x
with x as (delete from accesses returning *) select * from x
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    path = tmp_path_factory.mktemp("query") / "lake"
    (path.parent / "other.csv").write_text("hushed\n1\n")
    with invented.made(path, {"a": [1, 2, 3], "b": [3, 4]}) as opened:
        opened.start_run("x")
        opened.put("own", pa.table({"n": [1, 2]}))
        opened.publish_run()
        yield opened


@pytest.mark.parametrize("sql", HOSTILE.strip().splitlines())
def test_anything_else_is_refused_in_one_line(lake: Lake, sql: str) -> None:
    before = sorted(lake.path.rglob("*.csv"))
    segment = lake.path / lake.segments("accesses")[0].file
    text = sql.format(other=lake.path.parent / "other.csv", lake=lake.path, segment=segment)
    with pytest.raises(QueryError) as caught:
        lake.query(text)
    assert "\n" not in str(caught.value)
    assert "hushed" not in str(caught.value)
    assert sorted(lake.path.rglob("*.csv")) == before
    assert not (lake.path / "new.db").exists()


@pytest.mark.parametrize("sql", [s for s in HOSTILE.strip().splitlines() if "{" in s and "{{" not in s])
def test_the_second_wall_stands_alone(lake: Lake, sql: str, tmp_path: Path) -> None:
    """What a hole in the first wall would let through opens no file and writes none."""
    now = lake._now
    segment = lake.path / lake.segments("items")[0].file
    text = sql.format(other=lake.path.parent / "other.csv", lake=lake.path, segment=segment)
    if 'with "{other}" as (select 1) select' in sql:
        return
    with pytest.raises(QueryError):
        guard.run(text, {"accesses": now.view("accesses")}, memory="200MB", threads=1, spill=tmp_path)
    assert not list(lake.path.rglob("*.csv")) and not (lake.path / "new.db").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) as n from accesses",
        "SELECT Count(*) AS n FROM ACCESSES",
        "from accesses select count(*) as n",
        "with accesses as (select 1 as a union all select 2 union all select 3 union all select 4) "
        "select count(*) as n from accesses",
        "with recursive r(i) as (select 1 union all select i + 1 from r where i < 4) select count(*) as n from r",
        "select count(*) as n from unnest([1, 2, 3, 4]) t(x)",
        "select count(*) as n from range(4)",
        "select count(*) n from (values (1), (2), (3), (4)) v(x)",
        "select count(*) as n from records r semi join (select record_id from items) i using (record_id)",
        "select sum(item_count) // 2 as n from accesses -- a comment; with a semicolon",
        "select count(*) as n from own, own as other",
        "(select 4 as n);",
        "select max(n) as n from (select row_number() over (order by time) as n from accesses)",
    ],
)
def test_one_select_over_the_tables(lake: Lake, sql: str) -> None:
    found = lake.query(sql)
    assert found.column_names == ["n"]
    assert found["n"].to_pylist() == [4]


def test_sums_are_whole_numbers(lake: Lake) -> None:
    found = lake.query(
        "select sum(item_count) as n, sum(item_count) * 10000000000000000000::hugeint as large from accesses"
    )
    assert found.schema.field("n").type == pa.int64()
    assert int(found["large"][0].as_py()) == 8 * 10**19


def test_every_table_of_the_schema_can_be_asked(lake: Lake) -> None:
    from brokenseal import schema

    for name, table in schema.TABLES.items():
        assert lake.query(f'select * from "{name}"').column_names == list(table.names)


def test_a_name_that_is_missing_is_said_with_those_there_are(lake: Lake) -> None:
    with pytest.raises(QueryError, match="no table 'access'; there are accesses, act"):
        lake.query("select * from access")


def test_a_query_that_nests_without_end(lake: Lake) -> None:
    for text in (
        "(" * 100_000 + "select 1" + ")" * 100_000,
        "select " + "[" * 5000 + "]" * 5000,
        "select " + "-" * 99_999,
    ):
        with pytest.raises(QueryError):
            lake.query(text)


def test_a_query_spills_without_leaving_anything(lake: Lake, tmp_path: Path) -> None:
    numbered = "select i, row_number() over (order by i desc, i::varchar) r from range(2000000) t(i)"
    sql = f"select count(*) as n from ({numbered})"
    found = guard.run(sql, {}, memory="40MB", threads=1, spill=tmp_path)
    assert found["n"].to_pylist() == [2_000_000]
    assert [f for _, _, files in os.walk(tmp_path) for f in files] == []
