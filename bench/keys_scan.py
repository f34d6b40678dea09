"""How fast `keys scan` is, beside yara-x alone.

What: `python -m bench.keys_scan` makes a file on the fly (bytes of chance, programs, log lines and zeros in turn, with
throw-away keys planted), and has it scanned by yara-x alone with the same rules, and by `brokenseal keys scan`, each in its
own process, in turn; it writes bench/results/keys-scan.md. Why: seconds are a machine's, the ratio is the code's. How: the
best of the rounds for each; where others use the machine, the ratio of processor time is the truer. Misses: reading from a
disk, which is slower than either.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from bench.speed import Run, run

RESULT = Path(__file__).with_name("results") / "keys-scan.md"
BLOCK = 16 << 20
LEAST = 0.5
"""Of yara-x's speed: below it the scan would be the slower half of the work."""


def main() -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=10)
    parser.add_argument("--dir", type=Path, help="where the file is made")
    parser.add_argument("--plain", type=Path, help="only let yara-x look at this file")
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    if given.plain:
        plain(given.plain)
        return
    with tempfile.TemporaryDirectory(dir=given.dir) as scratch:
        file = Path(scratch) / "dump"
        planted = make(file, int(given.gigabytes * (1 << 30)), given.keys)
        runs = measure(file, given.rounds, planted)
        size = file.stat().st_size
    table = told(size, given, runs)
    print(f"\n{table}")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(table, encoding="utf-8")


def plain(file: Path) -> None:
    """yara-x alone: one pass, its matches counted."""
    import yara_x

    from brokenseal.keys.scan.examine import compiled

    found = yara_x.Scanner(compiled()[0]).scan_file(str(file))
    print(sum(len(p.matches) for r in found.matching_rules for p in r.patterns))


def make(file: Path, size: int, keys: int) -> set[str]:
    """Write the file; the thumbprints of what was planted in it."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from brokenseal.keys import public

    chance = random.Random(2023)
    blocks = [chance.randbytes(BLOCK), _programs(), _log(chance), bytes(BLOCK)]
    with file.open("wb") as out:
        while out.tell() < size:
            out.write(blocks[out.tell() // BLOCK % len(blocks)])
        names = set()
        for number in range(keys):
            key = rsa.generate_private_key(65537, 2048)
            encoding = (Encoding.PEM, Encoding.DER)[number % 2]
            data = key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
            if number % 4 == 2:
                data = data.decode().encode("utf-16-le")
            out.seek(chance.randrange(size - len(data)))
            out.write(data)
            names.add(public.thumbprint(key.public_key()))
    return names


def _programs() -> bytes:
    """This machine's programs, as many as fit."""
    out = bytearray()
    for folder in (Path(sys.executable).resolve().parent, Path("/usr/bin"), Path("/usr/lib")):
        for path in sorted(p for p in folder.glob("*") if p.is_file() and os.access(p, os.R_OK)):
            out += path.read_bytes()
            if len(out) >= BLOCK:
                return bytes(out[:BLOCK])
    return bytes(out.ljust(BLOCK, b"\0"))


def _log(chance: random.Random) -> bytes:
    lines = bytearray()
    while len(lines) < BLOCK:
        record = {
            "time": chance.randrange(1 << 31),
            "user": f"u{chance.randrange(9999)}@a.example",
            "id": chance.random(),
        }
        lines += json.dumps(record).encode() + b"\n"
    return bytes(lines[:BLOCK])


def measure(file: Path, rounds: int, planted: set[str]) -> dict[str, Run]:
    """The best run of each. Raises SystemExit where the scan did not find what was planted."""
    commands = {
        "yara-x alone": [sys.executable, "-m", "bench.keys_scan", "--plain", str(file)],
        "keys scan": [sys.executable, "-m", "brokenseal.cli", "keys", "scan", str(file), "--json"],
    }
    with file.open("rb") as warm, Path(os.devnull).open("wb") as nowhere:
        shutil.copyfileobj(warm, nowhere, BLOCK)
    best: dict[str, Run] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            done = run(command)
            print(f"{name}: {done.seconds:.2f} s, {done.processor:.2f} s of processor", file=sys.stderr)
            if name not in best or done.processor < best[name].processor:
                best[name] = done
    found = {leak["thumbprint"] for leak in json.loads(best["keys scan"].printed)["leaks"]}
    if planted - found:
        raise SystemExit(f"{len(planted - found)} of {len(planted)} planted keys were not found")
    return best


def told(size: int, given: argparse.Namespace, runs: dict[str, Run]) -> str:
    """The table."""
    floor = runs["yara-x alone"]
    rows = [
        f"| {name} | {floor.seconds / r.seconds:.2f} | {floor.processor / r.processor:.2f} | {r.peak / 1e6:,.0f} MB |"
        for name, r in runs.items()
    ]
    return "\n".join(
        [
            f"A file of {size / 1e9:.1f} GB, in memory: chance, programs, log lines and zeros in turn, {given.keys} keys "
            f"planted, all found; best of {given.rounds} rounds.",
            "",
            "| what | speed, of yara-x alone | in processor time | peak memory |",
            "|---|---|---|---|",
            *rows,
            "",
            f"yara-x alone: one pass with the same rules, its file mapped, its matches only counted. keys scan reads a megabyte "
            f"at a time, which costs less than mapping, and parses what was found. At least {LEAST} is wanted.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
