"""A policy set before a web application (ASGI 3): tokens are judged and logged before the application sees a request.

What: one `Authorization: Bearer` header, judged by `verify`; a line in the log for every token, let in or not. Why: what
was never logged cannot be looked for. How: a refused caller learns that it was refused and not by which rule; a record that
cannot be written refuses the token (rule 15). Misses: a proxy's word on the caller's address is not taken.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from pathlib import Path
from typing import Any

from brokenseal.errors import TokenRefused
from brokenseal.keys.verifier.policy import Policy
from brokenseal.keys.verifier.record import LineLog
from brokenseal.keys.verifier.verify import verify

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
STATE = "brokenseal.token"


class TokenGate:
    """ASGI middleware. `log`: a file, or a function that takes a record and raises OSError where it cannot keep it.

    `service` names the service in its log, by default its first audience. `open_paths` ask for no token. The application
    finds what was let in as scope["brokenseal.token"], a Verified.
    Example: app = TokenGate(app, policy("entra-v2", keys=..., audiences=..., tenants=...), log=Path("tokens.jsonl"))
    """

    def __init__(
        self, app: App, policy: Policy, *, log: Path | Callable[[dict[str, Any]], None], service: str | None = None,
        open_paths: Collection[str] = (), clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.app, self.policy, self.clock = app, policy, clock
        self.log = LineLog(log) if isinstance(log, Path) else log
        self.service = service or policy.terms.audiences[0]
        self.open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope.get("path") in self.open_paths:
            await self.app(scope, receive, send)
            return
        status = await self._judged(scope)
        if status is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _answer(send, status)

    async def _judged(self, scope: Scope) -> int | None:
        """The status to refuse with, or None and the token in the scope."""
        token = _bearer(scope)
        if token is None:
            return 401
        now = self.clock()
        # fetching a key set anew would hold up every other request
        work = verify if self.policy.refresh is None else None
        try:
            found = (
                work(token, self.policy, now=now)
                if work
                else await asyncio.to_thread(verify, token, self.policy, now=now)
            )
        except TokenRefused as refused:
            return 401 if self._kept(refused.record, scope) else 503
        scope[STATE] = found
        return None if self._kept(found.record, scope) else 503

    def _kept(self, found: dict[str, Any], scope: Scope) -> bool:
        found["id"] = str(uuid.uuid4())
        found["service"] = self.service
        found["ip"] = scope["client"][0] if scope.get("client") else None
        agents = [v for n, v in scope["headers"] if n.lower() == b"user-agent"]
        found["agent"] = agents[0][:400].decode("latin-1") if agents else None
        try:
            self.log(found)
        except OSError:
            return False
        return True


def _bearer(scope: Scope) -> bytes | None:
    """The one bearer token of a request; None where there is none, or more than one."""
    headers = [v for n, v in scope["headers"] if n.lower() == b"authorization"]
    if len(headers) != 1:
        return None
    scheme, _, token = headers[0].partition(b" ")
    return bytes(token) if scheme.lower() == b"bearer" and token else None


async def _answer(send: Send, status: int) -> None:
    body = json.dumps({"error": "invalid_token" if status == 401 else "temporarily_unavailable"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer error="invalid_token"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
