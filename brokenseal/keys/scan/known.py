"""Public keys that are known to be trusted, by thumbprint.

What: `--known` files (JWKS, PEM, DER, certificates) and the keys that `keys watch` has seen. Why: a leaked key of one's own
issuer opens one's own door; a sample key in a package does not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from brokenseal.errors import InputError
from brokenseal.keys import public

_BAD = (ValueError, TypeError, UnsupportedAlgorithm)
MOST = 16 << 20


@dataclass
class Known:
    """names: thumbprint to what the key is called. moduli: of RSA keys, thumbprint to n. kids: key id to thumbprint."""

    names: dict[str, str] = field(default_factory=dict)
    moduli: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    kids: dict[str, list[str]] = field(default_factory=dict)

    def add(self, key: Any, name: str, kid: str | None = None) -> None:
        """A public key and what it is called."""
        print_ = public.thumbprint(key)
        self.names.setdefault(print_, name)
        self.keys.setdefault(print_, key)
        if isinstance(key, rsa.RSAPublicKey):
            numbers = key.public_numbers()
            self.moduli[print_] = numbers.n, numbers.e
        if kid and print_ not in self.kids.setdefault(kid, []):
            self.kids[kid].append(print_)


def read(known: Known, path: Path) -> None:
    """Add the keys of a file: a JWKS or JWK, certificates or public keys in PEM or DER. Raises InputError for another."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MOST else b""
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    before = len(known.names)
    for take in (_json, _pem, _der):
        try:
            take(known, data, path.name)
        except _BAD:
            continue
        if len(known.names) > before:
            return
    if len(known.names) == before and not any(n.startswith(path.name) for n in known.names.values()):
        raise InputError(f"{path}: no JWKS, certificate or public key")


def _json(known: Known, data: bytes, name: str) -> None:
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("no object")
    for members in found.get("keys", [found]):
        try:
            kid = str(members.get("kid") or "") or None
            known.add(public.from_jwk(members), f"{name} {kid or ''}".strip(), kid)
        except (ValueError, AttributeError):
            continue


def _pem(known: Known, data: bytes, name: str) -> None:
    for block in data.split(b"-----BEGIN ")[1:]:
        whole = b"-----BEGIN " + block
        if block.startswith(b"CERTIFICATE"):
            certificate = x509.load_pem_x509_certificate(whole)
            known.add(certificate.public_key(), f"{name} {certificate.subject.rfc4514_string()}")
        elif block.startswith((b"PUBLIC KEY", b"RSA PUBLIC KEY")):
            known.add(load_pem_public_key(whole), name)


def _der(known: Known, data: bytes, name: str) -> None:
    try:
        known.add(load_der_public_key(data), name)
    except _BAD:
        certificate = x509.load_der_x509_certificate(data)
        known.add(certificate.public_key(), f"{name} {certificate.subject.rfc4514_string()}")
