"""The demo's story from files to answer: the intruder found whole, and the same bytes whatever the way taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brokenseal import pipeline, report, sources
from brokenseal.drill.world import build
from brokenseal.lake import Lake
from tests.conftest import need_spark

Answer = dict[str, Any]
CALL = report.Call("duckdb", ("brokenseal",), datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's own world."""
    out = tmp_path_factory.mktemp("world")
    build(out, seed=1)
    return out


@pytest.fixture(scope="module")
def files(world: Path) -> list[Path]:
    return sorted(p for p in (world / "logs").rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def truth(world: Path) -> Answer:
    return dict(json.loads((world / "truth.json").read_text()))


def investigate(paths: Sequence[Path], out: Path, *, threads: int = 2, engine: str = "duckdb") -> bytes:
    """In one go; returns answer.json."""
    with Lake.open(out / "lake", write=True, create=True, threads=threads, engine=engine) as lake:
        sources.ingest(lake, paths, threads=threads)
        pipeline.analyse(lake, pipeline.Options())
        report.write(lake, out, CALL, pipeline.described())
    return (out / report.ANSWER).read_bytes()


@pytest.fixture(scope="module")
def told(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return investigate(files, tmp_path_factory.mktemp("answer"))


@pytest.fixture(scope="module")
def answer(told: bytes) -> Answer:
    return dict(json.loads(told))


def test_one_case_holds_every_mailbox_message_and_the_first_access(answer: Answer, truth: Answer) -> None:
    assert answer["verdict"] == "intrusion" and answer["exit"] == 3
    loud = [c for c in answer["cases"] if c["severity"] in ("high", "critical")]
    assert len(loud) == 1
    found = {m["mailbox"]: m for m in loud[0]["mailboxes"]}
    assert set(found) == set(truth["robbed"])
    for mailbox, robbed in truth["robbed"].items():
        listed = {m["message_id"] for m in found[mailbox]["messages"]}
        assert listed == set(robbed["message_ids"])
        assert found[mailbox]["first_access"][:16] == robbed["first_access"][:16]
    assert loud[0]["first_access"][:16] == truth["first_access"][:16]


def test_answer_keeps_its_contract(answer: Answer) -> None:
    report.validate(answer)
    for row in answer["inputs"]:
        assert row["rows"] == row["records"] + row["duplicates"] + row["rejected"]["count"], row["path"]


def test_without_sign_in_logs_every_mailbox_is_in_a_case_or_a_lead(
    files: list[Path], truth: Answer, tmp_path: Path
) -> None:
    without = [p for p in files if "signins" not in p.parts]
    assert without
    answer = json.loads(investigate(without, tmp_path))
    named = {m["mailbox"] for c in answer["cases"] for m in c["mailboxes"]} | {a["mailbox"] for a in answer["leads"]}
    assert set(truth["robbed"]) <= named
    assert {"no-issuance-log"} <= {g["kind"] for g in answer["gaps"]}


def test_same_bytes_with_files_in_another_order_and_one_thread(told: bytes, files: list[Path], tmp_path: Path) -> None:
    assert investigate(list(reversed(files)), tmp_path, threads=1) == told


def test_that_it_is_a_drill_is_said_and_changes_nothing_else(answer: Answer, files: list[Path], tmp_path: Path) -> None:
    """Whoever calls real logs a drill hides nothing by it."""
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        sources.ingest(lake, files)
        pipeline.analyse(lake, pipeline.Options(drill=True))
        drilled = report.answer(lake, pipeline.described())
    assert drilled["drill"] is True and answer["drill"] is False
    drilled |= {"drill": False, "tool": {**drilled["tool"], "options": answer["tool"]["options"]}}
    assert report.dump(drilled) == report.dump(answer)


def test_same_bytes_step_by_step(told: bytes, files: list[Path], tmp_path: Path) -> None:
    half = len(files) // 2
    for part in (files[half:], files[:half]):
        with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
            sources.ingest(lake, part)
    with Lake.open(tmp_path / "lake", write=True) as lake:
        pipeline.analyse(lake, pipeline.Options())
    with Lake.open(tmp_path / "lake") as lake:
        report.write(lake, tmp_path, CALL, pipeline.described())
    assert (tmp_path / report.ANSWER).read_bytes() == told


def test_same_but_for_inputs_when_files_are_merged(answer: Answer, files: list[Path], tmp_path: Path) -> None:
    lines = [p for p in files if p.suffix in (".json", ".jsonl") and "signins" not in p.parts]
    lines = [p for p in lines if p.read_bytes()[:1] == b"{"]
    assert len(lines) > 1
    merged = tmp_path / "merged.jsonl"
    merged.write_bytes(b"".join(p.read_bytes() for p in lines))
    whole = json.loads(investigate([merged, *(p for p in files if p not in lines)], tmp_path / "out"))
    assert {k: v for k, v in whole.items() if k != "inputs"} == {k: v for k, v in answer.items() if k != "inputs"}


@pytest.mark.spark
def test_same_bytes_on_spark(tmp_path: Path) -> None:
    need_spark()
    build(tmp_path / "world", tenants=2, mailboxes=10, days=20, seed=5)
    logs = [tmp_path / "world" / "logs"]
    told = investigate(logs, tmp_path / "duckdb")
    assert json.loads(told)["cases"]
    assert investigate(logs, tmp_path / "spark", engine="spark") == told


def test_page_holds_no_script_and_forbids_all(answer: Answer) -> None:
    page = report.html(answer, pipeline.described())
    assert "<script" not in page.lower()
    assert "default-src 'none'" in page
