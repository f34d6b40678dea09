"""The one client to the outside.

What: `fetched` gives the bytes behind a URL that a person named. Why: all that leaves this machine goes through one door,
so that one can see what that is. How: https, or http to this machine itself; redirects stay https and are few; the answer
is bounded in size and time; no cookie, no credential, no body. Raises InputError with the URL and the reason.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from brokenseal.errors import InputError, UsageError

MOST_BYTES = 16 << 20
SECONDS = 20.0
REDIRECTS = 3


def is_url(text: str) -> bool:
    """It names something outside, and not a file."""
    return text.startswith(("https://", "http://"))


def is_loopback(host: str | None) -> bool:
    """The address is this machine's own, by number or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def allowed(url: str) -> None:
    """Raises UsageError unless the URL is https, or http to this machine, without a name or password in it."""
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        named = bool(parts.hostname) and not (parts.username or parts.password)
    except ValueError:
        secure = named = False
    if not secure or not named:
        raise UsageError(f"{_shown(url)}: https only (http to this machine), and no password in it")


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    return url.split("?")[0].rsplit("@", 1)[-1][:200]


def fetched(url: str) -> bytes:
    """The bytes behind a URL. Raises UsageError for one that is not allowed, InputError where it cannot be had."""
    import httpx

    from brokenseal import __version__

    headers = {"User-Agent": f"brokenseal/{__version__}", "Accept": "application/json, application/xml, */*"}
    try:
        with httpx.Client(timeout=SECONDS, headers=headers, follow_redirects=False) as client:
            for _ in range(REDIRECTS + 1):
                allowed(url)
                with client.stream("GET", url) as answer:
                    if answer.is_redirect:
                        url = str(answer.url.join(answer.headers["location"]))
                        continue
                    if answer.status_code != 200:
                        raise InputError(f"{_shown(url)}: answered {answer.status_code}")
                    return _body(answer, url)
    except httpx.HTTPError as error:
        raise InputError(f"{_shown(url)}: {str(error) or type(error).__name__}") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InputError(f"{_shown(url)}: not a URL") from error
    raise InputError(f"{_shown(url)}: redirected too often")


def _body(answer: object, url: str) -> bytes:
    out = bytearray()
    for part in answer.iter_bytes():  # type: ignore[attr-defined]
        out += part
        if len(out) > MOST_BYTES:
            raise InputError(f"{_shown(url)}: more than {MOST_BYTES >> 20} MB")
    return bytes(out)
