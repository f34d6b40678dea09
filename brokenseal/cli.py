"""The command line: one verb a file in `verbs`, found by scan; errors become one line and an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys

import typer

import brokenseal
import brokenseal.verbs
from brokenseal.errors import BrokensealError

YOUNG = 200_000
"""Objects made until Python looks for cycles among them: expressions are graphs of very many that live long, and looking
through them ever again takes an eighth of the time in which an analysis builds them."""
EXITS = """Exit codes: 0 nothing to wake anybody for; 2 cannot tell, or some input was not read; 3 an intrusion found;
1 our own failure; 64 wrong usage."""


def build() -> typer.Typer:
    """The application with all verbs."""
    app = typer.Typer(
        name="brokenseal",
        help=f"Who opened which mailboxes, since when, which messages, and what the logs cannot show.\n\n{EXITS}",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback(invoke_without_command=True)
    def version(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
        if version:
            typer.echo(brokenseal.__version__)
            raise typer.Exit(0)

    for module in sorted(pkgutil.iter_modules(brokenseal.verbs.__path__), key=lambda m: m.name):
        importlib.import_module(f"brokenseal.verbs.{module.name}").register(app)
    return app


def main() -> None:
    """Entry point. Ends the process with the exit code that DESIGN's contract names."""
    gc.set_threshold(YOUNG)
    try:
        code = build()(standalone_mode=False)
    except BrokensealError as error:
        sys.exit(_fail(str(error), error.exit_code))
    except typer.Abort:
        sys.exit(_fail("stopped", 1))
    except KeyboardInterrupt:
        sys.exit(_fail("stopped", 130))
    except BrokenPipeError:
        # the reader of our output went away (`| head`): nothing is wrong, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        usage = getattr(error, "exit_code", None) == 2 and hasattr(error, "format_message")
        if usage:
            sys.exit(_fail(error.format_message(), 64))  # type: ignore[attr-defined]
        if os.environ.get("BROKENSEAL_DEBUG"):
            raise
        sys.exit(_fail(f"our own failure: {type(error).__name__}: {error} (BROKENSEAL_DEBUG=1 shows where)", 1))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> int:
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    print(f"brokenseal: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
