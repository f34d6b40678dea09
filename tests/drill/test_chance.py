from __future__ import annotations

import uuid
from collections import Counter

import pytest

from brokenseal.drill import chance
from tests.drill.conftest import request_of


def test_a_stream_depends_on_the_seed_and_its_name_alone() -> None:
    assert chance.stream(1, "a", 2).random() == chance.stream(1, "a", 2).random()
    assert chance.stream(1, "a", 2).random() != chance.stream(1, "a", 3).random()
    assert chance.stream(1, "a").random() != chance.stream(2, "a").random()


def test_ids_are_guids_with_the_endings_that_the_provider_gives() -> None:
    rng = chance.stream(1, "ids")
    issued = [chance.request_id(rng) for _ in range(2000)]
    endings = Counter(i[-2:] for i in issued)
    assert set(endings) == {"00", "01", "02"}
    assert endings["00"] > endings["01"] and endings["00"] > endings["02"]
    assert all(uuid.UUID(i).version == 4 for i in issued)
    assert all(uuid.UUID(chance.guid(rng)).version == 4 for _ in range(500))
    assert all(str(uuid.UUID(s)) == s and s.startswith("00") for s in (chance.session_id(rng) for _ in range(500)))


# pairs that a public log and the provider's documentation show
@pytest.mark.parametrize(
    ("request_id", "unique"),
    [
        ("4d63c1c4-c95b-4d3c-8e0a-1271fd813e00", "xMFjTVvJPE2OChJx_YE-AA"),
        ("445945de-2d4f-4816-a71e-d3c0eff10500", "3kVZRE8tFkinHtPA7_EFAA"),
    ],
)
def test_a_token_carries_its_request_id(request_id: str, unique: str) -> None:
    assert chance.unique_token_id(request_id) == unique
    assert request_of(unique) == request_id


def test_stamps_are_utc_seconds() -> None:
    assert chance.stamp(chance.EPOCH) == "2025-09-01T00:00:00"
    assert chance.stamp(chance.EPOCH + 47 * chance.DAY - 1) == "2025-10-17T23:59:59"
    assert chance.weekday(0) and chance.weekday(4) and not chance.weekday(5) and not chance.weekday(6)
