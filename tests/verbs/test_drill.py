from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brokenseal.cli import build
from brokenseal.drill.demo import clear
from brokenseal.errors import UsageError


def test_world_is_written_and_written_again(tmp_path: Path) -> None:
    out = tmp_path / "w"
    words = [
        "drill",
        "world",
        "--out",
        str(out),
        "--tenants",
        "1",
        "--mailboxes",
        "3",
        "--days",
        "3",
        "--intruder",
        "nobody",
    ]
    for _ in range(2):
        result = CliRunner().invoke(build(), words)
        assert result.exit_code == 0, result.output
        assert "nobody inside" in result.output
    assert (out / "truth.json").is_file() and list((out / "logs" / "audit").rglob("*.json"))


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        clear(tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "mine"


def test_a_small_drill_from_world_to_page(tmp_path: Path) -> None:
    words = ["drill", "sync", "--tenants", "1", "--mailboxes", "5", "--days", "12", "--no-alarm", "--processes", "1"]
    result = CliRunner().invoke(build(), [*words, "--report", str(tmp_path), "--keep", str(tmp_path / "kept")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("drill") and "sync" in result.output
    told = json.loads((tmp_path / "score.json").read_text())
    (drill,), (world,) = told["drills"], told["worlds"]
    assert drill["scenario"] == world["scenario"] == "sync" and world["mailboxes"]["of"] >= 1
    assert world["folders"]["of"] >= 5 and world["budgets"][0]["promised"] == 0.5
    assert {m["mailbox"] for m in world["missed"]} == set(world["mailboxes"]["missed"])
    page = (tmp_path / "score.html").read_text()
    assert "<script" not in page.lower() and "default-src 'none'" in page and page.count("<svg") == 1
    kept = tmp_path / "kept" / "sync" / "seed-1"
    answer = json.loads((kept / "answer.json").read_text())
    assert answer["schema"] == "brokenseal.answer/1" and answer["drill"] is True


def test_the_drills_are_listed() -> None:
    result = CliRunner().invoke(build(), ["drill", "--list"])
    assert result.exit_code == 0
    assert {"forged", "five-mailboxes", "quiet"} <= {line.split()[0] for line in result.output.splitlines()}


def test_an_unknown_drill_is_a_usage_error() -> None:
    result = CliRunner().invoke(build(), ["drill", "nobody-knows"])
    assert isinstance(result.exception, UsageError)


def test_the_demo_from_an_empty_folder_to_both_acts(tmp_path: Path) -> None:
    result = CliRunner().invoke(build(), ["drill", "demo", "--out", str(tmp_path / "demo"), "--threads", "1"])
    assert result.exit_code == 0, result.output
    assert "one intruder (forged) inside" in result.output and "INTRUSION" in result.output
    assert "refused by rule 3" in result.output
    assert (tmp_path / "demo/answer/report.html").is_file()
    assert json.loads((tmp_path / "demo/answer/answer.json").read_text())["drill"] is True
    assert "A drill: every person and organisation here is invented." in result.output
