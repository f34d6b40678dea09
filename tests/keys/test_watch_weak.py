"""Weak keys by arithmetic, each made here with its weakness; ordinary keys have none."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path

import pytest

from brokenseal.keys.watch import Policy, watch, weak
from brokenseal.lake import Lake
from tests.keys import issuers
from tests.keys.issuers import key_set, numbers, published


def prime(start: int) -> int:
    """The first probable prime from here on."""
    start |= 1
    while any(pow(base, start - 1, start) != 1 for base in (2, 3, 5, 7)):
        start += 2
    return start


def infineon(chance: random.Random, bits: int) -> int:
    """A modulus as the Infineon generator made it: each prime is k * M + (65537^a mod M)."""
    product = math.prod(weak.ROCA_PRIMES) * 2
    out = 1
    for _ in range(2):
        while True:
            k = chance.getrandbits(bits // 2 - product.bit_length()) | 1 << (bits // 2 - product.bit_length() - 1)
            p = k * product + pow(65537, chance.getrandbits(200), product)
            if all(pow(base, p - 1, p) == 1 for base in (2, 3, 5)):
                out *= p
                break
    return out


def kinds(n: int, e: int = 65537) -> set[str]:
    return {kind for kind, _, _ in weak.rsa(n, e)}


def test_ordinary_keys_have_no_weakness() -> None:
    for number in range(4):
        assert kinds(issuers.key(number).public_key().public_numbers().n) == set()


def test_the_mark_of_the_infineon_generator() -> None:
    chance = random.Random(15361)
    for _ in range(3):
        assert kinds(infineon(chance, 2064)) == {"roca"}


def test_the_mark_is_rare_by_chance() -> None:
    rate = math.prod(len(residues) / (p - 1) for p, residues in weak._subgroups().items())
    assert rate < 2**-27
    chance = random.Random(1)
    assert not any(weak.roca(chance.getrandbits(2048) | 1) for _ in range(20_000))


@pytest.mark.parametrize(
    ("e", "wanted"),
    [(1, "exponent"), (2, "exponent"), (3, "exponent"), (65536, "exponent"), (1 << 300 | 1, "exponent")],
)
def test_exponents(e: int, wanted: str) -> None:
    assert kinds(issuers.key(0).public_key().public_numbers().n, e) == {wanted}


def test_sizes() -> None:
    severities = {
        bits: weak.rsa(issuers.key(9, bits).public_key().public_numbers().n, 65537)[0][1] for bits in (1024, 1536)
    }
    assert severities == {1024: "high", 1536: "high"}
    assert weak.rsa((1 << 511) + 9, 65537)[0][1] == "critical"


def test_small_factors_squares_and_close_primes() -> None:
    big = prime(random.Random(3).getrandbits(2048) | 1 << 2047)
    assert kinds(big * 65521) == {"factor"} and kinds(big * 2) == {"factor"}
    p = prime(random.Random(4).getrandbits(1024) | 3 << 1022)
    assert kinds(p * p) == {"close"}
    assert kinds(p * prime(p + 10_000)) == {"close"}
    far = prime(p + (1 << 900))
    assert kinds(p * far) == set()


def test_a_prime_in_common(tmp_path: Path) -> None:
    p, q, r = (prime(random.Random(seed).getrandbits(1024) | 3 << 1022) for seed in (5, 6, 7))
    pairs = {"a": p * q, "b": p * r, "c": issuers.key(0).public_key().public_numbers().n, "d": p * q}
    assert weak.shared(pairs) == {"a": "b", "b": "a", "d": "b"}
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(key_set(numbers(p * q, 65537)))
    second.write_bytes(key_set(numbers(p * r, 65537, kid="other"), published(0)))
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        assert watch(lake, [str(first)]).found == []
        # a source that is not looked at now is still compared with
        found = watch(lake, [str(second)], policy=Policy()).found
    assert [(f.kind, f.severity, f.kid) for f in found] == [("shared-prime", "critical", "other")]


def test_every_kind_is_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "keys-watch.md").read_text(encoding="utf-8")
    source = "".join(p.read_text() for p in Path(weak.__file__).parent.glob("*.py"))
    said = set(re.findall(r'(?:_finding\(seen|yield) ?,? "([a-z0-9-]+)"', source))
    assert len(said) > 15 and [kind for kind in sorted(said) if f"`{kind}`" not in text] == []


def test_json_of_odd_numbers_is_read(tmp_path: Path) -> None:
    # numbers that a library refuses are the very ones to report
    n, other = (issuers.key(i).public_key().public_numbers().n for i in (0, 1))
    (tmp_path / "s").write_text(json.dumps({"keys": [numbers(n, 1), numbers(other * 2, 65537, kid="even")]}))
    with Lake.open(tmp_path / "lake", write=True, create=True) as lake:
        found = watch(lake, [str(tmp_path / "s")]).found
    assert {(f.kind, f.kid, f.severity) for f in found} == {
        ("exponent", "odd", "critical"),
        ("factor", "even", "critical"),
    }
