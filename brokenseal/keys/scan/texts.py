"""Keys that are written as text: PEM, JWK and .NET's XML.

Each reader takes a view of the characters around an anchor and gives what it could parse, with its place in characters.
It never trusts what stands around the key: only what `private` accepts is a key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brokenseal.keys import public
from brokenseal.keys.scan import der, private, ssh
from brokenseal.keys.scan.found import Secret, identity
from brokenseal.keys.scan.text import View, unescaped

LABEL = re.compile(rb"-----BEGIN[ +]((?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?)\Z")
FORMS = {"": "PKCS#8", "RSA ": "PKCS#1", "EC ": "SEC1", "DSA ": "OpenSSL DSA"}
_JOINED = re.compile(r"[\"']\s*+[+,.]?\s*+[\"']")
_HEADER = re.compile(r"^[ \t\r]*+((?:Proc-Type|DEK-Info): [^\n]*)\n", re.MULTILINE)
_DEK = re.compile(r"DEK-Info: (?:AES-[0-9]{3}-CBC,[0-9A-Fa-f]{32}|DES-(?:EDE3-)?CBC,[0-9A-Fa-f]{16})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_MEMBER = re.compile(r"[\"'](\w{1,8})[\"']\s*:\s*[\"']([A-Za-z0-9_+/=\-]{1,4096})[\"']")
_KEY_SPAN = 1 << 15
_CHAINED = 1 << 13
SMALLEST_OCT = 8
"""Bytes below which a symmetric JWK is no key but an example's placeholder."""


def pem(seen: View, passwords: Sequence[bytes]) -> Secret | None:
    """A PEM whose BEGIN line ends at the anchor."""
    label = LABEL.search(seen.raw, max(0, seen.at - 32), seen.at)
    if not label:
        return None
    after = seen.at + len(b"PRIVATE KEY-----")
    end = seen.raw.find(b"-----", after)
    found = end if end >= 0 else len(seen.raw)
    kind = label.group(1).decode()
    body = unescaped(seen.raw[after:found].decode("latin-1"))
    headers = _HEADER.findall(body)
    written = _JOINED.sub("", _HEADER.sub("", body))
    # behind a PEM whose end is missing lies something else: only what DER counts is taken
    text = _NOT_BASE64.sub("", written) if end >= 0 else re.split(r"[^A-Za-z0-9+/=\s]", written, maxsplit=1)[0]
    parsed = _pem(kind, "".join(text.split()), headers, passwords)
    closing = seen.raw.find(b"-----", found + 5, found + 48)
    last = closing + 5 if closing >= 0 else found
    return replace(parsed, form=f"PEM {parsed.form}", begin=label.start(), end=last) if parsed else None


def _pem(kind: str, text: str, headers: list[str], passwords: Sequence[bytes]) -> Secret | None:
    if kind == "OPENSSH ":
        lines = "\n".join(text[i : i + 70] for i in range(0, len(text), 70))
        whole = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"
        return openssh_binary(_decoded(text), passwords, whole.encode())
    data = _decoded(text)
    if headers:
        return _old_encrypted(kind, text, headers, data, passwords)
    element = der.header(data, 0)
    if not element:
        return None
    data = data[: element[2]]
    return private.locked_der(data, passwords) or private.from_der(data, FORMS.get(kind, "PKCS#8"))


def _old_encrypted(kind: str, text: str, headers: list[str], data: bytes, passwords: Sequence[bytes]) -> Secret | None:
    """OpenSSL's old encryption, with its cipher in a header."""
    if len(data) < 32 or not any(h.startswith("DEK-Info") for h in headers):
        return None
    head = "\n".join(h.strip() for h in headers)
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    whole = f"-----BEGIN {kind}PRIVATE KEY-----\n{head}\n\n{lines}\n-----END {kind}PRIVATE KEY-----\n".encode()
    for password in passwords if any(_DEK.fullmatch(h.strip()) for h in headers) else ():
        try:
            opened = private.secret(
                public.calm(load_pem_private_key, whole, password), f"{FORMS.get(kind, 'PKCS#8')}, password known"
            )
        except private.REFUSED:
            continue
        if opened:
            return opened
    return private.locked("encrypted private key", f"{FORMS.get(kind, 'PKCS#8')} encrypted", data)


