"""What a lake holds, in one small database.

What: inputs, segments, runs, and a hash chain of all that was published. Why: a file is taken in once, whole or not at
all, and a reader sees only what was published. How: SQLAlchemy Core, one transaction a publication; the files come first
and the rows make them count, so a killed writer leaves files that no row knows, never rows without files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from brokenseal import schema
from brokenseal.errors import LakeError

_META = sa.MetaData()
_FACTS = sa.Table("facts", _META, sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String))
_INPUTS = sa.Table(
    "inputs",
    _META,
    sa.Column("file_sha256", sa.String, primary_key=True),
    *(sa.Column(name, sa.String) for name in ("path", "format", "shape", "note", "taken_at")),
    *(sa.Column(name, sa.BigInteger) for name in ("size", "rows", "rejected")),
)
_SEGMENTS = sa.Table(
    "segments",
    _META,
    sa.Column("file", sa.String, primary_key=True),
    *(sa.Column(n, sa.String) for n in ("tbl", "tenant_first", "tenant_last", "time_first", "time_last")),
    sa.Column("rows", sa.BigInteger),
    sa.Column("size", sa.BigInteger),
    sa.Column("retired_at", sa.Float),
)
_RUNS = sa.Table(
    "runs",
    _META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.String) for name in ("run_id", "folder", "tables")),
    sa.Column("retired_at", sa.Float),
)
_CHAIN = sa.Table(
    "chain",
    _META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *(sa.Column(name, sa.String) for name in ("kind", "payload", "hash")),
)


@dataclass(frozen=True)
class Segment:
    """One Parquet file of one table: `file` is its path within the lake; ranges are for pruning."""

    table: str
    file: str
    rows: int
    size: int = 0
    tenant_first: str | None = None
    tenant_last: str | None = None
    time_first: str | None = None
    time_last: str | None = None


@dataclass(frozen=True)
class FileTaken:
    """What became of one input."""

    file_sha256: str
    path: str
    format: str
    shape: str
    size: int
    rows: int
    rejected: int
    note: str | None
    segments: tuple[Segment, ...]


class Ledger:
    """The database of one lake. `url`: SQLite for a laptop; a PostgreSQL URL serves a team."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _careful)

    @classmethod
    def at(cls, path: Path, *, create: bool) -> Ledger:
        """The ledger of the lake in this folder."""
        if not create and not (path / "ledger.db").exists():
            raise LakeError(f"{path} is not a lake: no ledger.db in it")
        return cls(f"sqlite:///{path / 'ledger.db'}")

    def begin(self) -> None:
        """Make the tables of a new ledger."""
        _META.create_all(self._engine)
        with self._engine.begin() as db:
            if self._fact(db, "schema") is None:
                db.execute(_FACTS.insert().values(name="schema", value=str(schema.VERSION)))

    def _fact(self, db: sa.Connection, name: str) -> str | None:
        return db.execute(sa.select(_FACTS.c.value).where(_FACTS.c.name == name)).scalar()

    def version(self) -> int:
        """The schema version that the derived tables were made with."""
        with self._engine.connect() as db:
            return int(self._fact(db, "schema") or 0)

    def close(self) -> None:
        self._engine.dispose()

    def inputs(self) -> list[dict[str, Any]]:
        """All inputs, ordered by path and hash."""
        with self._engine.connect() as db:
            rows = db.execute(_INPUTS.select().order_by(_INPUTS.c.path, _INPUTS.c.file_sha256))
            return [dict(r._mapping) for r in rows]

    def segments(self) -> dict[str, list[Segment]]:
        """Live segments by table, ordered by file name."""
        out: dict[str, list[Segment]] = {}
        query = _SEGMENTS.select().where(_SEGMENTS.c.retired_at.is_(None)).order_by(_SEGMENTS.c.file)
        with self._engine.connect() as db:
            for r in db.execute(query).mappings():
                row = {k: r[k] for k in r if k not in ("tbl", "retired_at")}
                out.setdefault(r["tbl"], []).append(Segment(table=r["tbl"], **row))
        return out

    def files(self) -> set[str]:
        """Every file that a row knows, retired ones too."""
        with self._engine.connect() as db:
            return {r[0] for r in db.execute(sa.select(_SEGMENTS.c.file))}

    def publish_input(self, taken: FileTaken) -> bool:
        """One input with its segments; False where its bytes are in the lake already."""
        row = {k: v for k, v in asdict(taken).items() if k != "segments"}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        with self._engine.begin() as db:
            known = db.execute(sa.select(_INPUTS.c.path).where(_INPUTS.c.file_sha256 == taken.file_sha256)).first()
            if known:
                return False
            db.execute(_INPUTS.insert().values(**row, taken_at=now))
            self._add(db, taken.segments)
            self._link(db, "input", {**row, "segments": [asdict(s) for s in taken.segments]})
        return True

    def replace(self, new: Iterable[Segment], old: Iterable[str], retired_at: float, kind: str) -> None:
        """New segments published and old ones retired, in one transaction."""
        new, old = list(new), sorted(old)
        with self._engine.begin() as db:
            self._add(db, new)
            for file in old:
                db.execute(_SEGMENTS.update().where(_SEGMENTS.c.file == file).values(retired_at=retired_at))
            if kind == "derived":
                db.execute(_FACTS.update().where(_FACTS.c.name == "schema").values(value=str(schema.VERSION)))
            self._link(db, kind, {"new": [asdict(s) for s in new], "old": old})

    def _add(self, db: sa.Connection, segments: Iterable[Segment]) -> None:
        for s in segments:
            row = asdict(s)
            db.execute(_SEGMENTS.insert().values(tbl=row.pop("table"), **row))

    def retired(self, before: float) -> list[str]:
        """Files retired before that moment."""
        with self._engine.connect() as db:
            rows = db.execute(sa.select(_SEGMENTS.c.file).where(_SEGMENTS.c.retired_at < before))
            return [r[0] for r in rows]

    def forget(self, files: Iterable[str]) -> None:
        """Drop the rows of retired files that are gone."""
        with self._engine.begin() as db:
            for file in files:
                db.execute(_SEGMENTS.delete().where(_SEGMENTS.c.file == file))

    def publish_run(self, run_id: str, folder: str, tables: dict[str, list[str]], retired_at: float) -> None:
        """A run becomes the latest; older ones are retired."""
        payload = {"run_id": run_id, "folder": folder, "tables": tables}
        with self._engine.begin() as db:
            db.execute(_RUNS.update().where(_RUNS.c.retired_at.is_(None)).values(retired_at=retired_at))
            db.execute(_RUNS.insert().values(run_id=run_id, folder=folder, tables=json.dumps(tables, sort_keys=True)))
            self._link(db, "run", payload)

    def run(self) -> tuple[str, dict[str, list[str]]] | None:
        """The latest run: its folder, and its tables' files within the lake."""
        with self._engine.connect() as db:
            r = db.execute(_RUNS.select().where(_RUNS.c.retired_at.is_(None)).order_by(_RUNS.c.number.desc())).first()
        return (r.folder, json.loads(r.tables)) if r else None

    def run_folders(self, retired_before: float) -> tuple[set[str], list[str]]:
        """Folders that a run keeps, and those retired before that moment."""
        with self._engine.connect() as db:
            rows = list(db.execute(_RUNS.select()))
        gone = [r.folder for r in rows if r.retired_at is not None and r.retired_at < retired_before]
        return {r.folder for r in rows} - set(gone), gone

    def head(self) -> str:
        """Hash of the chain's last link; of nothing, zeros."""
        with self._engine.connect() as db:
            return db.execute(sa.select(_CHAIN.c.hash).order_by(_CHAIN.c.number.desc())).scalar() or "0" * 64

    def _link(self, db: sa.Connection, kind: str, payload: dict[str, Any]) -> None:
        last = db.execute(sa.select(_CHAIN.c.hash).order_by(_CHAIN.c.number.desc())).scalar() or "0" * 64
        text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
        link = hashlib.sha256(f"{last}\n{kind}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
        db.execute(_CHAIN.insert().values(kind=kind, payload=text, hash=link))


def _careful(connection: Any, _: Any) -> None:
    """A commit is on disk when it returns; a reader beside a writer waits, up to a minute."""
    cursor = connection.cursor()
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 60000")
    cursor.close()
