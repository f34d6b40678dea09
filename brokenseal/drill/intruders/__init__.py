"""Intruders, a file each, with their story. All are invented and act only in invented logs.

A file defines NAME, STORY, AVOIDS (the giveaways that he does not leave) and `Intruder`, made anew for each world:
`Intruder(seed, earth, days, most)`, with `day(life, day)`, which acts on one organisation's day through the same code as
its people and returns the visits made.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Protocol

from brokenseal.drill.life import Life
from brokenseal.drill.places import Earth
from brokenseal.drill.truth import HostileVisit


class Campaign(Protocol):
    """One intruder at work in one world."""

    def day(self, life: Life, day: int) -> list[HostileVisit]:
        """What he does in this organisation on this day, written through `life`."""
        ...


class Maker(Protocol):
    """How a file's `Intruder` is made."""

    def __call__(self, seed: int, earth: Earth, days: int, most: int | None = None) -> Campaign: ...


def found() -> dict[str, Maker]:
    """Every intruder by name; found by folder scan."""
    return {name: module.Intruder for name, module in _modules().items()}


def avoids() -> dict[str, tuple[str, ...]]:
    """Of every intruder, the giveaways that he avoids: the more, the more cautious he is."""
    return {name: tuple(module.AVOIDS) for name, module in _modules().items()}


def _modules() -> dict[str, ModuleType]:
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
