"""The doors to shut, in order: each with where it is shut, how, and by whom.

What: steps for each way in. Why: who is told "revoke the sessions" at night asks where, and who may; and shutting changes the
settings that show which doors there were. How: settings are saved and mailboxes put on hold first, which takes minutes; then
the doors are shut; the export of months of logs runs beside it, since shutting deletes no log. Steps of a way in come in
sets, since a way in that has two explanations has two sets of doors, and both are shut. Misses: whether a door is shut
already; that needs an export of the present settings.
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


SAVE = Door(
    marked("Save what shows the doors: minutes"),
    marked("Exchange admin centre, Mailboxes; Microsoft Entra admin centre, Enterprise applications"),
    marked(
        "Save rules, forwarding, permissions, delegates and consents of these mailboxes as they are now: the next steps change "
        "them. These commands only list; put | Export-Clixml FILE behind each to keep what it lists. Note who saved, and when."
    ),
    "Get-InboxRule -Mailbox MAILBOX -IncludeHidden | Format-List; "
    "Get-Mailbox -Identity MAILBOX | Format-List *Forward*,GrantSendOnBehalfTo; "
    "Get-MailboxPermission -Identity MAILBOX; Get-RecipientPermission -Identity MAILBOX; "
    "Get-MailboxFolderPermission -Identity MAILBOX:\\Inbox; "
    "Get-MgUserOauth2PermissionGrant -UserId PERSON -All; Get-MgUserAppRoleAssignment -UserId PERSON -All; "
    "Get-MgOauth2PermissionGrant -All; "
    "Get-MgServicePrincipal -All | % { Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $_.Id -All }",
    marked("whoever may look at mailbox settings and applications; it needs no right to change anything"),
)
HOLD = Door(
    marked("Put these mailboxes on hold: minutes"),
    marked("Microsoft Purview portal, eDiscovery; Exchange admin centre, Mailboxes"),
    marked(
        "A hold keeps what an intruder or a tidy owner deletes from now on. It may take an hour to work, and needs a licence "
        "that allows it."
    ),
    "Set-Mailbox -Identity MAILBOX -LitigationHoldEnabled $true",
    marked("an administrator of mail or of compliance"),
)
EXPORT = Door(
    marked("The long export of logs"),
    marked("Microsoft Purview portal, Audit; Microsoft Entra admin centre, Sign-in logs"),
    marked(
        "Export what “Export now” names. Start it now and let it run beside the other steps: no door waits for it, and shutting "
        "a door deletes no audit log."
    ),
    "",
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
        "Reset the password, require that sign-in methods be registered again, remove those that the person does not know. The "
        "first command only lists them; each kind of method has its own that removes it, as the last does with a telephone."
    ),
    "Get-MgUserAuthenticationMethod -UserId PERSON; "
    "Update-MgUser -UserId PERSON -PasswordProfile @{Password='NEW'}; "
    "Remove-MgUserAuthenticationPhoneMethod -UserId PERSON -PhoneAuthenticationMethodId METHOD",
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
        "Go through what the first step saved: rules, forwarding, permissions and consents made since the first access. Remove "
        "what nobody knows; these commands remove."
    ),
    "Remove-InboxRule -Mailbox MAILBOX -Identity RULE; "
    "Set-Mailbox -Identity MAILBOX -ForwardingAddress $null -ForwardingSmtpAddress $null; "
    "Remove-MailboxPermission -Identity MAILBOX -User DELEGATE -AccessRights FullAccess; "
    "Remove-RecipientPermission -Identity MAILBOX -Trustee DELEGATE -AccessRights SendAs; "
    "Remove-MailboxFolderPermission -Identity MAILBOX:\\Inbox -User DELEGATE; "
    "Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId CONSENT; "
    "Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId APPLICATION -AppRoleAssignmentId ROLE",
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
    marked(
        "Rotate the signing key twice, so that the old one is trusted no more. Beware: with “-Urgent” the new key signs at once, "
        "and nobody of the federated domain can sign in until Microsoft Entra trusts it. Update that trust each time, by the "
        "second command, and keep an administrator at hand whose account is not federated."
    ),
    "Update-AdfsCertificate -CertificateType Token-Signing -Urgent; "
    "Update-MgDomainFederationConfiguration -DomainId DOMAIN -InternalDomainFederationId FEDERATION "
    "-SigningCertificate CERTIFICATE",
    marked("an administrator of that service"),
)
APPLICATIONS = Door(
    marked("Keys and secrets of applications that may open mailboxes"),
    marked("Microsoft Entra admin centre, App registrations, Certificates & secrets"),
    marked(
        "They lie on the application, and on its service principal too, where the admin centre does not show them. The first two "
        "commands only list; remove what nobody knows, secrets by the last two, and replace the rest. Certificates are set anew "
        "by Update-MgApplication and Update-MgServicePrincipal, with those that stay."
    ),
    "Get-MgApplication -All -Property Id,DisplayName,KeyCredentials,PasswordCredentials; "
    "Get-MgServicePrincipal -All -Property Id,DisplayName,KeyCredentials,PasswordCredentials; "
    "Remove-MgApplicationPassword -ApplicationId APPLICATION -KeyId KEY; "
    "Remove-MgServicePrincipalPassword -ServicePrincipalId APPLICATION -KeyId KEY",
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
FIRST = marked("First, whatever the explanation")
STOLEN = marked("If a session or token was stolen")
FORGED = marked("If tokens were forged with a signing key")
BESIDE = marked("Beside it, whatever the explanation")
KEEP = (SAVE, HOLD)
SETS: dict[str, tuple[tuple[str, tuple[Door, ...]], ...]] = {
    TOKEN: (
        (FIRST, KEEP),
        (STOLEN, (SESSIONS, METHODS, DEVICE, BACK)),
        (FORGED, (PROVIDER, FEDERATION, APPLICATIONS)),
        (BESIDE, (ADDRESSES, EXPORT)),
    ),
    "session or token used elsewhere": ((ALL, (*KEEP, SESSIONS, METHODS, DEVICE, BACK, ADDRESSES, EXPORT)),),
    "delegate or application": ((ALL, (*KEEP, GRANT, CONSENT, SESSIONS, BACK, EXPORT)),),
    "mail client synchronising": ((ALL, (*KEEP, SYNCHRONISED, SESSIONS, METHODS, EXPORT)),),
    "unknown": ((ALL, (*KEEP, SESSIONS, METHODS, BACK, EXPORT)),),
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


def boxes(answer: Row) -> list[str]:
    """The mailboxes of grave cases, each once: what stands for MAILBOX and PERSON in the commands."""
    return sorted({m["mailbox"] for c in answer["cases"] if c["severity"] in GRAVE for m in c["mailboxes"]} - {None})


def _of(cases: list[int], answer: Row, lang: Language) -> Markup:
    """Whose set it is, where there are several cases."""
    if len(answer["cases"]) == 1:
        return Markup("")
    return lang.tn(
        "case {cases}", "cases {cases}", len(cases), cases=lang.listed([Markup(lang.number(n)) for n in cases])
    )


def whole(command: str) -> Markup:
    """A command whose words no line breaks: a hyphen at a line's end would be taken for part of it, or not."""
    return Markup(" ").join(Markup('<span class="nowrap">{}</span>').format(word) for word in command.split(" "))


def _told(door: Door, lang: Language) -> Row:
    return {
        "what": lang.t(door.what),
        "where": lang.t(door.where),
        "how": lang.t(door.how),
        "commands": [{"text": whole(c), "lists": c.startswith("Get-")} for c in door.command.split("; ") if c],
        "who": lang.t(door.who),
    }
