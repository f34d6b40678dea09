"""What a custody list may say, and which input a line of it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

STATED = ("file", "sha256", "act", "who", "to_whom", "time", "account", "query", "note")
"""What a custody list may say of a file; all of it text, as it was stated."""


def spoken_of(stated: Mapping[str, str | None], inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The input's hash, and whether it is the one stated: by hash, else by path, else by a name that one input has."""
    digest, file = stated["sha256"], stated["file"]
    known = {i["file_sha256"] for i in inputs}
    if digest in known:
        return {"file_sha256": digest, "stated_sha256": digest, "agrees": True}
    same = {i["file_sha256"] for i in inputs if file is not None and i["path"] == file}
    name = PurePath(file.replace("\\", "/")).name if file else None
    same = same or {i["file_sha256"] for i in inputs if name is not None and PurePath(i["path"]).name == name}
    found = same.pop() if len(same) == 1 else None
    return {"file_sha256": found, "stated_sha256": digest, "agrees": None if None in (found, digest) else False}
