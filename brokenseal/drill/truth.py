"""What really happened in an invented world: what the answer is scored against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from brokenseal.drill.chance import stamp
from brokenseal.drill.life import Opened
from brokenseal.drill.people import FOLDERS
from brokenseal.drill.silence import Blind

Row = dict[str, Any]


@dataclass(frozen=True)
class HostileVisit:
    """One visit of an intruder: the mailbox, from which address, with what, and what each access left.

    campaign: what ought to end as one case carries one name.
    """

    tenant_id: str
    mailbox: str
    ip: str
    user_agent: str
    campaign: str
    opened: Sequence[Opened]


@dataclass
class Robbed:
    """What the intruder did to one mailbox, as the logs tell it. Times are UTC."""

    tenant_id: str
    mailbox: str
    first_access: str = ""
    last_access: str = ""
    record_ids: list[str] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    visits: list[Row] = field(default_factory=list)

    def add(self, visit: HostileVisit) -> None:
        """Remember what the logs show of one visit."""
        logged = [one for one in visit.opened if one.record]
        if not logged:
            return
        first, last = _time(min(o.moment for o in logged)), _time(max(o.moment for o in logged))
        records = [str(one.record) for one in logged]
        self.first_access = min(self.first_access or first, first)
        self.last_access = max(self.last_access, last)
        self.record_ids += records
        self.message_ids = sorted({*self.message_ids, *(m.message_id for o in logged for m in o.messages)})
        self.folders = sorted({*self.folders, *(_path(o.folder) for o in logged if o.folder is not None)})
        self.addresses = sorted({*self.addresses, visit.ip})
        self.visits.append(
            {
                "first": first, "last": last, "ip": visit.ip, "user_agent": visit.user_agent, "campaign": visit.campaign,
                "record_ids": records,
            }
        )  # fmt: skip


@dataclass
class Truth:
    """A world's truth; a quiet world has nobody in it.

    robbed: by mailbox, what the logs show. logged, unlogged: every hostile access, a row a record or, where no log shows
    it, a row an access, with the reason (throttled, suppressed, not audited, lost). blind: when no log would show one.
    """

    seed: int
    intruder: str | None
    tenants: list[str]
    robbed: dict[str, Robbed]
    logged: list[Row] = field(default_factory=list)
    unlogged: list[Row] = field(default_factory=list)
    blind: list[Row] = field(default_factory=list)
    lines: int = 0

    def add(self, visits: Iterable[HostileVisit]) -> None:
        """Remember hostile visits."""
        for visit in visits:
            if any(one.record for one in visit.opened):
                self.robbed.setdefault(visit.mailbox, Robbed(visit.tenant_id, visit.mailbox)).add(visit)
            for one in visit.opened:
                row: Row = {
                    "time": _time(one.moment), "tenant_id": visit.tenant_id, "mailbox": visit.mailbox,
                    "campaign": visit.campaign, "message_ids": sorted(m.message_id for m in one.messages),
                    "folder": None if one.folder is None else _path(one.folder),
                }  # fmt: skip
                if one.record:
                    self.logged.append({**row, "record_id": one.record})
                else:
                    self.unlogged.append({**row, "why": one.why})

    @property
    def mailboxes(self) -> list[str]:
        """The robbed mailboxes, sorted."""
        return sorted(self.robbed)

    @property
    def addresses(self) -> list[str]:
        """All that he came from, sorted."""
        return sorted({address for robbed in self.robbed.values() for address in robbed.addresses})

    @property
    def first_access(self) -> str | None:
        """The campaign's first logged access, over all mailboxes."""
        return min((r.first_access for r in self.robbed.values() if r.first_access), default=None)

    def write(self, path: Path) -> None:
        """As JSON, the same bytes for the same world."""
        robbed = sorted({r.tenant_id for r in self.robbed.values()})
        summary = {
            "mailboxes": self.mailboxes, "first_access": self.first_access, "robbed_tenants": robbed,
            "addresses": self.addresses,
        }  # fmt: skip
        path.write_text(json.dumps({**asdict(self), **summary}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def blind(found: Iterable[Blind], tenant_id: str, end: int) -> list[Row]:
    """The times in which an organisation's log kept silent, as rows; none goes on after `end`."""
    return [
        {"tenant_id": tenant_id, "mailbox": b.box, "from": _time(b.begin), "to": _time(min(b.end, end)), "why": b.why}
        for b in found
        if b.begin < end
    ]


def _time(moment: int) -> str:
    return stamp(moment) + "Z"


def _path(folder: int) -> str:
    """A folder's path as a reader of the log sees it, without JSON's second backslash."""
    return FOLDERS[folder].replace("\\\\", "\\")
