"""Which keys are trusted: every version of the key sets that one's issuers publish, and what is odd about them.

What: `watch` looks at discovery documents, key sets and federation metadata, keeps every version, and reports by a diff.
Why: the intrusion of 2023 rested on a key that should have been retired, published where it had no place; a key that
vanishes or comes back is news, and so is one that anybody can compute. How: `documents` reads, `judge` compares, `weak` does
the arithmetic, `run` keeps. Misses: what an issuer trusts without publishing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brokenseal.keys.watch.judge import KeyFinding, Policy
    from brokenseal.keys.watch.run import Looked, timeline, watch

__all__ = ["KeyFinding", "Looked", "Policy", "timeline", "watch"]
_HOME = {"KeyFinding": "judge", "Looked": "run", "Policy": "judge", "timeline": "run", "watch": "run"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"brokenseal.keys.watch.{_HOME[name]}"), name)
