"""SAML responses, genuine and wrapped.

What: an assertion signed as exclusive canonical XML and SHA-256 ask, and documents in which a valid signature covers one
assertion while a careless reader takes another. Why: a federation's key opens the same doors as a token's. How: assertions
are written in their canonical form to begin with, so that no canonicaliser is needed. Misses: encrypted assertions.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from brokenseal.keys.forge.smith import PERSON, Smith

_SAML, _SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_EC = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
INTRUDER = "intruder@attacker.example"


def bearer(xml: str) -> str:
    """A document as an `Authorization` header can carry it."""
    return base64.urlsafe_b64encode(xml.encode()).rstrip(b"=").decode()


def genuine(smith: Smith) -> str:
    """A response with one assertion, signed by the key that the set publishes."""
    plain, signature = _signed(smith, PERSON, "_genuine")
    return _response(_with(plain, signature))


def unsigned(smith: Smith) -> str:
    """A response whose assertion nobody signed."""
    return _response(_assertion(smith, INTRUDER, "_forged"))


def wrapped(smith: Smith) -> str:
    """A forged assertion first; the signed one hidden in an extension of the response, where its reference still finds it."""
    plain, signature = _signed(smith, PERSON, "_genuine")
    hidden = f"<samlp:Extensions>{_with(plain, signature)}</samlp:Extensions>"
    return _response(hidden + _assertion(smith, INTRUDER, "_forged"))


def _signed(smith: Smith, subject: str, name: str) -> tuple[str, str]:
    """An assertion in its canonical form, and its signature."""
    plain = _assertion(smith, subject, name)
    digest = base64.b64encode(hashlib.sha256(plain.encode()).digest()).decode()
    method = _RSA if smith.rsa else _EC
    inner = (
        f'<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{name}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{_DS}enveloped-signature"></ds:Transform>'
        f'<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )
    # what is signed stands alone, and so names its namespace itself
    signing = f'<ds:SignedInfo xmlns:ds="{_DS}">{inner}</ds:SignedInfo>'.encode()
    home = smith.key("home")
    key = home.key.private_key
    scheme = (padding.PKCS1v15(), hashes.SHA256()) if smith.rsa else (ec.ECDSA(hashes.SHA256()),)
    raw = key.sign(signing, *scheme)
    signature = (
        f'<ds:Signature xmlns:ds="{_DS}"><ds:SignedInfo>{inner}</ds:SignedInfo>'
        f"<ds:SignatureValue>{base64.b64encode(raw).decode()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{home.says['x5c'][0]}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    return plain, signature


def _with(plain: str, signature: str) -> str:
    """The assertion with its signature where the schema puts it: behind the issuer."""
    return plain.replace("</saml:Issuer>", f"</saml:Issuer>{signature}", 1)


def _assertion(smith: Smith, subject: str, name: str) -> str:
    at, until = (
        datetime.fromtimestamp(smith.now + s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        for s in (-300, 3300)
    )
    return (
        f'<saml:Assertion xmlns:saml="{_SAML}" ID="{name}" IssueInstant="{at}" Version="2.0">'
        f"<saml:Issuer>{escape(smith.issuer())}</saml:Issuer><saml:Subject><saml:NameID>{escape(subject)}</saml:NameID>"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData NotOnOrAfter="{until}"></saml:SubjectConfirmationData>'
        "</saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{at}" NotOnOrAfter="{until}"><saml:AudienceRestriction>'
        f"<saml:Audience>{escape(smith.terms.audiences[0])}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{at}"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
        "</saml:AuthnStatement></saml:Assertion>"
    )


def _response(inner: str) -> str:
    return (
        f'<samlp:Response xmlns:samlp="{_SAMLP}" ID="_response" Version="2.0">'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>'
        f"</samlp:Status>{inner}</samlp:Response>"
    )
