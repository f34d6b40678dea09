"""`brokenseal report`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brokenseal import report
from tests.verbs.called import call


def test_it_writes_the_answer_and_ends_with_its_code(
    invented_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call(capsys, monkeypatch, "report", "--lake", invented_lake, "--out", tmp_path / "out")
    answer = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    report.validate(answer)
    assert done.code == answer["exit"] == 3
    assert done.out.startswith("INTRUSION")
    assert "T1606.002" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_json_prints_the_answer_and_nothing_else(
    invented_lake: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call(capfdbinary, monkeypatch, "report", "--lake", invented_lake, "--out", tmp_path / "out", "--json")  # type: ignore[arg-type]
    assert done.out == (tmp_path / "out" / "answer.json").read_bytes()


def test_no_lake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call(capsys, monkeypatch, "report", "--lake", tmp_path / "none", "--out", tmp_path / "out")
    assert done.code == 1 and len(done.err.strip().splitlines()) == 1
