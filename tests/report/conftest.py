"""The invented answer, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brokenseal import report
from brokenseal.lake import Lake
from tests.report import invented


@pytest.fixture(scope="session")
def invented_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented.lay(tmp_path_factory.mktemp("invented"))


@pytest.fixture(scope="session")
def answer(invented_lake: Path) -> dict[str, Any]:
    with Lake.open(invented_lake) as lake:
        return report.answer(lake, invented.REASONS)


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answer of the same world without intruder."""
    with Lake.open(invented.lay(tmp_path_factory.mktemp("quiet"), quiet=True)) as lake:
        return report.answer(lake, invented.REASONS)
