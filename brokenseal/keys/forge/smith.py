"""An issuer of one's own for an hour: throw-away keys, the key set that it publishes, and genuine tokens.

What: keys as providers really published them side by side, among them those that must not open a door: a consumers' key, one
of another cloud, one whose certificate has ended. Why: a forgery is only worth trying against a validator that trusts the
keys around it. How: `cryptography` makes keys and certificates, joserfc signs; private keys stay in memory.
"""

from __future__ import annotations

import base64
import json
import uuid
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from brokenseal.keys.verifier.policy import Revocation, Terms, terms

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
HOME = "3f0d6c1e-52a7-4c0b-9a57-6b8f1f4f9d20"
OTHER = "8c5b1d7a-0f3e-4b52-9d64-1a2c7e9b3f41"
AUDIENCE = "b7a41c52-6d0e-4a7f-8f19-3d5c2e8a9b10"
CLIENT = "5e9f2a34-71c8-4d16-a0b3-c4d8e6f7a1b2"
PERSON = "d2c86b15-3a49-4e7d-b1f0-9e8a7c6d5b43"
REVOKED_SESSION = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
DENIED_KID = "d4b4cccda9228624656bff33d8110955779632aa"
DEMANDS = {
    "entra-v2": {"audiences": [AUDIENCE], "tenants": [HOME]},
    "entra-v1": {"audiences": [f"api://{AUDIENCE}"], "tenants": [HOME]},
    "google": {"audiences": [f"{AUDIENCE}.apps.example"], "tenants": ["harbour.example"]},
    "oidc": {"audiences": [AUDIENCE], "issuers": ["https://login.harbour.example"]},
}
"""What the invented service asks, where the caller names nothing of his own."""
_DAY = 86_400


@dataclass(frozen=True)
class Made:
    """A throw-away key: its id, the key with its private part, and what the key set says of it."""

    kid: str
    key: Any
    says: Mapping[str, Any]

    @property
    def pem(self) -> bytes:
        """The public key as PEM, as a careless validator would feed it to HMAC."""
        return bytes(self.key.as_pem(private=False))


def demanded(name: str, **changes: Any) -> Terms:
    """The terms that forgeries are made for: a policy, the invented service's names where the caller gives none."""
    made = terms(name, **{**DEMANDS.get(name, {}), **{n: v for n, v in changes.items() if v}})
    revoked = Revocation("sid", REVOKED_SESSION, datetime.now(UTC).isoformat(timespec="seconds"))
    return msgspec.structs.replace(made, revoked=(*made.revoked, revoked))


