"""Forgeries of the text: what two readers would read differently, and what is no signed token at all.

What, why, how: see `corpus`.
"""

from __future__ import annotations

from brokenseal.keys.forge import saml
from brokenseal.keys.forge.makers import (
    Forgery,
    agreed,
    alike,
    changed,
    encrypted,
    json_form,
    other_alphabet,
    parts,
    raw,
    rsa,
)
from brokenseal.keys.forge.saml import FORGED, INTRUDER
from brokenseal.keys.forge.smith import OTHER, packed

TEXTS = (
    # texts that two readers read differently
    Forgery(
        "duplicate-claim",
        "form",
        "a claim given twice: another audience, then this one",
        raw(lambda t: t.replace('"aud":', f'"aud":"{OTHER}","aud":')),
    ),
    Forgery(
        "duplicate-claim-escaped",
        "form",
        "a claim given twice, once with an escaped letter",
        raw(lambda t: t.replace('"aud":', f'"a\\u0075d":"{OTHER}","aud":')),
    ),
    Forgery(
        "duplicate-header",
        "form",
        "the algorithm given twice: none, then the right one",
        lambda s: s.sign(
            s.claims(), s.key("home"), packed(s.header(s.key("home"))).replace(b'"alg":', b'"alg":"none","alg":')
        ),
    ),
    Forgery("huge", "form", "a token of 300,000 letters", changed(filler="x" * 220_000)),
    Forgery(
        "deep",
        "form",
        "claims nested two thousand deep",
        raw(lambda t: t[:-1] + ',"deep":' + "[" * 2000 + "]" * 2000 + "}"),
    ),
    Forgery("payload-list", "form", "claims in a list", raw(lambda t: f"[{t}]")),
    Forgery("payload-bom", "form", "a byte order mark before the claims", raw(lambda t: b"\xef\xbb\xbf" + t.encode())),
    Forgery(
        "payload-not-utf8", "form", "claims that are not UTF-8", raw(lambda t: t[:-1].encode() + b',"name":"\xff\xfe"}')
    ),
    Forgery(
        "payload-half-character", "form", "half a character in a claim", raw(lambda t: t[:-1] + ',"name":"\\ud800"}')
    ),
    Forgery("payload-trailing", "form", "something behind the claims", raw(lambda t: t + "{}")),
    Forgery(
        "padded", "form", "parts with padding", parts(lambda s, p: [part + "=" * (-len(part) % 4 or 4) for part in p])
    ),
    Forgery(
        "line-breaks",
        "form",
        "line breaks within the signature",
        parts(lambda s, p: [p[0], p[1], p[2][:64] + "\n" + p[2][64:]]),
    ),
    Forgery(
        "alphabet-of-base64",
        "form",
        "the other alphabet of base64",
        parts(lambda s, p: [p[0], p[1], other_alphabet(p[2])]),
    ),
    Forgery(
        "second-spelling",
        "form",
        "the signature's last letter changed to one that decodes alike",
        parts(lambda s, p: [p[0], p[1], alike(p[2])]),
    ),
    Forgery("four-parts", "form", "a fourth part", parts(lambda s, p: [*p, p[2]])),
    Forgery("two-parts", "form", "two parts", parts(lambda s, p: p[:2])),
    Forgery("empty-parts", "form", "nothing but dots", lambda s: ".."),
    Forgery("json-form", "form", "the signed token as a JSON object", lambda s: json_form(s, general=False)),
    Forgery(
        "json-form-two",
        "form",
        "a JSON object of two signatures, the attacker's first",
        lambda s: json_form(s, general=True),
    ),
    Forgery("encrypted", "form", "encrypted with the public key, which anybody can do", encrypted, rsa),
    Forgery("encrypted-agreed", "form", "encrypted by agreement with the attacker's own key", agreed),
    Forgery("saml", "form", "a SAML assertion, genuine, in place of a token", lambda s: saml.bearer(saml.genuine(s))),
    Forgery(
        "saml-wrapped",
        "form",
        "a SAML response whose signed assertion is wrapped around a forged one",
        lambda s: saml.bearer(saml.response(saml.assertion(s, INTRUDER, FORGED) + saml.signed(s))),
    ),
    Forgery(
        "saml-unsigned",
        "form",
        "a SAML assertion without a signature",
        lambda s: saml.bearer(saml.response(saml.assertion(s, INTRUDER, FORGED))),
    ),
)
