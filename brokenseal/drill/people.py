"""Organisations, their people and their mailboxes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from brokenseal.drill import chance, clients
from brokenseal.drill.clients import Client
from brokenseal.drill.places import Country, Earth, Home, Spot

KINDS = ("ministry", "council", "harbour", "institute", "embassy", "archive", "transit", "assembly")
GIVEN = ("ana", "bram", "cleo", "dario", "edda", "finn", "gala", "hugo", "ines", "jory", "kaia", "lino", "mira", "nils",
         "odile", "pavo", "quirin", "runa", "silvan", "tova", "ugo", "vera", "wim", "ylva", "zeno")  # fmt: skip
FAMILY = ("aldor", "brennick", "corvan", "dellmar", "estrin", "falkner", "gravel", "holmar", "istren", "jorvik",
          "kestrel", "lanthe", "morvane", "northey", "ostrava", "pellow", "quell", "ravenel", "sorrin",
          "thale")  # fmt: skip
FOLDERS = ("\\\\Inbox", "\\\\Sent Items", "\\\\Archive", "\\\\Inbox\\\\Projects", "\\\\Deleted Items")
FOLDER_WEIGHTS = (70, 8, 8, 10, 4)
KEPT_MESSAGES = 400


class Message(NamedTuple):
    """A message in a mailbox: its Internet Message-ID, its folder's place in FOLDERS, and how a record lists it."""

    message_id: str
    folder: int
    item: str
    store_id: str


@dataclass
class Person:
    """Somebody with a mailbox, and where and with what they open it."""

    upn: str
    name: str
    object_id: str
    mailbox_guid: str
    sid: str
    user_key: str
    server: str
    folder_ids: tuple[str, ...]
    home: Home
    pool: tuple[Spot, ...]
    laptop: Client | None
    web: Client
    phone: Client | None
    at_home: float
    busy: float
    office: Spot
    vpn: bool
    begins: int
    bosses: list[Person] = field(default_factory=list)
    mail: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES))
    trip_until: int = -1
    trip: Spot | None = None
    trip_pool: tuple[Spot, ...] = ()

    @property
    def owner(self) -> str:
        """The fields of a record that name the mailbox."""
        return f'"MailboxGuid":"{self.mailbox_guid}","MailboxOwnerSid":"{self.sid}","MailboxOwnerUPN":"{self.upn}"'


class Program(NamedTuple):
    """An application that may open every mailbox: its id, its object in this tenant, its name."""

    app_id: str
    object_id: str
    name: str


@dataclass
class Organisation:
    """A tenant: its people, and the applications that may open all its mail; the backup may never come to use."""

    number: int
    domain: str
    tenant_id: str
    country: Country
    zone: int
    people: list[Person]
    archive: Program
    backup: Program
    automation_id: str


def organisation(
    seed: int, number: int, mailboxes: int, earth: Earth, joining: int = 0, merger: int = 0
) -> Organisation:
    """The organisation with this number, the same whoever asks. joining: so many of its people come with another
    organisation, of another country and with offices of their own, on the day `merger`."""
    rng = chance.stream(seed, "organisation", number)
    country = earth.countries[number % len(earth.countries)]
    domain = f"{KINDS[number % len(KINDS)]}-{_letters(number // len(KINDS))}.example"
    block = country.business.block(rng)
    offices = [country.business.spot(f"{block}.{last}") for last in rng.sample(range(2, 254), 1 + mailboxes // 40)]
    domain_sid = "S-1-5-21-" + "-".join(str(rng.randrange(10**8, 4 * 10**9)) for _ in range(3))
    people = [person(rng, domain, domain_sid, nth, country, rng.choice(offices)) for nth in range(mailboxes - joining)]
    abroad = earth.countries[(number + 1) % len(earth.countries)]
    office = abroad.business.spot(f"{abroad.business.block(rng)}.{rng.randrange(2, 254)}")
    people += [
        person(rng, domain, domain_sid, nth, abroad, office, merger) for nth in range(mailboxes - joining, mailboxes)
    ]
    for assistant in rng.sample(people[: mailboxes - joining], mailboxes // 12):
        assistant.bosses.append(rng.choice([p for p in people if p is not assistant]))
    return Organisation(
        number, domain, chance.guid(rng), country, -3 + 3 * (number % 4), people,
        Program(chance.guid(rng), chance.guid(rng), "Records Archive"),
        Program(chance.guid(rng), chance.guid(rng), "Safe Copy"),
        chance.guid(rng),
    )  # fmt: skip


def _letters(number: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[number % 26] * (1 + number // 26)


def person(
    rng: Random, domain: str, domain_sid: str, nth: int, country: Country, office: Spot, begins: int = 0
) -> Person:
    """Somebody with an account of this domain, and a mailbox from the day `begins` on."""
    given, family = GIVEN[nth % len(GIVEN)], FAMILY[(nth * 7 + nth // len(GIVEN)) % len(FAMILY)]
    turn = "" if nth < len(GIVEN) * len(FAMILY) else str(nth)
    prefix = chance.store_id(rng, 15)
    return Person(
        upn=f"{given}.{family}{turn}@{domain}",
        name=f"{given.title()} {family.title()}",
        object_id=chance.guid(rng),
        mailbox_guid=chance.guid(rng),
        sid=f"{domain_sid}-{20_000_000 + nth}",
        user_key=f"1003{rng.getrandbits(48):012X}",
        server=f"DB{rng.randrange(3, 10)}PR04MB{rng.randrange(1000, 9999)}",
        folder_ids=tuple(f"LgAAAAD{prefix}AQB{chance.store_id(rng, 24)}AAAB" for _ in FOLDERS),
        home=Home(rng, rng.choice(country.homes)),
        pool=rng.choice(country.pools),
        laptop=clients.outlook(rng) if rng.random() < 0.75 else None,
        web=clients.browser(rng),
        phone=clients.phone(rng) if rng.random() < 0.85 else None,
        at_home=rng.choice((0.0, 0.0, 0.2, 0.4, 0.6, 1.0)),
        busy=rng.choice((0.6, 0.9, 1.0, 1.2, 1.6)),
        office=office,
        vpn=rng.random() < 0.15,
        begins=begins,
    )
