"""Archives: what is in them is read, and what nobody should unpack is refused in one line, the lake as before."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from brokenseal.errors import InputError
from brokenseal.sources import lines, unpack
from tests.sources import exports
from tests.sources.conftest import Row, Taken, access, signin, sync
from tests.sources.test_shapes import told

ROWS = [*(access(n) for n in range(30)), *(sync(n) for n in range(30, 40))]


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


PLAIN = exports.lines(ROWS)
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "two gz members": lambda d: gzip.compress(d[: d.index(b"\n") + 1]) + gzip.compress(d[d.index(b"\n") + 1 :]),
    "zst": lambda d: pa.Codec("zstd").compress(d, asbytes=True),
    "two zst frames": lambda d: (
        pa.Codec("zstd").compress(d[:999], asbytes=True) + pa.Codec("zstd").compress(d[999:], asbytes=True)
    ),
    "zip": lambda d: zipped({"a/b.json": d}),
    "stored zip": lambda d: zipped({"b.json": d}, zipfile.ZIP_STORED),
    "zip of gz": lambda d: zipped({"b.json.gz": gzip.compress(d)}),
    "zip of zst": lambda d: zipped({"b": pa.Codec("zstd").compress(d, asbytes=True)}),
    "zip of zip": lambda d: zipped({"b.zip": zipped({"c/d.json": d})}),
    "utf-8 with mark": lambda d: b"\xef\xbb\xbf" + d,
    "utf-16 with mark": lambda d: d.decode().encode("utf-16"),
    "utf-16 without": lambda d: d.decode().encode("utf-16-le"),
    "utf-16 the other way": lambda d: b"\xfe\xff" + d.decode().encode("utf-16-be"),
    "utf-16 in zst in zip": lambda d: zipped(
        {"b": pa.Codec("zstd").compress(d.decode().encode("utf-16"), asbytes=True)}
    ),
    "crlf": lambda d: d.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("how", list(PACKED))
def test_packed_the_tables_are_the_same(tmp_path: Path, how: str) -> None:
    for name in ("plain", "packed"):
        (tmp_path / name).mkdir()
    plain = told(Taken(tmp_path / "plain").put("log", PLAIN).ingest())
    packed = Taken(tmp_path / "packed").put("log.dat", PACKED[how](PLAIN)).ingest()
    assert packed.summary.problems == [] and told(packed) == plain
    assert {r["row"] for r in packed.rows("records")} == set(range(1, 41))


def test_members_keep_their_names(taken: Taken) -> None:
    inner = zipped({"c/d.json": exports.lines(ROWS[:10])})
    taken.put("x.zip", zipped({"s.json": exports.lines([signin(1)]), "b.zip": inner, "t.txt": b"nothing\nhere\n"}))
    taken.ingest()
    assert {r["member"] for r in taken.rows("records")} == {"s.json", "b.zip/c/d.json"}
    (row,) = taken.rows("inputs")
    assert (row["format"], row["shape"], row["rows"], row["records"]) == ("several", "zip", 11, 11)
    assert "t.txt: text that is neither JSON nor CSV" in row["note"]
    assert any("x.zip/t.txt" in p for p in taken.summary.problems)


def test_a_record_in_two_members_counts_once(taken: Taken) -> None:
    taken.put(
        "x.zip", zipped({"a": exports.lines(ROWS[:10]), "b": exports.lines(ROWS[5:12]), "c": exports.portal(ROWS)})
    )
    taken.ingest()
    assert len(taken.rows("records")) == 40 == len(taken.rows("accesses"))
    assert {(r["shape"], r["member"]) for r in taken.rows("records") if r["row"] <= 7} >= {("unified-audit", "a")}
    assert len(taken.rows("sightings")) == 57


def test_a_portal_zip_beside_its_csv(taken: Taken) -> None:
    taken.put("audit.zip", zipped({"audit.csv": exports.portal(ROWS)})).put("audit.csv", exports.portal(ROWS)).ingest()
    assert len(taken.rows("records")) == 40 and len(taken.rows("sightings")) == 80


def _forged(name: str = "log.json", **fields: int) -> bytes:
    """An archive whose directory was changed: flag, method."""
    data = bytearray(zipped({name: PLAIN}))
    at = data.rindex(b"PK\x01\x02")
    for field, value in fields.items():
        offset = {"flag": 8, "method": 10}[field]
        struct.pack_into("<H", data, at + offset, value)
        struct.pack_into("<H", data, {"flag": 6, "method": 8}[field], value)
    return bytes(data)


def _overlapping() -> bytes:
    """Two names for one member's bytes, many times over."""
    names = {f"{n:05}.json": b"" for n in range(40)}
    data = bytearray(zipped({"00000.json": PLAIN, **{k: v for k, v in names.items() if k != "00000.json"}}))
    first = data.index(b"PK\x01\x02")
    size = data[first + 20 : first + 28]
    at = first
    while (at := data.find(b"PK\x01\x02", at + 4)) > 0:
        data[at + 20 : at + 28] = size
        data[at + 42 : at + 46] = b"\0\0\0\0"
    return bytes(data)


