"""One dossier a mailbox: all that concerns it, and nothing of anybody else's.

Why: each of those concerned is told what concerns him, and no more; a list of victims is itself a secret. How: a dossier is
made of the mailbox's own acts, findings, messages and gaps; the page prints one alone where its address names it. Where
there are thousands, each shows less, and says how much more answer.json holds, so that the page still opens at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brokenseal.report import timeline
from brokenseal.report.blind import alike
from brokenseal.report.language import Language
from brokenseal.report.names import Names
from brokenseal.report.rarities import by_sentence

MANY = 150
"""Above so many dossiers each shows less, and names a reason's innocent explanations without what would decide."""
SHARE = 1_000_000
"""Bytes that messages and visits of all dossiers may take together, about."""
ITEM_BYTES, ACT_BYTES = 110, 110
ORPHAN = "unissued_token"
"""The reason that speaks of orphans, and holds their innocent explanations."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Room:
    """How much one dossier may show."""

    items: int
    acts: int
    whole: bool
    """Reasons with all their innocent explanations."""


def room(answer: Row) -> Room:
    """The room of each dossier of this answer."""
    number = sum(len(c["mailboxes"]) for c in answer["cases"])
    if number <= MANY:
        return Room(items=max(50, 4_000 // max(number, 1)), acts=200, whole=True)
    share = SHARE // number
    return Room(items=max(1, share * 6 // 10 // ITEM_BYTES), acts=max(1, share * 4 // 10 // ACT_BYTES), whole=False)


def said_of(answer: Row) -> dict[str, list[Row]]:
    """Act to what people said of it."""
    out: dict[str, list[Row]] = {}
    for word in answer["decisions"]:
        for act in word["acts"]:
            out.setdefault(act, []).append(word)
    return out


def _said(acts: list[Row], said: dict[str, list[Row]]) -> list[Row]:
    """Each word on one of these acts, once."""
    found = {id(word): word for act in acts for word in said.get(act["act_id"], ())}
    return list(found.values())


def dossiers(answer: Row, blind: timeline.Blind, names: Names, lang: Language) -> list[Row]:
    """Of each case, each mailbox, organisations in the order of names: its acts, reasons, people's words, and gaps."""
    out, said = [], said_of(answer)
    for number, case in enumerate(answer["cases"], start=1):
        acts: dict[str | None, list[Row]] = {}
        for act in case["acts"]:
            acts.setdefault(act["mailbox"], []).append(act)
        findings: dict[str, list[Row]] = {}
        for f in case["findings"]:
            findings.setdefault(f["act_id"], []).append(f)
        for place, box in sorted(enumerate(case["mailboxes"]), key=lambda p: names.order(p[1]["tenant_id"])):
            own = acts.get(box["mailbox"], [])
            found = [f for a in own for f in findings.get(a["act_id"], [])]
            out.append(
                {
                    "id": f"d{number}-{place}",
                    "number": number,
                    "case": case,
                    "box": box,
                    "acts": own,
                    "reasons": by_sentence(found, lang),
                    "heaviest": _heaviest(own),
                    "linked": any(a["link_bits"] for a in own),
                    "said": _said(own, said),
                    "subjects": _subjects(box["messages"]),
                    "alike": _same(box["messages"]),
                    "by_word": any(a["basis"] == "person" for a in own),
                    "orphan": any(a["link"] == "orphan" for a in own),
                    "bare_orphan": any(a["link"] == "orphan" for a in own)
                    and not any(f["evidence"] == ORPHAN for f in found),
                    "gaps": alike(
                        [
                            *blind.of_mailbox(box["tenant_id"], box["mailbox"]),
                            *(g for g in blind.of_tenant(box["tenant_id"]) if _concerns(g)),
                        ]
                    ),
                }
            )
    return out


def _concerns(gap: Row) -> bool:
    """Whether a gap of an organisation is told to the owner of a mailbox; what to export is told to who administers it."""
    return gap["tenant_id"] is not None and gap["kind"] != "expiring"


def _subjects(messages: list[Row]) -> str:
    """Whether all, some or none of these messages have a subject."""
    named = sum(bool(m["subject"]) for m in messages)
    return "all" if named == len(messages) else "some" if named else "none"


def _same(messages: list[Row]) -> tuple[str, str] | None:
    """Certainty and whose access it was, where they are the same for all; None else."""
    told = {(m["certainty"], m["by"]) for m in messages}
    return told.pop() if len(told) == 1 else None


def _heaviest(acts: list[Row]) -> Row | None:
    """The visit that weighs most; none where none weighs anything."""
    weighing = [a for a in acts if any(a["weighed"].values())]
    return min(weighing, key=lambda a: (-a["bits"], a["first"], a["act_id"])) if weighing else None
