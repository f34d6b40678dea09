"""The fifteen rules of a service that takes tokens, and rule 0: that it is a signed token at all.

Each rule is a function from what was seen to a reason for refusing it, or None. What: no rule is implied by another, and
each is one test vector of `forge`. Why: in 2023 a consumer's key signed an organisation's tokens, and every library that
checks signature, audience, issuer and expiry would have let them in: rule 3 was nobody's. Source: the provider's own
"claims validation" and "access tokens" pages, and reports on the intrusion; docs/keys.md tells each rule with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.keyset import TrustedKey
from brokenseal.keys.verifier.policy import ANY, Terms, denied

PLACEHOLDER = re.compile(r"\{tenant_?id\}", re.IGNORECASE)
KEY_CARRIERS = ("jku", "jwk", "x5u", "x5c")
LONGEST_NAME = 512
LATEST = 1 << 53
"""Seconds: beyond, numbers of JSON are not exact, and sums of them need not be numbers."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = 86_400


@dataclass(frozen=True)
class Seen:
    """A token before its judge. `key` is the trusted key that its kid names, None where none or several do."""

    terms: Terms
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: TrustedKey | None
    named: int
    now: int

    def text(self, name: str) -> str | None:
        """A claim that is a text and not empty."""
        value = self.claims.get(name)
        return value if isinstance(value, str) and value else None

    @property
    def tenant(self) -> str | None:
        """The organisation that the token speaks for."""
        if self.terms.tenant_claim is None:
            return None
        return self.text(self.terms.tenant_claim) or (
            self.terms.tenant_missing if self.terms.tenant_claim not in self.claims else None
        )


@dataclass(frozen=True)
class Rule:
    """One rule: its number, the code it refuses with, what it asks, and its function."""

    number: int
    code: str
    asks: str
    refuses: Callable[[Seen], str | None]


def algorithm(seen: Seen) -> str | None:
    alg = seen.header.get("alg")
    if not isinstance(alg, str) or alg not in seen.terms.algorithms:
        return f"algorithm {_shown(alg)}; the policy allows {', '.join(seen.terms.algorithms)}"
    carried = [name for name in KEY_CARRIERS if name in seen.header]
    if carried:
        return f"the token brings its own key ({', '.join(carried)})"
    if "crit" in seen.header or "b64" in seen.header:
        return "the header asks for an extension that nobody here understands"
    return None


def key_id(seen: Seen) -> str | None:
    kid = seen.header.get("kid")
    if not isinstance(kid, str) or not kid:
        return "no key id; trying all keys is guessing"
    if seen.named > 1:
        return f"{seen.named} trusted keys are called {_shown(kid)}"
    if seen.key is None:
        return f"no trusted key is called {_shown(kid)}"
    if seen.key.use not in (None, "sig"):
        return f"the key is published for {_shown(seen.key.use)}, not for signing"
    if seen.key.alg not in (None, seen.header.get("alg")):
        return f"the key is published for {_shown(seen.key.alg)}, the token says {_shown(seen.header.get('alg'))}"
    return None


def key_issuer(seen: Seen) -> str | None:
    if seen.key is None:
        return "no key"
    if seen.key.issuer is None:
        if seen.terms.key_issuer == "required":
            return "the key set does not say whose tokens this key may sign"
        return None
    scope = _filled(seen.key.issuer, seen.tenant)
    if scope is None or scope != seen.claims.get("iss"):
        return f"the key may sign for {_shown(seen.key.issuer)}, the token says {_shown(seen.claims.get('iss'))}"
    return None


def issuer(seen: Seen) -> str | None:
    tenant = seen.tenant
    if seen.terms.tenant_claim is not None:
        if tenant is None:
            return f"no {seen.terms.tenant_claim}, so that it speaks for no organisation"
        if seen.terms.tenant_is_guid and not _GUID.fullmatch(tenant):
            return f"{seen.terms.tenant_claim} {_shown(tenant)} is not a GUID in its normal form"
    wanted = [_filled(i, tenant) for i in seen.terms.issuers]
    if seen.claims.get("iss") not in [w for w in wanted if w is not None]:
        return f"issuer {_shown(seen.claims.get('iss'))}; expected {' or '.join(_shown(w) for w in wanted)}"
    return None


