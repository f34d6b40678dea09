"""Public keys that are weak by their numbers alone.

What: for a modulus and exponent, each known weakness that arithmetic can tell. Why: a key that anybody can compute needs no
theft. How: sizes and exponents by the rules of NIST SP 800-57 and 800-131A; small factors, squares, factors too close
(Fermat) and factors shared between two keys by division; the Infineon generator (ROCA, CVE-2017-15361) by the
mathematics of Nemec et al., "The Return of Coppersmith's Attack", 2017. Misses: keys that are weak by their random numbers
(Debian 2008), for which one needs the list of all of them; a prime that lies far from the other yet is not random.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache

SHORTEST_RSA = 2048
SHORTEST_OTHER = 224
USUAL_EXPONENT = 65537
SMALL = 1 << 16
FERMAT_STEPS = 1_000
"""Generators that set the second prime just behind the first need fewer than 20; each step costs on every key."""
ROCA_PRIMES = tuple(p for p in range(3, 168) if all(p % q for q in range(2, p)))
"""The odd primes up to 167: those in the Infineon generator's product for keys of 512 bits, part of it for longer ones."""
Weakness = tuple[str, str, str]
"""Kind, severity, sentence."""


@lru_cache(maxsize=4096)
def rsa(n: int, e: int) -> tuple[Weakness, ...]:
    """What is wrong with an RSA key. Remembered: the same key is met under many ids, at many sources."""
    return tuple(_rsa(n, e))


def _rsa(n: int, e: int) -> Iterator[Weakness]:
    if n.bit_length() < SHORTEST_RSA:
        severity = "critical" if n.bit_length() < 1024 else "high"
        yield "short", severity, f"The modulus has {n.bit_length()} bits; {SHORTEST_RSA} are the least today."
    if e % 2 == 0 or e < 3:
        yield "exponent", "critical", f"The exponent {e} is no RSA exponent: signatures under it can be forged."
    elif e < USUAL_EXPONENT:
        yield (
            "exponent",
            "medium",
            f"The exponent {e} is small: a verifier that checks padding loosely can be deceived.",
        )
    elif e.bit_length() > 256:
        yield "exponent", "low", f"The exponent has {e.bit_length()} bits, more than standards allow."
    if (factor := small_factor(n)) is not None:
        yield "factor", "critical", f"The modulus is divisible by {factor}: anybody can compute the private key."
        return
    if close(n):
        yield "close", "critical", "The two primes are so close together that the modulus factors at once (Fermat)."
    if roca(n):
        yield "roca", "critical", "The modulus has the mark of the Infineon generator (ROCA, CVE-2017-15361)."


@lru_cache(maxsize=1)
def _primorial() -> int:
    """The product of all odd primes below SMALL, and 2."""
    sieve = bytearray([1]) * SMALL
    for p in range(2, math.isqrt(SMALL) + 1):
        if sieve[p]:
            sieve[p * p :: p] = bytes(len(range(p * p, SMALL, p)))
    return math.prod(p for p in range(2, SMALL) if sieve[p])


def small_factor(n: int) -> int | None:
    """A factor below 65,536, not n itself; None where there is none."""
    common = math.gcd(n, _primorial())
    if common == 1:
        return None
    return next((p for p in range(2, SMALL) if common % p == 0 and p < n), None)


def close(n: int) -> bool:
    """Fermat's search finds the primes within a few steps; a square counts."""
    a = math.isqrt(n)
    a += a * a < n
    for _ in range(FERMAT_STEPS if n.bit_length() <= 4096 else FERMAT_STEPS // 10):
        rest = a * a - n
        # a square ends in one of twelve ways modulo 64
        if (1 << (rest & 63)) & _SQUARES and math.isqrt(rest) ** 2 == rest:
            return True
        a += 1
    return False


_SQUARES = sum(1 << ending for ending in {i * i % 64 for i in range(64)})


@lru_cache(maxsize=1)
def _subgroups() -> dict[int, frozenset[int]]:
    """For each prime, the residues that are powers of 65537: both primes of such a key lie there, and so does n."""
    out = {}
    for p in ROCA_PRIMES:
        seen, value = set(), 1
        while value not in seen:
            seen.add(value)
            value = value * 65537 % p
        out[p] = frozenset(seen)
    return out


def roca(n: int) -> bool:
    """The modulus is a power of 65537 modulo every one of the primes: chance would do that about once in 2^27."""
    return n > 1 << 128 and all(n % p in residues for p, residues in _subgroups().items())


def shared(moduli: Mapping[str, int]) -> dict[str, str]:
    """Keys of which two have a prime in common, by name, each with the other's name."""
    out: dict[str, str] = {}
    names = sorted(moduli)
    product = math.prod(set(moduli.values()))
    for name in names:
        n = moduli[name]
        # a gcd with all others at once; only what has one is looked at pair by pair
        if n <= 1 or math.gcd(n, product // n) == 1:
            continue
        for other in names:
            if moduli[other] != n and 1 < math.gcd(n, moduli[other]) < n:
                out[name] = other
                break
    return out
