"""Which validators may be asked, and what their answers mean."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from brokenseal.errors import UsageError
from brokenseal.keys.forge import target as module
from brokenseal.keys.forge.target import Answer, CommandTarget, UrlTarget, target


@pytest.mark.parametrize(
    "where",
    [
        "http://example.org/mail", "https://192.0.2.1/", "http://0.0.0.0/", "http://10.0.0.1/", "http://169.254.169.254/",
        "http://127.0.0.1.attacker.example/", "http://127.0.0.1@attacker.example/", "http://attacker.example#127.0.0.1",
        "http://user:word@127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://[::]/",
        "http://[::ffff:127.0.0.1]/", "http://localhost.attacker.example/", "http:///mail", "http://127.0.0.1:99999/",
        "ftp://127.0.0.1/", "file:///etc/passwd", "HTTP://EXAMPLE.ORG/", "gopher://127.0.0.1/",
    ],
)  # fmt: skip
def test_no_address_but_this_machines_own(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(UsageError):
        target(where, {})


def test_localhost_only_where_it_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with pytest.raises(UsageError):
        target("http://localhost:8000/", {})


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:8000/a?b=c", "http://[::1]:8000/", "http://127.200.3.4/", "https://127.0.0.1/"]
)
def test_loopback_in_every_spelling_that_is_one(where: str) -> None:
    assert isinstance(target(where, {}), UrlTarget)


class _Validator(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "")
        self.seen.append((self.path, self.headers.get("Host", ""), token))
        if token.endswith("close"):
            self.connection.close()
            return
        status = int(token[-3:])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://192.0.2.1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        text = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["SAMLResponse"][0]
        self.seen.append((self.path, self.headers.get("Host", ""), self.headers.get("Cookie", text)))
        self.send_response(302)
        self.send_header("Location", "/")
        if text == "good+/=":
            self.send_header("Set-Cookie", "session=1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def validator() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Validator)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _Validator.seen.clear()
    yield f"http://localhost:{server.server_port}/mail?a=b"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        ("200", Answer("let in", "200")),
        ("204", Answer("let in", "204")),
        ("302", Answer("refused", "302")),
        ("401", Answer("refused", "401")),
        ("403", Answer("refused", "403")),
        ("500", Answer("no answer", "500")),
        ("close", Answer("refused", "the connection was closed")),
        ("a\nb", Answer("not sent", "no header can hold this text")),
    ],
)
def test_what_an_address_says(validator: str, token: str, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    # a proxy of the environment would be somebody else
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    assert target(validator, {}).ask(token) == answer
    for path, host, _ in _Validator.seen:
        assert (path, host) == ("/mail?a=b", validator.split("/")[2])


def test_a_consumer_of_documents_opens_a_session(validator: str) -> None:
    asked = target(validator, {}, saml=True)
    assert asked.ask("good+/=") == Answer("let in", "302")
    # no session of the first is carried into the second
    assert asked.ask("bad") == Answer("refused", "302")
    assert [text for _, _, text in _Validator.seen] == ["good+/=", "bad"]


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert target(f"http://127.0.0.1:{port}/", {}).ask("x").verdict == "no answer"


def command(tmp_path: Path, body: str) -> CommandTarget:
    script = tmp_path / "validator.py"
    script.write_text(f"import os, sys, time\ntoken = sys.stdin.read()\n{body}\n")
    found = target(f"{sys.executable} {script} {{keys}}", {"keys": "/k k", "policy": "/p"})
    assert isinstance(found, CommandTarget)
    return found


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("sys.exit(0 if token == 'x.y.z' else 1)", Answer("let in", "exit 0")),
        ("sys.exit(1)", Answer("refused", "exit 1")),
        ("sys.exit(3)", Answer("refused", "exit 3")),
        ("os.abort()", Answer("no answer", "ended by signal 6")),
        ("sys.exit(127)", Answer("no answer", "exit 127")),
        ("sys.exit(sys.argv[1] != '/k k' or os.environ['BROKENSEAL_POLICY'] != '/p')", Answer("let in", "exit 0")),
    ],
)
def test_what_a_command_says(tmp_path: Path, body: str, answer: Answer) -> None:
    assert command(tmp_path, body).ask("x.y.z") == answer


def test_a_command_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 1.0)
    assert command(tmp_path, "time.sleep(60)").ask("x").verdict == "no answer"


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    # the semicolon and all behind it are words for the command
    asked = target(f"{sys.executable} -c 'import sys; sys.exit(len(sys.argv) != 4)' ; touch {tmp_path}/broken", {})
    assert asked.ask("x") == Answer("let in", "exit 0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["", "no-such-command-anywhere", "'unclosed"])
def test_no_command(words: str) -> None:
    with pytest.raises(UsageError):
        target(words, {})
