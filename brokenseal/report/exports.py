"""The answer in the forms that other tools take: CSV, Timesketch, STIX 2.1, OCSF.

Each form is a function from the answer to files, whole in memory; none says anything that the answer does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from brokenseal.errors import LakeError, UsageError
from brokenseal.report import flat, ocsf, stix

FORMATS: dict[str, Callable[[dict[str, Any]], dict[str, bytes]]] = {
    "csv": flat.csv_files,
    "timesketch": lambda answer: {"timesketch.jsonl": flat.timesketch(answer)},
    "stix": lambda answer: {"stix.json": stix.bundle(answer)},
    "ocsf": lambda answer: {"ocsf.jsonl": ocsf.events(answer)},
}


def known(names: list[str]) -> list[str]:
    """The names, each once. Raises UsageError for one that is no format."""
    unknown = sorted(set(names) - set(FORMATS))
    if unknown:
        raise UsageError(f"no such format: {', '.join(unknown)}; there are {', '.join(FORMATS)}")
    return list(dict.fromkeys(names))


def export(answer: dict[str, Any], names: list[str], out: Path) -> list[Path]:
    """Write these formats into a folder, and return the files."""
    files = {name: data for fmt in known(names) for name, data in FORMATS[fmt](answer).items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (out / name).write_bytes(data)
    except OSError as error:
        raise LakeError(f"cannot write into {out}: {error.strerror or error}") from error
    return [out / name for name in files]
