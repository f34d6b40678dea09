"""Versions of key sets: kept, compared, judged; and only what a person named is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from brokenseal import outside
from brokenseal.errors import InputError, TokenRefused, UsageError
from brokenseal.keys import public, verify
from brokenseal.keys.forge.corpus import corpus
from brokenseal.keys.verifier import keyset
from brokenseal.keys.verifier.policy import Policy as VerifierPolicy
from brokenseal.keys.watch import Looked, Policy, timeline, watch
from brokenseal.keys.watch.documents import parsed
from brokenseal.lake import Lake
from tests.keys import issuers
from tests.keys.conftest import NOW, House
from tests.keys.issuers import key_set, name, numbers, published
from tests.verbs.called import call

DAY = [datetime(2026, 1, day) for day in range(1, 20)]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.open(tmp_path / "lake", write=True, create=True) as opened:
        yield opened


def look(lake: Lake, file: Path, day: int, raw: bytes, policy: Policy | None = None) -> Looked:
    file.write_bytes(raw)
    return watch(lake, [str(file)], at=DAY[day], policy=policy)


def kinds(looked: Looked) -> set[tuple[str, str | None]]:
    return {(f.kind, f.kid) for f in looked.found}


def judged(lake: Lake, tmp_path: Path, *keys: dict[str, object], policy: Policy | None = None) -> dict[str, str]:
    """Kind to severity of what is found in one set."""
    found = look(lake, tmp_path / "set.json", 0, key_set(*keys), policy).found
    return {f.kind: f.severity for f in found}


# --- the diff


def test_new_gone_and_back_again(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    assert kinds(look(lake, file, 0, key_set(published(0), published(1)))) == set()
    assert kinds(look(lake, file, 1, key_set(published(1), published(0)))) == set()
    assert kinds(look(lake, file, 2, key_set(published(1), published(2)))) == {("gone", "kid-0"), ("new", "kid-2")}
    assert kinds(look(lake, file, 3, key_set(published(1), published(2)))) == set()
    back = look(lake, file, 4, key_set(published(0), published(1), published(2)))
    assert kinds(back) == {("back", "kid-0")}
    assert "2026-01-02" in back.found[0].reason
    times = {r["thumbprint"]: (r["first_seen"], r["last_seen"], r["gone_since"]) for r in timeline(lake)}
    assert times[name(0)] == (DAY[0], DAY[4], None) and times[name(2)] == (DAY[2], DAY[4], None)


def test_a_key_that_stays_away_has_an_end(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    look(lake, file, 0, key_set(published(0), published(1)))
    look(lake, file, 1, key_set(published(1)))
    look(lake, file, 2, key_set(published(1)))
    assert {r["thumbprint"]: r["gone_since"] for r in timeline(lake)} == {name(0): DAY[1], name(1): None}


def test_a_source_that_answers_nothing_loses_no_key(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    look(lake, file, 0, key_set(published(0)))
    for day, raw in ((1, b""), (2, b"<html>busy</html>"), (3, b'{"error": "busy"}')):
        looked = look(lake, file, day, raw)
        assert looked.found == [] and len(looked.unread) == 1
    assert kinds(look(lake, file, 4, key_set(published(0)))) == set()
    errors = lake.query("select count(*) from key_documents where error is not null").to_pylist()
    assert list(errors[0].values()) == [3]


def test_an_id_that_stands_for_another_key(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    look(lake, file, 0, key_set(published(0)))
    other = published(0, of=issuers.key(1).public_key())
    assert ("id-reused", "kid-0") in kinds(look(lake, file, 1, key_set(other)))


def test_a_finding_is_fresh_once(lake: Lake, tmp_path: Path) -> None:
    file, two = tmp_path / "set.json", key_set(published(0), published(0, kid="other"))
    assert {f.kind for f in look(lake, file, 0, two).found} == {"two-ids"}
    again = look(lake, file, 1, two)
    assert {f.kind for f in again.found} == {"two-ids"} and again.fresh == set()
    assert lake.query("select kind from key_findings").num_rows == 2


def test_versions_cannot_be_seen_out_of_order(lake: Lake, tmp_path: Path) -> None:
    look(lake, tmp_path / "set.json", 3, key_set(published(0)))
    with pytest.raises(UsageError, match="at this time or later"):
        look(lake, tmp_path / "set.json", 2, key_set(published(0)))


def test_every_version_is_kept_and_none_twice(lake: Lake, tmp_path: Path) -> None:
    raw = [key_set(published(0)), key_set(published(1)), key_set(published(0))]
    for day, text in enumerate(raw):
        look(lake, tmp_path / "set.json", day, text)
    rows = lake.query("select raw from key_documents order by seen_at").to_pylist()
    assert [r["raw"] for r in rows] == [raw[0].decode(), raw[1].decode(), None]
    assert lake.faults() == []


# --- scope


def test_a_set_that_names_no_issuer_is_told_once(lake: Lake, tmp_path: Path) -> None:
    found = look(lake, tmp_path / "set.json", 0, key_set(published(0, issuer=None), published(1, issuer=None))).found
    assert [(f.kind, f.severity, f.kid) for f in found] == [("no-scope", "low", None)]


def test_a_key_without_scope_among_keys_that_have_one(lake: Lake, tmp_path: Path) -> None:
    found = look(lake, tmp_path / "set.json", 0, key_set(published(0), published(1, issuer=None))).found
    assert [(f.kind, f.severity, f.kid) for f in found] == [("no-scope", "high", "kid-1")]


def test_a_consumer_key_in_the_set_of_an_organisation(lake: Lake, tmp_path: Path) -> None:
    keys = (published(0), published(1, issuer=issuers.CONSUMERS))
    assert judged(lake, tmp_path, *keys, policy=Policy(organisation=True)) == {"consumer-key": "critical"}


def test_a_consumer_key_where_both_are_served_is_none(lake: Lake, tmp_path: Path) -> None:
    assert judged(lake, tmp_path, published(0), published(1, issuer=issuers.CONSUMERS)) == {}


def test_a_key_that_another_source_knows_as_a_consumers(lake: Lake) -> None:
    scopeless = {"issuer": "https://login.example/{tenantid}/v2.0"}
    pages: dict[str, bytes | int | str] = {
        "/consumers/keys": key_set(published(1, **scopeless)),
        "/organizations/keys": key_set(published(0, **scopeless), published(1, **scopeless)),
        "/common/keys": key_set(published(0, **scopeless), published(1, **scopeless)),
    }
    with issuers.serving(pages) as address:
        found = watch(lake, [address + p for p in pages], at=DAY[0]).found
    assert [(f.kind, f.kid, f.source.split("/")[-2]) for f in found] == [("consumer-key", "kid-1", "organizations")]


# --- policy and certificates


def test_age_by_certificate_and_by_first_sight(lake: Lake, tmp_path: Path) -> None:
    young, old = issuers.certificate(0, DAY[0], 900), issuers.certificate(1, datetime(2024, 6, 1), 1800)
    keys = key_set(published(0, x5c=[young]), published(1, x5c=[old]), published(2))
    assert kinds(look(lake, tmp_path / "set.json", 1, keys)) == {("old", "kid-1")}
    later = look(lake, tmp_path / "set.json", 12, keys, Policy(most_days=10))
    assert {(k, i) for k, i in kinds(later)} == {("old", f"kid-{i}") for i in range(3)}


def test_a_certificate_that_expired_while_its_key_stays(lake: Lake, tmp_path: Path) -> None:
    gone = issuers.certificate(0, datetime(2025, 6, 1), 90)
    assert judged(lake, tmp_path, published(0, x5c=[gone])) == {"expired": "high"}


def test_a_certificate_of_another_key(lake: Lake, tmp_path: Path) -> None:
    other = issuers.certificate(1, DAY[0], 90)
    assert judged(lake, tmp_path, published(0, x5c=[other])) == {"certificate-differs": "high"}


def test_a_secret_in_a_public_document_is_told_and_not_kept(lake: Lake, tmp_path: Path) -> None:
    secret = public.number(issuers.key(0).private_numbers().d)
    shared = public.base64url(b"a shared secret of some length")
    keys = (published(0, d=secret), {"kty": "oct", "kid": "shared", "k": shared, "issuer": issuers.TENANT})
    found = look(lake, tmp_path / "set.json", 0, key_set(*keys)).found
    assert {(f.kind, f.kid) for f in found} == {("secret-published", "kid-0"), ("secret-published", "shared")}
    kept = b"".join(p.read_bytes() for p in lake.path.rglob("*") if p.is_file())
    kept += json.dumps(lake.query("select * from key_documents").to_pylist(), default=str).encode()
    assert b"kid-0" in kept and secret[:20].encode() not in kept and shared.encode() not in kept
    # what was masked still reads as the same keys
    assert kinds(look(lake, tmp_path / "set.json", 1, key_set(*keys))) == kinds(
        look(lake, tmp_path / "set.json", 2, key_set(*keys))
    )


# --- documents


def test_federation_metadata(lake: Lake, tmp_path: Path) -> None:
    first, second = (issuers.certificate(n, DAY[0], 900) for n in (0, 1))
    look(lake, tmp_path / "m.xml", 0, issuers.metadata(first))
    found = look(lake, tmp_path / "m.xml", 1, issuers.metadata(first, second, until="2026-01-01T12:00:00Z")).found
    assert {(f.kind, f.thumbprint) for f in found} == {("new", name(1)), ("metadata-expired", None)}
    document = parsed(issuers.metadata(first), "m")
    assert document.issuer == "https://sts.login.example/" and [k.use for k in document.keys] == ["signing"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"<a/>",
        b"<a",
        b'{"keys": 1}',
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><EntityDescriptor '
        b'xmlns="urn:oasis:names:tc:SAML:2.0:metadata">&b;</EntityDescriptor>',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_key_document_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError):
        parsed(raw, "it")


def test_a_key_that_cannot_be_read_is_told(lake: Lake, tmp_path: Path) -> None:
    found = look(lake, tmp_path / "set.json", 0, key_set(published(0), {"kty": "XYZ"}, 7, {"kty": "RSA", "n": 5})).found  # type: ignore[arg-type]
    assert [f.kind for f in found] == ["not-judged"] * 3


# --- the outside


def test_discovery_leads_to_the_key_set(lake: Lake) -> None:
    pages: dict[str, bytes | int | str] = {
        "/keys": key_set(published(0)),
        "/moved": "/.well-known/openid-configuration",
    }
    with issuers.serving(pages) as address:
        pages["/.well-known/openid-configuration"] = json.dumps(
            {
                "issuer": issuers.TENANT,
                "jwks_uri": f"{address}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "none"],
            }
        ).encode()
        looked = watch(lake, [f"{address}/moved"], at=DAY[0])
    assert [s.document.kind for s in looked.seen] == ["openid-configuration", "jwks"]
    assert [s.issued_for for s in looked.seen] == [issuers.TENANT] * 2
    assert {f.kind for f in looked.found} == {"algorithm"}


@pytest.mark.parametrize(
    "url", ["http://login.example/keys", "https://u:p@login.example/", "http://127.0.0.1.example/"]
)
def test_an_unsafe_address_is_not_asked(url: str, lake: Lake) -> None:
    with pytest.raises(UsageError):
        watch(lake, [url])


@pytest.mark.parametrize("target", ["http://login.example/", "file:///etc/passwd", "/round"])
def test_a_redirect_does_not_lead_astray(target: str) -> None:
    with issuers.serving({"/round": target}) as address, pytest.raises((UsageError, InputError)):
        outside.fetched(f"{address}/round")


def test_a_discovery_document_does_not_lead_astray(lake: Lake) -> None:
    raw = json.dumps({"issuer": "https://a.example", "jwks_uri": "http://169.254.169.254/keys"}).encode()
    with issuers.serving({"/d": raw}) as address:
        looked = watch(lake, [f"{address}/d"], at=DAY[0])
    assert [place for place, _ in looked.unread] == ["http://169.254.169.254/keys"]


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "MOST_BYTES", 1000)
    with issuers.serving({"/": bytes(2000), "/busy": 503}) as address:
        with pytest.raises(InputError, match="more than"):
            outside.fetched(address + "/")
        with pytest.raises(InputError, match="503"):
            outside.fetched(address + "/busy")


# --- the verb


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file, lake, out = tmp_path / "set.json", tmp_path / "lake", tmp_path / "keys.json"
    words = ("keys", "watch", file, "--lake", lake)
    file.write_bytes(key_set(published(0), published(1)))
    assert call(capsys, monkeypatch, *words, "--at", "2026-01-01").code == 0
    file.write_bytes(key_set(published(1)))
    assert call(capsys, monkeypatch, *words, "--at", "2026-01-02").code == 0
    file.write_bytes(key_set(published(0), published(1)))
    done = call(capsys, monkeypatch, *words, "--at", "2026-01-03", "--keys", out, "--json")
    told = json.loads(done.out)
    assert done.code == 2 and [(f["kind"], f["fresh"]) for f in told["findings"]] == [("back", True)]
    assert [r["gone_since"] for r in told["timeline"]] == [None, None]
    first = {k["kid"]: k["first_seen"] for k in json.loads(out.read_text())["keys"]}
    assert first == {"kid-0": 1767225600, "kid-1": 1767225600}
    file.write_bytes(key_set(numbers(3 * (issuers.key(0).public_key().public_numbers().n), 65537)))
    assert call(capsys, monkeypatch, *words, "--at", "2026-01-04").code == 3
    assert call(capsys, monkeypatch, *words, tmp_path / "missing", "--at", "2026-01-05").code == 3
    assert call(capsys, monkeypatch, "keys", "watch", "http://login.example/", "--lake", lake).code == 64


def exported(
    lake: Path, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *sources: object
) -> None:
    call(capsys, monkeypatch, "keys", "watch", *sources, "--lake", lake, "--at", "2020-01-01", "--keys", out)


@pytest.mark.parametrize("name", ["entra-v1", "entra-v2", "google"])
def test_what_is_written_for_a_validator_refuses_what_the_published_set_refuses(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, out = House(name), tmp_path / "keys.json"
    (tmp_path / "set.json").write_text(json.dumps(house.smith.jwks()))
    exported(tmp_path / "lake", out, capsys, monkeypatch, tmp_path / "set.json")
    policy = VerifierPolicy(house.smith.terms, keyset.read(out))
    verify(house.smith.genuine(), policy, now=NOW)
    told = {f.name: f for f in corpus(house.smith) if f.code in ("key-id", "key-issuer", "cloud", "key-state")}
    assert ({"cloud", "key-state"} if house.smith.terms.cloud else {"key-state"}) <= {f.code for f in told.values()}
    for forgery in told.values():
        with pytest.raises(TokenRefused) as refused:
            verify(forgery.make(house.smith), policy, now=NOW)
        assert refused.value.code == forgery.code, forgery.name


def test_the_cloud_of_the_metadata_is_the_keys_where_they_name_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "keys.json"
    own = {"cloud_instance_name": "microsoftonline.com"}
    pages: dict[str, bytes | int | str] = {"/keys": key_set(published(0), published(1, **own))}
    with issuers.serving(pages) as address:
        about = {"issuer": issuers.TENANT, "jwks_uri": f"{address}/keys", "cloud_instance_name": "microsoftonline.us"}
        pages["/openid"] = json.dumps(about).encode()
        exported(tmp_path / "lake", out, capsys, monkeypatch, f"{address}/openid")
    clouds = {k["kid"]: k["cloud_instance_name"] for k in json.loads(out.read_text())["keys"]}
    assert clouds == {"kid-0": "microsoftonline.us", "kid-1": "microsoftonline.com"}


def test_a_key_whose_secret_is_published_is_not_written_for_a_validator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, secret = tmp_path / "keys.json", public.number(issuers.key(0).private_numbers().d)
    chain = [issuers.certificate(1, DAY[0], 90), issuers.certificate(2, DAY[0], 90)]
    (tmp_path / "set.json").write_bytes(key_set(published(0, d=secret), published(1, x5c=chain)))
    exported(tmp_path / "lake", out, capsys, monkeypatch, tmp_path / "set.json")
    assert [(k["kid"], k["x5c"]) for k in json.loads(out.read_text())["keys"]] == [("kid-1", chain[:1])]
