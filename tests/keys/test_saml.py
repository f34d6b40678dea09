"""SAML documents: what is genuine is so for a library that verifies signatures, what is wrapped proves another assertion."""

from __future__ import annotations

import base64

from cryptography import x509
from lxml import etree
from signxml import XMLVerifier

from brokenseal.keys.forge import saml
from brokenseal.keys.forge.smith import PERSON
from tests.keys.conftest import House

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def verified(house: House, xml: str) -> str:
    """The subject of the assertion that a valid signature covers."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(house.smith.key("home").says["x5c"][0]))
    root = etree.fromstring(xml.encode())
    signed = next(a for a in root.iter(f"{SAML}Assertion") if a.get("ID") == "_genuine")
    found = XMLVerifier().verify(signed, x509_cert=certificate)
    return str(found.signed_xml.find(f".//{SAML}NameID").text)


def first(xml: str) -> str:
    """What a careless reader takes: the first assertion of the document that stands where one belongs."""
    return str(etree.fromstring(xml.encode()).find(f"{SAML}Assertion/{SAML}Subject/{SAML}NameID").text)


def test_a_genuine_response(house: House) -> None:
    xml = saml.genuine(house.smith)
    assert verified(house, xml) == first(xml) == PERSON


def test_a_wrapped_one_proves_another_assertion(house: House) -> None:
    xml = saml.wrapped(house.smith)
    assert (verified(house, xml), first(xml)) == (PERSON, saml.INTRUDER)


def test_an_unsigned_one(house: House) -> None:
    xml = saml.unsigned(house.smith)
    assert first(xml) == saml.INTRUDER and "Signature" not in xml
