"""The values in a stream of JSON bytes, found by brackets and quotes alone.

What: the slices of each element of an array (bare, or wrapped as `value` or `records`), or of each value where several
follow one another. Why: a strict parser gives up on the whole file for one bad byte, deep nesting or a cut end, and what
was whole is evidence. How: numpy finds quotes, backslashes and brackets block by block; depth is a running sum. Misses: in
a value with an odd quote the rest of the file is one broken value.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator

import numpy as np

WRAPPERS = ("value", "records", "results", "Results")
MOST_WHOLE = 256 << 20
"""Bytes up to which a file is parsed whole: more goes block by block."""
HEAD = 1 << 16
"""Bytes within which a wrapper says what it wraps."""
_SCALAR = rb'(?:"(?:[^"\\]|\\.)*"|[^"{}\[\],:]*)'
_OPEN = re.compile(
    rb'\s*(?:\[|\{\s*(?:"d"\s*:\s*\{\s*)?(?:"[^"\\]*"\s*:\s*' + _SCALAR + rb"\s*,\s*)*"
    rb'"(?:value|records|[rR]esults)"\s*:\s*\[)',
    re.DOTALL,
)
_CLOSE = re.compile(rb"\A[^\[{]*")
_KIND = np.zeros(256, np.int8)
_KIND[[ord(c) for c in "{["]] = 1
_KIND[[ord(c) for c in "}]"]] = -1
_KIND[ord('"')] = 2
_KIND[ord(",")] = 3


def values(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Slices of the values, in order; what is left at the end without being whole comes last."""
    source = iter(blocks)
    data = next(source, b"")
    while data:
        opened = _OPEN.match(data)
        while opened is None and len(data) < HEAD and (block := next(source, b"")):
            data += block
            opened = _OPEN.match(data)
        if opened is None:
            yield from _scan(data, source, inside=False)
            return
        rest = yield from _scan(data[opened.end() :], source, inside=True)
        # what closes a wrapper says nothing; another one may follow
        data = _CLOSE.sub(b"", rest)
        while not data and (block := next(source, b"")):
            data = _CLOSE.sub(b"", block)


def _scan(data: bytes, source: Iterator[bytes], *, inside: bool) -> Generator[bytes, None, bytes]:
    """Values until the array closes (inside) or the bytes end; returns the bytes behind the array."""
    while True:
        ends, closed = _boundaries(data, inside=inside)
        start = 0
        for end in ends:
            value = data[start:end].strip(b" \t\r\n,")
            if value:
                yield value
            start = end
        if closed is not None:
            return data[closed + 1 :]
        data = data[start:]
        block = next(source, None)
        if block is None:
            tail = data.strip(b" \t\r\n,")
            if tail:
                yield tail
            return b""
        data += block


def _boundaries(data: bytes, *, inside: bool) -> tuple[list[int], int | None]:
    """Offsets just behind each value that ends in this piece, and the offset of the bracket that closes the array."""
    bytes_ = np.frombuffer(data, np.uint8)
    kind = _KIND[bytes_]
    at = np.flatnonzero(kind)
    quote = kind[at] == 2
    quotes = at[quote]
    quotes = quotes[~_escaped(bytes_, quotes)]
    marks = at[~quote]
    # a mark after an odd number of quotes lies in a string
    marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    steps = kind[marks].astype(np.int64)
    comma = steps == 3
    steps[comma] = 0
    depth = np.cumsum(steps)
    closing = np.flatnonzero(depth < 0)
    closed = int(marks[closing[0]]) if len(closing) and inside else None
    until = closing[0] if len(closing) and inside else len(marks)
    ended = ((depth == 0) & (steps == -1)) | (comma & (depth == 0) & inside)
    ends = [int(m) + 1 for m in marks[:until][ended[:until]]]
    if closed is not None and closed > (ends[-1] if ends else 0):
        ends.append(closed)
    return ends, closed


def _escaped(data: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Quotes behind an odd number of backslashes."""
    out = np.zeros(len(quotes), bool)
    suspects = np.flatnonzero((quotes > 0) & (data[np.maximum(quotes - 1, 0)] == 92))
    for index in suspects:
        at = run = int(quotes[index])
        while run > 0 and data[run - 1] == 92:
            run -= 1
        out[index] = (at - run) % 2 == 1
    return out
