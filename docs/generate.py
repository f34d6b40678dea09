"""Write the reference pages from the code, or with --check say which of them lag behind it.

Run from the project's folder: `python -m docs.generate`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

import brokenseal.report
from brokenseal import cli, pipeline, schema
from brokenseal.evidence import Case, Reason

HERE = Path(__file__).parent
ANSWER = Path(brokenseal.report.__file__).with_name("answer.schema.json")
BITS = HERE / "evidence_bits.json"
"""What each reason gave to benign and to hostile visits, as bench/evidence.py measured it."""
WIDTH = 100
"""Columns of a help text, fixed, so that no terminal decides what a page says."""
STAGES = {
    "truth": "Truth: what was taken in, never derived again",
    "log": "Derived from raw records, file by file",
    "run": "Results of an analysis: the latest run's",
}
UNITS = {
    "relationship": "relationships, each once, when it begins",
    "visit": "visits; the repeated ones of a relationship are one binomial tail",
    "peak": "relationships, each once, at its oddest visit",
}
SOURCES = {
    "act": ("acts", "case_acts"),
    "lead": ("acts",),
    "finding": ("findings",),
    "counts": ("findings",),
    "input": ("inputs",),
    "input.custody": ("custody",),
    "case": ("cases",),
    "affected": ("case_mailboxes",),
    "affected.messages": ("case_items",),
    "affected.folders": ("case_items",),
    "gap": ("gaps",),
    "coverage.linkage": ("linkage",),
    "counter.kinds": ("linkage",),
    "coverage.streams": ("streams",),
    "coverage.missing": ("exports",),
    "key_source": ("key_documents",),
    "key": ("trusted_keys",),
    "key_finding": ("key_findings",),
    "leak": ("leaks",),
}
"""Objects of the answer and the tables whose columns they show: what a column means is written once, in schema.py."""
MEANINGS = {
    "answer.json.schema": "the contract's name and version",
    "answer.json.as_of": "the moment the answer speaks of; the latest event, unless it was given",
    "answer.json.drill": "the logs were said to be invented; this adds a line to the page and changes nothing else",
    "answer.json.verdict": "over all organisations",
    "answer.json.exit": "the exit code",
    "answer.json.tool": "what the answer was made with",
    "answer.json.inputs": "every file, taken in or not",
    "answer.json.coverage": "what the logs cover, by organisation",
    "answer.json.cases": "the cases, heaviest first",
    "answer.json.leads": "the oddest acts below the line, which wake nobody",
    "answer.json.gaps": "what the logs cannot show",
    "answer.json.keys": "keys that are trusted, and keys that were found lying about; docs/keys-watch.md",
    "answer.json.keys.sources": "where key sets were looked at, by source",
    "answer.json.keys.timeline": "each key at each source, by source and first sight",
    "answer.json.keys.findings": "what is odd about them, the gravest first",
    "answer.json.keys.leaks": "what a scan found, the gravest first",
    "key_source.first": "first look",
    "key_source.last": "last look",
    "key_source.looks": "how often it was looked at",
    "key_source.unread": "of these, how often in vain",
    "key_source.versions": "documents that differ",
    "key.kids": "the ids it was published under",
    "key.issuers": "whose tokens it may sign, as the key itself said",
    "key.not_after": "end of its certificate, the latest one told",
    "key.periods": "when it was published there, as far as anybody looked",
    "key.periods.from": "first seen",
    "key.periods.to": "last seen",
    "key.periods.gone": "first look that no longer found it; null while it is there",
    "key.published": "the last look found it",
    "key_finding.published": "the key is still there; null where it speaks of the whole document",
    "answer.json.decisions": "what people said, in the order in which they said it",
    "decision.subject_is": "what the word is about; suspect and known-good: a line of such a file",
    "decision.subject": "the id, or the line's type and value",
    "decision.decision": "the word; the last one on an act counts",
    "decision.by": "whose word it is: a name, or the file's",
    "decision.because": "how that person knows",
    "decision.at": "when it was said; null for a line of a file",
    "decision.acts": "acts that it speaks of now, the first 100 ids",
    "decision.act_count": "how many acts it speaks of now",
    "answer.json.tool.version": "of brokenseal",
    "answer.json.tool.options": "as they were given",
    "answer.json.tool.budget": "false cases that the whole answer may hold",
    "answer.json.tool.line_bits": "the line for single acts",
    "answer.json.tool.group_line_bits": "the line for groups of acts that share something",
    "answer.json.tool.relationships": "who opens which mailbox, from which network, with which client: what the line for single "
    "acts pays for",
    "answer.json.tool.keys_tried": "what several acts share, persons who newly opened others' mailboxes (twice each: so many "
    "opened, and so many read), days with unissued tokens of several people, and organisations with too many of several "
    "people's: what the line for groups pays for",
    "answer.json.tool.visits": "visits that were weighed",
    "answer.json.tool.hashes": "SHA-256 of the data that ship with brokenseal and were used",
    "act.weighed": "what its weight is made of",
    "act.linked_by": "what it shares with the case, where it is there by a link",
    "act.link_bits": "what the link weighs: the group as a whole where a group brought the act in, else how rarely benign "
    "visits carry what is shared; it adds nothing to the act's own bits",
    "lead.weighed": "what its weight is made of",
    "lead.linked_by": "null",
    "lead.link_bits": "null",
    "weighed.network": "the strongest reason of its relationship that speaks of the network",
    "weighed.client": "the same of the client",
    "weighed.jointly": "what the two weigh less because they are one event",
    "weighed.token": "the strongest reason that speaks of the token",
    "weighed.volume": "the same of how much was accessed",
    "weighed.intelligence": "the same of lists of known indicators",
    "weighed.added": "what the sum weighs less, since benign acts add up to so much more often than it says",
    "weighing.act_id": "the heaviest act",
    "weighing.act_bits": "its weight",
    "weighing.group": "the loudest group; null where the case holds none",
    "weighing.without": "the case weighed again without each of its reasons, by name",
    "weighing.without.evidence": "the reason left out",
    "weighing.without.bits": "what the case weighs then",
    "weighing.without.above_line": "whether a visit or a group of it still reaches its line",
    "group.shared": "what its acts share",
    "group.actors": "how many people or applications act in it, each counted with the oddest act",
    "group.plain": "what these acts weigh in token, volume and intelligence, added up",
    "group.came": "how seldom so many who are new somewhere are new just there; null where a number alone weighs",
    "group.place": "the same, as far as what is odd in their clients, tokens and reading bears it out; or what the number "
    "weighs",
    "group.newcomers": "who is new in a network, anywhere; who is new in two is two; null where a number alone "
    "weighs, as of one person, or of tokens without a sign-in of several",
    "group.newcomers_here": "who of the group is new in its network",
    "group.at_home": "who is at home in a network, anywhere; who is in two is two",
    "group.at_home_here": "who is at home in the group's network; 0 where it shares a session or token",
    "group.rest": "how seldom so many benign acts, drawn by chance, add up to `plain`",
    "group.together": "what the two weigh less together, as two independent tails",
    "group.bits": "the group's weight",
    "counter.token_ids": "distinct token ids among its acts",
    "counter.odd_token_ids": "of these, how many have a length or an ending that the provider has not been seen to issue",
    "counter.kinds": "the case's visits that could be linked, by organisation and kind of client, beside all others",
    "counter.kinds.acts": "visits of the case",
    "counter.kinds.orphans": "of these, how many no sign-in in these logs issued",
    "counter.kinds.others": "visits of this kind outside the case",
    "counter.kinds.others_linked": "of these, how many are linked to a sign-in",
    "case.weighing": "what its weight is made of",
    "case.counter": "what the same logs hold that bears on how its acts hang on sign-ins",
    "case.indicators.seen": "of a client: the texts of the log behind it, whose versions its value leaves out; at most 100",
    "coverage.missing": "what the provider still holds at that moment, by its defaults, and nobody handed over",
    "coverage.domains": "of its mailboxes, the most used first; at most 5",
    "act.kind": "in this version always a visit",
    "act.link": "how it hangs on a sign-in; docs/words.md tells each",
    "act.bits": "weight of all its evidence",
    "lead.kind": "in this version always a visit",
    "lead.link": "how it hangs on a sign-in; docs/words.md tells each",
    "lead.bits": "weight of all its evidence",
    "lead.basis": "own evidence",
    "lead.findings": "its evidence",
    "finding.aspect": "in this version token, network, client, volume or intelligence",
    "finding.ground": "what the reason stands on",
    "finding.bits": "weight",
    "finding.counts": "what its rarity is made of: counted in these logs, and borrowed from shipped rates",
    "finding.attack": "ATT&CK ids of the reason",
    "input.sha256": "SHA-256 of the file's bytes as they lay on disk",
    "input.rejected": "rows that are no record",
    "input.rejected.count": "how many",
    "input.rejected.first": "the first of them, with row and reason",
    "input.rejected.first.reason": "why, in words",
    "input.custody": "what the custody lists state of it, in order of time; empty where nobody stated anything",
    "coverage.tenant_id": "the organisation",
    "coverage.from": "first access",
    "coverage.to": "last access",
    "coverage.mailboxes": "mailboxes with an access",
    "coverage.accesses": "accesses",
    "coverage.streams": "each log and the time it covers",
    "coverage.linkage": "how often visits are linked to a sign-in",
    "how.kind": "the way in",
    "how.because": "the findings that say so",
    "how.alternatives": "other ways in, what speaks against each, and what would decide",
    "how.alternatives.kind": "the other way",
    "how.alternatives.against": "what speaks against it",
    "how.alternatives.would_decide": "what would decide",
    "affected.record_ids": "the accesses",
    "affected.messages": "messages the log names; at least these",
    "affected.folders": "folders that were synchronised whole",
    "case.bits": "weight of its heaviest act, or of its heaviest group",
    "case.aim": "what the intruder wanted; null where it cannot be said",
    "case.how": "the way in",
    "case.tenants": "the organisations",
    "case.indicators": "what its acts share, and how rare that is",
    "case.acts": "its visits",
    "case.findings": "the evidence for them",
    "case.mailboxes": "the mailboxes",
    "case.gaps": "the gaps that concern it",
    "case.indicators.type": "what is shared",
    "case.indicators.value": "the thing itself",
    "case.indicators.bits": "how rare it is among benign visits",
    "case.indicators.first": "first seen in the case",
    "case.indicators.last": "last seen in the case",
}
Node = dict[str, Any]


def tables() -> str:
    """The page of tables and columns, from schema.py."""
    out = ["# Tables", "", "Generated from `brokenseal/schema.py`. Times are UTC; a missing value is NULL.", ""]
    for stage, title in STAGES.items():
        out += [f"## {title}", ""]
        for table in schema.TABLES.values():
            if table.stage == stage:
                out += [f"### `{table.name}`", "", f"One row is {table.doc}.", ""]
                out += ["| column | type | meaning |", "|---|---|---|"]
                out += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in table.columns]
                out += [""]
    return "\n".join(out)


def verbs() -> str:
    """The page of verbs: each one's help, as the command line prints it."""
    out = ["# Verbs", "", "Generated from the command line: what `brokenseal VERB --help` prints.", ""]
    out += ["```", cli.EXITS, "```", ""]
    for name, text in helps():
        out += [f"## `{name}`", "", "```", text, "```", ""]
    return "\n".join(out)


