"""A dossier for a person: how each weight comes about in a sentence and a table, and the record in its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from brokenseal.report import words
from brokenseal.report.screen import say
from brokenseal.report.visible import visible

SHARED = {"net": "came from this network", "client_key": "used this client", "actor": "were made by this actor"}
FEATURES = {
    "actor": "opened by", "net": "network", "client_key": "client", "link": "link to its sign-in", "logon_type": "as",
}  # fmt: skip
AMOUNTS = {"item_count": "messages listed", "sync_count": "folders synchronised"}
MOST_ACTS = 20
MOST_LINES = 120
TEXT = 160
ORPHANS = "orphans"
"""What links one person's tokens that nobody issued, in one mailbox and kind of program."""
NOT_FOUND = "The file was not found: name its folder with --files."
Row = dict[str, Any]
Reasons = Mapping[str, Mapping[str, Any]]


def explained(found: Row, reasons: Reasons, console: Console) -> None:
    """Print a dossier; its records may carry `found`: the file, whether its hash is right, and the bytes at the row."""
    console.print(Text(f"{found['kind']} {found['id']}", style="bold"))
    _SHOWN[found["kind"]](found, reasons, console)
    _words(found["words"], console)
    for n, record in enumerate(found["records"]):
        # the first record whole, of the others their places
        _record(record, console, whole=n == 0)


def _case(found: Row, reasons: Reasons, console: Console) -> None:
    case = found["case"]
    rarity = words.once(words.rarity(case["bits"]))
    together = case["bits"] > max((a["bits"] for a in found["acts"]), default=0)
    what = "a group of benign visits" if together else "a benign act"
    lines = f"line for a single visit {case['line_bits']}, for a group {case['group_line_bits']}"
    rows = [
        ("what", f"{case['severity']}: {visible(case['title'])}"),
        ("since", f"{words.minute(case['first_access'])} UTC ({case['first_access_is']})"),
        ("until", f"{words.minute(case['last_access'])} UTC; {words.still(case['ongoing'], case['as_of'])}"),
        ("weight", f"{case['bits']} bits ({lines}): {what} would look at least this odd {rarity}"),
    ]
    _say(console, rows)
    _heading(console, "The same data without one reason")
    if case["bits"] < case["line_bits"]:
        console.print(Text("No visit reaches the line by itself: the case stands on its visits together."))
    _without(found["without"], reasons, console)
    for finding in found["strongest"]:
        _finding(finding, reasons, console)
    _heading(console, f"Visits ({len(found['acts'])})")
    _acts(found["acts"], console)


def _without(rows: list[Row], reasons: Reasons, console: Console) -> None:
    table = _table("without", "visits with it", "heaviest then", "still above the line")
    for r in rows:
        above = "yes" if r["above_line"] else "no"
        table.add_row(_title(reasons, r["evidence"]), str(r["acts"]), str(r["bits_without"]), above)
    console.print(table)


def _beside(beside: Row, console: Console) -> None:
    """The visit beside the mailbox's other visits: a sentence and a table."""
    _heading(console, "Beside what is ordinary for this mailbox")
    n = beside["visits"]
    if not n:
        console.print(Text("No other visit to this mailbox lies outside the cases: there is nothing to set it beside."))
        return
    told = {f["name"]: f for f in beside["features"]}
    shared = ", ".join(f"{_none(told[name]['same'])} {how}" for name, how in SHARED.items())
    console.print(Text(f"Of {words.many(n, 'other visit')} to this mailbox that lie outside the cases, {shared}."))
    table = _table("", "this visit", "others like it", "otherwise most often")
    for f in beside["features"]:
        if "same" in f:
            most = "; ".join(f"{_value(c['value'])} ({c['visits']:,})" for c in f["commonest"])
            table.add_row(FEATURES[f["name"]], Text(_value(f["here"])), f"{f['same']:,} of {n:,}", Text(most))
        else:
            reached, most = f"{f['at_least']:,} of {n:,} as many", f"up to {f['most']:,}"
            table.add_row(AMOUNTS[f["name"]], f"at least {f['here']:,}", reached, most)
    console.print(table)


def _none(number: int) -> str:
    return f"{number:,}" if number else "none"


def _value(value: Any) -> str:
    return visible(value, 60) if value is not None else "not in the record"


