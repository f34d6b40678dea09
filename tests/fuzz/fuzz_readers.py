"""Coverage-guided fuzzing of recognition and readers: `python -m tests.fuzz.fuzz_readers --seconds 60 --seed 1`.

What: bytes grown from small exports of every shape go through recognition, the readers of rows, the second reading of what
the engine refuses, and now and then through the whole way into segments. Why: people hand over whatever they have, and an
intruder writes into what they hand over. How: atheris follows which lines are reached; beside "no exception" stand oracles:
physical lines as a plain split finds them, elements as a plain parser finds them, the same values however the bytes are cut,
fast and slow CSV alike, one log for a row however it is looked at, and rows = records + duplicates + rejected. What is found
is kept under --out, once a place, and run again by naming its file. Misses: what only a big file shows.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path

import atheris
import zstandard

with atheris.instrument_imports(include=["brokenseal.sources"]):
    from brokenseal.sources import lines, log, mixed, recognise, second, split, take

    log.logs()

import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.lake import embedded
from tests.sources.conftest import access, signin, sync

WHOLE_EVERY = 400
"""So many inputs go through the readers alone before one goes all the way."""
MOST_BYTES = 6000
WORDS = (
    '{"value":[', '{"records":[', '"@odata.nextLink"', '"AuditData"', '"auditData"', "MailItemsAccessed", "\\u0000", "\\ud800",
    "]}", "},{", "\\\\\\\"", '""', "\r\n", "\ufeff", "sep=;", "#TYPE ", "OperationProperties", "1e400", "/Date(1746093600000)/",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """A small export of every shape."""
    rows = [access(1), sync(2)]
    texts = [json.dumps(r) for r in rows]
    in_lines = "\n".join(texts)
    cells = "".join('"1","{}"\r\n'.format(t.replace('"', '""')) for t in texts)
    plain = [
        in_lines,
        json.dumps(rows, indent=1),
        "".join(json.dumps(r, indent=2) for r in rows),
        json.dumps({"@odata.context": "x", "value": [signin(1), signin(2)]}),
        "\n".join(json.dumps({"value": [signin(n)]}) for n in range(2)),
        f"RecordType,AuditData\r\n{cells}",
        'sep=;\n"RecordType";"AuditData"\n' + cells.replace('"1",', '"1";'),
        json.dumps([{"RecordType": 50, "AuditData": t} for t in texts]),
        json.dumps({"value": [{"id": "x", "auditData": r} for r in rows]}),
        json.dumps({"records": [{"time": "x", "category": "SignInLogs", "properties": signin(1)}]}),
        "TimeGenerated [UTC],OfficeWorkload,Operation\n1,Exchange,MailItemsAccessed\n",
        "\n".join([*texts, json.dumps(signin(3)), '{"category":"x","properties":{"RawEventData":{}}}', *texts]),
        json.dumps([{"id": "d", "activityDateTime": "x", "activityDisplayName": "x", "initiatedBy": {}}, *rows]),
    ]
    for text in plain:
        yield text.encode()
    yield gzip.compress(in_lines.encode())
    yield zstandard.compress(in_lines.encode())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/audit.json", in_lines)
        archive.writestr("signins.csv", plain[5])
    yield packed.getvalue()
    yield b"\xef\xbb\xbf" + in_lines.encode()
    yield from (in_lines.encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be"))


class Readers:
    """What one input goes through."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.path = folder / "input"
        self.db = embedded(memory="500MB", threads=1, spill=folder / "spill")

    def __call__(self, data: bytes) -> None:
        self.path.write_bytes(data)
        self.count += 1
        seen = recognise.sample(self.path)
        name, note = recognise.other(seen)
        assert name and note
        found = log.recognised(seen)
        for logged in [found] if found else log.logs():
            if found or (seen.shape in logged.shapes and (seen.shape != "csv" or logged.column in seen.header)):
                self.rows(seen, logged)
        self.values(data)
        if self.count % WHOLE_EVERY == 0:
            self.all_the_way(data)

    def rows(self, seen: recognise.Sample, logged: log.Log) -> None:
        """The rows of the file, as the fast reader and as the slow one finds them."""
        fast = self.read(seen, logged, slow=False)
        slow = self.read(seen, logged, slow=True) if seen.shape == "csv" else fast
        if fast is not None and slow is not None:
            assert fast == slow, f"fast and slow differ: {_first(fast, slow)}"
        for _, raw in (fast or slow or [])[:20]:
            again, why = second.again(raw), second.reason(raw)
            assert (again is None) == (why is not None), f"{again!r}, and yet {why!r}"
            second.identity(raw)
            second.names_mail(raw)
            if seen.shape != "csv":
                self.kinds(raw)

    def kinds(self, raw: str) -> None:
        """The log that a row is of: the quick look and the slow one agree."""
        quick, slow = mixed.kind(raw), mixed._again(raw)
        assert quick == slow or slow == (None, None), f"quick and slow differ: {quick} {slow}"
        if quick[0] is not None:
            mixed.text(raw, quick[0])

    def read(self, seen: recognise.Sample, logged: log.Log, *, slow: bool) -> list[tuple[int, str]] | None:
        stream, ragged, out = lines.Stream(self.path), [], []
        try:
            for block in take.blocks(stream, seen, logged, ragged, slow=slow):
                out += zip(block["row"].to_pylist(), block["raw"].to_pylist())
        except pa.ArrowInvalid:
            assert not slow, "the slow reader gave up"
            return None
        except InputError:
            return None
        numbers = [n for n, _ in [*out, *ragged]]
        assert len(set(numbers)) == len(numbers) and all(n > 0 for n in numbers), "a row's number is no number of a row"
        assert [n for n, _ in out] == sorted(n for n, _ in out), "rows are out of order"
        return out

    def values(self, data: bytes) -> None:
        """Lines and elements, as plain code finds them."""
        if lines.Stream(self.path).plain_size() is not None:
            there = [
                (n, t)
                for b in lines.physical(lines.Stream(self.path))
                for n, t in zip(*(b[c].to_pylist() for c in ("row", "raw")))
            ]
            plain = [(n, t.strip(b" \t\r").decode("utf-8", "replace")) for n, t in enumerate(data.split(b"\n"), 1)]
            assert there == [(n, t) for n, t in plain if t], "lines differ"
        cut = random.Random(len(data)).randrange(len(data) + 1)
        pieces = [p for p in (data[:cut], data[cut:]) if p]
        assert list(split.values([data])) == list(split.values(pieces)), "values depend on how the bytes are cut"
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(parsed, list):
            assert len(list(split.values([data]))) == len(parsed), "elements are lost"

    def all_the_way(self, data: bytes) -> None:
        """Into segments, beside a good file."""
        aside = self.folder / "aside"
        good = self.folder / "good"
        good.write_text(json.dumps(access(7)))
        jobs = tuple(self.job(p) for p in (self.path, good))
        try:
            out = take.take(take.Batch(jobs, None, aside, 1), self.db)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        assert any(f.path == "good" and f.rows == 1 and f.rejected == 0 for f in out.files), "the good file was lost"
        told = next((f for f in out.files if f.path == "input"), None)
        assert told or out.problems, "a file without a word"
        sighted = sum(s.rows for s in out.segments if s.table == "sightings") - 1
        assert told is None or told.rows == sighted + told.rejected, f"{told} and {sighted} sightings"

    def job(self, path: Path) -> take.Job:
        data, status = path.read_bytes(), path.stat()
        return take.Job(path, path.name, hashlib.sha256(data).hexdigest(), status.st_size, status.st_mtime_ns)


