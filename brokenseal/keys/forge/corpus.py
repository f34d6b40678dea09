"""Forgeries: each a token that one rule refuses, and that a careless validator lets in.

What: the intrusion of 2023 first, then what is known to have opened doors elsewhere: `none`, keys brought along, a public key
used as a secret, the wrong tenant, version, cloud, audience, kind and time, and texts that two readers read differently.
How: signed with the keys of a Smith, so that all but one thing is right wherever a key of the set can be used. Misses: what
takes a fault of the cryptography itself, such as timing.
"""

from __future__ import annotations

from brokenseal.keys.forge.by_claim import CLAIMS
from brokenseal.keys.forge.by_key import SIGNATURES
from brokenseal.keys.forge.by_saml import DOCUMENTS
from brokenseal.keys.forge.by_text import TEXTS
from brokenseal.keys.forge.makers import Forgery
from brokenseal.keys.forge.smith import Smith

FORGERIES: tuple[Forgery, ...] = (*SIGNATURES, *CLAIMS, *TEXTS)


def corpus(smith: Smith, *, saml: bool = False) -> list[Forgery]:
    """The forgeries that can be made for a smith's terms, the key-scope confusion of 2023 first; saml: documents, not tokens."""
    return [forgery for forgery in (DOCUMENTS if saml else FORGERIES) if forgery.fits(smith)]
