"""A file's rows again, as they were when it was taken in: what a record's place leads to."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.sources import lines, log, recognise, take, unpack


def texts(path: Path, member: str | None, wanted: Collection[int]) -> dict[int, str]:
    """The text of these rows of a file, or of a member of an archive; rows that are not there are left out.

    Raises InputError where it can no longer be read, OSError where it cannot be opened.
    """
    for place in unpack.places(path, path.name):
        if (place.name if isinstance(place, unpack.Packed) else None) == member:
            try:
                return _picked(place, wanted, slow=False)
            except pa.ArrowInvalid:
                # the fast CSV reader gave up on this file, as it did when the file was taken in
                return _picked(place, wanted, slow=True)
    raise InputError(f"{path}: no member {member}")


def _picked(place: unpack.Place, wanted: Collection[int], *, slow: bool) -> dict[int, str]:
    seen = recognise.sample(place)
    found = log.recognised(seen)
    stream, out = lines.Stream(place), dict[int, str]()
    if found is None:
        # an earlier version may have known it
        rows = lines.physical(stream) if seen.shape == "json-lines" else lines.numbered(lines.elements(stream))
    else:
        rows = take.blocks(stream, seen, found, [], slow=slow)
    for block in rows:
        for at, number in enumerate(block["row"].to_pylist()):
            if number in wanted:
                out[number] = block["raw"][at].as_py()
        if len(out) == len(wanted):
            break
    return out
