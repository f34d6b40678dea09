"""`brokenseal ingest`: logs into a lake."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer

HELP = """Take files and folders of logs into a lake.

Each file is recognised by its content, plain, .gz, .zst or .zip, and taken in once, whole or not at all. A file or row
that cannot be read is named, and the rest goes on.

Example: brokenseal ingest exports/ more/signins.json.gz --lake case1
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("ingest", help=HELP)(ingest)


def ingest(
    paths: list[Path] = typer.Argument(..., help="Files or folders of logs."),
    lake: Path = typer.Option(Path(".brokenseal"), help="The lake's folder; made if missing."),
    tenant: str | None = typer.Option(None, help="Organisation id for records that name none."),
    custody: Path | None = typer.Option(
        None, help="CSV or JSON list: who handed over which files, when, and their hashes."
    ),
    memory: str = typer.Option("2GB", help="Memory for the engine, all workers together."),
    threads: int | None = typer.Option(2, min=1, help="Processes, or threads where there is one file."),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as JSON."),
) -> int:
    """Take in; 0 where all was read, 2 where some input was not."""
    from brokenseal.lake import Lake
    from brokenseal.sources import ingest as take_in
    from brokenseal.sources.custody import state

    with Lake.open(lake, write=True, create=True, memory=memory, threads=threads, waiting=_say) as opened:
        if custody is not None:
            state(opened, custody)
        with _Bar() as bar:
            summary = take_in(opened, paths, tenant=tenant, threads=opened.threads, memory=memory, report=bar.at)
        if as_json:
            typer.echo(json.dumps(vars(summary), ensure_ascii=False, indent=2))
        else:
            for line in summary.problems:
                _say(line)
            typer.echo(
                f"{summary.files} files taken in, {summary.skipped} known before: {summary.rows:,} rows, "
                f"{summary.rejected:,} of them rejected"
            )
    return 2 if summary.unread else 0


def _say(line: str) -> None:
    """One line for a person, whatever a file's name or content put into it."""
    typer.echo("".join(c if c.isprintable() else "\ufffd" for c in line), err=True)


class _Bar:
    """A progress bar, only on a terminal."""

    def __enter__(self) -> _Bar:
        self._progress = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._progress.start()
            self._task = self._progress.add_task("taking in", total=None)
        return self

    def at(self, name: str, done: int, total: int) -> None:
        if self._progress:
            self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()
