"""What a scan may say of a secret: everything but the secret."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field

_SALT = os.urandom(32)


@dataclass(frozen=True)
class Secret:
    """A key or token that was parsed.

    kind: 'RSA private key', 'encrypted private key', 'JSON Web Token' ... form: how it was written, 'PKCS#8' ...
    size: bits, None where unknown. thumbprint: of the public key (keys.public), None where it has none or is locked.
    identity: tells two secrets apart within this process; keyed by chance, so that nobody can guess a weak one from it.
    detail: what may be said besides, such as a token's issuer. begin, end: its place in the bytes that were parsed.
    """

    kind: str
    form: str
    size: int | None
    thumbprint: str | None
    identity: bytes
    begin: int
    end: int
    locked: bool = False
    detail: dict[str, str] = field(default_factory=dict)


def identity(secret: bytes) -> bytes:
    """A name for secret bytes that means nothing outside this process."""
    return hmac.new(_SALT, secret, hashlib.sha256).digest()
