"""Which stock libraries let the forgeries in: `python -m bench.libraries` writes the tables of docs/keys.md.

Each library is used as its own documentation shows for a provider's key set: one asymmetric algorithm, the expected audience
and issuer, expiry. What it lets in is no fault of a library, whose job ends there; it is what is left to whoever calls it.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.forge.makers import Forgery
from brokenseal.keys.forge.smith import Smith, demanded
from brokenseal.keys.forge.trial import NUMBERS, served
from brokenseal.keys.verifier.rules import RULES

PAGE = Path(__file__).parent.parent / "docs" / "keys.md"
BEGIN, END = "<!-- libraries: begin -->", "<!-- libraries: end -->"
FIRST = "key-scope-2023"
ALGORITHM = "RS256"
Check = Callable[[str], Any]


@dataclass(frozen=True)
class Expected:
    """What each library is told: the key set, as text and by address, the audience and the issuer."""

    jwks: dict[str, Any]
    url: str
    audience: str
    issuer: str


def pyjwt(e: Expected) -> Check:
    """PyJWT, as in "Retrieve RSA signing keys from a JWKS endpoint"."""
    import jwt

    client = jwt.PyJWKClient(f"{e.url}/keys")

    def check(token: str) -> Any:
        key = client.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=[ALGORITHM], audience=e.audience, issuer=e.issuer)

    return check


def joserfc(e: Expected) -> Check:
    """joserfc, as in its guide of JSON Web Tokens."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(e.jwks)  # type: ignore[arg-type]
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": e.issuer},
        aud={"essential": True, "value": e.audience},
        exp={"essential": True},
    )

    def check(token: str) -> Any:
        found = jwt.decode(token, keys, algorithms=[ALGORITHM])
        claims.validate(found.claims)
        return found

    return check


def authlib(e: Expected) -> Check:
    """Authlib, as in its guide of JSON Web Tokens."""
    # it says on import that it is old, past every filter
    with warnings.catch_warnings(record=True):
        from authlib.jose import JsonWebKey, JsonWebToken

    keys, jwt = JsonWebKey.import_key_set(e.jwks), JsonWebToken([ALGORITHM])
    options = {
        "iss": {"essential": True, "value": e.issuer}, "aud": {"essential": True, "value": e.audience},
        "exp": {"essential": True},
    }  # fmt: skip

    def check(token: str) -> Any:
        claims = jwt.decode(token, keys, claims_options=options)
        claims.validate()
        return claims

    return check


def python_jose(e: Expected) -> Check:
    """python-jose, as in its reference of `jwt.decode`, which takes a key set."""
    from jose import jwt

    return lambda token: jwt.decode(token, e.jwks, algorithms=[ALGORITHM], audience=e.audience, issuer=e.issuer)


def jwcrypto(e: Expected) -> Check:
    """jwcrypto, as in its page on JSON Web Tokens."""
    from jwcrypto import jwk, jwt

    keys = jwk.JWKSet.from_json(json.dumps(e.jwks))
    wanted = {"iss": e.issuer, "aud": e.audience, "exp": None}
    return lambda token: jwt.JWT(jwt=token, key=keys, algs=[ALGORITHM], check_claims=wanted, expected_type="JWS")


def brokenseal(e: Expected) -> Check:
    """brokenseal's own `verify`, with the same key set."""
    from brokenseal import keys

    policy = keys.policy("entra-v2", keys=e.jwks, audiences=[e.audience], tenants=[e.issuer.split("/")[3]])
    policy.terms = demanded("entra-v2")
    return lambda token: keys.verify(token, policy)


LIBRARIES: dict[str, Callable[[Expected], Check]] = {
    "PyJWT": pyjwt,
    "joserfc": joserfc,
    "Authlib": authlib,
    "python-jose": python_jose,
    "jwcrypto": jwcrypto,
    "brokenseal": brokenseal,
}


def lets_in(check: Check, token: str) -> bool:
    """Whether a library takes a token: any error of any kind refuses it."""
    try:
        check(token)
    except Exception:  # noqa: BLE001 - each library raises what it likes
        return False
    return True


def compare() -> tuple[list[Forgery], dict[str, set[str]]]:
    """The forgeries, and for each library the names of those that it let in."""
    smith = Smith(demanded("entra-v2"), int(time.time()))
    found: dict[str, set[str]] = {}
    with served(smith, 0) as url, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = Expected(smith.jwks(), url, smith.terms.audiences[0], smith.issuer())
        forgeries = corpus(smith)
        tokens = [(forgery.name, forgery.make(smith)) for forgery in forgeries]
        for name, make in LIBRARIES.items():
            check = make(expected)
            if not lets_in(check, smith.genuine()):
                raise SystemExit(f"{name} refuses a genuine token: it is not used as it wants to be")
            found[name] = {forgery for forgery, token in tokens if lets_in(check, token)}
    return forgeries, found


def tables(forgeries: list[Forgery], found: dict[str, set[str]]) -> str:
    """The two tables, as Markdown."""
    out = [f"| library | version | the forgery of 2023 | of {len(forgeries)} forgeries |", "|---|---|---|---|"]
    for name, let_in in found.items():
        first = "**let in**" if FIRST in let_in else "refused"
        out.append(f"| {name} | {version(name)} | {first} | {len(let_in)} let in |")
    out += ["", "What each let in, by the rule that stops it:", ""]
    out += [f"| rule | forgeries | {' | '.join(found)} |", "|---|---|" + "---|" * len(found)]
    codes = ["form", "signature", *(rule.code for rule in RULES)]
    for code in codes:
        these = [f.name for f in forgeries if f.code == code]
        counts = [str(len(let_in.intersection(these)) or "-") for let_in in found.values()]
        out.append(f"| {NUMBERS.get(code, 0)} {code} | {len(these)} | {' | '.join(counts)} |")
    return "\n".join(out)


def main(check: bool) -> int:
    """Write the tables into the page, or say whether it holds them; returns the exit code."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = tables(*compare())
    new = f"{before}{BEGIN}\n{made}\n{END}{after}"
    if check:
        return int(new != text)
    PAGE.write_text(new, encoding="utf-8")
    print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
