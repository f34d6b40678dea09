"""`brokenseal query`: one SELECT over the lake's tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SHOWN = 200
CELL = 100
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="query")(query)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")],
    lake: Annotated[Path, typer.Option("--lake", help="The lake.")] = Path(".brokenseal"),
    json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="CSV; a text that a spreadsheet would take for a formula gets a ' before it.")
    ] = False,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
) -> None:
    """Ask the tables. docs/tables.md lists them.

    Example: brokenseal query "select mailbox, count(*) from accesses group by all order by 2 desc"
    """
    from brokenseal.errors import UsageError
    from brokenseal.lake import Lake

    if json and csv:
        raise UsageError("--json or --csv, not both")
    with Lake.open(lake, memory=memory, threads=threads) as opened:
        found = opened.current().query(sql)
    if json:
        _json(found)
    elif csv:
        _csv(found)
    else:
        _table(found)


def _value(cell: Any) -> Any:
    """A cell as JSON can hold it: times with Z, decimals as numbers, what JSON does not know as text."""
    import datetime
    import decimal
    import math

    if isinstance(cell, datetime.datetime):
        return cell.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(cell, decimal.Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, dict):
        return {str(k): _value(v) for k, v in cell.items()}
    if isinstance(cell, (list, tuple)):
        return [_value(v) for v in cell]
    return cell if cell is None or isinstance(cell, (str, int, bool)) else str(cell)


def _rows(found: pa.Table) -> list[list[Any]]:
    columns = [[_value(v) for v in column.to_pylist()] for column in found.columns]
    return [list(row) for row in zip(*columns)]


def _json(found: pa.Table) -> None:
    import json
    import sys

    # two columns of one name would hide each other
    names = [n if found.column_names.count(n) == 1 else f"{n}_{i}" for i, n in enumerate(found.column_names, start=1)]
    rows = [dict(zip(names, row)) for row in _rows(found)]
    sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def _csv(found: pa.Table) -> None:
    import csv
    import json
    import sys

    def cell(value: Any) -> Any:
        if isinstance(value, (list, dict)):
            value = json.dumps(value, ensure_ascii=False)
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found.column_names)
    writer.writerows([cell(v) for v in row] for row in _rows(found))


def _table(found: pa.Table) -> None:
    import json

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brokenseal.report import visible

    console = Console(highlight=False)
    if not console.is_terminal:
        # a program or a file takes the whole width
        console = Console(highlight=False, width=10_000)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, column in zip(found.column_names, found.columns):
        numeric = any(word in str(column.type) for word in ("int", "double", "float", "decimal"))
        table.add_column(Text(visible(name, CELL)), justify="right" if numeric else "left", overflow="fold")
    for row in _rows(found.slice(0, MOST_SHOWN)):
        cells = [json.dumps(v, ensure_ascii=False) if isinstance(v, (list, dict)) else v for v in row]
        table.add_row(*(Text(visible(v, CELL)) for v in cells))
    console.print(table)
    if found.num_rows > MOST_SHOWN:
        console.print(Text(f"… {found.num_rows - MOST_SHOWN:,} more rows; --json or --csv gives all", style="dim"))
