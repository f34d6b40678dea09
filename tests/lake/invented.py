"""Small files taken into a lake, without any reader of logs: each record has an access and two items."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from brokenseal import schema
from brokenseal.lake import FileTaken, Lake, Segment
from brokenseal.lake.intake import Intake
from brokenseal.lake.ledger import Ledger

DAY = datetime(2024, 5, 1)
TENANT = "11111111-0000-0000-0000-000000000001"
HIDDEN = {"file_sha256": pa.string(), "row": pa.int64(), "place": pa.string()}


def sha(name: str) -> str:
    """The hash of an invented file."""
    return hashlib.sha256(name.encode()).hexdigest()


def rows(name: str, ids: Sequence[int], shape: str = "unified-audit") -> dict[str, list[dict[str, object]]]:
    """The rows of each table of one file."""
    out: dict[str, list[dict[str, object]]] = {"records": [], "sightings": [], "accesses": [], "items": []}
    for row, n in enumerate(ids, start=1):
        key = {"record_id": f"record-{n:05}", "file_sha256": sha(name), "row": row, "place": sha(name)}
        mail = {"tenant_id": TENANT, "time": DAY + timedelta(hours=n), "mailbox": f"box-{n % 3}@alpha.example"}
        out["sightings"].append({**key, "shape": shape, "content": f"{n:x}"})
        out["records"].append({**key, **mail, "source": "unified-audit", "shape": shape, "raw": f'{{"in": "{name}"}}'})
        out["accesses"].append({**key, **mail, "access": "bind", "item_count": 2, "throttled": n % 2 == 0})
        out["items"] += [{**key, **mail, "message_id": f"<{n}-{i}@alpha.example>"} for i in range(2)]
    return out


def arrow(table: str, data: list[dict[str, object]]) -> pa.Table:
    """Rows with the types of schema.py, and the columns that segments hold beside them."""
    fields = schema.TABLES[table].arrow()
    for column, kind in HIDDEN.items():
        if column not in fields.names:
            fields = fields.append(pa.field(column, kind))
    return pa.Table.from_pylist(data, schema=fields)


def laid_aside(way: Intake, name: str, ids: Sequence[int], shape: str = "unified-audit") -> FileTaken:
    """The segments of one invented file, written and not yet published."""
    segments = []
    for table, data in rows(name, ids, shape).items():
        file = way.aside / f"{sha(name)[:8]}-{table}.parquet"
        pq.write_table(arrow(table, data), file)
        segments.append(Segment(table, str(file), len(data)))
    return FileTaken(sha(name), name, shape, "json-lines", 1000, len(ids), 0, None, tuple(segments))


def take(lake: Lake, name: str, ids: Sequence[int], shape: str = "unified-audit") -> bool:
    """Take one invented file in."""
    way = lake.intake()
    return way.publish(laid_aside(way, name, ids, shape))


def made(path: Path, files: dict[str, Sequence[int]], engine: str = "duckdb") -> Lake:
    """A lake opened for writing that holds these files."""
    lake = Lake.open(path, write=True, create=True, engine=engine)
    for name, ids in files.items():
        take(lake, name, ids)
    return lake


def content(path: Path) -> list[dict[str, object]]:
    """What a person sees in a lake, whatever the files are called."""
    with Lake.open(path) as lake:
        return lake.query(
            "select r.record_id, r.raw, r.file_sha256, count(i.message_id) as items from records r "
            "join accesses a using (record_id) join items i using (record_id) group by all order by all"
        ).to_pylist()


def strangers(path: Path) -> list[str]:
    """Files in a lake that its ledger does not know."""
    ledger = Ledger.at(path)
    known, folders = ledger.files() | {"ledger.db", "ledger.db.sha256", "lock"}, ledger.folders()
    ledger.close()
    names = (str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())
    return sorted(n for n in names if n not in known and str(Path(n).parent) not in folders)
