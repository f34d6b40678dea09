"""What the compiled SQL must not hold: functions whose answer depends on order, threads or engine."""

from __future__ import annotations

import re
from pathlib import Path

from brokenseal import pipeline
from brokenseal.lake import Lake
from tests.evidence import timeline

BANNED = re.compile(
    # what is sorted at once depends on no order
    r"(?<!list_sort\()(?<!array_sort\()\b(any_value|arbitrary|first|last|first_value|last_value|hash|random|uuid|now|today|list|array_agg|group_concat)\s*\(",
    re.I,
)


def test_no_function_that_depends_on_order_or_engine(tmp_path: Path) -> None:
    cases = [c for m in pipeline.modules().values() for c in m.CASES]
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        lake.start_run("banned")
        timeline.lay(lake, cases)
        for step in pipeline.CONTEXT:
            step(lake)
        lake.put("priors", pipeline.priors.table())
        pipeline.weigh(lake, [], [], pipeline.Options(), 0)
        compiled = list(lake.compiled)
    assert len(compiled) > 20
    found = {m.group(1).lower() for sql in compiled for m in BANNED.finditer(sql)}
    assert not found


def test_the_ban_would_notice() -> None:
    assert BANNED.search("SELECT FIRST(x) FROM t") and not BANNED.search('SELECT "first" FROM t')
    assert BANNED.search("SELECT ARRAY_AGG(x) FROM t") and not BANNED.search("SELECT LIST_SORT(ARRAY_AGG(x)) FROM t")
