"""Key documents of issuers: OpenID Connect discovery, JWKS, and federation metadata for SAML and WS-Federation.

What: the keys that a document publishes, as the one shape that the diff compares. Why: an issuer's word about its keys comes
in three languages. How: recognised by content; a certificate's dates count, its signature does not (metadata says which key
is trusted, not a chain); XML without entities or external parts (defusedxml). Raises InputError for what is none of them.
Misses: whether the metadata's own signature is right; keys of kinds that `cryptography` cannot load are named in `skipped`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from brokenseal.errors import InputError
from brokenseal.keys import public

_BAD = (ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm)
_METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
_CERTIFICATE = "/".join(_SIGNATURE + name for name in ("KeyInfo", "X509Data", "X509Certificate"))
_DECLARED = re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([A-Za-z0-9._\-]{1,40})[\"']")
_CODINGS = ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth")
MOST_KEYS = 2_000
MOST_BITS = 16_384
"""Of a modulus or exponent: no library takes more, and arithmetic on millions of bits ends nobody's day but ours."""


class TooLong(ValueError):
    """A number that nobody's arithmetic should be given."""


@dataclass(frozen=True)
class PublishedKey:
    """One key of a document. Times are naive UTC.

    cloud: the provider's cloud that the key is of. certificate: DER in base64, as `x5c` holds it. leaked: the document
    holds its private half. disagrees: its certificate is of another key.
    """

    thumbprint: str
    kid: str | None
    kty: str
    size: int
    exponent: int | None = None
    modulus: int | None = None
    use: str | None = None
    alg: str | None = None
    issuer: str | None = None
    cloud: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    x5t: str | None = None
    certificate: str | None = None
    jwk: str | None = None
    leaked: bool = False
    disagrees: bool = False


@dataclass(frozen=True)
class Document:
    """A document of one of the kinds. jwks_uri, cloud: where a discovery document says that the keys are, and of what."""

    kind: str
    issuer: str | None
    keys: tuple[PublishedKey, ...] = ()
    jwks_uri: str | None = None
    cloud: str | None = None
    algorithms: tuple[str, ...] = ()
    expires: datetime | None = None
    skipped: tuple[str, ...] = field(default=())


def text_of(raw: bytes, name: str) -> str:
    """A document's characters: UTF-8 or UTF-16 as JSON and XML have it, or what an XML declaration names.

    name: for errors. Raises InputError.
    """
    declared = _DECLARED.match(raw)
    coding = declared.group(1).decode().lower() if declared else json.detect_encoding(raw)
    try:
        if declared and coding not in _CODINGS:
            raise ValueError(coding)
        return raw.decode(coding).removeprefix("\ufeff")
    except ValueError as error:
        raise InputError(f"{name}: neither JSON nor XML: {type(error).__name__}") from error


def parsed(raw: bytes | str, name: str) -> Document:
    """What a document says. name: for errors. Raises InputError where it is no key document."""
    text = (text_of(raw, name) if isinstance(raw, bytes) else raw).strip()
    try:
        if text.startswith("<"):
            return _metadata(text)
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: neither JSON nor XML: {type(error).__name__}") from error
    if isinstance(found, dict) and isinstance(found.get("keys"), list):
        return _jwks(found)
    if isinstance(found, dict) and isinstance(found.get("jwks_uri"), str):
        algorithms = found.get("id_token_signing_alg_values_supported")
        return Document(
            "openid-configuration",
            _text(found, "issuer"),
            jwks_uri=_text(found, "jwks_uri"),
            cloud=_text(found, "cloud_instance_name"),
            algorithms=tuple(_whole(a) for a in algorithms if isinstance(a, str))
            if isinstance(algorithms, list)
            else (),
        )
    if isinstance(found, dict) and "kty" in found:
        return _jwks({"keys": [found]})
    raise InputError(f"{name}: no key set, no discovery document and no federation metadata")


def _jwks(found: dict[str, Any]) -> Document:
    keys, skipped = [], []
    for place, members in enumerate(found["keys"][:MOST_KEYS], start=1):
        try:
            keys.append(public.calm(_from_jwk, members))
        except TooLong as error:
            skipped.append(f"key {place}: {error}")
        except _BAD as error:
            skipped.append(f"key {place}: {type(error).__name__}")
    if len(found["keys"]) > MOST_KEYS:
        skipped.append(f"{len(found['keys']) - MOST_KEYS} keys beyond {MOST_KEYS}")
    return Document("jwks", None, tuple(keys), skipped=tuple(skipped))


