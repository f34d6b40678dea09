"""Private keys and tokens that lie where they should not: in dumps, logs, repositories, archives and disk images.

What: `scan` looks at every byte of the files it is given. Why: nobody knows how the signing key of 2023 was taken; a crash
dump is one guess, and one can look at one's own. How: yara-x finds candidates (`rules`), readers parse them (`blobs`,
`texts`, `tokens`), `cryptography` confirms (`private`); where they may lie is in `source` and `unpack`. What is reported
names a secret by its public half and never holds it. Misses: what is compressed inside a raw image, encrypted, or written
in a form that no reader knows; `primes` finds the primes of known keys in any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokenseal.keys.scan.known import Known
    from brokenseal.keys.scan.run import Leak, Scanned, scan

__all__ = ["Known", "Leak", "Scanned", "scan"]
_HOME = {"Known": "known", "Leak": "run", "Scanned": "run", "scan": "run"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"brokenseal.keys.scan.{_HOME[name]}"), name)
