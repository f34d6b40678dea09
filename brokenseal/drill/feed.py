"""A world's logs in the order in which a provider would have handed them over: how soon an alarm would have rung.

What: the files of a world are cut into steps by when each record became available; each step is taken into one lake and
the lake is judged again. Why: an answer a month late is no alarm. How: the lag of a record is drawn from its id, as the
provider's own pages tell: audit records sixty to ninety minutes, three in a hundred up to a day, sign-ins two to five
minutes; who watches hunts every hour, as long as an organisation is at its first hostile acts, and twice a day later. Of
these hunts only those are held that may tell something new; one more is held right before a fourth act is told, since
whether three are enough is what is asked. Misses: acts are told to within those of one step; an alarm between two acts is
told at the later hunt.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from brokenseal import pipeline, sources
from brokenseal.drill.score import LOUD
from brokenseal.lake import Lake

Row = dict[str, Any]
HOUR = 3600
LATER = 12 * HOUR
"""Seconds from hunt to hunt once an organisation's fourth hostile act has been told."""
THIRD = 3
"""An alarm ought to ring by this hostile act."""
MOST_ACTS = 12
"""After so many hostile acts without an alarm an organisation is waited for no longer."""
MOST_HUNTS = 40
LATE = 0.03
AUDIT_LAG, LATE_LAG, SIGN_IN_LAG = (3600, 5400), (7200, 86_400), (120, 300)
"""Seconds, from and to."""
_AUDIT = re.compile(r'\{"CreationTime":"([^"]+)","Id":"([^"]+)"')
_SIGN_IN = re.compile(r'\{"id":"([^"]+)","createdDateTime":"([^"Z]+)')


class Line(NamedTuple):
    """A record, and when it became available, in seconds since 1970."""

    available: int
    audit: bool
    text: str


class Act(NamedTuple):
    """A hostile visit that the log shows: when it began, and when its first record became available."""

    tenant_id: str
    begin: int
    available: int


@dataclass(frozen=True)
class Engine:
    """What a hunt may use."""

    threads: int
    memory: str


def alarms(world: Path, truth: Row, engine: Engine) -> list[Row]:
    """Of each robbed organisation: hours and hostile acts from the first act to the alarm, None where none rang.

    world: its folder; a lake is made in it. truth: as its JSON.
    """
    acts = _acts(truth)
    if not acts:
        return []
    lines = sorted(set(_lines(world / "logs")))
    hostile = {r["record_id"]: r["tenant_id"] for r in truth["logged"]}
    rung: dict[str, int] = {}
    heard = 0
    out = world / "feed"
    with Lake.open(world / "feed-lake", write=True, create=True, threads=engine.threads, memory=engine.memory) as lake:
        for _ in range(MOST_HUNTS):
            end = _next_hunt(acts, rung, heard)
            if end is None:
                break
            _take(lake, [line for line in lines if heard <= line.available < end], out, engine)
            heard = end
            for tenant in _ringing(lake, hostile):
                rung.setdefault(tenant, end)
    return [_told(tenant, [a for a in acts if a.tenant_id == tenant], rung.get(tenant)) for tenant in _tenants(acts)]


def summed(rows: list[Row]) -> Row:
    """Over organisations: alarms by the third act, alarms at all, and the medians of acts and hours of those."""
    rung = [r for r in rows if r["acts"] is not None]
    return {
        "organisations": len(rows),
        "rung": len(rung),
        "by_third": sum(r["acts"] <= THIRD for r in rung),
        "acts": median(r["acts"] for r in rung) if rung else None,
        "hours": median(r["hours"] for r in rung) if rung else None,
    }


def available(record: str, moment: int, *, audit: bool) -> int:
    """When a record of this id and time (seconds since 1970) became available."""
    digest = hashlib.sha256(record.encode()).digest()
    share, late = (int.from_bytes(part, "big") / 2**32 for part in (digest[:4], digest[4:8]))
    first, last = SIGN_IN_LAG if not audit else LATE_LAG if late < LATE else AUDIT_LAG
    return moment + int(first + share * (last - first))


