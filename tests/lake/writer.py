"""A process that writes a lake and may be killed at any moment: `python -m tests.lake.writer LAKE`.

Says `open` once it holds the lock and `done` at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from brokenseal.lake import Lake, compaction
from tests.lake import invented

FILES = {f"file {n}": [n, n + 1, 100 + n] for n in range(24)}


MERGE_FROM = 8


def write(path: Path) -> None:
    """Take everything in, merging on the way, and publish a run."""
    with Lake.open(path, write=True, create=True, waiting=lambda text: print(text, flush=True)) as lake:
        print("open", flush=True)
        for number, (name, ids) in enumerate(FILES.items(), start=1):
            invented.take(lake, name, ids)
            if number % 12 == 0:
                lake.compact()
        lake.start_run("x")
        for _ in range(3):
            lake.write("boxes", lake.read("accesses").select("mailbox").distinct())
        lake.publish_run()
    print("done", flush=True)


if __name__ == "__main__":
    compaction.MOST_SMALL = MERGE_FROM
    write(Path(sys.argv[1]))
