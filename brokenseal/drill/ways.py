"""Ways in that several intruders share: forged tokens, stolen sessions; and the machines they come from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from brokenseal.drill import chance, clients
from brokenseal.drill.campaign import Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Earth, Spot


def machines(rng: Random, earth: Earth, networks: int, each: int) -> list[Spot]:
    """Rented machines: `each` addresses in one block of each of so many hosting networks."""
    spots: list[Spot] = []
    for network in rng.sample(earth.hosting, networks):
        block = network.block(rng)
        spots += [network.spot(f"{block}.{last}") for last in rng.sample(range(2, 254), each)]
    return spots


def browser(agent: str) -> Client:
    """The web client in a browser that says this of itself."""
    return Client(
        "owa", f"Client=OWA;{agent};", agent, clients.EXCHANGE, "", clients.OWA_CLIENT, "One Outlook Web", "full"
    )


class Forger(Slow):
    """Signs his own tokens: no sign-in issued them, no sign-in opened their session.

    agent: his browser string. careless: chance of a token id with an ending that the provider never gives.
    """

    agent = ""
    careless = 0.03

    def settle(self, rng: Random) -> None:
        """Two networks, two machines in each."""
        self.spots = machines(rng, self.earth, 2, 2)

    def morning(self, rng: Random) -> None:
        """One session and one machine a day and organisation."""
        self.session, self.today = chance.session_id(rng), rng.choice(self.spots)

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """The machine of the day."""
        return self.today

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """His own browser string."""
        return browser(self.agent)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None] | None:
        """One forged token a visit, its issue time written as the provider does."""
        request = chance.guid(rng) if rng.random() < self.careless else chance.request_id(rng)
        issued = bout.moment - rng.randrange(30, 2400)
        token = Token(request, chance.unique_token_id(request), self.session, issued, issued + 4500)
        return lambda _: token
