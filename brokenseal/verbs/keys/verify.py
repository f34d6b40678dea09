"""`brokenseal keys verify`: would a policy have let these tokens in? Offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from brokenseal.keys.verifier.policy import Policy

LONGEST = 64 << 20


def register(group: typer.Typer) -> None:
    """Add the verb."""
    group.command(name="verify")(verify)


def verify(
    tokens: Annotated[str, typer.Argument(help="A file of tokens, one a line; - for standard input.")] = "-",
    policy: Annotated[str, typer.Option("--policy", help="entra-v1, entra-v2, google, oidc, or a file.")] = "entra-v2",
    keys: Annotated[Path, typer.Option("--keys", help="The key set (JWKS) that is trusted, a file.")] = ...,  # type: ignore[assignment]
    issuer: Annotated[
        list[str] | None, typer.Option("--issuer", help="An issuer, where the policy names none.")
    ] = None,
    audience: Annotated[list[str] | None, typer.Option("--audience", help="A name that the service goes by.")] = None,
    tenant: Annotated[list[str] | None, typer.Option("--tenant", help="An organisation let in; * for any.")] = None,
    actor: Annotated[
        list[str] | None, typer.Option("--actor", help="A client let in; any, where none is named.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="The moment to judge at; by default, now.")] = None,
    json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
) -> int:
    """Apply the fifteen rules to tokens. Ends 0 if all are let in, 3 if any is refused. Nothing is fetched.

    Example: brokenseal keys verify token.txt --policy entra-v2 --keys keys.json --audience API-ID --tenant TENANT-ID
    """
    import time

    from brokenseal.errors import UsageError
    from brokenseal.keys.verifier import keyset
    from brokenseal.keys.verifier.policy import policy as made

    known = made(
        policy, keys=keys, issuers=issuer, audiences=audience, tenants=tenant, actors=actor,
    )  # fmt: skip
    try:
        now = time.time() if at is None else keyset.moment(at)
    except ValueError:
        raise UsageError(f"--at {at}: no time of ISO 8601") from None
    judged = [_judged(number, token, known, now) for number, token in enumerate(_tokens(tokens), start=1)]
    if not judged:
        raise UsageError("no token: give one a line")
    (_json if json else _screen)(judged, known)
    return 0 if all(j["verdict"] == "accepted" for j in judged) else 3


def _tokens(where: str) -> list[bytes]:
    """The tokens of a file, or of standard input; a leading 'Bearer' is not part of them."""
    import sys

    from brokenseal.errors import InputError

    try:
        raw = sys.stdin.buffer.read(LONGEST + 1) if where == "-" else _read(Path(where))
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}") from None
    if len(raw) > LONGEST:
        raise InputError(f"{where}: more than {LONGEST >> 20} MB of tokens")
    lines = [line.strip() for line in raw.split(b"\n")]
    return [line.removeprefix(b"Bearer ").strip() for line in lines if line]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LONGEST + 1)


def _judged(number: int, token: bytes, known: Policy, now: float) -> dict[str, Any]:
    from brokenseal.errors import TokenRefused
    from brokenseal.keys.verifier.verify import examine, verify

    try:
        found, reason = verify(token, known, now=now).record, None
    except TokenRefused as refused:
        found, reason = refused.record, {"rule": refused.rule, "code": refused.code, "reason": refused.reason}
    checks = [
        {"rule": c.number, "code": c.code, "asks": c.asks, "tried": c.tried, "reason": c.reason}
        for c in examine(token, known, now=now)
    ]
    return {"token": number, "verdict": found["verdict"], "refused_by": reason, "record": found, "rules": checks}


def _json(judged: list[dict[str, Any]], known: Policy) -> None:
    import json
    import sys

    sys.stdout.write(json.dumps(judged, ensure_ascii=False, indent=1) + "\n")


def _screen(judged: list[dict[str, Any]], known: Policy) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for entry in judged:
        refused = entry["refused_by"]
        head = Text(f"token {entry['token']}: ", style="bold")
        if refused is None:
            head.append("let in", style="green")
        else:
            head.append(f"refused by rule {refused['rule']}, {refused['code']}", style="red")
            head.append(f": {refused['reason']}")
        console.print(head)
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("rule", justify="right")
        table.add_column("")
        table.add_column("asks", overflow="fold")
        table.add_column("and here", overflow="fold")
        for check in entry["rules"]:
            said = check["reason"] if check["tried"] else "not tried"
            style = "red" if check["tried"] and said else "dim" if said else ""
            table.add_row(
                str(check["rule"]),
                check["code"],
                check["asks"],
                Text(said or "yes", style=style),
            )
        console.print(table)
    for skipped in known.keys.skipped:
        console.print(Text(f"key set: {skipped}", style="dim"))
