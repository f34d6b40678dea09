"""A verb called as a person calls it, in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from brokenseal import cli


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> Done:
    """Exit code and what was printed."""
    monkeypatch.setattr(sys, "argv", ["brokenseal", *(str(w) for w in words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capsys.readouterr()
    return Done(int(end.value.code or 0), printed.out, printed.err)
