"""Many files: each once, the same tables however they are grouped, and what is wrong said in a line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from brokenseal import sources
from brokenseal.errors import UsageError
from brokenseal.lake import Lake, compaction
from brokenseal.sources import gather, lines
from tests.sources.conftest import Row, Taken, access, signin, sync

TABLES = ("records", "accesses", "items", "issuances")


def told(taken: Taken) -> dict[str, list[Row]]:
    """What the tables say, but for the file a record was kept from, and its spaces there."""
    places = ("file_sha256", "row", "shape", "raw")
    out = {t: [{k: v for k, v in r.items() if k not in places} for r in taken.rows(t)] for t in TABLES}
    return {t: sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str)) for t, rows in out.items()}


ROWS = [*(access(n) for n in range(40)), *(sync(n) for n in range(40, 60)), *(access(n) for n in range(0, 40, 3))]

ACCESSES = json.dumps([access(n) for n in range(9)]).encode()


def _three(tmp_path: Path) -> list[Taken]:
    made = []
    for name in ("whole", "parts", "mixed"):
        (tmp_path / name).mkdir()
        made.append(Taken(tmp_path / name))
    made[0].put("a", ROWS).put("s", [signin(n) for n in range(20)])
    for n in range(0, len(ROWS), 7):
        made[1].put(f"{n}.json", ROWS[n : n + 7])
    made[1].put("s", json.dumps({"value": [signin(n) for n in range(20)]}).encode())
    made[2].put("b.gz", gzip.compress(json.dumps(ROWS[30:]).encode())).put(
        "a", json.dumps(ROWS[:50], indent=1).encode()
    )
    made[2].put("s1", [signin(n) for n in range(12)]).put("s2", [signin(n) for n in range(8, 20)])
    return made


def test_split_or_merged_the_tables_are_the_same(tmp_path: Path) -> None:
    answers = [told(t.ingest()) for t in _three(tmp_path)]
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]["records"]) == 80


@pytest.mark.parametrize("block", [900, 5_000])
def test_blocks_of_a_big_file_share_their_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    for name in ("small", "big"):
        (tmp_path / name).mkdir()
    whole = told(Taken(tmp_path / "small").put("a", ROWS).ingest())
    monkeypatch.setattr(lines, "BLOCK", block)
    monkeypatch.setattr(lines, "READ", 512)
    # the blocks are to be seen as they were written
    monkeypatch.setattr(compaction, "MOST_SMALL", 10_000)
    big = Taken(tmp_path / "big").put("a", ROWS).ingest()
    assert told(big) == whole
    (row,) = big.rows("inputs")
    assert (row["rows"], row["records"], row["duplicates"]) == (len(ROWS), 60, len(ROWS) - 60)
    assert {r["row"] for r in big.rows("records")} == set(range(1, 61))
    with Lake.open(big.lake) as lake:
        assert len(lake.segments("records")) > 3


def test_processes_and_one_process_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, many, _ = _three(tmp_path)
    first = told(one.ingest(threads=1))
    monkeypatch.setattr(gather, "FEW_BYTES", 0)
    monkeypatch.setattr(gather, "BATCH_BYTES", 4_000)
    assert told(many.ingest(threads=2)) == first


@pytest.mark.parametrize(
    ("data", "weight"),
    [
        (gzip.compress(bytes(5_000)), 15 * len(gzip.compress(bytes(5_000)))),
        (gzip.compress(ACCESSES), len(ACCESSES)),
        (gzip.compress(ACCESSES) + gzip.compress(b""), len(gzip.compress(ACCESSES) + gzip.compress(b""))),
        (b"\x1f\x8b", 30),
        (ACCESSES, len(ACCESSES)),
    ],
    ids=["much for its size", "one member", "two members", "cut short", "plain"],
)
def test_what_a_file_weighs(tmp_path: Path, data: bytes, weight: int) -> None:
    (tmp_path / "a").write_bytes(data)
    assert gather._hash(gather.Named(tmp_path / "a", "a"))[2] == weight


def test_what_a_big_file_says_of_its_size_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = gzip.compress(ACCESSES)[:-4] + bytes(4)
    monkeypatch.setattr(gather, "BIG_BYTES", 15 * len(data))
    (tmp_path / "a").write_bytes(data)
    assert gather._hash(gather.Named(tmp_path / "a", "a"))[2] == 15 * len(data)


def test_the_same_bytes_are_taken_once(taken: Taken) -> None:
    taken.put("a", [access(1)]).put("copy of a", [access(1)]).ingest()
    assert (taken.summary.files, taken.summary.skipped) == (1, 1)
    before = taken.rows("inputs")
    taken.ingest()
    assert (taken.summary.files, taken.summary.skipped) == (0, 2)
    assert taken.rows("inputs") == before and before[0]["path"] == "a"


def test_a_lake_is_no_log(taken: Taken) -> None:
    taken.put("a", [access(1)])
    taken.ingest()
    assert taken.ingest(taken.logs.parent).summary.skipped == 1
    assert len(taken.rows("inputs")) == 1


def test_paths_that_are_not_there(taken: Taken) -> None:
    with pytest.raises(UsageError, match="no such file"):
        taken.ingest(taken.logs / "nowhere")


@pytest.mark.parametrize("tenant", ["", "x'; drop table typed; --", "a b"])
def test_a_tenant_is_an_id(taken: Taken, tenant: str) -> None:
    with pytest.raises(UsageError, match="--tenant"):
        taken.put("a", [access(1)]).ingest(tenant=tenant)


def test_nothing_to_read_is_said(taken: Taken) -> None:
    assert taken.ingest().summary.problems == [f"{taken.logs}: no file in it"]


def test_a_file_that_changes_is_not_taken(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    taken.put("a", [access(1)]).put("b", [access(2)])
    hashed = gather._hash

    def hash_then_change(named: Any) -> Any:
        found = hashed(named)
        if named.shown == "a":
            taken.put("a", [access(1), access(3)])
        return found

    monkeypatch.setattr(gather, "_hash", hash_then_change)
    taken.ingest()
    assert taken.summary.problems == ["a: changed while it was being read"]
    assert [r["path"] for r in taken.rows("inputs")] == ["b"]


def test_names_that_are_no_names(taken: Taken) -> None:
    taken.put("it's a \u202e log\n.json", [access(1)]).put("b'", [access(2)]).ingest()
    assert len(taken.rows("accesses")) == 2


def test_a_file_with_a_broken_one_beside_it(taken: Taken) -> None:
    rows = b"".join(json.dumps(access(n)).encode() + b"\n" for n in range(3))
    taken.put("good", rows).put("half", rows[:-30]).put("cut.gz", gzip.compress(rows * 30, 1)[:-20]).ingest()
    told_of = {r["path"]: (r["records"] + r["duplicates"], r["rejected"]) for r in taken.rows("inputs")}
    assert told_of["good"] == (3, 0) and told_of["half"] == (2, 1)
    assert told_of["cut.gz"][1] == 1 and told_of["cut.gz"][0] > 0
    reasons = {(r["row"], r["reason"], r["mail_operation"]) for r in taken.rows("rejects")}
    assert (3, "broken JSON", True) in reasons
    assert any("cut.gz: the compressed data ends too early" in p for p in taken.summary.problems)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([access(1), access(2, UserId="MARK")]).replace("MARK", "\\ud800").encode(),
        json.dumps([access(1), access(2, UserId="MARK")]).encode().replace(b"MARK", b"a\xff"),
        json.dumps([access(1), access(2)]).encode()[:-1] + b', {"Operation": "MailItemsAccessed", broken]',
        json.dumps([access(1), access(2)]).encode()[:-1] + b', {"Operation": "MailItemsAccessed", "x": "',
        json.dumps([access(1), access(2, Deep=0)])
        .encode()
        .replace(b'"Deep": 0', b'"Deep": ' + b"[" * 3000 + b"]" * 3000),
    ],
)
def test_nothing_in_an_array_hides_its_other_elements(taken: Taken, data: bytes) -> None:
    taken.put("a", data).ingest()
    assert len(taken.rows("accesses")) == 2
    assert all(r["mail_operation"] for r in taken.rows("rejects"))


def test_a_csv_that_the_fast_reader_gives_up_on(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CSV_BLOCK", 4_096)
    rows = [json.dumps(access(n, Pad="y" * (9_000 if n == 3 else 9))).replace('"', '""') for n in range(6)]
    body = '"A","AuditData"\n' + "".join(f'"x","{r}"\n' for r in rows)
    taken.put("a.csv", body.encode()).put("b.csv", b'"A","AuditData"\n"x",""\n').ingest()
    assert len(taken.rows("accesses")) == 6
    assert [r["reason"] for r in taken.rows("rejects")] == ["empty"]


def test_derived_tables_are_made_again_from_the_records(taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    nameless = access(9)
    del nameless["Id"], nameless["OrganizationId"]
    odd = json.dumps(access(5, UserId="MARK")).encode().replace(b"MARK", b"a\\ud800b") + b"\n"
    taken.put("a", [*ROWS, nameless]).put("odd", odd).put("s", [signin(n) for n in range(20)])
    taken.ingest(tenant="99999999-0000-4000-8000-000000000000")
    before = {t: taken.rows(t) for t in TABLES}
    with Lake.open(taken.lake, write=True, memory="1GB", threads=2) as lake:
        old = {s.file for t in TABLES[1:] for s in lake.segments(t)}
        sources.rederive(lake)
        assert not old & {s.file for t in TABLES[1:] for s in lake.segments(t)} and not lake.stale()
    assert {t: taken.rows(t) for t in TABLES} == before
