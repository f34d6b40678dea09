"""The one error tree.

BrokensealError
├── UsageError      the call's words are off: exit 64
├── InputError      a file, or a row of it, cannot be read
├── LakeError       the lake is damaged, or is not one
│   └── LockError   another writer holds the lake
├── QueryError      a person's SQL is not one SELECT over the lake's tables
├── PolicyError     a policy or its key set says less than a token can be judged by
└── TokenRefused    a token that a policy does not let in; says by which rule and why

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


class PolicyError(BrokensealError):
    """A token policy, or the key set it stands on, is broken or says too little to judge by."""

    exit_code = 64


class TokenRefused(BrokensealError):
    """A token was refused. `code` and `rule` name the rule, `reason` says why, `record` is what may be logged of it."""

    exit_code = 3

    def __init__(self, code: str, rule: int, reason: str, record: dict[str, object]) -> None:
        super().__init__(f"refused by rule {rule}, {code}: {reason}")
        self.code, self.rule, self.reason, self.record = code, rule, reason, record