def _first(one: list[tuple[int, str]], two: list[tuple[int, str]]) -> object:
    return next(((a, b) for a, b in zip(one, two) if a != b), (len(one), len(two)))


class Hunt:
    """Inputs until the time is over; what they find, once a place."""

    def __init__(self, readers: Readers, out: Path, seconds: float) -> None:
        self.readers, self.out, self.until = readers, out, time.monotonic() + seconds
        self.found: set[str] = set()

    def __call__(self, data: bytes) -> None:
        if time.monotonic() > self.until:
            self.end()
        try:
            self.readers(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            self.keep(data, error)

    def keep(self, data: bytes, error: Exception) -> None:
        last = [
            f
            for f in traceback.extract_tb(error.__traceback__)
            if "/brokenseal/" in f.filename or "/fuzz/" in f.filename
        ][-1]
        place = f"{Path(last.filename).name}:{last.lineno} {type(error).__name__}"
        if place in self.found:
            return
        self.found.add(place)
        self.out.mkdir(parents=True, exist_ok=True)
        file = self.out / f"readers-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
        file.write_bytes(data)
        print(f"FOUND {place}: {str(error)[:300]}\n  again with: python -m tests.fuzz.fuzz_readers {file}", flush=True)

    def end(self) -> None:
        print(f"readers: {self.readers.count:,} inputs, {len(self.found)} found", flush=True)
        shutil.rmtree(self.readers.folder, ignore_errors=True)
        # the fuzzer's own loop has no way out
        os._exit(1 if self.found else 0)


def main() -> None:
    """Fuzz, or run kept inputs again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="kept inputs to run again")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"))
    given = parser.parse_args()
    csv.field_size_limit(1 << 31)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="fuzz-readers-", dir=memory))
    readers = Readers(folder)
    if given.files:
        for file in given.files:
            readers(file.read_bytes())
            readers.all_the_way(file.read_bytes())
        shutil.rmtree(folder)
        return
    corpus, words = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, data in enumerate(seeds()):
        (corpus / f"{number:02}").write_bytes(data)
    escaped = ("".join(f"\\x{b:02x}" for b in w.encode()) for w in WORDS)
    words.write_text("".join(f'"{w}"\n' for w in escaped))
    options = [f"-seed={given.seed}", f"-max_len={MOST_BYTES}", f"-dict={words}", "-rss_limit_mb=3000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], Hunt(readers, given.out, given.seconds))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
