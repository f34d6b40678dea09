"""Throw-away keys in every format that a scan knows, and every wrapping that it sees through.

Nothing here is stored: keys are made when they are asked for. A format gives the bytes of one key; a wrapping hides bytes
as a log, a store or an archive would.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from brokenseal.keys import public

PASSWORD = b"correct horse"
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "secp256k1": ec.SECP256K1()}


@dataclass(frozen=True)
class Planted:
    """data: as it would lie in a file. text: it is text, so that it can be written in UTF-16. name: its thumbprint, or None.

    secrets: what must never be told, as bytes.
    """

    format: str
    data: bytes
    text: bool
    name: str | None
    kind: str
    secrets: tuple[bytes, ...]


@lru_cache(maxsize=1)
def keys() -> dict[str, Any]:
    """One key of each kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "rsa1024": rsa.generate_private_key(65537, 1024),
            "rsa2048": rsa.generate_private_key(65537, 2048),
            "rsa3072": rsa.generate_private_key(3, 3072),
            "rsa4096": rsa.generate_private_key(65537, 4096),
            **{name: ec.generate_private_key(curve) for name, curve in CURVES.items()},
            "ed25519": ed25519.Ed25519PrivateKey.generate(),
            "ed448": ed448.Ed448PrivateKey.generate(),
            "x25519": x25519.X25519PrivateKey.generate(),
            "dsa": dsa.generate_private_key(2048),
        }