def _acts(truth: Row) -> list[Act]:
    """Every hostile visit that the log shows, in order of availability."""
    times = {r["record_id"]: _seconds(r["time"]) for r in truth["logged"]}
    return sorted(
        (
            Act(
                robbed["tenant_id"],
                _seconds(visit["first"]),
                min(available(i, times[i], audit=True) for i in visit["record_ids"]),
            )
            for robbed in truth["robbed"].values()
            for visit in robbed["visits"]
        ),
        key=lambda act: (act.available, act.tenant_id, act.begin),
    )


def _tenants(acts: list[Act]) -> list[str]:
    return sorted({act.tenant_id for act in acts})


def _next_hunt(acts: list[Act], rung: dict[str, int], heard: int) -> int | None:
    """When the next hunt is held, in seconds since 1970: when somebody still worth waiting for is next told of, if anybody."""
    coming: list[int] = []
    for tenant in _tenants(acts):
        own = [act.available for act in acts if act.tenant_id == tenant]
        so_far = sum(moment < heard for moment in own)
        if tenant in rung or so_far >= min(MOST_ACTS, len(own)):
            continue
        first, moment = acts[0].available, own[so_far]
        step = HOUR if so_far <= THIRD else LATER
        coming.append(first + ((moment - first) // step + 1) * step)
        # whether three acts are enough can be told as long as there is no fourth
        if so_far <= THIRD < len(own) and own[THIRD] > heard:
            coming.append(own[THIRD])
    return min(coming, default=None)


def _told(tenant: str, acts: list[Act], rung: int | None) -> Row:
    row: Row = {"tenant_id": tenant, "of": len(acts), "acts": None, "hours": None}
    if rung is not None:
        first = min(act.begin for act in acts)
        row["acts"] = sum(act.available < rung for act in acts)
        row["hours"] = round((rung - first) / 3600, 1)
    return row


def _take(lake: Lake, lines: list[Line], out: Path, engine: Engine) -> None:
    """One step's records as two files, and into the lake."""
    out.mkdir(exist_ok=True)
    paths = []
    for audit, name in ((True, "audit"), (False, "signins")):
        own = [line.text for line in lines if line.audit == audit]
        if own:
            path = out / f"{name}-{lines[-1].available}.json"
            path.write_text("".join(f"{text}\n" for text in own), encoding="utf-8")
            paths.append(path)
    if paths:
        sources.ingest(lake, paths, threads=engine.threads, memory=engine.memory)


def _ringing(lake: Lake, hostile: dict[str, str]) -> set[str]:
    """Organisations of which a loud case holds a hostile record."""
    pipeline.analyse(lake, pipeline.Options())
    loud = ", ".join(f"'{severity}'" for severity in LOUD)
    rows = lake.query(
        "select distinct v.record_id from cases c join case_acts a on a.case_id = c.case_id "
        f"join visit_records v on v.visit_id = a.act_id where c.severity in ({loud})"
    )
    return {hostile[r["record_id"]] for r in rows.to_pylist() if r["record_id"] in hostile}


def _lines(logs: Path) -> Iterator[Line]:
    """Every record of a world's files, one a line in whichever shape; repeats come out the same."""
    for path in sorted(p for p in logs.rglob("*") if p.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for raw in data.decode("utf-8").splitlines():
            text = raw.removeprefix("[").rstrip(",")
            text = text[:-1] if text.endswith("}]") else text
            if found := _AUDIT.match(text):
                moment, record = found.groups()
                yield Line(available(record, _seconds(moment), audit=True), True, text)
            elif found := _SIGN_IN.match(text):
                record, moment = found.groups()
                yield Line(available(record, _seconds(moment), audit=False), False, text)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text.rstrip("Z")).replace(tzinfo=UTC).timestamp())
