"""`brokenseal hunt`: judge what is in a lake."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""

    @app.command(help="Judge all visits of a lake and publish the result.\n\nExample: brokenseal hunt --lake case1")
    def hunt(
        lake: Path = typer.Option(Path(".brokenseal"), help="The lake's folder."),
        false_cases: float = typer.Option(0.5, min=0.001, help="False cases that the whole answer may hold."),
        as_of: datetime | None = typer.Option(
            None, help="The moment the answer speaks of; by default the latest event."
        ),
        isolate: bool = typer.Option(False, help="Weigh each organisation by its own history."),
        mmdb: list[Path] = typer.Option([], help="Databases of address owners in MaxMind's format; the first counts."),
        suspect: list[Path] | None = typer.Option(
            None, help="CSV of type and value (by, because) that a person suspects; kept in the ledger."
        ),
        known_good: list[Path] | None = typer.Option(None, help="The same, of what a person vouches for."),
        indicators: list[Path] | None = typer.Option(
            None, help="Known indicators as STIX 2.1, MISP or CSV: evidence like any other."
        ),
        drill: bool = typer.Option(False, help="These logs are invented: the answer says so; nothing else changes."),
        memory: str = typer.Option("2GB", help="Memory for the engine."),
        threads: int | None = typer.Option(None, help="Threads; by default all cores."),
        engine: str = typer.Option("duckdb", help="duckdb, or spark."),
        master: str = typer.Option("local[2]", help="Spark's master."),
    ) -> None:
        from brokenseal.pipeline import Options, analyse, handed, keep
        from brokenseal.report.progress import Progress

        words = handed({"suspect": suspect, "known-good": known_good, "indicators": indicators})
        with Progress() as progress:
            opened = progress.opening(lake, memory=memory, threads=threads, engine=engine, master=master)
            with opened:
                keep(opened, words)
                run = analyse(opened, Options(as_of, false_cases, isolate, tuple(mmdb), drill), progress.say)
        typer.echo(f"judged: run {run} in {lake}; `brokenseal report --lake {lake}` writes the answer")
