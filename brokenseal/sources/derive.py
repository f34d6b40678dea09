"""Tables made again from the records of a lake, after the schema's version has changed.

Only `records` and `sightings` are truth; what they mean may be told better by a later version. Rows keep the id and the
organisation that they were taken in with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from brokenseal.lake.connect import embedded
from brokenseal.lake.ledger import Segment
from brokenseal.sources import log
from brokenseal.sources.extract import Extraction

if TYPE_CHECKING:
    from brokenseal.lake import Lake

ROWS = 50_000
_COLUMNS = ["file_sha256", "member", "row", "raw", "record_id", "tenant_id", "shape"]


def refresh(lake: Lake) -> None:
    """Derived tables of this version: whoever adds to a lake or judges it calls this first. No work where they are.

    The lake must be open for writing.
    """
    if lake.stale():
        rederive(lake)


def rederive(lake: Lake) -> None:
    """Make accesses, items and issuances again from `records.raw`, and publish them in place of the old ones."""
    aside = lake.intake().aside
    db = embedded(memory=lake.memory, threads=lake.threads, spill=aside / "spill")
    made: list[Segment] = []
    try:
        for number, segment in enumerate(lake.segments("records")):
            for part, rows in enumerate(_blocks(lake.path / segment.file)):
                for shape in sorted(pc.unique(rows["shape"]).to_pylist()):
                    folder = aside / f"{number}-{part}-{shape}"
                    folder.mkdir()
                    extraction = Extraction(db, log.named(shape), None, folder, lake.threads)
                    _again(extraction, rows.filter(pc.equal(rows["shape"], shape)))
                    made += extraction.segments
    finally:
        db.close()
    lake.replace(made)


def _blocks(path: Path) -> Iterator[pa.Table]:
    for batch in pq.ParquetFile(path).iter_batches(ROWS, columns=_COLUMNS):
        yield pa.Table.from_batches([batch])


def _again(extraction: Extraction, rows: pa.Table) -> None:
    """The rows of one shape, each file by its number."""
    placed = pc.binary_join_element_wise(rows["file_sha256"], rows["member"], "/", null_handling="skip")
    encoded = pc.dictionary_encode(placed).combine_chunks()
    for text in encoded.dictionary.to_pylist():
        sha, _, member = text.partition("/")
        extraction.add(sha, member or None)
    kept = rows.drop_columns(["file_sha256", "member", "shape"])
    extraction.again(kept.add_column(0, "file", encoded.indices.cast(pa.int32())))
