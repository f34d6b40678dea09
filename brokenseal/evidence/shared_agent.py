"""One session or token in two programs."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="shared_agent",
    title="One session or token in two programs",
    aspect="token",
    unit="peak",
    levels=(
        "its session or token is used by an older version of its program after a newer",
        "its session or token is used by another user agent than began it",
    ),
    ground="measured",
    attack=("T1539", "T1550.004"),
    own=False,
    explains="A session lives in one browser or program, and what is updated does not return to the version before. Who "
    "takes a session elsewhere seldom has the owner's program, and seldomer its version of the day; beside the owner's, "
    "the two are then seen by turns.",
    misses="A thief with the victim's own user agent, version by version; records without a session or without a user "
    "agent, as desktop programs and many of the provider's interfaces write them.",
    benign=(
        ("a program that hands its session to another on the same device", "whether both come from one device"),
        ("a browser that was set back to an older version", "what the owner says, and the device's updates"),
    ),
)

_NEW, _OLD = "browser/146", "browser/119"
_MINE = {"session_id": "s1", "client": "owa", "agent": "browser/0", "user_agent": _NEW}
_LIFE = (
    *each_day(20, **_MINE),
    *each_day(20, session_id="s2", client="owa", agent="browser/0", user_agent=_NEW),
)
CASES = (
    Case("another user agent", True, (*_LIFE, access(15.5, "probe", **{**_MINE, "agent": "script/0"}))),
    Case("an older version by turns", True, (*_LIFE, access(15.5, "probe", **{**_MINE, "user_agent": _OLD}))),
    Case("one browser", False, (*_LIFE, access(15.5, "probe", **_MINE))),
    Case("a newer version", False, (*_LIFE, access(25.5, "probe", **{**_MINE, "user_agent": "browser/147"}))),
)


def judge(tables: Tables) -> Table:
    """Visits with a session or token and a user agent, by what else it is used by."""
    v = tables.visits
    carrier = ibis.coalesce(v.session_id, v.token_id)
    used = v.mutate(carrier=carrier).filter(carrier.notnull() & (v.ip_is == "caller") & ~v.background)
    used = used.filter(used.agent.notnull())
    began = used.group_by("carrier").agg(begin=used["first"].min())
    began = (
        used.join(began, ["carrier", used["first"] == began.begin]).group_by("carrier").agg(whose=ibis._.agent.min())
    )
    # who began it is its owner, as a rule
    out = beside(used.join(began, "carrier"), _older(used), ["carrier", "agent", "user_agent"])
    level = ibis.cases((out.agent != out.whose, 2), (out.older.notnull(), 1), else_=0)
    return out.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=out.client,
        unit_id=out.visit_id,
        level=level.cast("int64"),
    )


def _older(used: Table) -> Table:
    """Versions that a session or token is still used by after a newer one of the same user agent, as carrier, agent,
    user_agent and `older`. Of two texts that differ in nothing but digits the longer is the newer, and of two as long the
    later in the alphabet."""
    named = ["carrier", "agent"]
    spans = used.filter(used.user_agent.notnull())
    spans = spans.group_by(*named, "user_agent").agg(since=spans["first"].min(), until=spans["first"].max())
    several = spans.group_by(named).agg(n=spans.count())
    spans = spans.semi_join(several.filter(several.n >= 2), named)
    met = spans.join(spans.select(*named, newer="user_agent", begin="since"), named)
    size, newer = met.user_agent.length(), met.newer.length()
    met = met.filter(((newer > size) | ((newer == size) & (met.newer > met.user_agent))) & (met.begin < met.until))
    return met.select(*named, "user_agent").distinct().mutate(older=ibis.literal(1))
