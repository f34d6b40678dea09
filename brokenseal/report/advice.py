"""What to do next, in the order in which it should be done; chosen by the verdict and by how they got in."""

from __future__ import annotations

from typing import Any

from brokenseal.report.words import day, many

QUIET = "Do not discuss this by mail: whoever has access to these mailboxes sees it. Use the telephone."
DOORS = {
    "forged token": "Ask the provider, by the token ids among the indicators, whether it ever issued them, and "
    "with which key. A new password does not shut this door.",
    "session or token used elsewhere": "Revoke the sessions of these accounts, then change passwords and look at the "
    "sign-in methods registered since the first access.",
    "delegate or application": "Take away the permission or consent that let the delegate or application in, after "
    "writing down who granted it and when.",
    "mail client synchronising": "Block the device that synchronised, revoke the sessions of these accounts, then "
    "change passwords.",
    "unknown": "Revoke the sessions of these accounts, then change passwords; look for rules, permissions and consents "
    "made since the first access.",
}


def steps(answer: dict[str, Any]) -> list[str]:
    """Sentences, in order."""
    grave = [c for c in answer["cases"] if c["severity"] in ("critical", "high")]
    if answer["verdict"] == "intrusion":
        doors = [DOORS[kind] for kind in sorted({c["how"]["kind"] for c in grave})]
        return [
            QUIET,
            *_export(answer),
            *doors,
            "Decide who must be told: the mailboxes are listed below, each with what was accessed.",
        ]
    if answer["verdict"] == "suspicion":
        return [QUIET, "Ask the persons concerned by telephone whether the visits below were theirs.", *_export(answer)]
    if answer["verdict"] == "cannot tell":
        leads = ["Look through the leads below."] if answer["leads"] else []
        return ["Hand over what the gaps below name, and run this again.", *leads, *_export(answer)]
    return ["Look through the leads below; nothing else is urgent.", *_export(answer)]


def _export(answer: dict[str, Any]) -> list[str]:
    """The provider deletes logs; what is not exported by then cannot be looked at again."""
    streams = [s for c in answer["coverage"] for s in c["streams"] if s["stream"] not in ("access", "unified-audit")]
    if not streams:
        return ["Export the sign-in logs now, all kinds of them: the provider keeps them for thirty days only."]
    first = min(streams, key=lambda s: (s["expires"], s["stream"]))
    return [
        f"Export the logs again now, and keep the export: the provider deletes sign-ins after thirty days by default, "
        f"the first of those seen here (of {day(first['from'])}) on {day(first['expires'])}."
    ]


def unread(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Inputs of which nothing, or not all, could be looked at: what is wrong with a file as a whole has no row."""
    return [i for i in answer["inputs"] if any(r["row"] is None for r in i["rejected"]["first"])]


def headline(answer: dict[str, Any]) -> str:
    """What was found, in a sentence."""
    cases = answer["cases"]
    boxes = {(m["tenant_id"], m["mailbox"]) for c in cases for m in c["mailboxes"]}
    if not cases:
        covered = sum(c["mailboxes"] for c in answer["coverage"])
        return f"No record of access by an intruder in the logs of {many(covered, 'mailbox')}, as far as they reach."
    tenants = {m[0] for m in boxes}
    where = f"{many(len(boxes), 'mailbox')} in {many(len(tenants), 'organisation')}"
    return f"{many(len(cases), 'case')}: {where}, accessed in a way that does not fit."