@dataclass
class Smith:
    """Keys and genuine tokens for some terms. now: seconds since 1970. lure: where the attacker's own keys lie;
    fetched: what was fetched from there."""

    terms: Terms
    now: int
    lure: str = "http://127.0.0.1:9/attacker"
    fetched: set[str] = field(default_factory=set)
    _keys: dict[str, Made] = field(default_factory=dict)

    # --- what the terms expect

    @cached_property
    def tenant(self) -> str | None:
        """The organisation that genuine tokens come from."""
        if self.terms.tenant_claim is None:
            return None
        named = [t for t in self.terms.tenants if t != "*" and t not in self.terms.consumer_tenants]
        return named[0] if named else (HOME if self.terms.tenant_is_guid else "harbour.example")

    def issuer(self, tenant: str | None = None) -> str:
        """The issuer of an organisation's tokens."""
        return self.terms.issuers[0].replace("{tenantid}", tenant or self.tenant or "")

    @cached_property
    def algorithm(self) -> str:
        """What genuine tokens are signed with."""
        return next((a for a in self.terms.algorithms if a in ("RS256", "PS256", "ES256")), self.terms.algorithms[0])

    @property
    def rsa(self) -> bool:
        """Keys are RSA."""
        return not self.algorithm.startswith("ES")

    @property
    def templated(self) -> bool:
        """Issuers name the organisation, so that one key set serves all of them."""
        return "{tenantid}" in self.terms.issuers[0]

    @property
    def consumers(self) -> str:
        """The consumers' own organisation."""
        return self.terms.consumer_tenants[0] if self.terms.consumer_tenants else CONSUMERS

    # --- keys

    def key(self, name: str) -> Made:
        """One of the keys that KEYS names, made when it is first asked for."""
        if name not in self._keys:
            self._keys[name] = self._make(name)
        return self._keys[name]

    def _make(self, name: str) -> Made:
        bits, says = 1024 if name == "short" else 2048, dict(PUBLISHED.get(name, {}))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key: Any = RSAKey.generate_key(bits) if self.rsa else ECKey.generate_key("P-256")
        kid = DENIED_KID if name == "denied" else f"{name}-{key.thumbprint()[:16]}"
        ended = timedelta(days=says.pop("ended", -365))
        about = self.key("home").key if says.pop("stray", False) else key
        said: dict[str, Any] = {"use": says.pop("use", "sig"), "x5c": [_certificate(key, about, self.now, ended)]}
        scope, cloud = says.pop("scope", "home"), says.pop("cloud", self.terms.cloud)
        if self.terms.key_issuer == "required" or scope != "home":
            said["issuer"] = self._scope(scope)
        if cloud:
            said["cloud_instance_name"] = cloud
        for member in ("retired", "first_seen"):
            if member in says:
                moment = datetime.fromtimestamp(self.now + says[member], UTC)
                said[member] = moment.isoformat(timespec="seconds")
        return Made(kid, key, said)

    def _scope(self, scope: str) -> str:
        template = self.terms.issuers[0]
        if scope == "home":
            return template
        if not self.templated:
            return f"https://accounts.{scope}.example"
        if scope == "cloud":
            return template.replace("microsoftonline.com", "microsoftonline.us").replace("windows.net", "windows.us")
        return template.replace("{tenantid}", {"consumers": self.consumers, "other": OTHER}[scope])

    def jwks(self, names: Iterable[str] = ()) -> dict[str, Any]:
        """The public key set, of all published keys or of these. Without the attacker's own key, which nobody published."""
        made = [self.key(name) for name in names or PUBLISHED if self.rsa or name != "short"]
        return {"keys": [{**m.key.as_dict(private=False), "kid": m.kid, **m.says} for m in made]}

    # --- tokens

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Genuine claims; a change to None leaves a claim out."""
        entra = self.terms.kind == "access"
        found: dict[str, Any] = {
            "iss": self.issuer(), "aud": self.terms.audiences[0], "iat": self.now - 300, "nbf": self.now - 300,
            "exp": self.now - 300 + min(3600, self.terms.max_lifetime), "sub": "mK3vQ0yXbq7d1Zt5hWc9RfLsJ2uNpA8e",
        }  # fmt: skip
        if self.tenant is not None:
            found[str(self.terms.tenant_claim)] = self.tenant
        if self.terms.version:
            found["ver"] = self.terms.version
        client = self.terms.actors[0] if self.terms.actors else (CLIENT if entra else self.terms.audiences[0])
        for name in self.terms.actor_claims:
            found[name] = client
        if entra:
            found |= {"oid": PERSON, "uti": unique(), "sid": str(uuid.uuid4())}
            found["scp"] = " ".join(self.terms.scopes) or "Mail.Read"
        found |= changes
        return {n: v for n, v in found.items() if v is not None}

    def header(self, key: Made, **changes: Any) -> dict[str, Any]:
        """A genuine header; a change to None leaves a member out."""
        found = {"typ": "JWT", "alg": self.algorithm, "kid": key.kid, **changes}
        return {n: v for n, v in found.items() if v is not None}

    def sign(
        self, claims: Mapping[str, Any] | bytes, key: Made, header: Mapping[str, Any] | bytes | None = None
    ) -> str:
        """A token signed by a key, whatever header and claims say; bytes are taken as they are."""
        head = header if isinstance(header, bytes) else packed(self.header(key) if header is None else header)
        body = claims if isinstance(claims, bytes) else packed(claims)
        signing = b64(head) + b"." + b64(body)
        return (signing + b"." + b64(signed(signing, key.key, self.algorithm))).decode()

    def genuine(self, **changes: Any) -> str:
        """A token that must be let in."""
        return self.sign(self.claims(**changes), self.key("home"))


PUBLISHED: dict[str, dict[str, Any]] = {
    "home": {},
    "consumers": {"scope": "consumers"},
    "other": {"scope": "other"},
    "cloud": {"scope": "cloud", "cloud": "microsoftonline.us"},
    "foreign": {"cloud": "microsoftonline.us"},
    "ended": {"ended": 1325},
    "retired": {"retired": -7 * _DAY},
    "unborn": {"first_seen": 7 * _DAY},
    "denied": {},
    "short": {},
    "stray": {"stray": True},
    "encrypts": {"use": "enc"},
}
"""Keys that the set publishes, by what is odd about each. `ended`: days since its certificate ended; times: seconds from now."""


def unique() -> str:
    """A unique token id, as the provider writes one."""
    raw = uuid.uuid4().bytes[:15] + b"\0"
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def packed(found: Mapping[str, Any]) -> bytes:
    """JSON as tokens hold it."""
    return json.dumps(found, separators=(",", ":")).encode()


def b64(raw: bytes) -> bytes:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(signing: bytes, key: Any, algorithm: str) -> bytes:
    """The bare signature of a key over bytes."""
    model = jws.JWSRegistry.algorithms[algorithm]
    return bytes(model.sign(signing, key))


def _certificate(key: Any, about: Any, now: int, ended: timedelta) -> str:
    """A certificate for the public key `about`, signed by `key`, ended so long ago (or not yet)."""
    end = datetime.fromtimestamp(now, UTC) - ended
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "throw-away.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(about.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=730))
        .not_valid_after(end)
    )
    return base64.b64encode(built.sign(key.private_key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()
