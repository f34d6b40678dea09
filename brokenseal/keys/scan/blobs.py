"""Keys that are written as bytes: DER in its many envelopes, and Windows' blobs.

Each reader takes a buffer and the place of an anchor in it, and gives what it could parse, with its place in bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec

from brokenseal.keys.scan import der, private, ssh, texts
from brokenseal.keys.scan.found import Secret

_CAPI = struct.Struct("<BBHI4sII")
_CNG = struct.Struct("<4sIIIII")
_CURVES: dict[bytes, ec.EllipticCurve] = {b"2": ec.SECP256R1(), b"4": ec.SECP384R1(), b"6": ec.SECP521R1()}


def _placed(parsed: Secret | None, begin: int, end: int) -> Secret | None:
    return replace(parsed, begin=begin, end=end) if parsed else None


def pkcs1(buffer: bytes, at: int) -> Secret | None:
    """PKCS#1, or the old form of DSA, beginning at the anchor."""
    found = der.header(buffer, at)
    if not found or found[2] > len(buffer):
        return None
    return _placed(private.from_der(buffer[at : found[2]], "DER PKCS#1"), at, found[2])


def pkcs8(buffer: bytes, at: int) -> Secret | None:
    """PKCS#8 whose content begins at the anchor."""
    span = der.sequence_before(buffer, at)
    return _placed(private.from_der(buffer[slice(*span)], "DER PKCS#8"), *span) if span else None


def locked8(buffer: bytes, at: int, passwords: Sequence[bytes]) -> Secret | None:
    """Encrypted PKCS#8 whose content begins at the anchor."""
    span = der.sequence_before(buffer, at)
    if not span:
        return None
    parsed = private.locked_der(buffer[slice(*span)], passwords)
    return replace(parsed, form=f"DER {parsed.form}", begin=span[0], end=span[1]) if parsed else None


def pfx(buffer: bytes, at: int, passwords: Sequence[bytes]) -> Secret | None:
    """PKCS#12 whose content begins at the anchor."""
    span = der.sequence_before(buffer, at)
    return _placed(private.pfx(buffer[slice(*span)], passwords), *span) if span else None


def sec1(buffer: bytes, at: int) -> Secret | None:
    """SEC1 with its named curve at the anchor: version 1 and a scalar of up to 66 bytes stand before it."""
    for length in (32, 48, 66, 28, 20, 24, 40, 64):
        content = at - length - 5
        if buffer[max(content, 0) : max(content, 0) + 5] == bytes((2, 1, 1, 4, length)) and content > 0:
            span = der.sequence_before(buffer, content)
            return _placed(private.from_der(buffer[slice(*span)], "DER SEC1"), *span) if span else None
    return None


def openssh(buffer: bytes, at: int, passwords: Sequence[bytes]) -> Secret | None:
    """OpenSSH's own form, not wrapped in PEM."""
    shape = ssh.shape(buffer[at : at + der.MOST])
    if shape is None:
        return None
    return _placed(texts.openssh_binary(buffer[at : at + shape.length], passwords), at, at + shape.length)


def cng(buffer: bytes, at: int) -> Secret | None:
    """BCRYPT_RSAPRIVATE_BLOB and BCRYPT_RSAFULLPRIVATE_BLOB: header, exponent, modulus, primes, big-endian."""
    if at + _CNG.size > len(buffer):
        return None
    magic, bits, e_size, n_size, p_size, q_size = _CNG.unpack_from(buffer, at)
    if not (64 <= bits <= private.MOST_BITS and n_size == (bits + 7) // 8 and max(p_size, q_size) <= n_size):
        return None
    place, values = at + _CNG.size, []
    full = [n_size // 2 + n_size % 2] * 3 + [n_size] if magic == b"RSA3" else []
    for size in (e_size, n_size, p_size, q_size):
        values.append(int.from_bytes(buffer[place : place + size], "big"))
        place += size
    end = place + sum(full)
    if place > len(buffer):
        return None
    e, n, p, q = values
    form = "CNG full private blob" if full else "CNG private blob"
    return _placed(private.from_rsa(p, q, e, None, n, form), at, min(end, len(buffer)))


def ecc(buffer: bytes, at: int) -> Secret | None:
    """BCRYPT_ECCPRIVATE_BLOB: magic, size, X, Y and d, big-endian."""
    curve, size = _CURVES[buffer[at + 3 : at + 4]], buffer[at + 4]
    end = at + 8 + 3 * size
    if size != (curve.key_size + 7) // 8 or end > len(buffer):
        return None
    x, y, d = (int.from_bytes(buffer[at + 8 + i * size : at + 8 + (i + 1) * size], "big") for i in range(3))
    return _placed(private.from_scalar(curve, d, x, y, "CNG elliptic private blob"), at, end)


def capi(buffer: bytes, at: int) -> Secret | None:
    """CAPI's PRIVATEKEYBLOB: header, modulus, primes, exponents, coefficient, d, little-endian."""
    if at + _CAPI.size > len(buffer):
        return None
    *_, bits, e = _CAPI.unpack_from(buffer, at)
    if not (64 <= bits <= private.MOST_BITS and bits % 16 == 0):
        return None
    sizes = [bits // 8] + [bits // 16] * 5 + [bits // 8]
    place, values = at + _CAPI.size, []
    for size in sizes:
        values.append(int.from_bytes(buffer[place : place + size], "little"))
        place += size
    if place > len(buffer):
        return None
    n, p, q, *_, d = values
    return _placed(private.from_rsa(p, q, e, d, n, "CAPI private blob"), at, place)
