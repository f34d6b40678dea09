"""Every format times every wrapping is found, at any place; nothing told holds a secret."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from brokenseal.keys.scan import scan
from brokenseal.keys.scan.examine import Examiner
from brokenseal.keys.scan.found import Secret
from brokenseal.keys.scan.source import CHUNK, Bytes, Stream
from tests.keys import planted
from tests.keys.planted import Planted

FORMATS = {p.format: p for p in planted.formats()}


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    """One for all: what it parsed once it does not parse again."""
    return Examiner()


def same(found: Secret, wanted: Planted) -> bool:
    """It is this one."""
    if wanted.name is not None:
        return found.thumbprint == wanted.name
    return found.thumbprint is None and found.kind == wanted.kind


def check(found: list[Secret], wanted: Planted, what: str) -> None:
    assert len([f for f in found if same(f, wanted)]) == 1, f"{what}: {[(f.kind, f.form, f.begin) for f in found]}"
    assert len(found) == 1, f"{what}: {[(f.kind, f.form, f.begin) for f in found]}"


@pytest.mark.parametrize("wanted", FORMATS.values(), ids=FORMATS)
def test_every_format_in_every_wrapping(wanted: Planted, examiner: Examiner) -> None:
    chance = random.Random(wanted.format)
    wrappings = {**planted.IN_LINE, **(planted.OF_TEXT if wanted.text else {})}
    for name, wrap in wrappings.items():
        hidden = wrap(wanted.data)
        for around in (b"", chance.randbytes(chance.randrange(1, 3000)) + b"\n"):
            found = list(examiner.secrets(Bytes(around + hidden + b"\n" + around[::-1])))
            check(found, wanted, f"{wanted.format} in {name} behind {len(around)} bytes")
            assert len(around) <= found[0].begin + 64 and found[0].end <= len(around) + len(hidden) + 1


@pytest.mark.parametrize("wanted", FORMATS.values(), ids=FORMATS)
def test_across_the_borders_of_chunks(wanted: Planted, examiner: Examiner) -> None:
    chance = random.Random(wanted.format)
    for name in ("plain", "base64 over lines in UTF-16"):
        hidden = planted.IN_LINE[name](wanted.data)
        for back in {0, 1, len(hidden) // 2, len(hidden) - 1, chance.randrange(len(hidden))}:
            begin = CHUNK - back
            whole = bytes(begin) + hidden + bytes(5000)
            check(list(examiner.secrets(Stream(io.BytesIO(whole)))), wanted, f"{name}, {back} bytes before the border")


@pytest.mark.parametrize(
    "wanted", [p for p in FORMATS.values() if p.text], ids=[n for n, p in FORMATS.items() if p.text]
)
@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_the_first_byte_of_utf_16_is_told_whichever_comes_first(
    wanted: Planted, coding: str, examiner: Examiner
) -> None:
    text = wanted.data.decode().strip()
    hidden = text.encode(coding)
    whole = f"\ufeff[1]\n{text}\n{{}}".encode(coding)
    noise = random.Random(16).randbytes(70_001).replace(b"\0", b"\1") + b"\1\1"
    for data in (whole, bytes(4096) + hidden + bytes(99), noise + hidden + noise, noise[1:] + whole):
        found = list(examiner.secrets(Bytes(data)))
        check(found, wanted, coding)
        assert found[0].begin == data.index(hidden) and found[0].end <= found[0].begin + len(hidden)


@pytest.mark.parametrize("name", planted.FILES)
def test_every_format_in_every_container(name: str, tmp_path: Path) -> None:
    for number, wanted in enumerate(FORMATS.values()):
        hidden = planted.FILES[name](b"some words before\n" + wanted.data + b"\nand behind")
        (tmp_path / f"{number:03}").write_bytes(hidden)
    found = scan([tmp_path])
    assert found.unread == []
    assert [(leak.file[-3:], leak.thumbprint) for leak in sorted(found.leaks, key=lambda leak: leak.file)] == [
        (f"{number:03}", wanted.name) for number, wanted in enumerate(FORMATS.values())
    ]
    assert all(leak.member for leak in found.leaks)
