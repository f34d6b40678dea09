"""Forged tokens through the web client, after the intrusion of summer 2023."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from brokenseal.drill import campaign, chance
from brokenseal.drill.campaign import Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot

NAME = "forged"
STORY = """Somebody holds a key that signs tokens which the mail service believes. From the middle of the window on he
opens the web client's interface from a few rented machines, with a browser string of his own: some mailboxes in each
organisation, a few messages a visit, every few days, for weeks. No sign-in issued what he shows; he knows what a token
id looks like, and writes issue times as the provider does. Sources: the provider's analysis of July 2023 and the review
board's report of April 2024."""
AVOIDS = ("odd token", "issue time", "haste", "bulk")
AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:102.0) Gecko/20100101 Firefox/102.0"
CARELESS = 0.03


class Intruder(Slow):
    """One campaign over all organisations of a world."""

    name = NAME

    def settle(self, rng: Random) -> None:
        """Two networks, two machines in each."""
        self.spots = campaign.machines(rng, self.earth, 2, 2)

    def morning(self, rng: Random) -> None:
        """One session and one machine a day and organisation."""
        self.session, self.today = chance.session_id(rng), rng.choice(self.spots)

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """The machine of the day."""
        return self.today

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """His own browser string."""
        return campaign.browser(AGENT)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None]:
        """One forged token a visit."""
        token = campaign.forged(rng, self.session, bout.moment, CARELESS)
        return lambda _: token
