"""Files that hold records of several logs: each record goes to the log that it is of.

What: which log a row is of, by the keys of its object. Why: log forwarders write all that they get into one file, and people
put exports one behind another; the first records must not speak for the others. How: a log's own reader says which rows are
surely its own (`Log.own`), and only the others are looked at here, by the same functions that recognise files; rows alike in
their keys are of one log. Misses: a CSV has one header, and one log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa

from brokenseal.sources import lines, log, recognise, second

UNKNOWN = log.Log(
    "none",
    "none",
    lambda seen: False,
    {"Id": "VARCHAR"},
    {"nothing": "null::varchar"},
    {
        "record_id": "nothing",
        "tenant_id": "nothing",
        "operation": "nothing",
        "time": "null::timestamp",
        "content": "nothing",
    },
    "false",
    {},
    needs="what a log that is read here has",
    own="false",
)
"""A file whose first records are of no log that is read here."""
MARK = b" "
"""Before a row that lacks the member in which its file's log wraps records: the fast reader leaves such a row alone."""
LIKE = "json-lines"
"""The shape in which an object by itself is looked at; every log of objects has it."""
ROWS = pa.schema([("file", pa.int32()), *lines.ROWS])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TOLD = ("category", "event")
"""Members whose value tells one log from another."""
_INNER = "properties"
_KINDS = 4096

Row = tuple[int, int, str]


@dataclass
class Parted:
    """Rows (file, row, text) that are not the reader's: of other logs, by name, and of what is not read at all, with why."""

    others: dict[str, list[Row]] = field(default_factory=dict)
    refused: list[tuple[Row, str]] = field(default_factory=list)

    def gone(self) -> list[tuple[int, int]]:
        """File and row of all of them."""
        moved = [row[:2] for rows in self.others.values() for row in rows]
        return moved + [row[:2] for row, _ in self.refused]


def parted(rows: Sequence[Row], name: str) -> Parted:
    """Part the rows that a log's reader is not sure of. name: that log's."""
    out = Parted()
    for file, row, raw in rows:
        found, other = kind(raw)
        if found is not None:
            if found != name:
                out.others.setdefault(found, []).append((file, row, text(raw, found)))
        elif other is not None and not other.startswith(name):
            out.refused.append(((file, row, raw), f"recognised as {other}, which is not read yet"))
    return out


def any_known(blocks: Iterator[pa.Table]) -> bool:
    """Some row is of a log that is read here."""
    return any(kind(raw)[0] is not None for block in blocks for raw in block["raw"].to_pylist())


def table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a block."""
    return pa.table([pa.array(c, t) for c, t in zip(zip(*rows), ROWS.types)], schema=ROWS)


def kind(raw: str) -> tuple[str | None, str | None]:
    """The log that an object is of; else the name of a log that is known and not read; neither for anything else."""
    try:
        members = _MEMBERS.decode(raw.encode("utf-8", "replace"))
        told = tuple(_text(members.get(name)) for name in _TOLD)
        inner = _keys(members.get(_INNER))
    except (msgspec.DecodeError, RecursionError):
        return _again(raw)
    if any(value is not None for value in told) and any(raw.count(f'"{name}"') > 1 for name in _TOLD):
        # of a key given twice the first counts, which the quick decoder does not know
        return _again(raw)
    return _kind(frozenset(members), told, inner)


def _again(raw: str) -> tuple[str | None, str | None]:
    """As `kind`, for what the quick decoder refuses."""
    mended = second.again(raw)
    try:
        found = json.loads(mended) if mended is not None else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return None, None
    told = tuple(v if isinstance(v := found.get(name), str) else None for name in _TOLD)
    inner = found.get(_INNER)
    return _kind(frozenset(found), told, frozenset(inner) if isinstance(inner, dict) else None)


def _text(raw: msgspec.Raw | None) -> str | None:
    return msgspec.json.decode(raw, type=str) if raw is not None and bytes(raw).startswith(b'"') else None


def _keys(raw: msgspec.Raw | None) -> frozenset[str] | None:
    return frozenset(_MEMBERS.decode(raw)) if raw is not None and bytes(raw).startswith(b"{") else None


@lru_cache(_KINDS)
def _kind(
    keys: frozenset[str], told: tuple[str | None, ...], inner: frozenset[str] | None
) -> tuple[str | None, str | None]:
    one: dict[str, Any] = dict.fromkeys(keys)
    one |= {name: value for name, value in zip(_TOLD, told) if value is not None}
    if inner is not None:
        one[_INNER] = dict.fromkeys(inner)
    seen = recognise.Sample(b"{}", LIKE, [one])
    found = log.recognised(seen)
    if found is not None:
        return found.name, None
    other = recognise.other(seen)[0]
    # those of which a note tells what they lack are rows of a log that is read
    return None, None if other in recognise.NOTES else other


# --- records that an export wraps


def text(raw: str, name: str) -> str:
    """The record of a row of this log, as the log's reader takes it."""
    column = log.named(name).column
    if column is None:
        return raw.lstrip()
    return (
        bytes(next(inner(iter([raw.encode("utf-8", "replace")]), column))).removeprefix(MARK).decode("utf-8", "replace")
    )


def inner(rows: Iterator[lines.Row], member: str) -> Iterator[lines.Row]:
    """The record that each row wraps, as an object or as a text; a row that wraps none as it is, behind a mark."""
    for row in rows:
        try:
            yield _member(row, member)
        except UnicodeDecodeError:
            # a byte that is no UTF-8 must not hide what it lies beside
            yield from inner(iter([bytes(row).decode("utf-8", "replace").encode()]), member)
        except (msgspec.DecodeError, KeyError, RecursionError):
            yield MARK + bytes(row)


def _member(row: lines.Row, member: str) -> bytes:
    found = bytes(msgspec.json.decode(row, type=dict[str, msgspec.Raw])[member])
    return msgspec.json.decode(found, type=str).encode() if found.startswith(b'"') else found
