"""Where secrets lie: holes, growing files, archives inside limits, what cannot be read; and what may be told of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import shutil
import stat
import struct
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from brokenseal.errors import InputError
from brokenseal.keys import public
from brokenseal.keys.scan import Known, der, private, scan
from brokenseal.keys.scan.examine import Examiner
from brokenseal.keys.scan.known import read
from brokenseal.keys.scan.primes import Hunter
from brokenseal.keys.scan.source import CHUNK, Bytes, File, Stream
from brokenseal.lake import Lake
from brokenseal.report import trust
from tests.keys import planted
from tests.verbs.called import call

KEY = planted.keys()["rsa2048"]
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
NAME = public.thumbprint(KEY.public_key())


def jwks(folder: Path) -> Path:
    """The public half of the key, as an issuer publishes it."""
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [{**(public.jwk(KEY.public_key()) or {}), "kid": "signing-1"}]}))
    return path


# --- primes


def layouts() -> dict[str, bytes]:
    p = KEY.private_numbers().p
    big = p.to_bytes(128, "big")
    words = b"".join(struct.pack("<I", *struct.unpack(">I", big[i : i + 4])) for i in range(0, 128, 4))
    return {"little-endian": p.to_bytes(128, "little"), "big-endian": big, "big-endian words": words}


@pytest.mark.parametrize("layout", layouts())
@pytest.mark.parametrize("place", [0, 4 * 777, CHUNK - 60, CHUNK - 128, CHUNK, 2 * CHUNK - 4])
def test_a_bare_prime_is_found_in_any_layout(layout: str, place: int) -> None:
    numbers = KEY.public_key().public_numbers()
    around = bytearray(random.Random(place).randbytes(4096) + bytes(place) + bytes(CHUNK // 2))
    begin = 4096 + place
    around[begin : begin + 128] = layouts()[layout]
    hunter = Hunter({NAME: (numbers.n, numbers.e)})
    found = list(hunter.beside(Examiner(), Stream(io.BytesIO(bytes(around)))))
    assert [(f.thumbprint, f.form, f.begin) for f in found] == [(NAME, f"bare prime, {layout}", begin)]


def test_a_prime_of_another_key_is_none() -> None:
    other = planted.keys()["rsa4096"].public_key().public_numbers()
    hunter = Hunter({"other": (other.n, other.e)})
    data = random.Random(1).randbytes(5000) + layouts()["big-endian"]
    assert list(hunter.beside(Examiner(), Bytes(data))) == []


def test_a_prime_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(layouts()["little-endian"])
    known = Known()
    read(known, jwks(tmp_path))
    found = scan([tmp_path / "p"], known=known, primes=True)
    assert [(leak.severity, leak.known) for leak in found.leaks] == [("critical", "jwks.json signing-1")]


# --- files


def test_holes_are_passed_over_and_what_lies_between_is_found(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(300 << 30)
        file.write(PEM)
        file.truncate(1 << 40)
    found = scan([path])
    assert [leak.offset for leak in found.leaks] == [300 << 30]
    assert found.bytes < 1 << 30


def test_everything_in_one_file_at_any_place(tmp_path: Path) -> None:
    chance = random.Random(558)
    wanted, data = planted.formats(), bytearray()
    for number, one in enumerate(wanted):
        hidden = list(planted.IN_LINE.values())[number % len(planted.IN_LINE)](one.data)
        # every third lies across the border of two chunks
        gap = -(len(data) + chance.randrange(len(hidden))) % CHUNK if number % 3 == 0 else chance.randrange(70_000)
        data += (chance.randbytes(gap) if number % 2 else bytes(gap)) + b"\n" + hidden + b"\n"
    (tmp_path / "dump").write_bytes(data)
    found = scan([tmp_path / "dump"])
    named = {one.name for one in wanted if one.name}
    assert {leak.thumbprint for leak in found.leaks if leak.thumbprint} == named
    locked = [one for one in wanted if (one.name is None and "private" in one.kind) or one.kind == "key store"]
    assert len([leak for leak in found.leaks if leak.locked]) == len(locked)
    assert found.unread == []


@pytest.mark.parametrize("before", [0, 1, CHUNK - 7, 2 * CHUNK + 1])
def test_the_first_byte_of_utf_16_in_a_file(before: int, tmp_path: Path) -> None:
    noise = random.Random(before).randbytes(before).replace(b"\0", b"\1")
    (tmp_path / "f").write_bytes(noise + PEM.strip().decode().encode("utf-16-be") + b"\1\1")
    assert [leak.offset for leak in scan([tmp_path / "f"]).leaks] == [before]


SHORT = f"AES-256-CBC,{'00' * 14}"
"""Of an initialisation vector of 16 bytes, 14."""


def _old(info: str) -> bytes:
    old = next(p for p in planted.formats() if p.format == "pem old locked rsa2048").data.decode()
    return re.sub(r"DEK-Info: .*", f"DEK-Info: {info}", old).encode()


@pytest.mark.parametrize(
    "info", [SHORT, "AES-256-CBC,0A", "AES-256-CBC,", "DES-EDE3-CBC,00", "XXX", "AES-256-CBC," + "0" * 4000]
)
def test_a_locked_key_whose_header_is_damaged_is_named_and_ends_nothing(info: str) -> None:
    """Found by fuzzing: the library panics at an initialisation vector that is too short."""
    found = list(Examiner([b"x"]).secrets(Bytes(_old(info) + PEM)))
    assert [f.locked for f in found] == [True, False]


def test_a_panic_of_the_library_is_a_refusal() -> None:
    with pytest.raises(ValueError, match="failed at it"):
        public.calm(load_pem_private_key, _old(SHORT), b"x")


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("form", ["jwk rsa2048", "xml rsa2048"])
def test_what_is_cut_off_ends_within_the_file(form: str, coding: str) -> None:
    """Found by fuzzing: an object without its brace ended one character behind the file."""
    text = next(p for p in planted.formats() if p.format == form).data.decode()
    cut = text.rstrip("}") if form.startswith("jwk") else text.removesuffix("</RSAKeyValue>")
    data = f"\ufeff[ {cut}".encode(coding)
    (found,) = Examiner().secrets(Bytes(data))
    begin = data.index(text[:9].encode(coding))
    assert abs(found.begin - begin) <= 2 and found.begin < found.end <= len(data)


def test_what_a_file_grows_by_is_read(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(CHUNK) + PEM[:40])
    said: list[str] = []
    source = File(path, said.append)
    found = []
    chunks = source.chunks()

    class Growing:
        around = staticmethod(source.around)

        def chunks(self):  # type: ignore[no-untyped-def]
            for number, chunk in enumerate(chunks):
                if number == 0:
                    with path.open("ab") as more:
                        more.write(PEM[40:])
                yield chunk

    found = list(Examiner().secrets(Growing()))
    source.close()
    assert [f.thumbprint for f in found] == [NAME] and said == []


def test_a_file_that_shrinks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(4 * CHUNK))
    said: list[str] = []
    source = File(path, said.append)
    for _ in source.chunks():
        os.truncate(path, 100)
    source.close()
    assert len(said) == 1 and "shorter" in said[0]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    found = scan([tmp_path / "missing", tmp_path / "fifo", tmp_path / "dead"])
    assert [Path(place).name for place, _ in found.unread] == ["missing", "fifo", "dead"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shut"
    path.write_bytes(PEM)
    path.chmod(0)
    assert scan([path]).unread == [(str(path), "Permission denied")]
    path.chmod(stat.S_IRUSR)


def test_in_a_folder_each_file_counts_once_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(PEM)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = scan([tmp_path, tmp_path / "a"])
    assert found.files == 1 and len(found.leaks) == 1


def test_one_key_many_times_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\n".join([PEM] * 50))
    found = scan([tmp_path / "log"])
    assert [leak.count for leak in found.leaks] == [50]


# --- containers


def test_a_bomb_ends_at_the_limit_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(gzip.compress(bytes(64 << 20))))
    found = scan([path], unpacked=8 << 20)
    assert len(found.unread) == 1 and "limit" in found.unread[0][1]


def test_containers_in_containers_end(tmp_path: Path) -> None:
    data = PEM
    for _ in range(12):
        data = gzip.compress(data)
    (tmp_path / "deep").write_bytes(data)
    found = scan([tmp_path / "deep"])
    assert found.leaks == [] and "too deeply" in found.unread[0][1]


@pytest.mark.parametrize("name", ["gz", "zst", "bz2", "xz", "tar.gz", "zip", "git object"])
def test_a_damaged_container_is_named(name: str, tmp_path: Path) -> None:
    whole = planted.FILES[name](random.Random(1).randbytes(4000))
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    found = scan([tmp_path / "cut"])
    assert len(found.unread) == 1 and found.unread[0][0].startswith(str(tmp_path / "cut"))


def test_what_stands_behind_an_archive_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"nothing") + bytes(100) + PEM)
    assert [leak.thumbprint for leak in scan([tmp_path / "a.gz"]).leaks] == [NAME]


def test_a_locked_zip_is_named(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x" * 100)
    data = bytearray(out.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "z").write_bytes(data)
    assert "encrypted" in scan([tmp_path / "z"]).unread[0][1]


def test_a_member_is_named_by_all_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(planted.FILES["zip in tar.gz"](PEM))
    assert [leak.member for leak in scan([tmp_path / "x"]).leaks] == ["gz!etc/key!etc/key"]


def test_a_member_of_few_bytes_that_unpacks_to_many(tmp_path: Path) -> None:
    inner = gzip.compress(bytes(40 << 20) + PEM)
    (tmp_path / "x").write_bytes(planted.FILES["tar.zst"](planted.FILES["zst"](inner)))
    found = scan([tmp_path / "x"])
    assert [(leak.member, leak.offset) for leak in found.leaks] == [("zst!etc/key!zst!gz", 40 << 20)]


def test_a_key_that_a_repository_forgot_is_found_in_its_pack(tmp_path: Path) -> None:
    if not shutil.which("git"):
        pytest.skip("needs git")
    repository = tmp_path / "repository"

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "gc.auto=0")
        subprocess.run(["git", *who, *words], cwd=repository, check=True, capture_output=True)

    repository.mkdir()
    git("init", "-q")
    filler = "\n".join(random.Random(3).randbytes(30).hex() for _ in range(300))
    other = planted.keys()["P-256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    # the second version is kept as a difference from the other two, and so is the key in its middle
    for number, text in enumerate((filler, filler[:9000] + other + filler[9000:] + "more" * 99, filler + PEM.decode())):
        (repository / "config").write_text(text)
        git("add", ".")
        git("commit", "-q", "-m", str(number))
    (repository / "config").unlink()
    git("commit", "-q", "-a", "-m", "no keys here")
    loose = scan([repository])
    git("gc", "-q", "--prune=now")
    assert list(repository.rglob("*.pack"))
    packed = scan([repository])
    names = sorted([NAME, public.thumbprint(planted.keys()["P-256"].public_key())])
    for found in (loose, packed):
        assert found.unread == [] and sorted(str(leak.thumbprint) for leak in found.leaks) == names
    assert all(str(leak.member).startswith("blob ") for leak in packed.leaks)
    whole = next(repository.rglob("*.pack")).read_bytes()
    for cut in (11, 40, len(whole) // 2):
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert len(scan([tmp_path / "cut"]).unread) == 1


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    (tmp_path / "t").write_bytes(out.getvalue())
    found = scan([tmp_path / "t"])
    assert found.leaks == [] and found.unread == []


# --- what was made to harm


HARMFUL = {
    "quotes and spaces in a PEM": b"-----BEGIN PRIVATE KEY-----" + b'"' + b" " * 120_000 + b"-----END",
    "empty lines in a PEM": b"-----BEGIN PRIVATE KEY-----" + b"\n" * 120_000 + b"-----END",
    "backslashes in a PEM": b"-----BEGIN PRIVATE KEY-----" + b"\\" * 120_000 + b"-----END",
    "backslashes before base64": b"\\" * 60_000 + b"LS0tLS1CRUdJTiBQUklWQVRF" + b"\\" * 120_000,
    "spaces behind base64": b"LS0tLS1CRUdJTiBQUklWQVRF" + b'"' + b" " * 120_000,
    "a long word before tokens": (b"a" * 8000 + b"!.eyJ") * 200,
    "one object with many types": b"{" + b'"kty":"RSA",' * 40_000,
    "many beginnings": b"-----BEGIN PRIVATE KEY-----" * 20_000,
    "many ends": b"PRIVATE KEY-----" * 40_000,
    "many elements": b"<RSAKeyValue>" * 40_000,
    "many base64 texts": b"LS0tLS1CRUdJTiBQUklWQVRF!" * 20_000,
    "one base64 text with many anchors": b"LS0tLS1CRUdJTiBQUklWQVRF" * 20_000,
    "many lengths": bytes.fromhex("3084ffffffff020100300d06092a864886f70d0101010500") * 20_000,
    "many blobs": b"RSA2\0\x08\0\0\3\0\0\0\0\1\0\0\x80\0\0\0\x80\0\0\0" * 20_000,
}


@pytest.mark.parametrize("data", HARMFUL.values(), ids=HARMFUL)
def test_what_was_made_to_harm_ends(data: bytes) -> None:
    # a reader that tries every beginning against every end would not be back within the hour
    assert list(Examiner().secrets(Bytes(data + PEM)))[-1].thumbprint == NAME


# --- passwords


def test_a_password_opens_what_is_locked(tmp_path: Path) -> None:
    shut = [p for p in planted.formats() if "locked" in p.format]
    for number, one in enumerate(shut):
        (tmp_path / f"{number:03}").write_bytes(one.data)
    found = scan([tmp_path], passwords=[b"wrong", planted.PASSWORD])
    opened = {leak.thumbprint for leak in found.leaks if not leak.locked}
    assert len(found.leaks) == len(shut) and not any(leak.locked for leak in found.leaks)
    assert opened == {public.thumbprint(k.public_key()) for k in planted.keys().values()}


def test_a_costly_password_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = [p for p in planted.formats() if p.format in ("der pkcs8 locked P-256", "pfx locked P-256")]
    for number, one in enumerate(shut):
        assert der.rounds(one.data) >= 2048
        (tmp_path / f"{number}").write_bytes(one.data)
    private.forget()
    monkeypatch.setattr(private, "MOST_ROUNDS", 2047)
    assert [leak.locked for leak in scan([tmp_path], passwords=[planted.PASSWORD]).leaks] == [True, True]


# --- what is none


def test_a_constant_of_a_program_is_no_key() -> None:
    first = bytes.fromhex("302e020100300506032b656e04220420")
    behind = bytes.fromhex("e9300000007202000000e910000000290f72b800000072f0000000da115f7a65")
    assert list(Examiner().secrets(Bytes(bytes(9) + first + behind + bytes(99)))) == []
    assert len(list(Examiner().secrets(Bytes(first + random.Random(7).randbytes(32))))) == 1


# in the others parts are written down that a key does not need, and one is still one without them
WHOLE = [
    p
    for p in planted.formats()
    if p.format.startswith(("der", "pem", "cng ", "jwk")) and p.name and "full" not in p.format
]


@pytest.mark.parametrize("wanted", [p for p in WHOLE if "locked" not in p.format], ids=lambda p: p.format)
def test_a_key_whose_halves_differ_is_none(wanted: planted.Planted) -> None:
    """One letter or byte of the public or private half is changed, wherever it is: another key, or none."""
    chance = random.Random(wanted.format)
    examiner = Examiner()
    halves = 0
    for _ in range(12):
        data = bytearray(wanted.data)
        place = chance.randrange(len(data) // 5, len(data) * 4 // 5)
        data[place] = data[place] ^ 1 if not wanted.text else ord("A") if data[place] != ord("A") else ord("B")
        for found in examiner.secrets(Bytes(bytes(data))):
            # what changed was no part of the key: its name, its parameters written twice, its spacing
            if found.thumbprint == wanted.name:
                halves += 1
    assert halves <= 6, wanted.format


def test_no_key_in_bytes_of_chance() -> None:
    assert list(Examiner().secrets(Stream(io.BytesIO(random.Random(11).randbytes(8 * CHUNK))))) == []


# --- what is known


def test_known_keys_by_any_kind_of_file(tmp_path: Path) -> None:
    half = KEY.public_key()
    (tmp_path / "a.pem").write_bytes(half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "a.der").write_bytes(half.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    for path in (tmp_path / "a.pem", tmp_path / "a.der", jwks(tmp_path)):
        known = Known()
        read(known, path)
        assert set(known.names) == {NAME} and known.moduli[NAME][0] == half.public_numbers().n


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").write_text('{"keys": []}')
    with pytest.raises(InputError, match="no JWKS"):
        read(Known(), tmp_path / "none")


# --- the verb, and what it may tell


def test_nothing_that_is_told_holds_a_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    files = tmp_path / "files"
    files.mkdir()
    everything = planted.formats()
    for number, one in enumerate(everything):
        (files / f"{number:03}").write_bytes(one.data)
        (files / f"{number:03}.json").write_bytes(
            json.dumps({"k": planted.lines(one.data, 76, b"\n").decode()}).encode()
        )
    p = KEY.private_numbers().p
    (files / "prime").write_bytes(bytes(99) + p.to_bytes(128, "little"))
    (files / "damaged.gz").write_bytes(gzip.compress(PEM)[:-12])
    passwords = tmp_path / "passwords"
    passwords.write_bytes(planted.PASSWORD + b"\n")
    lake = tmp_path / "lake"
    told = b""
    for words in ([], ["--json"], ["--passwords", passwords]):
        done = call(capfd, monkeypatch, "keys", "scan", files, "--lake", lake, "--known", jwks(tmp_path), *words)
        assert done.code == 3
        told += done.out.encode() + done.err.encode()
    told += caplog.text.encode()
    assert told.count(b"critical") > 10
    for path in lake.rglob("*"):
        if path.is_file():
            told += path.read_bytes()
    done = call(capfd, monkeypatch, "query", "select * from leaks", "--lake", lake, "--json")
    assert len(json.loads(done.out)) > len(everything)
    told += done.out.encode()
    with Lake.open(lake) as opened:
        answered = trust.keys(opened)
    assert len(answered["leaks"]) > len(everything)
    told += json.dumps(answered).encode()
    for one in everything:
        for secret in one.secrets:
            assert secret not in told, f"{one.format}: {secret[:6]!r}"


def test_the_sentinel_of_that_test_would_be_seen() -> None:
    for one in planted.formats():
        if "locked" not in one.format:
            unbroken = one.data.replace(b"\n", b"")
            assert any(s in one.data or s in unbroken for s in one.secrets), one.format


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clean").write_bytes(b"nothing")
    (tmp_path / "key").write_bytes(PEM)
    assert call(capsys, monkeypatch, "keys", "scan", tmp_path / "clean").code == 0
    assert call(capsys, monkeypatch, "keys", "scan", tmp_path / "key").code == 2
    assert call(capsys, monkeypatch, "keys", "scan", tmp_path / "missing").code == 2
    assert call(capsys, monkeypatch, "keys", "scan", tmp_path / "key", "--known", jwks(tmp_path)).code == 3
    assert call(capsys, monkeypatch, "keys", "scan", tmp_path / "key", "--known", tmp_path / "clean").code == 1
    assert call(capsys, monkeypatch, "keys", "scan").code == 64


def test_a_hostile_name_is_shown_harmlessly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a\x1b[2Jb").write_bytes(PEM)
    done = call(capsys, monkeypatch, "keys", "scan", tmp_path)
    assert "\x1b" not in done.out + done.err and "‹U+001B›" in done.out
