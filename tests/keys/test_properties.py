"""No text makes the verifier raise anything but its own error, or let in what no trusted key signed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokenseal.keys.forge.corpus import corpus
from tests.keys.oracle import NOW, Oracle, packed

STEADY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
CLAIMS = [
    "iss",
    "aud",
    "iat",
    "nbf",
    "exp",
    "sub",
    "tid",
    "ver",
    "azp",
    "oid",
    "uti",
    "sid",
    "scp",
    "roles",
    "idtyp",
    "nonce",
]
HEADERS = ["alg", "kid", "typ", "cty", "crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NEAR = st.sampled_from(
    [NOW - 101_101, NOW - 101_100, NOW - 3600, NOW - 120, NOW - 1, NOW, NOW + 119, NOW + 120, NOW + 121, NOW + 3600]
)


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle()


@STEADY
@given(token=st.binary(max_size=400) | st.text(max_size=400) | st.text(LETTERS, max_size=400))
def test_any_text(oracle: Oracle, token: bytes | str) -> None:
    oracle.unsigned(token)


@STEADY
@given(
    header=st.dictionaries(st.sampled_from(HEADERS), ANY_JSON | st.sampled_from(["ES256", "none", "HS256", "JWT"]))
    | ANY_JSON,
    payload=ANY_JSON,
    signature=st.binary(max_size=80),
)
def test_any_json_unsigned(oracle: Oracle, header: Any, payload: Any, signature: bytes) -> None:
    if isinstance(header, dict) and header.get("alg") is True:
        header["alg"] = "ES256"
    oracle.unsigned(packed(header, payload, signature))


@STEADY
@given(data=st.data())
def test_a_genuine_token_with_something_changed(oracle: Oracle, data: st.DataObject) -> None:
    token = bytearray(oracle.genuine.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        if not token:
            break
        at = data.draw(st.integers(0, len(token) - 1))
        match data.draw(st.sampled_from(["flip", "drop", "put", "cut"])):
            case "flip":
                token[at] ^= 1 << data.draw(st.integers(0, 7))
            case "drop":
                del token[at]
            case "put":
                token.insert(at, data.draw(st.sampled_from(LETTERS.encode() + b"=+/ \n\0")))
            case _:
                del token[at + 1 :]
    oracle.unsigned(bytes(token))


@STEADY
@given(
    changes=st.dictionaries(st.sampled_from(CLAIMS), ANY_JSON | NEAR, max_size=3),
    head=st.dictionaries(st.sampled_from(HEADERS), ANY_JSON, max_size=1),
    key=st.sampled_from(["home", "home", "home", "consumers", "other", "ended"]),
)
def test_what_a_trusted_key_signed(oracle: Oracle, changes: dict[str, Any], head: dict[str, Any], key: str) -> None:
    smith = oracle.smith
    header = json.dumps({**smith.header(smith.key(key)), **head}).encode()
    claims = json.dumps({**smith.claims(), **changes}).encode()
    oracle.signed(header, claims, key)


@STEADY
@given(header=st.binary(max_size=60), payload=st.binary(max_size=200))
def test_bytes_that_a_trusted_key_signed(oracle: Oracle, header: bytes, payload: bytes) -> None:
    good = json.dumps(oracle.smith.header(oracle.smith.key("home"))).encode()
    assert not oracle.signed(good, payload)
    assert not oracle.signed(header, json.dumps(oracle.smith.claims()).encode())


def test_the_oracle_itself_can_tell(oracle: Oracle) -> None:
    """A property that nothing can break proves nothing: what is right is let in, and what is let in is looked at."""
    smith = oracle.smith
    header, claims = json.dumps(smith.header(smith.key("home"))).encode(), smith.claims()
    assert oracle.signed(header, json.dumps(claims).encode())
    with pytest.raises(AssertionError):
        oracle.allowed(json.loads(header), {**claims, "tid": "other"})
    for forgery in corpus(smith):
        assert not oracle.judge(forgery.make(smith)), forgery.name
