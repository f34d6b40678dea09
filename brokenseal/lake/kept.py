"""Which copy of a record is kept: of the fullest shape, then of the smallest (file, row).

Segments hold each record once a place: a file, a member of an archive, or the part of either that is of another log. Where
a record lies in several, all but one of these are left out of every table; which, depends on the set of files and on no
order. Few records lose, so the losers are what is written down.
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
_PLACE = "coalesce(place, concat_ws('/', file_sha256, member))"
"""A lake of an earlier version has files and members alone."""


def counts(records: Iterable[Path], lost: Path | None) -> str:
    """SQL: file_sha256, and the number of records whose kept copy lies in it.

    Segments of `records` hold one row for each (record, place), and `lost` those that are not kept.
    """
    held = f"select file_sha256, count(*)::bigint as n from {parquet(records)} group by file_sha256"
    if lost is None:
        return held
    gone = f"select split_part(place, '/', 1) as file_sha256, -count(*)::bigint as n from read_parquet({quoted(lost)}) group by 1"
    return f"select file_sha256, sum(n)::bigint as n from ({held} union all {gone}) group by file_sha256"


def losers(sightings: Iterable[Path]) -> str:
    """SQL: record_id, place of each copy that is not kept."""
    # of millions of records few lie in two places: they are found by numbers of fixed size, and only they are looked at
    lacked = "null::varchar as member, null::varchar as place"
    held = f"(select * from {parquet(sightings)} union all by name select {lacked} where false)"
    return f"""with shared as (select hash(record_id) as h from {held}
            group by h having min(hash({_PLACE})) <> max(hash({_PLACE}))),
        copies as (select record_id, {_PLACE} as place, min({_RANK}) as rank
            from {held} where hash(record_id) in (select h from shared)
            group by all),
        kept as (select record_id, arg_min(place, (rank, place)) as kept
            from copies group by record_id having count(*) > 1)
        select record_id, place from copies join kept using (record_id) where place <> kept"""


def without(select: str, lost: Path) -> str:
    """SQL: the rows of `select` without those of copies that are not kept."""
    # a lake of an earlier version has files alone
    held = f"{select} union all by name select null::varchar as place where false"
    whole = f"select * replace (coalesce(place, file_sha256) as place) from ({held})"
    return f"select * from ({whole}) anti join read_parquet({quoted(lost)}) using (record_id, place)"
