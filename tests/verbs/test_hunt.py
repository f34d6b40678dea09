"""`brokenseal hunt`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from brokenseal.lake import Lake
from tests.sources.conftest import Taken, access, signin
from tests.verbs.called import call


def test_a_lake_of_an_older_version_is_derived_again_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Taken(tmp_path).put("a", [access(n) for n in range(5)]).put("s", [signin(1)]).ingest()
    before = {t: taken.rows(t) for t in ("accesses", "items", "issuances")}
    with Lake.open(taken.lake, write=True) as lake:
        # an older version that knew none of these tables
        lake.replace([])
    with sqlite3.connect(taken.lake / "ledger.db") as ledger:
        ledger.execute("update facts set value = '0' where name = 'schema'")
    assert taken.rows("accesses") == []
    done = call(capsys, monkeypatch, "hunt", "--lake", taken.lake, "--memory", "1GB")
    assert done.code == 0, done.err
    assert {t: taken.rows(t) for t in before} == before
    assert len(taken.rows("visits")) == 1
    with Lake.open(taken.lake) as lake:
        assert not lake.stale()
