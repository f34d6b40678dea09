"""The demo's world: three organisations of twenty mailboxes, a month, one intruder with forged tokens."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from brokenseal.drill.truth import Truth
from brokenseal.drill.world import build
from brokenseal.errors import UsageError

LOGS, TRUTH, ANSWER = "logs", "truth.json", "answer"


def demo(out: Path, seed: int = 1, report: Callable[[str], None] = lambda _: None) -> Truth:
    """Write the demo's world under `out`; a demo that lies there is replaced, anything else is left alone.

    Raises UsageError where `out` holds something that no demo wrote.
    """
    clear(out)
    return build(out, seed=seed, report=report)


def clear(out: Path) -> None:
    """Remove a world that was written here before, and its answer."""
    if not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and not (out / TRUTH).is_file()):
        raise UsageError(f"{out} holds something else; choose a folder of its own")
    for name in (LOGS, ANSWER):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / TRUTH).unlink(missing_ok=True)
