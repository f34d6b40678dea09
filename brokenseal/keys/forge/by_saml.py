"""SAML forgeries: wrapping, no signature, the wrong key, audience, issuer and time.

What: documents that hold a valid signature over one assertion while a careless reader takes another (the eight ways of signature
wrapping that apply to signed assertions), and what else opens such doors. Why, how: see `corpus` and `saml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from brokenseal.keys.forge import saml
from brokenseal.keys.forge.makers import Forgery, Make
from brokenseal.keys.forge.saml import FORGED, INTRUDER, Signing
from brokenseal.keys.forge.smith import OTHER, Smith

Wrap = Callable[[str, str, str], str]
"""From a forged assertion, the genuine one without its signature, and the signature, to what stands in the response."""


def _wrapped(wrap: Wrap) -> Make:
    def make(s: Smith) -> str:
        plain = saml.assertion(s)
        forged = saml.assertion(s, INTRUDER, FORGED)
        return saml.form(saml.response(wrap(forged, plain, saml.signature(s, plain))))

    return make


def _inside(forged: str, inner: str) -> str:
    """The forged assertion with something at its end."""
    return forged.replace("</saml:Assertion>", f"{inner}</saml:Assertion>")


def _in_object(signature: str, inner: str) -> str:
    return signature.replace("</ds:Signature>", f"<ds:Object>{inner}</ds:Object></ds:Signature>")


def _extension(inner: str) -> str:
    return f"<samlp:Extensions>{inner}</samlp:Extensions>"


def _by(key: str, shown: str = "", method: str = "sha256", **changes: object) -> Make:
    """A response whose assertion is signed by a key of the smith's, right in all else but for these changes."""

    def make(s: Smith) -> str:
        signing = Signing(s.key(key), s.key(shown or key), method)
        return saml.form(saml.response(saml.signed(s, signing, **changes)))

    return make


def _document(change: Callable[[str], str]) -> Make:
    """A genuine response, its text changed afterwards."""
    return lambda s: saml.form(change(saml.genuine(s)))


def _unsigned(s: Smith) -> str:
    return saml.form(saml.response(saml.assertion(s, INTRUDER, FORGED)))


def _status_signed(s: Smith) -> str:
    """The response's status is signed, and nothing else."""
    status = (
        '<samlp:Status xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_status">'
        f'<samlp:StatusCode Value="{saml.SUCCESS}"></samlp:StatusCode></samlp:Status>'
    )
    signature = saml.signature(s, status, name="_status")
    return saml.form(saml.response(saml.within(saml.assertion(s, INTRUDER, FORGED), signature)))


def _other_issuer(s: Smith) -> str:
    issuer = s.issuer(OTHER) if s.templated else "https://login.other.example"
    return saml.form(saml.response(saml.signed(s, issuer=issuer)))


def _doctype(s: Smith) -> str:
    declared = '<!DOCTYPE r [<!ENTITY who "intruder">]>'
    return saml.form(saml.response(saml.signed(s), before=declared))


_WRAPPINGS: tuple[tuple[str, str, Wrap], ...] = (
    ("before", "a forged assertion before the signed one", lambda f, p, g: f + saml.within(p, g)),
    ("behind", "a forged assertion behind the signed one", lambda f, p, g: saml.within(p, g) + f),
    ("around", "the signed assertion within a forged one", lambda f, p, g: _inside(f, saml.within(p, g))),
    ("signature-moved", "the signature in a forged assertion, the signed one behind", lambda f, p, g: saml.within(f, g) + p),
    (
        "signature-around", "the signature in a forged assertion, the signed one within the signature",
        lambda f, p, g: saml.within(f, _in_object(g, p)),
    ),
    (
        "extension", "the signed assertion in an extension of the response, a forged one in its place",
        lambda f, p, g: _extension(saml.within(p, g)) + f,
    ),
    (
        "extension-forged", "a forged assertion in an extension, under the signed one's id",
        lambda f, p, g: _extension(f.replace(FORGED, saml.GENUINE)) + saml.within(p, g),
    ),
    (
        "object", "the signed assertion in an object of its own signature, beside a forged one",
        lambda f, p, g: _in_object(g, p) + f,
    ),
)  # fmt: skip
DOCUMENTS = (
    Forgery("saml-key-scope", "key-issuer", "the intrusion of 2023 as SAML: a key that may sign for others", _by("consumers")),
    *(Forgery(f"saml-wrapped-{n}", "signature", f"signature wrapping: {title}", _wrapped(wrap)) for n, title, wrap in _WRAPPINGS),
    Forgery("saml-unsigned", "signature", "an assertion that nobody signed", _unsigned),
    Forgery("saml-status-signed", "signature", "only the response's status is signed", _status_signed),
    Forgery(
        "saml-changed", "signature", "the subject changed after signing",
        _document(lambda xml: xml.replace("<saml:NameID>", "<saml:NameID>x")),
    ),
    Forgery(
        "saml-signature-emptied", "signature", "the signature's value emptied",
        _document(lambda xml: re.sub("<ds:SignatureValue>[^<]*", "<ds:SignatureValue>", xml)),
    ),
    Forgery(
        "saml-no-reference", "signature", "a signature that refers to nothing",
        _document(lambda xml: xml.split("<ds:Reference")[0] + xml.split("</ds:Reference>")[1]),
    ),
    Forgery("saml-own-certificate", "algorithm", "signed by the attacker, whose certificate it brings", _by("attacker")),
    Forgery("saml-borrowed-certificate", "signature", "signed by the attacker, a trusted one shown", _by("attacker", "home")),
    Forgery("saml-hmac", "algorithm", "HMAC with the certificate as its secret", _by("home", method="hmac")),
    Forgery("saml-sha1", "algorithm", "a signature with SHA-1, which collides", _by("home", method="sha1")),
    Forgery("saml-key-ended", "key-state", "signed by a key whose certificate ended years ago", _by("ended")),
    Forgery("saml-other-issuer", "issuer", "another organisation's issuer", _other_issuer),
    Forgery("saml-other-audience", "audience", "an assertion for another service", _by("home", audience="https://other.example")),
    Forgery("saml-no-audience", "audience", "an assertion for anybody", _by("home", audience="")),
    Forgery("saml-expired", "time", "expired an hour ago", _by("home", begins=-7200, ends=-3600)),
    Forgery("saml-not-yet", "time", "not valid before tomorrow", _by("home", begins=86_400, ends=90_000)),
    Forgery(
        "saml-failed", "form", "a response that says it failed, around a genuine assertion",
        lambda s: saml.form(saml.response(saml.signed(s), status="urn:oasis:names:tc:SAML:2.0:status:Requester")),
    ),
    Forgery("saml-doctype", "form", "a document type with an entity", _doctype),
    Forgery("saml-broken", "form", "a document cut off", _document(lambda xml: xml[: len(xml) * 2 // 3])),
)  # fmt: skip
