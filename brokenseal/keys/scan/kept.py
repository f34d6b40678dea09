"""A scan and the lake: what `keys watch` saw is known to be trusted, and what a scan found is kept there."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from brokenseal import schema
from brokenseal.keys import public
from brokenseal.keys.scan.known import Known
from brokenseal.keys.scan.run import Scanned
from brokenseal.lake import Lake


def trusted(lake: Lake, known: Known) -> None:
    """Add every key that `keys watch` ever saw."""
    columns = ("source", "thumbprint", "kid", "jwk")
    rows = lake.fetch(lake.read("trusted_keys").select(*columns).distinct().order_by(list(columns))).to_pylist()
    for row in rows:
        name = f"{row['kid'] or row['thumbprint']} of {row['source']}"
        try:
            known.add(public.from_jwk(json.loads(row["jwk"])), name, row["kid"])
        except (ValueError, TypeError):
            # a key that no library loads is still known by its name
            known.names.setdefault(row["thumbprint"], name)


def keep(lake: Lake, found: Scanned, at: datetime | None = None) -> None:
    """Write the leaks of a scan, in one publication. at: naive UTC, by default now."""
    moment = at or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    rows = [
        {
            **vars(leak),
            "leak_id": leak.leak_id,
            "found_at": moment,
            "file": _utf8(leak.file),
            "member": None if leak.member is None else _utf8(leak.member),
            "detail": json.dumps(leak.detail, sort_keys=True) if leak.detail else None,
        }
        for leak in found.leaks
    ]
    lake.append({"leaks": schema.TABLES["leaks"].filled(rows)})


def _utf8(text: str) -> str:
    """A file's name may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()
