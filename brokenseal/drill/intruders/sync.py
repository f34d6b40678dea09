"""Whole folders copied by a desktop program elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from brokenseal.drill import chance, clients, ways
from brokenseal.drill.campaign import Habits, Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import FOLDERS, Person
from brokenseal.drill.places import Spot
from brokenseal.drill.truth import HostileVisit

NAME = "sync"
STORY = """A password is known, and the second factor was answered once or not asked for. The desktop program is set up
with the account on a rented machine: one sign-in that asks, then renewals; all folders are copied in the first hour, and
brought up to date every day or two. The log names folders and no message, and carries the session and no token id.
Sources: the provider's page on investigating compromised accounts (a synchronised folder must be taken as read whole),
and public detections that count synchronised folders."""
AVOIDS = ("tokens without a sign-in", "odd token ids and times")


class Intruder(Slow):
    """One thief of passwords."""

    name = NAME
    habits = Habits(returns=0.6, hours=(3, 15))

    def settle(self, rng: Random) -> None:
        """One network, two machines."""
        self.spots = ways.machines(rng, self.earth, 1, 2)
        self._programs: dict[str, Client] = {}

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """The same machine for the same mailbox."""
        return chance.stream(self.seed, self.name, "machine", person.upn).choice(self.spots)

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """One desktop program a mailbox, on a machine that nobody manages."""
        if person.upn not in self._programs:
            made = clients.outlook(rng)
            made.ids, made.device, made.managed = "session", "", False
            self._programs[person.upn] = made
        return self._programs[person.upn]

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None]:
        """Signed in with the password, then renewed."""
        scene = bout.scene
        return lambda moment: life.wallet.token(scene.box, scene.client, scene.spot, moment)

    def visit(self, life: Life, person: Person, day: int, rng: Random) -> HostileVisit | None:
        """All folders the first time, then the inbox and others as they change."""
        known = person.upn in self._programs
        bout = self.bout(life, person, day, rng)
        token = self.tokens(life, bout, rng)(bout.moment)
        every = range(len(FOLDERS))
        folders = sorted({0, *rng.sample(every, rng.randrange(0, 3))}) if known else list(every)
        moments = [bout.moment + rng.randrange(20, 400) + (0 if known else 300 * nth) for nth in range(len(folders))]
        assert token is not None
        return self.told(bout, token, life.sync(bout, token, list(zip(moments, folders))))
