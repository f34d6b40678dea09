"""A lake that the verbs are called on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report import invented


@pytest.fixture(scope="session")
def invented_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return invented.lay(tmp_path_factory.mktemp("verbs"))
