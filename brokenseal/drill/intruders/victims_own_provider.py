"""Forged tokens from the victim's own provider, with the victim's own browser string."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from brokenseal.drill import chance
from brokenseal.drill.campaign import Habits
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot
from brokenseal.drill.ways import Forger

NAME = "victims_own_provider"
STORY = """The most careful of those who forge tokens: for each victim he rents or breaks a machine with a customer of the
same provider in the same country, copies the victim's browser string from mail headers or a tracking picture, keeps to
the victim's working hours, writes a session of its own into each token, and opens a few messages a visit. The token's
sign-in is all that is missing. Sources: the review board's report of April 2024 (what the victims' own logs could show),
and the provider's and others' reports on intruders who leave through small routers near their victims."""
AVOIDS = (
    "odd token ids and times",
    "haste",
    "foreign networks",
    "foreign clients",
    "shared addresses",
    "shared sessions",
)


class Intruder(Forger):
    """One campaign over all organisations of a world; each victim has a machine of his own."""

    name = NAME
    careless = 0.0
    habits = Habits(bundles=(1, 3), messages=(1, 4), among=40)

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """An address of the victim's provider at home, another one every ten days or so."""
        own = chance.stream(self.seed, self.name, "machine", person.upn, life.today // 10)
        network = person.home.network
        return network.spot(f"{network.block(own)}.{own.randrange(2, 254)}")

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """The victim's browser, in words; its registered device cannot be had."""
        return replace(person.web, device="", managed=False, session="", token=None)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None] | None:
        """One forged token a visit, in a session of its own."""
        self.session = chance.session_id(rng)
        return super().tokens(life, bout, rng)

    def moment(self, life: Life, day: int, rng: Random) -> int:
        """Within the organisation's own working day."""
        return chance.EPOCH + day * chance.DAY + int((rng.triangular(8, 18, 11) - life.organisation.zone) * 3600)
