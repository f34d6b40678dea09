"""SAML responses as documents: an assertion, its signature, and what stands around them.

What: an assertion signed as exclusive canonical XML and SHA-256 ask, and the parts to put it together otherwise. Why: a
federation's key opens the same doors as a token's. How: assertions are written in their canonical form to begin with, so that
no canonicaliser is needed. Misses: encrypted assertions, and signatures over the response.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from brokenseal.keys.forge.smith import PERSON, Made, Smith

_SAML, _SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
INTRUDER = "intruder@attacker.example"
GENUINE, FORGED = "_genuine", "_forged"


@dataclass(frozen=True)
class Signing:
    """How an assertion is signed: by whose key, whose certificate is shown, and with which method."""

    key: Made
    shown: Made
    method: str = "sha256"


def form(xml: str) -> str:
    """A document as the form field SAMLResponse holds it."""
    return base64.b64encode(xml.encode()).decode()


def bearer(xml: str) -> str:
    """A document as an `Authorization` header can carry it."""
    return base64.urlsafe_b64encode(xml.encode()).rstrip(b"=").decode()


def metadata(smith: Smith) -> str:
    """The issuer's federation metadata: its name and the certificate that it signs with."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{escape(smith.issuer())}">'
        f'<IDPSSODescriptor protocolSupportEnumeration="{_SAMLP}"><KeyDescriptor use="signing">'
        f'<ds:KeyInfo xmlns:ds="{_DS}"><ds:X509Data><ds:X509Certificate>{smith.key("home").says["x5c"][0]}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>\n"
    )


def genuine(smith: Smith) -> str:
    """A response with one assertion, signed by the key that metadata and key set publish."""
    return response(signed(smith))


def signed(smith: Smith, signing: Signing | None = None, **changes: Any) -> str:
    """A signed assertion, its signature where the schema puts it: behind the issuer. `changes`: as of `assertion`."""
    plain = assertion(smith, **changes)
    return within(plain, signature(smith, plain, signing))


def within(plain: str, inner: str) -> str:
    """An assertion with something behind its issuer."""
    return plain.replace("</saml:Issuer>", f"</saml:Issuer>{inner}", 1)


def assertion(smith: Smith, subject: str = PERSON, name: str = GENUINE, **changes: Any) -> str:
    """An assertion in its canonical form. changes: issuer, audience ('' for none), begins and ends in seconds from now."""
    begins, ends = (_time(smith.now + changes.get(n, s)) for n, s in (("begins", -300), ("ends", 3300)))
    audience = changes.get("audience", smith.terms.audiences[0])
    for_whom = f"<saml:AudienceRestriction><saml:Audience>{escape(audience)}</saml:Audience></saml:AudienceRestriction>"
    return (
        f'<saml:Assertion xmlns:saml="{_SAML}" ID="{name}" IssueInstant="{begins}" Version="2.0">'
        f"<saml:Issuer>{escape(changes.get('issuer', smith.issuer()))}</saml:Issuer>"
        f"<saml:Subject><saml:NameID>{escape(subject)}</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{ends}"></saml:SubjectConfirmationData>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}">{for_whom if audience else ""}</saml:Conditions>'
        f'<saml:AuthnStatement AuthnInstant="{begins}"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
        "</saml:AuthnStatement></saml:Assertion>"
    )


def response(inner: str, status: str = SUCCESS, before: str = "") -> str:
    """A response around assertions; `before` stands before its root."""
    return (
        f'{before}<samlp:Response xmlns:samlp="{_SAMLP}" ID="_response" Version="2.0">'
        f'<samlp:Status ID="_status"><samlp:StatusCode Value="{status}"></samlp:StatusCode></samlp:Status>'
        f"{inner}</samlp:Response>"
    )


def signature(
    smith: Smith, plain: str, signing: Signing | None = None, *, name: str = GENUINE, inside: str = ""
) -> str:
    """A signature over the element called `name`, whose canonical form is `plain`; `inside` is put at its end."""
    home = smith.key("home")
    signing = signing or Signing(home, home)
    digest = base64.b64encode(hashlib.sha256(plain.encode()).digest()).decode()
    inner = (
        f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{_method(smith, signing)}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{name}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{_DS}enveloped-signature"></ds:Transform>'
        f'<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )
    # what is signed stands alone, and so names its namespace itself
    raw = _raw(smith, signing, f'<ds:SignedInfo xmlns:ds="{_DS}">{inner}</ds:SignedInfo>'.encode())
    return (
        f'<ds:Signature xmlns:ds="{_DS}"><ds:SignedInfo>{inner}</ds:SignedInfo>'
        f"<ds:SignatureValue>{base64.b64encode(raw).decode()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{signing.shown.says['x5c'][0]}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f"{inside}</ds:Signature>"
    )


def _method(smith: Smith, signing: Signing) -> str:
    if signing.method == "hmac":
        return f"{_MORE}hmac-sha256"
    if signing.method == "sha1":
        return f"{_DS}rsa-sha1" if smith.rsa else f"{_MORE}ecdsa-sha1"
    return f"{_MORE}{'rsa' if smith.rsa else 'ecdsa'}-sha256"


def _raw(smith: Smith, signing: Signing, text: bytes) -> bytes:
    if signing.method == "hmac":
        # the certificate is public, and a careless validator's only key
        return hmac.new(base64.b64decode(signing.shown.says["x5c"][0]), text, hashlib.sha256).digest()
    kind = hashes.SHA1() if signing.method == "sha1" else hashes.SHA256()
    scheme = (padding.PKCS1v15(), kind) if smith.rsa else (ec.ECDSA(kind),)
    return bytes(signing.key.key.private_key.sign(text, *scheme))


def _time(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
