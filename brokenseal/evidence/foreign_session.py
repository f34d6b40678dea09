"""A session or token of another person, or of several."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day, signed_in, signin

REASON = Reason(
    name="foreign_session",
    title="Session or token of another person, or of several",
    aspect="token",
    unit="peak",
    levels=(
        "its session or token was used by several people, and was issued to none of them as far as the logs show",
        "its session or token was issued to another person than the one who is said to act",
    ),
    ground="documented",
    attack=("T1606.002", "T1550.004"),
    explains="A session begins with the sign-in of one person, and a token names one person. Where one session or token "
    "acts for several people, or for another than it was issued to, the provider did not give it out as it stands: who "
    "signs tokens himself writes what he likes into them, and often the same session into many.",
    misses="A forger who writes a session of its own into each token; records without session and token; an application "
    "that acts for itself, whose token opens the mailboxes of all.",
    benign=(
        (
            "a person renamed within a session, whom no record names by both names",
            "the directory's audit log for both names",
        ),
        (
            "a service that acts for people with a session of its own",
            "the provider: is this client one of its services?",
        ),
    ),
)

_MINE = {"token_id": "t1", "session_id": "s1"}
_LIFE = each_day(20, **_MINE)
_SIGNS = signed_in(24, issuance_id="t1", session_id="s1")
_BOB = {"box": "bob"}
_FORGED = {"token_id": "x1", "session_id": "x"}
_SHOWN = {**_BOB, **_FORGED}
_AT_HOME = {"user": "guest@partner.example", "home_tenant_id": "partner"}
CASES = (
    Case("one session for two people", True, (*_LIFE, access(15.5, "probe", **_FORGED), access(15.6, **_SHOWN))),
    Case(
        "one token for two people, and no session",
        True,
        (*_LIFE, access(15.5, "probe", token_id="x1"), access(15.6, **_BOB, token_id="x1")),
    ),
    Case("the session of another", True, (*_LIFE, access(15.5, "probe", **_BOB, session_id="s1")), _SIGNS),
    Case(
        "the owner, whose session another uses",
        False,
        (*_LIFE, access(15.6, **_BOB, session_id="s1"), access(16, "probe", **_MINE)),
        _SIGNS,
    ),
    Case(
        "a delegate with his own session",
        False,
        (*_LIFE, access(15.5, "probe", actor="ann@agency.example", logon_type="delegate", **_BOB, **_MINE)),
        _SIGNS,
    ),
    Case(
        "an application that acts for itself",
        False,
        (
            *_LIFE,
            access(15.5, "probe", token_id="x1", logon_type="application"),
            access(15.6, **_BOB, token_id="x1", logon_type="application"),
        ),
    ),
    Case(
        "a guest, who is called otherwise at home",
        False,
        (*_LIFE, access(15.5, "probe", actor="guest@partner.example", token_id="g2")),
        (*_SIGNS, signin(3, "g1", **_AT_HOME), signin(4, "g2", **{**_AT_HOME, "user": "g@partner.example"})),
    ),
    Case("a session of one's own", False, (*_LIFE, access(15.5, "probe", **_FORGED))),
)


def judge(tables: Tables) -> Table:
    """Visits with a session or token, by whose it is."""
    v, s = tables.visits, tables.signins
    carrier = ibis.coalesce(v.session_id, v.token_id)
    applies = ibis.coalesce(v.logon_type == "application", ibis.literal(False))
    used = v.mutate(carrier=carrier).filter(carrier.notnull() & v.actor.notnull() & ~v.background & ~applies)
    # a guest is called otherwise at home
    used = used.anti_join(tables.guests(), ["tenant_id", "actor"])
    own = s.filter((s.home_tenant_id == s.tenant_id) & s.user.notnull())
    users = used.group_by("carrier").agg(first_user=used.actor.min(), last_user=used.actor.max())
    out = used.join(users, "carrier")
    for key in ("token_id", "session_id"):
        out = beside(out, _issued(own, key), key)
    token, session = out.token_id_user, out.session_id_user
    level = ibis.cases(
        # either of another person is one too many
        ((token != out.actor) | (session != out.actor), 2),
        ((token == out.actor) | (session == out.actor), 0),
        (out.first_user != out.last_user, 1),
        else_=0,
    )
    return out.select("relationship_id", "tenant_id", "box", "stratum", unit_id=out.visit_id, level=level.cast("int64"))


def _issued(signins: Table, key: str) -> Table:
    """Tokens or sessions (`key`) that were issued to one person: `KEY_user`."""
    name = signins.issuance_id if key == "token_id" else signins.session_id
    named = signins.mutate(carrier=name).filter(name.notnull())
    whose = named.group_by("carrier").agg(least=named.user.min(), most=named.user.max())
    whose = whose.filter(whose.least == whose.most)
    return whose.select(**{key: whose.carrier, f"{key}_user": whose.least})
