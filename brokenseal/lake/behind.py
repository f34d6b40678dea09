"""Work done in order, one piece at a time, while the next is being prepared.

Why: an expression takes Python tens of milliseconds to build and to compile, and the engine would wait for it hundreds of
times in an analysis. How: one thread of its own; what fails there is raised by whoever next waits, and what was to come
after it is left out. Misses: a failure is told later than it happens.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Behind:
    """One thread, in which work is done in the order in which it was given."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._failed: Exception | None = None

    def later(self, work: Callable[[], object]) -> None:
        """Do it after all that was given before, and do not wait."""
        self._thread.submit(self._done, work)

    def now(self, work: Callable[[], T]) -> T:
        """Do it after all that was given before; what it returns. Raises what it raises, or what failed before it."""
        made: list[T] = []
        self._thread.submit(self._done, lambda: made.append(work())).result()
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        return made[0]

    def settle(self) -> None:
        """Wait for all that was given. Raises what failed."""
        self.now(lambda: None)

    def close(self) -> None:
        """Leave out what has not begun, and wait for what has."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _done(self, work: Callable[[], object]) -> None:
        if self._failed is None:
            try:
                work()
            except Exception as error:  # noqa: BLE001, since whoever waits next raises it
                self._failed = error
