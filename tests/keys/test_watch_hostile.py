"""Issuers that mean harm, or do it: documents that are endless, huge, nested, misencoded; servers that hang or lead astray."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brokenseal import outside
from brokenseal.errors import InputError, UsageError
from brokenseal.keys import public
from brokenseal.keys.watch import watch
from brokenseal.keys.watch.documents import parsed
from brokenseal.lake import Lake
from tests.keys import issuers
from tests.keys.issuers import key_set, numbers, published

DAY = [datetime(2026, 1, day) for day in range(1, 10)]
META = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.open(tmp_path / "lake", write=True, create=True) as opened:
        yield opened


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says to each caller what `talk` says, byte by byte if it likes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                try:
                    caller.recv(65536)
                    talk(caller)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.close()


# --- the way there


@pytest.mark.parametrize("drip", [b"H", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_or_hangs_is_left(drip: bytes, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "LONGEST", 1.0)
    done = threading.Event()

    def talk(caller: socket.socket) -> None:
        caller.sendall(drip)
        while not done.wait(0.05):
            caller.sendall(b"x")

    with talking(talk) as address:
        begun = time.monotonic()
        looked = watch(lake, [address], at=DAY[0])
        done.set()
    assert time.monotonic() - begun < 20
    assert looked.seen == [] and "no whole answer" in looked.unread[0][1]


def test_an_answer_that_unpacks_to_more_is_not_unpacked() -> None:
    def talk(caller: socket.socket) -> None:
        body = gzip.compress(bytes(1 << 20))
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        caller.sendall(head.encode() + body)

    with talking(talk) as address, pytest.raises(InputError, match="compressed"):
        outside.fetched(address)


@pytest.mark.parametrize("status", [302, 304, 204, 404])
def test_an_answer_without_a_document_is_an_error_of_ours(status: int) -> None:
    with issuers.serving({"/": status}) as address, pytest.raises(InputError, match=str(status)):
        outside.fetched(address + "/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9200/", "https://localhost/", "https://[::1]/"])
def test_nobody_else_leads_to_this_machine(url: str) -> None:
    outside.allowed(url)
    outside.allowed(url, led_by="http://127.0.0.1/")
    with pytest.raises(UsageError, match="leads to this machine"):
        outside.allowed(url, led_by="https://login.example/")
    with pytest.raises(UsageError, match="leads to this machine"):
        outside.fetched(url, led_by="https://login.example/keys?secret=1")


def test_documents_that_name_one_another_without_end(lake: Lake) -> None:
    pages: dict[str, bytes | int | str] = {}
    with issuers.serving(pages) as address:
        for n in range(40):
            about = {"issuer": issuers.TENANT, "jwks_uri": f"{address}/{n + 1}"}
            pages[f"/{n}"] = json.dumps(about).encode()
        looked = watch(lake, [f"{address}/0"], at=DAY[0])
    assert len(looked.seen) == 2
    assert [(place, "yet another" in why) for place, why in looked.unread] == [(f"{address}/1", True)]


# --- documents


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_key_set_in_another_encoding_reads_the_same_again(coding: str, lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    for nth in range(3):
        file.write_bytes(key_set(published(0), published(1, alg="é")).decode().encode(coding))
        looked = watch(lake, [str(file)], at=DAY[nth])
        assert (looked.found, looked.unread, looked.changed) == ([], [], [])


@pytest.mark.parametrize("coding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_metadata_in_another_encoding_reads_the_same_again(coding: str, lake: Lake, tmp_path: Path) -> None:
    text = issuers.metadata(issuers.certificate(0, DAY[0], 900), entity="https://größe.example/").decode()
    raw = text.replace('version="1.0"', f'version="1.0" encoding="{coding}"').encode(coding)
    (tmp_path / "m.xml").write_bytes(raw)
    for nth in range(2):
        looked = watch(lake, [str(tmp_path / "m.xml")], at=DAY[nth])
        assert (looked.found, looked.unread) == ([], [])
        assert looked.seen[0].document.issuer == "https://größe.example/"


@pytest.mark.parametrize("coding", ["punycode", "unicode_escape", "utf-7", "rot13", "x" * 40])
def test_an_encoding_that_nobody_needs_is_refused(coding: str) -> None:
    with pytest.raises(InputError):
        parsed(f'<?xml version="1.0" encoding="{coding}"?><EntityDescriptor {META}/>'.encode(), "it")


def test_halves_of_a_character_are_kept_and_told(lake: Lake, tmp_path: Path) -> None:
    odd = "\ud800 \udfff \0"
    keys = [published(0, kid=odd, issuer=odd), {"kty": "oct", "kid": odd, "k": public.base64url(b"a secret of ours")}]
    about = {"issuer": odd, "jwks_uri": odd, "id_token_signing_alg_values_supported": [f"HS{odd}", 7, None]}
    (tmp_path / "set.json").write_text(json.dumps({"keys": keys}))
    (tmp_path / "about.json").write_text(json.dumps(about))
    for nth in range(2):
        looked = watch(lake, [str(tmp_path / "set.json"), str(tmp_path / "about.json")], at=DAY[nth])
        assert {f.kind for f in looked.found} >= {"secret-published", "algorithm"}
    assert lake.query("select count(*) as n from trusted_keys").to_pylist() == [{"n": 4}]


@pytest.mark.parametrize(
    ("n", "e"), [(1 << 8_000_000, 65537), (1 << 2047, 1 << 8_000_000)], ids=["modulus", "exponent"]
)
def test_numbers_of_a_million_bits_are_told_and_not_tried(n: int, e: int, lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "set.json").write_bytes(key_set(numbers(n + 1, e + 1), published(0)))
    begun = time.process_time()
    found = watch(lake, [str(tmp_path / "set.json")], at=DAY[0]).found
    assert time.process_time() - begun < 20
    assert [(f.kind, "8,000,001 bits" in f.reason) for f in found] == [("not-judged", True)]


def test_one_key_under_two_thousand_long_ids_is_few_words(lake: Lake, tmp_path: Path) -> None:
    keys = [published(0, kid=f"{n:05}{'x' * 1900}") for n in range(2_001)]
    (tmp_path / "set.json").write_bytes(key_set(*keys))
    found = watch(lake, [str(tmp_path / "set.json")], at=DAY[0]).found
    assert {f.kind for f in found} == {"two-ids", "not-judged"}
    assert max(len(f.reason) for f in found) < 1000


def test_many_looks_at_many_keys(lake: Lake, tmp_path: Path) -> None:
    """The work grows with what was seen, not with its square."""
    file = tmp_path / "set.json"
    half = public.jwk(issuers.key(0).public_key()) or {}
    n = int.from_bytes(public.unbase64url(half["n"]), "big")
    file.write_bytes(key_set(*(numbers(n + 2 * k, 65537, kid=str(k)) for k in range(200))))
    begun = time.process_time()
    for nth in range(6):
        watch(lake, [str(file)], at=DAY[0] + timedelta(hours=nth))
    assert time.process_time() - begun < 60


def nested(tag: str, depth: int, inside: str) -> bytes:
    return (
        f"<EntityDescriptor {META}>" + f"<{tag}>" * depth + inside + f"</{tag}>" * depth + "</EntityDescriptor>"
    ).encode()


@pytest.mark.parametrize("tag", ["EntityDescriptor", "KeyDescriptor", "a"])
def test_metadata_nested_deeply_ends(tag: str) -> None:
    signature = 'xmlns="http://www.w3.org/2000/09/xmldsig#"'
    one = f"<KeyInfo {signature}><X509Data><X509Certificate>AAAA</X509Certificate></X509Data></KeyInfo>"
    begun = time.process_time()
    try:
        document: Any = parsed(nested(tag, 100_000, f"<KeyDescriptor>{one}</KeyDescriptor>" * 1000), "it")
    except InputError:
        return
    finally:
        assert time.process_time() - begun < 20
    assert document.keys == () and len(document.skipped) <= 1001
