"""Forgeries of the signature: whose key, no key, a key brought along, a secret that is none.

What, why, how: see `corpus`.
"""

from __future__ import annotations

import json

from brokenseal.keys.forge.makers import (
    Forgery,
    brought,
    changed,
    clouded,
    der,
    eddsa,
    headed,
    hmac_of,
    lured,
    none,
    parts,
    public,
    rsa,
)
from brokenseal.keys.forge.smith import OTHER, b64, packed

SIGNATURES = (
    # whose key
    Forgery(
        "key-scope-2023",
        "key-issuer",
        "the intrusion of 2023: a key that may sign for others signs for the organisation",
        changed("consumers"),
    ),
    Forgery(
        "key-of-other-tenant", "key-issuer", "the key of one other organisation signs for this one", changed("other")
    ),
    Forgery(
        "key-of-other-cloud",
        "cloud",
        "a key of another cloud, listed with its own issuer",
        changed("cloud"),
        lambda s: s.terms.cloud is not None,
    ),
    Forgery(
        "key-of-other-cloud-no-issuer",
        "cloud",
        "a key of another cloud, whose issuer looks right",
        changed("foreign"),
        lambda s: s.terms.cloud is not None,
    ),
    Forgery(
        "token-of-other-cloud",
        "cloud",
        "a token that is genuine in another cloud",
        lambda s: s.sign(s.claims(iss=s.issuer().replace("microsoftonline.com", "microsoftonline.us")), s.key("cloud")),
        clouded,
    ),
    Forgery(
        "key-certificate-ended",
        "key-state",
        "the key's certificate ended years ago, and it is still published",
        changed("ended"),
    ),
    Forgery("key-denied", "key-state", "the key has the thumbprint of the key stolen before 2023", changed("denied")),
    Forgery("key-short", "key-state", "a key of 1024 bits", changed("short"), rsa),
    Forgery("key-stray-certificate", "key-state", "the key's certificate is about another key", changed("stray")),
    Forgery("key-retired", "time", "issued a day ago by a key that was retired a week ago", changed("retired")),
    Forgery("key-unborn", "time", "issued before its key was ever seen", changed("unborn")),
    Forgery("key-for-encryption", "key-id", "signed by a key that is published for encryption", changed("encrypts")),
    # a key brought along
    Forgery("header-jwk", "algorithm", "the header brings the attacker's key (jwk)", brought(jwk=public)),
    Forgery(
        "header-jwk-trusted-kid",
        "algorithm",
        "the same under the id of a trusted key",
        lambda s: s.sign(s.claims(), s.key("attacker"), packed(s.header(s.key("home"), jwk=public(s.key("attacker"))))),
    ),
    Forgery(
        "header-jku",
        "algorithm",
        "the header names the attacker's key set (jku)",
        lured("jku", "keys"),
    ),
    Forgery(
        "header-x5u",
        "algorithm",
        "the header names the attacker's certificate (x5u)",
        lured("x5u", "certificate"),
    ),
    Forgery(
        "header-x5c",
        "algorithm",
        "the header brings the attacker's certificate (x5c)",
        brought(x5c=lambda k: k.says["x5c"]),
    ),
    Forgery(
        "header-crit",
        "algorithm",
        "the header demands an extension that nobody knows",
        headed(crit=["exp_ext"], exp_ext=1),
    ),
    Forgery(
        "header-b64-false",
        "algorithm",
        "the header says that the payload is not encoded",
        headed(b64=False, crit=["b64"]),
    ),
    Forgery("kid-unknown", "key-id", "an unknown key id", lambda s: s.sign(s.claims(), s.key("attacker"))),
    Forgery("kid-missing", "key-id", "no key id, so that a validator tries all keys", headed("consumers", kid=None)),
    Forgery("kid-number", "key-id", "a key id that is no text", headed(kid=1)),
    Forgery(
        "kid-list",
        "key-id",
        "a list of key ids",
        lambda s: s.sign(s.claims(), s.key("home"), packed(s.header(s.key("home"), kid=[s.key("home").kid]))),
    ),
    Forgery(
        "kid-case",
        "key-id",
        "a trusted key's id in capital letters",
        lambda s: s.sign(s.claims(), s.key("home"), packed(s.header(s.key("home"), kid=s.key("home").kid.upper()))),
    ),
    Forgery(
        "kid-traversal",
        "key-id",
        "a key id that walks through folders",
        lambda s: s.sign(s.claims(), s.key("attacker"), packed(s.header(s.key("attacker"), kid="../../keys/attacker"))),
    ),
    Forgery(
        "kid-url",
        "key-id",
        "a key id that is an address",
        lured("kid", "key"),
    ),
    Forgery(
        "kid-nul",
        "key-id",
        "a trusted key's id with a NUL behind it",
        lambda s: s.sign(s.claims(), s.key("home"), packed(s.header(s.key("home"), kid=s.key("home").kid + "\0"))),
    ),
    # no signature, or a secret that is none
    *(
        Forgery(f"alg-{alg}", "algorithm", f"algorithm '{alg}', no signature", none(alg))
        for alg in ("none", "None", "NONE", "nOnE")
    ),
    Forgery(
        "alg-none-signed", "algorithm", "algorithm 'none' with something in place of a signature", none("none", b"AAAA")
    ),
    Forgery("alg-missing", "algorithm", "no algorithm", headed(alg=None)),
    Forgery("alg-empty", "algorithm", "an empty algorithm", headed(alg="")),
    Forgery("alg-list", "algorithm", "a list of algorithms", headed(alg=["RS256", "none"])),
    Forgery("hmac-pem", "algorithm", "HS256 with the public key as its secret", hmac_of("HS256", lambda k: k.pem)),
    Forgery(
        "hmac-pem-stripped",
        "algorithm",
        "the same without the last line break",
        hmac_of("HS256", lambda k: k.pem.strip()),
    ),
    Forgery("hmac-der", "algorithm", "HS256 with the public key's DER as its secret", hmac_of("HS256", der)),
    Forgery("hmac-384-pem", "algorithm", "HS384 with the public key as its secret", hmac_of("HS384", lambda k: k.pem)),
    Forgery("hmac-512-pem", "algorithm", "HS512 with the public key as its secret", hmac_of("HS512", lambda k: k.pem)),
    Forgery(
        "hmac-jwk",
        "algorithm",
        "HS256 with the key's JSON as its secret",
        hmac_of("HS256", lambda k: json.dumps(public(k)).encode()),
    ),
    Forgery(
        "hmac-certificate",
        "algorithm",
        "HS256 with the certificate as its secret",
        hmac_of("HS256", lambda k: str(k.says["x5c"][0]).encode()),
    ),
    Forgery("hmac-empty", "algorithm", "HS256 with an empty secret", hmac_of("HS256", lambda k: b"")),
    Forgery(
        "kid-traversal-hmac",
        "algorithm",
        "kid '../../dev/null' and HS256 with an empty secret",
        hmac_of("HS256", lambda k: b"", kid="../../../../../../dev/null"),
    ),
    Forgery(
        "kid-sql-hmac",
        "algorithm",
        "kid with an SQL statement that yields the secret",
        hmac_of("HS256", lambda k: b"x", kid="none' UNION SELECT 'x' -- "),
    ),
    Forgery(
        "signature-absent",
        "signature",
        "the signature cut off",
        parts(lambda s, p: [p[0], p[1], ""]),
    ),
    Forgery(
        "signature-zero",
        "signature",
        "a signature of zeros",
        parts(lambda s, p: [p[0], p[1], b64(bytes(256)).decode()]),
    ),
    Forgery(
        "signature-short",
        "signature",
        "half of the signature",
        parts(lambda s, p: [p[0], p[1], p[2][: len(p[2]) // 8 * 4]]),
    ),
    Forgery(
        "signature-other-token",
        "signature",
        "the signature of another genuine token",
        parts(lambda s, p: [p[0], p[1], s.genuine(sub="somebody-else").split(".")[2]]),
    ),
    Forgery(
        "payload-changed",
        "signature",
        "a genuine token whose subject was changed afterwards",
        parts(lambda s, p: [p[0], b64(packed(s.claims(sub="admin", oid=OTHER))).decode(), p[2]]),
    ),
    Forgery(
        "key-unpublished",
        "signature",
        "the attacker's own key under the id of a trusted one",
        lambda s: s.sign(s.claims(), s.key("attacker"), packed(s.header(s.key("home")))),
    ),
    Forgery(
        "ecdsa-zero",
        "algorithm",
        "an elliptic signature of zeros, which careless arithmetic takes for good",
        lambda s: (
            b64(packed(s.header(s.key("home"), alg="ES512"))) + b"." + b64(packed(s.claims())) + b"." + b64(bytes(132))
        ).decode(),
    ),
    Forgery("alg-eddsa", "algorithm", "an algorithm that the policy does not list, with the attacker's key", eddsa),
)
