"""`brokenseal keys test`: forged tokens before a validator of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from brokenseal.keys.forge.smith import Smith
    from brokenseal.keys.forge.trial import Trial


def register(group: typer.Typer) -> None:
    """Add the verb."""
    group.command(name="test")(test)


def test(
    validator: Annotated[
        str, typer.Argument(metavar="URL|COMMAND", help="An address on this machine, or a command that reads a token.")
    ],
    policy: Annotated[str, typer.Option("--policy", help="entra-v1, entra-v2, google, oidc, or a file.")] = "entra-v2",
    issuer: Annotated[list[str] | None, typer.Option("--issuer", help="An issuer that the validator trusts.")] = None,
    audience: Annotated[list[str] | None, typer.Option("--audience", help="A name that it goes by.")] = None,
    tenant: Annotated[list[str] | None, typer.Option("--tenant", help="An organisation that it lets in.")] = None,
    actor: Annotated[list[str] | None, typer.Option("--actor", help="A client that it lets in.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="A scope that it asks for.")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Folder to write the key set and the policy to, for it to read.")
    ] = None,
    serve: Annotated[
        int | None, typer.Option("--serve", help="Port on 127.0.0.1 to serve metadata and key set at; 0 chooses.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait until it takes a genuine token.")] = 10,
    saml: Annotated[bool, typer.Option("--saml", help="It takes SAML responses, not tokens.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show the forgeries that were refused as well.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All of it as one object.")] = False,
) -> int:
    """Present forged tokens to a validator and say which it let in, and the rule that would have stopped each.

    The keys are made anew each time. A validator learns them from --serve (metadata under
    /.well-known/openid-configuration) or --keys; a command finds their paths as {keys}, {policy} and {metadata} in its
    arguments and as BROKENSEAL_KEYS and so on. It exits 0 to let in, 1 to refuse. An address answers 2xx or 401. With
    --saml, SAML responses are presented: as the form field SAMLResponse, or in base64 on standard input. No address but
    this machine's own is spoken to. Ends 0 if all were refused, 3 if any was let in, 2 if it cannot be told.

    Example: brokenseal keys test "brokenseal keys verify --policy {policy} --keys {keys}"
    """
    import contextlib
    import tempfile
    import time

    from rich.console import Console

    from brokenseal.keys.forge import trial
    from brokenseal.keys.forge.smith import Smith, demanded
    from brokenseal.keys.forge.target import target

    terms = demanded(policy, issuers=issuer, audiences=audience, tenants=tenant, actors=actor, scopes=scope)
    smith = Smith(terms, int(time.time()))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) if keys is None else keys
        folder.mkdir(parents=True, exist_ok=True)
        paths = trial.paths(folder)
        # an address that may not be spoken to is refused before a key is made
        under_test = target(validator, paths, saml=saml)
        trial.write(smith, folder)
        # always: a token may name the attacker's own key set, and whoever follows it must find one
        at = stack.enter_context(trial.served(smith, serve or 0))
        if serve is not None:
            typer.echo(f"metadata and key set at {at}", err=True)
        status = stack.enter_context(Console(stderr=True).status("keys made"))
        done = trial.run(under_test, smith, saml=saml, wait=wait, said=status.update)
    if json:
        import json as language
        import sys

        sys.stdout.write(language.dumps(trial.told(done, validator, terms.name), ensure_ascii=False, indent=1) + "\n")
    else:
        _screen(done, smith, everything)
    return done.exit_code


def _screen(done: Trial, smith: Smith, everything: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not done.shows:
        answer = done.before if done.before.verdict != "let in" else done.after
        when = "A" if answer is done.before else "After the forgeries, a"
        said = f": {answer.verdict}, {answer.detail}" if answer else ""
        console.print(Text(f"{when} genuine one was not let in{said}. Nothing is shown.", style="bold red"))
        console.print("Does the validator trust the keys that were made for it, and these names?")
        for name in ("issuers", "audiences", "tenants", "actors", "scopes"):
            if values := getattr(smith.terms, name):
                console.print(f"  {name}: {', '.join(values)}")
        return
    let_in, refused = done.count("let in"), done.count("refused")
    console.print(
        Text(
            f"{len(done.results)} forgeries: {let_in} let in, {refused} refused"
            + "".join(f", {done.count(v)} {v}" for v in ("no answer", "not sent") if done.count(v)),
            style="bold red" if let_in else "bold green",
        )
    )
    for page in done.fetched:
        words = f"It fetched {page} from the attacker's address, because a token said so."
        console.print(Text(words, style="bold red"))
    shown = [r for r in done.results if everything or r.answer.verdict in ("let in", "no answer")]
    if not shown:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "forgery", "what it is", "rule that stops it"):
        table.add_column(name, overflow="fold")
    for r in shown:
        style = {"let in": "red", "no answer": "yellow"}.get(r.answer.verdict, "dim")
        rule = f"{r.rule} {r.forgery.code}"
        table.add_row(Text(r.answer.verdict, style=style), r.forgery.name, r.forgery.title, rule)
    console.print(table)