def tenant(seen: Seen) -> str | None:
    if seen.terms.tenant_claim is None:
        return None
    found = seen.tenant
    if found is None:
        return "it speaks for no organisation"
    if found in seen.terms.tenants:
        return None
    if ANY in seen.terms.tenants and found not in seen.terms.consumer_tenants:
        return None
    kind = "consumers, who are never meant by 'any'" if found in seen.terms.consumer_tenants else "not on the list"
    return f"organisation {_shown(found)}: {kind}"


def version(seen: Seen) -> str | None:
    if seen.terms.version is not None and seen.claims.get("ver") != seen.terms.version:
        return f"version {_shown(seen.claims.get('ver'))}; the policy is of {seen.terms.version}"
    return None


def cloud(seen: Seen) -> str | None:
    if seen.key is None:
        return "no key"
    if seen.terms.cloud is not None and seen.key.cloud not in (None, seen.terms.cloud):
        return f"the key is of cloud {_shown(seen.key.cloud)}, the service in {seen.terms.cloud}"
    return None


def audience(seen: Seen) -> str | None:
    aud = seen.claims.get("aud")
    if isinstance(aud, str):
        return None if aud in seen.terms.audiences else f"meant for {_shown(aud)}"
    if not isinstance(aud, list) or not aud or not all(isinstance(a, str) for a in aud):
        return "no audience"
    if seen.terms.one_audience:
        return "several audiences, where this provider writes one"
    return None if any(a in seen.terms.audiences for a in aud) else f"meant for {_shown(aud[0])} and others"


