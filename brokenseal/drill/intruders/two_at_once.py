"""Two intruders at once in the same organisations."""

from __future__ import annotations

from random import Random

from brokenseal.drill.campaign import Habits
from brokenseal.drill.life import Life
from brokenseal.drill.places import Earth
from brokenseal.drill.truth import HostileVisit
from brokenseal.drill.ways import Forger, machines

NAME = "two_at_once"
STORY = """Two groups hold keys or have bought them, and neither knows of the other: one low and slow, the other from a
later day on with other machines, another browser string, other hours and a larger appetite. Some mailboxes are opened by
both. An answer that takes them for one tells the wrong story, and one that sees the loud one alone leaves the other in.
Sources: the review board's report of April 2024 for the way in; public incident reports in which two groups were found
in one network."""
AVOIDS = ("odd token ids and times", "haste")


class First(Forger):
    """Low and slow."""

    name = f"{NAME} first"
    habits = Habits(begins=0.4)
    agent = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:91.0) Gecko/20100101 Firefox/91.0"


class Second(Forger):
    """Later and larger."""

    name = f"{NAME} second"
    habits = Habits(begins=0.6, returns=0.5, hours=(11, 20), messages=(4, 16))
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/537.36 (KHTML, like Gecko) Version/12.1 Safari/537.36"

    def settle(self, rng: Random) -> None:
        """One network, three machines; which network, chance decides."""
        self.spots = machines(rng, self.earth, 1, 3)


class Intruder:
    """Both."""

    def __init__(self, seed: int, earth: Earth, days: int, most: int | None = None) -> None:
        self._both = [one(seed, earth, days, most) for one in (First, Second)]

    def day(self, life: Life, day: int) -> list[HostileVisit]:
        """First the one, then the other."""
        return [visit for one in self._both for visit in one.day(life, day)]
