"""`brokenseal keys scan`: private keys and tokens in files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from brokenseal.keys.scan import Known, Scanned

HELP = """Find private keys and tokens in crash dumps, logs, repositories, archives and disk images.

Only what parses and whose halves match is told: its kind, size, place and public thumbprint, never the secret. Archives
and compressed files are opened. --known names keys that are trusted (a JWKS, certificates, public keys), and looks for
their primes in any layout, which is slow; what `keys watch` saw in the lake is known too.

Exit: 3 a key that is trusted lies open; 2 keys of unknown owners lie open, or something was not read; 0 neither.

Example: brokenseal keys scan crash.dmp backups/ --known jwks.json
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("scan", help=HELP)(scan)


def scan(
    paths: list[Path] = typer.Argument(..., help="Files, folders or block devices."),
    known: list[Path] = typer.Option([], "--known", help="JWKS, certificates or public keys that are trusted."),
    lake: Path | None = typer.Option(
        None, "--lake", help="Take the keys that `keys watch` saw there as known, and write the findings there."
    ),
    primes: bool = typer.Option(True, help="With --known, look for bare primes too."),
    passwords: Path | None = typer.Option(
        None, "--passwords", help="A file of passwords for what is locked, one a line."
    ),
    unpack: int = typer.Option(16, "--unpack", min=0, help="Most gigabytes that one file may unpack to."),
    as_json: bool = typer.Option(False, "--json", help="One object and no words."),
) -> int:
    """Scan; the exit code says whether somebody must be woken."""
    from brokenseal.keys.scan import Known
    from brokenseal.keys.scan import scan as look
    from brokenseal.keys.scan.known import read

    trusted = Known()
    for path in known:
        read(trusted, path)
    words = _lines(passwords) if passwords else []
    hunt = primes and bool(known)
    if lake is not None:
        _with_lake(lake, trusted)
    with _Bar() as bar:
        found = look(paths, known=trusted, passwords=words, primes=hunt, unpacked=unpack << 30, progress=bar.at)
    if lake is not None:
        _keep(lake, found)
    if as_json:
        import json

        typer.echo(json.dumps(told(found), ensure_ascii=False, indent=1))
    else:
        _print(found, trusted)
    return code(found)


def _with_lake(path: Path, known: Known) -> None:
    """What `keys watch` saw; the lake is not held while files are scanned."""
    from brokenseal.keys.scan.kept import trusted
    from brokenseal.lake import Lake

    with Lake.open(path, write=True, create=True) as opened:
        trusted(opened, known)


def _keep(path: Path, found: Scanned) -> None:
    from brokenseal.keys.scan.kept import keep
    from brokenseal.lake import Lake

    with Lake.open(path, write=True) as opened:
        keep(opened, found)


def code(found: Scanned) -> int:
    """3 where a trusted key lies open, 2 where that cannot be told, else 0."""
    if any(leak.severity == "critical" for leak in found.leaks):
        return 3
    return 2 if found.unread or any(leak.severity == "high" for leak in found.leaks) else 0


def _lines(path: Path) -> list[bytes]:
    from brokenseal.errors import InputError

    try:
        return [line for line in path.read_bytes().splitlines() if line]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def told(found: Scanned) -> dict[str, Any]:
    """The scan as JSON: leaks, what was not read, and how much was."""
    return {
        "leaks": [{"leak_id": leak.leak_id, **vars(leak)} for leak in found.leaks],
        "unread": [{"place": place, "reason": reason} for place, reason in found.unread],
        "files": found.files,
        "bytes": found.bytes,
        "more_tokens": found.more_tokens,
    }


def _print(found: Scanned, known: Known) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brokenseal.report import visible

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in ("", "what", "bits", "how written", "file", "byte", "thumbprint", "is"):
        table.add_column(name, justify="right" if name in ("bits", "byte") else "left", overflow="fold")
    for leak in found.leaks:
        place = f"{leak.file} ! {leak.member}" if leak.member else leak.file
        said = ", ".join(f"{k} {v}" for k, v in leak.detail.items())
        whose = f"TRUSTED: {leak.known}" if leak.known else said
        times = f" ({leak.count:,} times)" if leak.count > 1 else ""
        cells = (leak.severity, leak.kind, leak.size or "", leak.form, place, f"{leak.offset:,}{times}")
        table.add_row(*(Text(visible(c, 500)) for c in (*cells, leak.thumbprint, whose)))
    if found.leaks:
        console.print(table)
    for place, reason in found.unread:
        typer.echo(visible(f"not read: {place}: {reason}", 600), err=True)
    typer.echo(_summary(found, known))


def _summary(found: Scanned, known: Known) -> str:
    count = {s: sum(leak.severity == s for leak in found.leaks) for s in ("critical", "high", "medium", "low")}
    parts = ", ".join(f"{n} {s}" for s, n in count.items() if n) or "no key and no token found"
    more = f", {found.more_tokens:,} more tokens" if found.more_tokens else ""
    against = f"; {len(known.names)} keys are known" if known.names else "; no key is known to compare with (--known)"
    return f"{found.files:,} files, {found.bytes / 1e9:,.2f} GB: {parts}{more}{against}" + (
        f"; {len(found.unread)} places not read" if found.unread else ""
    )


class _Bar:
    """The file at hand, only on a terminal."""

    def __enter__(self) -> _Bar:
        self._progress = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.start()
            self._task = self._progress.add_task("")
        return self

    def at(self, name: str, size: int) -> None:
        if self._progress:
            from rich.markup import escape

            from brokenseal.report import visible

            self._progress.update(self._task, description=escape(f"{visible(name, 60)} ({size / 1e6:,.0f} MB)"))

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()
