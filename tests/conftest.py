"""What all tests share: engines, lakes, and the real logs where they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from brokenseal.lake import Lake


def _spark_missing() -> str | None:
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        return "no Java"
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "no pyspark"
    return None


def need_spark() -> None:
    """Skip aloud where Spark cannot run; under CI it must."""
    reason = _spark_missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"Spark must run in CI: {reason}")
    if reason:
        pytest.skip(f"Spark cannot run here: {reason}")


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)], scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    if request.param == "spark":
        need_spark()
    return str(request.param)


@pytest.fixture
def lake(engine: str, tmp_path: Path) -> Iterator[Lake]:
    """An empty lake opened for writing, with a run begun."""
    with Lake.open(tmp_path / "lake", write=True, create=True, engine=engine) as opened:
        opened.start_run("test")
        yield opened


@pytest.fixture(scope="session")
def real_logs() -> Path:
    """The folder of real logs."""
    folder = os.environ.get("BROKENSEAL_REAL_LOGS")
    if not folder:
        pytest.skip("BROKENSEAL_REAL_LOGS names no folder of real logs")
    return Path(folder)
