"""Questions for the provider, numbered, open until answered.

Why: the provider holds what settles most doubts, and answers questions that name ids. How: each kind of case and each kind of
gap has its questions; the ids come from the answer. Numbers follow the order of the answer, so that they stay the same
for the same inputs.
"""

from __future__ import annotations

from typing import Any

from brokenseal.report import blind
from brokenseal.report.language import Language, marked
from brokenseal.report.names import Names

MOST_IDS = 12
MOST_CARRIED = 500
"""Tokens and sessions: the provider can look up each, so all are listed as long as a person can hand them over."""
CARRIED = {"token": "token_id", "session": "session_id"}
OF_KIND = {
    "token of unknown origin": (
        (marked("Were these tokens ever issued by you, when, to whom, and signed with which key?"), "token"),
        (
            marked(
                "If you did not issue them: which key signed them, and which other mailboxes, of any organisation, were opened "
                "with tokens signed by it?"
            ),
            "token",
        ),
        (
            marked(
                "If you did issue them: which sign-in opened these sessions, by which method, and from which addresses were they "
                "used since?"
            ),
            "session",
        ),
    ),
    "session or token used elsewhere": (
        (
            marked(
                "Which sign-in opened these sessions, with which method, and from which addresses were they used since?"
            ),
            "session",
        ),
    ),
    "delegate or application": (
        (marked("Who gave this access to these mailboxes, when, and from which address?"), "client"),
    ),
    "mail client synchronising": (
        (marked("Which devices hold a copy of these mailboxes, and when did each synchronise last?"), "client"),
    ),
    "unknown": (
        (marked("Which sign-ins and which tokens stand behind the accesses from these addresses?"), "address"),
    ),
}  # fmt: skip
ALWAYS = (marked("What did these addresses do elsewhere in your services in this time?"), "address")
OF_GAP = {
    "throttled": marked("Which messages were accessed in these mailboxes while the single records were held back?"),
    "sync-only": marked("Which messages lay in the folders that were synchronised, at the time?"),
    "no-token-ids": marked("Which tokens stand behind the accesses whose records carry none?"),
    "no-issuance-log": marked(
        "Please hand over all sign-in logs of this time, of every kind, as far as you still hold them."
    ),
    "short-issuance-log": marked(
        "Please hand over the sign-in logs of the time that those here do not cover, as far as you still hold them."
    ),
    "log-starts": marked("Since when were accesses to these mailboxes logged, and why not before?"),
    "log-stops": marked("Why does the log hold no more accesses to these mailboxes?"),
    "log-pauses": marked("Why does the log hold no accesses to these mailboxes for a time?"),
    "lost-hours": marked("Please hand over again the records of the hours in which none came through."),
    "conflicting-copies": marked(
        "Which of the disagreeing copies of these records is yours, and why is there another?"
    ),
    "untimed": marked("At which times did the accesses happen whose records carry none?"),
}
Row = dict[str, Any]


def asks(answer: Row, lang: Language) -> list[Row]:
    """Questions: number, text, of (which case or gaps), ids, and how many more there are.

    what: what the ids are; same: the number of the question whose ids this one asks about too.
    """
    out: list[Row] = []
    for nth, case in enumerate(answer["cases"], start=1):
        first: dict[str, int] = {}
        for text, kind in (*OF_KIND.get(case["how"]["kind"], OF_KIND["unknown"]), ALWAYS):
            values = _values(case, kind)
            if not values:
                continue
            ask = {"text": lang.t(text), "of": lang.t("Case {n}", n=lang.number(nth))}
            if kind in first:
                out.append({**ask, "ids": [], "more": 0, "same": lang.number(first[kind])})
                continue
            out.append({**ask, **_listed(values, kind, lang)})
            first[kind] = len(out)
    known = Names(answer, lang)
    kinds = {g["kind"] for g in answer["gaps"]}
    for kind, text in OF_GAP.items():
        if kind in kinds:
            own = [g for g in answer["gaps"] if g["kind"] == kind]
            names = sorted({_place(g, known) for g in own} - {""})
            out.append(
                {
                    "text": lang.t(text),
                    "of": blind.named(kind, lang),
                    "ids": names[:MOST_IDS],
                    "more": len(names[MOST_IDS:]),
                }
            )
    return [{**ask, "number": lang.number(n)} for n, ask in enumerate(out, start=1)]


def _place(gap: Row, known: Names) -> str:
    """The mailbox or organisation of a gap, as text."""
    return str(gap["mailbox"] or (known.of(gap["tenant_id"]).striptags() if gap["tenant_id"] else ""))


def _values(case: Row, kind: str) -> list[str]:
    """All that the case holds of a kind: tokens and sessions of every visit, of the rest what is rare among benign visits."""
    if kind in CARRIED:
        return sorted({a[CARRIED[kind]] for a in case["acts"]} - {None})
    if kind == "client":
        return sorted({text for i in case["indicators"] if i["type"] == kind for text in i["seen"] or [i["value"]]})
    return [i["value"] for i in case["indicators"] if i["type"] == kind]


def _listed(values: list[str], kind: str, lang: Language) -> Row:
    most = MOST_CARRIED if kind in CARRIED else MOST_IDS
    told = {"ids": values[:most], "more": len(values[most:])}
    if kind == "token":
        told["what"] = lang.tn(
            "{n} token id, all that this case holds:", "{n} token ids, all that this case holds:", len(values)
        )
    if kind == "session":
        told["what"] = lang.tn(
            "{n} session id, all that this case holds:", "{n} session ids, all that this case holds:", len(values)
        )
    return told
