"""Which network an address without a named sign-in belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.context import networks, owners
from brokenseal.lake import Lake

PROBE = "198.51.200.9"
PROBE_6 = {"ip": "2001:db8:9::1", "prefix": "2001:db8:9::/48", "wide": "2001:db8::/32"}
Row = dict[str, Any]


def _place(ip: str, **columns: Any) -> Row:
    parts = ip.split(".")
    wide = {"prefix": ".".join(parts[:3]) + ".0/24", "wide": ".".join(parts[:2]) + ".0.0/16"}
    return {"ip": ip, **wide, "ip_is": "caller", **columns}


def _named(asns: list[int], apart: bool = True) -> list[Row]:
    """Sign-ins that name an autonomous system each, in a /24 each or all in one."""
    return [_place(f"198.51.{n if apart else 0}.{n + 1}", asn=asn) for n, asn in enumerate(asns)]


def _net(path: Path, signins: list[Row], probe: Row, owned: tuple[Row, ...] = ()) -> str:
    """The network of an address that no sign-in names."""
    given = [{"ip_is": "caller", **probe, "record_id": "probe"}]
    with Lake.open(path / "lake", write=True, create=True) as lake:
        lake.start_run("networks")
        for name, rows in (("accesses", given), ("issuances", signins)):
            lake.put(name, pa.Table.from_pylist(rows, schema=schema.TABLES[name].arrow()))
        lake.put("owners", pa.Table.from_pylist(list(owned), schema=owners.COLUMNS))
        networks.networks(lake)
        rows = lake.fetch(lake.read("networks")).to_pylist()
    (found,) = [r["net"] for r in rows if r["ip"] == probe["ip"]]
    return str(found)


@pytest.mark.parametrize(
    ("signins", "net"),
    [
        (_named([64501] * networks.ENOUGH), "as64501"),
        (_named([64501] * (networks.ENOUGH - 1)), "198.51.0.0/16"),
        (_named([64501] * networks.ENOUGH, apart=False), "198.51.0.0/16"),
        (_named([64501] * networks.ENOUGH + [64502]), "198.51.0.0/16"),
        ([*_named([64501] * networks.ENOUGH), _place("198.51.200.1", asn=64502)], "as64502"),
        ([], "198.51.0.0/16"),
    ],
    ids=["four name one", "three", "four addresses of one /24", "two named", "its own /24 named", "none"],
)
def test_a_wide_network_is_one_where_enough_parts_of_it_name_one(tmp_path: Path, signins: list[Row], net: str) -> None:
    assert _net(tmp_path, signins, _place(PROBE)) == net


@pytest.mark.parametrize(("asns", "net"), [([64501], "as64501"), ([64501, 64502], "2001:db8::/32")])
def test_of_version_6_one_named_part_is_enough(tmp_path: Path, asns: list[int], net: str) -> None:
    signins = [
        {**PROBE_6, "ip": f"2001:db8:{n}::1", "prefix": f"2001:db8:{n}::/48", "ip_is": "caller", "asn": asn}
        for n, asn in enumerate(asns)
    ]
    assert _net(tmp_path, signins, PROBE_6) == net


def test_a_database_goes_before_the_wide_network(tmp_path: Path) -> None:
    owned = ({"ip": PROBE, "owner_asn": 64503},)
    assert _net(tmp_path, _named([64501] * networks.ENOUGH), _place(PROBE), owned) == "as64503"
