"""`brokenseal drill`: invented organisations with a known intruder inside."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from brokenseal.drill.truth import Truth

_SEED = typer.Option("--seed", help="The same seed makes the same world.")


SCORE = "score"


class _Group(TyperGroup):
    """`drill NAME...` is `drill score NAME...`; the words in between are for the help text."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [SCORE, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        cls=_Group,
        help="Invented organisations with a known intruder inside: would we have noticed?\n\n"
        "`drill [NAME...]` is short for `drill score [NAME...]`.\n\n"
        "Example: brokenseal drill forged cookie quiet --seeds 3 --report score",
    )
    verb.command(name=SCORE)(score)
    verb.command(name="demo")(demo)
    verb.command(name="world")(world)
    app.add_typer(verb, name="drill")


def score(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Drills; all by default.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Worlds of each drill.")] = 1,
    first_seed: Annotated[int, typer.Option("--first-seed", min=1, help="The first of the seeds.")] = 1,
    report: Annotated[Path | None, typer.Option("--report", help="Folder for score.json and score.html.")] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Worlds at once; all cores by default.")
    ] = None,
    keep: Annotated[Path | None, typer.Option("--keep", help="Folder in which worlds, lakes and answers stay.")] = None,
    tenants: Annotated[
        int | None, typer.Option("--tenants", min=1, help="Organisations, other than the drill's.")
    ] = None,
    mailboxes: Annotated[int | None, typer.Option("--mailboxes", min=1, help="Mailboxes in each, likewise.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Days, likewise.")] = None,
    alarm: Annotated[bool, typer.Option("--alarm/--no-alarm", help="Also feed the logs in order: how soon?")] = True,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of each engine.")] = "2GB",
    listed: Annotated[bool, typer.Option("--list", help="Say which drills there are, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the score as JSON and no table.")] = False,
) -> int:
    """Invent worlds, hide an intruder in them, investigate, and score the answers against the truth. Ends 0.

    Example: brokenseal drill score forged quiet --seeds 3 --report score
    """
    from rich.console import Console

    from brokenseal.drill import table
    from brokenseal.drill.scenarios import Size, chosen
    from brokenseal.drill.trial import Trial, trials
    from brokenseal.report.progress import Progress

    scenarios = chosen(names or [])
    if listed:
        for one in scenarios:
            typer.echo(f"{one.name:24} {one.told}")
        return 0
    cores = os.cpu_count() or 1
    many = processes or cores
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="brokenseal-drill-") as scratch, Progress() as progress:
        todo = [
            Trial(
                one.name,
                seed,
                (keep or Path(scratch)) / one.name / f"seed-{seed}",
                Size(tenants or one.size.tenants, mailboxes or one.size.mailboxes, days or one.size.days),
                max(1, cores // many),
                memory,
                keep is not None,
                alarm,
            )
            for seed in range(first_seed, first_seed + seeds)
            for one in scenarios
        ]
        progress.say(f"0 of {len(todo)} worlds")
        for result in trials(todo, many):
            results.append(result)
            progress.say(f"{len(results)} of {len(todo)} worlds, the last {result['scenario']}, seed {result['seed']}")
    results.sort(key=lambda r: (r["scenario"], r["seed"]))
    rows = table.summed(results)
    told = {"schema": "brokenseal.drill/1", "drills": rows, "worlds": results}
    if report:
        report.mkdir(parents=True, exist_ok=True)
        (report / "score.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        from brokenseal.drill import page

        (report / "score.html").write_text(page.html(told), encoding="utf-8")
    if as_json:
        sys.stdout.write(json.dumps(told, indent=1, sort_keys=True) + "\n")
        return 0
    console = Console(highlight=False)
    console.print(table.found(rows))
    console.print(table.when(rows))
    for line in table.quiet(rows):
        console.print(line)
    return 0


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
    investigate([out / LOGS], out / ANSWER, memory=memory, threads=threads, drill=True)
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
    typer.echo(
        f"brokenseal investigate {out / 'logs'} --out {out / 'answer'} --drill says on every page that it is invented"
    )
    return 0


def _told(out: Path, truth: Truth) -> str:
    """One line on a world. The intruder's victims stay in truth.json, for whoever wants to look first."""
    inside = f"one intruder ({truth.intruder})" if truth.intruder else "nobody"
    return (
        f"{out}: {len(truth.tenants)} invented organisations, {truth.lines} lines of logs, {inside} inside; "
        f"what really happened is in {out / 'truth.json'}"
    )
