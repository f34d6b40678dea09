"""One source examined: yara-x finds candidates, readers parse them, and only what parses is given on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import yara_x

from brokenseal.keys.scan import blobs, private, rules, texts, tokens
from brokenseal.keys.scan.found import Secret
from brokenseal.keys.scan.rules import Anchor
from brokenseal.keys.scan.source import Source
from brokenseal.keys.scan.text import Decoded, View, base64_around, view

DEEPEST = 4
"""Base64 inside base64."""
_EDGE = 1 << 15
_TOKEN_AFTER = 70_000
_NEAR = 2048
_TEXT_SPAN = {"pem": (64, 1 << 17), "jwk": (1 << 15, 1 << 15), "xml": (16, 1 << 16)}
"""Characters before and behind an anchor."""
Hit = tuple[int, int, Anchor]
_BLOBS: dict[str, Callable[[bytes, int], Secret | None]] = {
    "der": blobs.pkcs1,
    "pkcs8": blobs.pkcs8,
    "sec1": blobs.sec1,
    "cng": blobs.cng,
    "ecc": blobs.ecc,
    "capi": blobs.capi,
}
_LOCKABLE = {"locked8": blobs.locked8, "pfx": blobs.pfx, "openssh": blobs.openssh}


@lru_cache(maxsize=1)
def compiled() -> tuple[Any, dict[str, Anchor]]:
    """The rules, compiled, and what each pattern means."""
    source, anchors = rules.built()
    return yara_x.compile(source), anchors


class Examiner:
    """Finds the secrets of sources, one source after the other.

    passwords: tried on what is locked, the empty one always.
    """

    def __init__(self, passwords: Sequence[bytes] = ()) -> None:
        found, self._anchors = compiled()
        self._scanner = yara_x.Scanner(found)
        self._passwords = (b"", *passwords)
        private.expect(self._passwords)

    def secrets(self, source: Source) -> Iterator[Secret]:
        """Every secret with its place in the source, in order; what lies inside another is not told again."""
        covered = 0
        regions = _Regions()
        for offset, chunk, own in source.chunks():
            for at, length, anchor in self._hits(chunk):
                place = offset + at
                if at >= own or place < covered:
                    continue
                buffer, base = source.around(place)
                for secret in self._parsed(buffer, place - base, length, anchor, regions, 0):
                    begin, end = base + secret.begin, base + secret.end
                    if begin >= covered or not secret.locked:
                        covered = max(covered, end)
                        yield replace(secret, begin=begin, end=end)
            regions.forget()

    def _hits(self, data: bytes) -> list[Hit]:
        """Anchors in some bytes, in order."""
        found = self._scanner.scan(data).matching_rules
        return sorted(
            (
                (match.offset, match.length, self._anchors[pattern.identifier])
                for rule in found
                for pattern in rule.patterns
                for match in pattern.matches
            ),
            key=lambda hit: hit[:2],
        )

    def _parsed(
        self, buffer: bytes, at: int, length: int, anchor: Anchor, regions: _Regions, depth: int
    ) -> list[Secret]:
        """What one candidate holds, with its place in the buffer."""
        if anchor.reader in _BLOBS:
            found = _BLOBS[anchor.reader](buffer, at)
            return [found] if found else []
        step = 2 if anchor.characters and length == 2 * anchor.characters else 1
        if anchor.reader in _LOCKABLE:
            found = _LOCKABLE[anchor.reader](buffer, at, self._passwords) if step == 1 else None
            return [found] if found else []
        if anchor.reader == "base64":
            return self._base64(buffer, at, step, anchor, regions, depth) if depth < DEEPEST else []
        if anchor.reader in ("jwt", "refresh"):
            seen = view(buffer, at, step, before=8192 * step, after=_TOKEN_AFTER * step)
            found = tokens.jwt(seen) if anchor.reader == "jwt" else tokens.refresh(seen)
        else:
            seen = view(buffer, at, step, *(s * step for s in _TEXT_SPAN[anchor.reader]))
            if anchor.reader == "jwk" and not regions.first(buffer, seen.place(texts.jwk_begin(seen))):
                return []
            found = self._text(anchor.reader, seen)
        if not found:
            return []
        form = found.form if step == 1 else f"{found.form} in UTF-16"
        begin, end = _placed(buffer, seen, found.begin, found.end)
        return [replace(found, form=form, begin=begin, end=end)]

    def _text(self, reader: str, seen: View) -> Secret | None:
        if reader == "pem":
            return texts.pem(seen, self._passwords)
        return texts.jwk(seen) if reader == "jwk" else texts.xml(seen)

    def _base64(self, buffer: bytes, at: int, step: int, anchor: Anchor, regions: _Regions, depth: int) -> list[Secret]:
        """The base64 around an anchor, decoded and examined in its turn."""
        if regions.covers(buffer, at, step, anchor.phase):
            return []
        # most base64 is short: what touches the border of a small view is looked at in the large one
        seen = view(buffer, at, step, before=_NEAR * step, after=4 * _NEAR * step)
        decoded = base64_around(seen, anchor.phase)
        if decoded is not None and (decoded.begin == 0 or decoded.end == len(seen.raw)):
            seen = view(buffer, at, step)
            decoded = base64_around(seen, anchor.phase)
        if decoded is None:
            return []
        regions.keep(buffer, seen, decoded)
        found: list[Secret] = []
        covered = 0
        inner = _Regions()
        for place, length, own in self._hits(decoded.data):
            if place < covered:
                continue
            for secret in self._parsed(decoded.data, place, length, own, inner, depth + 1):
                covered = max(covered, secret.end)
                first, last = decoded.place(secret.begin), decoded.place(max(secret.begin, secret.end - 1))
                begin, end = _placed(buffer, seen, first, last + 1)
                form = f"{secret.form} in base64" + (" in UTF-16" if step == 2 else "")
                found.append(replace(secret, form=form, begin=begin, end=end))
        return found


def _placed(buffer: bytes, seen: View, first: int, end: int) -> tuple[int, int]:
    """The bytes of some characters of a view, which shows of UTF-16 only the byte that is not zero.

    Big-endian where nothing but a zero stands before and something else behind; where zeros are on both sides, where
    those bytes are odd: UTF-16 lies at even places as a rule.
    """
    # what is cut off has no end of its own
    end = min(end, len(seen.raw))
    begin, last = seen.place(first), seen.place(end - 1)
    big = seen.step == 2 and begin > 0 and buffer[begin - 1] == 0
    if big and buffer[last + 1 : last + 2] == b"\0":
        big = begin % 2 == 1
    return begin - big, seen.place(end) - big


class _Regions:
    """What was looked at last, so that its other anchors do not have it looked at again: base64, and JSON objects."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._last: tuple[bytes, View, Decoded] | None = None
        self._object: tuple[bytes, int] | None = None

    def first(self, buffer: bytes, place: int) -> bool:
        """The object that begins there was not the last one."""
        known = self._object is not None and self._object[0] is buffer and self._object[1] == place
        self._object = buffer, place
        return not known

    def keep(self, buffer: bytes, seen: View, decoded: Decoded) -> None:
        self._last = buffer, seen, decoded

    def covers(self, buffer: bytes, at: int, step: int, phase: int) -> bool:
        if self._last is None or self._last[0] is not buffer:
            return False
        _, seen, decoded = self._last
        if step != seen.step or at % step != seen.first % step:
            return False
        index = (at - seen.first) // step
        # near the end of what was looked at the thing itself may have been cut off
        more = seen.place(len(seen.raw)) < len(buffer)
        cut = more and decoded.end == len(seen.raw) and index > decoded.end - _EDGE
        return not cut and decoded.covers(index, phase)
