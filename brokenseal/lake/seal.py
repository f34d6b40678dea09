"""The ledger's seal: the hash of its file, beside it, as `sha256sum -c` reads it.

What: a writer breaks the seal before it changes anything and sets it when it is done. Why: the chain says whether what
the ledger tells was changed; the seal says so of every byte of its file, even one that tells nothing. How: who finds a
seal that does not fit never sets a new one, so that no later writer hides a change. Misses: where no seal lies a writer is
at work or was killed; the next one seals what it finds.
"""

from __future__ import annotations

import enum
import hashlib
from pathlib import Path

LEDGER = "ledger.db"
SEAL = "ledger.db.sha256"


class Seal(enum.Enum):
    """What a ledger's seal says."""

    WHOLE = enum.auto()
    BROKEN = enum.auto()
    MISSING = enum.auto()


def look(lake: Path) -> Seal:
    """The seal of the ledger in this folder. Raises OSError where the ledger cannot be read."""
    try:
        said = (lake / SEAL).read_bytes()
    except FileNotFoundError:
        return Seal.MISSING
    return Seal.WHOLE if said == _line(lake) else Seal.BROKEN


def lift(lake: Path) -> bool:
    """Before a writer changes anything; returns whether it may set the seal again when it is done."""
    if not (lake / LEDGER).exists() or look(lake) is Seal.BROKEN:
        return not (lake / SEAL).exists()
    (lake / SEAL).unlink(missing_ok=True)
    return True


def press(lake: Path) -> None:
    """The ledger's file is as it should be now."""
    aside = lake / f"{SEAL}.aside"
    aside.write_bytes(_line(lake))
    aside.replace(lake / SEAL)


def _line(lake: Path) -> bytes:
    with (lake / LEDGER).open("rb") as handle:
        return f"{hashlib.file_digest(handle, 'sha256').hexdigest()}  {LEDGER}\n".encode()
