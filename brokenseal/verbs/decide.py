"""`brokenseal decide`: what a person knows of an act or a case, kept under that person's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="decide")(decide)


def decide(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A case, finding, act or record; its first six characters do.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who says so: a name.")],
    because: Annotated[str, typer.Option("--because", help="Why: how you know.")],
    hostile: Annotated[bool, typer.Option("--hostile", help="It was the intruder.")] = False,
    benign: Annotated[bool, typer.Option("--benign", help="It was not.")] = False,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Looked at, and not decided; takes an earlier word back.")
    ] = False,
    lake: Annotated[Path, typer.Option("--lake", help="The lake.")] = Path(".brokenseal"),
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
) -> None:
    """Keep a person's word on an act or a case; the next hunt or investigate honours it.

    It is shown with its name, and adds no bit to anything. The last word on an act counts; earlier ones stay in the ledger.

    Example: brokenseal decide 3fa9c1 --benign --by "Ann Moor" --because "my new telephone, bought on 3 May"
    """
    from datetime import UTC, datetime

    from brokenseal import report
    from brokenseal.errors import UsageError
    from brokenseal.report.progress import Progress

    chosen = [w for w, said in (("hostile", hostile), ("benign", benign), ("unsure", unsure)) if said]
    if len(chosen) != 1:
        raise UsageError("say one of --hostile, --benign and --unsure")
    if not by.strip() or not because.strip():
        raise UsageError("a decision has a name and a reason: --by and --because")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with Progress() as progress:
        opened = progress.opening(lake, memory=memory, threads=threads, engine="duckdb", master="local[2]")
        with opened:
            told = report.decided(opened.current(), identity.strip(), chosen[0], by.strip(), because.strip(), at)
    what = f"{told['subject_is']} {told['subject']} with {len(told['acts'])} act{'s' if len(told['acts']) != 1 else ''}"
    typer.echo(f"kept: {chosen[0]}, by {report.visible(by.strip())}, of {what}; `brokenseal hunt` honours it")
