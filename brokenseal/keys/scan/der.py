"""Just enough DER to know where a structure begins, where it ends, and how long a password would take.

Nothing here decides that something is a key: `cryptography` does. Every function takes any bytes and raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST = 1 << 20
"""Bytes that one structure may have."""
_NODES = 2_000
SEQUENCE, INTEGER, OCTETS, OID = 0x30, 0x02, 0x04, 0x06
SCRYPT = bytes.fromhex("2B06010401DA47040B")


def header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, start of the content and its end, of the element at `at`; None where there is none, or it is too long."""
    if at < 0 or at + 2 > len(data):
        return None
    tag, first = data[at], data[at + 1]
    if first < 0x80:
        return tag, at + 2, at + 2 + first
    count = first & 0x7F
    if not 1 <= count <= 4 or at + 2 + count > len(data):
        return None
    length = int.from_bytes(data[at + 2 : at + 2 + count], "big")
    return (tag, at + 2 + count, at + 2 + count + length) if length <= MOST else None


def sequence_before(data: bytes, content: int) -> tuple[int, int] | None:
    """Start and end of the SEQUENCE whose content begins at `content` and whose bytes are all there."""
    for back in (4, 3, 2, 5):
        at = content - back
        if at >= 0 and data[at] == SEQUENCE:
            found = header(data, at)
            if found and found[1] == content and found[2] <= len(data):
                return at, found[2]
    return None


def children(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Tag, start, start of content and end of each element between two places; ends early where one is broken."""
    at = begin
    while at < end:
        found = header(data, at)
        if not found or found[2] > end:
            return
        yield found[0], at, found[1], found[2]
        at = found[2]


def is_encrypted_key(data: bytes) -> bool:
    """EncryptedPrivateKeyInfo: an algorithm, an octet string, and no byte more."""
    whole = header(data, 0)
    if not whole or whole[0] != SEQUENCE or whole[2] != len(data):
        return False
    parts = list(children(data, whole[1], whole[2]))
    return (
        [p[0] for p in parts] == [SEQUENCE, OCTETS]
        and parts[1][3] == len(data)
        and parts[1][3] - parts[1][2] >= 32
        and data[parts[0][2] : parts[0][2] + 1] == bytes([OID])
    )


def is_pfx(data: bytes) -> bool:
    """PFX: version 3, a content, perhaps a MAC, and no byte more."""
    whole = header(data, 0)
    if not whole or whole[0] != SEQUENCE or whole[2] != len(data):
        return False
    parts = list(children(data, whole[1], whole[2]))
    return [p[0] for p in parts] in ([INTEGER, SEQUENCE, SEQUENCE], [INTEGER, SEQUENCE]) and parts[-1][3] == len(data)


def rounds(data: bytes) -> int:
    """The most password rounds that opening this may take, its work factors counted wherever they stand.

    A count follows its salt: an INTEGER directly behind an OCTET STRING in one SEQUENCE. Of scrypt, whose cost is in
    memory, more than 2^15 is beyond all bounds.
    """
    most, left = 1, _NODES
    limit = (1 << 15) if SCRYPT in data else None
    stack = [(0, len(data))]
    while stack and left:
        begin, end = stack.pop()
        before = 0
        for tag, _, content, stop in children(data, begin, end):
            left -= 1
            if left <= 0:
                # too tangled to know: not to be tried
                return 1 << 62
            if tag == INTEGER and before == OCTETS:
                count = int.from_bytes(data[content : min(stop, content + 16)], "big")
                most = max(most, count if limit is None or count <= limit else 1 << 62)
            if tag & 0x20 or (tag == OCTETS and data[content : content + 1] == b"\x30"):
                stack.append((content, stop))
            before = tag
    return most