def _text(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    return _whole(value[:2000]) if isinstance(value, str) and value else None


def _whole(text: str) -> str:
    """Characters that any table takes: JSON's escapes may name halves of one."""
    return text.encode("utf-8", "backslashreplace").decode()


def _from_jwk(members: dict[str, Any]) -> PublishedKey:
    texts: dict[str, Any] = {name: _text(members, name) for name in ("kid", "use", "alg", "issuer")}
    texts["cloud"] = _text(members, "cloud_instance_name")
    if members["kty"] == "oct":
        # a secret in a public document: named by what does not tell it, and always wrong
        size = len(public.unbase64url(members.get("k") or "")) * 8
        name = "oct-" + hashlib.sha256(f"{texts['kid']}/{size}".encode()).hexdigest()[:16]
        return PublishedKey(name, kty="oct", size=size, leaked=True, **texts)
    certificate = _certificate(members["x5c"][0]) if members.get("x5c") else None
    if members["kty"] == "RSA" and (numbers := _odd_rsa(members)) is not None:
        return _with(numbers, certificate, leaked=any(p in members for p in _PRIVATE), **texts)
    key = public.from_jwk(members)
    return _with(_described(key), certificate, leaked=any(p in members for p in _PRIVATE), **texts)


def _odd_rsa(members: dict[str, Any]) -> dict[str, Any] | None:
    """Numbers that `cryptography` refuses are the very ones to report; None where it takes them."""
    n, e = (int.from_bytes(public.unbase64url(members[m]), "big") for m in ("n", "e"))
    _bounded(n, e)
    if n < 1 << 64:
        raise ValueError("no modulus")
    try:
        rsa.RSAPublicNumbers(e, n).public_key()
    except _BAD:
        return _rsa_described(n, e)
    return None


def _bounded(*numbers: int) -> None:
    if (most := max(n.bit_length() for n in numbers)) > MOST_BITS:
        raise TooLong(f"a number of {most:,} bits")


def _rsa_described(n: int, e: int) -> dict[str, Any]:
    _bounded(n, e)
    canonical = {"e": public.number(e), "kty": "RSA", "n": public.number(n)}
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    print_ = public.base64url(hashlib.sha256(text.encode()).digest())
    return {"thumbprint": print_, "kty": "RSA", "size": n.bit_length(), "exponent": e, "modulus": n, "jwk": text}


def _described(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return _rsa_described(numbers.n, numbers.e)
    name, size = public.kind(key)
    members = public.jwk(key)
    return {
        "thumbprint": public.thumbprint(key),
        "kty": members["kty"] if members else name,
        "size": size,
        "jwk": json.dumps(members, sort_keys=True, separators=(",", ":")) if members else None,
    }


def _with(numbers: dict[str, Any], certificate: x509.Certificate | None, **more: Any) -> PublishedKey:
    if certificate is None:
        return PublishedKey(**numbers, **more)
    with warnings.catch_warnings():
        # odd certificates are what one looks for here
        warnings.simplefilter("ignore")
        return PublishedKey(
            **numbers,
            **more,
            not_before=certificate.not_valid_before_utc.replace(tzinfo=None),
            not_after=certificate.not_valid_after_utc.replace(tzinfo=None),
            x5t=certificate.fingerprint(hashes.SHA1()).hex(),
            certificate=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
            disagrees=_described(certificate.public_key())["thumbprint"] != numbers["thumbprint"],
        )


def _certificate(text: str) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split())))


def _metadata(text: str) -> Document:
    """SAML 2.0 metadata; WS-Federation's is the same with roles of its own."""
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ValueError("a document type or entity") from error
    except ElementTree.ParseError as error:
        raise ValueError("damaged XML") from error
    if not root.tag.startswith(_METADATA + "Entit"):
        raise ValueError("not federation metadata")
    keys: dict[tuple[str, str | None, str | None], PublishedKey] = {}
    skipped = []
    for place, (use, written) in enumerate(_descriptors(root), start=1):
        if place > MOST_KEYS:
            skipped.append(f"certificates beyond {MOST_KEYS}")
            break
        try:
            key = public.calm(_certified, written, use)
        except _BAD as error:
            skipped.append(f"certificate {place}: {type(error).__name__}")
            continue
        keys[key.thumbprint, use, key.x5t] = key
    issuers = [e.get("entityID") for e in root.iter(_METADATA + "EntityDescriptor")]
    return Document(
        "saml-metadata",
        issuers[0] if len(issuers) == 1 else None,
        tuple(keys.values()),
        expires=_moment(root.get("validUntil")),
        skipped=tuple(skipped),
    )


def _certified(written: str, use: str | None) -> PublishedKey:
    certificate = _certificate(written)
    return _with(_described(certificate.public_key()), certificate, use=use, kid=None)


def _descriptors(root: Any) -> Iterator[tuple[str | None, str]]:
    """Use and certificate of every key of every entity, whatever role it has it for."""
    for descriptor in root.iter(_METADATA + "KeyDescriptor"):
        # by its path: each is met once, however descriptors are nested
        for certificate in descriptor.iterfind(_CERTIFICATE):
            yield descriptor.get("use"), certificate.text or ""


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    from datetime import UTC

    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
