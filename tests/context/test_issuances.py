"""How far the sign-in logs reach: each stream by its own end, or by that of what is handed over with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.context import issuances
from brokenseal.lake import Lake

BEGIN = datetime(2025, 3, 3)
HOUR = timedelta(hours=1)
Sign = tuple[str, float, str]
"""Stream, hours since the beginning, and the file it stands in."""


def _ends(path: Path, signs: list[Sign], engine: str = "duckdb") -> dict[str, float]:
    """In hours since the beginning, how far each stream covers."""
    given = [
        {"record_id": f"{n:05}", "tenant_id": "t", "stream": stream, "time": BEGIN + hours * HOUR}
        for n, (stream, hours, _) in enumerate(signs)
    ]
    records = [{"record_id": f"{n:05}", "file_sha256": file} for n, (_, _, file) in enumerate(signs)]
    with Lake.open(path / "lake", write=True, create=True, engine=engine) as lake:
        lake.start_run("covered")
        tables = {"given": (given, "issuances"), "kept": (records, "records")}
        for name, (rows, like) in tables.items():
            lake.put(name, pa.Table.from_pylist(rows, schema=schema.TABLES[like].arrow()))
        rows = lake.fetch(issuances._covered(lake.read("given"), lake.read("kept"))).to_pylist()
    return {r["stream"]: (r["end"] - BEGIN) / HOUR + issuances.SETTLE_HOURS for r in rows}


def _hourly(last: int, *, together: bool) -> list[Sign]:
    """A busy stream to `last`, and a quiet one that ends at hour ten; a file each two hours, of both or of one."""
    busy = [("non-interactive", n + 0.5, f"file {n // 2}") for n in range(last)]
    return [*busy, *(("interactive", n + 0.2, f"file {n // 2}" if together else "other file") for n in (1, 4, 10))]


def test_what_is_handed_over_together_ends_together(tmp_path: Path) -> None:
    assert _ends(tmp_path, _hourly(20, together=True)) == {"interactive": 19.5, "non-interactive": 19.5}


def test_what_is_handed_over_apart_ends_apart(tmp_path: Path) -> None:
    assert _ends(tmp_path, _hourly(20, together=False)) == {"interactive": 10.2, "non-interactive": 19.5}


def test_a_silence_at_the_end_is_no_longer_than_one_in_the_midst(tmp_path: Path) -> None:
    ends = _ends(tmp_path, _hourly(100, together=True))
    assert ends == {"interactive": 10.2 + issuances.SILENCE_HOURS, "non-interactive": 99.5}


@pytest.mark.spark
def test_the_engines_agree_how_far_logs_reach(tmp_path: Path) -> None:
    found = [_ends(tmp_path / e, _hourly(20, together=True), e) for e in ("duckdb", "spark")]
    assert found[0] == found[1]
