"""Indicator files: what of them is used, what is left, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from brokenseal.context.indicators import handed
from brokenseal.errors import InputError


def read(folder: Path, content: Any) -> list[tuple[str | None, str | None]]:
    file = folder / "list"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return [(e["type"], e["value"]) for e in handed(file).entries]


def stix(*patterns: str) -> dict[str, Any]:
    return {"type": "bundle", "objects": [{"type": "indicator", "name": "n", "pattern": p} for p in patterns]}


@pytest.mark.parametrize(
    ("pattern", "entries"),
    [
        ("[ipv4-addr:value = '203.0.113.9']", [("address", "203.0.113.9")]),
        ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", [("range", "203.0.113.0/24")]),
        ("[ipv6-addr:value = '2001:DB8::0001']", [("address", "2001:db8::1")]),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'it\\'s me']",
            [("user agent", "it's me")],
        ),
        ("[ipv4-addr:value = '203.0.113.9' OR ipv4-addr:value = '203.0.113.7']",
         [("address", "203.0.113.7"), ("address", "203.0.113.9")]),
    ],
)  # fmt: skip
def test_stix(tmp_path: Path, pattern: str, entries: list[tuple[str, str]]) -> None:
    assert read(tmp_path, stix(pattern)) == entries


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '203.0.113.9' AND file:name = 'x']",
        "[ipv4-addr:value = '203.0.113.9'] FOLLOWEDBY [file:name = 'x']",
        "[ipv4-addr:value != '203.0.113.9']",
        "[file:name = 'x']",
        "[ipv4-addr:value = ",
        "[" * 2000,
    ],
)
def test_half_of_a_stix_pattern_is_another_statement(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "list"
    file.write_text(json.dumps(stix(pattern, "[ipv4-addr:value = '192.0.2.1']")), encoding="utf-8")
    told = handed(file)
    assert [e["value"] for e in told.entries] == ["192.0.2.1"] and told.left == 1


def test_misp(tmp_path: Path) -> None:
    attributes = [
        {"type": "ip-dst|port", "value": "203.0.113.9|443", "to_ids": True, "comment": "c2"},
        {"type": "user-agent", "value": "evil/1.0", "to_ids": True},
        {"type": "ip-src", "value": "192.0.2.1", "to_ids": False},
        {"type": "domain", "value": "evil.example", "to_ids": True},
    ]
    event = {"Event": {"info": "x", "Attribute": attributes[:2], "Object": [{"Attribute": attributes[2:]}]}}
    assert read(tmp_path, event) == [("address", "203.0.113.9"), ("user agent", "evil/1.0")]
    assert read(tmp_path, {"response": [event]}) == [("address", "203.0.113.9"), ("user agent", "evil/1.0")]


def test_csv(tmp_path: Path) -> None:
    text = (
        "\ufeffType,Value,By\nIP,203.0.113.9,Ann\ncidr,203.0.113.77/24,\napp,00000002-0000-0FF1-CE00-000000000000,\n"
        "token,AAAAAAAAAAAAAAAAAAAAAA,\ndomain,evil.example,\nip,no address,\n"
    )
    found = read(tmp_path, text)
    assert ("address", "203.0.113.9") in found and ("range", "203.0.113.0/24") in found
    assert ("application", "00000002-0000-0ff1-ce00-000000000000") in found
    assert not [v for _, v in found if (v and "evil" in v) or v == "no address"]


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", "{", "{}", "[1]", "type,value\ndomain,evil.example\n", '{"type": "bundle"}']
)
def test_what_holds_nothing_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError):
        read(tmp_path, content)
    with pytest.raises(InputError):
        handed(tmp_path / "none")


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "type,value\nip,192.0.2.1\nip,192.0.2.2\n") == read(
        tmp_path, "type,value\nip,192.0.2.2\nip,192.0.2.1\nip,192.0.2.2\n"
    )
