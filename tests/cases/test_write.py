"""What a case weighs without its strongest reason."""

from __future__ import annotations

from typing import Any

from brokenseal.cases import write

ACTS = [{"act_id": "a", "bits": 260}, {"act_id": "b", "bits": 200}]


def _case() -> write.Case:
    return write.Case("c", ACTS, 490, 300)


def _finding(act: str, evidence: str, bits: int, without: int) -> dict[str, Any]:
    return {"act_id": act, "evidence": evidence, "bits": bits, "act_bits_without": without}


def test_the_strongest_reason_is_the_one_whose_absence_costs_most() -> None:
    # the heaviest single finding stands on one act alone; what all acts share is worth more to the case
    found = [
        _finding("a", "rare shape", 150, 180),
        _finding("a", "unissued", 120, 100),
        _finding("b", "unissued", 120, 90),
    ]
    assert write._case_without(_case(), found) == 490 - (260 - 100)


def test_without_findings_nothing_is_lost() -> None:
    assert write._case_without(_case(), []) == 490
