"""The answer's contract: its schema, its check, and its bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

FILE = Path(__file__).with_name("answer.schema.json")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of answer.json."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(schema())


def validate(answer: Mapping[str, Any]) -> None:
    """Raise jsonschema_rs.ValidationError where the answer does not keep the contract."""
    _validator().validate(answer)


def dump(answer: Mapping[str, Any]) -> bytes:
    """The one way to write an answer: UTF-8, keys in the contract's order, one space a level, a line end at the end."""
    return msgspec.json.format(msgspec.json.encode(answer), indent=1) + b"\n"
