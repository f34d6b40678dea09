"""`brokenseal explain`: what stands behind an id, down to the bytes of the record in its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="explain")(explain)


def explain(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A case, finding, act or record; its first six characters do.")
    ],
    lake: Annotated[Path, typer.Option("--lake", help="The lake.")] = Path(".brokenseal"),
    files: Annotated[
        list[Path] | None, typer.Option("--files", help="Where the input files lie now, if not where they were.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One object and no words.")] = False,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="duckdb or spark.")] = "duckdb",
    master: Annotated[str, typer.Option("--master", help="Spark's master.")] = "local[2]",
) -> None:
    """Show the evidence behind an id: the counts of each weight, and the record in its file.

    Example: brokenseal explain 3fa9c1 --lake .brokenseal
    """
    from brokenseal import pipeline, report
    from brokenseal.lake import Lake

    with Lake.open(lake, memory=memory, threads=threads, engine=engine, master=master) as opened:
        found = report.dossier(opened.current(), identity.strip())
    _reopen(found["records"], [Path.cwd(), lake.absolute().parent], files or [])
    if json:
        _json(found)
    else:
        from rich.console import Console

        report.explained(found, pipeline.described(), Console(highlight=False))


def _json(found: dict[str, Any]) -> None:
    import json
    import sys

    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


def _reopen(records: list[Row], near: list[Path], folders: list[Path]) -> None:
    """Find each record's bytes in its file again; what came of it goes into its `found`."""
    from brokenseal.sources import originals

    known = originals.Originals(near, folders)
    by_file: dict[str, list[Row]] = {}
    for record in records:
        by_file.setdefault(record["file_sha256"], []).append(record)
    for sha, own in by_file.items():
        file, why = known.find(own[0]["path"], sha)
        texts = _texts(file, own) if file else {}
        for record in own:
            record["found"] = {"file": str(file) if file else None, "told": why}
            if file:
                record["found"]["told"] = (
                    f"{why} {_compared(texts.get((record['member'], record['row'])), record['raw'])}"
                )


def _texts(path: Path, records: list[Row]) -> dict[tuple[str | None, int], str]:
    """The text of these records' rows, by member and row, read from the file as it was when it was taken in."""
    from brokenseal.errors import InputError
    from brokenseal.sources import reread

    out: dict[tuple[str | None, int], str] = {}
    for member in {r["member"] for r in records}:
        try:
            found = reread.texts(path, member, {r["row"]: r["shape"] for r in records if r["member"] == member})
        except (InputError, OSError):
            continue
        out |= {(member, row): text for row, text in found.items()}
    return out


def _compared(text: str | None, raw: str) -> str:
    """Whether the row holds the record that the lake holds."""
    import json

    if text is None:
        return "It has no such row."
    if text.strip() == raw.strip():
        return "The row holds this record, byte for byte."
    try:
        same = json.loads(text) == json.loads(raw)
    except (ValueError, RecursionError):
        same = False
    if same:
        return "The row holds this record, written otherwise."
    if raw in text:
        return "The row holds this record inside another value."
    return "The row holds something else than the lake does."
