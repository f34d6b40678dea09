"""Every table and every column, with its meaning.

The stages of brokenseal meet in these tables and nowhere else, and people query them by these names. Types are the
few that both engines write alike: string, int64, boolean, timestamp (UTC, microseconds, without zone) and
array<string>. A missing value is NULL; an empty text never stands for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

VERSION = 5
"""Of the tables that are derived, in columns and in meaning: a lake of another version derives them again."""

ARROW = {
    "string": pa.string(),
    "int64": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "array<string>": pa.list_(pa.string()),
}
SQL = {
    "string": "varchar",
    "int64": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "array<string>": "varchar[]",
}
GUESTS = ("delegate", "admin")
"""Values of `logon_type`: persons in a mailbox that is not their own."""
LISTS = {"suspect": "hostile", "known-good": "benign"}
"""Files of what is suspected and of what is vouched for, and the word that each line of them is."""
_KEPT_DAYS = {"access": 180, "unified-audit": 180, "message-trace": 90}


def kept_days(stream: str) -> int:
    """Days for which the provider keeps a stream by default; sign-ins 30."""
    return _KEPT_DAYS.get(stream, 30)


@dataclass(frozen=True)
class Column:
    """One column: its name, its type (a key of ARROW) and what it means."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True)
class Table:
    """One table. `stage` is 'truth' (never derived again), 'log' (derived from raw records) or 'run' (an analysis)."""

    name: str
    stage: str
    doc: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def arrow(self) -> pa.Schema:
        """The Arrow schema, in column order."""
        return pa.schema([pa.field(c.name, ARROW[c.type]) for c in self.columns])

    def filled(self, rows: list[dict[str, Any]]) -> pa.Table:
        """Rows as plain data in this table's columns and types."""
        return pa.Table.from_pylist(rows, schema=self.arrow())

    def sql(self) -> dict[str, str]:
        """Column name to DuckDB type, in column order."""
        return {c.name: SQL[c.type] for c in self.columns}


def _table(name: str, stage: str, doc: str, columns: str) -> Table:
    """Build a table from lines of `name type meaning`."""
    rows = [line.split(None, 2) for line in columns.strip().splitlines()]
    return Table(name, stage, doc, tuple(Column(n, t, d) for n, t, d in rows))


