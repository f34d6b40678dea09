"""One normal form for each identifier: known pairs, and the macros against the scalars."""

from __future__ import annotations

import base64
import ipaddress
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from brokenseal import identifiers
from brokenseal.lake import embedded

RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ids = st.uuids().map(str)
shorts = st.text(LETTERS, min_size=22, max_size=22)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
tokens = st.one_of(
    ids,
    ids.map(str.upper),
    ids.map(identifiers.unique_token_id),
    shorts,
    shorts.map(lambda s: s + "=="),
    ids.map(lambda i: base64.b64encode(i.encode()).decode()),
    st.text("ABCab01+/", min_size=48, max_size=48),
    st.text("0123456789abcdef-", min_size=36, max_size=36),
    texts,
    st.sampled_from(["", " ", "A" * 22, "A" * 22 + "==", "A" * 48, identifiers.ZERO]),
)
v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(str)
groups = st.lists(st.sampled_from([0, 0, 1, 0x10, 0xFFFF, 0x2603]), min_size=8, max_size=8)
addresses = st.one_of(
    v4,
    v6,
    groups.map(lambda g: str(ipaddress.IPv6Address(":".join(f"{x:x}" for x in g)))),
    groups.map(lambda g: ":".join(f"{x:04X}" for x in g)),
    st.builds("{}:{}".format, v4, st.integers(0, 65535)),
    st.builds("[{}]:{}".format, v6, st.integers(0, 65535)),
    st.builds("{}%eth{}".format, v6, st.integers(0, 9)),
    v4.map("::ffff:{}".format),
    v4.map("::{}".format),
    st.text("0123456789abcdef:.[]%", max_size=40),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Callable[..., list[Any]]]:
    """Runs expressions over one column `v` of texts."""
    connection = embedded(memory="500MB", threads=1)

    def run(values: list[str | None], *expressions: str) -> list[Any]:
        connection.register("given", pa.table({"n": range(len(values)), "v": pa.array(values, pa.string())}))
        return connection.execute(f"select {', '.join(expressions)} from given order by n").fetchall()

    yield run
    connection.close()


@pytest.mark.parametrize(
    ("written", "request_id"),
    [
        ("xMFjTVvJPE2OChJx_YE-AA", "4d63c1c4-c95b-4d3c-8e0a-1271fd813e00"),
        ("N2jT94if-kGJzdwWp8mqAA", "f7d36837-9f88-41fa-89cd-dc16a7c9aa00"),
        ("3kVZRE8tFkinHtPA7_EFAA==", "445945de-2d4f-4816-a71e-d3c0eff10500"),
        ("MDg4YjQ0MDktOWU2My00MjVkLWI3NzctMmM4YzZjMzgwYjAw", "088b4409-9e63-425d-b777-2c8c6c380b00"),
        ("4D63C1C4-C95B-4D3C-8E0A-1271FD813E00", "4d63c1c4-c95b-4d3c-8e0a-1271fd813e00"),
        ("AAAAAAAAAAAAAAAAAAAAAA", None),
        ("", None),
        ("no token id at all", "no token id at all"),
    ],
)
def test_token_ids_that_were_seen(written: str, request_id: str | None) -> None:
    assert identifiers.token_id(written) == request_id


@given(st.uuids())
def test_a_token_id_goes_both_ways(request_id: uuid.UUID) -> None:
    written = identifiers.unique_token_id(str(request_id))
    assert len(written) == 22
    assert identifiers.token_id(written) == (None if request_id.int == 0 else str(request_id))


def test_odd_tokens() -> None:
    seen = [identifiers.token_odd(t) for t in (None, "4d63c1c4-c95b-4d3c-8e0a-1271fd813e00", "4d63c1c4-" * 4, "x")]
    assert seen == [None, False, True, True]
    assert identifiers.token_odd("4d63c1c4-c95b-4d3c-8e0a-1271fd813e7f")


@RELAXED
@given(st.lists(tokens, min_size=1, max_size=40))
def test_token_macro_is_the_scalar(engine: Callable[..., list[Any]], values: list[str]) -> None:
    told = engine(values, "bs_token(bs_text(v))", "bs_token_odd(bs_token(bs_text(v)))")
    assert told == [(t := identifiers.token_id(v), identifiers.token_odd(t)) for v in values]


@RELAXED
@given(st.lists(st.one_of(texts, ids, texts.map(lambda t: f" {t}\r\n"), texts.map(lambda t: f"<{t}>")), min_size=1))
def test_text_macros_are_the_scalars(engine: Callable[..., list[Any]], values: list[str]) -> None:
    told = engine(values, "bs_text(v)", "bs_fold(v)", "bs_message(v)", "bs_small(bs_text(v))")
    assert told == [
        (identifiers.text(v), identifiers.fold(v), identifiers.message_id(v), identifiers.mailbox(v)) for v in values
    ]


