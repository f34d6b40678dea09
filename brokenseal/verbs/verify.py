"""`brokenseal verify`: whether files, lake, ledger and answer are, byte for byte, what they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from brokenseal.lake import Lake
    from brokenseal.sources.originals import Originals

MOST_TEXT = 80


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(name="verify")(verify)


def verify(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Folder of an answer: answer.json, report.html, run.json.")
    ] = None,
    lake: Annotated[
        Path | None, typer.Option("--lake", help="The lake; by default DIR/lake, without DIR .brokenseal.")
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--files", help="Where the input files lie now, if not where they were.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One object and no words.")] = False,
    memory: Annotated[str, typer.Option("--memory", help="Memory limit of the engine.")] = "2GB",
    threads: Annotated[int | None, typer.Option("--threads", help="Threads; all cores by default.")] = None,
) -> int:
    """Recompute every hash, and the answer. 0: all is as it was; 2: something is not, or could not be looked at.

    Example: brokenseal verify answer --files exports
    """
    from brokenseal.errors import UsageError
    from brokenseal.sources.originals import Originals

    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = Found()
    run = _run(folder, found) if folder else {}
    where = lake or (folder / "lake" if folder else Path(".brokenseal"))
    near = [Path.cwd(), where.absolute().parent, *_named(run)]
    # who names a folder means the files there, whatever lies elsewhere
    search = Originals(folders=files) if files else Originals(near)
    _lake(where, folder, run, found, search, memory=memory, threads=threads)
    if folder and run:
        _against_run(folder, run, found)
    _tell(found, as_json=json)
    return 0 if found.whole else 2


@dataclass
class Found:
    """What was looked at, what is not as it was, and what could not be looked at; one line each."""

    checked: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Everything was looked at and is as it was."""
        return not self.faults and not self.unchecked


def _tell(found: Found, *, as_json: bool) -> None:
    import json

    from brokenseal.report import visible

    if as_json:
        said = {"whole": found.whole, **vars(found)}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    for line in found.faults:
        typer.echo(f"CHANGED  {visible(line)}")
    for line in found.unchecked:
        typer.echo(f"NOT SEEN {visible(line)}")
    for line in found.notes:
        typer.echo(visible(line))
    counted = ", ".join(f"{n:,} {what}" for what, n in found.checked.items())
    end = "all is as it was" if found.whole else f"{len(found.faults)} changed, {len(found.unchecked)} not seen"
    typer.echo(f"checked: {counted or 'nothing'}; {end}")


# --- the answer's files


def _run(folder: Path, found: Found) -> dict[str, Any]:
    """run.json, if its own hash says that it is as it was written."""
    import hashlib
    import json

    from brokenseal.report import files

    path = folder / files.RUN
    data = _bytes(path, found)
    if data is None:
        return {}
    try:
        run = json.loads(data)
        said = run.pop(files.SELF)
        if (
            hashlib.sha256(files.run_bytes(run)).hexdigest() == said
            and files.run_bytes({**run, files.SELF: said}) == data
        ):
            return dict(run)
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    found.faults.append(f"{path}: its own hash does not fit")
    return {}


def _bytes(path: Path, found: Found) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        found.unchecked.append(f"{path}: {error.strerror or error}")
        return None
    found.checked["files of the answer"] = found.checked.get("files of the answer", 0) + 1
    return data


def _named(run: Mapping[str, Any]) -> list[Path]:
    """Folders and files that the command line of the run named: inputs may still lie there."""
    words = [Path(str(w)) for w in run.get("command", ())[1:] if not str(w).startswith("-")]
    there = [w for w in words if w.exists()]
    return [*there, *(below for w in there if w.is_dir() for below in sorted(w.iterdir()) if below.is_dir())]


def _against_run(folder: Path, run: Mapping[str, Any], found: Found) -> None:
    """Files of the answer that run.json knows by their hash; one that was found changed already is not told twice."""
    import hashlib

    from brokenseal.report import files

    for name, key in ((files.ANSWER, "answer_sha256"), (files.PAGE, "report_sha256")):
        path = folder / name
        data = _bytes(path, found)
        told = any(line.startswith(f"{path}") for line in found.faults)
        if data is not None and not told and hashlib.sha256(data).hexdigest() != run.get(key):
            found.faults.append(f"{path}: not what run.json says was written")


