"""A delegate or application that is new to this mailbox."""

from __future__ import annotations

import ibis
from ibis import Table

from brokenseal.beside import beside
from brokenseal.evidence import Case, Reason, Tables, access, each_day

REASON = Reason(
    name="new_actor",
    title="Delegate, administrator or application new to this mailbox",
    aspect="client",
    unit="relationship",
    levels=(
        "another than the owner opens this mailbox, who opens three or more others of the organisation too",
        "another than the owner opens this mailbox, who opens one or two others of the organisation too",
        "another than the owner opens this mailbox, who opens no other",
    ),
    ground="measured",
    attack=("T1098.002", "T1114.002", "T1528"),
    explains="A mailbox is opened by its owner; whoever else opens it was let in by a permission, a role or a consent. "
    "How often that happens is counted, so that an organisation of assistants does not alarm.",
    misses="A delegate turned, who opened the mailbox before; an intruder who acts as the owner.",
    benign=(
        ("a new assistant or a holiday cover", "the mailbox's permissions, and who granted them when"),
        (
            "a new backup, archive or journal product",
            "the consent, who gave it, and whether all mailboxes saw it at once",
        ),
    ),
)

_LIFE = each_day(20)
CASES = (
    Case("a delegate", True, (*_LIFE, access(15.5, "probe", actor="bob@agency.example", logon_type="delegate"))),
    Case("an application", True, (*_LIFE, access(15.5, "probe", actor="app-1", logon_type="application"))),
    Case("the owner", False, (*_LIFE, access(15.5, "probe", ip="203.0.113.9"))),
    Case(
        "an assistant of long standing, on a new network",
        False,
        (
            *_LIFE,
            *each_day(20, actor="bob@agency.example", logon_type="delegate"),
            access(15.5, "probe", actor="bob@agency.example", logon_type="delegate", ip="203.0.113.9"),
        ),
    ),
)


def judge(tables: Tables) -> Table:
    """Relationships by whose they are, and where else that actor is at home."""
    r = tables.relations
    judged = r.filter(~r.background & r.logon_type.notnull())
    trusted = r.select("relationship_id", "tenant_id", "box", "actor").join(tables.trusted, "relationship_id")
    earlier = judged.select("relationship_id", "tenant_id", "box", "actor", since="first").join(
        trusted, ["tenant_id", "box", "actor"]
    )
    earlier = earlier.filter(
        (earlier.relationship_id_right != earlier.relationship_id) & (earlier.began < earlier.since)
    )
    earlier = earlier.select("relationship_id").distinct().mutate(known=ibis.literal(1))
    boxes = trusted.select("tenant_id", "actor", "box").distinct()
    reach = boxes.group_by("tenant_id", "actor").agg(boxes=boxes.count())
    out = beside(judged, earlier, "relationship_id")
    out = out.left_join(reach, ["tenant_id", "actor"])
    others = ibis.coalesce(out.boxes, 0) - 1
    level = ibis.cases(
        (out.logon_type.isin(["owner", "system"]) | (out.known == 1), 0),
        (others >= 3, 1),
        (others >= 1, 2),
        else_=3,
    )
    return out.select(
        "relationship_id",
        "tenant_id",
        "box",
        stratum=out.period,
        unit_id=out.relationship_id,
        level=level.cast("int64"),
    )
