"""Invented organisations, written as the files that people export.

Every act is known, so an investigation of the files can be scored. Same seed, same bytes, however many processes write
it. Sign-ins lie in a folder of their own (`logs/signins`), so that a world without them is had by leaving it out.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from brokenseal.drill import chance, exports, people, places
from brokenseal.drill.events import of as happens
from brokenseal.drill.exports import Export
from brokenseal.drill.intruders import found
from brokenseal.drill.life import Life
from brokenseal.drill.programs import Programs
from brokenseal.drill.truth import HostileVisit, Row, Truth
from brokenseal.drill.truth import blind as truth_of
from brokenseal.errors import UsageError


@dataclass(frozen=True)
class Plan:
    """What a world is made from."""

    out: Path
    tenants: int
    mailboxes: int
    days: int
    seed: int
    intruder: str | None
    most: int | None = None
    sign_in_days: int | None = None


@dataclass(frozen=True)
class Written:
    """One organisation, written."""

    tenant_id: str
    domain: str
    visits: list[HostileVisit]
    blind: list[Row]
    lines: int


def build(
    out: Path,
    *,
    tenants: int = 3,
    mailboxes: int = 20,
    days: int = 30,
    seed: int = 1,
    intruder: str | None = "forged",
    most: int | None = None,
    sign_in_days: int | None = None,
    processes: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Truth:
    """Write a world under `out/logs` and its truth as `out/truth.json`.

    With more than one process, organisations are written side by side (the caller's main module must be importable).
    most: how many mailboxes of an organisation the intruder opens at most; by default he decides. sign_in_days: how many
    of the last days have sign-in logs, all by default. Raises UsageError for
    an unknown intruder or a world without people or days.
    """
    makers = found()
    if intruder is not None and intruder not in makers:
        raise UsageError(f"no intruder {intruder!r}; there are {', '.join(makers)}")
    if min(tenants, mailboxes, days) < 1:
        raise UsageError("a world needs at least one organisation, one mailbox and one day")
    plan = Plan(out, tenants, mailboxes, days, seed, intruder, most, sign_in_days)
    truth = Truth(seed, intruder, [], {})
    for written in _organisations(plan, processes):
        truth.tenants.append(written.tenant_id)
        truth.lines += written.lines
        truth.add(written.visits)
        truth.blind += written.blind
        report(f"invented {written.domain}, {len(truth.tenants)} of {tenants}")
    truth.write(out / "truth.json")
    return truth


def _organisations(plan: Plan, processes: int) -> Iterator[Written]:
    """Every organisation, in order."""
    if processes <= 1 or plan.tenants == 1:
        yield from (_organisation(plan, number) for number in range(plan.tenants))
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_organisation, [plan] * plan.tenants, range(plan.tenants))


def _organisation(plan: Plan, number: int) -> Written:
    """One organisation's days, one after another, a week of them in memory."""
    earth = places.earth(plan.seed)
    events = happens(plan.seed, number, plan.tenants, plan.mailboxes, plan.days)
    organisation = people.organisation(plan.seed, number, plan.mailboxes, earth, events.joining, events.merger or 0)
    export = Export(plan.out / "logs", organisation.domain, number, chance.stream(plan.seed, "export", number))
    kept = min((d for d in (plan.sign_in_days, events.retention) if d is not None), default=plan.days)
    export.signed_from = chance.EPOCH + (plan.days - kept) * chance.DAY
    life = Life(organisation, earth, chance.stream(plan.seed, "life", number), export, events)
    programs = Programs(life, events)
    campaign = found()[plan.intruder](plan.seed, earth, plan.days, plan.most) if plan.intruder else None
    visits: list[HostileVisit] = []
    for day in range(plan.days):
        life.morning(day)
        programs.morning(day)
        # before the others' day, so that what he sets off (a log that falls silent) meets them
        visits += campaign.day(life, day) if campaign else []
        life.day(day)
        programs.day(day)
        if (day + 1) % exports.WEEK == 0 or day + 1 == plan.days:
            export.flush(last=day + 1 == plan.days)
    blind = truth_of(life.silence.blind, organisation.tenant_id, chance.EPOCH + plan.days * chance.DAY)
    return Written(organisation.tenant_id, organisation.domain, visits, blind, export.written)
