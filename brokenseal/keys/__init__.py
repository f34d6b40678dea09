"""Token and signing-key custody. Stands beside the line from logs to answer.

`verify` applies fifteen rules to a token, `forge` makes tokens that a validator must refuse. Public names are imported
when they are asked for: `brokenseal --help` loads no cryptography.
"""

from __future__ import annotations

from typing import Any

_HOME = {
    "Policy": "verifier.policy",
    "TokenGate": "verifier.asgi",
    "Verified": "verifier.verify",
    "examine": "verifier.verify",
    "policy": "verifier.policy",
    "verify": "verifier.verify",
}
__all__ = ["Policy", "TokenGate", "Verified", "examine", "policy", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"brokenseal.keys.{_HOME[name]}"), name)
