"""Private keys by number and by structure: what `cryptography` accepts, and that the halves belong together.

Why: a byte string that looks like a key is not one. How: the structure is parsed, the key loaded with all its checks, and
the public half derived from the private one; where the bytes hold a public half too, both must agree.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_ssh_private_key, pkcs12

from brokenseal.keys import public
from brokenseal.keys.scan import der
from brokenseal.keys.scan.found import Secret, identity

MOST_BITS = 16_384
MOST_ROUNDS = 2_000_000
"""Password rounds beyond which a container is named and not tried."""
REFUSED = (ValueError, TypeError, UnsupportedAlgorithm, OverflowError, AttributeError)
"""What `cryptography` raises for bytes that are no key."""

_seen: OrderedDict[bytes, Secret | None] = OrderedDict()


def remembered(data: bytes, make: Callable[[], Secret | None]) -> Secret | None:
    """The same bytes are parsed once: a dump may hold one key a thousand times."""
    name = identity(data)
    if name not in _seen:
        _seen[name] = make()
        if len(_seen) > 4096:
            _seen.popitem(last=False)
    return _seen[name]


_tried: tuple[bytes, ...] = ()


def forget() -> None:
    """Parse anew what was parsed before."""
    _seen.clear()


def expect(passwords: tuple[bytes, ...]) -> None:
    """With other passwords than before, what was closed may open."""
    global _tried
    if passwords != _tried:
        forget()
    _tried = passwords


def random_enough(scalar: bytes) -> bool:
    """These bytes may be a key's: 32 bytes of chance hold fewer than 24 different ones about once in a million.

    Any 32 bytes are a private key on some curves, and where no public half stands beside them nothing else can be asked.
    Programs hold the first bytes of such keys as a constant, and something else behind it.
    """
    expected = 256 * (1 - (255 / 256) ** len(scalar))
    return len(set(scalar)) >= int(expected * 0.8)


def _unproven(key: Any) -> bytes | None:
    """The scalar of a key of which any scalar would do, None for another key."""
    if isinstance(
        key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey, x25519.X25519PrivateKey, x448.X448PrivateKey)
    ):
        return key.private_bytes_raw()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.private_numbers().private_value.to_bytes((key.curve.key_size + 7) // 8, "big")
    return None


def secret(key: Any, form: str) -> Secret | None:
    """What may be said of a private key that was loaded; None for a kind that has no private half of its own."""
    try:
        scalar = _unproven(key)
        if scalar is not None and not random_enough(scalar):
            return None
        half = key.public_key()
        name, size = public.kind(half)
        print_ = public.thumbprint(half)
    except REFUSED:
        return None
    return Secret(f"{name.split()[0]} private key", form, size, print_, b"key" + print_.encode(), 0, 0)


def from_der(data: bytes, form: str) -> Secret | None:
    """A key in PKCS#1, PKCS#8, SEC1 or the old DSA form, exactly these bytes."""

    def make() -> Secret | None:
        try:
            return secret(public.calm(load_der_private_key, data, None), form)
        except REFUSED:
            return None

    return remembered(data, make) if len(data) <= MOST_BITS else None


def locked_der(data: bytes, passwords: Sequence[bytes]) -> Secret | None:
    """A key in PKCS#8 under a password: opened where one of `passwords` fits, else named as locked."""
    if not der.is_encrypted_key(data):
        return None

    def make() -> Secret | None:
        if der.rounds(data) <= MOST_ROUNDS:
            for password in passwords:
                try:
                    return secret(public.calm(load_der_private_key, data, password), "PKCS#8 under a known password")
                except REFUSED:
                    continue
        return locked("encrypted private key", "PKCS#8 encrypted", data)

    return remembered(data, make)


def pfx(data: bytes, passwords: Sequence[bytes]) -> Secret | None:
    """A PKCS#12 store: the key where it opens, the store where it does not, nothing where it holds certificates only."""
    if not der.is_pfx(data):
        return None

    def make() -> Secret | None:
        if der.rounds(data) <= MOST_ROUNDS:
            for password in (None, b"", *passwords):
                try:
                    key = public.calm(pkcs12.load_key_and_certificates, data, password)[0]
                except REFUSED:
                    continue
                how = "PKCS#12 under a known password" if password else "PKCS#12 without a password"
                return secret(key, how) if key is not None else None
        return locked("key store", "PKCS#12", data)

    return remembered(data, make)


def locked(kind: str, form: str, data: bytes) -> Secret:
    """What stays closed: it is named, and nothing is said of its size."""
    return Secret(kind, form, None, None, identity(data), 0, 0, locked=True)


def openssh(pem: bytes, passwords: Sequence[bytes]) -> Secret | None:
    """A key in OpenSSH's own form, as PEM. Its public half stands in the clear even where the private one is locked."""

    def make() -> Secret | None:
        for password in (None, *passwords):
            try:
                return secret(public.calm(load_ssh_private_key, pem, password), "OpenSSH")
            except REFUSED:
                continue
        return None

    return remembered(pem, make)


def from_rsa(p: int, q: int, e: int, d: int | None = None, n: int | None = None, form: str = "") -> Secret | None:
    """An RSA key by its numbers; all that are given must agree."""
    if not (p > 2 and q > 2 and p * q == (n or p * q) and (p * q).bit_length() <= MOST_BITS):
        return None

    def make() -> Secret | None:
        try:
            own = d or pow(e, -1, (p - 1) * (q - 1))
            crt = rsa.rsa_crt_dmp1(own, p), rsa.rsa_crt_dmq1(own, q), rsa.rsa_crt_iqmp(p, q)
            return secret(rsa.RSAPrivateNumbers(p, q, own, *crt, rsa.RSAPublicNumbers(e, p * q)).private_key(), form)
        except REFUSED:
            return None

    # primes are tested, which takes longer than all the rest
    return remembered(repr((p, q, e, d, form)).encode(), make)


def from_exponent(n: int, e: int, d: int, form: str) -> Secret | None:
    """An RSA key by modulus and both exponents."""
    if not (1 < e < n and 1 < d < n and 256 <= n.bit_length() <= MOST_BITS and n % 2):
        return None
    # one exponentiation tells a wrong pair before the search for primes begins
    if pow(pow(2, e, n), d, n) != 2:
        return None
    try:
        p, q = rsa.rsa_recover_prime_factors(n, e, d)
    except REFUSED:
        return None
    return from_rsa(p, q, e, d, n, form)


def from_scalar(curve: ec.EllipticCurve, d: int, x: int, y: int, form: str) -> Secret | None:
    """An elliptic-curve key whose public point is known; it must be the scalar's."""
    try:
        key = ec.derive_private_key(d, curve)
    except REFUSED:
        return None
    point = key.public_key().public_numbers()
    return secret(key, form) if (point.x, point.y) == (x, y) else None
