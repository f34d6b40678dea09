"""What the provider's log keeps silent about, and why: throttled mailboxes, repeats, mailboxes not audited, lost hours."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from brokenseal.drill import chance
from brokenseal.drill.people import Message, Person

THROTTLE = 1000
BLIND_SECONDS = 24 * 3600
REPEAT_SECONDS = 3600
Context = tuple[str, ...]
"""What makes a repeat one: mailbox, address, client, who, session. Source: the provider's page on such records."""


class Blind(NamedTuple):
    """A time in which the log keeps silent: of one mailbox, or of the whole organisation (None). Seconds since 1970."""

    box: str | None
    begin: int
    end: int
    why: str
    sync: bool
    """Synchronised folders are silent too."""


class Silence:
    """What one organisation's log leaves out."""

    def __init__(self) -> None:
        self.blind: list[Blind] = []
        self._counted: dict[str, deque[int]] = {}
        self._seen: dict[tuple[Context, str], int] = {}

    def add(self, box: Person | None, begin: int, end: int, why: str, *, sync: bool = True) -> None:
        """Silence from one moment to another."""
        self.blind.append(Blind(box.upn if box else None, begin, end, why, sync))

    def why(self, box: Person, moment: int, *, sync: bool = False) -> str:
        """Why an access at this moment leaves no record; empty where it leaves one."""
        for blind in self.blind:
            if blind.begin < moment < blind.end and blind.box in (None, box.upn) and (blind.sync or not sync):
                return blind.why
        return ""

    def lost(self, moment: int) -> bool:
        """Whether nothing at all of this moment came through."""
        return any(b.box is None and b.begin < moment < b.end for b in self.blind)

    def count(self, box: Person, moment: int) -> bool:
        """Count one record of opened messages; True where it is the one that says that the log falls silent now."""
        recent = self._counted.setdefault(box.mailbox_guid, deque(maxlen=THROTTLE + 1))
        recent.append(moment)
        if len(recent) <= THROTTLE or recent[-1] - recent[0] >= BLIND_SECONDS:
            return False
        recent.clear()
        self.add(box, moment, moment + BLIND_SECONDS, "throttled", sync=False)
        return True

    def is_repeat(self, context: Context, what: str, moment: int) -> bool:
        """Whether this was opened from the same context within the hour, so that no record is written."""
        before = self._seen.get((context, what))
        if before is not None and before <= moment < before + REPEAT_SECONDS:
            return True
        self._seen[(context, what)] = moment
        return False

    def split(self, context: Context, messages: list[Message], moment: int) -> tuple[list[Message], list[Message]]:
        """Messages that leave a record, and those that do not, since they were opened within the hour."""
        kept: list[Message] = []
        repeated: list[Message] = []
        for message in messages:
            (repeated if self.is_repeat(context, message.message_id, moment) else kept).append(message)
        return kept, repeated

    def forget(self, before: int) -> None:
        """Drop what can make nothing a repeat any more."""
        self._seen = {key: moment for key, moment in self._seen.items() if moment >= before - chance.DAY}