def _words(said: list[Row], console: Console) -> None:
    """What people said of it; the last word on an act counts."""
    if not said:
        return
    _heading(console, "What people said")
    for word in said:
        when = f" ({words.minute(word['at'])} UTC)" if word["at"] else ""
        on = words.many(len(word["acts"]), "visit")
        who, of, why = visible(word["by"], 200), visible(word["of"], 200), visible(word["because"], 500)
        console.print(Text(f"{who}{when}: {word['decision']}, said of {of}, which is {on} here. Because: {why}"))
    console.print(Text("A person's word adds no bit; of several on one visit the last one counts.", style="dim"))


def _one_finding(found: Row, reasons: Reasons, console: Console) -> None:
    _finding(found["finding"], reasons, console)
    weight, line = found["act"]["bits"], found["line_bits"]
    console.print(Text(f"The visit weighs {weight} bits in all; the line for a single visit lies at {line}."))
    _about(found["finding"]["evidence"], reasons, console)
    _heading(console, "Found in")
    _acts([found["act"] | (found["case"] or {})], console)


def _act(found: Row, reasons: Reasons, console: Console) -> None:
    act, visit, case = found["act"], found["visit"], found["case"]
    rows = [
        ("mailbox", f"{visible(act['mailbox'], TEXT)}, opened by {visible(act['actor'], TEXT)}"),
        ("when", f"{words.minute(act['first'])} to {words.minute(act['last'])} UTC"),
        (
            "from",
            f"{visible(act['ip'], TEXT) or 'no address'} with {visible(act['user_agent'], TEXT) or 'no client named'}",
        ),
        ("accessed", words.at_least(visit.get("item_count") or 0, visit.get("sync_count") or 0)),
        ("token", f"{visible(act['token_id'], TEXT) or 'none in the record'}: {words.LINKS[act['link']]}"),
        ("weight", f"{act['bits']} bits in all; the line for a single visit lies at {found['line_bits']}"),
        ("case", _why(case) if case else "in no case"),
    ]
    _say(console, rows)
    _beside(found["beside"], console)
    for finding in found["findings"]:
        _finding(finding, reasons, console)
    if found["without"]:
        _heading(console, "The same visit without one reason")
        for r in found["without"]:
            where = "still at or above the line" if r["above_line"] else "below the line"
            console.print(
                Text(f"Without “{_title(reasons, r['evidence'])}” it weighs {r['bits_without']} bits: {where}.")
            )
    if found["ordinary"]:
        _heading(console, "Who opens this mailbox otherwise")
        table = _table("actor", "network", "client", "visits", "first", "last")
        for r in found["ordinary"]:
            texts = (Text(visible(r[k], 60)) for k in ("actor", "net", "client_key"))
            table.add_row(*texts, f"{r['visits']:,}", words.day(r["first"]), words.day(r["last"]))
        console.print(table)


def _of_record(found: Row, reasons: Reasons, console: Console) -> None:
    sightings = [f"file {s['file_sha256'][:16]}… row {s['row']} ({s['shape']})" for s in found["sightings"]]
    rows = [("seen in" if n == 0 else "", s) for n, s in enumerate(sightings)]
    _say(console, [*rows, ("case", _why(found["case"]) if found["case"] else "in no case")])
    if found["acts"]:
        _heading(console, "Part of")
        _acts([a | (found["case"] or {}) for a in found["acts"]], console)


def _why(case: Row) -> str:
    link = f": {linked(case['linked_by'])}, {case['link_bits']} bits" if case["basis"] == "link" else ""
    return f"{case['case_id']}, by {case['basis']}{link}"


def linked(by: str) -> str:
    """What brought an act in, as the answer names it, in words: of what is counted for an organisation or a person its id and
    its program stand beside the name."""
    kind, _, value = by.partition(" ")
    rest = value.partition(" ")[2]
    told = by
    if kind == ORPHANS:
        who, _, box = rest.partition(" | ")[0].rpartition(" in ")
        told = f"tokens without a sign-in, of {who} in {box}" if who else by
    elif kind == words.HEAPS:
        told = "too many tokens without a sign-in, of several persons"
    elif kind == words.BURST and rest:
        told = f"tokens without a sign-in, of several persons from {rest.partition(' ')[0]}"
    elif kind == words.PERSON and rest:
        told = f"mailboxes of others, opened by {rest}"
    return visible(told, TEXT)


