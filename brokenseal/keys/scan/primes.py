"""The primes of known moduli, in any layout.

What: at every byte a number as long as half a known modulus is read in three layouts, and one that divides the modulus is
its prime. Why: a key in memory is rarely written in a format, but its primes lie there, and a division proves it. How: of
p * q = n with both as long, neither is smaller than n's upper half; a prime is odd, not divisible by small primes, and not
full of zeros. Sums of powers of 256 modulo a product of small primes tell that for every place at once (numpy); what is
left, a few in a hundred of random bytes, is divided. Misses: primes of unequal length, words of 30 bits (Python), a key
of which only the exponents are left.

Layouts: little-endian (Windows CAPI, OpenSSL, Go, GMP in memory), big-endian (CNG, DER, files), and words of 32 bits with
the highest first (Java).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from brokenseal.keys.scan import private
from brokenseal.keys.scan.examine import Examiner
from brokenseal.keys.scan.found import Secret
from brokenseal.keys.scan.source import CHUNK, Source

SIEVES = ((3, 5, 7, 11, 13, 17, 19, 23, 29), (31, 37, 41, 43, 47))
"""Small primes, in groups whose product is below 2^32: its square fits into 64 bits, and a sum over a chunk into 63."""
MOST_ZEROS = 8
"""A prime in so many bytes has at most one that is zero; of random ones a twelfth of that would be there."""
SMALLEST_BYTES = 32
LAYOUTS = {"little-endian": "little", "big-endian": "big", "big-endian words": "big"}


@dataclass(frozen=True)
class _Modulus:
    n: int
    e: int
    half: int
    """Bytes of a prime."""
    top: int
    """The least highest byte of a prime."""


class Hunter:
    """Looks for the primes of moduli. moduli: a name to (n, e)."""

    def __init__(self, moduli: Mapping[str, tuple[int, int]]) -> None:
        self._by_size: dict[int, list[_Modulus]] = {}
        for n, e in moduli.values():
            half = (n.bit_length() + 15) // 16
            if half >= SMALLEST_BYTES:
                self._by_size.setdefault(half, []).append(_Modulus(n, e, half, n >> (16 * half - 8)))
        self.longest = max(self._by_size, default=0)
        self._powers = _powers(CHUNK + self.longest)

    def beside(self, examiner: Examiner, source: Source) -> Iterator[Secret]:
        """What the examiner finds, and the primes."""
        watched = _Watched(source, self)
        yield from examiner.secrets(watched)
        yield from watched.found

    def hunt(self, data: bytes, aligned: int) -> Iterator[Secret]:
        """The primes in some bytes, each with its place. aligned: where the first whole word of 32 bits begins."""
        if not data.strip(b"\0"):
            return
        whole = np.frombuffer(data, np.uint8)
        words = (len(data) - aligned) // 4 * 4
        swapped = whole[aligned : aligned + words].view(np.uint32).byteswap().view(np.uint8)
        for layout, order in LAYOUTS.items():
            by_words = layout == "big-endian words"
            bytes_ = swapped if by_words else whole
            shift = aligned if by_words else 0
            sums = _sums(bytes_, self._powers[order])
            for half, moduli in self._by_size.items():
                places = _possible(bytes_, sums, half, order, min(m.top for m in moduli), 4 if by_words else 1)
                text = bytes_.tobytes() if by_words else data
                for place in places:
                    number = int.from_bytes(text[place : place + half], order)  # type: ignore[arg-type]
                    for modulus in moduli:
                        if modulus.n % number == 0 and 1 < number < modulus.n:
                            found = private.from_rsa(
                                number, modulus.n // number, modulus.e, None, modulus.n, f"bare prime, {layout}"
                            )
                            if found:
                                yield replace(found, begin=int(place) + shift, end=int(place) + shift + half)


def _powers(length: int) -> dict[str, list[Any]]:
    """Powers of 256, or of its inverse, modulo each product of small primes, for every place."""
    out: dict[str, list[Any]] = {"little": [], "big": []}
    for sieve in SIEVES:
        modulus = prod(sieve)
        for order, base in (("little", 256), ("big", pow(256, -1, modulus))):
            row = np.empty(length, np.uint64)
            row[0], done = 1, 1
            while done < length:
                step = min(done, length - done)
                row[done : done + step] = row[:step] * np.uint64(pow(base, done, modulus)) % np.uint64(modulus)
                done += step
            out[order].append(row.astype(np.int64))
    return out


def _sums(data: Any, powers: list[Any]) -> list[Any]:
    """Running sums of byte * power; the difference of two is the number between them, times a power of 256."""
    out = []
    for row in powers:
        total = np.zeros(data.size + 1, np.int64)
        np.cumsum(data * row[: data.size], out=total[1:])
        out.append(total)
    return out


def _possible(data: Any, sums: list[Any], half: int, order: str, top: int, step: int) -> Any:
    """Places where a prime of `half` bytes may begin."""
    if data.size < half:
        return np.empty(0, np.int64)
    count = data.size - half + 1
    first, last = data[:count], data[half - 1 :]
    low, high = (first, last) if order == "little" else (last, first)
    places = np.flatnonzero((low & 1).astype(bool) & (high >= top))
    if step > 1:
        places = places[places % step == 0]
    if not places.size:
        return places
    zeros = np.zeros(data.size + 1, np.int32)
    np.cumsum(data == 0, out=zeros[1:])
    places = places[zeros[places + half] - zeros[places] <= half // MOST_ZEROS]
    for sieve, total in zip(SIEVES, sums):
        rest = (total[places + half] - total[places]) % prod(sieve)
        for small in sieve:
            keep = rest % small != 0
            places, rest = places[keep], rest[keep]
    return places


class _Watched:
    """A source whose chunks are hunted through as they pass."""

    def __init__(self, source: Source, hunter: Hunter) -> None:
        self._source = source
        self._hunter = hunter
        self.found: list[Secret] = []
        self.around = source.around

    def chunks(self) -> Iterator[tuple[int, bytes, int]]:
        tail, end = b"", -1
        for offset, chunk, own in self._source.chunks():
            yield offset, chunk, own
            for begin in range(0, own, CHUNK):
                part = chunk[begin : min(begin + CHUNK, own)]
                place = offset + begin
                before = tail if end == place else b""
                base = place - len(before)
                for secret in self._hunter.hunt(before + part, -base % 4):
                    # what lay wholly in the tail was seen with the chunk before
                    if secret.end > len(before):
                        self.found.append(replace(secret, begin=base + secret.begin, end=base + secret.end))
                whole = before + part
                tail, end = whole[max(0, len(whole) - self._hunter.longest + 1) :], place + len(part)
