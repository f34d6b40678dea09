"""A day of an organisation: who opens which mailbox, where, with what, and what the logs say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from brokenseal.drill import audit, chance, clients, post
from brokenseal.drill.audit import Scene
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.events import QUIET, Events
from brokenseal.drill.exports import Export
from brokenseal.drill.people import FOLDERS, Message, Organisation, Person
from brokenseal.drill.places import Earth, Spot
from brokenseal.drill.silence import Context, Silence
from brokenseal.drill.tokens import Wallet

TRIP = 0.012
NEW_PHONE = 0.003
NEW_LAPTOP = 0.0015
NEW_BROWSER = 0.002
WEEKEND = 0.3
ROAMING = 0.75
HOTEL_LAPTOP = 0.05
"""Share of journeys to which somebody takes a new laptop."""
GATEWAY_EXITS = 4


class Bout(NamedTuple):
    """Somebody is at a mailbox for a while, from this moment on."""

    moment: int
    scene: Scene


class Opened(NamedTuple):
    """What an access left: the record's id, or None where the log kept silent, and why; when; messages, or a folder."""

    record: str | None
    moment: int
    messages: list[Message]
    folder: int | None = None
    why: str = ""


class Life:
    """One organisation as it lives through its days."""

    def __init__(
        self, organisation: Organisation, earth: Earth, rng: Random, export: Export, events: Events = QUIET
    ) -> None:
        self.organisation, self.earth, self.rng, self.export, self.events = organisation, earth, rng, export, events
        self.wallet = Wallet(organisation, rng, export)
        self.silence = Silence()
        self.today, self.now = 0, chance.EPOCH
        gateway = rng.choice(earth.gateways)
        block = gateway.block(rng)
        self.exits = [gateway.spot(f"{block}.{last}") for last in rng.sample(range(2, 254), GATEWAY_EXITS)]
        for person in organisation.people:
            for client in (person.laptop, person.web, person.phone):
                if client:
                    self.wallet.begin(client, person.begins)
        self._be_silent()
        post.deliver(rng, organisation.people, 30)

    def _be_silent(self) -> None:
        """What the logs of this organisation will leave out, as far as it is known before."""
        day, hour = chance.DAY, 3600
        for who, first, last in self.events.unaudited:
            begin, end = chance.EPOCH + first * day - 1, chance.EPOCH + last * day
            self.silence.add(self.organisation.people[who], begin, end, "not audited")
        spans = [(chance.EPOCH + begin * hour, chance.EPOCH + end * hour) for begin, end in self.events.outages]
        for begin, end in spans:
            self.silence.add(None, begin, end, "lost")
        self.export.outages = tuple(spans)

    def present(self, day: int) -> list[Person]:
        """Those who have a mailbox here on this day."""
        return [person for person in self.organisation.people if person.begins <= day]

    def morning(self, day: int) -> None:
        """What a day begins with."""
        self.today, self.now = day, chance.EPOCH + day * chance.DAY
        self.silence.forget(self.now)
        post.deliver(self.rng, self.present(day), 5 if chance.weekday(day) else 2)

    def day(self, day: int) -> None:
        """What people do on one day."""
        working = chance.weekday(day)
        for person in self.present(day):
            self._changes(person, day)
            if self.rng.random() < (0.93 if working else WEEKEND):
                for bout in sorted(self._plan(person, day, working), key=lambda b: (b.moment, b.scene.box.upn)):
                    self._live(bout)

    # --- people

    def _changes(self, person: Person, day: int) -> None:
        """Journeys, and new devices now and then."""
        rng = self.rng
        if person.trip_until < day and rng.random() < TRIP:
            country = self.organisation.country if rng.random() < 0.6 else rng.choice(self.earth.countries)
            person.trip = rng.choice(country.hotels)
            # a phone abroad leaves through its carrier at home, unless somebody buys a card there
            person.trip_pool = person.pool if rng.random() < ROAMING else rng.choice(country.pools)
            person.trip_until = day + rng.randrange(1, 5)
            if person.laptop and rng.random() < HOTEL_LAPTOP:
                person.laptop, person.web = clients.outlook(rng), clients.browser(rng)
        if person.phone and rng.random() < NEW_PHONE:
            person.phone = clients.phone(rng)
        if person.laptop and rng.random() < NEW_LAPTOP:
            # a new laptop brings a new browser with it
            person.laptop, person.web = clients.outlook(rng), clients.browser(rng)
        elif rng.random() < NEW_BROWSER:
            person.web = clients.browser(rng)

    def _plan(self, person: Person, day: int, working: bool) -> list[Bout]:
        """The bouts of a person's day: at a desk with laptop and browser, anywhere with the phone."""
        rng, away = self.rng, person.trip_until >= day
        at_home = not working or rng.random() < person.at_home
        home = person.home.spot(day)
        if person.vpn and rng.random() < 0.5:
            home = rng.choice(self.earth.vpn)
        desk = person.trip if away and person.trip else home if at_home else person.office
        moved = self.events.vpn_move
        if moved is not None and day >= moved and working:
            # all leave through the organisation's new gateway, wherever they sit
            desk = rng.choice(self.exits)
        uses: list[tuple[Person, Client, Spot]] = []
        if person.laptop and working:
            uses += [(person, person.laptop, desk)] * self._times(person, 1.0)
        rate = (0.5 if person.laptop else 1.2) if working else 0.4
        uses += [(person, person.web, desk)] * self._times(person, rate)
        if working:
            uses += [(boss, person.web, desk) for boss in person.bosses if rng.random() < 0.7]
        bouts = [Bout(self._hour(day), self.scene(box, person, client, spot)) for box, client, spot in uses]
        if person.phone:
            pool = person.trip_pool if away else person.pool
            for _ in range(self._times(person, 1.1 if working else 0.8)):
                draw = rng.random()
                spot = rng.choice(pool) if draw < 0.6 else desk if away or draw < 0.75 else home
                bouts.append(Bout(self._hour(day, phone=True), self.scene(person, person, person.phone, spot)))
        return bouts

    def scene(self, box: Person, actor: Person, client: Client, spot: Spot) -> Scene:
        """Somebody at a mailbox of this organisation."""
        return Scene(self.organisation, box, actor, client, spot)

    def _times(self, person: Person, rate: float) -> int:
        """How often, around `rate` for somebody of ordinary diligence."""
        wanted = rate * person.busy * (0.5 + self.rng.random())
        return int(wanted) + (self.rng.random() < wanted % 1)

    def _hour(self, day: int, *, phone: bool = False) -> int:
        """A moment of the working day in the organisation's zone; phones wake earlier and sleep later."""
        hour = self.rng.triangular(6, 23, 12) if phone else self.rng.triangular(7.5, 18.5, 10)
        return chance.EPOCH + day * chance.DAY + int((hour - self.organisation.zone) * 3600)

    def _live(self, bout: Bout) -> None:
        """One bout: folders synchronised by the desktop program, messages opened one by one by the others."""
        rng, (_, box, actor, client, spot) = self.rng, bout.scene
        stray = self.wallet.stray(bout.moment, client)

        def token(moment: int) -> Token:
            return stray or self.wallet.token(actor, client, spot, moment)

        if client.kind == "outlook":
            self._sync(bout, token(bout.moment))
        if client.kind != "outlook" or rng.random() < 0.25:
            counts = [1 + min(9, int(rng.expovariate(0.7))) for _ in range(rng.choices((1, 2, 3), (60, 30, 10))[0])]
            opened = self.bind(bout, token, _dealt(post.newest(rng, box, sum(counts)), counts))
            self._beside(bout.scene, token, opened[-1])

    def _sync(self, bout: Bout, token: Token) -> None:
        rng = self.rng
        # the inbox each time, another folder now and then
        folders = sorted({0, rng.randrange(len(FOLDERS))}) if rng.random() < 0.5 else [0]
        self.sync(bout, token, [(bout.moment + rng.randrange(90), folder) for folder in folders])

    def sync(self, bout: Bout, token: Token, folders: Sequence[tuple[int, int]]) -> list[Opened]:
        """Synchronise folders, each at its moment; one record each."""
        done, context = [], _context(bout.scene, token)
        for moment, folder in folders:
            why = self.silence.why(bout.scene.box, moment, sync=True)
            if not why and self.silence.is_repeat(context, str(folder), moment):
                why = "suppressed"
            record = None if why else chance.guid(self.rng)
            if record:
                self.export.audit(moment, audit.sync(bout.scene, token, moment, folder, record))
            done.append(Opened(record, moment, [], folder, why))
        return done

    def bind(
        self,
        bout: Bout,
        token: Callable[[int], Token | None],
        bundles: Sequence[list[Message]],
        pause: tuple[int, int] = (125, 900),
    ) -> list[Opened]:
        """Open messages one by one, a record for each bundle of two minutes.

        `token` gives the token shown at a moment; `pause` is the time between bundles, in seconds.
        """
        moment, done = bout.moment, []
        for messages in bundles:
            done += self._opened(bout.scene, token, moment, messages)
            moment += self.rng.randrange(*pause)
        return done

    def _opened(
        self, scene: Scene, token: Callable[[int], Token | None], moment: int, messages: list[Message]
    ) -> list[Opened]:
        """One bundle: what of it leaves a record, and what does not."""
        shown, why = token(moment), self.silence.why(scene.box, moment)
        if why:
            return [Opened(None, moment, messages, None, why)]
        kept, repeated = self.silence.split(_context(scene, shown), messages, moment)
        done = [Opened(None, moment, repeated, None, "suppressed")] if repeated else []
        if kept:
            record, throttled = chance.guid(self.rng), self.silence.count(scene.box, moment)
            line = audit.bind(scene, shown, moment, kept, record, throttled=throttled)
            self.export.audit(moment, line)
            done.append(Opened(record, moment, kept))
        return done

    def _beside(self, scene: Scene, token: Callable[[int], Token], last: Opened) -> None:
        """What people do beside opening: attachments, answers, tidying up, documents."""
        rng, client = self.rng, scene.client
        moment = last.moment + rng.randrange(5, 100)
        if client.kind == "owa" and rng.random() < 0.12 and not self.silence.why(scene.box, moment):
            record, size = chance.guid(rng), rng.randrange(10**6)
            line = audit.attachment(scene, token(moment), moment, last.messages[0], record, size)
            self.export.audit(moment, line)
        if scene.actor is scene.box and client.kind != "imap" and rng.random() < 0.3:
            kind = rng.choices(("Send", "Create", "MoveToDeletedItems", "SoftDelete"), (45, 20, 25, 10))[0]
            line = audit.deed(scene, token(moment), moment, last.messages[-1], chance.guid(rng), kind)
            self.export.audit(moment, line)
        if client.kind == "owa" and rng.random() < 0.2:
            line = audit.file_opened(self.organisation, scene.actor, client, scene.spot, moment, rng)
            self.export.audit(moment, line)


def _dealt(messages: list[Message], counts: Sequence[int]) -> list[list[Message]]:
    """Messages in bundles of these sizes; no message twice, since a repeat within the hour leaves no record."""
    bundles, begin = [], 0
    for count in counts:
        if messages[begin : begin + count]:
            bundles.append(messages[begin : begin + count])
        begin += count
    return bundles


def _context(scene: Scene, token: Token | None) -> Context:
    """What an access must share with an earlier one to be its repeat."""
    return (scene.box.upn, scene.actor.upn, scene.spot.ip, scene.client.info, token.session if token else "")
