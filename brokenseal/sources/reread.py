"""A file's rows again, as they were when it was taken in: what a record's place leads to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from brokenseal.errors import InputError
from brokenseal.sources import lines, log, mixed, recognise, take, unpack


def texts(path: Path, member: str | None, wanted: Mapping[int, str]) -> dict[int, str]:
    """The text of these rows of a file, or of a member of an archive; rows that are not there are left out.

    wanted: the shape of the record in each row.

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


def _picked(place: unpack.Place, wanted: Mapping[int, str], *, slow: bool) -> dict[int, str]:
    seen = recognise.sample(place)
    # what is not recognised begins with another log, or was known to an earlier version
    found = log.recognised(seen) or mixed.UNKNOWN
    out = dict[int, str]()
    for block in take.blocks(lines.Stream(place), seen, found, [], slow=slow):
        for at, number in enumerate(block["row"].to_pylist()):
            if number in wanted:
                raw, shape = block["raw"][at].as_py(), wanted[number]
                out[number] = raw if shape == found.name else mixed.text(raw, shape)
        if len(out) == len(wanted):
            break
    return out
