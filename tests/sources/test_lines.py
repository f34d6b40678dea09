"""Every row of a file with its number, however the file is written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokenseal.sources import lines, split

RELAXED = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
plain = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(max_size=6), json_values, max_size=4)


def physical(path: Path) -> list[tuple[int, str]]:
    blocks = lines.physical(lines.Stream(path))
    return [(n, t) for b in blocks for n, t in zip(b["row"].to_pylist(), b["raw"].to_pylist())]


@RELAXED
@given(st.lists(plain, max_size=20), st.sampled_from([1, 7, 64, 1 << 20]), st.booleans(), st.booleans())
def test_physical_lines(tmp_path: Path, rows: list[str], block: int, packed: bool, ended: bool) -> None:
    data = "\n".join(rows).encode() + (b"\n" if ended else b"")
    path = tmp_path / "f"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        patch.setattr(lines, "READ", 5)
        patch.setattr(lines, "CACHED", 3)
        told = physical(path)
    # a mark at the beginning is none of the text
    first = rows[:1] and [rows[0].removeprefix("\ufeff")]
    wanted = [(n, r.strip(" \t\r")) for n, r in enumerate([*first, *rows[1:]], 1)]
    assert told == [(n, r) for n, r in wanted if r]


def test_lines_that_are_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b'{"a": "\xff\xfe"}\n{"b": 1}\n')
    assert physical(path) == [(1, '{"a": "\ufffd\ufffd"}'), (2, '{"b": 1}')]


@RELAXED
@given(st.lists(json_objects, max_size=8), st.integers(1, 40), st.sampled_from([None, 2]), st.integers(0, 3))
def test_split_finds_the_elements_that_a_parser_finds(
    rows: list[dict[str, object]], step: int, indent: int | None, kind: int
) -> None:
    bodies = [
        json.dumps(rows, indent=indent),
        json.dumps({"@odata.context": 'https://x/"[{', "count": None, "value": rows}, indent=indent),
        "\n".join(json.dumps(r, indent=indent) for r in rows),
        json.dumps({"value": rows[:2]}) + "\n" + json.dumps({"value": rows[2:], "@odata.nextLink": "https://y"}),
    ]
    data = bodies[kind].encode()
    found = list(split.values(data[n : n + step] for n in range(0, len(data), step)))
    assert [json.loads(f) for f in found] == rows


def test_split_goes_on_behind_a_broken_element() -> None:
    data = b'[{"a": 1}, {"a": \xff, "b": "x]\\"}"}, {broken}, ' + b'{"d":' + b"[" * 3000 + b"]" * 3000 + b'}, {"e": 5'
    found = list(split.values([data]))
    assert found[0] == b'{"a": 1}' and found[1].endswith(b'"x]\\"}"}') and found[2] == b"{broken}"
    assert len(found[3]) == 6006 and found[4] == b'{"e": 5'


def test_a_cut_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "f"
    whole = gzip.compress(b"line\n" * 50_000 + bytes(range(256)) * 90)
    for data, cut in ((whole, None), (whole[:-9], "too early"), (whole + whole, None), (whole + b"\0" * 9, None)):
        path.write_bytes(data)
        stream = lines.Stream(path)
        assert b"".join(stream.blocks()).startswith(b"line\nline\n")
        assert (stream.cut is None) == (cut is None) and (cut or "") in (stream.cut or "")
    path.write_bytes(whole + b"junk")
    stream = lines.Stream(path)
    list(stream.blocks())
    assert stream.cut and "follow" in stream.cut


@pytest.mark.parametrize("read", [lines.csv_records, lines.csv_slow])
def test_csv_records_are_numbered_after_the_header(tmp_path: Path, read: object) -> None:
    path = tmp_path / "f"
    path.write_bytes(b'sep=,\r\n"A","AuditData"\r\n"1","x\ny"\r\n"2"\r\n"3","say ""it"""\r\n\r\n"4",""\r\n')
    ragged: list[tuple[int, str]] = []
    blocks = list(read(lines.Stream(path), "AuditData", 1, ",", ragged))  # type: ignore[operator]
    told = [(n, t) for b in blocks for n, t in zip(b["row"].to_pylist(), b["raw"].to_pylist())]
    assert told == [(1, "x\ny"), (3, 'say "it"'), (4, "")]
    assert [n for n, _ in ragged] == [2]
