"""The order of the steps, written once, and the judging loop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Options:
    """What a person may decide about an analysis.

    as_of: the moment the answer speaks of, by default the latest event in the lake. false_cases: how many false cases
    the whole answer may hold. isolate: organisations learn nothing from each other's history.
    """

    as_of: datetime | None = None
    false_cases: float = 0.5
    isolate: bool = False
