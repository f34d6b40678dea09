"""Invented issuers: their keys, certificates, key sets, metadata, and a server on this machine that publishes them."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from brokenseal.keys import public

TENANT = "https://login.example/4d1e7c5a-0000-4000-8000-00000000000a/v2.0"
CONSUMERS = "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"


@lru_cache(maxsize=16)
def key(number: int, bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """A key that is the same within one run of the tests."""
    return rsa.generate_private_key(exponent, bits)


def published(number: int, **more: Any) -> dict[str, Any]:
    """A key as a JWKS holds it. `of` gives another key instead of a number's own."""
    half = more.pop("of", None) or key(number).public_key()
    return {"use": "sig", "kid": f"kid-{number}", "issuer": TENANT, **(public.jwk(half) or {}), **more}


def numbers(n: int, e: int, **more: Any) -> dict[str, Any]:
    """A key by its numbers, good or bad."""
    return {
        "kty": "RSA",
        "use": "sig",
        "kid": "odd",
        "issuer": TENANT,
        "n": public.number(n),
        "e": public.number(e),
        **more,
    }


def name(number: int) -> str:
    return public.thumbprint(key(number).public_key())


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def certificate(number: int, begin: datetime, days: int) -> str:
    """A certificate of a key, as x5c and metadata hold it."""
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "login.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key(number).public_key())
        .serial_number(number + 1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .sign(key(number), hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def metadata(*certificates: str, entity: str = "https://sts.login.example/", until: str = "") -> bytes:
    """Federation metadata for SAML and for WS-Federation in one, as identity providers publish it."""
    keys = "".join(
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
        f"<X509Certificate>{c}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        for c in certificates
    )
    valid = f' validUntil="{until}"' if until else ""
    return (
        f'<?xml version="1.0"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"{valid}>'
        '<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" '
        f'protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">{keys}</RoleDescriptor>'
        '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{keys}</IDPSSODescriptor></EntityDescriptor>"
    ).encode()


@contextmanager
def serving(pages: dict[str, bytes | int | str]) -> Iterator[str]:
    """A server on this machine: a page's bytes, an answer's number, or where it redirects to. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path, 404)
            self.send_response(200 if isinstance(page, bytes) else 302 if isinstance(page, str) else page)
            if isinstance(page, str):
                self.send_header("Location", page)
            self.end_headers()
            if isinstance(page, bytes):
                self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
