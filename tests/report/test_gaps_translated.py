"""What is missing is said whole in the reader's language: the log, the day, and what was not handed over."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from brokenseal import schema
from brokenseal.cases import cut
from brokenseal.report.language import language

BEGIN, END = datetime(2025, 9, 1), datetime(2025, 9, 30)
STREAMS = ("access", "interactive", "non-interactive", "service-principal", "managed-identity")
LATIN = re.compile(r"[A-Za-z]{2,}|\d{4}-\d\d-\d\d|None")


def _stream(name: str, days: int) -> dict[str, Any]:
    return {"tenant_id": "t", "stream": name, "from": END - timedelta(days=days), "to": END}


def meanings() -> list[str]:
    """What is said of each log: that the provider has deleted its beginning, or still has what nobody handed over."""
    expired = [f.meaning for s in STREAMS for f in cut.expired([_stream(s, schema.kept_days(s))])]
    none = [f.meaning for f in cut.expiring([_stream("access", 29)], END)]
    short = [_stream(s, 10) for s in STREAMS]
    before = [f.meaning for f in cut.expiring(short, END)]
    late = [{**_stream("access", 29)}, *({**_stream(s, 29), "to": END - timedelta(days=5)} for s in STREAMS[1:])]
    return [*expired, *none, *before, *(f.meaning for f in cut.expiring(late, END))]


@pytest.mark.parametrize("meaning", sorted(set(meanings())))
def test_a_gap_is_said_whole_in_arabic(meaning: str) -> None:
    told = re.sub(r"<[^>]*>", "", str(language("ar").say(meaning)))
    assert not LATIN.search(told), told


def test_each_log_and_each_edge_is_among_them() -> None:
    said = " ".join(meanings())
    for part in ("Unified audit records begin", "Service-principal sign-ins begin", "Managed-identity sign-ins begin",
                 "unified audit records before", "None from before", "None from after", "None were handed over"):  # fmt: skip
        assert part in said
