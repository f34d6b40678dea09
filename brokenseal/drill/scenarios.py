"""What is drilled: each scenario is an intruder, or nobody, in a world of some size, with the logs that are handed over.

The goals beside them are what brokenseal promises on such worlds; a score is shown against its goal and never bent to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brokenseal.drill.truth import Truth
from brokenseal.drill.world import build
from brokenseal.errors import UsageError

FALSE_CASES = 0.5
"""The default budget of `investigate`."""
MAILBOXES_AN_ALARM = (1000, 100)
"""The wider budgets of quiet worlds: one alarm a day for so many mailboxes."""


@dataclass(frozen=True)
class Size:
    """How large a world is: organisations, mailboxes in each, days."""

    tenants: int = 8
    mailboxes: int = 30
    days: int = 47


@dataclass(frozen=True)
class Goal:
    """What is promised, as shares: mailboxes found at least, mailboxes wrongly accused at most, logged messages or folders
    found at least; and into how many cases one campaign may fall at most (None: any number)."""

    mailboxes: float
    accused: float
    listed: float
    cases: int | None


CLOSE, FAIR, HARD = Goal(1.0, 0.05, 0.98, 1), Goal(0.9, 0.10, 0.90, 2), Goal(0.8, 0.10, 0.80, None)
PROXIES = Goal(0.9, 0.10, 0.90, None)


@dataclass(frozen=True)
class Scenario:
    """One thing to drill. sign_in_days: how many days of sign-in logs are handed over, None for all, 0 for none.

    most: mailboxes that the intruder opens in an organisation at most, None where he decides. lead: it is enough that a
    robbed mailbox is the first lead.
    """

    name: str
    intruder: str | None
    told: str
    goal: Goal | None = None
    size: Size = Size()
    sign_in_days: int | None = None
    most: int | None = None
    lead: bool = False

    def write(self, out: Path, seed: int, size: Size | None = None, processes: int = 1) -> Truth:
        """The world of a seed: logs and truth under `out`. size: another than the scenario's own."""
        size = size or self.size
        return build(
            out, tenants=size.tenants, mailboxes=size.mailboxes, days=size.days, seed=seed, intruder=self.intruder,
            most=self.most, sign_in_days=self.sign_in_days, processes=processes,
        )  # fmt: skip

    def budgets(self, size: Size) -> tuple[float, ...]:
        """False cases allowed in one answer: the default; in a quiet world also one alarm a day for so many mailboxes."""
        if self.intruder is not None:
            return (FALSE_CASES,)
        days = size.tenants * size.mailboxes * size.days
        return (FALSE_CASES, *(days / each for each in MAILBOXES_AN_ALARM))


_ALL = (
    Scenario("forged", "forged", "forged tokens from rented machines, low and slow", CLOSE),
    Scenario("careless", "careless", "forged tokens of odd shape, in haste", CLOSE),
    Scenario("shared-vpn", "shared_vpn", "forged tokens through a VPN that staff use", CLOSE),
    Scenario("cookie", "cookie", "a stolen session beside its owner", CLOSE),
    Scenario("sync", "sync", "folders copied by a desktop program", CLOSE),
    Scenario("forged-no-sign-ins", "forged", "forged tokens, no sign-in logs", FAIR, sign_in_days=0),
    Scenario("forged-20-days", "forged", "forged tokens, 20 days of sign-in logs", FAIR, sign_in_days=20),
    Scenario("proxies", "proxies", "forged tokens, a new home's address each visit", PROXIES),
    Scenario("already-there", "already_there", "forged tokens since before the logs begin", FAIR),
    Scenario("two-at-once", "two_at_once", "two intruders in the same organisations", FAIR),
    Scenario("victims-own-provider", "victims_own_provider", "forged tokens, victim's provider and browser", HARD),
    Scenario("delegate", "delegate", "rights given long ago, used for something else", HARD),
    Scenario(
        "five-mailboxes",
        "cookie",
        "five mailboxes, 30 days, one robbed by a stolen session",
        size=Size(1, 5, 30),
        most=1,
        lead=True,
    ),
    Scenario("quiet", None, "nobody"),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}


def chosen(names: list[str]) -> list[Scenario]:
    """Scenarios by name, all where none is named. Raises UsageError for a name that there is not."""
    for name in names:
        if name not in SCENARIOS:
            raise UsageError(f"no drill {name!r}; there are {', '.join(SCENARIOS)}")
    return [SCENARIOS[name] for name in names] or list(SCENARIOS.values())
