"""Silence: of mailboxes, of organisations, after the rate wall, and of repeats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brokenseal import schema
from brokenseal.cases import silent
from brokenseal.cases.cut import Left
from brokenseal.lake import Lake

BEGIN = datetime(2025, 3, 3)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
END = BEGIN + 30 * DAY
BOXES = ("ann", "bea", "cal", "dan")
SIGNINS = pa.schema([("tenant_id", pa.string()), ("user", pa.string()), ("time", pa.timestamp("us"))])
Row = dict[str, Any]


def _streams(signed_from: datetime | None = BEGIN) -> list[Row]:
    spans = [("access", BEGIN, END)] + ([("interactive", signed_from, END)] if signed_from else [])
    return [{"tenant_id": "t", "stream": name, "from": since, "to": until} for name, since, until in spans]


def _access(time: datetime, box: str = "ann", **columns: Any) -> Row:
    return {
        "record_id": f"{box}{time:%d%H%M%S%f}",
        "time": time,
        "tenant_id": "t",
        "mailbox": f"{box}@agency.example",
        "access": "bind",
        "throttled": False,
        **columns,
    }


def _daily(box: str, days: Sequence[int]) -> list[Row]:
    return [_access(BEGIN + d * DAY + 9 * HOUR, box) for d in days]


def _signin(time: datetime, box: str = "ann") -> Row:
    return {"tenant_id": "t", "user": f"{box}@agency.example", "time": time}


class Laid:
    """A lake that holds these accesses and sign-ins alone."""

    def __init__(self, path: Path, accesses: list[Row], signins: list[Row] | None = None) -> None:
        self.lake = Lake.open(path / "lake", write=True, create=True)
        self.lake.start_run("silent")
        self.lake.put("accesses", pa.Table.from_pylist(accesses, schema=schema.TABLES["accesses"].arrow()))
        silent.hours(self.lake)
        self.lake.put("signins", pa.Table.from_pylist(signins or [], schema=SIGNINS))

    def mailboxes(self, streams: list[Row]) -> list[Left]:
        with self.lake:
            return list(silent.mailboxes(self.lake, streams))


def _told(found: list[Left]) -> list[tuple[str, str, int, int]]:
    """Kind, mailbox, first and last day."""
    return [(f.kind, (f.mailbox or "")[:3], (f.since - BEGIN).days, (f.until - BEGIN).days) for f in found]  # type: ignore[operator]


def test_a_mailbox_that_starts_late_stops_early_or_pauses(tmp_path: Path) -> None:
    life = [*_daily("ann", range(10, 30)), *_daily("bea", range(20)), *_daily("cal", [*range(10), *range(20, 30)])]
    signins = [_signin(BEGIN + d * DAY, b) for b in BOXES for d in range(30)]
    found = Laid(tmp_path, [*life, *_daily("dan", range(30))], signins).mailboxes(_streams())
    assert _told(found) == [("log-starts", "ann", 0, 10), ("log-stops", "bea", 19, 30), ("log-pauses", "cal", 10, 20)]
    assert all("its owner signs in all the while" in f.meaning for f in found)


def test_one_who_was_not_there_is_no_gap(tmp_path: Path) -> None:
    life = [*_daily("ann", range(10, 30)), *_daily("bea", range(20)), *_daily("dan", range(30))]
    signins = [
        *(_signin(BEGIN + d * DAY, "ann") for d in range(10, 30)),
        *(_signin(BEGIN + d * DAY, "bea") for d in range(20)),
    ]
    assert Laid(tmp_path, life, signins).mailboxes(_streams()) == []


def test_where_no_sign_ins_were_kept_it_may_be_new(tmp_path: Path) -> None:
    life = [*_daily("ann", range(10, 30)), *_daily("dan", range(30))]
    signins = [_signin(BEGIN + d * DAY, "ann") for d in range(15, 30)]
    (found,) = Laid(tmp_path, life, signins).mailboxes(_streams(BEGIN + 15 * DAY))
    assert found.kind == "log-starts" and "either it was new" in found.meaning


def test_a_mailbox_that_is_seldom_read_may_be_silent(tmp_path: Path) -> None:
    life = [*_daily("ann", range(0, 25, 5)), *_daily("dan", range(30))]
    assert Laid(tmp_path, life).mailboxes(_streams(None)) == []


def _hourly(hours: Sequence[int], tenant: str = "t") -> list[Row]:
    return [_access(BEGIN + h * HOUR, tenant_id=tenant) for h in hours]


def test_an_organisation_whose_records_did_not_come_through(tmp_path: Path) -> None:
    laid = Laid(tmp_path, _hourly([h for h in range(30 * 24) if not 200 <= h < 212]))
    with laid.lake:
        (found,) = silent.organisations(laid.lake)
    assert (found.kind, found.mailbox) == ("lost-hours", None)
    assert (found.since, found.until) == (BEGIN + 199 * HOUR, BEGIN + 212 * HOUR)
    assert found.meaning.startswith("For 12 hours")


def _busy(hours: Sequence[int], records: int = 40, **columns: Any) -> list[Row]:
    return [_access(BEGIN + h * HOUR + n * timedelta(minutes=1), **columns) for h in hours for n in range(records)]


def _lost(path: Path, accesses: list[Row]) -> list[tuple[float, str]]:
    """When each outage begins, in hours, and what is said of it."""
    laid = Laid(path, accesses)
    with laid.lake:
        return [((f.since - BEGIN) / HOUR, f.meaning) for f in silent.organisations(laid.lake) if f.since]


def test_two_hours_of_many_records_are_an_outage_and_of_few_none(tmp_path: Path) -> None:
    hours = [h for h in range(10 * 24) if not 106 <= h < 108]
    ((since, meaning),) = _lost(tmp_path / "many", _busy(hours))
    assert 105 < since < 106 and meaning.startswith("For 2 hours")
    assert _lost(tmp_path / "few", _busy(hours, 1)) == []


def test_hours_of_nothing_but_synchronised_folders_are_told_by_their_share(tmp_path: Path) -> None:
    hours = [h for h in range(30 * 24) if not 200 <= h < 212]
    (found,) = _lost(tmp_path, _busy(hours, 1, access="sync"))
    assert found[1].startswith("For 12 hours")


def test_an_empty_hour_is_odd_by_the_counts_of_its_like_or_by_how_seldom_it_is() -> None:
    seldom = math.log2(22 / 2.5)
    # Poisson's chance of none among hours of ten each, and no more than twice their records however many
    assert silent._emptiness([10] * 20, 20) == pytest.approx(math.log2(2 * 200))
    assert silent._emptiness([3, 4, 5] * 7, 21) == pytest.approx(4 * math.log2(math.e), rel=0.02)
    assert silent._emptiness([1000] * 20, 20) == pytest.approx(math.log2(2 * 20_000))
    # one of the like that was empty, or one that was full, says that the counts differ
    assert silent._emptiness([5, 5, 5] * 7, 22) < silent._emptiness([5, 5, 5] * 7, 21)
    # the variance of few and many alike is so large that none is nothing new
    assert silent._emptiness([1, 1, 1, 1, 400] * 4, 21) == pytest.approx(-math.log2(1 - 20.5 / 22))
    # sparse ones go by their share, one alone too, and what had no record but of folders
    for sparse in ([1] * 19, [0] * 19):
        assert silent._emptiness(sparse, 21) == pytest.approx(seldom)
    assert silent._emptiness([1000], 21) == pytest.approx(-math.log2(1 - 1.5 / 22))


def test_nights_in_which_nobody_works_are_no_outage(tmp_path: Path) -> None:
    laid = Laid(tmp_path, _hourly([h for h in range(30 * 24) if 7 <= h % 24 < 19]))
    with laid.lake:
        assert list(silent.organisations(laid.lake)) == []


def _wall(records: int, after: timedelta, **last: Any) -> list[Row]:
    many = [_access(BEGIN + n * timedelta(seconds=30)) for n in range(records)]
    many[-1] |= last
    return [*many, _access(many[-1]["time"] + after)]


def _throttled(path: Path, accesses: list[Row]) -> list[tuple[datetime | None, int, str]]:
    laid = Laid(path, accesses)
    with laid.lake:
        return [(f.since, len(records), f.meaning) for f, records in silent.throttled(laid.lake)]


def test_a_record_that_says_throttled_and_silence_that_does(tmp_path: Path) -> None:
    (flagged,) = _throttled(tmp_path / "a", _wall(1000, 25 * HOUR, throttled=True))
    assert flagged[1] == 1 and flagged[2].startswith("The provider stopped")
    (silence,) = _throttled(tmp_path / "b", _wall(1000, 25 * HOUR))
    assert silence[:2] == (flagged[0], 0) and "the record that says so is missing" in silence[2]


def test_many_records_that_go_on_are_not_throttled(tmp_path: Path) -> None:
    assert _throttled(tmp_path / "a", _wall(1000, 2 * HOUR)) == []
    assert _throttled(tmp_path / "b", _wall(600, 25 * HOUR)) == []


def _repeats(
    folder: Path, visits: list[dict[str, Any]], case: list[str], weighed: dict[str, int], excused: tuple[str, ...] = ()
) -> list[tuple[str, float, float]]:
    """Mailbox, begin and end, in hours, of what is declared at a line of twelve bits. case: its acts; weighed: bits in tenths
    of acts; excused: acts that a person called benign."""
    box = {v["visit_id"]: v["mailbox"] for v in visits}
    tables: dict[str, list[dict[str, Any]]] = {
        "visits": visits,
        "case_acts": [{"case_id": "c", "act_id": act, "basis": "own evidence"} for act in case],
        "acts": [{"act_id": act, "bits": n, "tenant_id": "t", "mailbox": box[act]} for act, n in weighed.items()],
    }
    with Laid(folder, []).lake as lake:
        for name, rows in tables.items():
            lake.put(name, pa.Table.from_pylist(rows, schema=schema.TABLES[name].arrow()))
        lake.put("excused", pa.table({"act_id": pa.array(excused, pa.string())}))
        return [
            (f.mailbox, (f.since - BEGIN) / HOUR, (f.until - BEGIN) / HOUR)
            for f in silent.repeats(lake, 120)
            if f.mailbox and f.since and f.until
        ]


def test_an_hour_after_each_visit_of_a_case_and_of_whom_a_heavy_act_names(tmp_path: Path) -> None:
    at = {"case": (0, 0.5, 5), "heavy": (20, 30), "light": (35,), "owner": (40,), "excused": (45,)}
    visits = [
        {"visit_id": f"{who}{n}", "relationship_id": who, "tenant_id": "t", "mailbox": who, "item_count": 1,
         "first": BEGIN + h * HOUR, "last": BEGIN + h * HOUR}
        for who, hours in at.items()
        for n, h in enumerate(hours)
    ]  # fmt: skip
    weighed = {"heavy1": 72, "light0": 71, "excused0": 200}
    found = _repeats(tmp_path, visits, [f"case{n}" for n in range(3)], weighed, excused=("excused0",))
    assert found == [("case", 0, 1.5), ("case", 5, 6), ("heavy", 20, 21), ("heavy", 30, 31)]


def test_an_hour_after_what_is_odd_for_a_mailbox_of_a_case(tmp_path: Path) -> None:
    visits = [
        {"visit_id": f"{box}{n}", "relationship_id": f"{box}{n}", "tenant_id": "t", "mailbox": box, "item_count": 1,
         "first": BEGIN + 10 * n * HOUR, "last": BEGIN + 10 * n * HOUR}
        for box in ("robbed", "other")
        for n in range(8)
    ]  # fmt: skip
    # of eight relationships half a one would by chance weigh four bits
    found = _repeats(tmp_path, visits, ["robbed0"], {"robbed1": 40, "robbed2": 39, "other1": 71})
    assert found == [("robbed", 0, 1), ("robbed", 10, 11)]


def test_an_hour_after_each_visit_of_a_person_of_a_case_to_mailboxes_of_others(tmp_path: Path) -> None:
    who = [
        ("eve", "ann", "delegate"),
        ("eve", "boss", "delegate"),
        ("eve", "eve", "owner"),
        ("joe", "boss", "delegate"),
    ]
    visits = [
        {"visit_id": f"{n}", "relationship_id": f"r{n}", "tenant_id": "t", "actor": actor, "mailbox": box,
         "logon_type": logon, "item_count": 1, "first": BEGIN + 10 * n * HOUR, "last": BEGIN + 10 * n * HOUR}
        for n, (actor, box, logon) in enumerate([*who, ("eve", "ann", "application")])
    ]  # fmt: skip
    found = [(box, since) for box, since, _ in _repeats(tmp_path, visits, ["0"], {})]
    # neither what is his own, nor what a colleague opens there, nor a program under the same name
    assert found == [("ann", 0), ("boss", 10)]
