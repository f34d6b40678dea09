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
from brokenseal.lake.taken import Segment
from brokenseal.sources import log
from brokenseal.sources.extract import Extraction, at

if TYPE_CHECKING:
    from brokenseal.lake import Lake

ROWS = 50_000
_COLUMNS = ["file_sha256", "member", "row", "raw", "record_id", "tenant_id", "shape", "place"]


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
    file = pq.ParquetFile(path)
    there = [name for name in _COLUMNS if name in file.schema_arrow.names]
    for batch in file.iter_batches(ROWS, columns=there):
        rows = pa.Table.from_batches([batch])
        # segments of an earlier version may lack a column
        for name in (n for n in _COLUMNS if n not in there):
            rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        yield rows


def _again(extraction: Extraction, rows: pa.Table) -> None:
    """The rows of one shape, each place by its number."""
    joined = pc.binary_join_element_wise(rows["file_sha256"], rows["member"], "/", null_handling="skip")
    encoded = pc.dictionary_encode(pc.coalesce(rows["place"], joined)).combine_chunks()
    for text in encoded.dictionary.to_pylist():
        extraction.add(*at(text))
    kept = rows.drop_columns(["file_sha256", "member", "shape", "place"])
    extraction.again(kept.add_column(0, "file", encoded.indices.cast(pa.int32())))
