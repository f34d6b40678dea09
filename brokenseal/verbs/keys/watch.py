"""`brokenseal keys watch`: which keys one's issuers publish, and what is odd about them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from brokenseal.keys.watch import Looked

HELP = """Look at the key sets of issuers that are trusted, keep every version, and tell what is new, gone, back, or wrong.

A URL or file of OpenID Connect discovery (its key set is fetched too), a JWKS, or federation metadata for SAML and WS-Fed.
Only the URLs named here are asked, and the key set that a discovery document names. docs/keys-watch.md lists the findings.

Exit: 3 a critical finding; 2 a high one for the first time, or a source was not read; 0 neither.

Example: brokenseal keys watch https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration
"""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("watch", help=HELP)(watch)


def watch(
    sources: list[str] = typer.Argument(..., metavar="URL|FILE...", help="Discovery documents, key sets or metadata."),
    lake: Path = typer.Option(
        Path(".brokenseal"), "--lake", help="The lake that keeps every version; made if missing."
    ),
    max_age_days: int = typer.Option(400, min=1, help="Days that a key may be published or certified."),
    organisation: bool = typer.Option(
        False, "--organisation", help="These sets serve an organisation only: a consumer key in them is critical."
    ),
    at: datetime | None = typer.Option(None, help="When the files were as they are now, UTC; by default now."),
    as_json: bool = typer.Option(False, "--json", help="One object and no words: findings, time line, unread."),
    keys: Path | None = typer.Option(
        None, "--keys", help="Write the keys that are published now as a JWKS for `keys verify`, with first_seen."
    ),
) -> int:
    """Look once; the exit code says whether somebody must be woken."""
    from brokenseal.keys.watch import Policy, timeline
    from brokenseal.keys.watch import watch as look
    from brokenseal.lake import Lake

    moment = at.astimezone(UTC).replace(tzinfo=None) if at and at.tzinfo else at
    with Lake.open(lake, write=True, create=True) as opened:
        looked = look(opened, sources, at=moment, policy=Policy(max_age_days, organisation))
        line = timeline(opened)
    if keys is not None:
        _export(keys, looked, line)
    if as_json:
        import json

        typer.echo(json.dumps(told(looked, line), ensure_ascii=False, indent=1))
    else:
        _print(looked, line)
    return code(looked)


def code(looked: Looked) -> int:
    """3 for what is critical, 2 for what is high and new or could not be read, else 0."""
    if any(f.severity == "critical" for f in looked.found):
        return 3
    fresh = any(f.severity == "high" and f.finding_id in looked.fresh for f in looked.found)
    return 2 if fresh or looked.unread else 0


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() + "Z" if value else None


def told(looked: Looked, line: list[dict[str, Any]]) -> dict[str, Any]:
    """A look as JSON."""
    times = ("first_seen", "last_seen", "gone_since", "not_after")
    return {
        "seen_at": _moment(looked.seen_at),
        "findings": [
            {
                "finding_id": f.finding_id,
                "fresh": f.finding_id in looked.fresh,
                **vars(f),
                "seen_at": _moment(f.seen_at),
            }
            for f in looked.found
        ],
        "timeline": [{**row, **{t: _moment(row.get(t)) for t in times}} for row in line],
        "changed": looked.changed,
        "unread": [{"source": source, "reason": reason} for source, reason in looked.unread],
    }


def _export(path: Path, looked: Looked, line: list[dict[str, Any]]) -> None:
    """What is published now, with all that the rules ask of a key, and what only a watch knows: since when."""
    import json

    from brokenseal.errors import InputError

    first = {(r["source"], r["thumbprint"]): r["first_seen"] for r in line}
    out = []
    for seen in looked.seen:
        for key in seen.document.keys:
            if key.jwk and not key.leaked and key.kid:
                named = {
                    **{"kid": key.kid, "use": key.use, "alg": key.alg, "issuer": key.issuer},
                    "cloud_instance_name": key.cloud or seen.cloud,
                    "x5c": [key.certificate] if key.certificate else None,
                    "first_seen": int(first[seen.source, key.thumbprint].replace(tzinfo=UTC).timestamp()),
                }
                out.append({**json.loads(key.jwk), **{n: v for n, v in named.items() if v is not None}})
    try:
        path.write_text(json.dumps({"keys": out}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _print(looked: Looked, line: list[dict[str, Any]]) -> None:
    from brokenseal.report import visible

    order = ("critical", "high", "medium", "low")
    found = sorted(looked.found, key=lambda f: order.index(f.severity))
    _table(
        ("", "", "what", "key", "why", "source"),
        [
            (
                f.severity,
                "new" if f.finding_id in looked.fresh else "",
                f.kind,
                f.kid or f.thumbprint,
                f.reason,
                f.source,
            )
            for f in found
        ],
    )
    _table(
        ("first seen", "last seen", "gone since", "bits", "type", "ids", "thumbprint", "source"),
        [
            (
                *(
                    r[when].strftime("%Y-%m-%d %H:%M") if r[when] else ""
                    for when in ("first_seen", "last_seen", "gone_since")
                ),
                *(r["size"], r["kty"], ", ".join(r["kids"]), r["thumbprint"], r["source"]),
            )
            for r in line
        ],
    )
    for source, reason in looked.unread:
        typer.echo(visible(f"not read: {source}: {reason}", 600), err=True)
    keys = len({k.thumbprint for s in looked.seen for k in s.document.keys})
    fresh = sum(f.finding_id in looked.fresh for f in looked.found)
    typer.echo(
        f"{len(looked.seen)} documents with {keys} keys, {len(looked.changed)} changed; "
        f"{len(looked.found)} findings, {fresh} of them new"
    )


def _table(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Rows with their heads; nothing where there are none. What a key set says is shown and never obeyed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brokenseal.report import visible

    if not rows:
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in names:
        shown.add_column(name, justify="right" if name == "bits" else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(visible(c, 500)) for c in row))
    console.print(shown)