def openssh_binary(data: bytes, passwords: Sequence[bytes], pem_: bytes | None = None) -> Secret | None:
    """OpenSSH's own form; where it is locked, its public half still names it."""
    shape = ssh.shape(data)
    if shape is None:
        return None
    data = data[: shape.length]
    lines = base64.encodebytes(data).decode()
    whole = pem_ or f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}-----END OPENSSH PRIVATE KEY-----\n".encode()
    tried = passwords if shape.locked and shape.rounds <= ssh.MOST_ROUNDS else ()
    if not shape.locked or tried:
        opened = private.openssh(whole, tried)
        if opened:
            return opened
    if not shape.locked:
        return None
    half = shape.public()
    if half is None:
        return None
    name, size = public.kind(half)
    locked = private.locked("encrypted private key", "OpenSSH encrypted", data)
    return replace(locked, size=size, thumbprint=public.thumbprint(half), detail={"algorithm": name})


def _decoded(text: str) -> bytes:
    clean = text.split("=")[0]
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    try:
        return binascii.a2b_base64(clean + "=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def jwk_begin(seen: View) -> int:
    """Where the object around a `kty` member begins; -1 where it does not."""
    return seen.raw.rfind(b"{", max(0, seen.at - _KEY_SPAN), seen.at)


def jwk(seen: View) -> Secret | None:
    """A private JWK with the anchor in its `kty` member."""
    begin = jwk_begin(seen)
    end = seen.raw.find(b"}", seen.at, seen.at + _KEY_SPAN)
    if begin < 0:
        return None
    end = end + 1 if end >= 0 else min(len(seen.raw), seen.at + _CHAINED)
    members = dict(_MEMBER.findall(unescaped(seen.raw[begin:end].decode("latin-1"))))
    try:
        parsed = _from_members(members)
    except (ValueError, KeyError):
        return None
    if parsed is None:
        return None
    detail = {"kid": members["kid"]} if "kid" in members else {}
    return replace(parsed, begin=begin, end=end, detail=detail)


def _from_members(members: dict[str, str]) -> Secret | None:
    kty = members.get("kty")
    if kty == "oct":
        data = public.unbase64url(members["k"])
        if len(data) < SMALLEST_OCT:
            return None
        return Secret("symmetric key", "JWK", len(data) * 8, None, identity(data), 0, 0)
    if "d" not in members:
        return None
    value = {
        m: int.from_bytes(public.unbase64url(members[m]), "big")
        for m in ("n", "e", "d", "p", "q", "x", "y")
        if m in members
    }
    if kty == "RSA":
        if "p" in value and "q" in value:
            return private.from_rsa(value["p"], value["q"], value["e"], value["d"], value["n"], "JWK")
        return private.from_exponent(value["n"], value["e"], value["d"], "JWK")
    if kty == "EC":
        return private.from_scalar(public.curve(members["crv"]), value["d"], value["x"], value["y"], "JWK")
    if kty == "OKP":
        return _okp(members)
    return None


def _okp(members: dict[str, Any]) -> Secret | None:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, x448, x25519

    kinds: dict[str, Any] = {
        "Ed25519": ed25519.Ed25519PrivateKey,
        "Ed448": ed448.Ed448PrivateKey,
        "X25519": x25519.X25519PrivateKey,
        "X448": x448.X448PrivateKey,
    }
    key = kinds[members["crv"]].from_private_bytes(public.unbase64url(members["d"]))
    parsed = private.secret(key, "JWK")
    return parsed if parsed and parsed.thumbprint == public.thumbprint(public.from_jwk(members)) else None


def xml(seen: View) -> Secret | None:
    """.NET's RSAKeyValue with the anchor in its opening tag."""
    after = seen.at + len(b"RSAKeyValue")
    end = seen.raw.find(b"RSAKeyValue", after, after + _KEY_SPAN)
    end = end if end >= 0 else min(len(seen.raw), after + _KEY_SPAN)
    text = unescaped(seen.raw[max(0, seen.at - 8) : end].decode("latin-1"))
    parts = {n: "".join(v.split()) for n, v in re.findall(r"<(\w{1,9})>([A-Za-z0-9+/=\s]{2,8192})</", text)}
    try:
        value = {
            n: int.from_bytes(public.unbase64url(parts[n]), "big")
            for n in ("Modulus", "Exponent", "D", "P", "Q")
            if n in parts
        }
        n, e, d = value["Modulus"], value["Exponent"], value["D"]
    except (ValueError, KeyError):
        return None
    if "P" in value and "Q" in value:
        parsed = private.from_rsa(value["P"], value["Q"], e, d, n, "XML RSAKeyValue")
    else:
        parsed = private.from_exponent(n, e, d, "XML RSAKeyValue")
    last = min(len(seen.raw), end + len(b"RSAKeyValue>"))
    return replace(parsed, begin=max(0, seen.at - 1), end=last) if parsed else None