def _finding(finding: Row, reasons: Reasons, console: Console) -> None:
    _heading(console, f"{_title(reasons, finding['evidence'])}: {finding['bits']} bits  ({finding['finding_id']})")
    console.print(Text(visible(finding["reason"], 400) + "."))
    console.print(Text(_sentence(finding)))
    table = _table("benign acts counted among", "at least this odd", "of", "share")
    for circle in finding["circles"]:
        seen, of = circle["seen"], circle["of"]
        table.add_row(circle["among"], f"{seen:,}", f"{of:,}", f"{100 * seen / of:.3g} %" if of else "nothing counted")
    console.print(table)


def _sentence(f: Row) -> str:
    """How the counts become the weight."""
    rarity = words.once(f["once_in"])
    counted = ", ".join(f"{c['seen']:,} of {c['of']:,} in {c['among']}" for c in f["circles"] if c["of"])
    start = (
        f"At least this odd are {counted or 'no others, since none were there to count'}. "
        f"Each narrower circle leans on the next wider one with the weight of 20 acts, which makes a share of "
        f"{100 * f['share']:.3g} %"
    )
    times = ""
    if f["units"] > 1 or f["hits"] > 1:
        times = (
            f"; it is so in {f['hits']} of {f['units']} visits of this relationship, rarer by chance than it is once"
        )
    most = (
        f" No weight exceeds {f['most_bits']} bits here, twice the acts counted." if f["bits"] >= f["most_bits"] else ""
    )
    without = f" Without it the visit weighs {f['act_bits_without']} bits."
    return (
        f"{start}{times}: {f['bits']} bits, so that a benign act would look at least this odd {rarity}.{most}{without}"
    )


def _about(name: str, reasons: Reasons, console: Console) -> None:
    told = reasons.get(name)
    if told is None:
        return
    _say(console, [("explains", told["explains"]), ("misses", told["misses"]), ("ground", told["ground"])])
    _heading(console, "Innocent explanations")
    for kind, decides in told["benign"]:
        console.print(Text(f"{kind}; would decide: {decides}"))


def _acts(acts: list[Row], console: Console) -> None:
    table = _table("first (UTC)", "mailbox", "address", "bits", "there by", "id")
    for a in acts[:MOST_ACTS]:
        by = linked(a["linked_by"]) if a.get("linked_by") else visible(a.get("basis") or "", 60)
        mailbox, ip = Text(visible(a["mailbox"], 60)), Text(visible(a["ip"], 45))
        table.add_row(words.minute(a["first"]), mailbox, ip, str(a["bits"]), Text(by), a["act_id"])
    console.print(table)
    if len(acts) > MOST_ACTS:
        console.print(Text(f"… {len(acts) - MOST_ACTS:,} more; --json names them all", style="dim"))


def _record(record: Row, console: Console, *, whole: bool) -> None:
    _heading(console, f"Record {visible(record['record_id'], TEXT)}")
    rows = [("file", visible(_placed(record), 400)), ("row", str(record["row"])), ("SHA-256", record["file_sha256"])]
    found = record.get("found") or {}
    rows.append(("checked", visible(found.get("told") or NOT_FOUND, 400)))
    _say(console, rows if whole else [("place", f"{rows[0][1]}, row {record['row']}: {rows[3][1]}")])
    if whole:
        lines = _pretty(record["raw"]).split("\n")
        for line in lines[:MOST_LINES]:
            console.print(Text("  " + visible(line, 400)), soft_wrap=True)
        if len(lines) > MOST_LINES:
            console.print(Text(f"  … {len(lines) - MOST_LINES:,} more lines; --json holds all", style="dim"))


def _placed(record: dict[str, Any]) -> str:
    """The file, and the member of it where it is an archive."""
    return record["path"] + (f" / {record['member']}" if record.get("member") else "")


def _pretty(raw: str) -> str:
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return raw


def _title(reasons: Reasons, name: str) -> str:
    return str(reasons.get(name, {}).get("title", name))


def _heading(console: Console, words_: str) -> None:
    console.print()
    console.print(Text(words_, style="bold"))


def _say(console: Console, rows: list[tuple[str, str]]) -> None:
    say(console, [(name, Text(value)) for name, value in rows])


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    numbers = ("bits", "visits", "of", "at least this odd", "share", "visits with it", "heaviest then")
    for name in names:
        justify: JustifyMethod = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in ("id", "first (UTC)"))
    return table


_SHOWN = {"case": _case, "finding": _one_finding, "act": _act, "record": _of_record}
