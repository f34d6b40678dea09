"""What the words of the page mean, for a reader who does not know the product or the field.

Why: whoever must decide by this page, or doubts it in court, is not asked to know what an AS or an orphan is. How: one
list, at the end of the page; where such a word stands first in a part, it leads here by a link. The same words are in
docs/words.md, at more length.
"""

from __future__ import annotations

from brokenseal.report.language import Language, marked

WORDS = {
    "accessed": (
        marked("Accessed"),
        marked(
            "The provider's log says that a program fetched or opened the message in the mailbox. It does not "
            "say that a person "
            "saw it."
        ),
    ),
    "visit": (
        marked("Visit"),
        marked(
            "Accesses to one mailbox by one actor, with one client, from one address, in one session or token, "
            "with no pause "
            "above an hour."
        ),
    ),
    "benign": (
        marked("Benign"),
        marked(
            "What nobody doubts in this answer, whoever did it. It is compared with its own kind: web clients "
            "with web clients, a "
            "mailbox's first days with first days."
        ),
    ),
    "relationship": (
        marked("Relationship"),
        marked(
            "A person, a mailbox, a network and a client that met, however many visits it lasts. Reasons of "
            "network and client "
            "count relationships, the reason of amount counts each at its oddest visit, reasons of tokens count visits."
        ),
    ),
    "bit": (
        marked("Bit, weight"),
        marked(
            "A measure of rarity. 10 bits: a benign act looks at least this odd about once in a thousand times; "
            "20 bits: once in "
            "a million. It never says how likely it is that somebody is guilty."
        ),
    ),
    "line": (
        marked("Line"),
        marked(
            "The weight at which doubt begins. It follows from how many acts there are and how many false cases "
            "one is ready to "
            "hear of. Above it lies a case, below it a lead."
        ),
    ),
    "severity": (
        marked("Critical, high, medium, low"),
        marked(
            "High: a visit or a group of visits reaches its line, or a person decided so. Critical: the same, "
            "and it goes on, or "
            "concerns two mailboxes or more, or a token without a sign-in in these logs. Medium: up to three "
            "bits below, or somebody "
            "suspects it. Low: the rest that is shown."
        ),
    ),
    "intrusion": (
        marked("Intrusion, intruder"),
        marked(
            "Intrusion is the name of a verdict: at least one case is critical or high, which is a statement on "
            "how rare the "
            "acts are. Intruder is whoever made the acts of a case, if they are what they look like; it names "
            "no person, and the "
            "innocent explanations stay open until somebody has looked at what would decide them."
        ),
    ),
    "token": (
        marked("Token, session"),
        marked(
            "What a program shows instead of a password. The provider gives a token out at a sign-in, and its "
            "id leads back to "
            "that sign-in; a session joins several tokens of one sign-in."
        ),
    ),
    "link": (
        marked("Linked, orphan, unlinkable, pending"),
        marked(
            "How a visit hangs on a sign-in. Linked: a sign-in in these logs issued its token or session. "
            "Orphan: it carries one "
            "that no sign-in in these logs issued, though they are complete there. Pending: the same, where "
            "they are not. "
            "Unlinkable: its record names neither. Circumstantial: a sign-in of the same person and address lies near."
        ),
    ),
    "address": (
        marked("Address, address range, /24, /16, /48"),
        marked(
            "An IP address is where a connection came from. A range is all addresses with the same beginning: "
            "/24 the same first "
            "three numbers, /16 the same first two, /48 the same first three of the eight groups of the longer kind."
        ),
    ),
    "network": (
        marked("Network, AS"),
        marked(
            "The carrier, company or data centre that an address belongs to. An AS (autonomous system) is a "
            "network under one "
            "management, with a public number such as AS 64500. Where no log names it, a wide range stands for "
            "the network."
        ),
    ),
    "client": (
        marked("Client, user agent"),
        marked(
            "The program that fetched the mail: owa is the provider's web page, outlook the desktop program, "
            "rest a program of "
            "any maker, activesync mostly a phone, imap, pop and ews older ways. The ids behind it name the "
            "application. The "
            "user agent is what the program calls itself; anybody can write anything there. To count, its "
            "version numbers are "
            "left out, since programs update themselves."
        ),
    ),
    "ground": (
        marked("Ground: documented, measured, heuristic"),
        marked(
            "What a reason stands on: the provider says so; it was counted on logs; or it is a rule of "
            "experience, which by "
            "itself raises no alarm."
        ),
    ),
    "attack": (
        marked("ATT&CK, T1114 and the like"),
        marked("A public catalogue of what intruders do, kept by MITRE; each number names one technique in it."),
    ),
    "certainty": (
        marked("Certainty, accessed by"),
        marked(
            "Certainty says how it is known that a message was accessed: listed by name, or in a folder that "
            "was copied whole. "
            "Accessed by: a visit of the case; or either, where its visits and the owner's share a session or "
            "token and the log "
            "does not tell them apart. answer.json calls the first “intruder”."
        ),
    ),
    "basis": (
        marked("Found by itself, by a link, by a person's word"),
        marked(
            "How a visit came into the case first: it reached the line by itself; or it shares with visits of "
            "the case what "
            "benign visits rarely carry; or a person with a name said so. One that was found by a link may "
            "reach the line by "
            "itself too; how many do is said beside it."
        ),
    ),
    "gap": (
        marked("Gap"),
        marked("A time or a thing of which these logs cannot show anything, with the reason. No record is no "
               "proof there."),
    ),
    "stream": (
        marked("Kinds of sign-in"),
        marked(
            "Interactive: a person was asked. Non-interactive: a program renewed a sign-in by itself. Service "
            "principal and "
            "managed identity: programs that sign in as themselves. Those that the unified audit log repeats "
            "are copies of the others, and not counted again."
        ),
    ),
    "id": (
        marked("Ids of 36 letters"),
        marked(
            "Organisations, applications, sessions and tokens have ids such as "
            "00000002-0000-0ff1-ce00-000000000000, by which "
            "the provider finds them. Message-ID is the name that a message carries wherever it goes."
        ),
    ),
    "hash": (
        marked("SHA-256, custody"),
        marked(
            "SHA-256 is a fingerprint of a file: any change in the file changes it. Custody is who had the "
            "file, and how it was "
            "exported."
        ),
    ),
}  # fmt: skip
"""Anchor to a word and its meaning, in the order in which they help."""


def words_of(lang: Language) -> list[tuple[str, str, str]]:
    """Anchor, word and meaning in the reader's language."""
    return [(key, lang.t(word), lang.t(meaning)) for key, (word, meaning) in WORDS.items()]