def times(seen: Seen) -> str | None:
    moments: dict[str, Any] = {"exp": None, "iat": None, "nbf": seen.claims.get("iat"), **seen.claims}
    for name in ("exp", "iat", "nbf"):
        value = moments[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > LATEST:
            return f"{name} is no time"
    exp, iat, nbf = moments["exp"], moments["iat"], moments["nbf"]
    leeway = seen.terms.leeway
    if exp <= seen.now - leeway:
        return "expired"
    if iat > seen.now + leeway or nbf > seen.now + leeway:
        return "not yet valid"
    if not 0 < exp - iat <= seen.terms.max_lifetime:
        return f"a life of {_span(exp - iat)}; at most {_span(seen.terms.max_lifetime)}"
    if seen.key is not None:
        if seen.key.first_seen is not None and iat < seen.key.first_seen - leeway:
            return "issued before its key was first seen"
        if seen.key.retired is not None and iat > seen.key.retired + leeway:
            return "issued after its key was retired"
    return None


def actor(seen: Seen) -> str | None:
    terms = seen.terms
    for name in terms.actor_claims:
        found = seen.claims.get(name)
        if found is None and not terms.actor_required and not isinstance(seen.claims.get("aud"), list):
            continue
        if not isinstance(found, str) or not found:
            return f"no {name}: which client asked for it is not said"
        allowed = (*terms.actors, *(terms.audiences if terms.kind == "id" else ()))
        if (terms.actors or terms.kind == "id") and found not in allowed:
            return f"client {_shown(found)} is not on the list"
    return _grants(seen) if terms.grants else None


def _grants(seen: Seen) -> str | None:
    """An access token must grant something: scopes to a person's client, roles to an application by itself."""
    terms, scp, roles = seen.terms, seen.claims.get("scp"), seen.claims.get("roles", [])
    alone = seen.claims.get("idtyp") == "app" or "scp" not in seen.claims
    if not isinstance(roles, list) or not all(isinstance(r, str) for r in roles):
        return "roles is no list of texts"
    if alone:
        if not terms.app_only:
            return "an application by itself, without a person"
        return None if _meets(roles, terms.roles) else "none of the roles that the policy asks for"
    if not isinstance(scp, str):
        return "scp is no text"
    if not _meets(scp.split(" "), terms.scopes):
        return "none of the scopes that the policy asks for"
    return None


def _meets(found: list[str], wanted: tuple[str, ...]) -> bool:
    return any(f in wanted for f in found) if wanted else any(found)


def subject(seen: Seen) -> str | None:
    for name in seen.terms.subject:
        value = seen.text(name)
        if value is None or len(value) > LONGEST_NAME:
            return f"no {name}: names and addresses can be given to somebody else, and identify nobody"
        if seen.terms.tenant_is_guid and name in ("oid", "tid") and not _GUID.fullmatch(value):
            return f"{name} {_shown(value)} is not a GUID"
    return None


def key_state(seen: Seen) -> str | None:
    key = seen.key
    if key is None:
        return "no key"
    for name, why in [*denied().items(), *((d.lower(), "denied by the policy") for d in seen.terms.denied_keys)]:
        if name in key.thumbprints:
            return f"the key is denied: {why}"
    if key.kind == "RSA" and (key.bits < seen.terms.min_rsa_bits or key.exponent < 65537 or key.exponent % 2 == 0):
        return f"a weak key: RSA of {key.bits} bits, exponent {key.exponent}"
    if key.certified is False:
        return "the key's certificate is about another key"
    if key.ends is not None and key.ends < seen.now:
        return f"the key's certificate ended {_span(seen.now - key.ends)} ago"
    if key.begins is not None and key.begins > seen.now + seen.terms.leeway:
        return "the key's certificate is not valid yet"
    born = min((t for t in (key.begins, key.first_seen) if t is not None), default=None)
    if seen.terms.max_key_days is not None and born is not None and seen.now - born > seen.terms.max_key_days * _DAY:
        return f"the key is {_span(seen.now - born)} old; at most {seen.terms.max_key_days} days"
    return None


def kind(seen: Seen) -> str | None:
    typ = seen.header.get("typ", "")
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in seen.terms.types:
        return f"type {_shown(typ)}; the policy takes {', '.join(t or 'none' for t in seen.terms.types)}"
    if "cty" in seen.header:
        return "a token within a token"
    strange = [name for name in seen.terms.refused_claims if name in seen.claims]
    if strange:
        return f"{strange[0]} belongs to another kind of token"
    return None


def revoked(seen: Seen) -> str | None:
    iat = seen.claims.get("iat")
    for entry in seen.terms.revoked:
        value = seen.header.get("kid") if entry.claim == "kid" else seen.claims.get(entry.claim)
        if value != entry.value:
            continue
        if isinstance(iat, bool) or not isinstance(iat, (int, float)) or iat <= keyset.moment(entry.at):
            return f"{entry.claim} was revoked at {entry.at}, after this token was issued"
    return None


def traced(seen: Seen) -> str | None:
    for name in seen.terms.trace:
        where = seen.header if name == "kid" else seen.claims
        value = _either(where, name)
        if isinstance(value, list) and value and all(isinstance(v, str) and v for v in value):
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
            return f"no {name}: what this token does could not be traced to its issuance"
        if len(str(value)) > LONGEST_NAME:
            return f"{name} is longer than {LONGEST_NAME} letters"
    return None


def _either(where: Mapping[str, Any], name: str) -> Any:
    """A value by the name that the log calls it, whichever the provider's version calls it."""
    return where.get(name, where.get("appid")) if name == "azp" else where.get(name)


RULES = (
    Rule(1, "algorithm", "an asymmetric algorithm of the policy; no key and no extension brought along", algorithm),
    Rule(2, "key-id", "one trusted key of this id, meant for signing", key_id),
    Rule(3, "key-issuer", "the key may sign for this issuer", key_issuer),
    Rule(4, "issuer", "an expected issuer, of the organisation that the token names", issuer),
    Rule(5, "tenant", "an organisation on the list; consumers only where named", tenant),
    Rule(6, "version", "the version that the policy is of", version),
    Rule(7, "cloud", "a key of the service's own cloud", cloud),
    Rule(8, "audience", "meant for this service, exactly", audience),
    Rule(9, "time", "valid now, not for too long, and issued while its key was in use", times),
    Rule(10, "actor", "an allowed client, and a grant that the service asks for", actor),
    Rule(11, "subject", "somebody who is identified by what never changes hands", subject),
    Rule(12, "key-state", "a strong key, not denied, its certificate valid", key_state),
    Rule(13, "kind", "the kind of token that the service takes", kind),
    Rule(14, "revoked", "not revoked since it was issued", revoked),
    Rule(15, "trace", "what its use can be traced by, and a log that takes it", traced),
)


def _filled(template: str, found: str | None) -> str | None:
    """An issuer with the organisation in its place; None where it has a place and there is no organisation."""
    if not PLACEHOLDER.search(template):
        return template
    # an organisation that is no GUID could write more than its place
    if found is None or not _GUID.fullmatch(found):
        return None
    return PLACEHOLDER.sub(found, template)


def _shown(value: Any) -> str:
    """A value from a token as a person may see it: short, printable, marked where it is no text."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else f"<{type(value).__name__}>"
    plain = "".join(c if c.isprintable() else "?" for c in text[:101])
    return f"'{plain[:100]}…'" if len(text) > 100 else f"'{plain}'"


def _span(seconds: float) -> str:
    for name, size in (("days", _DAY), ("hours", 3600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} seconds"
