"""A validator of one's own, reached: a loopback address, or a command. Nothing else is ever spoken to.

What: an address gets a request with the token as `Authorization: Bearer`, a command gets the token on its standard input.
Why loopback alone: forged tokens sent to somebody else's door are an attack. How: `outside.OwnMachine` speaks, and to nobody
but this machine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from brokenseal import outside
from brokenseal.errors import UsageError

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
        self.name, self._saml = url, saml
        self._address = outside.OwnMachine(url, SECONDS)

    def ask(self, token: str) -> Answer:
        """Send the token in a GET, or the SAML response in a POST."""
        if self._saml:
            reply = self._address.post({"SAMLResponse": token})
        else:
            reply = self._address.get({"Authorization": f"Bearer {token}"})
        if reply.status is None:
            verdicts: dict[str, Verdict] = {outside.UNSENDABLE: "not sent", outside.CLOSED: "refused"}
            return Answer(verdicts.get(reply.failure, "no answer"), reply.failure)
        if 200 <= reply.status < 300 or (self._saml and 300 <= reply.status < 400 and reply.cookie):
            return Answer("let in", str(reply.status))
        return Answer("refused" if 300 <= reply.status < 500 else "no answer", str(reply.status))


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
