"""The keys that a policy trusts, and what is known of each.

What: a JSON Web Key Set (RFC 7517) with the members that providers add: `issuer` and `cloud_instance_name` (whose tokens
the key may sign), `x5c` (its certificate), and those that a watch of key sets adds: `first_seen` and `retired`. Why: a
signature says that a key signed, and nothing about whether that key had the right to. Misses: keys of other kinds than RSA
and elliptic curves; they are named in `skipped` and trusted with nothing.
"""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from brokenseal.errors import PolicyError
from brokenseal.keys.verifier import form

_KINDS: dict[Any, Any] = {"RSA": RSAKey, "EC": ECKey}


@dataclass(frozen=True)
class TrustedKey:
    """One public key. Times are seconds since 1970; `bits` and `exponent` are 0 where the kind has none."""

    kid: str
    key: Any
    kind: str
    bits: int = 0
    exponent: int = 0
    use: str | None = None
    alg: str | None = None
    issuer: str | None = None
    cloud: str | None = None
    begins: int | None = None
    ends: int | None = None
    certified: bool | None = None
    first_seen: int | None = None
    retired: int | None = None
    thumbprints: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TrustedKeys:
    """All keys of a set, by kid. `skipped`: what could not be taken, in words."""

    keys: Mapping[str, tuple[TrustedKey, ...]]
    skipped: tuple[str, ...] = field(default=())

    def named(self, kid: str) -> tuple[TrustedKey, ...]:
        """The keys of this id; more than one where the set is ambiguous."""
        return self.keys.get(kid, ())


def read(path: Path) -> TrustedKeys:
    """The key set of a file. Raises PolicyError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from None
    return trusted(raw)


def trusted(given: bytes | str | Mapping[str, Any]) -> TrustedKeys:
    """A key set as text or as an object. Raises PolicyError where it is none, or holds no usable key."""
    if not isinstance(given, Mapping):
        text = given.encode() if isinstance(given, str) else given
        try:
            given = form.json_object(text, "key set")
        except form.FormError as error:
            raise PolicyError(str(error)) from None
    entries = given.get("keys")
    if not isinstance(entries, list):
        raise PolicyError("the key set has no list 'keys'")
    found: dict[str, tuple[TrustedKey, ...]] = {}
    skipped = []
    for number, entry in enumerate(entries, start=1):
        try:
            key = _key(entry)
        except (ValueError, TypeError, KeyError, ArithmeticError, JoseError) as error:
            skipped.append(f"key {number}: {_why(error)}")
            continue
        found[key.kid] = _joined(found.get(key.kid, ()), key)
    if not found:
        raise PolicyError(f"the key set holds no usable key{': ' + skipped[0] if skipped else ''}")
    return TrustedKeys(found, tuple(skipped))


def _joined(known: tuple[TrustedKey, ...], key: TrustedKey) -> tuple[TrustedKey, ...]:
    """The keys of one id, one that is told twice being one: sets are put together from several documents."""
    for at, other in enumerate(known):
        seen = min((t for t in (other.first_seen, key.first_seen) if t is not None), default=None)
        same = replace(other, key=None, first_seen=None) == replace(key, key=None, first_seen=None)
        if same and _spki(other.key.public_key) == _spki(key.key.public_key):
            return (*known[:at], replace(other, first_seen=seen), *known[at + 1 :])
    return (*known, key)


def _why(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:120]
    return "".join(c if c.isprintable() else "?" for c in text)


def _key(entry: Any) -> TrustedKey:
    if not isinstance(entry, Mapping):
        raise ValueError("no object")
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("no key id")
    kind = _KINDS.get(entry.get("kty"))
    if kind is None:
        raise ValueError("neither RSA nor an elliptic curve")
    # private parts, if anybody published them, are not kept
    public = {n: entry[n] for n in ("kty", "n", "e", "crv", "x", "y") if n in entry}
    with warnings.catch_warnings():
        # a short key is a finding of ours, with words of its own
        warnings.simplefilter("ignore", SecurityWarning)
        key = kind.import_key(public)
    raw: Any = key.public_key
    size = raw.key_size if isinstance(raw, rsa.RSAPublicKey) else 0
    exponent = raw.public_numbers().e if isinstance(raw, rsa.RSAPublicKey) else 0
    certificate = _certificate(entry)
    begins = ends = certified = None
    if certificate is not None:
        begins, ends = (int(t.timestamp()) for t in (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
        certified = _spki(certificate.public_key()) == _spki(raw)
    else:
        # a watch tells a certificate's limits without the certificate
        begins, ends = _time(entry, "not_before"), _time(entry, "not_after")
    return TrustedKey(
        kid, key, entry["kty"], size, exponent, _text(entry, "use"), _text(entry, "alg"), _text(entry, "issuer"),
        _text(entry, "cloud_instance_name"), begins, ends, certified, _time(entry, "first_seen"),
        _time(entry, "retired"), _thumbprints(kid, entry, certificate, key.thumbprint()),
    )  # fmt: skip


def _spki(key: Any) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _certificate(entry: Mapping[str, Any]) -> x509.Certificate | None:
    chain = entry.get("x5c")
    if not chain:
        return None
    return x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value or None


def _time(entry: Mapping[str, Any], name: str) -> int | None:
    """A time as ISO 8601 or, as JSON Web Keys write `iat` and `exp`, as seconds since 1970."""
    value = entry.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = _text(entry, name)
    return None if text is None else moment(text)


def moment(text: str) -> int:
    """A time of ISO 8601 as seconds since 1970; without a zone it is UTC. Raises ValueError."""
    when = datetime.fromisoformat(text)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _thumbprints(
    kid: str, entry: Mapping[str, Any], certificate: x509.Certificate | None, jwk_thumbprint: str
) -> frozenset[str]:
    """Every name that a deny-list may know the key by: hex, lower case, of its id, certificate and public key."""
    names = {kid.lower(), jwk_thumbprint.lower()}
    for text in (kid, entry.get("x5t"), entry.get("x5t#S256")):
        if isinstance(text, str):
            try:
                names.add(form.decode(text.encode("ascii"), "id").hex())
            except (form.FormError, UnicodeEncodeError):
                names.add(text.lower())
    if certificate is not None:
        # the name of a certificate, not its proof: deny-lists of 2023 speak SHA-1
        names |= {certificate.fingerprint(hashes.SHA1()).hex(), certificate.fingerprint(hashes.SHA256()).hex()}
        names.add(hashlib.sha256(_spki(certificate.public_key())).hexdigest())
    return frozenset(names)
