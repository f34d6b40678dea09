"""One writer at a time: a lock that names its process.

The kernel frees the lock when its process ends, however it ends; what the file says is for people who wait.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from brokenseal.errors import LockError

POLL_SECONDS = 0.1
_HELD: set[tuple[int, int]] = set()
"""Device and inode of each lock that this process holds."""


class WriterLock:
    """Held from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, waiting: Callable[[str], None] | None = None) -> None:
        """Take the lock; while another process holds it, say once who and wait.

        Raises LockError where this very process holds it already: to wait would be for ever.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._wait(handle, waiting)
            os.ftruncate(handle, 0)
            os.pwrite(handle, _myself().encode("utf-8", "replace"), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _HELD.add(_inode(handle))

    def _wait(self, handle: int, waiting: Callable[[str], None] | None) -> None:
        if _inode(handle) in _HELD:
            raise LockError(f"the lake {self._path.parent} is open for writing in this process already")
        said = False
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not said and waiting is not None:
                    waiting(f"waiting for the lake {self._path.parent}: held by {self.holder()}")
                said = True
            time.sleep(POLL_SECONDS)

    def holder(self) -> str:
        """Who holds the lock, as it says itself: process, machine, command, since when."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return "a process that cannot be named"
        return text or "a process that did not name itself yet"

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            _HELD.discard(_inode(self._handle))
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None


def _inode(handle: int) -> tuple[int, int]:
    status = os.fstat(handle)
    return status.st_dev, status.st_ino


def _myself() -> str:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200]
    printable = "".join(c if c.isprintable() else "?" for c in command)
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"pid {os.getpid()} on {socket.gethostname()} ({printable}) since {since}"