def helps() -> Iterator[tuple[str, str]]:
    """Every verb and the help text of it, those within a verb after it."""
    top = typer.main.get_command(cli.build())
    yield from _helps(top, "brokenseal", None)


def _helps(command: Any, name: str, above: Any) -> Iterator[tuple[str, str]]:
    # typer's contexts are click's, whichever of the two packages brings them
    context = command.context_class(
        command, info_name=name.split()[-1], parent=above, terminal_width=WIDTH, max_content_width=WIDTH, color=False
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if above is not None:
        yield name.removeprefix("brokenseal "), text
    for inner in sorted(getattr(command, "commands", {})):
        yield from _helps(command.commands[inner], f"{name} {inner}", context)


def contract() -> str:
    """The page of answer.json, from its schema."""
    root: Node = json.loads(ANSWER.read_text(encoding="utf-8"))
    out = ["# The answer", "", "Generated from `brokenseal/report/answer.schema.json`.", ""]
    out += [f"{root['title']}: `answer.json`. {root['description']}", ""]
    out += _objects("answer.json", root)
    parts = {name: part for name, part in root["$defs"].items() if "properties" in part}
    for name, part in parts.items():
        out += _objects(name, part)
    out += ["## Values", "", "| name | is |", "|---|---|"]
    out += [f"| {name} | {_told(part)} |" for name, part in root["$defs"].items() if name not in parts]
    return "\n".join([*out, ""])


def _objects(name: str, node: Node) -> list[str]:
    """A table of an object's keys, and one for each object that lies within it."""
    out = [f"## {name}", ""]
    if "description" in node and name != "answer.json":
        out += [node["description"], ""]
    out += ["| key | type | meaning |", "|---|---|---|"]
    inner: list[str] = []
    for key, value in node["properties"].items():
        out.append(f"| `{key}` | {_kind(value, f'{name}.{key}')} | {_cell(meaning(name, key, value))} |")
        deep = value.get("items", value) if isinstance(value, dict) else {}
        if "properties" in deep:
            inner += _objects(f"{name}.{key}", deep)
    return [*out, "", *inner]


def meaning(name: str, key: str, value: Node) -> str:
    """What a key of the answer means: said by the schema, here, or by the column it shows."""
    if "description" in value:
        return str(value["description"])
    if told := MEANINGS.get(f"{name}.{key}"):
        return told
    columns = [c for table in SOURCES.get(name, ()) for c in schema.TABLES[table].columns]
    # what is NULL in a table is null in the answer
    return next((c.doc.replace("NULL", "null") for c in columns if c.name == key), "")


def _kind(node: Node, place: str) -> str:
    """A value's type in words."""
    if "$ref" in node:
        return str(node["$ref"]).rsplit("/", 1)[-1]
    if "const" in node:
        return f"`{json.dumps(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{json.dumps(v)}`" for v in node["enum"])
    if "anyOf" in node:
        return " or ".join(_kind(part, place) for part in node["anyOf"])
    if node.get("type") == "array":
        most = f", at most {node['maxItems']}" if "maxItems" in node else ""
        return f"list of {_kind(node['items'], place)}{most}"
    if "properties" in node:
        return place
    names = node.get("type", "any")
    return " or ".join(names) if isinstance(names, list) else str(names)


