"""A day of an organisation: who opens which mailbox, where, with what, and what the logs say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from brokenseal.drill import audit, chance, clients, places, post
from brokenseal.drill.audit import Scene
from brokenseal.drill.clients import Client, Token
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
FLOOD = 1001
"""Messages that an old program fetches one by one: one more than the provider names in a day."""


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

    def __init__(self, organisation: Organisation, earth: Earth, rng: Random, export: Export) -> None:
        self.organisation, self.earth, self.rng, self.export = organisation, earth, rng, export
        self.wallet = Wallet(organisation, rng, export)
        self.flood: tuple[Person, int] | None = None
        self.silence = Silence()
        self.today, self.now = 0, chance.EPOCH
        business = organisation.country.business
        self.archive = business.spot(f"{business.block(rng)}.{rng.randrange(2, 254)}")
        for person in organisation.people:
            for client in (person.laptop, person.web, person.phone):
                if client:
                    self.wallet.begin(client)
        post.deliver(rng, organisation, 30)

    def morning(self, day: int) -> None:
        """What a day begins with."""
        self.today, self.now = day, chance.EPOCH + day * chance.DAY
        self.silence.forget(chance.EPOCH + day * chance.DAY)
        post.deliver(self.rng, self.organisation, 5 if chance.weekday(day) else 2)
        if self.flood and self.flood[1] == day:
            self._flood(*self.flood)

    def day(self, day: int) -> None:
        """What people and programs do on one day."""
        working = chance.weekday(day)
        self._programs(day)
        self._noise(day)
        for person in self.organisation.people:
            self._changes(person, day)
            if self.rng.random() < (0.93 if working else WEEKEND):
                for bout in sorted(self._plan(person, day, working), key=lambda b: (b.moment, b.scene.box.upn)):
                    self._live(bout)
            self._background(person, day, working)

    # --- people

    def _changes(self, person: Person, day: int) -> None:
        """Journeys, and new devices now and then."""
        rng = self.rng
        if person.trip_until < day and rng.random() < TRIP:
            country = self.organisation.country if rng.random() < 0.6 else rng.choice(self.earth.countries)
            person.trip, person.trip_pool = rng.choice(country.hotels), rng.choice(country.pools)
            person.trip_until = day + rng.randrange(1, 5)
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
        why = self.silence.why(scene.box, moment)
        if why:
            return [Opened(None, moment, messages, None, why)]
        shown = token(moment)
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

    def _flood(self, person: Person, day: int) -> None:
        """An old mail program fetches all mail anew; past a thousand records in a day, binds go unlogged for a day."""
        post.stock(self.rng, person, FLOOD)
        held = list(person.mail)
        scene = self.scene(person, person, clients.imap(), person.home.spot(day))
        moment = chance.EPOCH + day * chance.DAY + 9 * 3600
        self.bind(Bout(moment, scene), lambda _: None, [[message] for message in held[-FLOOD:]], (1, 9))

    # --- programs

    def _background(self, person: Person, day: int, working: bool) -> None:
        """The provider's own readers: more than half of all binds, without any id."""
        rng = self.rng
        for _ in range(rng.randrange(1, 6) if working else rng.randrange(0, 3)):
            moment = chance.EPOCH + day * chance.DAY + rng.randrange(chance.DAY)
            messages = post.newest(rng, person, rng.choices((1, 2, 3, 5), (60, 20, 12, 8))[0], 12)
            if self.silence.why(person, moment):
                continue
            line = audit.background(
                self.organisation, person, places.background(rng), moment, messages, chance.guid(rng),
                rng.choices((0, 1, 2), (80, 15, 5))[0],
            )  # fmt: skip
            self.export.audit(moment, line)

    def _programs(self, day: int) -> None:
        """At night, the archive that may open every mailbox, and an automation that opens none."""
        rng, org = self.rng, self.organisation
        begin = chance.EPOCH + day * chance.DAY + 3600 * 2 + rng.randrange(600)
        self.wallet.automation(begin, self.archive)
        token = self.wallet.application(begin, self.archive)
        for person in org.people:
            moment = begin + rng.randrange(20, 3300)
            if rng.random() < 0.5 or self.silence.why(person, moment):
                continue
            messages = post.newest(rng, person, rng.randrange(1, 5), 10)
            line = audit.application(org, person, places.front_end(rng), moment, messages, chance.guid(rng), token)
            self.export.audit(moment, line)

    def _noise(self, day: int) -> None:
        """What goes on in every organisation: the provider's upkeep, and strangers who guess passwords."""
        rng, org = self.rng, self.organisation
        for _ in range(1 + len(org.people) // 40):
            who, moment = rng.choice(org.people), chance.EPOCH + day * chance.DAY + rng.randrange(chance.DAY)
            self.export.audit(moment, audit.upkeep(org, who, moment, chance.guid(rng)))
            network = rng.choice(self.earth.hosting)
            spot = network.spot(f"{network.block(rng)}.{rng.randrange(1, 255)}")
            self.wallet.refused(rng.choice(org.people), clients.guesser(), spot, moment)


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
