"""The objects of a git pack, whole: what a repository remembers of every version.

What: each commit, tree, blob and tag of a pack file, its deltas applied. Why: a key that was committed once and removed is
still there, compressed, perhaps as the difference from another version. How: the pack is read from front to back
(gitformat-pack): an object is whole, or a difference from one at an earlier place or from one with a known id; bases are
found by their place and read again, with a bounded memory of the last ones. Misses: bases that are not in the pack (thin
packs, which git keeps only while it transfers). Raises ValueError for a damaged pack.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import IO

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_BY_PLACE, _BY_ID = 6, 7
MOST_OBJECT = 64 << 20
"""Bytes of one object, whole; beyond it is named and passed over."""
_HELD = 96 << 20
_DEEPEST = 4_100
_PIECE = 1 << 16
Whole = tuple[str, bytes]


class Pack:
    """A pack that can be read at any place. take: told how many bytes came out."""

    def __init__(self, stream: IO[bytes], take: Callable[[int], None]) -> None:
        self._stream = stream
        self._take = take
        self._held: OrderedDict[int, Whole] = OrderedDict()
        self._size = 0
        self._ids: dict[bytes, int] = {}
        self.skipped: list[str] = []

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Kind and id, and bytes, of each object whose base is there."""
        self._stream.seek(0)
        head = self._stream.read(12)
        if len(head) < 12:
            raise ValueError("it ends in its header")
        magic, version, count = struct.unpack(">4sII", head)
        if magic != b"PACK" or version not in (2, 3):
            raise ValueError("no git pack of a version that is known")
        later, at = [], 12
        for _ in range(count):
            end = self._end(at)
            found = self._whole(at)
            if found is None:
                later.append(at)
            else:
                yield self._named(at, found)
            at = end
        # a difference may stand before what it differs from
        while later:
            left = []
            for at in later:
                found = self._whole(at)
                if found is None:
                    left.append(at)
                else:
                    yield self._named(at, found)
            if len(left) == len(later):
                self.skipped += [
                    f"the object at byte {at:,}: too large, or what it differs from is not in the pack" for at in left
                ]
                return
            later = left

    def _named(self, at: int, found: Whole) -> tuple[str, bytes]:
        kind, data = found
        self._take(len(data))
        name = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False)
        self._ids[name.digest()] = at
        return f"{kind} {name.hexdigest()}", data

    def _header(self, at: int) -> tuple[int, int, int, int | bytes | None]:
        """Kind, size, where the compressed bytes begin, and the base: a place, an id, or none."""
        self._stream.seek(at)
        raw = self._stream.read(64)
        byte, place = raw[0], 1
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 0x80:
            byte = raw[place]
            size |= (byte & 0x7F) << shift
            shift, place = shift + 7, place + 1
        if kind == _BY_ID:
            return kind, size, at + place + 20, raw[place : place + 20]
        if kind != _BY_PLACE:
            return kind, size, at + place, None
        byte = raw[place]
        back, place = byte & 0x7F, place + 1
        while byte & 0x80:
            byte = raw[place]
            back, place = ((back + 1) << 7) | (byte & 0x7F), place + 1
        return kind, size, at + place, at - back

    def _inflated(self, at: int, most: int) -> tuple[bytes, int]:
        """Up to `most` bytes that were compressed at this place, and where they end."""
        machine, out, have = zlib.decompressobj(), [], 0
        self._stream.seek(at)
        while not machine.eof:
            piece = self._stream.read(_PIECE)
            if not piece:
                raise ValueError("it ends in the middle of an object")
            at += len(piece)
            while piece and not machine.eof:
                data = machine.decompress(piece, 1 << 20)
                piece = machine.unconsumed_tail
                have += len(data)
                if have <= most:
                    out.append(data)
        return b"".join(out), at - len(machine.unused_data)

    def _end(self, at: int) -> int:
        return self._inflated(self._header(at)[2], 0)[1]

    def _whole(self, at: int) -> Whole | None:
        """The object at a place with all its differences applied; None where a base is missing or it is too large."""
        chain: list[bytes] = []
        while at not in self._held:
            kind, size, place, base = self._header(at)
            if size > MOST_OBJECT or len(chain) > _DEEPEST:
                return None
            data, _ = self._inflated(place, size)
            if kind in KINDS:
                return self._applied(at, (KINDS[kind], data), chain)
            chain.append(data)
            target = self._ids.get(base) if isinstance(base, bytes) else base
            if target is None or not target >= 12:
                return None
            if isinstance(base, int) and target >= at:
                raise ValueError("an object that differs from one behind it")
            at = target
        self._held.move_to_end(at)
        return self._applied(at, self._held[at], chain)

    def _applied(self, at: int, base: Whole, chain: list[bytes]) -> Whole | None:
        kind, data = base
        for delta in reversed(chain):
            if (changed := applied(data, delta)) is None:
                return None
            data = changed
        if not chain:
            self._keep(at, base)
        return kind, data

    def _keep(self, at: int, whole: Whole) -> None:
        if at not in self._held:
            self._held[at] = whole
            self._size += len(whole[1])
        while self._size > _HELD:
            _, (_, old) = self._held.popitem(last=False)
            self._size -= len(old)


def applied(base: bytes, delta: bytes) -> bytes | None:
    """A difference applied to what it differs from; None for a result that is too large. Raises ValueError, IndexError."""
    _, at = _number(delta, 0)
    size, at = _number(delta, at)
    if size > MOST_OBJECT:
        return None
    out = bytearray()
    while at < len(delta):
        order = delta[at]
        at += 1
        if not order & 0x80:
            out += delta[at : at + order]
            at += order
            continue
        offset = length = 0
        for bit in range(7):
            if order & 1 << bit:
                if bit < 4:
                    offset |= delta[at] << 8 * bit
                else:
                    length |= delta[at] << 8 * (bit - 4)
                at += 1
        out += base[offset : offset + (length or 0x10000)]
        if len(out) > size:
            break
    if len(out) != size:
        raise ValueError("a difference that does not fit")
    return bytes(out)


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
