"""Damaged keys and containers before the scanner, for FUZZ_SECONDS: `python -m tests.keys.fuzz_scan`.

What: planted keys in every format and wrapping, changed at random, cut, doubled and mixed. Why: what a scan reads was made
by anybody. How: properties that hold for any bytes: nothing is raised, nothing told holds a secret of the key, no place lies
outside the bytes, and the same bytes give the same answer by any kind of source. What breaks one is printed, and kept.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from brokenseal.keys.scan import scan
from brokenseal.keys.scan.examine import Examiner
from brokenseal.keys.scan.source import Bytes, Stream
from tests.keys import planted

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SLOWEST = 30.0


def judge(data: bytes, secrets: tuple[bytes, ...], examiner: Examiner, folder: Path) -> int:
    """The properties, on some bytes; gives how many secrets were found in them."""
    begun = time.process_time()
    found = list(examiner.secrets(Bytes(data)))
    for one in found:
        assert 0 <= one.begin < one.end <= len(data) + 1, one
        told = repr(replace(one, identity=b"")).encode()
        assert not any(s in told for s in secrets), one
    streamed = list(examiner.secrets(Stream(io.BytesIO(data))))
    assert [(f.kind, f.thumbprint, f.begin) for f in found] == [(f.kind, f.thumbprint, f.begin) for f in streamed]
    (folder / "file").write_bytes(data)
    whole = scan([folder / "file"], passwords=[planted.PASSWORD], unpacked=64 << 20)
    assert {f.thumbprint for f in found} <= {leak.thumbprint for leak in whole.leaks}
    assert time.process_time() - begun < SLOWEST
    return len(found)


def changed(data: bytes, chance: random.Random) -> bytes:
    """A little damage, or a lot of it."""
    out = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 5, 50))):
        place = chance.randrange(len(out))
        what = chance.randrange(5)
        if what == 0:
            out[place] = chance.randrange(256)
        elif what == 1:
            del out[place : place + chance.randrange(1, 40)]
        elif what == 2:
            out[place:place] = chance.randbytes(chance.randrange(40))
        elif what == 3:
            out[place:place] = out[place : place + chance.randrange(1, 400)]
        else:
            out[place : place + 2] = chance.choice(
                (b"\xff\xff", b"\0\0", b"\x80", b"\x84\xff\xff\xff\xff", b'"', b"\\u002f")
            )
        out = out or bytearray(b"\0")
    return bytes(out)


def main() -> int:
    """Fuzz until the time is up; the exit code."""
    chance, formats = random.Random(), planted.formats()
    wrappings = [*planted.IN_LINE.values(), *planted.FILES.values()]
    texts = [*planted.IN_LINE.values(), *planted.OF_TEXT.values(), *planted.FILES.values()]
    examiner, tried, found = Examiner([planted.PASSWORD]), 0, 0
    until = time.monotonic() + SECONDS
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            one, two = chance.choice(formats), chance.choice(formats)
            data = changed(chance.choice(texts if one.text else wrappings)(one.data), chance)
            if chance.random() < 0.3:
                data += changed(two.data, chance)
            if chance.random() < 0.2:
                data = chance.choice(list(planted.FILES.values()))(data)
            try:
                found += judge(data, one.secrets + two.secrets, examiner, Path(folder))
            except BaseException:
                kept = Path(tempfile.gettempdir()) / "fuzz-scan-broken"
                kept.write_bytes(data)
                print(f"broken by {one.format} and {two.format}: the bytes are in {kept}", file=sys.stderr)
                raise
            tried += 1
    print(f"{tried} files in {SECONDS} seconds, {found} secrets found in them, no property broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
