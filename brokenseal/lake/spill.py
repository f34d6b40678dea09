"""Where one opened lake puts what does not fit into memory; gone when it closes, swept when it was killed.

An engine that is killed leaves its spill behind and never looks for it again. So each folder holds a file that its
owner keeps locked: where the lock can be had, the owner is dead, whatever machine or container it lived in.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
from pathlib import Path

from brokenseal.lake.connect import clear

FOLDER = "spill"
_OWNER = "owner"
_NUMBERS = itertools.count()


class Spill:
    """A folder made when it is first asked for: in the lake, or where temporary files lie if the lake is read-only."""

    def __init__(self, lake: Path) -> None:
        self._lake = lake
        self._folder: Path | None = None
        self._handle: int | None = None

    @property
    def folder(self) -> Path:
        """The folder; raises LakeError where none can be made."""
        if self._folder is None:
            with clear(f"cannot spill beside {self._lake}"):
                self._folder = self._made()
        return self._folder

    def _made(self) -> Path:
        if not os.access(self._lake, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="brokenseal-"))
        while True:
            folder = self._lake / FOLDER / f"{os.getpid()}-{next(_NUMBERS)}-{os.urandom(3).hex()}"
            folder.mkdir(parents=True)
            try:
                handle = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:
                continue  # swept before it had an owner
            fcntl.flock(handle, fcntl.LOCK_EX)
            if (folder / _OWNER).exists():
                self._handle = handle
                return folder
            os.close(handle)

    def close(self) -> None:
        """Remove it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def sweep(lake: Path) -> None:
    """Remove the folders whose owner is dead."""
    for folder in (lake / FOLDER).glob("*"):
        try:
            handle = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
