"""`brokenseal ingest` as people call it, with small batches, that may kill itself: `python -m tests.lake.ingesting ...`.

STEP=n: the process group dies by SIGKILL just before the n-th step that the main process takes on the lake's files or
with its ledger; without it, the number of the step at which merging began and of the last one are printed at the end.
Workers are processes of their own, as always.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import sqlalchemy as sa

from brokenseal import cli
from brokenseal.lake import compaction
from brokenseal.sources import gather

SMALL = {"FEW_BYTES": 0, "BATCH_BYTES": 60_000}
MERGE_FROM = 3
_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")


def shrink() -> None:
    """Many batches of few bytes, merged at the end."""
    for name, value in SMALL.items():
        setattr(gather, name, value)
    compaction.MOST_SMALL = MERGE_FROM


class Steps:
    """Counts what the main process does to a lake, and dies at one of them."""

    def __init__(self, lake: str, fatal: int | None) -> None:
        self.lake, self.fatal, self.count = lake, fatal, 0
        self.merging: list[int] = []

    def watch(self) -> None:
        """From now on."""
        sys.addaudithook(self._on_disk)
        for moment in ("commit", "begin", "before_cursor_execute"):
            sa.event.listen(sa.Engine, moment, lambda *_: self.step())
        compact = compaction.compact

        def noted(*words: Any, **named: Any) -> None:
            self.merging.append(self.count)
            compact(*words, **named)

        compaction.compact = noted

    def _on_disk(self, event: str, words: tuple[Any, ...]) -> None:
        if event in _EVENTS and isinstance(words[0], str | os.PathLike) and str(words[0]).startswith(self.lake):
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count == self.fatal:
            os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Ingest; the lake's folder is the last word."""
    shrink()
    step = os.environ.get("STEP")
    steps = Steps(sys.argv[-1], int(step) if step else None)
    steps.watch()
    try:
        cli.main()
    finally:
        print(*steps.merging[:1], steps.count)


if __name__ == "__main__":
    main()
