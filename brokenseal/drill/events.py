"""What befalls whole organisations: novelty that comes to many at once, and logs that are not whole.

Worlds of four organisations or more have these; each falls to other organisations with another seed.
"""

from __future__ import annotations

from dataclasses import dataclass

from brokenseal.drill import chance

FEWEST = 4
"""Organisations from which on a world has such events."""
ROLES = 8
"""So many organisations share the events out among them; a larger world has them more than once."""
UNAUDITED = 1 / 40
MAILBOXES_A_FLOOD = 160
RETENTION_DAYS = 30


@dataclass(frozen=True)
class Events:
    """Days are counted from the window's first; None: it does not happen here.

    vpn_move: all desks leave through another VPN from this day on. backup: a new backup product opens every mailbox from
    this night on. merger: the last `joining` people come with another organisation on this day. partner: an outside
    service desk opens one mailbox. retention: days of sign-ins that are kept. outages: begin and end, in hours since
    the first day, of times of which no audit record came through. unaudited: person, first and last day (not included)
    in which mailbox accesses are not logged. floods: person and day of an old program that fetches all mail anew.
    """

    vpn_move: int | None = None
    backup: int | None = None
    merger: int | None = None
    joining: int = 0
    partner: bool = False
    retention: int | None = None
    outages: tuple[tuple[int, int], ...] = ()
    unaudited: tuple[tuple[int, int, int], ...] = ()
    floods: tuple[tuple[int, int], ...] = ()


QUIET = Events()


def of(seed: int, number: int, tenants: int, mailboxes: int, days: int) -> Events:
    """What befalls the organisation with this number."""
    if tenants < FEWEST:
        return QUIET
    order = chance.stream(seed, "events").sample(range(tenants), tenants)
    role = order.index(number) % ROLES
    rng = chance.stream(seed, "events", number)

    def middle() -> int:
        return rng.randrange(days // 5, max(days // 5 + 1, days * 4 // 5))

    day, begin = middle(), rng.randrange(days * 24 // 4, max(days * 24 // 4 + 1, days * 24 - 48))
    unaudited = []
    for person in range(mailboxes):
        if rng.random() < UNAUDITED:
            turn = middle()
            unaudited.append((person, 0, turn) if rng.random() < 0.5 else (person, turn, days))
    expected = mailboxes / MAILBOXES_A_FLOOD
    floods = int(expected) + (rng.random() < expected % 1)
    return Events(
        vpn_move=day if role == 0 else None,
        backup=day if role == 1 else None,
        merger=day if role == 2 else None,
        joining=mailboxes // 5 if role == 2 else 0,
        partner=role in (3, 4),
        retention=RETENTION_DAYS if role == 3 else None,
        outages=((begin, begin + rng.randrange(6, 31)),) if role in (5, 6) else (),
        unaudited=tuple(unaudited),
        floods=tuple((rng.randrange(mailboxes), rng.randrange(2, max(3, days - 3))) for _ in range(floods)),
    )
