"""Whose an address is, by databases that the user gives: `owners`.

What: autonomous system, owner, country and kind of each address in the lake, and the day the database was made. Why:
sign-ins name the system of few addresses, other logs of none. How: MaxMind's file format, in the spellings of its common
makers; where several databases know an address, the first that tells a thing counts. Misses: owners change, and a
database tells those of its own day; `as_known_on` says which.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from brokenseal.errors import UsageError
from brokenseal.lake import Lake

COLUMNS = pa.schema(
    [
        ("ip", pa.string()),
        ("owner_asn", pa.int64()),
        ("owner", pa.string()),
        ("country", pa.string()),
        ("owner_kind", pa.string()),
        ("as_known_on", pa.timestamp("us")),
    ]
)
_KINDS = {
    "hosting": ("hosting", "dch", "data center/web hosting/transit", "datacenter", "content_delivery_network", "cdn"),
    "mobile": ("cellular", "mob", "mobile", "mobile isp"),
    "isp": ("residential", "isp", "fixed line isp", "cable/dsl", "dialup", "cafe", "traveler"),
}
_HOSTS = (
    "is_hosting_provider",
    "is_anonymous_vpn",
    "is_tor_exit_node",
    "is_public_proxy",
    "hosting",
    "vpn",
    "tor",
    "proxy",
)


def owners(lake: Lake, databases: Sequence[Path] = ()) -> None:
    """Write `owners`: one row an address that a database knows; none where no database is given."""
    rows = []
    with _opened(databases) as readers:
        for ip in _addresses(lake) if readers else ():
            found = _owner(ip, readers)
            if found:
                rows.append({"ip": ip, **found})
    lake.put("owners", pa.Table.from_pylist(rows, schema=COLUMNS))


def digests(databases: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of each database by its name, for the answer. Raises UsageError where it cannot be read."""
    found = {}
    for number, path in enumerate(databases):
        try:
            with path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise UsageError(f"--mmdb {path}: {error.strerror or error}") from error
        found["mmdb" if number == 0 else f"mmdb-{number + 1}"] = digest
    return found


@contextmanager
def _opened(databases: Sequence[Path]) -> Iterator[list[Any]]:
    import maxminddb

    readers: list[Any] = []
    try:
        for path in databases:
            try:
                readers.append(maxminddb.open_database(path))
            except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
                raise UsageError(f"--mmdb {path}: no database in MaxMind's format ({error})") from None
        yield readers
    finally:
        for reader in readers:
            reader.close()


def _addresses(lake: Lake) -> list[str]:
    seen = lake.read("accesses").select("ip").union(lake.read("issuances").select("ip"))
    return sorted(ip for ip in lake.fetch(seen.filter(seen.ip.notnull()).distinct())["ip"].to_pylist())


def _owner(ip: str, readers: Sequence[Any]) -> dict[str, Any] | None:
    told: dict[str, Any] = {}
    for reader in readers:
        try:
            entry = reader.get(ip)
        except ValueError:
            # a database of version 4 alone has no address of version 6
            continue
        if isinstance(entry, Mapping):
            part = {k: v for k, v in _parts(entry).items() if v is not None}
            if part:
                made = datetime.fromtimestamp(reader.metadata().build_epoch, UTC).replace(tzinfo=None)
                told = {**part, "as_known_on": made, **told}
    return told or None


def _parts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What one entry says, in the spellings of MaxMind, DB-IP, IPinfo and IP2Location."""
    traits = entry.get("traits")
    flat = {**(traits if isinstance(traits, Mapping) else {}), **entry}
    number = next((flat[k] for k in ("autonomous_system_number", "asn", "as_number") if flat.get(k)), None)
    written = re.search(r"\d+", str(number)) if number is not None and not isinstance(number, Mapping) else None
    owner = next((flat[k] for k in _OWNERS if isinstance(flat.get(k), str) and flat[k]), None)
    country = flat.get("country_code") or flat.get("country")
    if isinstance(country, Mapping):
        country = country.get("iso_code")
    return {
        "owner_asn": int(written[0]) if written else None,
        "owner": owner,
        "country": country if isinstance(country, str) and len(country) == 2 else None,
        "owner_kind": _kind(flat),
    }


_OWNERS = ("autonomous_system_organization", "as_name", "as_organization", "organization", "isp", "name")


def _kind(flat: Mapping[str, Any]) -> str | None:
    if any(flat.get(k) in (True, "true", "1") for k in _HOSTS):
        return "hosting"
    said = [str(flat[k]).lower() for k in ("user_type", "connection_type", "usage_type", "type") if flat.get(k)]
    return next((kind for kind, words in _KINDS.items() for word in said if word in words), None)
