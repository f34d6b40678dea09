"""Which byte strings make a place worth parsing, as YARA rules.

What: for every format an *anchor*, a string that it cannot do without, and for every anchor its shapes in base64. Why:
yara-x looks for hundreds of literals at the speed of memory, so that only candidates are ever parsed. How: text anchors
are looked for in one and two bytes a character; a byte string inside base64 begins at one of three positions of a group
of four, so each has three shapes, and long ones are cut in two, of which a line break can break only one. Misses: a
shape with two line breaks within some 20 characters.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

LONGEST = 128
"""No anchor is longer, in bytes; chunks overlap by as much."""

TEXT = {
    "pem": [b"PRIVATE KEY-----"],
    "xml": [b"RSAKeyValue"],
    "jwk": [b'kty"', b"kty\\", b"kty'", b"kty&quot;"],
    "jwt": [b".eyJ"],
    "refresh": [b".AgABA", b".AQABA"],
    "openssh": [b"openssh-key-v1\0"],
}
"""Anchors that are text, by the reader that takes the candidate."""

HEX = {
    # RSAPrivateKey: version 0, then a modulus of 512 bits or more
    "der": ["30 82 ?? ?? 02 01 00 02 (82 | 81)", "30 82 ?? ?? 02 01 00 02 (40 | 41) "],
    # what stands before the algorithm: PrivateKeyInfo, version 0 or 1
    "pkcs8": [
        "02 01 (00 | 01) 30 (0B | 0D) 06 09 2A 86 48 86 F7 0D 01 01 (01 | 0A)",
        "02 01 (00 | 01) 30 ?? 06 09 2A 86 48 86 F7 0D 01 01 0A",
        "02 01 (00 | 01) 30 ?? 06 07 2A 86 48 CE 3D 02 01",
        "02 01 (00 | 01) 30 (81 ?? | 82 ?? ??) 06 07 2A 86 48 CE 38 04 01",
        "02 01 (00 | 01) 30 05 06 03 2B 65 (6E | 6F | 70 | 71) 04",
    ],
    "locked8": [
        "30 ?? 06 09 2A 86 48 86 F7 0D 01 05 0D 30",
        "30 ?? 06 0A 2A 86 48 86 F7 0D 01 0C 01 (01 | 02 | 03 | 04 | 05 | 06) 30",
        "30 ?? 06 09 2A 86 48 86 F7 0D 01 05 (03 | 06 | 0A | 0B) 30",
    ],
    "pfx": ["02 01 03 30 (80 | 81 ?? | 82 ?? ?? | 83 ?? ?? ??) 06 09 2A 86 48 86 F7 0D 01 07 01"],
    # ECPrivateKey: the scalar, then the named curve; the anchor is that curve behind its [0]
    "sec1": ["A0 (0A 06 08 2A 86 48 CE 3D 03 01 | 07 06 05 2B 81 04 00 | 0B 06 09 2B 24 03 03 02 08 01 01)"],
    "cng": ["52 53 41 (32 | 33) ?? ?? 00 00 (01 | 02 | 03 | 04 | 08) 00 00 00 ?? ?? 00 00"],
    "ecc": ["45 43 (53 | 4B) (32 | 34 | 36) (20 | 30 | 42) 00 00 00"],
    "capi": ["07 02 00 00 00 (24 | A4) 00 00 52 53 41 32"],
}
"""Anchors that are bytes, as YARA hex strings."""

_JWK = [b'"kty":"RSA"', b'"kty":"EC"', b'"kty":"OKP"', b'"kty":"oct"', b'"kty": "RSA"', b'"kty": "EC"', b'"kty": "o']
_PEM = [
    b"-----BEGIN PRIVATE",
    b"-----BEGIN RSA PRI",
    b"-----BEGIN EC PRIV",
    b"-----BEGIN DSA PRI",
    b"-----BEGIN OPENSSH",
]
_TEXT64 = [*_PEM, b"-----BEGIN ENCRYPT", b"PRIVATE KEY-----", b"RSAKeyValue>", *_JWK]
_TOKEN = [b"eyJhbGciOi", b"eyJ0eXAiOi", b"eyJraWQiOi", b"eyJ4NXQiOi", b"eyJub25jZS", b".AgABA", b".AQABA"]
_BYTES64 = [
    "020100300D06092A864886F70D010101050004",
    "06072A8648CE3D020106082A8648CE3D03010704",
    "06072A8648CE3D020106052B8104002204",
    "06072A8648CE3D020106052B8104002304",
    "06072A8648CE3D020106052B8104000A04",
    "020100300506032B656E04220420",
    "020100300506032B657004220420",
    "020100300506032B6571043B0439",
    "020100300506032B656F043A0438",
    "06072A8648CE38040130",
    "A00A06082A8648CE3D030107",
    "A00A06082A8648CE3D030107A144034200",
    "A00706052B81040022A164036200",
    "A00706052B81040023A18189038186",
    "A00706052B8104000AA144034200",
    "A00706052B81040022",
    "A00706052B81040023",
    "A00706052B8104000A",
    "020301000102 8201",
    "020301000102 8202",
    "020301000102 8180",
    "02010002 820101 00",
    "02010002 820201 00",
    "02010002 820181 00",
    "02010002 8181 00",
    "06092A864886F70D010701A0",
    "06092A864886F70D01050D30",
    "060A2A864886F70D010C01",
    *(f"525341{kind} 00{high} 0000 03000000" for kind in ("32", "33") for high in ("04", "08", "0C", "10")),
    "070200000024000052534132",
    "0702000000A4000052534132",
    *(f"4543{kind}{size}000000" for kind in ("53", "4B") for size in ("3220", "3430", "3642")),
    b"openssh-key-v1\0".hex(),
]
# how a base64 text begins that begins with a key: RSA of any size, and the elliptic curves in SEC1
_STARTS64 = {
    2: [b"IBAAKC", b"IBAAKB", b"IBAAJB", b"IBAAJA"],
    0: [b"MIGkAgEBBD", b"MIHcAgEBBE", b"MHcCAQEEI", b"MHQCAQEEI", b"MDECAQEEI", b"MD4CAQEEM", b"MFACAQEEQ"],
}
SPLIT = 10
"""Characters from which a shape is looked for in two halves."""


@dataclass(frozen=True)
class Anchor:
    """What a match of one pattern means. reader: who takes it. characters: its length in one byte a character.

    phase: for base64, how many characters before it a group of four begins.
    """

    reader: str
    characters: int
    phase: int = 0


def built() -> tuple[str, dict[str, Anchor]]:
    """The rules' source, one rule a reader, and what each pattern's name means."""
    anchors: dict[str, Anchor] = {}
    rules: dict[str, list[str]] = {}
    for reader, texts in TEXT.items():
        for number, text in enumerate(texts):
            name = f"${reader}{number}"
            anchors[name] = Anchor(reader, len(text))
            rules.setdefault(reader, []).append(f'{name} = "{_quoted(text)}" ascii wide')
    for reader, patterns in HEX.items():
        for number, pattern in enumerate(patterns):
            name = f"${reader}{number}"
            anchors[name] = Anchor(reader, 0)
            rules.setdefault(reader, []).append(f"{name} = {{ {pattern} }}")
    for number, (shape, phase) in enumerate(sorted(_shapes())):
        name = f"$base64{number}"
        anchors[name] = Anchor("base64", len(shape), phase)
        rules.setdefault("base64", []).append(f'{name} = "{_quoted(shape)}" ascii wide')
    source = "\n".join(
        f"rule by_{reader} {{\n  strings:\n    " + "\n    ".join(lines) + "\n  condition: any of them\n}"
        for reader, lines in rules.items()
    )
    return source, anchors


def _shapes() -> set[tuple[bytes, int]]:
    """Every base64 shape, and its place in a group of four."""
    wide = (t.decode().encode("utf-16-le") for t in (*_TEXT64, *_TOKEN))
    cores = [*_TEXT64, *_TOKEN, *wide, *map(bytes.fromhex, _BYTES64)]
    # what was base64 before it became base64 begins with a PEM's first line as a rule
    cores += [base64.b64encode(t)[: len(t) * 4 // 3] for t in _PEM]
    shapes = {(start, phase) for phase, starts in _STARTS64.items() for start in starts}
    for core in cores:
        for before in range(3):
            for piece, phase in _pieces(core, before):
                shapes |= {(piece, phase), (piece.replace(b"+", b"-").replace(b"/", b"_"), phase)}
    return shapes


def _pieces(core: bytes, before: int) -> list[tuple[bytes, int]]:
    """What is certain of the base64 of `core` behind `before` unknown bytes, long ones in two halves."""
    first = -(-before * 8 // 6)
    whole = (before + len(core)) * 8 // 6
    certain = base64.b64encode(bytes(before) + core + bytes(2))[first:whole]
    if len(certain) < SPLIT:
        return [(certain, first % 4)]
    half = len(certain) // 2
    return [(certain[:half], first % 4), (certain[half:], (first + half) % 4)]


def _quoted(text: bytes) -> str:
    return "".join(chr(c) if chr(c).isalnum() else f"\\x{c:02x}" for c in text)
