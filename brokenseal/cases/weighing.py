"""What a case weighs, what that is made of, and what is left of it without each of its reasons.

What: `act_weights`, `case_groups` and `case_without`. Why: a figure that a reader cannot add up again persuades nobody, and
whoever doubts one reason wants to know what stands without it. How: the weight of a case is that of its heaviest act or of
its loudest group, whichever is more; without a reason each act and each group is weighed again. Misses: a group keeps the
weight it had when it was found, before its acts were taken out of history, and so do its parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
from ibis import Table

from brokenseal.cases import join
from brokenseal.lake import Lake


@dataclass(frozen=True)
class Lines:
    """The lines in tenths of a bit: for single acts, and for groups of acts."""

    single: int
    group: int

    def of(self, link: join.Link) -> int:
        """The line that a link is measured by."""
        return self.group if link.group else self.single


@dataclass
class Case:
    """One case being put together."""

    case_id: str
    acts: list[dict[str, Any]]
    bits: int
    excess: int
    """Bits above the line that it is measured by, a single act's or a group's; below 0 where it does not reach it."""
    decided: bool = False
    """A person with a name and a reason decided that one of its acts is hostile."""
    suspected: bool = False
    """One of its acts carries what somebody handed over as suspect."""
    stands_on: str | None = None
    """What it reaches its line by."""
    groups: tuple[join.Link, ...] = ()
    """What made groups of its acts loud as a whole, one link a group, the heaviest first."""


@dataclass(frozen=True)
class Without:
    """A case without one reason: what its heaviest act or group weighs then, and how far above its line."""

    evidence: str
    bits: int
    excess: int


def act_weights(lake: Lake, shown: Table) -> None:
    """Write `act_weights` of the acts shown, from what the last round weighed; shown: `act_id`."""
    mine = lake.read("weighed").join(shown.select(visit_id="act_id"), "visit_id")
    places = lake.read("tops").select("relationship_id", "network", "client")
    bits = lake.read("judged").select("visit_id", "bits")
    out = mine.join(places, "relationship_id").join(bits, "visit_id")
    names = ("network", "client", "joint", "token", "volume", "intelligence", "bits")
    whole = {n: ibis.coalesce(out[n], 0).cast("int64") for n in names}
    lake.write("act_weights", out.select(act_id="visit_id", plain=out.raw.cast("int64"), **whole))


def groups(case: Case) -> list[dict[str, Any]]:
    """Rows of `case_groups`."""
    return [
        {
            "case_id": case.case_id,
            "shared": link.by,
            "actors": link.parts.actors,
            "plain": link.parts.plain,
            "rest": link.parts.rest,
            "place": link.parts.place,
            "came": link.parts.came,
            **dict(link.parts.counts),
            "bits": link.bits,
        }
        for link in case.groups
        if link.parts
    ]


def without(case: Case, findings: list[dict[str, Any]], lines: Lines) -> list[Without]:
    """The case weighed again without each of its reasons, by name; findings: of all acts."""
    weaker: dict[str, dict[str, int]] = {}
    ids = {r["act_id"] for r in case.acts}
    for f in findings:
        if f["act_id"] in ids:
            weaker.setdefault(f["evidence"], {})[f["act_id"]] = f["act_bits_without"]
    return [_one(case, name, own, lines) for name, own in sorted(weaker.items())]


def _one(case: Case, evidence: str, weaker: dict[str, int], lines: Lines) -> Without:
    single = max(min(r["bits"], weaker.get(r["act_id"], r["bits"])) for r in case.acts)
    grouped = max((_group_without(link, evidence) for link in case.groups), default=0)
    excess = max(single - lines.single, grouped - lines.group) if case.groups else single - lines.single
    return Without(evidence, max(single, grouped), excess)


def _group_without(link: join.Link, evidence: str) -> int:
    return dict(link.parts.without).get(evidence, link.bits) if link.parts else link.bits


def worst(lessened: list[Without]) -> Without | None:
    """The strongest reason: the one whose absence leaves the case the least."""
    return min(lessened, key=lambda w: (w.excess, w.bits, w.evidence)) if lessened else None


def rows(case: Case, lessened: list[Without]) -> list[dict[str, Any]]:
    """Rows of `case_without`."""
    return [
        {"case_id": case.case_id, "evidence": w.evidence, "bits": w.bits, "above_line": w.excess >= 0} for w in lessened
    ]
