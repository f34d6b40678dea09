"""What intruders have in common: they choose mailboxes, come back to them for weeks, and open a few messages each time.

A file in `intruders/` says what is his own: where he comes from, with what, which token he shows, how much he opens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from brokenseal.drill import chance, post
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life, Opened
from brokenseal.drill.people import Message, Person
from brokenseal.drill.places import Earth, Spot
from brokenseal.drill.truth import HostileVisit


@dataclass(frozen=True)
class Habits:
    """How an intruder works.

    share, most: the part of an organisation's mailboxes that he opens, and how many at most. returns: chance of a visit
    on a working day. begins: the part of the window that is over when he comes. hours: of the day, UTC. bundles,
    messages: records a visit, messages a record, each from (included) to (excluded). among: how many of the newest
    messages he chooses from.
    """

    share: float = 0.2
    most: int = 8
    returns: float = 0.35
    begins: float = 0.5
    hours: tuple[float, float] = (1, 11)
    bundles: tuple[int, int] = (1, 4)
    messages: tuple[int, int] = (2, 11)
    among: int = 120


class Slow(ABC):
    """Comes back to the same mailboxes every few days, from the `begins` of the window on. `days`: the world's length."""

    name = ""
    habits = Habits()

    def __init__(self, seed: int, earth: Earth, days: int, most: int | None = None) -> None:
        self.seed, self.earth, self.days = seed, earth, days
        self.begin = round(days * self.habits.begins)
        self.most = most or self.habits.most
        self._victims: dict[int, list[int]] = {}
        self.settle(chance.stream(seed, self.name))

    # --- what each intruder says for himself

    def settle(self, rng: Random) -> None:  # noqa: B027 - most have nothing to get ready
        """Get ready: machines, names. The same in every organisation's process."""

    @abstractmethod
    def spot(self, life: Life, person: Person, rng: Random) -> Spot:
        """Where this visit comes from."""

    @abstractmethod
    def client(self, life: Life, person: Person, rng: Random) -> Client:
        """What he opens this mailbox with."""

    @abstractmethod
    def tokens(self, life: Life, bout: Bout, rng: Random) -> Callable[[int], Token | None] | None:
        """The token shown at each moment of a visit; None where there is no way in, so that the visit does not happen."""

    def actor(self, life: Life, person: Person) -> Person:
        """Whose account he uses at this mailbox."""
        return person

    def label(self, bout: Bout, token: Token | None) -> str:
        """Which of his campaigns a visit belongs to: what should end as one case carries one label."""
        return self.name

    # --- what they share

    def day(self, life: Life, day: int) -> list[HostileVisit]:
        """His visits to one organisation; each mailbox is opened by the campaign's third day at the latest."""
        if day < self.begin:
            return []
        rng = chance.stream(self.seed, self.name, life.organisation.number, day)
        self.morning(rng)
        visits = [
            self.visit(life, person, day, rng)
            for nth, person in enumerate(self.chosen(life))
            if self.comes(nth, day, rng)
        ]
        return [visit for visit in visits if visit and visit.opened]

    def morning(self, rng: Random) -> None:  # noqa: B027 - most settle nothing
        """What he settles anew on each day."""

    def comes(self, nth: int, day: int, rng: Random) -> bool:
        """Whether he opens his nth mailbox today."""
        return day == self.begin + nth % 3 or (rng.random() < self.habits.returns and chance.weekday(day))

    def chosen(self, life: Life) -> list[Person]:
        """The mailboxes that he opens here, the same every day."""
        number, people = life.organisation.number, life.organisation.people
        if number not in self._victims:
            rng = chance.stream(self.seed, self.name, "victims", number)
            count = min(self.most, max(min(2, self.most), round(len(people) * self.habits.share)), len(people))
            there = [nth for nth, person in enumerate(people) if person.begins <= self.begin]
            self._victims[number] = rng.sample(there, min(count, len(there)))
        return [people[nth] for nth in self._victims[number]]

    def visit(self, life: Life, person: Person, day: int, rng: Random) -> HostileVisit | None:
        """One visit, written as the provider's log tells it."""
        bout = self.bout(life, person, day, rng)
        tokens = self.tokens(life, bout, rng)
        if tokens is None:
            return None
        opened = life.bind(bout, tokens, self.bundles(person, rng))
        return self.told(bout, tokens(bout.moment), opened)

    def bout(self, life: Life, person: Person, day: int, rng: Random) -> Bout:
        """When, with what and from where he comes."""
        moment = self.moment(life, day, rng)
        client, spot = self.client(life, person, rng), self.spot(life, person, rng)
        return Bout(moment, life.scene(person, self.actor(life, person), client, spot))

    def moment(self, life: Life, day: int, rng: Random) -> int:
        """A moment of his working day, which is not that of most victims."""
        first, last = self.habits.hours
        return chance.EPOCH + day * chance.DAY + rng.randrange(int(first * 3600), int(last * 3600))

    def bundles(self, person: Person, rng: Random) -> list[list[Message]]:
        """What he opens in one visit, a list for each record."""
        habits = self.habits
        return [
            post.newest(rng, person, rng.randrange(*habits.messages), habits.among)
            for _ in range(rng.randrange(*habits.bundles))
        ]

    def told(self, bout: Bout, token: Token | None, opened: list[Opened]) -> HostileVisit:
        """The visit, for the truth."""
        scene, day = bout.scene, (bout.moment - chance.EPOCH) // chance.DAY
        agent = scene.client.agent(day) or scene.client.told(day)
        label = self.label(bout, token)
        return HostileVisit(scene.org.tenant_id, scene.box.upn, scene.spot.ip, agent, label, opened)
