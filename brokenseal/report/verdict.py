"""Verdict and exit code, from the answer's other parts.

"Nothing found" is the strongest thing this product can say, so it is said only where, in every organisation, the log
holds accesses on nearly all the days on which people sign in, and no gap hides a whole reason; else it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HIDING = frozenset({"no-token-ids", "no-issuance-log", "short-history", "lost-rows"})
"""Gaps behind which a whole reason to doubt finds nothing to look at."""
DAYS_SHARE = 0.95


@dataclass(frozen=True)
class Days:
    """Days of one organisation: with sign-ins, and of these, with accesses too."""

    signed_in: int
    both: int


def told(tenant: str | None, days: Days | None, gaps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the logs of this organisation suffice to say that nothing was found in them."""
    if days is None or days.signed_in == 0 or days.both < DAYS_SHARE * days.signed_in:
        return False
    return not any(g["kind"] in HIDING and g["tenant_id"] in (None, tenant) for g in gaps)


def verdict(severities: Iterable[str], *, clear: bool) -> str:
    """The verdict. clear: there are organisations, and of each of them it can be told."""
    found = set(severities)
    if found & {"critical", "high"}:
        return "intrusion"
    if "medium" in found:
        return "suspicion"
    return "nothing found" if clear else "cannot tell"


def exit_code(said: str, *, clear: bool, all_read: bool) -> int:
    """3 an intrusion; 2 none found and either it cannot be told or some input was not read; else 0."""
    if said == "intrusion":
        return 3
    return 0 if clear and all_read else 2
