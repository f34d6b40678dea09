"""Records to files, as an export leaves them: some twice, some a file late, out of order, a few sign-ins lost."""

from __future__ import annotations

import gzip
from pathlib import Path
from random import Random

REPEATED = 1 / 3
"""Share of audit records written twice, half of them in the next file: a quarter of the lines are repeats."""
LATE = 0.03
SIGN_IN_REPEATED = 0.03
SIGN_IN_LOST = 0.005
JITTER_SECONDS = 5400
WEEK = 7
ARRAYS = 4
"""Every so many weeks come as a gzipped array."""
Placed = list[tuple[float, str]]


class Export:
    """The files of one organisation. Holds a week in memory, then writes it.

    The audit log comes as one file a week: JSON lines, and every fourth as a gzipped array. Sign-ins come as one file a
    stream: lines for organisations of even number, a page of `{"value": [...]}` for the others.
    """

    def __init__(self, logs: Path, domain: str, number: int, rng: Random) -> None:
        self.written = 0
        self.signed_from = 0
        self.outages: tuple[tuple[int, int], ...] = ()
        self._rng = rng
        self._lines: list[tuple[int, str]] = []
        self._late: list[tuple[int, str]] = []
        self._signins: dict[str, list[tuple[int, str]]] = {}
        self._paged = number % 2 == 1
        self._started: set[str] = set()
        self._weeks = 0
        self._audit, self._signin = logs / "audit" / domain, logs / "signins" / domain
        self._audit.mkdir(parents=True, exist_ok=True)

    def audit(self, moment: int, line: str) -> None:
        """One record of the unified audit log, at seconds since 1970; what falls into an outage never came through."""
        if not any(begin < moment < end for begin, end in self.outages):
            self._lines.append((moment, line))

    def signin(self, stream: str, moment: int, line: str) -> None:
        """One sign-in; one in two hundred is lost, and none is kept from before `signed_from`."""
        if self._rng.random() >= SIGN_IN_LOST and moment >= self.signed_from:
            self._signins.setdefault(stream, []).append((moment, line))

    def flush(self, *, last: bool = False) -> None:
        """Write what is held: the audit log's week, and the sign-ins of it. `last` ends the files."""
        self._write_audit([line for _, line in sorted(self._placed(last))])
        for stream in sorted(self._signins):
            self._write_signins(stream, self._signins.pop(stream))
        if last and self._paged:
            for stream in sorted(self._started):
                self._append(stream, "\n]}\n")

    def _placed(self, last: bool) -> Placed:
        """The week's lines with the moment that orders them in the file; what comes late waits for the next."""
        draw = self._rng.random
        placed: Placed = [(moment + draw() * JITTER_SECONDS, line) for moment, line in self._late]
        waiting: list[tuple[int, str]] = []
        for moment, line in self._lines:
            if draw() < LATE and not last:
                waiting.append((moment, line))
            else:
                placed.append((moment + draw() * JITTER_SECONDS, line))
            if draw() < REPEATED:
                if draw() < 0.5 and not last:
                    waiting.append((moment, line))
                else:
                    placed.append((moment + draw() * 16 * JITTER_SECONDS, line))
        self._late, self._lines = waiting, []
        return placed

    def _write_audit(self, lines: list[str]) -> None:
        self._weeks += 1
        self.written += len(lines)
        path = self._audit / f"audit-week-{self._weeks:02d}.json"
        if self._weeks % ARRAYS != 2:
            path.write_bytes("".join(f"{line}\n" for line in lines).encode())
            return
        # without a name and a time in its header, the same lines make the same bytes
        with (
            path.with_suffix(".json.gz").open("wb") as file,
            gzip.GzipFile("", "wb", 3, file, mtime=0) as packed,
        ):
            packed.write(("[" + ",\n".join(lines) + "]").encode())

    def _write_signins(self, stream: str, held: list[tuple[int, str]]) -> None:
        held = held + [one for one in held if self._rng.random() < SIGN_IN_REPEATED]
        # the API tells the newest first
        held.sort(reverse=True)
        lines = [line for _, line in held]
        self.written += len(lines)
        if self._paged:
            self._append(stream, (",\n" if stream in self._started else '{"value":[\n') + ",\n".join(lines))
        else:
            self._append(stream, "".join(f"{line}\n" for line in lines))

    def _append(self, stream: str, text: str) -> None:
        self._signin.mkdir(parents=True, exist_ok=True)
        with (self._signin / f"{stream}.json").open("ab" if stream in self._started else "wb") as file:
            file.write(text.encode())
        self._started.add(stream)
