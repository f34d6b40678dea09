"""What a log file declares: how it is recognised, what its records hold, and what they mean in the tables."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import brokenseal.sources
from brokenseal.sources.recognise import Sample


@dataclass(frozen=True)
class Log:
    """One log in one shape.

    In SQL, `p` is the parsed struct and `u` the provider's record in it (`unwrap`, which may name more: `... as g, ...`).
    `texts` picks values out of them.
    `record` makes from texts what is kept of every row: the columns of `records`, `content` (32 letters of what all shapes
    share, and behind them those of what only whole ones tell), and what the tables need; `given_tenant` is the organisation
    named on the command line. `valid` says whether an object is a record of this log at all, and `needs` what it lacks where
    it is none; `own`, beside it, is true of no record of another log, and of all but a few of this one's. `tables` are
    SELECTs over `typed` (`file, row` and the columns of `record`), each with a condition that some row must meet. Instead of
    `ip, prefix, wide, ip_is` a SELECT gives `host`, the address as written, and instead of `client, user_agent, agent` of an
    access `info`, the provider's client string, and `program`, the client's name where that string has none; both are
    columns of `record`. A CSV without `column` is read as objects of all its columns.
    """

    name: str
    source: str
    recognises: Callable[[Sample], bool]
    spec: Mapping[str, Any]
    texts: Mapping[str, str]
    record: Mapping[str, str]
    valid: str
    tables: Mapping[str, tuple[str, str]]
    unwrap: str = "p"
    column: str | None = None
    needs: str = "an id, an operation or a time"
    own: str = "true"
    shapes: tuple[str, ...] = field(default=("json-lines", "json-array", "json-value", "json-pages"))

    @property
    def spec_json(self) -> str:
        """The struct as the engine takes it: all leaves are text."""
        return json.dumps(self.spec)


@cache
def logs() -> tuple[Log, ...]:
    """All logs, found by folder scan, in order of module name."""
    found: list[Log] = []
    for module in sorted(pkgutil.iter_modules(brokenseal.sources.__path__), key=lambda m: m.name):
        found.extend(getattr(importlib.import_module(f"brokenseal.sources.{module.name}"), "LOGS", ()))
    return tuple(found)


def recognised(seen: Sample) -> Log | None:
    """The log that a file holds; of several, the one that most of its first rows are of."""
    found = [log for log in logs() if seen.shape in log.shapes and log.recognises(seen)]
    if len(found) < 2 or not seen.objects:
        return found[0] if found else None
    alone = [replace(seen, objects=[o]) for o in seen.objects]
    return max(found, key=lambda log: sum(log.recognises(one) for one in alone))


def named(name: str) -> Log:
    """A log by its name."""
    return next(log for log in logs() if log.name == name)
