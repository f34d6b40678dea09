"""Exports cut at a ceiling, and what retention took or is about to take."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brokenseal import pipeline, report
from brokenseal.cases import cut, gaps
from brokenseal.lake import Lake
from brokenseal.sources import custody
from tests.lake import invented
from tests.sources.conftest import TENANT, Taken, access, signin

AS_OF = datetime(2025, 6, 11, 12)
DAY = timedelta(days=1)
Row = dict[str, Any]


def _ceilings(taken: Taken) -> list[cut.Left]:
    with Lake.open(taken.lake, write=True) as lake:
        lake.start_run("x")
        return list(cut.ceilings(lake))


def _cell(row: Row) -> str:
    return '"50","{}"\n'.format(json.dumps(row).replace('"', '""'))


def test_a_file_with_as_many_rows_as_an_export_holds_at_most(tmp_path: Path) -> None:
    taken = Taken(tmp_path)
    rows = [access(n % 4_990, CreationTime=f"2025-05-{1 + n % 28:02}T10:00:00") for n in range(5_000)]
    taken.put("full.csv", ("RecordType,AuditData\n" + "".join(map(_cell, rows))).encode())
    taken.put("almost.json", rows[:4_998]).put("other.json", [*rows[:4_998], access(9), {"no": "record"}][1:])
    taken.ingest()
    (full, odd) = sorted(_ceilings(taken), key=lambda f: f.meaning.split("holds")[1], reverse=True)
    assert full.kind == odd.kind == "export-ceiling"
    assert "5,000 rows, where one call of the audit search ends" in full.meaning
    # repeats and rejects count as well
    assert "4,999 rows, where Extractor-Suite ends" in odd.meaning
    assert full.tenant == TENANT and full.until == datetime(2025, 5, 1, 10)
    assert full.about != odd.about


def test_no_file_is_full(tmp_path: Path) -> None:
    taken = Taken(tmp_path).put("a.json", [access(n) for n in range(5)]).put("s.json", [signin(1)]).ingest()
    assert _ceilings(taken) == []


def _stream(name: str, begin: datetime, end: datetime) -> Row:
    return {"tenant_id": TENANT, "stream": name, "from": begin, "to": end, "records": 9}


def test_a_log_that_begins_where_retention_ended() -> None:
    def kinds(days: int, name: str = "interactive") -> list[str]:
        return [f.kind for f in cut.expired([_stream(name, AS_OF - days * DAY, AS_OF)])]

    assert [kinds(d) for d in (20, 30, 45)] == [[], ["expired"], []]
    (told,) = cut.expired([_stream("interactive", AS_OF - 30 * DAY, AS_OF)])
    # why it begins there is an inference
    assert "probably deleted" in told.meaning and "or only this time was exported. Older exports" in told.meaning
    assert [kinds(d, "access") for d in (30, 180)] == [[], ["expired"]]


def test_some_minutes_within_a_day_make_no_difference() -> None:
    """Nightly jobs of three organisations, the last of which ends four minutes earlier than it began."""
    begins = [datetime(2025, 9, 1, 2, minute) for minute in (0, 5, 8)]
    found = [cut.expired([_stream("service-principal", b, datetime(2025, 9, 30, 2, 4))]) for b in begins]
    assert [len(list(f)) for f in found] == [1, 1, 1]


Streams = Callable[[], list[Row]]


def _access(days: int = 20) -> Row:
    return _stream("access", AS_OF - days * DAY, AS_OF)


def _whole(name: str) -> Row:
    return _stream(name, AS_OF - 30 * DAY, AS_OF)


def _expiring(*streams: Row, as_of: datetime = AS_OF) -> dict[str, cut.Left]:
    return {f.about: f for f in cut.expiring(list(streams), as_of)}


def test_what_is_missing_and_still_there_vanishes_on_a_day() -> None:
    found = _expiring(_access(180), _whole("interactive"))
    assert set(found) == {"non-interactive"}
    lost = found["non-interactive"]
    assert (lost.kind, lost.tenant, lost.since) == ("expiring", TENANT, AS_OF - 30 * DAY)
    assert lost.meaning.startswith(
        "Export now: non-interactive sign-ins before 2025-05-13 vanish on 2025-06-12, and those of one more day"
    )
    assert lost.meaning.endswith("for 30 days by default. None were handed over.")


def test_what_ends_early_vanishes_later() -> None:
    short = _stream("interactive", AS_OF - 30 * DAY, AS_OF - 5 * DAY)
    found = _expiring(_access(180), short, _whole("non-interactive"))
    assert set(found) == {"interactive"}
    assert "before 2025-06-07 vanish on 2025-07-07" in found["interactive"].meaning
    assert "None from after 2025-06-06 were handed over" in found["interactive"].meaning


def test_sign_ins_from_before_their_log_are_missing_too_but_not_where_nobody_may_have_signed_in() -> None:
    late = _stream("interactive", AS_OF - 20 * DAY, AS_OF)
    quiet = _stream("non-interactive", AS_OF - 28 * DAY, AS_OF)
    found = _expiring(_access(180), late, quiet)
    assert set(found) == {"interactive"}
    assert (found["interactive"].since, found["interactive"].until) == (AS_OF - 30 * DAY, AS_OF - 20 * DAY)
    assert "None from before 2025-05-22 were handed over" in found["interactive"].meaning


def test_audit_records_from_before_the_log() -> None:
    signed = (_whole("interactive"), _whole("non-interactive"))
    assert _expiring(_access(180), *signed) == _expiring(_access(179), *signed) == {}
    early = _expiring(_access(20), *signed)["access"]
    assert (early.since, early.until) == (AS_OF - 180 * DAY, AS_OF - 20 * DAY)
    assert "None from before 2025-05-22 were handed over" in early.meaning


def test_what_is_gone_already_is_not_asked_for() -> None:
    assert _expiring(_access(180), as_of=AS_OF + 60 * DAY) == {}
    # nobody reads mail without accesses
    assert _expiring(_whole("interactive")) == {}


def test_both_engines_find_them(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "CEILINGS", {"unified-audit": ((3, "a small export"),)})
    invented.take(lake, "full", [1, 2, 3])
    invented.take(lake, "half", [2, 3])
    lake.state_custody("0" * 64, [{"file": "full", "sha256": "1" * 64}, {"file": "gone"}])
    (full,) = cut.ceilings(lake)
    assert (full.kind, full.tenant) == ("export-ceiling", invented.TENANT)
    assert full.until == invented.DAY + timedelta(hours=1)
    assert [r["kind"] for r in gaps._not_handed_over(lake)] == ["custody-differs", "not-handed-over"]


def test_the_answer_holds_them_and_what_the_custody_list_misses(tmp_path: Path) -> None:
    taken = Taken(tmp_path)
    logs = [access(n, CreationTime=f"2025-05-{1 + n:02}T10:00:00") for n in range(20)]
    taken.put("a.json", logs).put("s.json", [signin(1, createdDateTime="2025-05-01T09:55:00Z")]).ingest()
    listed = tmp_path / "custody.csv"
    listed.write_text(f"file,sha256,who\na.json,{'0' * 64},Ann\ngone.json,,Ann\ns.json,,Ann\n")
    with Lake.open(taken.lake, write=True) as lake:
        custody.state(lake, listed)
        pipeline.analyse(lake, pipeline.Options())
        answer = report.answer(lake, pipeline.described())
    report.validate(answer)
    told: dict[str, list[str]] = {}
    for gap in answer["gaps"]:
        told.setdefault(gap["kind"], []).append(gap["meaning"])
    assert len(told["expiring"]) == 4
    missing = answer["coverage"][0]["missing"]
    # the page asks for what these gaps say, and for nothing else
    assert sorted((m["from"], m["to"]) for m in missing) == sorted(
        (g["from"], g["to"]) for g in answer["gaps"] if g["kind"] == "expiring"
    )
    assert missing[0]["vanishes"] == min(m["vanishes"] for m in missing)
    days = {re.search(r"vanish on ([\d-]+)", m)[1] for m in told["expiring"]}  # type: ignore[index]
    assert {m["vanishes"][:10] for m in missing} == days
    assert all(m.startswith("Export now: ") for m in told["expiring"])
    assert "gone.json that was not taken in" in told["not-handed-over"][0] and len(told["not-handed-over"]) == 1
    assert "another SHA-256 for the file a.json" in told["custody-differs"][0]
