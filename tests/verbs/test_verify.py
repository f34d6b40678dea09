"""`brokenseal verify`: one changed byte anywhere is found, and where."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokenseal import sources
from brokenseal.drill.world import build
from brokenseal.lake import Lake
from tests.verbs.called import call

Said = dict[str, Any]
Verify = Callable[..., Said]
EACH = 2
IN_LEDGER = 16


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, investigated."""
    root = tmp_path_factory.mktemp("verified")
    build(root / "world", tenants=1, mailboxes=3, days=9, seed=5)
    (root / "world/logs/notes.txt").write_text("no log at all")
    patch = pytest.MonkeyPatch()
    patch.setattr("sys.argv", ["brokenseal", "investigate", str(root / "world/logs"), "--out", str(root / "answer")])
    from brokenseal import cli

    with pytest.raises(SystemExit):
        cli.main()
    patch.undo()
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(original, tmp_path / "copy"))


@pytest.fixture
def verify(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    def run(*words: object) -> Said:
        words = words or (root / "answer", "--files", root / "world/logs")
        capsys.readouterr()
        done = call(capsys, monkeypatch, "verify", *words, "--json", "--threads", "2")
        said = dict(json.loads(done.out))
        assert done.code == (0 if said["whole"] else 2)
        return said

    return run


def _flipped(path: Path, places: random.Random, times: int) -> Iterator[None]:
    """The file with one bit of one byte changed, again and again; whole at the end."""
    whole = path.read_bytes()
    for _ in range(times):
        data = bytearray(whole)
        data[places.randrange(len(data))] ^= 1 << places.randrange(8)
        path.write_bytes(data)
        yield
    path.write_bytes(whole)


def _files(root: Path) -> list[Path]:
    """One file of every kind: of each log, each table, each table of a run, the seal, the answer's."""
    kinds: dict[str, Path] = {}
    lake = root / "answer/lake"
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p.stat().st_size):
        if path.is_relative_to(lake / "runs"):
            kinds[path.name.split("-")[0]] = path
        elif path.name not in ("ledger.db", "truth.json"):
            kinds[str(path.parent) + path.suffix] = path
    kinds |= {name: root / "answer" / name for name in ("answer.json", "report.html", "run.json")}
    return list(kinds.values())


def test_what_is_as_it_was(verify: Verify, root: Path) -> None:
    said = verify()
    assert said["whole"] and said["faults"] == said["unchecked"] == said["notes"] == []
    assert said["checked"]["files taken in"] == len([p for p in (root / "world/logs").rglob("*") if p.is_file()])
    assert said["checked"]["files of the answer"] == 3 and said["checked"]["files of the lake"] > 20


def test_a_page_in_another_language_is_as_it_was_written(
    verify: Verify, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = root / "answer"
    call(capsys, monkeypatch, "report", "--lake", answer / "lake", "--out", answer, "--language", "ar")
    assert 'dir="rtl"' in (answer / "report.html").read_text(encoding="utf-8")
    assert verify()["whole"]


def test_one_bit_of_any_file_and_where(verify: Verify, root: Path) -> None:
    places = random.Random(4)
    files = _files(root)
    assert len(files) > 25
    for path in files:
        few = path.suffix == ".parquet"
        for _ in _flipped(path, places, 1 if few else EACH):
            of_answer = path.parent.name == "answer"
            said = verify() if of_answer else verify("--lake", root / "answer/lake", "--files", root / "world/logs")
            where = "ledger.db" if path.name == "ledger.db.sha256" else path.name
            assert any(where in fault for fault in said["faults"]), (path, said)
    assert verify()["whole"]


def test_one_bit_of_the_ledger(verify: Verify, root: Path) -> None:
    for _ in _flipped(root / "answer/lake/ledger.db", random.Random(9), IN_LEDGER):
        assert any("ledger.db" in fault for fault in verify("--lake", root / "answer/lake")["faults"])


def test_a_changed_row_is_named_even_under_a_new_seal(verify: Verify, root: Path) -> None:
    lake = root / "answer/lake"
    with sqlite3.connect(lake / "ledger.db") as db:
        db.execute("update inputs set rows = rows + 1 where path = 'notes.txt'")
    (lake / "ledger.db.sha256").unlink()
    with Lake.open(lake, write=True):
        pass
    assert f"{lake}: input notes.txt is not as it was published" in verify()["faults"]


def test_a_writer_hides_no_change(verify: Verify, root: Path) -> None:
    lake = root / "answer/lake"
    with sqlite3.connect(lake / "ledger.db") as db:
        db.execute("update facts set value = '0' where name = 'swept'")
    with Lake.open(lake, write=True):
        pass
    assert any("not byte for byte" in fault for fault in verify()["faults"])


def test_a_chain_that_lost_its_end(verify: Verify, root: Path) -> None:
    lake = root / "answer/lake"
    with sqlite3.connect(lake / "ledger.db") as db:
        db.execute("delete from chain where kind = 'run'")
        db.execute("delete from runs")
    (lake / "ledger.db.sha256").unlink()
    with Lake.open(lake, write=True):
        pass
    assert any("run.json" in f and "never had the head" in f for f in verify()["faults"])


def test_a_lake_that_moved_on(verify: Verify, root: Path) -> None:
    more = root / "more.json"
    more.write_text("{}")
    with Lake.open(root / "answer/lake", write=True) as lake:
        sources.ingest(lake, [more])
    said = verify(root / "answer", "--files", root / "world/logs", "--files", root)
    assert said["whole"] and "moved on by 1 publications" in said["notes"][0]
    answer = root / "answer/answer.json"
    answer.write_bytes(answer.read_bytes().replace(b"mailbox", b"mailbix", 1))
    assert any("answer.json" in f for f in verify()["faults"])


def test_what_cannot_be_looked_at_is_not_well(verify: Verify, root: Path) -> None:
    (root / "answer/report.html").unlink()
    said = verify(root / "answer", "--files", root / "answer")
    assert not said["whole"] and said["faults"] == []
    assert any("input files, the first" in u for u in said["unchecked"])
    assert any("report.html: No such file" in u for u in said["unchecked"])
    (root / "answer/lake/ledger.db.sha256").unlink()
    assert any("unsealed" in u for u in verify("--lake", root / "answer/lake")["unchecked"])


def test_no_lake_is_said(verify: Verify, tmp_path: Path) -> None:
    assert not verify("--lake", tmp_path / "nowhere")["whole"]
