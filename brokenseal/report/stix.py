"""The answer as a STIX 2.1 bundle: what others may look for, and what was seen here.

What: of each case an incident, a report, its indicators with sightings, the ATT&CK techniques, and for each mailbox the
messages seen. Why: indicators are shared between organisations. How: ids are UUIDs of version 5 over what they name,
so that the same answer gives the same bundle. Text of the log is made visible. Misses: sessions and tokens have
no object of the standard; they are named in the incident.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

import brokenseal
from brokenseal.report.visible import visible

SPACE = uuid.UUID("7b6f2a52-5a0c-5b8e-9a53-3f5d7c1f0b1e")
SCO_SPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1 prescribes for the ids of observables."""
LONGEST = 1000
Row = dict[str, Any]


def bundle(answer: Row) -> bytes:
    """The bundle as UTF-8."""
    maker = _Maker(answer["as_of"])
    for case in answer["cases"]:
        maker.case(case)
    identity = hash_id("bundle", sorted(maker.objects))
    told = {"type": "bundle", "id": f"bundle--{identity}", "objects": [maker.objects[k] for k in sorted(maker.objects)]}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def hash_id(*words: object) -> uuid.UUID:
    """A UUID for anything, the same every time."""
    return uuid.uuid5(SPACE, json.dumps(words, sort_keys=True, default=str))


def stamp(time: str) -> str:
    """A time as STIX writes it, to the millisecond."""
    whole, _, fraction = time.rstrip("Z").partition(".")
    return f"{whole}.{fraction[:3]:0<3}Z"


def pattern(kind: str, value: str, seen: Sequence[str] = ()) -> str | None:
    """A STIX pattern for an indicator of the answer; None where the standard has no object for it.

    seen: of a client, the user agents as the log holds them: its value leaves versions out, and matches nothing elsewhere.
    """
    if kind in ("address", "address range"):
        try:
            version = ipaddress.ip_network(value, strict=False).version
        except ValueError:
            return None
        sign = "ISSUBSET" if kind == "address range" else "="
        return f"[ipv{version}-addr:value {sign} {_quoted(value)}]"
    if kind == "network" and (number := re.fullmatch(r"(?:AS|as)?(\d{1,10})", value.split(" ")[0])):
        return f"[autonomous-system:number = {number[1]}]"
    if kind == "client" and seen:
        header = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
        return f"[{header} IN ({', '.join(map(_quoted, seen))})]"
    return None


def _quoted(text: str) -> str:
    return "'" + visible(text, LONGEST).replace("\\", "\\\\").replace("'", "\\'") + "'"


class _Maker:
    """Objects by id; the same object made twice is one."""

    def __init__(self, as_of: str) -> None:
        self.objects: dict[str, Row] = {}
        self.now = stamp(as_of)
        self.author = self.put("identity", ("author",), name="brokenseal", identity_class="system",
                               description=f"brokenseal {brokenseal.__version__}, from audit logs, offline")  # fmt: skip

    def put(self, kind: str, key: tuple[object, ...], **properties: Any) -> str:
        """An object with a life of its own; returns its id."""
        identity = f"{kind}--{hash_id(kind, *key)}"
        common = {"type": kind, "spec_version": "2.1", "id": identity, "created": self.now, "modified": self.now}
        by = {} if kind in ("identity", "attack-pattern") else {"created_by_ref": self.author}
        self.objects[identity] = common | by | {k: v for k, v in properties.items() if v is not None}
        return identity

    def seen(self, kind: str, key: Row, **properties: Any) -> str:
        """An observable; its id is made of what tells it from others."""
        canonical = json.dumps(key, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        identity = f"{kind}--{uuid.uuid5(SCO_SPACE, canonical)}"
        told = {k: v for k, v in properties.items() if v not in (None, "")}
        self.objects[identity] = {"type": kind, "spec_version": "2.1", "id": identity} | told
        return identity

    def case(self, case: Row) -> None:
        """All that one case holds."""
        victims = {t: self._victim(t) for t in case["tenants"]}
        techniques = [self._technique(t) for t in sorted({t for f in case["findings"] for t in f["attack"]})]
        carried = [i for i in case["indicators"] if i["type"] in ("session", "token")]
        told = "; ".join(f"{i['type']} {visible(i['value'], 100)}" for i in carried[:50])
        said = (
            f"{case['how']['kind']}; {case['bits']} bits: how rarely a benign act looks like this, no probability of guilt. "
            f"First access {case['first_access']} ({case['first_access_is']}), last {case['last_access']}."
        )
        incident = self.put(
            "incident", (case["case_id"],), name=visible(case["title"], LONGEST),
            description=said + (f" {told}" if told else ""),
            external_references=[{"source_name": "brokenseal", "external_id": case["case_id"]}],
        )  # fmt: skip
        indicators = [made for i in case["indicators"] if (made := self._indicator(i, case, list(victims.values())))]
        observed = [made for m in case["mailboxes"] if (made := self._observed(m))]
        refs = [incident, *victims.values(), *techniques, *indicators, *observed]
        self.put(
            "report", (case["case_id"],), name=visible(case["title"], LONGEST), description=said,
            report_types=["incident", "indicator"], published=self.now, object_refs=sorted(set(refs)),
        )  # fmt: skip

    def _victim(self, tenant: str) -> str:
        return self.put("identity", ("tenant", tenant), name=visible(tenant, 200), identity_class="organization")

    def _technique(self, identity: str) -> str:
        return self.put(
            "attack-pattern", (identity,), name=identity,
            external_references=[{"source_name": "mitre-attack", "external_id": identity}],
        )  # fmt: skip

    def _indicator(self, row: Row, case: Row, where: list[str]) -> str | None:
        told = pattern(row["type"], row["value"], row["seen"])
        if told is None:
            return None
        indicator = self.put(
            "indicator", (told,), name=f"{row['type']} {visible(row['value'], 200)}", indicator_types=["anomalous-activity"],
            description=f"{row['bits']} bits: how rarely benign visits carry it.",
            pattern=told, pattern_type="stix", pattern_version="2.1", valid_from=stamp(row["first"]),
        )  # fmt: skip
        self.put(
            "sighting", (case["case_id"], told), sighting_of_ref=indicator, where_sighted_refs=where or None,
            first_seen=stamp(row["first"]), last_seen=stamp(row["last"]), count=1,
        )  # fmt: skip
        return indicator

    def _observed(self, box: Row) -> str | None:
        """A mailbox and the messages named in it."""
        if not box["mailbox"]:
            return None
        address = visible(box["mailbox"], 300)
        owner = self.seen("email-addr", {"value": address}, value=address)
        mails = [self._mail(m) for m in box["messages"]]
        return self.put(
            "observed-data", ("mailbox", box["tenant_id"], box["mailbox"], box["first_access"]),
            first_observed=stamp(box["first_access"]), last_observed=stamp(box["last_access"]),
            number_observed=max(len(box["record_ids"]), 1), object_refs=sorted({owner, *mails}),
        )  # fmt: skip

    def _mail(self, message: Row) -> str:
        """A message, told from others by its ids, since a log that names no sender lets subjects coincide."""
        names = ("message_id", "immutable_id", "subject")
        return self.seen(
            "email-message", {n: visible(message[n], 10_000) for n in names}, is_multipart=False,
            subject=visible(message["subject"], LONGEST), message_id=visible(message["message_id"], LONGEST),
        )  # fmt: skip
