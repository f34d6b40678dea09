"""The command line as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import brokenseal


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "brokenseal.cli", *words], capture_output=True, text=True, timeout=120)


def test_version_is_the_package_version() -> None:
    assert run("--version").stdout.strip() == brokenseal.__version__


def test_wrong_usage_exits_64_with_one_line() -> None:
    done = run("no-such-verb")
    assert done.returncode == 64
    assert len(done.stderr.strip().splitlines()) == 1


def loaded(code: str, *modules: str) -> str:
    """Which of the modules a fresh process has loaded after this code."""
    code = f"import sys; {code}; print([m for m in {modules} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    return done.stdout.strip() + done.stderr


def test_help_loads_no_engine() -> None:
    assert loaded("import brokenseal.cli as c; c.build()", "ibis", "duckdb", "pyspark", "pyarrow", "rustworkx") == "[]"


def test_a_worker_that_takes_files_in_loads_neither_analysis_nor_database() -> None:
    code = "from brokenseal.sources import gather, log; log.logs()"
    assert loaded(code, "ibis", "sqlalchemy", "rustworkx", "jinja2") == "[]"


def test_a_worker_does_without_pandas(tmp_path: Path) -> None:
    begin = f"g._follow = lambda: None; g._begin_worker('128MB', 1, Path({str(tmp_path)!r}))"
    code = f"from pathlib import Path; from brokenseal.sources import gather as g; {begin}; import pyarrow.dataset"
    assert loaded(code, "pandas") == "[]"


def test_public_names_are_sorted_and_exist() -> None:
    assert brokenseal.__all__ == sorted(brokenseal.__all__)
    assert all(hasattr(brokenseal, name) for name in brokenseal.__all__)
