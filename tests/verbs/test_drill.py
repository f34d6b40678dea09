from __future__ import annotations

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
