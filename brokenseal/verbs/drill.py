"""`brokenseal drill`: invented organisations with a known intruder inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from brokenseal.drill.truth import Truth

_SEED = typer.Option("--seed", help="The same seed makes the same world.")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Invented organisations with a known intruder inside.\n\nExample: brokenseal drill demo --out demo",
        no_args_is_help=True,
    )
    verb.command(name="demo")(demo)
    verb.command(name="world")(world)
    app.add_typer(verb, name="drill")


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the logs, the truth and the answer.")],
    seed: Annotated[int, _SEED] = 1,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
) -> int:
    """Invent three organisations and one intruder, investigate their logs, show the answer. Ends 0.

    Example: brokenseal drill demo --out demo
    """
    from brokenseal.drill.demo import ANSWER, LOGS
    from brokenseal.drill.demo import demo as invent
    from brokenseal.report.progress import Progress

    with Progress() as progress:
        truth = invent(out, seed, progress.say)
        typer.echo(_told(out, truth))
        _investigate(out / LOGS, out / ANSWER, memory, threads, progress.say)
    return 0


def world(
    out: Annotated[Path, typer.Option("--out", help="Folder for the logs and the truth; empty, or a world before.")],
    tenants: Annotated[int, typer.Option("--tenants", min=1, help="Organisations.")] = 3,
    mailboxes: Annotated[int, typer.Option("--mailboxes", min=1, help="Mailboxes in each.")] = 20,
    days: Annotated[int, typer.Option("--days", min=1, help="Days.")] = 30,
    seed: Annotated[int, _SEED] = 1,
    intruder: Annotated[str, typer.Option("--intruder", help="Who is inside: a name, or nobody.")] = "forged",
) -> int:
    """Write the logs of an invented world, and what really happened in it.

    Example: brokenseal drill world --out world --tenants 8 --mailboxes 30 --days 47 --seed 5
    """
    from brokenseal.drill.demo import clear
    from brokenseal.drill.world import build
    from brokenseal.report.progress import Progress

    clear(out)
    name = None if intruder == "nobody" else intruder
    with Progress() as progress:
        truth = build(
            out, tenants=tenants, mailboxes=mailboxes, days=days, seed=seed, intruder=name,
            processes=os.cpu_count() or 1, report=progress.say,
        )  # fmt: skip
    typer.echo(_told(out, truth))
    return 0


def _told(out: Path, truth: Truth) -> str:
    """One line on a world. The intruder's victims stay in truth.json, for whoever wants to look first."""
    inside = f"one intruder ({truth.intruder})" if truth.intruder else "nobody"
    return (
        f"{out}: {len(truth.tenants)} invented organisations, {truth.lines} lines of logs, {inside} inside; "
        f"what really happened is in {out / 'truth.json'}"
    )


def _investigate(logs: Path, out: Path, memory: str, threads: int | None, say: Callable[[str], None]) -> None:
    """The same way that `investigate` goes, on the invented logs."""
    from rich.console import Console

    from brokenseal import pipeline, sources
    from brokenseal import report as stage
    from brokenseal.lake import Lake

    call = stage.Call("duckdb", tuple(sys.argv), datetime.now(UTC))
    with Lake.open(out / "lake", write=True, create=True, memory=memory, threads=threads, waiting=say) as lake:
        say("reading the logs")
        sources.ingest(lake, [logs], memory=memory)
        pipeline.analyse(lake, pipeline.Options(), say)
        answer = stage.write(lake, out, call, pipeline.described())
    stage.terminal(answer, Console(highlight=False), out / stage.PAGE)