def secrets(key: Any) -> tuple[bytes, ...]:
    """Numbers and encodings of a key that no output may hold."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        values = [numbers.p, numbers.q, numbers.d]
    elif isinstance(key, (ec.EllipticCurvePrivateKey,)):
        values = [key.private_numbers().private_value]
    elif isinstance(key, dsa.DSAPrivateKey):
        values = [key.private_numbers().x]
    else:
        raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return spellings(raw)
    return tuple(s for v in values for s in spellings(v.to_bytes((v.bit_length() + 7) // 8, "big")))


def spellings(raw: bytes) -> tuple[bytes, ...]:
    """How a secret could slip into an output: raw, turned around, as hex, decimal, and base64 at three alignments."""
    out = [raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), str(int.from_bytes(raw, "big")).encode()]
    for before in range(3):
        out.append(base64.b64encode(bytes(before) + raw)[4:24])
        out.append(base64.urlsafe_b64encode(bytes(before) + raw)[4:24])
    return tuple(s[:24] if len(s) > 24 else s for s in out)


def formats() -> list[Planted]:
    """Every format, of every key that can be written in it."""
    out = []
    for name, key in keys().items():
        print_ = public.thumbprint(key.public_key())
        for form, data, text in _written(name, key):
            kind = "private key"
            own: str | None = print_
            if "locked" in form and "openssh" not in form:
                own, kind = None, "encrypted private key"
                if "pfx" in form:
                    kind = "key store"
            out.append(Planted(f"{form} {name}", data, text, own, kind, secrets(key)))
    octets = b"0123456789abcdef-throw-away-key!"
    text_ = json.dumps({"kty": "oct", "kid": "s1", "k": public.base64url(octets)}).encode()
    out.append(Planted("jwk oct", text_, True, None, "symmetric key", spellings(octets)))
    token_, signature = token()
    out.append(Planted("jwt", token_, True, None, "JSON Web Token", (signature[:24],)))
    refresh, random_ = refresh_token()
    out.append(Planted("refresh token", refresh, True, None, "refresh token", (random_[:24],)))
    return out


def _written(name: str, key: Any) -> list[tuple[str, bytes, bool]]:
    clear, shut = NoEncryption(), BestAvailableEncryption(PASSWORD)
    out = [
        ("pem pkcs8", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, clear), True),
        ("der pkcs8", key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, clear), False),
        ("pem pkcs8 locked", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, shut), True),
        ("der pkcs8 locked", key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, shut), False),
    ]
    if isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, dsa.DSAPrivateKey)):
        old = PrivateFormat.TraditionalOpenSSL
        out.append(("pem old", key.private_bytes(Encoding.PEM, old, clear), True))
        out.append(("der old", key.private_bytes(Encoding.DER, old, clear), False))
        out.append(("pem old locked", key.private_bytes(Encoding.PEM, old, shut), True))
    if name.startswith(("rsa", "P-", "ed25519")):
        ssh = PrivateFormat.OpenSSH
        out.append(("pem openssh", key.private_bytes(Encoding.PEM, ssh, clear), True))
    if name in ("rsa2048", "P-256"):
        out.append(("pfx open", pkcs12.serialize_key_and_certificates(b"x", key, None, None, clear), False))
        out.append(("pfx locked", pkcs12.serialize_key_and_certificates(b"x", key, None, None, shut), False))
    if isinstance(key, rsa.RSAPrivateKey):
        out += _rsa(key.private_numbers())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        out += _elliptic(name, key.private_numbers())
    if name in ("ed25519", "ed448", "x25519"):
        members = public.jwk(key.public_key()) or {}
        raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, clear)
        out.append(("jwk", json.dumps({**members, "d": public.base64url(raw)}).encode(), True))
    return out


def _rsa(k: rsa.RSAPrivateNumbers) -> list[tuple[str, bytes, bool]]:
    n, e = k.public_numbers.n, k.public_numbers.e
    size, half = n.bit_length() // 8, n.bit_length() // 16
    parts = {"n": n, "e": e, "d": k.d, "p": k.p, "q": k.q, "dp": k.dmp1, "dq": k.dmq1, "qi": k.iqmp}
    members = {"kty": "RSA", "kid": "planted", **{m: public.number(v) for m, v in parts.items()}}
    short = {m: members[m] for m in ("n", "e", "d", "kty")}
    tags = {"Modulus": n, "Exponent": e, "P": k.p, "Q": k.q, "DP": k.dmp1, "DQ": k.dmq1, "InverseQ": k.iqmp, "D": k.d}
    written = {t: base64.b64encode(v.to_bytes((v.bit_length() + 7) // 8, "big")).decode() for t, v in tags.items()}
    xml = "<RSAKeyValue>" + "".join(f"<{t}>{v}</{t}>" for t, v in written.items()) + "</RSAKeyValue>"
    exponent = e.to_bytes((e.bit_length() + 7) // 8, "big")
    head = struct.pack("<IIIII", size * 8, len(exponent), size, half, half)
    cng = exponent + n.to_bytes(size, "big") + k.p.to_bytes(half, "big") + k.q.to_bytes(half, "big")
    full = b"".join(v.to_bytes(half, "big") for v in (k.dmp1, k.dmq1, k.iqmp)) + k.d.to_bytes(size, "big")
    capi = b"\x07\x02\x00\x00\x00\xa4\x00\x00RSA2" + struct.pack("<II", size * 8, e) + n.to_bytes(size, "little")
    capi += b"".join(v.to_bytes(half, "little") for v in (k.p, k.q, k.dmp1, k.dmq1, k.iqmp)) + k.d.to_bytes(
        size, "little"
    )
    return [
        ("jwk", json.dumps(members, separators=(",", ":")).encode(), True),
        ("jwk without primes", json.dumps(short).encode(), True),
        ("xml", xml.encode(), True),
        ("cng", b"RSA2" + head + cng, False),
        ("cng full", b"RSA3" + head + cng + full, False),
        ("capi", capi, False),
    ]


def _elliptic(name: str, k: ec.EllipticCurvePrivateNumbers) -> list[tuple[str, bytes, bool]]:
    size = (k.public_numbers.curve.key_size + 7) // 8
    x, y, d = (v.to_bytes(size, "big") for v in (k.public_numbers.x, k.public_numbers.y, k.private_value))
    members = {"kty": "EC", "crv": name, "x": public.base64url(x), "y": public.base64url(y), "d": public.base64url(d)}
    out = [("jwk", json.dumps(members, separators=(",", ":")).encode(), True)]
    if name in ("P-256", "P-384", "P-521"):
        magic = {"P-256": b"ECS2", "P-384": b"ECS4", "P-521": b"ECS6"}[name]
        out.append(("cng", magic + struct.pack("<I", size) + x + y + d, False))
    return out


def token() -> tuple[bytes, bytes]:
    """A signed token, and its signature as it is written."""
    key = keys()["rsa2048"]
    header = public.base64url(json.dumps({"alg": "RS256", "kid": "planted"}, separators=(",", ":")).encode())
    claims = {"iss": "https://login.example/", "aud": "api", "exp": 1_700_000_000}
    body = f"{header}.{public.base64url(json.dumps(claims).encode())}"
    signature = public.base64url(key.sign(body.encode(), padding.PKCS1v15(), SHA256())).encode()
    return f"{body}.".encode() + signature, signature


def refresh_token() -> tuple[bytes, bytes]:
    """What has the outer shape of an Entra refresh token, and the part of it that is chance."""
    chance = public.base64url(hashlib.shake_256(b"nobody's token").digest(600)).encode()
    return b"0.AXoA" + chance[:60] + b".AgABAwEAAAAm" + chance[60:], chance[60:]


def lines(data: bytes, width: int, end: bytes) -> bytes:
    """Base64 over lines."""
    whole = base64.b64encode(data)
    return end.join(whole[i : i + width] for i in range(0, len(whole), width))


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in (("readme", b"nothing here"), ("etc/key", data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _zip(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("readme", b"nothing here")
        archive.writestr("etc/key", data)
    return out.getvalue()


# what may stand around in any file
IN_LINE: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda d: d,
    "base64": base64.b64encode,
    "base64 of a longer text": lambda d: base64.b64encode(b"# the key\n" + d + b"\n# end"),
    "base64 at another alignment": lambda d: base64.b64encode(b"12345678" + d + b"\n"),
    "base64url": lambda d: base64.urlsafe_b64encode(d).rstrip(b"="),
    "base64 over lines": lambda d: lines(d, 76, b"\r\n"),
    "base64 over short lines": lambda d: lines(d, 64, b"\n"),
    "base64 over indented lines": lambda d: lines(d, 60, b"\n      "),
    "base64 over lines in JSON": lambda d: json.dumps({"k": lines(d, 76, b"\n").decode()}).encode(),
    "base64 over lines in UTF-16": lambda d: lines(d, 76, b"\r\n").decode().encode("utf-16-le"),
    "base64 over lines in JSON in JSON": lambda d: json.dumps(json.dumps([lines(d, 70, b"\r\n").decode()])).encode(),
}
# only of text
OF_TEXT: dict[str, Callable[[bytes], bytes]] = {
    "UTF-16": lambda d: d.decode().encode("utf-16-le"),
    "UTF-16 big-endian": lambda d: d.decode().encode("utf-16-be"),
    "JSON": lambda d: json.dumps({"value": d.decode(), "n": 1}).encode(),
    "JSON in JSON": lambda d: json.dumps(json.dumps({"value": d.decode()})).encode(),
    "JSON in UTF-16": lambda d: json.dumps({"value": d.decode()}).encode("utf-16-le"),
    "JSON as .NET escapes it": lambda d: _dotnet(d.decode()).encode(),
    "XML": lambda d: b"<a>" + d.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b'"', b"&quot;") + b"</a>",
    "CRLF": lambda d: d.replace(b"\n", b"\r\n"),
    "base64 of UTF-16": lambda d: base64.b64encode(d.decode().encode("utf-16-le")),
}
# a file as a whole
FILES: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "tar": _tar,
    "zip": _zip,
    "zip stored": lambda d: _zip(d, zipfile.ZIP_STORED),
    "tar.gz": lambda d: gzip.compress(_tar(d)),
    "tar.zst": lambda d: zstandard.compress(_tar(d)),
    "zip in tar.gz": lambda d: gzip.compress(_tar(_zip(d))),
    "tar.xz in zip": lambda d: _zip(lzma.compress(_tar(d))),
    "git object": lambda d: zlib.compress(b"blob %d\0" % len(d) + d),
}


def _dotnet(text: str) -> str:
    escaped = json.dumps({"value": text})[1:-1]
    inner = escaped.replace('\\"', "\\u0022")
    for c in "+<>&'":
        inner = inner.replace(c, f"\\u{ord(c):04X}")
    return "{" + inner + "}"