REFUSED = {
    "a name that climbs": (zipped({"../../etc/x.json": PLAIN}), "leaves the folder"),
    "a name that climbs by the other stroke": (zipped({"a\\..\\..\\x.json": PLAIN}), "leaves the folder"),
    "an absolute name": (zipped({"/etc/x.json": PLAIN}), "leaves the folder"),
    "a drive": (zipped({"C:x.json": PLAIN}), "leaves the folder"),
    "a thousandfold": (zipped({"x.json": b"0" * (20 << 20)}), "250 times its size"),
    "a thousandfold within": (zipped({"a.zip": zipped({"x.json": b"0" * (20 << 20)})}), "250 times its size"),
    "encrypted": (_forged(flag=1), "encrypted"),
    "packed oddly": (_forged(method=14), "packed in a way"),
    "members that overlap": (_overlapping(), "overlap"),
    "cut": (zipped({"x.json": PLAIN})[:-200], "damaged"),
    "a workbook": (zipped({"[Content_Types].xml": b"<x/>", "xl/s.xml": b"<x/>"}), "workbook"),
    "too deep": (zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"d": PLAIN})})})}), "more than 3 deep"),
}


@pytest.mark.parametrize("case", list(REFUSED))
@pytest.mark.parametrize("beside", [False, True])
def test_refused_in_one_line(taken: Taken, case: str, beside: bool) -> None:
    data, why = REFUSED[case]
    taken.put("bad.zip", data)
    if beside:
        taken.put("good.json", ROWS)
    taken.ingest()
    (problem,) = taken.summary.problems
    assert why in problem and problem.startswith("bad.zip") and "\n" not in problem and "Traceback" not in problem
    assert taken.summary.unread == 1
    assert len(taken.rows("records")) == (40 if beside else 0)
    assert [r["path"] for r in taken.rows("inputs")] == (["good.json"] if beside else [])


def test_damage_within_costs_the_archive_and_nothing_else(taken: Taken) -> None:
    noise = bytes((n * 7919) % 251 for n in range(60_000)).hex().encode()
    data = bytearray(zipped({"a.json": exports.lines(ROWS), "b.json": noise}, zipfile.ZIP_STORED))
    data[-70_000] ^= 0xFF
    taken.put("x.zip", bytes(data)).put("good.json", ROWS[:3]).ingest()
    (problem,) = taken.summary.problems
    assert "x.zip" in problem or "b.json" in problem
    assert len(taken.rows("records")) == 3 and len(taken.rows("inputs")) == 1


def test_an_empty_archive_is_named(taken: Taken) -> None:
    taken.put("x.zip", zipped({})).ingest()
    assert taken.summary.problems == ["x.zip: an archive with no file in it"]


def test_a_cut_zst_yields_what_was_whole(taken: Taken) -> None:
    many = exports.lines([access(n, Pad=f"{n * 7919 % 10007:x}" * 20) for n in range(4000)])
    whole = pa.Codec("zstd").compress(many, asbytes=True)
    taken.put("x.zst", whole[: len(whole) * 3 // 4]).ingest()
    assert 1000 < len(taken.rows("records")) < 4000
    assert any("ends too early" in p for p in taken.summary.problems)


def test_a_member_never_yields_more_than_it_says(tmp_path: Path) -> None:
    data = bytearray(zipped({"x.json": b"1" * 5000}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 100)
    (tmp_path / "x.zip").write_bytes(data)
    read = 0
    with pytest.raises(InputError, match="damaged"):
        for place in unpack.places(tmp_path / "x.zip", "x.zip"):
            for block in lines.Stream(place).blocks():
                read += len(block)
    assert read <= 100


def test_big_members_go_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from brokenseal.sources import take

    rows: list[Row] = [access(n) for n in range(300)]
    for name in ("plain", "big"):
        (tmp_path / name).mkdir()
    plain = told(Taken(tmp_path / "plain").put("log", rows).ingest())
    monkeypatch.setattr(take, "BIG_BYTES", 10_000)
    monkeypatch.setattr(lines, "BLOCK", 20_000)
    monkeypatch.setattr(lines, "READ", 4_000)
    parts = {f"{n}": exports.lines(rows[n * 60 : n * 60 + 60]) for n in range(5)}
    parts["small"] = exports.lines(rows[:7])
    parts["csv"] = exports.office_table(rows)
    big = Taken(tmp_path / "big").put("x.zip", zipped(parts)).ingest()
    assert big.summary.problems == [] and told(big) == plain
    assert json.loads(big.rows("records")[0]["raw"])["Operation"] == "MailItemsAccessed"
