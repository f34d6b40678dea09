"""Work done behind, as soon as what it needs is there, while the next is being prepared.

Why: an expression takes Python tens of milliseconds to build and to compile, and the engine would wait for it hundreds of
times in an analysis; and most statements are too small to keep more than one core busy. How: threads of its own; each work
names what it makes and what it needs, and of those that can begin the earliest goes first, save what somebody waits for.
What fails is raised by whoever next waits, and what has not begun by then is left out. Misses: a failure is told later than
it happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(eq=False)
class _Piece:
    """One piece of work. number: its place among all given; lacks: pieces that it still needs; then: those that need it."""

    number: int
    do: Callable[[], object]
    makes: Collection[str]
    lacks: set[_Piece]
    then: list[_Piece] = field(default_factory=list)
    awaited: bool = False
    done: bool = False

    def hurry(self) -> None:
        """Somebody waits for it, and so for all that it needs."""
        self.awaited = True
        for other in self.lacks:
            other.hurry()


class Behind:
    """Threads in which work is done. One thread alone should give it."""

    def __init__(self, threads: int = 1) -> None:
        self._changed = threading.Condition()
        self._ready: list[_Piece] = []
        self._making: dict[str, _Piece] = {}
        self._given = 0
        self._open = 0
        self._closed = False
        self._failed: Exception | None = None
        names = (f"engine-{n}" for n in range(threads))
        self._threads = [threading.Thread(target=self._serve, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    def later(self, work: Callable[[], object], *, makes: Collection[str] = (), needs: Collection[str] = ()) -> None:
        """Do it, and do not wait. makes: what others may need of it; needs: what was given before and makes this."""
        self._give(work, makes, needs)

    def now(self, work: Callable[[], T], *, needs: Collection[str] = ()) -> T:
        """Do it; what it returns. Raises what it raises, or what failed before it."""
        made: list[T] = []
        piece = self._give(lambda: made.append(work()), (), needs, awaited=True)
        with self._changed:
            self._changed.wait_for(lambda: piece.done)
        self._told()
        return made[0]

    def settle(self) -> None:
        """Wait for all that was given. Raises what failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._open == 0)
        self._told()

    def close(self, stop: Callable[[], object] = lambda: None) -> None:
        """Leave out what has not begun, and wait for what has. stop: breaks that off."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        stop()
        for thread in self._threads:
            thread.join()

    def _give(
        self, work: Callable[[], object], makes: Collection[str], needs: Collection[str], *, awaited: bool = False
    ) -> _Piece:
        with self._changed:
            self._given += 1
            piece = _Piece(self._given, work, makes, {self._making[n] for n in needs if n in self._making})
            self._open += 1
            self._making.update(dict.fromkeys(makes, piece))
            for other in piece.lacks:
                other.then.append(piece)
            if awaited:
                piece.hurry()
            if not piece.lacks:
                self._ready.append(piece)
            self._changed.notify_all()
        return piece

    def _told(self) -> None:
        """Raise what failed, once, when nothing is left that would build upon it."""
        with self._changed:
            if self._failed is not None:
                self._changed.wait_for(lambda: self._open == 0)
                failed, self._failed = self._failed, None
                raise failed

    def _serve(self) -> None:
        while (piece := self._next()) is not None:
            error = None
            try:
                piece.do()
            except Exception as raised:  # noqa: BLE001, since whoever waits next raises it
                error = raised
            self._finish(piece, error)

    def _next(self) -> _Piece | None:
        """The next piece to do; those that come after a failure are left out. None where it was closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._ready or self._closed)
                if self._closed:
                    return None
                piece = min(self._ready, key=lambda p: (not p.awaited, p.number))
                self._ready.remove(piece)
                if self._failed is None:
                    return piece
                self._done(piece)

    def _finish(self, piece: _Piece, error: Exception | None) -> None:
        with self._changed:
            if self._failed is None:
                self._failed = error
            self._done(piece)

    def _done(self, piece: _Piece) -> None:
        piece.done = True
        self._open -= 1
        for name in piece.makes:
            if self._making.get(name) is piece:
                del self._making[name]
        for other in piece.then:
            other.lacks.discard(piece)
            if not other.lacks:
                self._ready.append(other)
        self._changed.notify_all()
