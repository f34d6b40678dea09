"""Work without Python's collector of cycles.

What: `uncollected`, for a `with` or as a decorator. Why: an analysis builds hundreds of thousands of expressions that live to its
end, and the collector looks through all of them again and again, for a tenth of Python's time. How: it is off meanwhile; what
nobody holds any more goes all the same, save what holds itself. Misses: so it is nothing for a service that goes on and on.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No cycles are collected meanwhile."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
