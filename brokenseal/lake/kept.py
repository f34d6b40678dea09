"""Which copy of a record is kept: of the fullest shape, then of the smallest (file, row).

Segments hold each record once a place: a file, or a member of an archive. Where a record lies in several, all but one of
these are left out of every table; which, depends on the set of files and on no order. Few records lose, so the losers are
what is written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brokenseal.lake.connect import parquet, quoted

LOSERS = {"record_id": "string", "place": "string"}
FROM_FILES = ("records", "accesses", "items", "issuances", "deliveries")
"""Tables whose segments hold a row set for each (record, place)."""
HIDDEN = {"file_sha256": "string", "row": "int64", "place": "string"}
"""Columns that the segments of these tables hold beyond those of the schema."""
THINNER = {
    "unified-audit-csv": 1,
    "graph-audit": 2,
    "cloud-app-events": 3,
    "cloud-app-stream": 3,
    "office-activity": 4,
    "azure-monitor": 1,
    "log-analytics-signin": 2,
    "entra-portal": 3,
    "defender-signin": 4,
    "log-analytics-graph": 1,
}
"""Shapes that leave more and more out, or tell it less exactly; those not named are whole."""
_RANK = "case shape " + " ".join(f"when '{shape}' then {rank}" for shape, rank in THINNER.items()) + " else 0 end"
_PLACE = "concat_ws('/', file_sha256, member)"


def counts(sightings: Iterable[Path]) -> str:
    """SQL: file_sha256, and the number of records whose kept copy lies in it."""
    return f"""select file_sha256, count(*) as records
        from (select arg_min(file_sha256, ({_RANK}, {_PLACE})) as file_sha256
            from {parquet(sightings)} group by record_id)
        group by file_sha256"""


def losers(sightings: Iterable[Path]) -> str:
    """SQL: record_id, place of each copy that is not kept."""
    return f"""with copies as (select record_id, {_PLACE} as place, min({_RANK}) as rank
            from {parquet(sightings)} group by record_id, file_sha256, member),
        shared as (select record_id, arg_min(place, (rank, place)) as kept
            from copies group by record_id having count(*) > 1)
        select record_id, place from copies join shared using (record_id) where place <> kept"""


def without(select: str, lost: Path) -> str:
    """SQL: the rows of `select` without those of copies that are not kept."""
    return f"select * from ({select}) anti join read_parquet({quoted(lost)}) using (record_id, place)"
