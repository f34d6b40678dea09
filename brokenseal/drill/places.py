"""Networks and the places people connect from.

Every network is invented: its address blocks are drawn from the seed and its number from the private range. Addresses
of the provider's own services are those that its documentation and public logs show.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from brokenseal.drill import chance

COUNTRIES = ("XA", "XB", "XC", "XD")
CITIES = {"XA": "Nordhavn", "XB": "Altabrook", "XC": "Santerra", "XD": "Velinograd"}
PRIVATE_ASN = 4_200_000_000
# first bytes of the invented blocks; none in which the provider's own services live
FIRST_BYTES = (*range(61, 98), *range(109, 126), *range(176, 190), *range(193, 198), *range(210, 223))


VPN_EXITS = 12


class Spot(NamedTuple):
    """Where somebody connects from: the address, and what the provider's log says about it."""

    ip: str
    asn: int
    country: str


@dataclass(frozen=True)
class Network:
    """One network: its number, its country, its /16 blocks (`a.b`) and its /32 of version 6 (documentation space)."""

    asn: int
    country: str
    blocks: tuple[str, ...]
    six: str

    def block(self, rng: Random) -> str:
        """A /24 of this network, as `a.b.c`."""
        return f"{rng.choice(self.blocks)}.{rng.randrange(256)}"

    def spot(self, ip: str) -> Spot:
        """An address of this network."""
        return Spot(ip, self.asn, self.country)


@dataclass(frozen=True)
class Country:
    """The networks of a country: homes, mobile carriers with the few addresses that all share, offices, hotels."""

    name: str
    homes: tuple[Network, ...]
    carriers: tuple[Network, ...]
    pools: tuple[tuple[Spot, ...], ...]
    business: Network
    hotels: tuple[Spot, ...]


@dataclass(frozen=True)
class Earth:
    """All countries, the hosting networks that nobody's staff use, the exits of a VPN service that some of them do, and
    the networks of firms through whose gateways whole organisations leave."""

    countries: tuple[Country, ...]
    hosting: tuple[Network, ...]
    vpn: tuple[Spot, ...]
    gateways: tuple[Network, ...]


def earth(seed: int) -> Earth:
    """The invented networks of a seed; the same for all organisations of a world."""
    rng = chance.stream(seed, "networks")
    pairs = [f"{a}.{b}" for a in FIRST_BYTES for b in range(256)]
    blocks = iter(rng.sample(pairs, 400))
    number = iter(range(1, 400))

    def network(country: str, size: int) -> Network:
        nth = next(number)
        return Network(PRIVATE_ASN + nth, country, tuple(next(blocks) for _ in range(size)), f"3fff:{nth:x}")

    def country(name: str) -> Country:
        carriers = tuple(network(name, 1) for _ in range(2))
        pools = tuple(_pool(rng, carrier) for carrier in carriers)
        lodging = network(name, 2)
        hotels = tuple(lodging.spot(f"{lodging.block(rng)}.{rng.randrange(2, 254)}") for _ in range(24))
        return Country(name, tuple(network(name, 3) for _ in range(3)), carriers, pools, network(name, 1), hotels)

    countries = tuple(country(name) for name in COUNTRIES)
    hosting = tuple(network(rng.choice(COUNTRIES), 1) for _ in range(5))
    service = network(rng.choice(COUNTRIES), 1)
    block = service.block(rng)
    exits = tuple(service.spot(f"{block}.{n}") for n in rng.sample(range(2, 254), VPN_EXITS))
    return Earth(countries, hosting, exits, tuple(network(rng.choice(COUNTRIES), 1) for _ in range(3)))


def _pool(rng: Random, carrier: Network) -> tuple[Spot, ...]:
    """The few addresses behind which all customers of a mobile carrier appear."""
    both = (carrier.block(rng), carrier.block(rng))
    return tuple(carrier.spot(f"{rng.choice(both)}.{last}") for last in rng.sample(range(2, 254), 48))


class Home:
    """A home: one block, whose address changes when the lease ends; some have version 6, with a new ending each day."""

    def __init__(self, rng: Random, network: Network) -> None:
        self.network = network
        self.block = network.block(rng)
        self.lease_days = rng.choice((1, 3, 7, 14, 60))
        self.six = f"{network.six}:{rng.randrange(1, 65536):x}:{rng.randrange(256):x}" if rng.random() < 0.25 else ""
        self.offset = rng.randrange(1000)

    def spot(self, day: int) -> Spot:
        """The address on a day."""
        if self.six:
            ending = Random(f"{self.six}/{day}").getrandbits(64)
            parts = ":".join(f"{ending >> shift & 0xFFFF:x}" for shift in (48, 32, 16, 0))
            return self.network.spot(f"{self.six}:{parts}")
        lease = (day + self.offset) // self.lease_days
        return self.network.spot(f"{self.block}.{Random(f'{self.block}/{lease}').randrange(2, 254)}")


def background(rng: Random) -> str:
    """An address of the provider's background readers."""
    if rng.random() < 0.9:
        return (
            f"2603:10a6:{rng.choice(('800', '208', '20b', '10'))}:{rng.randrange(16, 512):x}::{rng.randrange(1, 64):x}"
        )
    return f"20.54.{rng.randrange(32)}.{rng.randrange(1, 255)}"


def front_end(rng: Random) -> str:
    """An address of the provider's front end, behind which calls through its API appear."""
    return rng.choice(("20.190.160.", "40.126.32.")) + str(rng.randrange(1, 160))
