"""What a lake holds, in one small database.

What: inputs, segments, runs, and a hash chain of all that was published. Why: a file is taken in once, whole or not at
all, and a reader sees only what was published. How: SQLAlchemy Core, one transaction a publication; the files come
first and the rows make them count, so a killed writer leaves files that no row knows, never rows without files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from brokenseal import schema
from brokenseal.errors import LakeError
from brokenseal.lake import chain, database
from brokenseal.lake.database import CHAIN, CUSTODY, FACTS, INPUTS, META, RUNS, SAID, SEGMENTS
from brokenseal.lake.handed import STATED
from brokenseal.lake.taken import FileTaken, Segment


@dataclass(frozen=True)
class State:
    """What was published at one moment. run: id of the latest run; run_tables: its tables' files within the lake."""

    version: int
    inputs: tuple[dict[str, Any], ...] = ()
    segments: dict[str, list[Segment]] = field(default_factory=dict)
    run: str | None = None
    run_tables: dict[str, list[str]] = field(default_factory=dict)
    head: str = chain.NOTHING
    custody: tuple[dict[str, str | None], ...] = ()


class Ledger:
    """The database of one lake. `url`: SQLite for a laptop; a PostgreSQL URL serves a team."""

    def __init__(self, url: str | sa.URL, name: str) -> None:
        self._engine = database.engine(url)
        self._name = name

    @classmethod
    def at(cls, path: Path) -> Ledger:
        """The ledger of the lake in this folder."""
        return cls(sa.URL.create("sqlite", database=str(path / "ledger.db")), str(path))

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """All that happens inside is one moment; LakeError where the database cannot be used."""
        try:
            with self._engine.execution_options(writing=write).begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise LakeError(f"the ledger of {self._name} cannot be used: {error.orig}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LakeError(f"the ledger of {self._name} holds what no ledger holds: {error!r}") from error

    def begin(self) -> None:
        """Make the tables of a new ledger; one that has them stays as it is."""
        with self._transaction(write=True) as db:
            META.create_all(db)
            if db.execute(sa.select(FACTS.c.value).where(FACTS.c.name == "schema")).first() is None:
                db.execute(FACTS.insert().values(name="schema", value=str(schema.VERSION)))

    def state(self) -> State:
        """What is published now, read as one moment. Raises LakeError where nothing was ever made here."""
        with self._transaction() as db:
            there = sa.inspect(db).get_table_names()
            if FACTS.name not in there:
                raise LakeError(f"{self._name} is not a lake: its ledger is empty")
            version = int(db.execute(sa.select(FACTS.c.value).where(FACTS.c.name == "schema")).scalar() or 0)
            # thousands of them are read at each opening: rows as they come, and no mapping in between
            names = INPUTS.columns.keys()
            inputs = db.execute(INPUTS.select().order_by(INPUTS.c.path, INPUTS.c.file_sha256)).all()
            segments: dict[str, list[Segment]] = {}
            live = SEGMENTS.select().where(SEGMENTS.c.retired_at.is_(None)).order_by(SEGMENTS.c.file)
            for r in db.execute(live).mappings():
                row = {k: r[k] for k in r if k not in ("tbl", "retired_at")}
                segments.setdefault(r["tbl"], []).append(Segment(table=r["tbl"], **row))
            run = None
            # a run over tables that were made again since is of an earlier version
            if chain.latest(db, "run") > chain.latest(db, "derived"):
                live_run = RUNS.select().where(RUNS.c.retired_at.is_(None))
                run = db.execute(live_run.order_by(RUNS.c.number.desc())).first()
            return State(
                version,
                tuple(dict(zip(names, r)) for r in inputs),
                segments,
                run.run_id if run else None,
                {t: list(files) for t, files in json.loads(run.tables).items()} if run else {},
                chain.head(db),
                tuple(chain.stated(db, *CUSTODY.c)) if CUSTODY.name in there else (),
            )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # --- publications: each is one transaction, and one link of the chain

    def holds(self, file_sha256: Sequence[str]) -> bool:
        """An input with the bytes of one of these was taken in."""
        with self._transaction() as db:
            return db.execute(sa.select(INPUTS.c.path).where(INPUTS.c.file_sha256.in_(file_sha256))).first() is not None

    def links(self) -> int:
        """How often something was published: a number that no later publication shares."""
        with self._transaction() as db:
            return int(db.execute(sa.select(sa.func.max(CHAIN.c.number))).scalar() or 0)

    def publish_inputs(self, taken: Iterable[FileTaken], segments: Iterable[Segment]) -> bool:
        """Inputs that share segments, in one transaction; False where the bytes of one are in the lake already."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        rows = [{k: v for k, v in asdict(t).items() if k != "segments"} | {"taken_at": now} for t in taken]
        segments = list(segments)
        with self._transaction(write=True) as db:
            names = [row["file_sha256"] for row in rows]
            if db.execute(sa.select(INPUTS.c.path).where(INPUTS.c.file_sha256.in_(names))).first():
                return False
            db.execute(INPUTS.insert(), rows)
            _add(db, segments)
            chain.link(db, "inputs", {"inputs": rows, "segments": [asdict(s) for s in segments]})
        return True

    def replace(self, new: Iterable[Segment], old: Iterable[str], retired_at: float, kind: str) -> None:
        """New segments published and old ones retired. kind: 'compaction', or 'derived' with the schema's version."""
        new, old = list(new), sorted(old)
        with self._transaction(write=True) as db:
            _add(db, new)
            for file in old:
                db.execute(SEGMENTS.update().where(SEGMENTS.c.file == file).values(retired_at=retired_at))
            if kind == "derived":
                db.execute(FACTS.update().where(FACTS.c.name == "schema").values(value=str(schema.VERSION)))
            chain.link(db, kind, {"new": [asdict(s) for s in new], "old": old, "schema": schema.VERSION})

    def publish_custody(self, list_sha256: str, rows: Iterable[dict[str, str | None]]) -> bool:
        """What a custody list says of files; False where the list was published before."""
        rows = [{name: row.get(name) for name in STATED} for row in rows]
        with self._transaction(write=True) as db:
            if db.execute(sa.select(CUSTODY.c.number).where(CUSTODY.c.list_sha256 == list_sha256)).first():
                return False
            db.execute(CUSTODY.insert(), [{"list_sha256": list_sha256, **row} for row in rows])
            chain.link(db, "custody", {"list_sha256": list_sha256, "custody": rows})
        return True

    def publish_run(self, run_id: str, folder: str, tables: dict[str, dict[str, str]], retired_at: float) -> None:
        """A run becomes the latest; older ones are retired. tables: of each table, the files and their SHA-256."""
        with self._transaction(write=True) as db:
            db.execute(RUNS.update().where(RUNS.c.retired_at.is_(None)).values(retired_at=retired_at))
            db.execute(RUNS.insert().values(run_id=run_id, folder=folder, tables=json.dumps(tables, sort_keys=True)))
            chain.link(db, "run", {"run_id": run_id, "folder": folder, "tables": tables})

    # --- what people said

    def say(self, kind: str, payload: dict[str, Any]) -> bool:
        """Keep what a person said; False where exactly this is kept already."""
        text = json.dumps(payload, sort_keys=True)
        row = {"identity": hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest(), "kind": kind, "payload": text}
        with self._transaction(write=True) as db:
            META.create_all(db, tables=[SAID])
            if db.execute(sa.select(SAID.c.number).where(SAID.c.identity == row["identity"])).first():
                return False
            db.execute(SAID.insert().values(**row))
            chain.link(db, "said", {"said": [row]})
        return True

    def said(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and payload of all that people said, in the order in which they said it."""
        with self._transaction() as db:
            if not sa.inspect(db).has_table(SAID.name):
                return []
            rows = db.execute(sa.select(SAID.c.kind, SAID.c.payload).order_by(SAID.c.number))
            return [(r.kind, json.loads(r.payload)) for r in rows]

    # --- what a sweep asks

    def files(self) -> set[str]:
        """Every segment that a row knows, retired ones too."""
        with self._transaction() as db:
            return {r[0] for r in db.execute(sa.select(SEGMENTS.c.file))}

    def folders(self) -> set[str]:
        """Every run's folder that a row knows, retired ones too."""
        with self._transaction() as db:
            return {r[0] for r in db.execute(sa.select(RUNS.c.folder))}

    def forget(self, before: float) -> None:
        """Drop the rows of what was retired before that moment; its files are then known to nobody."""
        with self._transaction(write=True) as db:
            for table in (SEGMENTS, RUNS):
                db.execute(table.delete().where(table.c.retired_at < before))
            # with something written SQLite clears away the empty journal that a killed writer may leave
            db.execute(FACTS.delete().where(FACTS.c.name == "swept"))
            db.execute(FACTS.insert().values(name="swept", value=str(before)))

    def digests(self) -> dict[str, str | None]:
        """SHA-256 of every file that a row knows, retired ones too, by its path within the lake."""
        with self._transaction() as db:
            known = {r.file: r.sha256 for r in db.execute(sa.select(SEGMENTS.c.file, SEGMENTS.c.sha256))}
            for run in db.execute(sa.select(RUNS.c.tables)).scalars():
                for files in json.loads(run).values():
                    known.update(files if isinstance(files, dict) else {})
            return known

    def unhashed(self) -> list[str]:
        """Folders of runs that an earlier version published without the hashes of their files."""
        with self._transaction() as db:
            runs = db.execute(sa.select(RUNS.c.folder, RUNS.c.tables).order_by(RUNS.c.number))
            return [r.folder for r in runs if any(isinstance(f, list) for f in json.loads(r.tables).values())]

    def since(self, head: str) -> int | None:
        """How often something was published after the chain had this head; None where it never had."""
        with self._transaction() as db:
            return chain.since(db, head)

    def faults(self) -> list[str]:
        """Where the chain, or what stands beside it, is not as it was published; one line each."""
        with self._transaction() as db:
            return chain.faults(db)


def _add(db: sa.Connection, segments: Iterable[Segment]) -> None:
    rows = [asdict(s) for s in segments]
    if rows:
        db.execute(SEGMENTS.insert(), [{"tbl": r.pop("table"), **r} for r in rows])
