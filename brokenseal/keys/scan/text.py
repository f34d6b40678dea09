"""Text as it lies in a file: one or two bytes a character, escaped in JSON or XML, base64 over lines.

What: a view of the characters around a place, the same text with its escapes undone, and the base64 around a place
decoded, each able to say where in the file a character lay. Why: a key in a log is rarely written as its standard says.
"""

from __future__ import annotations

import binascii
import html
import re
from bisect import bisect_left
from dataclasses import dataclass

BEFORE = 1 << 16
AFTER = 1 << 17
"""Bytes looked at before and after an anchor."""

_TOKEN = re.compile(
    rb"(?P<plain>[A-Za-z0-9+/_\-]+)"
    rb"|(?P<plus>\\+u002[bB])|(?P<slash>\\+u002[fF]|\\+/)"
    rb"|(?P<gap>\s+|\\+[nrt]|\\+u00(?:0[aAdD])|[\"']\s*+\+?\s*+[\"'])"
    rb"|(?P<other>\\++|[\s\S])"
)
_ALLOWED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-\\\"' \t\r\n\v\f"
_OUTSIDE = bytes(0 if c in _ALLOWED else 1 for c in range(256))
_URL = bytes.maketrans(b"-_", b"+/")
_IN_JSON = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|([nrt\"'/]))")


@dataclass(frozen=True)
class View:
    """Characters of a buffer: every `step`-th byte from `first`, as `raw`, so that index i lies at first + i * step."""

    raw: bytes
    first: int
    step: int
    at: int
    """Where the anchor begins, in characters."""

    def place(self, index: int) -> int:
        """Where in the buffer a character lies."""
        return self.first + index * self.step


def view(buffer: bytes, at: int, step: int, before: int = BEFORE, after: int = AFTER) -> View:
    """The characters around an anchor that begins at `at` of the buffer."""
    first = max(at % step, at - before * step // step // step * step)
    return View(buffer[first : at + after : step], first, step, (at - first) // step)


def unescaped(text: str) -> str:
    """JSON's, XML's and a programming language's escapes undone, however deeply nested."""
    if "&" in text:
        text = html.unescape(text)
    if "\\" not in text:
        return text

    def plain(match: re.Match[str]) -> str:
        code, short = match.groups()
        return chr(int(code, 16)) if code else {"n": "\n", "r": "\r", "t": "\t"}.get(short, short)

    return _IN_JSON.sub(plain, text)


@dataclass(frozen=True)
class Decoded:
    """Base64 decoded. kept: for each character that counted, its index in the view; phase: of the first group."""

    data: bytes
    kept: list[int]
    phase: int
    begin: int
    end: int

    def place(self, offset: int) -> int:
        """The index in the view of the character that a decoded byte begins in."""
        return self.kept[min(self.phase + offset * 4 // 3, len(self.kept) - 1)]

    def covers(self, index: int, phase: int) -> bool:
        """An anchor at this index, so many characters behind a group's start, was decoded right already."""
        if not self.begin <= index < self.end:
            return False
        return (bisect_left(self.kept, index) - phase - self.phase) % 4 == 0


def base64_around(seen: View, phase: int) -> Decoded | None:
    """The base64 around the anchor of a view, which lies `phase` characters behind the start of a group."""
    begin = seen.raw.translate(_OUTSIDE).rfind(b"\1", 0, seen.at) + 1
    kept: list[int] = []
    characters = bytearray()
    end = begin
    for match in _TOKEN.finditer(seen.raw, begin):
        end = match.start()
        if match.lastgroup == "other":
            if end >= seen.at:
                break
            # a text of its own begins behind a lone quotation mark
            begin, kept, characters = match.end(), [], bytearray()
        elif match.lastgroup == "plain":
            kept.extend(range(match.start(), match.end()))
            characters += match.group()
        elif match.lastgroup != "gap":
            kept.append(match.start())
            characters += b"+" if match.lastgroup == "plus" else b"/"
        end = match.end()
    first = (bisect_left(kept, seen.at) - phase) % 4
    body = bytes(characters[first:]).translate(_URL)
    if len(body) % 4 == 1:
        body = body[:-1]
    if not body:
        return None
    return Decoded(binascii.a2b_base64(body + b"=" * (-len(body) % 4)), kept, first, begin, end)
