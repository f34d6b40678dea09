"""A stolen session, used beside its owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from brokenseal.drill import chance, ways
from brokenseal.drill.campaign import Habits, Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot

NAME = "cookie"
STORY = """A program on the victim's machine, or a page between the victim and the provider, has copied the browser's
session. The thief puts it into his own browser, on a rented machine: the session renews itself for him as for its owner,
each renewal a sign-in from his address that asks nobody anything, and now and then he shows the very token that the
owner's browser holds. Owner and thief read side by side until the session ends; then he steals the next, if he can.
Sources: the provider's reports on session theft by pages in between, 2022 and later, and its page on linkable
identifiers, by which a session keeps its id wherever it is used."""
AVOIDS = ("tokens without a sign-in", "odd token ids and times")
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36"
)
STEALS = 0.7
OWNERS_TOKEN = 0.3
LEFT = 12 * 3600
"""A session with less than this left is not worth stealing."""


class Intruder(Slow):
    """One thief; a session is one campaign, since nothing but the thief's machine joins two of them."""

    name = NAME
    habits = Habits(returns=0.5, hours=(6, 20))

    def settle(self, rng: Random) -> None:
        """One network, three machines."""
        self.spots = ways.machines(rng, self.earth, 1, 3)
        self._stolen: dict[str, Client] = {}

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """The same machine for the same mailbox."""
        return chance.stream(self.seed, self.name, "machine", person.upn).choice(self.spots)

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """His browser with a session in it, which may have ended."""
        held = self._stolen.get(person.upn)
        if (held is None or held.session_ends < life.now) and rng.random() < STEALS:
            own = person.web
            held = replace(
                ways.browser(AGENT), ids=own.ids, os="Windows10", browser="Chrome", session=own.session,
                session_ends=own.session_ends,
            )  # fmt: skip
            self._stolen[person.upn] = held
        return held or ways.browser(AGENT)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None] | None:
        """Renewed by the stolen session, or the owner's own token; nothing once the session has ended."""
        scene = bout.scene
        client, owner = scene.client, scene.box.web
        if not client.session or client.session_ends < bout.moment + LEFT:
            return None
        shared = owner.token if owner.session == client.session and rng.random() < OWNERS_TOKEN else None

        def token(moment: int) -> Token:
            if shared and shared.issued + 5 <= moment < shared.expires:
                return shared
            return life.wallet.token(scene.box, client, scene.spot, moment)

        return token

    def label(self, bout: Bout, token: Token | None) -> str:
        """The session."""
        return f"{self.name} {bout.scene.client.session}"
