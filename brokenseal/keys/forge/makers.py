"""What forgeries are made with: changes of a genuine token, one at a time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from brokenseal.keys.forge.smith import Made, Smith, b64, packed, signed

Make = Callable[[Smith], str]


@dataclass(frozen=True)
class Forgery:
    """A token to refuse. code: the rule that refuses it. fits: whether it can be made for some terms."""

    name: str
    code: str
    title: str
    make: Make
    fits: Callable[[Smith], bool] = lambda s: True


# --- conditions


def templated(s: Smith) -> bool:
    """One key set serves many organisations, each with an issuer of its own."""
    return s.templated


def rsa(s: Smith) -> bool:
    """Keys are RSA."""
    return s.rsa


def scoped(s: Smith) -> bool:
    """Tokens name an organisation."""
    return s.terms.tenant_claim is not None


def grants(s: Smith) -> bool:
    """Tokens are access tokens that grant scopes or roles."""
    return s.terms.grants


def clouded(s: Smith) -> bool:
    """The provider runs several clouds, and this one's name stands in its issuer."""
    return s.terms.cloud is not None and s.terms.cloud in s.issuer()


def by_scope(s: Smith) -> bool:
    """The key set says of every key whose tokens it may sign."""
    return s.terms.key_issuer == "required"


# --- makers


def changed(key: str = "home", **changes: Any) -> Make:
    """A token signed by a key of the set, right but for these claims."""
    return lambda s: s.sign(s.claims(**changes), s.key(key))


def headed(key: str = "home", **changes: Any) -> Make:
    """A token signed by a key of the set, its claims right, its header changed."""
    return lambda s: s.sign(s.claims(), s.key(key), packed(s.header(s.key(key), **changes)))


def hmac_of(alg: str, secret: Callable[[Made], bytes], **changes: Any) -> Make:
    """A token signed with HMAC, the secret being something public."""

    def make(s: Smith) -> str:
        home = s.key("home")
        signing = b64(packed(s.header(home, alg=alg, **changes))) + b"." + b64(packed(s.claims()))
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
        return (signing + b"." + b64(hmac.new(secret(home), signing, digest).digest())).decode()

    return make


def none(alg: Any, signature: bytes = b"") -> Make:
    """A token with this algorithm and nothing, or anything, for a signature."""

    def make(s: Smith) -> str:
        header = packed(s.header(s.key("home"), alg=alg))
        return (b64(header) + b"." + b64(packed(s.claims())) + b"." + signature).decode()

    return make


def brought(**members: Callable[[Made], Any]) -> Make:
    """A token signed by the attacker's own key, which its header brings along."""

    def make(s: Smith) -> str:
        mine = s.key("attacker")
        made = {name: value(mine) for name, value in members.items()}
        return s.sign(s.claims(), mine, packed(s.header(mine, **made)))

    return make


def lured(member: str, page: str) -> Make:
    """A token signed by the attacker's own key, whose header names an address where that key lies."""

    def make(s: Smith) -> str:
        mine = s.key("attacker")
        return s.sign(s.claims(), mine, packed(s.header(mine, **{member: f"{s.lure}/{page}"})))

    return make


def parts(change: Callable[[Smith, list[str]], list[str]]) -> Make:
    """A genuine token whose parts are changed afterwards."""
    return lambda s: ".".join(change(s, s.genuine().split(".")))


def raw(payload: Callable[[str], str | bytes]) -> Make:
    """A token signed by the right key over a payload that is written by hand; `payload` changes genuine JSON."""

    def make(s: Smith) -> str:
        text = payload(packed(s.claims()).decode())
        return s.sign(text if isinstance(text, bytes) else text.encode(), s.key("home"))

    return make


def public(key: Made) -> dict[str, Any]:
    """The public half of a key as JSON."""
    return dict(key.key.as_dict(private=False))


def der(key: Made) -> bytes:
    """The public half of a key as DER."""
    return base64.b64decode("".join(key.pem.decode().splitlines()[1:-1]))


def eddsa(s: Smith) -> str:
    """Signed with an algorithm that the key could not have been meant for."""
    signing = b64(packed(s.header(s.key("home"), alg="EdDSA"))) + b"." + b64(packed(s.claims()))
    return (signing + b"." + b64(Ed25519PrivateKey.generate().sign(signing))).decode()


def of_tenant(tenant: Callable[[Smith], str], key: str = "home") -> Make:
    """A token of another organisation, genuine there."""
    return lambda s: s.sign(s.claims(iss=s.issuer(tenant(s)), **{str(s.terms.tenant_claim): tenant(s)}), s.key(key))


def timed(**moments: Any) -> Make:
    """A token whose times are set, numbers being seconds from now."""
    return lambda s: s.sign(
        s.claims(**{n: s.now + v if type(v) is int else v for n, v in moments.items()}), s.key("home")
    )


def encrypted(s: Smith) -> str:
    """Encrypted with a public key, which proves nothing about who did."""
    key = RSAKey.import_key(public(s.key("home")))
    head = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": s.key("home").kid, "cty": "JWT"}
    return str(jwe.encrypt_compact(head, packed(s.claims()), key, algorithms=["RSA-OAEP", "A256GCM"]))


def agreed(s: Smith) -> str:
    """Encrypted for an elliptic key of the attacker's: nobody signed it at all."""
    key = ECKey.generate_key("P-256")
    head = {"alg": "ECDH-ES", "enc": "A128GCM", "cty": "JWT"}
    return str(jwe.encrypt_compact(head, packed(s.claims()), key, algorithms=["ECDH-ES", "A128GCM"]))


def other_alphabet(part: str) -> str:
    """The part with its first letter that both alphabets write differently; with one set in, where it has none."""
    other = part.replace("-", "+").replace("_", "/")
    return other if other != part else part[:-1] + "/"


def alike(part: str) -> str:
    """Another last letter, of which only the unused bits differ."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + letters[letters.index(part[-1]) ^ 1]


def json_form(s: Smith, *, general: bool) -> str:
    """A genuine token in the other form of RFC 7515; general: with a second signature, by the attacker, before it."""
    head, body, good = s.genuine().split(".")
    if not general:
        return json.dumps({"protected": head, "payload": body, "signature": good}, separators=(",", ":"))
    mine = s.key("attacker")
    head_mine = b64(packed(s.header(mine)))
    bad = b64(signed(head_mine + b"." + body.encode(), mine.key, s.algorithm)).decode()
    both = [{"protected": head_mine.decode(), "signature": bad}, {"protected": head, "signature": good}]
    return json.dumps({"payload": body, "signatures": both}, separators=(",", ":"))
