"""Forged tokens, made carelessly and used in haste."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from brokenseal.drill import chance, post, ways
from brokenseal.drill.campaign import Habits, Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot
from brokenseal.drill.truth import HostileVisit

NAME = "careless"
STORY = """Somebody holds the key, and a library that signs tokens as libraries do: the token's id is any random number,
its issue time is now, its tenant is the consumers' one that the key belongs to. He works through a proxy at a hosting
firm with a script, takes far more a visit, and in each organisation one mailbox whole, until the provider stops naming
what he opens there. Sources: the provider's analysis of July 2023 (a consumer key was believed for work accounts;
scripts), and what public records show of how the provider itself writes ids and times."""
AVOIDS = ()
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.159 Safari/537.36"
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
WHOLE = 1300
"""Records of the one visit that takes a mailbox whole; the provider names a thousand a day."""


class Intruder(Slow):
    """One campaign over all organisations of a world."""

    name = NAME
    habits = Habits(bundles=(2, 6), messages=(8, 40), among=300)

    def settle(self, rng: Random) -> None:
        """One network, three machines."""
        self.spots = ways.machines(rng, self.earth, 1, 3)

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """Any of his machines."""
        return rng.choice(self.spots)

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """The browser string of his script."""
        return ways.browser(AGENT)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None]:
        """A new token for each request: any id, issued now, of the consumers' tenant, in no session."""

        def token(moment: int) -> Token:
            request = chance.guid(rng)
            # the record tells the time written in the token, which the provider sets five minutes back and he does not
            issued = moment + 300 - rng.randrange(0, 20)
            return Token(request, chance.unique_token_id(request), "", issued, issued + 3600, CONSUMERS)

        return token

    def visit(self, life: Life, person: Person, day: int, rng: Random) -> HostileVisit | None:
        """As others, but for the one mailbox that he takes whole on his second day."""
        if person is not self.chosen(life)[0] or day != self.begin + 1:
            return super().visit(life, person, day, rng)
        # it holds the mail of years; a message a record, the newest first
        post.stock(rng, person, WHOLE)
        bout, held = self.bout(life, person, day, rng), list(person.mail)
        tokens = self.tokens(life, bout, rng)
        bundles = [[message] for message in reversed(held)]
        return self.told(bout, None, life.bind(bout, tokens, bundles, pause=(12, 40)))

    def comes(self, nth: int, day: int, rng: Random) -> bool:
        """The mailbox that he takes whole is taken on a day of its own."""
        return super().comes(nth, day, rng) or (nth == 0 and day == self.begin + 1)