def _told(node: Node) -> str:
    """A plain value: its type, its form and what is said of it."""
    parts = [_kind(node, "")]
    if "pattern" in node:
        parts.append(f"`{_cell(node['pattern'])}`")
    if "minimum" in node:
        parts.append(f"at least {node['minimum']}")
    if "description" in node:
        parts.append(_cell(node["description"]))
    return ", ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def evidence() -> str:
    """The page of reasons, from the files in evidence/."""
    out = ["# Reasons to doubt an act", "", "Generated from the files of `brokenseal/evidence/`.", ""]
    out += ["How a level becomes bits: [bits.md](bits.md). ATT&CK ids are MITRE's.", ""]
    out += ["| reason | title | aspect | ground |", "|---|---|---|---|"]
    modules = pipeline.modules()
    out += [f"| [`{n}`](#{n}) | {m.REASON.title} | {m.REASON.aspect} | {m.REASON.ground} |" for n, m in modules.items()]
    measured = json.loads(BITS.read_text(encoding="utf-8"))
    out += [
        "",
        f"What each gives was measured on {measured['measured']}, on {measured['worlds']}: of how many visits in a ",
    ]
    out[-1] += (
        "hundred it gives any bits, how many in the middle, and what nine in ten of these stay below. Worlds are invented: "
    )
    out[-1] += "what this proves and what not is told in [drill.md](drill.md)."
    for name, module in modules.items():
        history = module.REASON.unit == "relationship" or hasattr(module, "turned")
        out += ["", *_reason(module.REASON, module.CASES, history=history), "", *_given(measured, name)]
    return "\n".join([*out, ""])


