"""Mail: what arrives in which mailbox, and which messages somebody opens."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random

from brokenseal.drill import chance
from brokenseal.drill.people import FOLDER_WEIGHTS, FOLDERS, Message, Person

SHARED = 0.3
"""Share of messages that go to several mailboxes of the organisation, under one Message-ID."""
PLACES = tuple(range(len(FOLDERS)))


def deliver(rng: Random, people: Sequence[Person], each: int) -> None:
    """`each` messages for everybody, on average; the last of a mailbox push its oldest out of reach."""
    for person in people:
        for _ in range(rng.randrange(1, 2 * each)):
            identity = f"<{rng.getrandbits(96):024X}@{person.server}.prod.mail.example>"
            put(rng, person, identity)
            if rng.random() < SHARED:
                for other in rng.sample(people, min(len(people), rng.randrange(1, 4))):
                    if other is not person:
                        put(rng, other, identity)


def put(rng: Random, person: Person, identity: str) -> None:
    """One message into one mailbox."""
    store = f"RgAAAAD{person.folder_ids[0][7:27]}BwB{chance.store_id(rng, 24)}AAAJ"
    item = (
        f'{{"Id":"{store}","ImmutableId":"LgAAAAB{chance.store_id(rng, 24)}",'
        f'"InternetMessageId":"{identity}","SizeInBytes":{rng.randrange(3000, 400000)}}}'
    )
    person.mail.append(Message(identity, rng.choices(PLACES, FOLDER_WEIGHTS)[0], item, store))


def stock(rng: Random, person: Person, count: int) -> None:
    """Old mail of years, so that the mailbox holds at least so many messages."""
    held = list(person.mail)
    person.mail = deque(maxlen=count)
    for _ in range(count - len(held)):
        put(rng, person, f"<{rng.getrandbits(96):024X}@{person.server}.prod.mail.example>")
    person.mail.extend(held)


def newest(rng: Random, person: Person, count: int, among: int = 40) -> list[Message]:
    """`count` different messages among the newest, fewer where the mailbox holds fewer."""
    size = len(person.mail)
    among = min(size, max(among, count))
    picked = rng.sample(range(size - among, size), min(count, among))
    return [person.mail[nth] for nth in picked]
