"""How figures are said: times, counts, rarity. One place, so that page and terminal say the same.

A count of messages always says "at least", since a log shows what was recorded, not all that happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

MEANING = {
    "intrusion": "Somebody got in.",
    "suspicion": "Something does not fit, and it is not enough to say that somebody got in.",
    "nothing found": "No record of access by an intruder in what these logs cover.",
    "cannot tell": "These logs do not suffice to say whether somebody got in.",
}
CERTAINTY = {
    "listed": "named in the record of the access",
    "list": "asked for in a list that names no message",
    "folder": "its folder was synchronised",
    "unknown": "not known",
}
LINKS = {
    "token": "linked to its sign-in by its token",
    "session": "linked to a sign-in by its session",
    "circumstantial": "a sign-in of the same person and address lies near; no proof",
    "orphan": "no sign-in issued its token or session",
    "unlinkable": "the record names neither token nor session",
    "pending": "the sign-in logs that would show it are missing or not yet settled",
}


def moment(time: datetime | None) -> str | None:
    """A time as the answer holds it: ISO 8601 with Z, microseconds only where there are any."""
    return None if time is None else time.isoformat() + "Z"


def minute(text: str | None) -> str:
    """A time of the answer as people see it: to the minute, in UTC."""
    return "unknown" if text is None else f"{text[:10]} {text[11:16]}"


def day(text: str | None) -> str:
    """The date of a time of the answer."""
    return "unknown" if text is None else text[:10]


def many(number: int, one: str, more: str | None = None) -> str:
    """`1 mailbox`, `1,204 mailboxes`."""
    plural = more or (one + "es" if one.endswith(("x", "s")) else one + "s")
    return f"{number:,} {one if number == 1 else plural}"


def at_least(messages: int, folders: int) -> str:
    """What was accessed, as a lower bound."""
    parts = [f"at least {many(messages, 'message')}"] if messages or not folders else []
    if folders:
        parts.append(f"{many(folders, 'whole folder')}, of which every message must be taken as accessed")
    return " and ".join(parts)


def once(once_in: int) -> str:
    """A rarity as people understand one: how often a benign act would look at least this odd."""
    if once_in <= 1:
        return "nearly always"
    if once_in >= 10**9:
        return "less than once in a thousand million"
    rounded = once_in if once_in < 100 else int(float(f"{once_in:.2g}"))
    return f"about once in {rounded:,}"


def benign(once_in: int) -> str:
    """The same, where it stands alone."""
    return "as most benign acts are" if once_in <= 1 else f"{once(once_in)} benign acts"


def rarity(bits: float) -> int:
    """Bits to "once in"."""
    return max(1, round(2**bits))


def line(case: dict[str, Any], line_bits: float) -> str:
    """Where the case lies beside the line."""
    if case["bits"] < line_bits and case["severity"] in ("critical", "high"):
        return f"below the {line_bits} bits asked of a single visit; its visits together pass the line for groups"
    return f"the line lies at {line_bits} bits"


def still(ongoing: bool | None) -> str:
    """Whether they are still there."""
    return {
        True: "the last access lies within the last 72 hours looked at: take it that they are still there",
        False: "no record of further access since",
        None: "whether they are still there cannot be told: the log ends too soon after the last access",
    }[ongoing]


def counted(case: dict[str, Any]) -> tuple[int, int]:
    """Messages and folders of a case; a message accessed in two mailboxes is two."""
    boxes = case["mailboxes"]
    return sum(len(m["messages"]) for m in boxes), sum(len(m["folders"]) for m in boxes)


def counts(box: dict[str, Any]) -> str:
    """What was accessed in one mailbox, in few words."""
    messages, folders = len(box["messages"]), len(box["folders"])
    parts = [f"at least {many(messages, 'message')}"] if messages or not folders else []
    return ", ".join([*parts, many(folders, "whole folder")] if folders else parts)


def accessed(case: dict[str, Any]) -> str:
    """What a case accessed, as a lower bound."""
    return at_least(*counted(case))
