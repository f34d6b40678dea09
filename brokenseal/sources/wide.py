"""CSV whose columns are the record: each record becomes a JSON object of its columns.

What: rows whose text is an object of the columns that hold something, in the order of the header. Why: portals and
workspaces export a column a field, and all that comes after reads objects. How: pyarrow reads the columns as bytes, and
whole columns are quoted and joined; no loop over records. A column that comes twice counts at its first place; names lose
double blanks.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from brokenseal.sources import lines

BLOCK = 32 << 20
_CONTROL = r"[\x00-\x1f]"
_WRITTEN = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def names(header: Sequence[str]) -> list[str]:
    """Keys of the columns: trimmed, without double blanks; '' for a column that was there before, or has no name."""
    out: list[str] = []
    for title in header:
        key = re.sub(r"\s+", " ", title).strip()
        out.append("" if key in out else key)
    return out


def records(
    stream: lines.Stream, header: Sequence[str], skip: int, delimiter: str, ragged: list[tuple[int, str]]
) -> Iterator[pa.Table]:
    """The records as objects, numbered after the header; records of another width go to `ragged`.

    skip: lines before the header. Raises pyarrow.ArrowInvalid where the fast reader gives up: `slow` reads it then.
    """
    first, read = skip + 1, 0

    def bad(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(((row.number or 0) - first, f"{row.actual_columns} columns instead of {row.expected_columns}"))
        return "skip"

    columns = [str(n) for n in range(len(header))]
    reader = pyarrow.csv.open_csv(
        pa.PythonFile(io.BufferedReader(lines._File(stream), lines.READ), mode="r"),
        read_options=pyarrow.csv.ReadOptions(
            block_size=BLOCK, use_threads=False, skip_rows=first, column_names=columns
        ),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=bad, delimiter=delimiter, ignore_empty_lines=True
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.large_binary()), strings_can_be_null=False, null_values=[]
        ),
    )
    keys, held = names(header), list[pa.Table]()
    for batch in reader:
        rows = lines.taken(read, batch.num_rows, ragged)
        read = int(rows[-1]) if len(rows) else read
        held.append(pa.table([pa.array(rows), _objects(keys, batch.columns)], schema=lines.ROWS))
        if sum(t.nbytes for t in held) >= lines.BLOCK:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _objects(keys: Sequence[str], columns: Sequence[pa.Array]) -> pa.Array:
    """One JSON object a row."""
    members = [m for key, column in zip(keys, columns) if key and (m := _member(key, lines._text(column))) is not None]
    count = len(columns[0])
    if not members:
        return pa.array(["{}"] * count, pa.string_view())
    # where a row's members are all NULL the join would leave the row out
    empty = members[0].is_null()
    for member in members[1:]:
        empty = pc.and_(empty, member.is_null())
    members[0] = pc.if_else(empty, _text(""), members[0])
    joined = pc.binary_join_element_wise(*members, _text(","), null_handling="skip")
    return pc.binary_join_element_wise(_text("{"), joined, _text("}"), _text("")).cast(pa.string_view())


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _member(key: str, column: pa.Array) -> pa.Array | None:
    """`"key":"value"` of each row, NULL where the column is empty; None where it is so in every row."""
    text = column.cast(pa.large_string())
    there = pc.not_equal(text, "")
    if not pc.any(there).as_py():
        return None
    text = _escaped(text)
    before = _text(json.dumps(key, ensure_ascii=False) + ':"')
    made = pc.binary_join_element_wise(before, text, _text('"'), _text(""))
    return made if pc.all(there).as_py() else pc.if_else(there, made, _text(None))


def _escaped(text: pa.Array) -> pa.Array:
    """The text as it stands between the quotes of JSON."""
    whole, named = _bytes(text), 0
    controls = np.count_nonzero(whole < 32)
    # the backslash first: the others bring it in
    for letter, written in _WRITTEN.items():
        if (letter in '\\"' or controls) and (found := np.count_nonzero(whole == ord(letter))):
            text = pc.replace_substring(text, letter, written)
            named += int(found) if letter < " " else 0
    if controls > named:
        rest = pc.match_substring_regex(text, _CONTROL)
        odd = [re.sub(_CONTROL, lambda m: f"\\u{ord(m[0]):04x}", t) for t in text.filter(rest).to_pylist()]
        text = pc.replace_with_mask(text, rest, pa.array(odd, pa.large_string()))
    return text


def _bytes(text: pa.Array) -> np.ndarray:
    """The bytes of all texts, one behind another."""
    _, offsets, data = text.buffers()
    if data is None:
        return np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]


def slow(
    stream: lines.Stream, header: Sequence[str], skip: int, delimiter: str, ragged: list[tuple[int, str]]
) -> Iterator[pa.Table]:
    """As `records`, for a file that the fast reader gave up on."""
    csv.field_size_limit(1 << 31)
    text = io.TextIOWrapper(io.BufferedReader(lines._File(stream), lines.READ), "utf-8", "replace", newline="")
    for _ in range(skip):
        text.readline()
    reader = csv.reader(text, delimiter=delimiter)
    next(reader, [])
    keys, number, part, held = names(header), 0, [], 0
    for record in reader:
        if not record:
            continue
        number += 1
        if len(record) != len(header):
            ragged.append((number, f"{len(record)} columns instead of {len(header)}"))
            continue
        raw = json.dumps({k: v for k, v in zip(keys, record) if k and v}, ensure_ascii=False)
        part.append((number, raw))
        held += len(raw)
        if held > lines.BLOCK:
            yield _rows(part)
            part, held = [], 0
    if part:
        yield _rows(part)


def _rows(part: list[tuple[int, str]]) -> pa.Table:
    return pa.table([pa.array(c, t) for c, t in zip(zip(*part), lines.ROWS.types)], schema=lines.ROWS)
