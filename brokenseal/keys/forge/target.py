"""A validator of one's own, reached: a loopback address, or a command. Nothing else is ever spoken to.

What: an address gets a request with the token as `Authorization: Bearer`, a command gets the token on its standard input.
Why loopback alone: forged tokens sent to somebody else's door are an attack. How: the host must be a loopback address
written as one, or `localhost` where all its addresses are; no proxy, no redirect is followed.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import SplitResult, urlsplit

from brokenseal.errors import UsageError

if TYPE_CHECKING:
    import httpx

Verdict = Literal["let in", "refused", "no answer", "not sent"]
SECONDS = 30.0
MISSING = (126, 127)
"""Exit codes of a shell that could not start the command."""


@dataclass(frozen=True)
class Answer:
    """What the validator did with a token, and how it said so."""

    verdict: Verdict
    detail: str


class Target(Protocol):
    """A validator under test."""

    name: str

    def ask(self, token: str) -> Answer:
        """Present a token."""
        ...


def target(where: str, environment: Mapping[str, str], *, saml: bool = False) -> Target:
    """The validator that an address or a command names. Raises UsageError for any address but a loopback one.

    saml: it takes SAML responses, which an address gets as the form field SAMLResponse. environment: names and paths that a
    command may ask for, as variables and as {name} in its arguments.
    """
    scheme = where.split(":", 1)[0].lower()
    if scheme in ("http", "https") and "//" in where:
        return UrlTarget(where, saml=saml)
    if "://" in where.split(" ", 1)[0]:
        raise UsageError(f"{scheme}: only http and https addresses on this machine, or a command")
    return CommandTarget(where, environment)


class UrlTarget:
    """An address on this machine. 2xx lets in; 3xx and 4xx refuse; anything else is no answer.

    Of SAML responses, a redirect that sets a cookie lets in as well: that is how such a service opens a session.
    """

    def __init__(self, url: str, *, saml: bool = False) -> None:
        import httpx

        self._saml = saml

        parts = urlsplit(url)
        address = _loopback(parts)
        self.name = url
        # the address that was checked is the one spoken to, whatever the name says a moment later
        self._url = httpx.URL(url).copy_with(host=address)
        self._host = parts.netloc
        # loopback: nobody stands between, and a test's certificate is its own
        self._client = httpx.Client(trust_env=False, follow_redirects=False, verify=False, timeout=SECONDS)

    def ask(self, token: str) -> Answer:
        """Send the token in a GET, or the SAML response in a POST."""
        import httpx

        headers = {"Host": self._host}
        try:
            if self._saml:
                answer = self._client.post(self._url, headers=headers, data={"SAMLResponse": token})
            else:
                answer = self._client.get(self._url, headers={**headers, "Authorization": f"Bearer {token}"})
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            return Answer("not sent", "no header can hold this text")
        except httpx.TimeoutException:
            return Answer("no answer", f"nothing within {SECONDS:.0f} s")
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return Answer("refused", "the connection was closed")
        except httpx.HTTPError as error:
            return Answer("no answer", _said(error))
        status = answer.status_code
        opened = self._saml and 300 <= status < 400 and "set-cookie" in answer.headers
        self._client.cookies.clear()
        if 200 <= status < 300 or opened:
            return Answer("let in", str(status))
        return Answer("refused" if 300 <= status < 500 else "no answer", str(status))


def _said(error: httpx.HTTPError) -> str:
    return "nobody listens there" if "refused" in str(error).lower() else type(error).__name__


def _loopback(parts: SplitResult) -> str:
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
        if found and all(ipaddress.ip_address(a).is_loopback for a in found):
            return sorted(found)[0]
        raise UsageError(refusal)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UsageError(refusal) from None
    if not address.is_loopback:
        raise UsageError(refusal)
    return str(address)


class CommandTarget:
    """A command that reads a token and exits 0 to let it in; 1 to 125 refuse. No shell is between."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"the command cannot be split into words: {error}") from None
        for name, value in environment.items():
            words = [word.replace("{" + name + "}", value) for word in words]
        if not words or shutil.which(words[0]) is None:
            raise UsageError(f"no such command: {words[0] if words else 'none'}")
        self.name = command
        self._words = words
        self._environment = {**os.environ, **{f"BROKENSEAL_{n.upper()}": v for n, v in environment.items()}}

    def ask(self, token: str) -> Answer:
        """Run the command once, the token on its standard input."""
        try:
            ended = subprocess.run(
                self._words,
                input=token.encode(),
                capture_output=True,
                timeout=SECONDS,
                env=self._environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer("no answer", f"nothing within {SECONDS:.0f} s")
        except OSError as error:
            return Answer("no answer", str(error.strerror))
        code = ended.returncode
        if code == 0:
            return Answer("let in", "exit 0")
        if code < 0 or code in MISSING:
            return Answer("no answer", f"ended by signal {-code}" if code < 0 else f"exit {code}")
        return Answer("refused", f"exit {code}")