@RELAXED
@example([":"])
@example(["a:80"])
@given(st.lists(addresses, min_size=1, max_size=40))
def test_address_macros_are_the_scalars(engine: Callable[..., list[Any]], values: list[str]) -> None:
    for value, (host, near, far) in zip(
        values, engine(values, "bs_host(bs_text(v))", "bs_prefix(bs_host(bs_text(v)))", "bs_wide(bs_host(bs_text(v)))")
    ):
        assert host == identifiers.host(value)
        if near is not None:
            assert (host, near, far) == (identifiers.placed(value) or ())[:3]


@given(st.one_of(v4, v6, groups.map(lambda g: ":".join(f"{x:x}" for x in g))))
def test_an_address_has_the_standard_form(value: str) -> None:
    parsed = ipaddress.ip_address(value)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    near, far = (24, 16) if parsed.version == 4 else (48, 32)
    told = identifiers.ip(value)
    assert told == str(parsed)
    assert identifiers.prefix(told) == str(ipaddress.ip_network(f"{parsed}/{near}", strict=False))
    assert identifiers.wide(told) == str(ipaddress.ip_network(f"{parsed}/{far}", strict=False))
    inside = any(parsed in n for n in identifiers.PROVIDER_RANGES if n.version == parsed.version)
    assert identifiers.is_provider(told) == inside


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("198.51.100.7:4021", "198.51.100.7"),
        ("[2001:DB8::1]:25138", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("198.51.100.007", None),
        ("198.51.100.300", None),
        ("", None),
        ("host.example", None),
    ],
)
def test_addresses_as_they_are_written(written: str, normal: str | None) -> None:
    assert identifiers.ip(written) == normal


def test_the_provider_and_its_clouds() -> None:
    assert identifiers.is_provider("2603:10a6:208::1")
    assert not identifiers.is_provider("20.54.1.1") and identifiers.is_provider("20.54.1.1", service=True)
    assert not identifiers.is_provider("198.51.100.7", service=True)
    assert identifiers.kinds("40.126.32.0/24") == ("provider", "provider")


def test_no_range_is_narrower_than_what_is_looked_up() -> None:
    for network in (*identifiers.PROVIDER_RANGES, *identifiers.SHARED_RANGES):
        assert network.prefixlen <= (24 if network.version == 4 else 48)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-05-18T10:48:21", "2025-05-18 10:48:21"),
        ("2025-05-18T10:48:21Z", "2025-05-18 10:48:21"),
        ("2025-05-18T10:48:21.1234567Z", "2025-05-18 10:48:21.123456"),
        ("2025-05-18T10:48:21+02:00", "2025-05-18 08:48:21"),
        ("1601-01-01T00:00:00Z", None),
        ("2999-01-01T00:00:00Z", None),
        ("", None),
        ("yesterday", None),
        ("2025-13-45T99:00:00", None),
    ],
)
def test_times(engine: Callable[..., list[Any]], written: str, moment: str | None) -> None:
    assert engine([written], "bs_time(v)::varchar") == [(moment,)]


MOMENTS = {
    "2025-05-01T10:00:00": "2025-05-01T10:00:00",
    "/Date(1620939600123)/": "2021-05-13T21:00:00.123000",
    "/Date(-62135596800000)/": None,
    "4/28/2021, 3:05:26.000 PM": "2021-04-28T15:05:26.000000",
    "4/28/2021 12:05:26 AM": "2021-04-28T00:05:26.000000",
    "4/28/2021, 3:05:26.1234567\u202fPM": "2021-04-28T15:05:26.123000",
    "4/28/2021 3:05 PM": "2021-04-28T15:05:00.000000",
    "28/4/2021 3:05:26 PM": None,
    "4/05/2021 3:05:26 PM": None,
    "4/5/2021 15:05:26": None,
    "2/30/2021 3:05:26 PM": None,
    "yesterday": None,
    "": None,
}


def test_moments(engine: Callable[..., list[Any]]) -> None:
    given = [*MOMENTS, None]
    wanted = [*MOMENTS.values(), None]
    assert [identifiers.clock(v) for v in given] == wanted
    assert [r[0] for r in engine(given, "bs_clock(v)")] == wanted


moments = st.one_of(
    texts,
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2190, 1, 1)).map(
        lambda d: f"{d.month}/{d.day}/{d.year}, {d.hour % 12 or 12}:{d:%M:%S} {d:%p}"
    ),
    st.integers(-(10**14), 10**13).map("/Date({})/".format),
    st.text("0123456789/:, APM.", max_size=26),
)


@RELAXED
@given(value=moments)
def test_moments_alike(engine: Callable[..., list[Any]], value: str) -> None:
    assert engine([value], "bs_clock(v)")[0][0] == identifiers.clock(value)
