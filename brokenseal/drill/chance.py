"""Chance that can be repeated: every draw comes from a generator named by the seed, never from the machine."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

FIRST_DAY = datetime(2025, 9, 1, tzinfo=UTC)
EPOCH = int(FIRST_DAY.timestamp())
DAY = 86_400
# the provider's request ids end in one of three bytes, this often
ENDINGS = ("00",) * 75 + ("01",) * 14 + ("02",) * 11


def stream(seed: int, *names: object) -> Random:
    """A generator of its own for each purpose, so that one more draw here changes nothing there."""
    return Random("/".join(str(part) for part in (seed, *names)))


def guid(rng: Random) -> str:
    """A GUID of version 4."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


def request_id(rng: Random) -> str:
    """The id of a sign-in, with one of the endings that the provider gives."""
    return guid(rng)[:-2] + ENDINGS[rng.randrange(100)]


def session_id(rng: Random) -> str:
    """The id of a session: since 2025 it begins with 00 and names no GUID version."""
    text = f"{rng.getrandbits(120):030x}"
    return f"00{text[:6]}-{text[6:10]}-{text[10:14]}-{text[14:18]}-{text[18:]}"


def unique_token_id(request: str) -> str:
    """A request id as tokens carry it: base64url, unpadded, of the GUID's bytes in mixed order."""
    return base64.urlsafe_b64encode(uuid.UUID(request).bytes_le).rstrip(b"=").decode("ascii")


def store_id(rng: Random, size: int) -> str:
    """Base64 of `size` random bytes, as mail stores name what they hold."""
    return base64.b64encode(rng.randbytes(size)).decode("ascii")


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return (FIRST_DAY + timedelta(days=day)).strftime("%Y-%m-%d")


def stamp(moment: int) -> str:
    """Seconds since 1970 as `2025-09-01T08:00:00`, UTC."""
    day, second = divmod(moment - EPOCH, DAY)
    return f"{_date(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def weekday(day: int) -> bool:
    """Whether the day, counted from the window's first, is a working day."""
    return (FIRST_DAY.weekday() + day) % 7 < 5
