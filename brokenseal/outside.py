"""The one client to the outside.

What: `fetched` gives the bytes behind a URL that a person named. Why: all that leaves this machine goes through one door,
so that one can see what that is. How: https, or http to this machine itself; redirects stay https and are few; the answer
is bounded in size and time; no cookie, no credential, no body. Raises InputError with the URL and the reason.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from brokenseal.errors import InputError, UsageError

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 16 << 20
SECONDS = 20.0
"""Of silence."""
LONGEST = 60.0
"""Seconds for the whole."""
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


def allowed(url: str, *, led_by: str | None = None) -> None:
    """Raises UsageError unless the URL is https, or http to this machine, without a name or password in it.

    led_by: the URL that led here, by a redirect or by what its document says. Only this machine may lead to this machine:
    what listens here is nobody else's to call.
    """
    try:
        if led_by and is_loopback(urlsplit(url).hostname) and not is_loopback(urlsplit(led_by).hostname):
            raise UsageError(f"{_shown(url)}: {_shown(led_by)} leads to this machine")
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


def fetched(url: str, *, led_by: str | None = None) -> bytes:
    """The bytes behind a URL, in at most LONGEST seconds, however slowly they come.

    led_by: the URL whose document named this one, where no person did. Raises UsageError for one that is not allowed,
    InputError where it cannot be had.
    """
    import httpx

    try:
        return asyncio.run(_fetched(url, led_by))
    except TimeoutError as error:
        raise InputError(f"{_shown(url)}: no whole answer in {LONGEST:g} seconds") from error
    except httpx.HTTPError as error:
        raise InputError(f"{_shown(url)}: {str(error) or type(error).__name__}") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InputError(f"{_shown(url)}: not a URL") from error


async def _fetched(url: str, led_by: str | None) -> bytes:
    import httpx

    from brokenseal import __version__

    headers = {
        "User-Agent": f"brokenseal/{__version__}",
        "Accept": "application/json, application/xml, */*",
        # a few bytes may unpack to gigabytes
        "Accept-Encoding": "identity",
    }
    async with asyncio.timeout(LONGEST), httpx.AsyncClient(timeout=SECONDS, headers=headers) as client:
        for _ in range(REDIRECTS + 1):
            allowed(url, led_by=led_by)
            async with client.stream("GET", url) as answer:
                if answer.has_redirect_location:
                    url, led_by = str(answer.url.join(answer.headers["location"])), led_by or url
                    continue
                if answer.status_code != 200:
                    raise InputError(f"{_shown(url)}: answered {answer.status_code}")
                return await _body(answer, url)
    raise InputError(f"{_shown(url)}: redirected too often")


async def _body(answer: httpx.Response, url: str) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise InputError(f"{_shown(url)}: compressed, which nobody asked for")
    out = bytearray()
    async for part in answer.aiter_raw():
        out += part
        if len(out) > MOST_BYTES:
            raise InputError(f"{_shown(url)}: more than {MOST_BYTES >> 20} MB")
    return bytes(out)


@dataclass(frozen=True)
class Reply:
    """What an address said: a status and whether it set a cookie, or, without a status, why there is none."""

    status: int | None
    cookie: bool = False
    failure: str = ""


UNSENDABLE, CLOSED, SILENT = "no header can hold this text", "the connection was closed", "no answer in time"


class OwnMachine:
    """An address on this machine, and nothing else: for what must never be said to somebody else's.

    The host must be a loopback address written as one, or `localhost` where all its addresses are; the address that was
    checked is the one spoken to. No proxy, no redirect, no cookie kept, and of a certificate nothing is asked. Raises
    UsageError for any other address, before a connection is tried.
    """

    def __init__(self, url: str, seconds: float) -> None:
        import httpx

        parts = urlsplit(url)
        # whatever the name says a moment later
        self._url = httpx.URL(url).copy_with(host=_own(parts))
        self._host = {"Host": parts.netloc}
        self._client = httpx.Client(trust_env=False, follow_redirects=False, verify=False, timeout=seconds)

    def get(self, headers: Mapping[str, str]) -> Reply:
        """A GET with these headers."""
        return self._said("GET", headers, None)

    def post(self, form: Mapping[str, str]) -> Reply:
        """A POST of a form."""
        return self._said("POST", {}, form)

    def _said(self, method: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Reply:
        import httpx

        try:
            answer = self._client.request(method, self._url, headers={**self._host, **headers}, data=form)
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            return Reply(None, failure=UNSENDABLE)
        except httpx.TimeoutException:
            return Reply(None, failure=SILENT)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return Reply(None, failure=CLOSED)
        except httpx.HTTPError as error:
            return Reply(None, failure=_why(error))
        self._client.cookies.clear()
        return Reply(answer.status_code, "set-cookie" in answer.headers)


def _why(error: httpx.HTTPError) -> str:
    return "nobody listens there" if "refused" in str(error).lower() else type(error).__name__


def _own(parts: SplitResult) -> str:
    """The loopback address to connect to. Raises UsageError for any other."""
    refusal = "only an address on this machine (127.0.0.1, ::1, localhost): forged tokens go nowhere else"
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(refusal) from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("an address without a user's name")
    if host.lower() == "localhost":
        try:
            found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port or 80, type=socket.SOCK_STREAM)}
        except OSError:
            found = set()
        if found and all(is_loopback(address) for address in found):
            return sorted(found)[0]
        raise UsageError(refusal)
    if not is_loopback(host):
        raise UsageError(refusal)
    return str(ipaddress.ip_address(host))