def _reason(reason: Reason, cases: tuple[Case, ...], *, history: bool) -> list[str]:
    out = [f"## {reason.name}", "", f"**{reason.title}.** {reason.explains}", ""]
    out += [
        f"- Aspect: {reason.aspect}",
        f"- Counts: {UNITS[reason.unit]}",
        f"- Ground: {reason.ground}",
        f"- ATT&CK: {', '.join(reason.attack)}",
        f"- Misses: {reason.misses}",
        f"- Its levels depend on history: {'yes' if history else 'no'}",
        "",
        "Levels, 0 being ordinary:",
        "",
    ]
    out += [f"{number}. {level}" for number, level in enumerate(reason.levels, start=1)]
    out += ["", "| innocent explanation | what decides it |", "|---|---|"]
    out += [f"| {_cell(what)} | {_cell(decides)} |" for what, decides in reason.benign]
    out += ["", "| case | fires |", "|---|---|"]
    out += [f"| {_cell(case.name)} | {'yes' if case.fires else 'no'} |" for case in cases]
    return out


def _given(measured: Node, name: str) -> list[str]:
    """What a reason gave to benign visits, and to those of each intruder to whom it gave most."""
    of = measured["reasons"].get(name)
    if of is None:
        return ["What it gives has not been measured yet."]
    out = ["| visits | get bits | median | nine in ten below |", "|---|---|---|---|"]
    hostile = sorted((k for k in of if k != "benign"), key=lambda k: (-of[k]["share"], k))
    for kind in ("benign", *hostile):
        row = of[kind]
        label = f"{kind} ({measured['visits'][kind]})"
        told = ["-" if row[k] is None else f"{row[k]:.1f}" for k in ("median", "nine_in_ten")]
        out.append(f"| {label} | {100 * row['share']:.2f} % | {told[0]} | {told[1]} |")
    return out


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables,
    "verbs.md": verbs,
    "contract.md": contract,
    "evidence.md": evidence,
}


def lagging() -> list[str]:
    """The pages that say something else than the code."""
    behind = []
    for name, make in PAGES.items():
        page = HERE / name
        if not page.exists() or page.read_text(encoding="utf-8") != make():
            behind.append(name)
    return behind


def main(check: bool) -> int:
    """Write the pages, or compare them; returns the exit code."""
    if not check:
        for name, make in PAGES.items():
            (HERE / name).write_text(make(), encoding="utf-8")
        return 0
    behind = lagging()
    if behind:
        print(f"lagging behind the code: {', '.join(behind)}; run `python -m docs.generate`", file=sys.stderr)
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
