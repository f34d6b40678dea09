"""OpenSSH's private key container, as far as it is not encrypted (openssh/PROTOCOL.key)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

MAGIC = b"openssh-key-v1\0"
MOST_ROUNDS = 64
"""bcrypt rounds beyond which a password is not tried."""


@dataclass(frozen=True)
class Shape:
    """length: bytes of the whole. blob: the public half, in SSH's wire form."""

    length: int
    locked: bool
    rounds: int
    blob: bytes

    def public(self) -> Any | None:
        """The public half, or None where it is of a kind that is unknown."""
        import base64

        try:
            (size,) = struct.unpack_from(">I", self.blob)
            name = self.blob[4 : 4 + size]
            return load_ssh_public_key(name + b" " + base64.b64encode(self.blob))
        except (ValueError, UnsupportedAlgorithm, struct.error):
            return None


def shape(data: bytes) -> Shape | None:
    """The container at the start of `data`; None where it is none, or its end is missing."""
    if not data.startswith(MAGIC):
        return None
    at = len(MAGIC)
    try:
        cipher, at = _string(data, at)
        kdf, at = _string(data, at)
        options, at = _string(data, at)
        (count,) = struct.unpack_from(">I", data, at)
        blob, at = _string(data, at + 4)
        _, at = _string(data, at)
    except (struct.error, IndexError):
        return None
    if count != 1:
        return None
    rounds = 0
    if kdf == b"bcrypt" and len(options) >= 8:
        (rounds,) = struct.unpack(">I", options[-4:])
    return Shape(at, cipher != b"none", rounds, blob)


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">I", data, at)
    if at + 4 + size > len(data):
        raise IndexError("it ends before its string does")
    return data[at + 4 : at + 4 + size], at + 4 + size
