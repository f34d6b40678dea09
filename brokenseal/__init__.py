"""brokenseal: who opened which mailboxes, since when, which messages, and what the logs cannot show."""

from brokenseal.errors import (
    BrokensealError,
    InputError,
    LakeError,
    LockError,
    PolicyError,
    QueryError,
    TokenRefused,
    UsageError,
)

__version__ = "0.1.0"
__all__ = [
    "BrokensealError",
    "InputError",
    "LakeError",
    "LockError",
    "PolicyError",
    "QueryError",
    "TokenRefused",
    "UsageError",
    "__version__",
]
