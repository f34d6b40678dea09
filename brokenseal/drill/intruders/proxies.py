"""Forged tokens through residential proxies: a new address each visit."""

from __future__ import annotations

from random import Random

from brokenseal.drill.clients import Client
from brokenseal.drill.life import Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot
from brokenseal.drill.ways import Forger, browser

NAME = "proxies"
STORY = """As the forger of summer 2023, but he rents a service that leads through the connections of strangers' homes, a
new one each visit, mostly in the victim's country; and his browser string is an ordinary one of a version some months
old. No address comes twice, so none joins his visits. Sources: reports of several providers on residential proxy
services used against cloud mail, 2023 and later; the provider's analysis of July 2023 for the tokens."""
AVOIDS = ("odd token ids and times", "haste", "foreign clients", "shared addresses")
AT_HOME = 0.8


class Intruder(Forger):
    """One campaign over all organisations of a world."""

    name = NAME
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36"

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """A stranger's home."""
        country = life.organisation.country if rng.random() < AT_HOME else rng.choice(self.earth.countries)
        network = rng.choice(country.homes)
        return network.spot(f"{network.block(rng)}.{rng.randrange(2, 254)}")

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """The same browser always."""
        return browser(self.agent)