_TABLES = (
    _table(
        "inputs",
        "truth",
        "a file taken in",
        """
        file_sha256 string SHA-256 of the file's bytes as they lay on disk
        path string the path as it was given, relative to what was named on the command line
        format string the log, as docs/logs.md names it; of several in a file `mixed: `, how many of each; in an archive `several`
        shape string json-lines, json-array, json-value, json-pages, csv, zip, or none
        size int64 bytes on disk
        rows int64 rows seen: lines that are not blank, elements, or CSV records after the header
        records int64 distinct records this file added to the lake
        duplicates int64 rows that repeat a record already known, here or from an earlier file
        rejected int64 rows that are no record; rows = records + duplicates + rejected
        note string why nothing was read, where nothing was
        taken_at timestamp the time of taking in, by this machine's clock; never used in analysis
        """,
    ),
    _table(
        "custody",
        "truth",
        "what a custody list says of a file",
        """
        file_sha256 string the input it speaks of, by its stated hash, else by its name; NULL where none was taken in
        file string the file as the list names it
        stated_sha256 string its hash as the list states it
        agrees boolean the stated hash is that of the input; NULL where none is stated
        act string what was done: exported, handed over, received, as stated
        who string who did it
        to_whom string to whom
        time string when, as stated
        account string the account that exported
        query string the query or settings of the export
        note string anything else
        """,
    ),
    _table(
        "rejects",
        "truth",
        "a row refused",
        """
        file_sha256 string the file
        member string the member of an archive, NULL for a plain file
        row int64 1-based: the physical line, the record after a CSV's header, or the element of an array
        reason string why, in words
        mail_operation boolean the refused bytes name a mail operation, so evidence may be lost
        """,
    ),
    _table(
        "sightings",
        "truth",
        "a copy of a record in a file",
        """
        record_id string the record
        file_sha256 string the file
        member string the member of an archive, NULL for a plain file
        row int64 as in rejects
        shape string the shape of this copy, as inputs name formats
        content string hash of the fields that all shapes share, to tell copies that disagree
        """,
    ),
    _table(
        "records",
        "truth",
        "a distinct record, verbatim",
        """
        record_id string the provider's id in lower case (behind signin-, graph-, trace- or token-); or the record's hash
        tenant_id string the organisation's id
        source string unified-audit, entra-signin, graph-activity, message-trace or token-log
        shape string the shape of the copy that is kept
        operation string what happened, as the provider names it
        time timestamp when, by the provider's clock
        raw string the record's JSON as the provider wrote it
        available_at timestamp when the provider says it became available, where it says so
        file_sha256 string the file of the kept copy
        member string its member
        row int64 its row
        """,
    ),
    _table(
        "accesses",
        "log",
        "a record that says a mailbox was opened",
        """
        record_id string the record
        time timestamp start of the access; for aggregates the start of the two minutes
        tenant_id string the organisation whose mailbox it is
        mailbox string the mailbox's address, lower case; in a service's own log service/subject
        mailbox_guid string the mailbox's GUID
        mailbox_object_id string object id of the mailbox's owner, where the record names the mailbox so
        actor string who acted, lower case address or service name
        logon_type string owner, delegate, admin, application or system
        access string bind (listed messages), sync (a whole folder), attachment, list or open
        folder string path or name of the folder (the only one, or the first by name)
        folder_id string id of the folder
        item_count int64 messages listed in the record; NULL for a sync or list
        response_bytes int64 size of the answer, which bounds what a list showed; NULL where the record does not say
        throttled boolean the provider stopped logging binds of this mailbox; NULL where the record does not say
        client string owa, outlook, rest, restsystem, activesync, imap, pop, ews or other
        user_agent string the client's own description, where the record holds one
        agent string the user agent with its digits folded to 0, so that a new version is no new client
        app_id string the application (API) that opened the mailbox
        client_app_id string the application that asked it to
        ip string the caller's address in its normal form
        prefix string the address's /24, or /48 of version 6
        wide string the address's /16, or /32 of version 6
        ip_is string caller, provider (the provider's front end or service), original, or unknown
        session_id string the session
        token_id string the request id that issued the token, decoded from the unique token id
        token_id_odd boolean the token id has a shape or an ending that the provider has never issued
        token_issued_at timestamp issue time written in the token
        token_tenant_id string tenant in the token
        token_object_id string object id of the token's subject
        user_object_id string object id the provider gives the actor, where the record holds one
        device_id string registered device
        """,
    ),
    _table(
        "items",
        "log",
        "a message in an access",
        """
        record_id string the record
        time timestamp time of the access
        tenant_id string the organisation
        mailbox string the mailbox
        message_id string Internet Message-ID with its angle brackets
        immutable_id string the provider's immutable id
        store_id string the provider's store id
        folder string path of the folder
        subject string subject where the record holds one
        size int64 bytes
        """,
    ),
    _table(
        "issuances",
        "log",
        "a sign-in: the moment a token was given out",
        """
        issuance_id string the sign-in's request id
        record_id string the record
        time timestamp when
        tenant_id string the organisation whose resource was signed in to
        home_tenant_id string the organisation that the account belongs to
        user string sign-in name, lower case
        user_object_id string the account's object id
        app_id string the client application
        resource_id string the resource it asked for
        ip string address in its normal form
        prefix string as in accesses
        wide string as in accesses
        ip_is string as in accesses
        country string country the provider names
        asn int64 autonomous system number the provider names
        user_agent string browser or program
        device_id string registered device
        managed boolean the device is managed
        session_id string the session
        token_id string the request id of the token, the same as issuance_id
        interactive boolean a person was asked
        protocol string authentication protocol
        incoming_token string kind of token presented
        mfa string single or multi, as the provider says
        outcome string success or failure
        error string the provider's error code, NULL on success
        risk string risk level the provider gave
        stream string interactive, non-interactive, user (one of these), service-principal, managed-identity, adfs, ...
        """,
    ),
    _table(
        "deliveries",
        "log",
        "a message delivered, as the message trace tells it",
        """
        record_id string the record
        time timestamp when it was received
        tenant_id string the organisation, NULL where the trace names none
        organization string the organisation's domain, where the trace names it
        message_id string Internet Message-ID with its angle brackets
        sender string address, lower case
        recipients array<string> addresses, lower case: one, or all of the message
        subject string subject
        size int64 bytes
        status string what became of it
        """,
    ),
    _table(
        "networks",
        "run",
        "an address and its networks",
        """
        ip string the address
        prefix string its /24, or /48 of version 6
        wide string its /16, or /32 of version 6
        asn int64 autonomous system, from the sign-ins that name it, else from --mmdb
        net string the network that history is kept by: the autonomous system where known, else wide
        kind string provider; from --mmdb hosting, isp or mobile; else unknown
        owner string who has the address, from --mmdb
        country string country of the owner, two letters, from --mmdb
        as_known_on timestamp the day the database was made
        """,
    ),
    _table(
        "identities",
        "run",
        "a person, application or mailbox, under all the names that records give it together",
        """
        tenant_id string the organisation
        object_id string object id in the directory
        mailbox_guid string GUID of the mailbox
        upn string the address it carried last
        addresses array<string> all its addresses
        kind string mailbox, person or application
        """,
    ),
    _table(
        "messages",
        "run",
        "a message that the provider delivered, from message traces",
        """
        message_id string Internet Message-ID with its angle brackets
        tenant_id string the organisation; of a trace that names none, by its domains where one organisation has them
        time timestamp when it was received
        sender string address, lower case
        recipients array<string> addresses, lower case
        subject string subject
        size int64 bytes
        """,
    ),
    _table(
        "visits",
        "run",
        "accesses to one mailbox, close in time, by one actor with one client from one address in one session or token",
        """
        visit_id string hash of the key and of the first access
        relationship_id string hash of mailbox, actor, network and client
        tenant_id string the organisation
        mailbox string the mailbox, by the address it carried last
        box string one id for all its spellings: the GUID, or the address where no record knows the GUID
        mailbox_guid string its GUID
        actor string who
        logon_type string as in accesses
        client string as in accesses
        app_id string as in accesses
        client_app_id string as in accesses
        user_agent string as in accesses
        agent string as in accesses
        client_key string client, applications and agent: what history is kept by
        ip string the address
        ip_is string as in accesses
        prefix string its /24 or /48
        net string its network
        session_id string the session, filled from other records of its token
        token_id string the token
        token_issued_at timestamp issue time written in the token
        token_tenant_id string tenant in the token
        token_object_id string subject of the token
        user_object_id string the provider's object id of the actor
        token_id_odd boolean as in accesses
        first timestamp first access
        last timestamp last access
        access_count int64 accesses
        item_count int64 distinct messages listed, 0 where none is
        sync_count int64 folders synchronised
        throttled boolean any access says so
        background boolean the provider's own service, a stratum of its own
        stratum string client and applications: the group in which linking is measured
        complete boolean the sign-in logs that would show its token are there and settled
        link string token, session, circumstantial, orphan, unlinkable or pending
        issuance_id string the sign-in it is linked to
        pending_until timestamp when a pending link is final
        """,
    ),
    _table(
        "acts",
        "run",
        "what is judged: one visit each",
        """
        act_id string the act
        kind string visit
        subject_id string the visit
        relationship_id string its relationship
        tenant_id string the organisation
        mailbox string the mailbox
        box string the mailbox's one id
        actor string who
        first timestamp first access
        last timestamp last access
        ip string address
        user_agent string the client's own description
        app_id string application
        session_id string session
        token_id string token
        link string as in visits
        issuance_id string the sign-in
        bits int64 weight of all its evidence, in tenths of a bit
        """,
    ),
    _table(
        "findings",
        "run",
        "evidence for an act",
        """
        finding_id string the finding
        act_id string the act
        evidence string the reason's name
        aspect string token, network, client or volume
        level int64 how odd, in the reason's own ordered levels
        bits int64 tenths of a bit
        once_in int64 a benign act would look at least this odd about once in so many
        hits int64 visits of this relationship at this level or above (1 where relationships are counted)
        units int64 visits of this relationship that could have been
        seen int64 benign acts counted at this level or above, in all tenants
        of int64 benign acts counted, in all tenants
        tenant_seen int64 the same in the tenant
        tenant_of int64 the same in the tenant
        mailbox_seen int64 the same in the mailbox
        mailbox_of int64 the same in the mailbox
        prior_seen int64 the same in the shipped prior
        prior_of int64 the same in the shipped prior
        ground string documented, measured or heuristic
        act_bits_without int64 what the act would weigh without this finding, tenths of a bit
        reason string the reason in a sentence
        record_ids array<string> the records, at most 20, in order of time
        """,
    ),
    _table(
        "cases",
        "run",
        "doubted acts joined by what they share",
        """
        case_id string the case
        severity string critical, high, medium or low
        bits int64 tenths of a bit
        title string one line
        first_access timestamp first access that no owner's own session explains
        either_from timestamp earlier accesses that may be the owner's own, from here on; NULL where there are none
        first_access_is string observed, or no later than (the log begins with it, or a gap lies before it)
        last_access timestamp last access
        ongoing boolean accesses in the last 72 hours; NULL where the log does not go on for 14 days
        bits_without int64 what the case would weigh without its strongest reason, tenths of a bit
        strongest string that reason: of all, the one whose absence leaves the case the least; NULL where it has none
        survives boolean it stays above its severity's line without its strongest reason
        stands_on string what it reaches its line by: one visit, visits together (a group), or a person's word; NULL below it
        """,
    ),
    _table(
        "case_acts",
        "run",
        "an act of a case",
        """
        case_id string the case
        act_id string the act
        basis string own evidence, link, or person: a person's word
        linked_by string what it shares with the case, where basis is link
        link_bits int64 what the link weighs, tenths of a bit: its group as a whole, else what is shared
        """,
    ),
    _table(
        "act_weights",
        "run",
        "what an act of a case, or a lead, weighs, aspect by aspect, in tenths of a bit",
        """
        act_id string the act
        network int64 the strongest reason of its relationship that speaks of the network
        client int64 the same of the client
        joint int64 what network and client weigh as the one event that they are
        token int64 the visit's strongest reason that speaks of the token
        volume int64 the same of how much it accessed
        intelligence int64 the same of lists of known indicators
        plain int64 joint, token, volume and intelligence added up
        bits int64 the act's weight: how seldom benign acts add up to so much
        """,
    ),
    _table(
        "case_groups",
        "run",
        "a group of acts that was loud as a whole, and what its weight is made of, in tenths of a bit",
        """
        case_id string the case
        shared string what its acts share
        actors int64 how many people or applications act in it, each counted with the oddest act
        plain int64 what their oddest acts weigh in token, volume and intelligence, added up
        rest int64 how seldom so many benign acts, drawn by chance, add up to so much
        came int64 how seldom so many who are new somewhere are new just there; null where a number alone weighs
        place int64 the same, as far as what is odd in their clients, tokens and reading bears it out; or what the number weighs
        newcomers int64 who is new in a network, anywhere; null where a number alone weighs, as are the three below
        newcomers_here int64 who of the group is new in its network
        at_home int64 who is at home in a network, anywhere
        at_home_here int64 who is at home in the group's network; 0 where it shares a session or token
        bits int64 the group's weight: place and rest, as two independent tails
        """,
    ),
    _table(
        "case_without",
        "run",
        "a case weighed again without one of its reasons",
        """
        case_id string the case
        evidence string the reason left out
        bits int64 what the case weighs then, tenths of a bit
        above_line boolean whether a visit or a group of it still reaches its line
        """,
    ),
    _table(
        "exports",
        "run",
        "records that the provider still holds at the answer's moment, by its defaults, and nobody handed over",
        """
        tenant_id string the organisation
        stream string the log, as in streams
        from timestamp the oldest that the provider still holds of them
        to timestamp the youngest of them
        vanishes timestamp when the first day of them is deleted whole; a day more goes on every day after
        """,
    ),
    _table(
        "case_mailboxes",
        "run",
        "a mailbox of a case",
        """
        case_id string the case
        tenant_id string the organisation
        mailbox string the mailbox
        above_line boolean on its own evidence, or by a link above the line
        first_access timestamp first that no owner's own session explains
        either_from timestamp earlier ones that may be the owner's own, from here on; NULL where there are none
        last_access timestamp last
        """,
    ),
    _table(
        "case_items",
        "run",
        "a message or folder that a case accessed",
        """
        case_id string the case
        tenant_id string the organisation
        mailbox string the mailbox
        message_id string the message, NULL for a folder
        immutable_id string the provider's immutable id
        folder string the folder
        subject string subject where known
        sender string who sent it, where a message trace says so
        recipients array<string> to whom, where a message trace says so
        first_access timestamp first access
        certainty string listed, list (shown by a request that names no message) or folder
        by string intruder, or either where owner and intruder share the session or token
        act_id string the visit of the case that accessed it first
        """,
    ),
    _table(
        "leads",
        "run",
        "an odd act below the line",
        """
        rank int64 1 is the oddest
        act_id string the act
        """,
    ),
    _table(
        "gaps",
        "run",
        "something the logs cannot show",
        """
        gap_id string the gap
        kind string what cannot be shown; docs/gaps.md lists the kinds
        tenant_id string the organisation, NULL for all
        mailbox string the mailbox, NULL for all
        from timestamp since when
        to timestamp until when
        meaning string what cannot be known, and why
        record_ids array<string> the records that show it, at most 20
        """,
    ),
    _table(
        "linkage",
        "run",
        "how often visits of a stratum are linked",
        """
        tenant_id string the organisation
        stratum string the stratum
        visits int64 visits that could be linked: with a token or session, logs complete and settled
        linked int64 of these, linked by token or session
        """,
    ),
    _table(
        "streams",
        "run",
        "what each log covers",
        """
        tenant_id string the organisation
        stream string access, or the issuance stream
        from timestamp first record
        to timestamp last record
        records int64 records
        """,
    ),
    _table(
        "key_documents",
        "truth",
        "a key set or metadata document as `keys watch` saw it, or could not see it",
        """
        document_id string SHA-256 of its bytes, NULL where there were none
        source string the URL or path that was asked for
        seen_at timestamp when, by this machine's clock, or as it was stated
        kind string jwks, openid-configuration, saml-metadata
        issuer string the issuer or entity that the document says it speaks for
        raw string its text, NULL where the source had the same before
        error string why it could not be read
        """,
    ),
    _table(
        "trusted_keys",
        "truth",
        "a key in a document that `keys watch` saw",
        """
        document_id string the document
        source string where it was seen
        seen_at timestamp when
        thumbprint string the public key's thumbprint (RFC 7638, SHA-256)
        kid string the id it is published under
        kty string RSA, EC, OKP or oct
        size int64 bits
        exponent int64 public exponent of an RSA key, NULL where it is none or beyond 63 bits
        use string sig or enc, or signing or encryption in metadata
        alg string the algorithm that the document names
        issuer string whose tokens it may sign, as the key itself says
        issued_for string the issuer or entity of the document
        not_before timestamp begin of its certificate
        not_after timestamp end of its certificate
        x5t string SHA-1 of its certificate, hexadecimal
        jwk string the public key as a JWK
        """,
    ),
    _table(
        "key_findings",
        "truth",
        "what `keys watch` noticed of a key that is trusted",
        """
        finding_id string the finding: the same for the same thing of the same key at the same source
        source string where
        seen_at timestamp when
        kind string new, gone, back, or what is wrong; docs/keys-watch.md lists them
        severity string critical, high, medium or low
        thumbprint string the key, NULL where it speaks of the whole document
        kid string the id it is published under
        reason string the reason in a sentence
        """,
    ),
    _table(
        "leaks",
        "truth",
        "a private key or token that `keys scan` found in a file; never the secret itself",
        """
        leak_id string the finding: the same for the same place
        found_at timestamp when, by this machine's clock
        file string the file as it was named
        member string the member of an archive, outer ones first, NULL for the file itself
        offset int64 its first place, in bytes of the file or member
        count int64 places in that file or member
        kind string what it is
        form string how it is written there
        size int64 bits, NULL where unknown
        thumbprint string the public key's thumbprint, NULL where it has none or is locked
        locked boolean a password would be needed
        severity string critical: the key is trusted; high: it lies open; medium: locked, or a token; low: a guess
        known string what the trusted key is called
        detail string what else may be said of it, as JSON
        """,
    ),
)

TABLES = {t.name: t for t in _TABLES}
