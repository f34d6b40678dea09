"""One writer at a time: a lock that names its process.

The kernel frees the lock when its process ends, however it ends; what the file says is for people who wait.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

POLL_SECONDS = 0.1


class WriterLock:
    """Held from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, waiting: Callable[[str], None] | None = None) -> None:
        """Take the lock; while another process holds it, say once who and wait."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        said = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    os.close(handle)
                    raise
            if not said and waiting is not None:
                waiting(f"waiting for the lake {self._path.parent}: held by {self.holder()}")
                said = True
            time.sleep(POLL_SECONDS)
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200]
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"process {os.getpid()} on {socket.gethostname()} since {since}: {command}"
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode("utf-8", "replace"), 0)
        self._handle = handle

    def holder(self) -> str:
        """Who holds the lock, as it says itself."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace") or "a process that did not name itself"
        except OSError:
            return "a process that cannot be named"

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
