"""The one error tree.

BrokensealError
├── UsageError      the call's words are off: exit 64
├── InputError      a file, or a row of it, cannot be read
├── LakeError       the lake is damaged, or is not one
│   └── LockError   another writer holds the lake
└── QueryError      a person's SQL is not one SELECT over the lake's tables

An error says in one line where it happened and what to do; `cli` prints that line and nothing else.
"""

from __future__ import annotations


class BrokensealError(Exception):
    """Base of all errors that brokenseal raises on purpose."""

    exit_code = 1


class UsageError(BrokensealError):
    """The command was called with words that make no sense together."""

    exit_code = 64


class InputError(BrokensealError):
    """An input, or a part of it, cannot be read; the message names the file."""


class LakeError(BrokensealError):
    """The lake is damaged, of another version, or not a lake."""


class LockError(LakeError):
    """Another writer holds the lake; the message names its process."""


class QueryError(BrokensealError):
    """A query is not one SELECT over the lake's tables."""

    exit_code = 64
