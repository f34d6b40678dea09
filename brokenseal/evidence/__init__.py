"""Acts to bits. One file, one reason to doubt an act; `pipeline` finds them by folder scan.

A file declares REASON and CASES and a function `judge(tables) -> Table` with one row a unit:

    unit_id, relationship_id, tenant_id, box, stratum, level

`unit_id` is a relationship where REASON.unit is 'relationship', else a visit (or the `cluster` that a file names,
where visits stand or fall together): where it is 'visit' the repeated visits of one relationship are one binomial
tail, where it is 'peak' a relationship counts once, at its oddest visit, since habits repeat themselves. `level`
counts from 0, ordinary, upwards; `stratum` names the like that the unit is compared with. The counting, and so the
weight, is the same for all reasons: `bits.weigh`.

History changes in every round, as suspects leave it. Relationships are few and are judged again each time; visits are many
and are judged once. Where history has a say on visits, `judge` gives each of them two rows, with `turn` 0 and 1, and a second
function `turned(tables)` names the relationships (`relationship_id`) for which 1 is to be taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis
from ibis import Table


@dataclass(frozen=True)
class Tables:
    """What a reason may look at. `pairs`, `standing` and `trusted` are history without suspects."""

    visits: Table
    relations: Table
    pairs: Table
    standing: Table
    trusted: Table
    """Relationships with a visit that nobody doubts: relationship_id, began."""
    signins: Table
    known: Table
    """Visits that carry a known indicator: visit_id, level."""

    def guests(self) -> Table:
        """Who signs in here as somebody of another organisation: tenant_id, actor, token_tenant_id, guest (1)."""
        s = self.signins
        away = s.filter(s.home_tenant_id != s.tenant_id).select(
            "tenant_id", actor="user", token_tenant_id="home_tenant_id"
        )
        return away.distinct().mutate(guest=ibis.literal(1))


NO, YES, ANY = 0, 1, -1
"""Values of `turn`; ANY where history has no say."""


@dataclass(frozen=True)
class Reason:
    """One reason to doubt an act, and all that a reader must know of it.

    name: as in `findings.evidence`. aspect: within one the strongest counts, across them they add. unit: what is counted.
    levels: what each level says of the act, from level 1. ground: documented, measured or heuristic; heuristics alone
    wake nobody. attack: ATT&CK technique ids.
    """

    name: str
    title: str
    aspect: str
    unit: str
    levels: tuple[str, ...]
    ground: str
    attack: tuple[str, ...]
    explains: str
    misses: str
    benign: tuple[tuple[str, str], ...]
    """Innocent explanations, each with what would decide."""
    own: bool = True
    """The mailbox's own acts are precedents: not where those of one intruder would excuse one another."""


@dataclass(frozen=True)
class Case:
    """A small timeline that must, or must not, fire on the visit whose record is called 'probe'."""

    name: str
    fires: bool
    accesses: tuple[dict[str, Any], ...]
    issuances: tuple[dict[str, Any], ...] = field(default=())
    indicators: tuple[tuple[str, str], ...] = field(default=())
    """Type and value of what was handed over as known."""


def access(day: float, record_id: str = "", **columns: Any) -> dict[str, Any]:
    """One access of a case, `day` days after the case's begin; columns not named take the ordinary value."""
    return {"day": day, "record_id": record_id, **columns}


def signin(day: float, issuance_id: str = "", **columns: Any) -> dict[str, Any]:
    """One sign-in of a case."""
    return {"day": day, "issuance_id": issuance_id, **columns}


def each_day(days: int, **columns: Any) -> tuple[dict[str, Any], ...]:
    """One like access on each of so many days: an ordinary life."""
    return tuple(access(d + 0.4, **columns) for d in range(days))


def signed_in(days: int, **columns: Any) -> tuple[dict[str, Any], ...]:
    """Both streams of sign-ins on each of so many days, so that the logs are complete."""
    return tuple(
        signin(d + at, stream=stream, **columns)
        for d in range(days)
        for at, stream in ((0.1, "interactive"), (0.35, "non-interactive"), (0.8, "non-interactive"))
    )
