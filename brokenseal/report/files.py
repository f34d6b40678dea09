"""The answer as files: answer.json, report.html, and run.json, which names what is not the answer's."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brokenseal
from brokenseal.errors import LakeError
from brokenseal.lake import Lake
from brokenseal.report.assemble import answer
from brokenseal.report.contract import dump, validate
from brokenseal.report.language import SOURCE, language
from brokenseal.report.page import html
from brokenseal.uncollected import uncollected

ANSWER, PAGE, RUN = "answer.json", "report.html", "run.json"
SELF = "run_sha256"


@dataclass(frozen=True)
class Call:
    """How brokenseal was called: engine, the words of the command line, and when it began (UTC)."""

    engine: str
    command: tuple[str, ...]
    started: datetime


@uncollected()
def write(
    lake: Lake, out: Path, call: Call, reasons: Mapping[str, Mapping[str, Any]], tag: str = SOURCE
) -> dict[str, Any]:
    """Write the three files into `out`, and return the answer. reasons: as for `answer`; tag: the page's language."""
    language(tag)
    made = answer(lake, reasons)
    validate(made)
    told, page = dump(made), html(made, reasons, tag).encode("utf-8")
    run = {**_run(lake, call), "language": tag, "answer_sha256": _sha256(told), "report_sha256": _sha256(page)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        _put(out / ANSWER, told)
        _put(out / PAGE, page)
        _put(out / RUN, run_bytes({**run, SELF: _sha256(run_bytes(run))}))
    except OSError as error:
        raise LakeError(f"cannot write the answer into {out}: {error.strerror or error}") from error
    return made


def run_bytes(run: Mapping[str, Any]) -> bytes:
    """run.json; its last line holds the hash of the same without that line."""
    return (json.dumps(run, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _run(lake: Lake, call: Call) -> dict[str, Any]:
    summary = lake.fetch(lake.read("summary")).to_pylist()[0]
    return {
        "schema": "brokenseal.run/1",
        "version": brokenseal.__version__,
        "python": sys.version.split()[0],
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "engine": call.engine,
        "command": list(call.command),
        "started": call.started.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "acts": summary["acts"],
        "rounds": summary["rounds"],
        "settled": summary["settled"],
        "ledger_head": lake.head(),
    }


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
