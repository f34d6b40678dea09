"""The doors to shut, in order: each with where it is shut, how, and by whom.

What: steps for each way in. Why: who is told "revoke the sessions" at night asks where, and who may; and a door shut before
the evidence is kept tells the intruder, and leaves nothing to look at. How: steps of a way in come in sets, since a way in
that has two explanations has two sets of doors, and both are shut. Misses: whether a door is shut already; that needs an
export of the present settings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from markupsafe import Markup

from brokenseal.report.how import TOKEN
from brokenseal.report.language import Language, marked

GRAVE = ("critical", "high")
Row = dict[str, Any]


class Door(NamedTuple):
    """One step: what, where, how in words, a command that does the same (or empty), and who may."""

    what: str
    where: str
    how: str
    command: str
    who: str


KEEP = Door(
    marked("First keep the evidence"),
    marked("Microsoft Purview portal, Audit; Microsoft Entra admin centre, Sign-in logs"),
    marked(
        "Export what “Export now” names, and the rules and permissions of these mailboxes. Note who exports, and when."
    ),
    "Get-InboxRule -Mailbox MAILBOX -IncludeHidden; Get-MailboxPermission -Identity MAILBOX",
    marked("whoever may look at audit logs; it needs no right to change anything"),
)
SESSIONS = Door(
    marked("Sessions of these persons"),
    marked("Microsoft Entra admin centre, Users, the person"),
    marked("Choose “Revoke sessions”. A token that is out already may still hold for an hour or more."),
    "Revoke-MgUserSignInSession -UserId PERSON",
    marked("an administrator of users"),
)
METHODS = Door(
    marked("Passwords and sign-in methods"),
    marked("Microsoft Entra admin centre, Users, the person, Authentication methods"),
    marked(
        "Reset the password, require that sign-in methods be registered again, remove those that the person does not know."
    ),
    "Get-MgUserAuthenticationMethod -UserId PERSON",
    marked("an administrator of authentication"),
)
DEVICE = Door(
    marked("The device or browser that it was taken from"),
    marked("Microsoft Entra admin centre, Devices"),
    marked("Disable the device, and look for what takes cookies and tokens from it, before it is used again."),
    "Update-MgDevice -DeviceId DEVICE -AccountEnabled:$false",
    marked("an administrator of devices"),
)
BACK = Door(
    marked("Ways back in"),
    marked("Exchange admin centre, Mailboxes; Microsoft Entra admin centre, Enterprise applications"),
    marked(
        "Look for rules, forwarding, permissions and consents made since the first access; remove what nobody knows."
    ),
    "Get-InboxRule -Mailbox MAILBOX -IncludeHidden",
    marked("an administrator of mail, and one of applications"),
)
PROVIDER = Door(
    marked("A signing key of the provider"),
    marked("A support request of the highest severity, by telephone"),
    marked("Hand over the questions and ids below: only the provider can tell what it issued, and withdraw a key."),
    "",
    marked("whoever holds the contract with the provider"),
)
FEDERATION = Door(
    marked("The organisation's own signing key, where it federates"),
    marked("AD FS, or whatever else signs people in"),
    marked("Rotate the signing key twice, so that the old one is trusted no more."),
    "Update-AdfsCertificate -CertificateType Token-Signing -Urgent",
    marked("an administrator of that service"),
)
APPLICATIONS = Door(
    marked("Keys and secrets of applications that may open mailboxes"),
    marked("Microsoft Entra admin centre, App registrations, Certificates & secrets"),
    marked("Remove what nobody knows, and replace the rest."),
    "Get-MgApplication -All -Property DisplayName,KeyCredentials,PasswordCredentials",
    marked("an administrator of applications"),
)
ADDRESSES = Door(
    marked("The addresses of the case"),
    marked("Microsoft Entra admin centre, Conditional Access, Named locations"),
    marked("Block the addresses among the indicators. It slows an intruder and ends no forged token for sure."),
    "",
    marked("an administrator of Conditional Access"),
)
GRANT = Door(
    marked("The delegate's permission"),
    marked("Exchange admin centre, Mailboxes, Delegation"),
    marked("Write down who granted it and when; then take it away."),
    "Remove-MailboxPermission -Identity MAILBOX -User DELEGATE -AccessRights FullAccess",
    marked("an administrator of mail"),
)
CONSENT = Door(
    marked("The application's consent"),
    marked("Microsoft Entra admin centre, Enterprise applications, the application"),
    marked("Write down who consented and when; then switch its sign-in off, and review its permissions."),
    "Update-MgServicePrincipal -ServicePrincipalId APPLICATION -AccountEnabled:$false",
    marked("an administrator of applications"),
)
SYNCHRONISED = Door(
    marked("The device that synchronised"),
    marked("Exchange admin centre, Mailboxes, Mobile devices"),
    marked("Block it. What it has copied stays on it."),
    "Set-CASMailbox -Identity MAILBOX -ActiveSyncBlockedDeviceIDs @{Add='DEVICE'}",
    marked("an administrator of mail"),
)
ALL = marked("Whatever the explanation")
STOLEN = marked("If a session or token was stolen")
FORGED = marked("If tokens were forged with a signing key")
SETS: dict[str, tuple[tuple[str, tuple[Door, ...]], ...]] = {
    TOKEN: (
        (ALL, (KEEP,)),
        (STOLEN, (SESSIONS, METHODS, DEVICE, BACK)),
        (FORGED, (PROVIDER, FEDERATION, APPLICATIONS, ADDRESSES)),
    ),
    "session or token used elsewhere": ((ALL, (KEEP, SESSIONS, METHODS, DEVICE, BACK)),),
    "delegate or application": ((ALL, (KEEP, GRANT, CONSENT, SESSIONS, BACK)),),
    "mail client synchronising": ((ALL, (KEEP, SYNCHRONISED, SESSIONS, METHODS)),),
    "unknown": ((ALL, (KEEP, SESSIONS, METHODS, BACK)),),
}
"""Way in to its sets of doors, in the order in which they are shut."""


def ways(answer: Row) -> dict[str, list[int]]:
    """The ways in of grave cases, each with the numbers of its cases."""
    kinds: dict[str, list[int]] = {}
    for n, case in enumerate(answer["cases"], start=1):
        if case["severity"] in GRAVE:
            kinds.setdefault(case["how"]["kind"], []).append(n)
    return {kind: kinds[kind] for kind in sorted(kinds)}


def doors(answer: Row, lang: Language) -> list[Row]:
    """Sets of steps: title, of (which cases), and steps numbered through within a way in."""
    out = []
    for kind, cases in ways(answer).items():
        number = 0
        for title, steps in SETS.get(kind, SETS["unknown"]):
            told = [{"number": lang.number(number + n), **_told(door, lang)} for n, door in enumerate(steps, start=1)]
            number += len(steps)
            out.append({"title": lang.t(title), "of": _of(cases, answer, lang), "steps": told})
    return out


def _of(cases: list[int], answer: Row, lang: Language) -> Markup:
    """Whose set it is, where there are several cases."""
    if len(answer["cases"]) == 1:
        return Markup("")
    return lang.tn(
        "case {cases}", "cases {cases}", len(cases), cases=lang.listed([Markup(lang.number(n)) for n in cases])
    )


def _whole(command: str) -> Markup:
    """A command whose words no line breaks: a hyphen at a line's end would be taken for part of it, or not."""
    return Markup(" ").join(Markup('<span class="nowrap">{}</span>').format(word) for word in command.split(" "))


def _told(door: Door, lang: Language) -> Row:
    return {
        "what": lang.t(door.what),
        "where": lang.t(door.where),
        "how": lang.t(door.how),
        "commands": [_whole(c) for c in door.command.split("; ") if c],
        "who": lang.t(door.who),
    }
