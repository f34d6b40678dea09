"""Which copy of a record is kept: of the fullest shape, then of the smallest (file, row).

Segments hold each record once a file. Where a record lies in several files, all but one of these are left out of every
table; which, depends on the set of files and on no order. Few records lose, so the losers are what is written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brokenseal.lake.connect import parquet, quoted

LOSERS = {"record_id": "string", "file_sha256": "string"}
FROM_FILES = ("records", "accesses", "items", "issuances")
"""Tables whose segments hold a row set for each (record, file)."""
HIDDEN = {"file_sha256": "string", "row": "int64"}
"""Columns that the segments of these tables hold beyond those of the schema."""
_RANK = "case shape when 'unified-audit-csv' then 1 when 'graph-audit' then 2 else 0 end"


def counts(sightings: Iterable[Path]) -> str:
    """SQL: file_sha256, and the number of records whose kept copy lies in it."""
    return f"""select file_sha256, count(*) as records
        from (select arg_min(file_sha256, ({_RANK}, file_sha256)) as file_sha256
            from {parquet(sightings)} group by record_id)
        group by file_sha256"""


def losers(sightings: Iterable[Path]) -> str:
    """SQL: record_id, file_sha256 of each copy that is not kept."""
    return f"""with copies as (select record_id, file_sha256, min({_RANK}) as rank
            from {parquet(sightings)} group by record_id, file_sha256),
        shared as (select record_id, arg_min(file_sha256, (rank, file_sha256)) as kept
            from copies group by record_id having count(*) > 1)
        select record_id, file_sha256 from copies join shared using (record_id) where file_sha256 <> kept"""


def without(select: str, lost: Path) -> str:
    """SQL: the rows of `select` without those of copies that are not kept."""
    return f"select * from ({select}) anti join read_parquet({quoted(lost)}) using (record_id, file_sha256)"
