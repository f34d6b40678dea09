"""Coverage-guided texts before the verifier, for FUZZ_SECONDS: `python -m tests.keys.fuzz`.

What: raw texts, and headers and payloads that a trusted key signs, judged by the oracle of the property tests. Why: the
properties look where hypothesis looks; this looks where the code branches. How: atheris (libFuzzer) where it is installed, else
random changes of the forgeries for as long. A text that breaks a property is printed, and the exit code is not 0.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.keys.oracle import Oracle

SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SPLIT = b"\xff\xff"
"""Between a header and a payload that are to be signed; a text without it goes to the verifier as it is."""


def main() -> int:
    """Fuzz until the time is up; returns the exit code, or does not return where atheris ends the process."""
    try:
        import atheris
    except ImportError:
        return _plain()
    with atheris.instrument_imports(include=["brokenseal.keys", "joserfc"], enable_loader_override=False):
        # the package's public names come when they are asked for: here, so that they are instrumented
        import brokenseal.keys.verifier.verify  # noqa: F401
        from tests.keys.oracle import Oracle
    oracle = Oracle()
    seeds = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, text in enumerate(_seeds(oracle)):
        (seeds / str(number)).write_bytes(text)
    arguments = [
        f"-max_total_time={SECONDS}",
        "-max_len=2000",
        "-timeout=20",
        "-print_final_stats=1",
        f"-artifact_prefix={seeds}/",
    ]
    atheris.Setup([sys.argv[0], *arguments, str(seeds)], lambda data: _judge(oracle, data))
    atheris.Fuzz()
    return 0


def _seeds(oracle: Oracle) -> list[bytes]:
    from brokenseal.keys.forge.corpus import corpus
    from brokenseal.keys.forge.smith import packed

    smith = oracle.smith
    header, claims = packed(smith.header(smith.key("home"))), packed(smith.claims())
    tokens = [forgery.make(smith).encode() for forgery in corpus(smith)]
    return [header + SPLIT + claims, oracle.genuine.encode(), *(t for t in tokens if len(t) < 2000)]


def _judge(oracle: Oracle, data: bytes) -> None:
    if SPLIT in data:
        header, payload = data.split(SPLIT, 1)
        oracle.signed(header, payload)
    elif data.decode("latin-1") != oracle.genuine:
        oracle.unsigned(data)


def _plain() -> int:
    """Without coverage: changes of the seeds, until the time is up."""
    from tests.keys.oracle import Oracle

    oracle, rng, tried = Oracle(), random.Random(), 0
    seeds = _seeds(oracle)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            _judge(oracle, bytes(data))
        except BaseException:
            print(f"broken by {bytes(data)!r}", file=sys.stderr)
            raise
        tried += 1
    print(f"{tried} texts in {SECONDS} seconds, none broke a property")
    return 0


if __name__ == "__main__":
    sys.exit(main())
