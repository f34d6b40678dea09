"""What killed writers left behind, and what was retired long enough ago. Only under the lock."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from brokenseal.lake import runs, spill
from brokenseal.lake.intake import ASIDE, SEGMENTS
from brokenseal.lake.ledger import Ledger

KEEP_SECONDS = 3600
"""A reader may still hold a list of segments that were retired less than this ago."""


def sweep(lake: Path, ledger: Ledger) -> None:
    """Remove every file that no row knows, once the rows of what was retired an hour ago are gone."""
    shutil.rmtree(lake / ASIDE, ignore_errors=True)
    ledger.forget(time.time() - KEEP_SECONDS)
    known = ledger.files()
    for path in (lake / SEGMENTS).glob("*/*"):
        if str(path.relative_to(lake)) not in known:
            path.unlink(missing_ok=True)
    folders = ledger.folders()
    for folder in (lake / runs.FOLDER).glob("*"):
        if str(folder.relative_to(lake)) not in folders:
            shutil.rmtree(folder, ignore_errors=True)
    spill.sweep(lake)
