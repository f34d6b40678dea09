"""What a person sees while long work goes on: on a terminal a line that moves, elsewhere nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from brokenseal.lake import Lake
from brokenseal.report.visible import visible


class Progress:
    """A context manager; its words go to standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status: Status | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, words: str) -> None:
        """What is being done now; a wait for somebody else is said even where nobody watches."""
        if self._status is not None:
            self._status.update(escape(visible(words)))
        elif words.startswith("waiting"):
            print(visible(words), file=sys.stderr, flush=True)

    def step(self, words: str, done: int, of: int) -> None:
        """So much of a long work is done."""
        self.say(f"{100 * done // max(of, 1)} % taken in: {words}")

    def opening(self, path: Path, *, memory: str, threads: int | None, engine: str, master: str) -> Lake:
        """A lake opened for writing."""
        return Lake.open(
            path, write=True, memory=memory, threads=threads, engine=engine, master=master, waiting=self.say
        )
