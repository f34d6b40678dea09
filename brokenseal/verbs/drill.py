"""`brokenseal drill`: invented organisations with a known intruder inside."""

from __future__ import annotations

import os
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
    from brokenseal.verbs.investigate import investigate

    with Progress() as progress:
        truth = invent(out, seed, progress.say)
    typer.echo(_told(out, truth))
    # the same way that any other logs go; that it finds an intrusion is no failure of the demo
    investigate(
        [out / LOGS], out / ANSWER, lake=None, false_cases=0.5, as_of=None, isolate=False, tenant=None, json=False,
        memory=memory, threads=threads, engine="duckdb", master="local[2]",
    )  # fmt: skip
    _second_act()
    return 0


def _second_act() -> None:
    """How such an intruder gets in: the forgery of 2023 before a stock library, and before the rules."""
    from rich.console import Console
    from rich.text import Text

    from brokenseal.keys.forge.show import show

    console = Console(highlight=False)
    words = "\nHow they got in: a key that may sign for consumers signs for the organisation, as in 2023."
    console.print(Text(words, "bold"), soft_wrap=True)
    for seen in show():
        line = Text(f"  {seen.validator}: ")
        line.append("let in" if seen.forged else "refused", style="bold red" if seen.forged else "bold green")
        line.append(" (signature, issuer, audience and expiry are right)" if seen.forged else f" by {seen.why}")
        console.print(line, soft_wrap=True)
    console.print("  Try your own validator: brokenseal keys test URL|COMMAND", soft_wrap=True)


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
