"""Forged tokens through the web client, after the intrusion of summer 2023."""

from __future__ import annotations

from random import Random

from brokenseal.drill import chance, clients, post
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.life import Bout, Life
from brokenseal.drill.people import Message, Person
from brokenseal.drill.places import Earth
from brokenseal.drill.truth import HostileVisit

NAME = "forged"
STORY = """Somebody holds a key that signs tokens which the mail service believes. From the middle of the window on he
opens the web client's interface from a few rented machines, with a browser string of his own: some mailboxes in each
organisation, a few messages a visit, every few days, for weeks. No sign-in issued what he shows; he knows what a token
id looks like, and writes issue times as the provider does. Sources: the provider's analysis of July 2023 and the review
board's report of April 2024."""
AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:102.0) Gecko/20100101 Firefox/102.0"
SHARE = 0.2
MOST_VICTIMS = 8
VISIT_SHARE = 0.35
CARELESS = 0.03


class Intruder:
    """One campaign over all organisations of a world. `days` is the world's length."""

    def __init__(self, seed: int, earth: Earth, days: int) -> None:
        rng = chance.stream(seed, NAME)
        self._spots = []
        for network in rng.sample(earth.hosting, 2):
            block = network.block(rng)
            self._spots += [network.spot(f"{block}.{last}") for last in rng.sample(range(2, 254), 2)]
        self.addresses = sorted(spot.ip for spot in self._spots)
        self._seed, self._begin = seed, days // 2
        self._victims: dict[int, list[int]] = {}

    def day(self, life: Life, day: int) -> list[HostileVisit]:
        """His visits to one organisation; each victim is opened by the campaign's third day at the latest."""
        if day < self._begin:
            return []
        rng = chance.stream(self._seed, NAME, life.organisation.number, day)
        session, spot = chance.session_id(rng), rng.choice(self._spots)
        visits = []
        for nth, person in enumerate(self._chosen(life)):
            if day == self._begin + nth % 3 or (rng.random() < VISIT_SHARE and chance.weekday(day)):
                bout = Bout(_moment(rng, day), life.scene(person, person, _client(), spot))
                visits.append(self._visit(life, bout, session, rng))
        return visits

    def _chosen(self, life: Life) -> list[Person]:
        number, people = life.organisation.number, life.organisation.people
        if number not in self._victims:
            rng = chance.stream(self._seed, NAME, "victims", number)
            count = min(MOST_VICTIMS, max(2, round(len(people) * SHARE)), len(people))
            self._victims[number] = rng.sample(range(len(people)), count)
        return [people[nth] for nth in self._victims[number]]

    def _visit(self, life: Life, bout: Bout, session: str, rng: Random) -> HostileVisit:
        token, scene = _forge(rng, session, bout.moment), bout.scene
        bundles: list[list[Message]] = []
        seen: set[str] = set()
        for _ in range(rng.randrange(1, 4)):
            # what he opened minutes ago leaves no second record
            picked = post.newest(rng, scene.box, rng.randrange(2, 11), 120)
            bundles.append([m for m in picked if m.message_id not in seen])
            seen.update(m.message_id for m in picked)
        opened = life.bind(bout, lambda _: token, [bundle for bundle in bundles if bundle])
        return HostileVisit(scene.org.tenant_id, scene.box.upn, scene.spot.ip, AGENT, opened)


def _moment(rng: Random, day: int) -> int:
    """His working day, which is not that of most victims."""
    return chance.EPOCH + day * chance.DAY + rng.randrange(3600, 11 * 3600)


def _client() -> Client:
    return Client(
        "owa", f"Client=OWA;{AGENT};", AGENT, clients.EXCHANGE, "", clients.OWA_CLIENT, "One Outlook Web", "full"
    )


def _forge(rng: Random, session: str, moment: int) -> Token:
    """A token that nobody issued; mostly with an ending that the provider gives."""
    request = chance.guid(rng) if rng.random() < CARELESS else chance.request_id(rng)
    issued = moment - rng.randrange(30, 2400)
    return Token(request, chance.unique_token_id(request), session, issued, issued + 4500)
