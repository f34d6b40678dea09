"""Tokens that nobody issued, of several people at once: how many are too many.

What: `burst`, a row an organisation, program and two days in which two or more people's mailboxes were opened with a token
that no sign-in issued, each from a /24 or /48 where he never signs in; and `burst_visits`, these visits. Why: who forges
tokens seldom forges one; where each victim has a network, a browser and a session of his own, that they fall together is all
that they share. How: as `reach` counts mailboxes: a share of all such spans has any, and of these a share goes on to each
further person. Both are counted on the program's other spans, and lean by 20 acts on what is assumed there. What went as far in
another organisation is no precedent, nor is what went on there at the same time, since a campaign comes to many at
once; in the own organisation every other span is, since logs that lose sign-ins lose them again. Spans overlap by a day, so
that what takes one night lies whole in one. Misses: programs whose tokens go unissued in every second span or more; an
intruder who opens one mailbox in two days.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import ibis
import pyarrow as pa
from ibis import Table

from brokenseal import bits
from brokenseal.beside import beside
from brokenseal.evidence import reach
from brokenseal.lake import Lake

KIND = "unissued"
UNISSUED, ORPHANED = "unissued_token", 2
"""The reason whose visits are counted, and from which level on: nobody issued the token."""
COMMON = 0.5
"""A program with such tokens in so large a share of its spans is not asked."""
NAMED = ("program", "tenant_id")
SCHEMA = pa.schema([("kind", pa.string()), ("value", pa.string()), ("people", pa.int64()), ("place", pa.int64())])
Row = dict[str, Any]


class Span(NamedTuple):
    """Two days of an organisation, by the first of them."""

    tenant_id: str
    start: date


def days(lake: Lake) -> None:
    """Write `program_days`: program, tenant_id, and each day on which it opened mailboxes with what could be linked; and
    `signed_from`: tenant_id, actor, and each /24 or /48 that he signs in from. No round changes that."""
    signs = lake.read("signins").join(lake.read("networks").select("ip", "prefix"), "ip")
    lake.write("signed_from", signs.select("tenant_id", "prefix", actor="user").distinct())
    v = lake.read("visits")
    able = v.filter(v.complete & (v.token_id.notnull() | v.session_id.notnull()) & ~v.background)
    lake.write("program_days", _dated(able).select(*NAMED, "day").distinct())


def burst(lake: Lake, line: int, *, isolate: bool = False) -> Table:
    """Write `burst` (kind, value, people, place: its weight in tenths) and `burst_visits` (visit_id, value).

    line: of single acts, in tenths; what reaches it by itself is counted with nobody. isolate: other organisations are not
    asked.
    """
    levels = lake.read("levels")
    levels = levels.filter((levels.evidence == UNISSUED) & (levels.level >= ORPHANED)).select(visit_id="unit_id")
    visits = lake.read("visits").semi_join(levels, "visit_id")
    odd = _dated(visits.anti_join(lake.read("signed_from"), ["tenant_id", "actor", "prefix"]))
    odd = odd.filter(odd.actor.notnull()).anti_join(lake.read("doubted"), "visit_id")
    odd = beside(odd, lake.read("judged").select("visit_id", "bits"), "visit_id")
    odd = lake.write("burst_spans", _spans(odd.filter(ibis.coalesce(odd.bits, 0) < line)))
    used = _spans(lake.read("program_days")).select(*NAMED, "start").distinct()
    met = odd.group_by(*NAMED, "start").agg(people=odd.actor.nunique())
    spans, people = lake.fetch(used).to_pylist(), lake.fetch(met).to_pylist()
    rows = sorted(_rows(spans, people, isolate), key=lambda r: r["value"])
    value = _value(odd.tenant_id, odd.start.strftime("%Y-%m-%d"), odd.program)
    lake.write("burst_visits", odd.select("visit_id", value=value))
    return lake.put("burst", pa.Table.from_pylist(rows, schema=SCHEMA))


def _dated(visits: Table) -> Table:
    """Visits by organisation, program and `day`, at its midnight."""
    v = visits
    program = v.client.fill_null("-") + " | " + v.app_id.fill_null("-")
    return v.select(
        "visit_id", "actor", program=program, tenant_id=v.tenant_id.fill_null("?"), day=v["first"].truncate("D")
    )


def _spans(rows: Table) -> Table:
    """Each row in the two spans that its day lies in, by their `start`."""
    return ibis.union(*(rows.mutate(start=(rows.day - ibis.interval(days=n)).date()) for n in (0, 1)))


def _value(tenant: Any, start: Any, program: Any) -> Any:
    """What a span is called, of texts or of columns of them."""
    return tenant + " " + start + " " + program


def _rows(used: list[Row], met: list[Row], isolate: bool) -> Iterator[Row]:
    """A row of `burst` for each span with two people or more.

    used: the spans in which an organisation used a program; met: how many people had such a token in one.
    """
    spans: dict[str, set[Span]] = defaultdict(set)
    for row in used:
        spans[row["program"]].add(Span(row["tenant_id"], row["start"]))
    counts: dict[str, dict[Span, int]] = defaultdict(dict)
    for row in met:
        counts[row["program"]][Span(row["tenant_id"], row["start"])] = row["people"]
    for program, people in counts.items():
        if len(people) < COMMON * len(spans[program]):
            yield from _weighed(program, people, spans[program], isolate)


def _weighed(program: str, counts: dict[Span, int], used: set[Span], isolate: bool) -> Iterator[Row]:
    of = Counter(span.tenant_id for span in used)
    for span, own in counts.items():
        if own < 2:
            continue
        near = [span.start + timedelta(days=n) for n in (-1, 0, 1)]
        apart = {other: n for other, n in counts.items() if other.start not in near}
        mine = [n for other, n in apart.items() if other.tenant_id == span.tenant_id]
        others = [n for other, n in apart.items() if other.tenant_id != span.tenant_id and n < own and not isolate]
        elsewhere = 0 if isolate else len(used) - of[span.tenant_id]
        weight = reach.oddness(own, mine, of[span.tenant_id] - 1, others, elsewhere)
        value = _value(span.tenant_id, span.start.isoformat(), program)
        yield {"kind": KIND, "value": value, "people": own, "place": bits.tenths(weight)}
