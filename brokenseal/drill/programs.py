"""What opens mailboxes beside their people: the provider's own services, applications, a partner, an old mail program."""

from __future__ import annotations

from dataclasses import dataclass, field

from brokenseal.drill import audit, chance, clients, people, places, post
from brokenseal.drill.audit import Scene
from brokenseal.drill.clients import Client
from brokenseal.drill.events import Events
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Person, Program
from brokenseal.drill.places import Spot

FLOOD = 1001
"""Messages that an old program fetches one by one: one more than the provider names in a day."""
ACTING = 0.15
"""How often in a working day one of the provider's programs opens a mailbox on behalf of its owner."""
PARTNER = 0.3


@dataclass
class Programs:
    """The programs of one organisation, day by day."""

    life: Life
    events: Events
    archive: Spot = field(init=False)
    backup: Spot = field(init=False)
    desk: tuple[Person, Client, Spot, str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        life, rng = self.life, self.life.rng
        business, rented = life.organisation.country.business, rng.choice(life.earth.gateways)
        self.archive = business.spot(f"{business.block(rng)}.{rng.randrange(2, 254)}")
        self.backup = rented.spot(f"{rented.block(rng)}.{rng.randrange(2, 254)}")
        if self.events.partner:
            self.desk = self._desk()

    def morning(self, day: int) -> None:
        """What the day's accesses will meet: an old program that fetches all mail anew."""
        for who, when in self.events.floods:
            person = self.life.organisation.people[who]
            if when == day and person.begins <= day:
                self._flood(person, day)

    def day(self, day: int) -> None:
        """All that programs do on one day."""
        working = chance.weekday(day)
        for person in self.life.present(day):
            self._background(person, day, working)
            if working and self.life.rng.random() < ACTING:
                self._acting(person, day)
        self._nightly(day)
        self._noise(day)
        if self.desk and working and self.life.rng.random() < PARTNER:
            self._partner(day)

    def _background(self, person: Person, day: int, working: bool) -> None:
        """The provider's own readers: more than half of all binds, without any id."""
        life, rng = self.life, self.life.rng
        for _ in range(rng.randrange(2, 8) if working else rng.randrange(0, 4)):
            moment = chance.EPOCH + day * chance.DAY + rng.randrange(chance.DAY)
            messages = post.newest(rng, person, rng.choices((1, 2, 3, 5), (60, 20, 12, 8))[0], 12)
            if life.silence.why(person, moment):
                continue
            which = rng.choices((0, 1, 2), (80, 15, 5))[0]
            line = audit.background(
                life.organisation, person, places.background(rng), moment, messages, chance.guid(rng), which
            )
            life.export.audit(moment, line)

    def _acting(self, person: Person, day: int) -> None:
        """One of the provider's programs on behalf of a person, with a token from service to service."""
        life, rng = self.life, self.life.rng
        moment = chance.EPOCH + day * chance.DAY + int((rng.triangular(7, 20, 11) - life.organisation.zone) * 3600)
        if life.silence.why(person, moment):
            return
        messages = post.newest(rng, person, rng.choices((1, 2, 3), (70, 20, 10))[0], 12)
        line = audit.acting(
            life.organisation,
            person,
            places.front_end(rng),
            moment,
            messages,
            chance.guid(rng),
            life.wallet.acting(moment),
        )
        life.export.audit(moment, line)

    def _nightly(self, day: int) -> None:
        """At night, the archive and the backup, which may open every mailbox, and an automation that opens none."""
        life, rng = self.life, self.life.rng
        begin = chance.EPOCH + day * chance.DAY + 3600 * 2 + rng.randrange(600)
        life.wallet.automation(begin, self.archive)
        self._every(life.organisation.archive, self.archive, begin, 0.5, 4)
        since = self.events.backup
        if since is not None and day >= since:
            # the first copy takes more than those that follow
            self._every(life.organisation.backup, self.backup, begin + 7200, 0.9, 40 if day == since else 8)

    def _every(self, program: Program, spot: Spot, begin: int, share: float, most: int) -> None:
        """A program opens up to `most` messages in this share of the mailboxes, within the hour."""
        life, rng = self.life, self.life.rng
        token = life.wallet.application(program, begin, spot)
        for person in life.present(life.today):
            moment = begin + rng.randrange(20, 3300)
            if rng.random() > share or life.silence.why(person, moment):
                continue
            messages = post.newest(rng, person, rng.randrange(1, most + 1), most + 6)
            line = audit.application(
                life.organisation, program, person, places.front_end(rng), moment, messages, chance.guid(rng), token
            )
            life.export.audit(moment, line)

    def _noise(self, day: int) -> None:
        """What goes on in every organisation: the provider's upkeep, and strangers who guess passwords."""
        life, rng = self.life, self.life.rng
        org, present = life.organisation, life.present(day)
        for _ in range(1 + len(present) // 40):
            who, moment = rng.choice(present), chance.EPOCH + day * chance.DAY + rng.randrange(chance.DAY)
            life.export.audit(moment, audit.upkeep(org, who, moment, chance.guid(rng)))
            network = rng.choice(life.earth.hosting)
            spot = network.spot(f"{network.block(rng)}.{rng.randrange(1, 255)}")
            life.wallet.refused(rng.choice(present), clients.guesser(), spot, moment)

    def _desk(self) -> tuple[Person, Client, Spot, str]:
        """Somebody at a partner's service desk: account, browser, office and home tenant are the partner's."""
        life, rng = self.life, self.life.rng
        country = rng.choice(life.earth.countries)
        office = country.business.spot(f"{country.business.block(rng)}.{rng.randrange(2, 254)}")
        sid = "S-1-5-21-" + "-".join(str(rng.randrange(10**8, 4 * 10**9)) for _ in range(3))
        who = people.person(rng, "servicedesk-p.example", sid, life.organisation.number, country, office)
        return who, who.web, office, chance.guid(rng)

    def _partner(self, day: int) -> None:
        """The partner's service desk looks into the first mailbox, with a token of its own tenant."""
        assert self.desk
        life, rng = self.life, self.life.rng
        who, browser, office, home = self.desk
        box = life.organisation.people[0]
        moment = chance.EPOCH + day * chance.DAY + int((rng.triangular(8, 17, 10) - life.organisation.zone) * 3600)
        token = life.wallet.partner(who, browser, office, moment, home)
        bout = Bout(moment, Scene(life.organisation, box, who, browser, office))
        life.bind(bout, lambda _: token, [post.newest(rng, box, rng.randrange(1, 5), 20)])

    def _flood(self, person: Person, day: int) -> None:
        """An old mail program fetches all mail anew; past a thousand records in a day, binds go unlogged for a day."""
        life = self.life
        post.stock(life.rng, person, FLOOD)
        scene = life.scene(person, person, clients.imap(), person.home.spot(day))
        moment = chance.EPOCH + day * chance.DAY + 9 * 3600
        life.bind(Bout(moment, scene), lambda _: None, [[message] for message in list(person.mail)[-FLOOD:]], (1, 9))
