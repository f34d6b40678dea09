"""`brokenseal investigate`: from files to the answer."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="investigate")(investigate)


def investigate(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; recognised by content.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for answer.json, report.html, run.json and the lake.")],
    lake: Annotated[
        Path | None, typer.Option("--lake", help="An existing lake to add to, instead of one under --out.")
    ] = None,
    false_cases: Annotated[
        float, typer.Option("--false-cases", min=0.001, help="False cases the answer may hold.")
    ] = 0.5,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", help="The moment the answer speaks of; by default the latest event.")
    ] = None,
    isolate: Annotated[bool, typer.Option("--isolate", help="Weigh each organisation by its own history.")] = False,
    mmdb: Annotated[
        list[Path] | None,
        typer.Option("--mmdb", help="Databases of address owners in MaxMind's format; the first counts."),
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Organisation of records that name none.")] = None,
    suspect: Annotated[
        list[Path] | None,
        typer.Option("--suspect", help="CSV of type and value (by, because) that a person suspects; kept."),
    ] = None,
    known_good: Annotated[
        list[Path] | None, typer.Option("--known-good", help="The same, of what a person vouches for.")
    ] = None,
    indicators: Annotated[
        list[Path] | None,
        typer.Option("--indicators", help="Known indicators as STIX 2.1, MISP or CSV: evidence like any other."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of report.html: en, ar, or a country's, as ar-MA.")
    ] = "en",
    json: Annotated[bool, typer.Option("--json", help="Print answer.json and no words.")] = False,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="duckdb or spark.")] = "duckdb",
    master: Annotated[str, typer.Option("--master", help="Spark's master.")] = "local[2]",
    custody: Annotated[
        Path | None,
        typer.Option("--custody", help="CSV or JSON list: who handed over which files, when, their hashes."),
    ] = None,
    drill: Annotated[
        bool, typer.Option("--drill", help="These logs are invented: say so on every page; nothing else changes.")
    ] = False,
) -> int:
    """Read logs, judge every visit, and write the answer.

    Example: brokenseal investigate exports/ --out answer
    """
    from rich.console import Console

    from brokenseal import pipeline, report, sources
    from brokenseal.lake import Lake
    from brokenseal.report.progress import Progress
    from brokenseal.sources.custody import state

    report.language(language)
    words = pipeline.handed({"suspect": suspect, "known-good": known_good, "indicators": indicators})
    call = report.Call(engine, tuple(sys.argv), datetime.now(UTC))
    with Progress() as progress:
        opened = Lake.open(
            lake or out / "lake",
            write=True,
            create=lake is None,
            memory=memory,
            threads=threads,
            engine=engine,
            master=master,
            waiting=progress.say,
        )
        with opened:
            if custody is not None:
                state(opened, custody)
            summary = sources.ingest(
                opened, paths, tenant=tenant, threads=opened.threads, memory=memory, report=progress.step
            )
            pipeline.keep(opened, words)
            options = pipeline.Options(as_of, false_cases, isolate, tuple(mmdb or ()), drill)
            # the analysis waits for the engine most of the time
            threading.Thread(target=report.ready, name="templates", daemon=True).start()
            pipeline.analyse(opened, options, progress.say)
            answer = report.write(opened, out, call, pipeline.described(), language)
    for line in sorted(summary.problems):
        typer.echo(report.visible(line), err=True)
    if json:
        sys.stdout.buffer.write(report.dump(answer))
    else:
        report.terminal(answer, Console(highlight=False), out / report.PAGE)
    return int(answer["exit"])
