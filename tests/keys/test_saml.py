"""SAML documents before a validator that reads what was signed, and before one that reads what stands first."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from lxml import etree
from signxml import SignatureConfiguration, SignatureMethod, XMLVerifier
from signxml.exceptions import SignXMLException

from brokenseal.keys.forge import saml, trial
from brokenseal.keys.forge.by_saml import DOCUMENTS
from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.forge.smith import PERSON
from brokenseal.keys.forge.target import Answer
from tests.keys.conftest import NOW, House

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
REFUSES = (SignXMLException, etree.LxmlError, ValueError, TypeError, AttributeError, KeyError, StopIteration)
"""What a reader of untrusted XML meets."""
METHODS = frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256})


class Consumer:
    """A service that takes SAML responses, with the certificate of the federation metadata."""

    name = "consumer"

    def __init__(self, house: House, reads: str = "strictly") -> None:
        self.house, self.reads = house, reads
        metadata = etree.fromstring(saml.metadata(house.smith).encode())
        shown = metadata.find(".//{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
        self.certificate = x509.load_der_x509_certificate(base64.b64decode(str(shown.text)))

    def ask(self, text: str) -> Answer:
        try:
            root = etree.fromstring(base64.b64decode(text), etree.XMLParser(resolve_entities=False, no_network=True))
            subject = self.strictly(root) if self.reads == "strictly" else self.carelessly(root)
        except REFUSES as error:
            return Answer("refused", type(error).__name__)
        return Answer("let in", subject)

    def verified(self, root: Any) -> Any:
        """The first signature of the document, checked as a library does; what it covers."""
        config = SignatureConfiguration(signature_methods=METHODS, require_x509=True)
        return XMLVerifier().verify(root, x509_cert=self.certificate, expect_config=config).signed_xml

    def carelessly(self, root: Any) -> str:
        """Some signature holds; the subject is that of one assertion or another."""
        self.verified(root)
        found = list(root.iter(f"{SAML}Assertion") if self.reads != "child" else root.findall(f"{SAML}Assertion"))
        return str(found[-1 if self.reads == "last" else 0].find(f"{SAML}Subject/{SAML}NameID").text)

    def strictly(self, root: Any) -> str:
        """One assertion, in its place, signed itself, of the right issuer and audience, and now."""
        if root.getroottree().docinfo.internalDTD is not None:
            raise ValueError("a document type")
        found = list(root.iter(f"{SAML}Assertion"))
        ids = [e.get("ID") for e in root.iter() if e.get("ID")]
        status = root.find(f"{SAMLP}Status/{SAMLP}StatusCode").get("Value")
        if len(found) != 1 or found[0].getparent() is not root or len(set(ids)) != len(ids) or status != saml.SUCCESS:
            raise ValueError("more than a success with one assertion")
        signed = self.verified(found[0])
        if signed is None or signed.tag != f"{SAML}Assertion" or signed.get("ID") != found[0].get("ID"):
            raise ValueError("something else was signed")
        limits = signed.find(f"{SAML}Conditions")
        begins, ends = (datetime.fromisoformat(limits.get(n)) for n in ("NotBefore", "NotOnOrAfter"))
        audience = limits.find(f"{SAML}AudienceRestriction/{SAML}Audience").text
        issuer = signed.find(f"{SAML}Issuer").text
        wanted = (self.house.smith.terms.audiences[0], self.house.smith.issuer())
        if not begins <= datetime.fromtimestamp(NOW, UTC) < ends or (audience, issuer) != wanted:
            raise ValueError("not for here, or not for now")
        return str(signed.find(f"{SAML}Subject/{SAML}NameID").text)


CARELESS = ("first", "child", "last")


@pytest.mark.parametrize("reads", ["strictly", *CARELESS])
def test_a_genuine_response_is_genuine_to_all(house: House, reads: str) -> None:
    assert Consumer(house, reads).ask(saml.form(saml.genuine(house.smith))) == Answer("let in", PERSON)


def test_a_strict_consumer_lets_no_forgery_in(house: House) -> None:
    done = trial.run(Consumer(house), house.smith, saml=True)
    assert [r.forgery.name for r in done.results if r.answer.verdict == "let in"] == []
    assert (done.exit_code, len(done.results)) == (0, len(DOCUMENTS))


def test_every_wrapping_fools_some_careless_consumer(house: House) -> None:
    fooled = set()
    for reads in CARELESS:
        done = trial.run(Consumer(house, reads), house.smith, saml=True)
        assert done.exit_code == 3
        fooled |= {r.forgery.name for r in done.results if r.answer == Answer("let in", saml.INTRUDER)}
        let_in = {r.forgery.name for r in done.results if r.answer.verdict == "let in"}
        assert {"saml-other-audience", "saml-expired", "saml-other-issuer", "saml-failed"} <= let_in
        assert not let_in & {
            "saml-unsigned",
            "saml-changed",
            "saml-hmac",
            "saml-sha1",
            "saml-own-certificate",
            "saml-broken",
        }
    wrappings = {f.name for f in DOCUMENTS if f.name.startswith("saml-wrapped-")}
    assert len(wrappings) == 8
    # this library refuses to choose between two elements of one id; others take one of them
    assert fooled == wrappings - {"saml-wrapped-extension-forged"} | {"saml-status-signed"}


def test_every_document_but_the_broken_one_is_xml(house: House) -> None:
    for forgery in corpus(house.smith, saml=True):
        text = base64.b64decode(forgery.make(house.smith))
        if forgery.name != "saml-broken":
            etree.fromstring(text)


def test_elliptic_keys_sign_documents_too() -> None:
    from brokenseal.keys.forge.smith import Smith, demanded

    smith = Smith(demanded("oidc", algorithms=("ES256",)), NOW)
    root = etree.fromstring(saml.genuine(smith).encode())
    method = root.find(".//{http://www.w3.org/2000/09/xmldsig#}SignatureMethod")
    assert method.get("Algorithm").endswith("ecdsa-sha256")
    assert len(corpus(smith, saml=True)) == len(DOCUMENTS)
