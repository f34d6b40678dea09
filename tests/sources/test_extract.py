"""What an extraction asks of the engine: raw texts are the bulk of a log, and must not be copied more often than written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal.lake import embedded
from brokenseal.sources import extract, log
from tests.sources.conftest import access

ROWS = pa.schema([("file", pa.int32()), ("row", pa.int64()), ("raw", pa.string_view())])


class Watched:
    """An engine that keeps the plans of statements that join."""

    def __init__(self, folder: Path) -> None:
        self.db = embedded(memory="256MB", threads=1, spill=folder / "spill")
        self.plans: list[dict[str, Any]] = []

    def execute(self, sql: str) -> Any:
        if "block join" in sql:
            self.plans += json.loads(self.db.execute(f"explain (format json) {sql}").fetchall()[0][1])
        return self.db.execute(sql)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


def taken(folder: Path, count: int) -> tuple[Watched, extract.Extraction]:
    """So many records of one file, in one block."""
    watched = Watched(folder)
    one = extract.Extraction(watched, log.named("unified-audit"), None, folder)
    one.add("0" * 64)
    rows = [(0, n + 1, json.dumps(access(n))) for n in range(count)]
    one.take(pa.table([pa.array(c, t) for c, t in zip(zip(*rows), ROWS.types)], schema=ROWS))
    return watched, one


def test_the_hash_table_of_a_join_holds_no_raw_text(tmp_path: Path) -> None:
    found = [part for plan in taken(tmp_path, 100)[0].plans for part in parts(plan) if "JOIN" in part["name"]]
    (join,) = found
    built = [part["name"].strip() for part in parts(join["children"][1])]
    assert built == ["SEQ_SCAN"]


def parts(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """A part of a plan and all below it."""
    return [plan, *(below for child in plan["children"] for below in parts(child))]


def test_records_lie_in_small_row_groups(tmp_path: Path) -> None:
    _, one = taken(tmp_path, extract.RAW_GROUP + 2 * extract.SLICE)
    (records,) = (s for s in one.segments if s.table == "records")
    assert pq.read_metadata(records.file).num_row_groups > 1
