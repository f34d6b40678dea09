"""`brokenseal keys`: could a stolen key open our door, and has one leaked? One file a verb, found by scan.

A file here has `register(app)`, as those of `verbs` have; `app` is the group `keys`.
"""

from __future__ import annotations

import importlib
import pkgutil

import typer

HELP = """Token and signing-key custody: could a stolen key open our door, and has one leaked?

Example: brokenseal keys test http://127.0.0.1:8000/mail"""


def register(app: typer.Typer) -> None:
    """Add the group with all its verbs."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        importlib.import_module(f"{__name__}.{module.name}").register(group)
    app.add_typer(group, name="keys")
