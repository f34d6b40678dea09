"""Sessions and tokens: who signs in when, which token an access shows, and what the sign-in logs say of it.

One sign-in that asks a person opens a session; the tokens that follow renew themselves without asking, each with a
sign-in record of its own, whose id the token carries. The issue time written in a token lies five minutes before its
issuance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from brokenseal.drill import audit, chance, clients, signins
from brokenseal.drill.clients import Client, Token
from brokenseal.drill.exports import Export
from brokenseal.drill.people import Organisation, Person, Program
from brokenseal.drill.places import Spot

STRAY = {"owa": 0.002, "outlook": 0.003, "mobile": 0.012}
"""Share of visits whose token and session are in no log that was kept, by kind of client: phones are the worst."""
PARTNER_SHOWN = 0.5
"""Share of a partner's sign-ins that the organisation's own log shows; the others are in the partner's."""
BEFORE = {"owa": 0.6, "outlook": 0.95, "mobile": 0.95, "activesync": 0.95, "imap": 0.95}
"""Share of clients whose session was opened before the logs begin."""
SESSION_DAYS = {"owa": (3, 14), "outlook": (20, 90), "mobile": (30, 90), "activesync": (30, 90), "imap": (30, 90)}
WRONG_PASSWORD = 50126


@dataclass
class Wallet:
    """Gives the clients of one organisation their tokens and writes the sign-ins that issue them."""

    organisation: Organisation
    rng: Random
    export: Export

    def begin(self, client: Client, day: int = 0) -> None:
        """Give a client the session that it brings along, where it has one."""
        if self.rng.random() < BEFORE[client.kind]:
            self._open(client, chance.EPOCH + day * chance.DAY)

    def token(self, who: Person, client: Client, spot: Spot, moment: int) -> Token:
        """The token that an access at this moment shows; one that has run out is renewed first."""
        held = client.token
        if held and held.issued + 5 <= moment < held.expires:
            return held
        rng = self.rng
        issued = moment - rng.randrange(12, 60)
        asked = issued >= client.session_ends
        if asked:
            self._open(client, issued)
            if rng.random() < 0.08:
                self.refused(who, client, spot, issued - rng.randrange(15, 40))
        token = mint(rng, client.session, issued, self._life(client))
        client.token = token
        line = signins.user(self.organisation, who, client, spot, issued, token, rng, interactive=asked)
        self.export.signin(signins.STREAMS[0 if asked else 1], issued, line)
        if asked:
            self._echo(who, client, spot, issued, token, 0)
        return token

    def stray(self, moment: int, client: Client) -> Token | None:
        """Now and then a token that no kept log issued: service to service, or lost with its whole session."""
        if self.rng.random() >= STRAY.get(client.kind, 0.0):
            return None
        return mint(self.rng, chance.session_id(self.rng), moment - self.rng.randrange(20, 1800), self._life(client))

    def application(self, program: Program, moment: int, spot: Spot) -> Token:
        """A token of one of the organisation's own applications, by its secret."""
        token = mint(self.rng, "", moment, 3600)
        line = signins.service(
            self.organisation,
            program.app_id,
            program.object_id,
            program.name,
            spot,
            moment,
            token,
            clients.GRAPH,
            self.rng,
        )
        self.export.signin(signins.STREAMS[2], moment, line)
        return token

    def acting(self, moment: int) -> Token:
        """A token from service to service, which no log of the organisation shows."""
        return mint(self.rng, "", moment - self.rng.randrange(15, 3000), 4500)

    def partner(self, who: Person, client: Client, spot: Spot, moment: int, home: str) -> Token:
        """A token of somebody from another organisation, issued there; the sign-in is seen here half the time."""
        rng, issued = self.rng, moment - self.rng.randrange(12, 60)
        token = replace(mint(rng, chance.session_id(rng), issued, 4500), tenant=home)
        if rng.random() < PARTNER_SHOWN:
            line = signins.user(self.organisation, who, client, spot, issued, token, rng, interactive=True)
            self.export.signin(signins.STREAMS[0], issued, line)
            self._echo(who, client, spot, issued, token, 0)
        return token

    def automation(self, moment: int, spot: Spot) -> None:
        """A managed identity at its nightly work, which opens no mail."""
        org, rng = self.organisation, self.rng
        line = signins.service(
            org, org.automation_id, org.automation_id, "Nightly Report", spot, moment, mint(rng, "", moment, 3600),
            clients.GRAPH, rng, managed=True,
        )  # fmt: skip
        self.export.signin(signins.STREAMS[3], moment, line)

    def _open(self, client: Client, moment: int) -> None:
        first, last = SESSION_DAYS[client.kind]
        client.session = chance.session_id(self.rng)
        client.session_ends = moment + self.rng.randrange(first * chance.DAY, last * chance.DAY)

    def _life(self, client: Client) -> int:
        hours = (20 * 3600, 28 * 3600) if client.long_lived else (3600, 5400)
        return self.rng.randrange(*hours)

    def refused(self, who: Person, client: Client, spot: Spot, moment: int) -> None:
        """A wrong password, by the person or by somebody who guesses."""
        failed = mint(self.rng, chance.session_id(self.rng), moment, 0)
        line = signins.user(
            self.organisation, who, client, spot, moment, failed, self.rng, interactive=True, error=WRONG_PASSWORD
        )
        self.export.signin(signins.STREAMS[0], moment, line)
        self._echo(who, client, spot, moment, failed, WRONG_PASSWORD)

    def _echo(self, who: Person, client: Client, spot: Spot, moment: int, token: Token, error: int) -> None:
        line = audit.signed_in(self.organisation, who, client, spot, moment, token.request, token.session, error)
        self.export.audit(moment, line)


def mint(rng: Random, session: str, issued: int, life: int) -> Token:
    """A token issued at `issued` (seconds since 1970), living `life` seconds."""
    request = chance.request_id(rng)
    return Token(request, chance.unique_token_id(request), session, issued, issued + life)
