"""The command line as a person meets it."""

from __future__ import annotations

import subprocess
import sys

import brokenseal


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "brokenseal.cli", *words], capture_output=True, text=True, timeout=120)


def test_version_is_the_package_version() -> None:
    assert run("--version").stdout.strip() == brokenseal.__version__


def test_wrong_usage_exits_64_with_one_line() -> None:
    done = run("no-such-verb")
    assert done.returncode == 64
    assert len(done.stderr.strip().splitlines()) == 1


def test_help_loads_no_engine() -> None:
    heavy = ("ibis", "duckdb", "pyspark", "pyarrow", "rustworkx")
    code = f"import sys, brokenseal.cli as c; c.build(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_public_names_are_sorted_and_exist() -> None:
    assert brokenseal.__all__ == sorted(brokenseal.__all__)
    assert all(hasattr(brokenseal, name) for name in brokenseal.__all__)
