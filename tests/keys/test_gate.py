"""The gate before a web application, under a real server; its log; and the log in a lake."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from brokenseal.keys import TokenGate
from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.forge.smith import PERSON
from brokenseal.keys.verifier.policy import Policy
from brokenseal.keys.verifier.record import LineLog
from tests.keys.conftest import House


async def _who(request: Request) -> JSONResponse:
    found = request.scope.get("brokenseal.token")
    return JSONResponse({"subject": list(found.subject) if found else None})


def application() -> Starlette:
    return Starlette(routes=[Route("/mail", _who), Route("/health", _who)])


def serve(app: Any) -> tuple[uvicorn.Server, threading.Thread, str]:
    """An application under uvicorn on a loopback port, as soon as it answers."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return server, thread, f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def now_house() -> House:
    return House("entra-v2", int(time.time()))


@pytest.fixture
def served(now_house: House, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a guarded service, and its log."""
    log = tmp_path / "tokens.jsonl"
    gate = TokenGate(application(), now_house.policy, log=log, service="mail.harbour.example", open_paths=["/health"])
    server, thread, url = serve(gate)
    yield url, log
    server.should_exit = True
    thread.join(timeout=20)


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_who_is_let_in(served: tuple[str, Path], now_house: House) -> None:
    url, log = served
    token = now_house.smith.genuine(uti="3kVZRE8tFkinHtPA7_EFAA")
    with httpx.Client(trust_env=False) as client:
        told = client.get(f"{url}/mail", headers={**bearer(token), "User-Agent": "Reader/1.0"})
        assert (told.status_code, told.json()) == (200, {"subject": [now_house.smith.tenant, PERSON]})
        assert client.get(f"{url}/health").json() == {"subject": None}
        for headers in ({}, {"Authorization": token}, {"Authorization": "Basic eDp5"}):
            assert client.get(f"{url}/mail", headers=headers).status_code == 401
        twice = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
        assert client.get(f"{url}/mail", headers=twice).status_code == 401
        forged = client.get(f"{url}/mail", headers=bearer(now_house.token("consumers")))
    assert (forged.status_code, forged.json()) == (401, {"error": "invalid_token"})
    # which rule refused is for the log, not for the caller
    assert "key" not in forged.headers["www-authenticate"] + forged.text
    good, bad = lines(log)
    assert (good["verdict"], good["rule"], good["uti"]) == ("accepted", None, "3kVZRE8tFkinHtPA7_EFAA")
    assert (good["service"], good["ip"], good["agent"]) == ("mail.harbour.example", "127.0.0.1", "Reader/1.0")
    assert (bad["verdict"], bad["rule"]) == ("refused", "key-issuer")
    assert {"kid", "iss", "tid", "aud", "azp", "uti", "iat", "verdict"} <= set(good)
    assert log.stat().st_mode & 0o077 == 0


def test_no_forgery_passes_and_none_is_in_the_log(served: tuple[str, Path], now_house: House) -> None:
    url, log = served
    sent = []
    with httpx.Client(trust_env=False) as client:
        for forgery in corpus(now_house.smith):
            token = forgery.make(now_house.smith)
            try:
                assert client.get(f"{url}/mail", headers=bearer(token)).status_code in (400, 401, 431), forgery.name
                sent.append(token)
            except (httpx.LocalProtocolError, httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
                continue
    text = log.read_text()
    assert len(sent) > 100
    assert {line["verdict"] for line in lines(log)} == {"refused"}
    assert not [t for t in sent for part in t.split(".") if len(part) > 40 and part in text]


def test_what_cannot_be_logged_is_not_let_in(now_house: House, tmp_path: Path) -> None:
    gate = TokenGate(application(), now_house.policy, log=tmp_path / "no-such-folder" / "log")
    server, thread, url = serve(gate)
    try:
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"{url}/mail", headers=bearer(now_house.smith.genuine())).status_code == 503
            assert client.get(f"{url}/mail", headers=bearer(now_house.token("other"))).status_code == 503
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def drive(gate: TokenGate, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """One connection, its messages written down."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(gate(scope, receive, send))
    return sent


def test_a_socket_is_closed_before_it_opens(now_house: House) -> None:
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    kept: list[dict[str, Any]] = []
    gate = TokenGate(app, now_house.policy, log=kept.append)
    head = (b"authorization", b"Bearer " + now_house.token("other").encode())
    assert drive(gate, {"type": "websocket", "path": "/", "headers": [head]}) == [
        {"type": "websocket.close", "code": 1008}
    ]
    assert drive(gate, {"type": "lifespan"}) == []
    good = (b"Authorization", b"bearer " + now_house.smith.genuine().encode())
    assert drive(gate, {"type": "websocket", "path": "/", "headers": [good], "client": None}) == []
    assert (reached, [k["verdict"] for k in kept], kept[1]["ip"]) == (
        ["lifespan", "websocket"],
        ["refused", "accepted"],
        None,
    )


def test_a_fetch_holds_nobody_up(now_house: House) -> None:
    """While one request waits for a key set, another is answered."""
    waiting, go_on = threading.Event(), threading.Event()

    def fetch() -> Any:
        waiting.set()
        assert go_on.wait(timeout=20)
        return now_house.keys

    policy = Policy(now_house.policy.terms, now_house.keys, fetch)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        go_on.set()

    gate = TokenGate(app, policy, log=lambda found: None)

    async def both() -> None:
        async def nothing(*message: Any) -> Any:
            return {}

        def scope(token: str) -> dict[str, Any]:
            return {"type": "http", "path": "/", "headers": [(b"authorization", b"Bearer " + token.encode())]}

        slow = asyncio.create_task(gate(scope(now_house.token("attacker")), nothing, nothing))
        while not waiting.is_set():
            await asyncio.sleep(0.01)
        await gate(scope(now_house.smith.genuine()), nothing, nothing)
        await slow

    asyncio.run(both())
    assert go_on.is_set()


def test_many_writers_one_line_each(tmp_path: Path) -> None:
    log = LineLog(tmp_path / "log")

    def write(name: int) -> None:
        for number in range(100):
            log({"name": name, "number": number, "filler": "x" * 300})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(line["name"], line["number"]) for line in lines(tmp_path / "log")}) == 800


def test_a_log_may_be_moved_away(tmp_path: Path) -> None:
    log = LineLog(tmp_path / "log")
    log({"a": 1})
    (tmp_path / "log").rename(tmp_path / "log.1")
    log({"a": 2})
    assert (lines(tmp_path / "log.1"), lines(tmp_path / "log")) == ([{"a": 1}], [{"a": 2}])
