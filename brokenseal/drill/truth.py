"""What really happened in an invented world: what the answer is scored against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from brokenseal.drill.chance import stamp
from brokenseal.drill.life import Opened


@dataclass(frozen=True)
class HostileVisit:
    """One visit of the intruder: the mailbox, from which address, with what, and what each access left."""

    tenant_id: str
    mailbox: str
    ip: str
    user_agent: str
    opened: Sequence[Opened]


@dataclass
class Robbed:
    """What the intruder did to one mailbox. Logged accesses and unlogged ones are two lists; times are UTC."""

    tenant_id: str
    mailbox: str
    first_access: str = ""
    last_access: str = ""
    record_ids: list[str] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    visits: list[dict[str, object]] = field(default_factory=list)
    unlogged: list[dict[str, str]] = field(default_factory=list)

    def add(self, visit: HostileVisit) -> None:
        """Remember one visit. First and last are those of logged accesses."""
        logged = [one for one in visit.opened if one.record]
        for one in visit.opened:
            if not one.record:
                self.unlogged += [{"time": _time(one.moment), "message_id": m.message_id} for m in one.messages]
        if not logged:
            return
        first, last = _time(min(o.moment for o in logged)), _time(max(o.moment for o in logged))
        records = [str(one.record) for one in logged]
        self.first_access = min(self.first_access or first, first)
        self.last_access = max(self.last_access, last)
        self.record_ids += records
        self.message_ids = sorted({*self.message_ids, *(m.message_id for o in logged for m in o.messages)})
        self.addresses = sorted({*self.addresses, visit.ip})
        self.visits.append(
            {"first": first, "last": last, "ip": visit.ip, "user_agent": visit.user_agent, "record_ids": records}
        )


@dataclass
class Truth:
    """A world's truth. `robbed` is by mailbox; a quiet world has none."""

    seed: int
    intruder: str | None
    tenants: list[str]
    robbed: dict[str, Robbed]
    addresses: list[str]
    lines: int = 0

    @property
    def mailboxes(self) -> list[str]:
        """The robbed mailboxes, sorted."""
        return sorted(self.robbed)

    @property
    def first_access(self) -> str | None:
        """The campaign's first logged access, over all mailboxes."""
        return min((r.first_access for r in self.robbed.values() if r.first_access), default=None)

    def write(self, path: Path) -> None:
        """As JSON, the same bytes for the same world."""
        robbed = sorted({r.tenant_id for r in self.robbed.values()})
        summary = {"mailboxes": self.mailboxes, "first_access": self.first_access, "robbed_tenants": robbed}
        path.write_text(json.dumps({**asdict(self), **summary}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _time(moment: int) -> str:
    return stamp(moment) + "Z"
