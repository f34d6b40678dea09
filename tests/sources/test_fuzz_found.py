"""What the fuzzer of the readers found, each once."""

from __future__ import annotations

import json

import pytest

from tests.sources.conftest import Taken, access

WRAPPED = json.dumps([{"RecordType": 50, "AuditData": json.dumps(access(n, Subject="MARK"))} for n in range(2)])
INNER = json.dumps({"RecordType": 50, "AuditData": json.dumps(access(1)), "MARK": 1})
PAGES = "\n".join(json.dumps({"value": [access(n)], "MARK": "x"}) for n in range(2))


@pytest.mark.parametrize(("text", "count"), [(WRAPPED, 2), (INNER, 1), (PAGES, 2)])
def test_a_byte_that_is_no_utf8_hides_no_record_that_it_lies_beside(taken: Taken, text: str, count: int) -> None:
    taken.put("a", text.encode().replace(b"MARK", b"a\xe5")).ingest()
    assert len(taken.rows("accesses")) == count
    assert taken.summary.problems == []


@pytest.mark.parametrize("before", range(4))
def test_a_broken_row_of_which_the_engine_quotes_half_a_letter_is_refused(taken: Taken, before: int) -> None:
    broken = '{"Operation": "MailItemsAccessed" ' + "x" * before + "\u6f22" * 300
    taken.put("a", f"{json.dumps(access(1))}\n{broken}\n{json.dumps(access(2))}\n".encode()).ingest()
    assert [r["row"] for r in taken.rows("rejects")] == [2]
    assert {r["row"] for r in taken.rows("records")} == {1, 3}


def _csv(*rows: bytes) -> bytes:
    return b"RecordType,AuditData\r\n" + b"".join(rows)


def _cell(number: int) -> bytes:
    return '50,"{}"\r\n'.format(json.dumps(access(number)).replace('"', '""')).encode()


def test_a_csv_row_of_another_width_that_is_no_utf8_is_counted(taken: Taken) -> None:
    taken.put("a.csv", _csv(_cell(1), b"50,a\xcb,MailItemsAccessed\r\n", _cell(2))).ingest()
    (row,) = taken.rows("inputs")
    assert (row["rows"], row["records"], row["rejected"]) == (3, 2, 1)
    (reject,) = taken.rows("rejects")
    assert (reject["row"], reject["reason"], reject["mail_operation"]) == (2, "3 columns instead of 2", True)
    assert {r["row"] for r in taken.rows("records")} == {1, 3}


def test_both_csv_readers_refuse_a_row_of_another_width(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    from brokenseal.sources import lines

    wide = b'50,"{}",more\r\n'
    fast = taken.put("a.csv", _csv(_cell(1), wide)).ingest().rows("rejects")
    monkeypatch.setattr(lines, "csv_records", lines.csv_slow)
    slow = taken.put("a.csv", _csv(_cell(1), wide, _cell(2))).ingest().rows("rejects")
    assert [(r["row"], r["reason"]) for r in fast] == [(2, "3 columns instead of 2")]
    assert len(slow) == 2 and {r["reason"] for r in slow} == {"3 columns instead of 2"}
