"""`brokenseal report`: the answer of a lake's latest run as answer.json and report.html."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="report")(report)


def report(
    out: Annotated[Path, typer.Option("--out", help="Folder for answer.json, report.html and run.json.")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="Also csv, timesketch, stix or ocsf; may be repeated.")
    ] = None,
    lake: Annotated[Path, typer.Option("--lake", help="The lake.")] = Path(".brokenseal"),
    json: Annotated[bool, typer.Option("--json", help="Print answer.json and no words.")] = False,
    language: Annotated[
        str, typer.Option("--language", help="Of report.html: en, ar, or a country's, as ar-MA.")
    ] = "en",
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="duckdb or spark.")] = "duckdb",
    master: Annotated[str, typer.Option("--master", help="Spark's master.")] = "local[2]",
) -> int:
    """Write the answer of the latest run, for people and for other tools.

    Example: brokenseal report --lake .brokenseal --out answer --language ar --format csv --format stix
    """
    from rich.console import Console

    from brokenseal import pipeline
    from brokenseal import report as stage
    from brokenseal.lake import Lake

    chosen = stage.known(formats or [])
    call = stage.Call(engine, tuple(sys.argv), datetime.now(UTC))
    with Lake.open(lake, memory=memory, threads=threads, engine=engine, master=master) as opened:
        answer = stage.write(opened.current(), out, call, pipeline.described(), language)
    stage.export(answer, chosen, out)
    if json:
        sys.stdout.buffer.write(stage.dump(answer))
    else:
        stage.terminal(answer, Console(highlight=False), out / stage.PAGE)
    return int(answer["exit"])
