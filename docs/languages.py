"""Bring the catalogues of the report's languages up to date, or with --check say what they lack.

Run from the project's folder: `python -m docs.languages`. A new language is one file: copy `ar.po` under its code, set
`Language` and `Plural-Forms`, and translate. What a catalogue lacks is shown in English and marked as English.

Three sources: calls of `t`, `tn` and `marked` in `brokenseal/report`; the templates; and the sentences that the answer is made
of, which stand in the reasons and beside the gaps: an f-string there becomes a pattern with a place for each value.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import brokenseal
from brokenseal import pipeline
from brokenseal.cases.silent import SILENCE
from brokenseal.report.language import FOLDER

PACKAGE = Path(brokenseal.__file__).parent
PLACE = re.compile(r"\{(\w+)\}")
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {"t": None, "tn": (1, 2), "marked": None}
SAID = (
    "cases/gaps.py", "cases/cut.py", "cases/silent.py", "cases/write.py", "report/how.py", "report/assemble.py",
    "keys/watch/judge.py", "keys/watch/weak.py",
)  # fmt: skip
"""Files whose f-strings and strings become sentences of the answer."""
SENTENCES = (
    "it accessed at least {n} messages, or folders where it synchronised",
    "The case weighs {v1} bits, the line for one visit lies at {v2}.",
    "The case weighs {v1} bits, the line for one visit lies at {v2}, for a group of visits that share something rare at {v3}.",
    ("{n} mailbox in {organisations} accessed", "{n} mailboxes in {organisations} accessed"),
)
NAMES = (
    "intrusion", "suspicion", "nothing found", "cannot tell",
    "critical", "high", "medium", "low",
    "documented", "measured", "heuristic",
    "token", "network", "client", "sign-in", "volume", "change", "deed", "intelligence",
    "session", "circumstantial", "orphan", "unlinkable", "pending",
    "listed", "list", "folder", "quoted", "reported", "unknown", "intruder", "either",
    "address", "address range",
    "hostile", "benign", "unsure",
    "who", "to whom", "account", "query", "when", "note", "custody",
    "broken JSON",
    "token of unknown origin", "session or token used elsewhere", "delegate or application", "mail client synchronising",
    "case", "finding", "act", "record", "suspect", "known-good",
    "{which} private key", "encrypted private key", "symmetric key", "key store", "JSON Web Token", "refresh token",
    "a symmetric key", "by its certificate",
    "visits", "relationships", "relationships at their oddest visit",
    "unified audit records", "interactive sign-ins", "non-interactive sign-ins", "service-principal sign-ins",
    "managed-identity sign-ins",
    "it survives", "it does not survive", *SILENCE, "begin later than", "end earlier than",
    "this organisation",
)  # fmt: skip


def sentences() -> Iterator[str | tuple[str, str]]:
    """What the answer says: names, reasons, gaps."""
    yield from NAMES
    yield from SENTENCES
    for reason in pipeline.reasons().values():
        yield reason.title
        yield from (level for level in reason.levels if "it accessed at least" not in level)
        yield from (reason.explains, reason.misses)
        for pair in reason.benign:
            yield from pair
    for name in SAID:
        yield from _strings(PACKAGE / name)


def _strings(path: Path) -> Iterator[str]:
    """Strings of a module that are sentences; values inside become places."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    inside = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in ast.walk(n) if v is not n}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_row", "Left"):
            kind = node.args[0]
            if isinstance(kind, ast.Constant):
                yield str(kind.value)
        if id(node) in docs or id(node) in inside:
            continue
        text = _template(node)
        if text and _is_sentence(text):
            yield from _parts(text.strip())


def _template(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{}", "{which}")
    if isinstance(node, ast.JoinedStr):
        places = iter(range(1, 100))
        return "".join(str(v.value) if isinstance(v, ast.Constant) else f"{{v{next(places)}}}" for v in node.values)
    return None


def _is_sentence(text: str) -> bool:
    return len(re.findall(r"[a-z]{2,}", re.sub(r"\{\w+\}", "", text))) >= 4 and ("\n" not in text)


def _parts(text: str) -> Iterator[str]:
    """A text of several sentences is said sentence by sentence."""
    yield from (p for p in re.split(r"(?<=[.;]) (?=[A-Z\d])", text) if p)


def template() -> Catalog:
    """All that a catalogue must hold."""
    catalogue = Catalog(project="brokenseal", version=brokenseal.__version__, charset="utf-8", fuzzy=False)
    options = {"jinja2": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    found = extract_from_dir(
        PACKAGE / "report", METHODS, {"templates/**.html": options["jinja2"]}, KEYWORDS, strip_comment_tags=True
    )
    for file, _, message, _, _ in sorted(found, key=lambda f: (str(f[0]), f[1])):
        catalogue.add(message, locations=[(f"brokenseal/report/{file}", 0)])
    for text in sentences():
        catalogue.add(text, locations=[("answer.json", 0)])
    return catalogue


def merged(path: Path) -> Catalog:
    """A language's catalogue with all that it must hold; what is not said any more goes."""
    with path.open("rb") as handle:
        catalogue = read_po(handle, locale=path.stem)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def lacks(catalogue: Catalog, *, own: bool = False) -> list[str]:
    """Sentences without a translation. own: only those of the report itself."""
    out = []
    for message in catalogue:
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        mine = any(file != "answer.json" for file, _ in message.locations)
        if message.id and not all(texts) and (mine or not own):
            out.append(message.id if isinstance(message.id, str) else message.id[0])
    return out


def written(catalogue: Catalog) -> bytes:
    """The bytes of a catalogue: without places, so that it changes only where a sentence does."""
    out = io.BytesIO()
    write_po(out, catalogue, width=110, sort_output=True, no_location=True, omit_header=False, ignore_obsolete=True)
    return out.getvalue()


def main() -> int:
    """Write or check every catalogue."""
    told = 0
    for path in sorted(FOLDER.glob("*.po")):
        catalogue = merged(path)
        if "--check" not in sys.argv:
            path.write_bytes(written(catalogue))
        for sentence in lacks(catalogue):
            print(f"{path.name} lacks: {sentence}")
            told += 1
    return 1 if told and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
