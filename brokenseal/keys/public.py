"""Public halves of keys, and one name for each.

What: the thumbprint of a public key, by which scan, watch and a JWKS speak of the same key. Why: a report may name a key
and must never hold a secret. How: RFC 7638, SHA-256, base64url without padding; a DSA key, which that RFC does not know,
is named by the SHA-256 of its SubjectPublicKeyInfo, behind `spki-`. Raises nothing of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}
OKP: dict[Any, str] = {
    ed25519.Ed25519PublicKey: "Ed25519",
    ed448.Ed448PublicKey: "Ed448",
    x25519.X25519PublicKey: "X25519",
    x448.X448PublicKey: "X448",
}


def calm(load: Callable[..., Any], *given: Any) -> Any:
    """What a loader of `cryptography` gives. Raises what it raises, and ValueError where it panics.

    A failed assertion inside the library comes as an error that is no Exception, and would end whatever looks at bytes that
    anybody may have made.
    """
    try:
        return load(*given)
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError("the library failed at it") from None
        raise


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """The bytes of base64url or base64, padded or not. Raises ValueError."""
    clean = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True)


def number(value: int, size: int | None = None) -> str:
    """A number as base64url of its big-endian bytes, `size` of them or as few as hold it."""
    return base64url(value.to_bytes(size or max(1, (value.bit_length() + 7) // 8), "big"))


def jwk(key: Any) -> dict[str, str] | None:
    """The required members of a public key's JWK (RFC 7638), or None where that RFC has no form for it."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": number(numbers.e), "kty": "RSA", "n": number(numbers.n)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        size, point = (key.curve.key_size + 7) // 8, key.public_numbers()
        name = CURVES.get(key.curve.name, key.curve.name)
        return {"crv": name, "kty": "EC", "x": number(point.x, size), "y": number(point.y, size)}
    for kind, name in OKP.items():
        if isinstance(key, kind):
            return {"crv": name, "kty": "OKP", "x": base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    return None


def thumbprint(key: Any) -> str:
    """The name of a public key."""
    members = jwk(key)
    if members is None:
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "spki-" + base64url(hashlib.sha256(spki).digest())
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url(hashlib.sha256(canonical.encode()).digest())


def kind(key: Any) -> tuple[str, int]:
    """'RSA', 'EC P-256', 'Ed25519', 'DSA' ..., and the size in bits."""
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {CURVES.get(key.curve.name, key.curve.name)}", key.curve.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    for cls, name in OKP.items():
        if isinstance(key, cls):
            return name, 448 if name.endswith("448") else 256
    return type(key).__name__, 0


def from_jwk(members: dict[str, Any]) -> Any:
    """The public key of a JWK of kty RSA, EC or OKP. Raises ValueError where it is none."""
    try:
        if members["kty"] == "RSA":
            e, n = (int.from_bytes(unbase64url(members[m]), "big") for m in ("e", "n"))
            return rsa.RSAPublicNumbers(e, n).public_key()
        if members["kty"] == "EC":
            x, y = (int.from_bytes(unbase64url(members[m]), "big") for m in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, curve(members["crv"])).public_key()
        if members["kty"] == "OKP":
            cls = {name: kind for kind, name in OKP.items()}[members["crv"]]
            return cls.from_public_bytes(unbase64url(members["x"]))
    except (KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise ValueError(f"not a public JWK: {type(error).__name__}") from error
    raise ValueError("not a public JWK")


def curve(name: str) -> ec.EllipticCurve:
    """The curve of a JWK's `crv`. Raises KeyError for one that is unknown."""
    curves: dict[str, type[ec.EllipticCurve]] = {
        "P-256": ec.SECP256R1,
        "P-384": ec.SECP384R1,
        "P-521": ec.SECP521R1,
        "secp256k1": ec.SECP256K1,
    }
    return curves[name]()