# --- the lake, its ledger, the files taken in, and the answer made again


def _lake(
    where: Path,
    folder: Path | None,
    run: Mapping[str, Any],
    found: Found,
    search: Originals,
    *,
    memory: str,
    threads: int | None,
) -> None:
    from brokenseal.errors import LakeError
    from brokenseal.lake import Lake, seal

    try:
        sealed = seal.look(where)
        if sealed is seal.Seal.BROKEN:
            found.faults.append(f"{where / seal.LEDGER}: not byte for byte what its last writer left")
        elif sealed is seal.Seal.MISSING:
            found.unchecked.append(f"{where / seal.LEDGER}: unsealed, since a writer is at work or was killed")
    except OSError as error:
        found.unchecked.append(f"{where / seal.LEDGER}: {error.strerror or error}")
        return
    try:
        with Lake.open(where, memory=memory, threads=threads) as opened:
            before = len(found.faults)
            found.faults += [f"{where}: {fault}" for fault in opened.faults()]
            found.unchecked += [
                f"{where}: {run}: an earlier brokenseal kept no hashes of it" for run in opened.unhashed()
            ]
            found.checked["files of the lake"] = len(opened.files())
            _inputs(opened, found, search)
            if folder is not None and run:
                _answer(opened, folder, run, found, sound=len(found.faults) == before)
    except LakeError as error:
        found.faults.append(str(error))


def _inputs(lake: Lake, found: Found, search: Originals) -> None:
    """Every file taken in, as it lies on disk."""
    lost = []
    for row in lake.inputs().to_pylist():
        try:
            file, why = search.find(row["path"], row["file_sha256"])
        except OSError as error:
            file, why = None, f"{error.filename}: {error.strerror or error}"
        if file is not None:
            found.checked["files taken in"] = found.checked.get("files taken in", 0) + 1
        elif "another file" in why:
            found.faults.append(f"input {row['path']}: {why} Taken in was {row['file_sha256']}")
        elif "not found" in why:
            lost.append(row["path"])
        else:
            found.unchecked.append(f"input {row['path']}: {why}")
    if lost:
        found.unchecked.append(
            f"{len(lost)} input files, the first {lost[0]}: not found; name their folder with --files"
        )


def _answer(lake: Lake, folder: Path, run: Mapping[str, Any], found: Found, *, sound: bool) -> None:
    """The answer and its page, made again from the lake's latest run."""
    import brokenseal
    from brokenseal import pipeline, report

    later = lake.since(str(run.get("ledger_head")))
    if later is None:
        found.faults.append(f"{folder / report.RUN}: the lake's ledger never had the head that it names")
    elif later:
        found.notes.append(f"The lake has moved on by {later} publications: the answer was compared by its hash only.")
    elif run.get("version") != brokenseal.__version__:
        found.notes.append(f"Written by brokenseal {run.get('version')}: the answer was compared by its hash only.")
    elif lake.stale():
        found.notes.append("The lake is of an earlier brokenseal: the answer was compared by its hash only.")
    elif not sound:
        found.unchecked.append(f"{folder / report.ANSWER}: not made again, since the lake is not as it was")
    else:
        made = report.answer(lake, pipeline.described())
        page = report.html(made, pipeline.described(), str(run.get("language", "en"))).encode("utf-8")
        for name, data in ((report.ANSWER, report.dump(made)), (report.PAGE, page)):
            found.faults += _differs(folder / name, data)


def _differs(path: Path, made: bytes) -> Iterator[str]:
    """The first line of a file that is not what was made again."""
    try:
        there = path.read_bytes()
    except OSError:
        return
    if there == made:
        return
    old, new = there.split(b"\n"), made.split(b"\n")
    at = next((n for n, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    says, should = (_shown(lines, at) for lines in (old, new))
    yield f"{path}: line {at + 1} says {says!r}, the lake says {should!r}"


def _shown(lines: list[bytes], at: int) -> str:
    return lines[at].decode("utf-8", "replace").strip()[:MOST_TEXT] if at < len(lines) else ""
