"""A delegate turned: rights that were given long ago, used for something else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from brokenseal.drill import chance
from brokenseal.drill.campaign import Habits, Slow
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person
from brokenseal.drill.places import Spot

NAME = "delegate"
STORY = """Somebody who may open other mailboxes, an assistant where there is one, begins to open more of them than the
work asks for, before the others are at work, from home, with the browser of every day. Every sign-in is genuine, and
every right was given: what is odd is who opens whom, and how much. No right is granted in the window, so no change is in
the log. Sources: the provider's page on mailbox auditing (a delegate's access names the delegate), and public guidance
on insiders."""
AVOIDS = ("tokens without a sign-in", "odd token ids and times", "foreign networks", "foreign clients")


class Intruder(Slow):
    """One such person in each organisation."""

    name = NAME
    habits = Habits(bundles=(2, 6), messages=(4, 20), among=150)

    def chosen(self, life: Life) -> list[Person]:
        """Mailboxes of others; of an assistant's, the own superior's first."""
        insider = self._insider(life)
        others = [p for p in super().chosen(life) if p is not insider]
        bosses = [p for p in insider.bosses if p not in others]
        return ([*bosses, *others] or [p for p in life.organisation.people if p is not insider][:1])[: self.most]

    def _insider(self, life: Life) -> Person:
        people = [p for p in life.organisation.people if p.begins <= self.begin]
        assistants = [p for p in people if p.bosses] or people
        return assistants[
            chance.stream(self.seed, self.name, "who", life.organisation.number).randrange(len(assistants))
        ]

    def actor(self, life: Life, person: Person) -> Person:
        """The insider."""
        return self._insider(life)

    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """At home."""
        return self._insider(life).home.spot(life.today)

    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """The browser of every day."""
        return self._insider(life).web

    def moment(self, life: Life, day: int, rng: Random) -> int:
        """Before the others come to work."""
        hour = rng.uniform(4.5, 6.5) - life.organisation.zone
        return chance.EPOCH + day * chance.DAY + int(hour * 3600)

    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None]:
        """The own ones, issued and renewed as on every day."""
        scene = bout.scene
        return lambda moment: life.wallet.token(scene.actor, scene.client, scene.spot, moment)
