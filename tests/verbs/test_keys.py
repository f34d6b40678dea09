"""`brokenseal keys verify` and `keys test`, called as a person calls them."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jwt
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from brokenseal.keys import TokenGate
from brokenseal.keys.forge import trial
from brokenseal.keys.forge.smith import AUDIENCE, HOME, Smith, demanded
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import Policy
from tests.keys.test_gate import application, serve
from tests.verbs.called import Done, call

Calls = Callable[..., Done]
ISSUER = f"https://login.microsoftonline.com/{HOME}/v2.0"
NAMES = ("--audience", AUDIENCE, "--tenant", HOME)


@pytest.fixture
def keys(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Calls:
    return lambda *words: call(capsys, monkeypatch, "keys", *words)


@pytest.fixture(scope="module")
def smith() -> Smith:
    return Smith(demanded("entra-v2"), int(time.time()))


@pytest.fixture
def known(smith: Smith, tmp_path: Path) -> Path:
    return Path(trial.write(smith, tmp_path)["keys"])


def forged(smith: Smith) -> str:
    return smith.sign(smith.claims(), smith.key("consumers"))


def test_tokens_of_a_file(keys: Calls, smith: Smith, known: Path, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"{smith.genuine()}\n\nBearer {forged(smith)}\r\n")
    done = keys("verify", file, "--keys", known, *NAMES)
    assert (done.code, done.err) == (3, "")
    assert "token 1: let in" in done.out
    assert "token 2: refused by rule 3, key-issuer" in done.out
    assert forged(smith)[:40] not in done.out
    assert keys("verify", file, "--keys", known, *NAMES, "--at", "2020-01-01").code == 3


def test_a_token_of_standard_input_as_json(
    keys: Calls, smith: Smith, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(smith.genuine().encode())))
    done = keys("verify", "--keys", known, *NAMES, "--json")
    (told,) = json.loads(done.out)
    assert (done.code, told["verdict"], told["refused_by"]) == (0, "accepted", None)
    assert [r["rule"] for r in told["rules"]] == [0, 0, *range(1, 16)]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--policy", "entra-v3"), 64, "entra-v1, entra-v2, google, oidc"),
        (("--keys", "/nowhere"), 64, "No such file"),
        (("--at", "yesterday"), 64, "--at yesterday"),
        ((), 64, "no token"),
    ],
)
def test_what_is_wrong_is_one_line(
    keys: Calls, known: Path, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    (tmp_path / "none").write_text("\n\n")
    given = ["verify", tmp_path / "none", *NAMES, "--keys", known, *words]
    done = keys(*given)
    assert done.code == code and says in done.err and done.err.count("\n") == 1


def test_a_file_that_is_not_there(keys: Calls, known: Path) -> None:
    assert keys("verify", "/nowhere/tokens", "--keys", known, *NAMES).code == 1


CARELESS = """import base64, json, sys
head, body, signature = sys.stdin.read().split(".")
claims = json.loads(base64.urlsafe_b64decode(body + "=="))
sys.exit(claims["aud"] != "AUDIENCE")
"""


def test_a_careless_command(keys: Calls, tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(CARELESS.replace("AUDIENCE", AUDIENCE))
    done = keys("test", f"{sys.executable} -I -S {script}", "--keys", tmp_path / "made")
    assert done.code == 3
    first = done.out.splitlines()[2]
    assert first.startswith("let in") and "key-scope-2023" in first and "3 key-issuer" in first
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == ["keys.json", "metadata.xml", "policy.json"]
    assert "audience-other" not in done.out


def test_a_careless_consumer_of_saml(keys: Calls, tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text("import base64, sys\nsys.exit(b'SignatureValue' not in base64.b64decode(sys.stdin.read()))\n")
    done = keys("test", "--saml", f"{sys.executable} -I -S {script}", "--json")
    told = json.loads(done.out)
    assert (done.code, told["forgeries"][0]["name"]) == (3, "saml-key-scope")
    refused = [f["name"] for f in told["forgeries"] if f["verdict"] == "refused"]
    assert refused == ["saml-unsigned"]


def test_a_command_that_refuses_all(keys: Calls) -> None:
    done = keys("test", f"{sys.executable} -I -S -c 'raise SystemExit(1)'", "--wait", "0", "--json")
    told = json.loads(done.out)
    assert (done.code, told["shows"], told["forgeries"]) == (2, False, [])


@pytest.mark.parametrize("where", ["http://example.org/", "http://192.0.2.7:8080/mail", "no-such-command"])
def test_nowhere_else(keys: Calls, where: str) -> None:
    done = keys("test", where)
    assert (done.code, done.out) == (64, "") and done.err.count("\n") == 1


def test_an_address_of_ones_own(keys: Calls, tmp_path: Path) -> None:
    """A service that fetches the key set when it meets an unknown key, as services do."""
    folder = tmp_path / "made"
    stranger = Smith(demanded("entra-v2"), int(time.time()))

    def fetch() -> keyset.TrustedKeys:
        return keyset.read(folder / "keys.json")

    # this service was not told which sessions were revoked
    told = msgspec.structs.replace(stranger.terms, revoked=())
    guarded = Policy(told, keyset.trusted(stranger.jwks(["home"])), fetch)
    server, thread, url = serve(TokenGate(application(), guarded, log=tmp_path / "tokens.jsonl"))
    try:
        done = keys("test", f"{url}/mail", "--keys", folder)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
    assert done.code == 3
    assert [line.split()[2] for line in done.out.splitlines() if line.startswith("let in")] == ["session-revoked"]


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
def test_metadata_and_keys_served_to_a_stock_library(keys: Calls, tmp_path: Path) -> None:
    """PyJWT fetches the key set from the address that the verb offers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def validate(request: Request) -> JSONResponse:
        client = jwt.PyJWKClient(f"http://127.0.0.1:{port}/keys")
        token = request.headers["authorization"].removeprefix("Bearer ")
        try:
            key = await asyncio.to_thread(client.get_signing_key_from_jwt, token)
            jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
        except (jwt.PyJWTError, RecursionError, AttributeError, TypeError):
            return JSONResponse({}, 401)
        return JSONResponse({})

    server, thread, url = serve(Starlette(routes=[Route("/mail", validate)]))
    try:
        done = keys("test", f"{url}/mail", "--serve", port, "--json")
    finally:
        server.should_exit = True
        thread.join(timeout=20)
    told = json.loads(done.out)
    assert (done.code, told["shows"]) == (3, True)
    first = told["forgeries"][0]
    assert (first["name"], first["verdict"], first["rule"]) == ("key-scope-2023", "let in", 3)
    assert told["counts"]["let in"] + told["counts"]["refused"] + told["counts"]["not sent"] == len(told["forgeries"])
