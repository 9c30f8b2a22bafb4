"""Histories of hub cases for a world of collisions: few instants, few codes, tangled appeals.

Accounts get territories that change, at times twice a day.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from golden.collisions import (
    DAYS,
    FIRST_DAY,
    HUB_CASES,
    NDCS,
    NPIS,
    PAYERS,
    PEOPLE,
    PRESCRIBERS,
    add_delta,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from golden.collisions import Row

# No fill names the later cases: they end otherwise.
CASES = (*HUB_CASES, *(f"HC{number}" for number in range(100, 160)))
CASES_AND_UNKNOWN = (*CASES, "HC999")
INSTANTS = (
    "2025-03-01T00:00:00Z",
    "2025-03-01T02:00:00+02:00",
    "2025-03-02 12:00:00",
    "2025-03-05T00:00:00.000001Z",
    "2025-12-31T23:59:59Z",
    "2026-01-05T00:00:00Z",
    "soon",
)
SUB_STATUSES = ("", "MISSING_INFO", "PA_SUBMITTED", "PA_PENDED", "NEW")
OWNERS = ("HUB", "HCP", "PAYER", "SP", "PATIENT", "")
REASONS = (
    "",
    "STARTED",
    "DENIED",
    "PT_DECLINED_COST",
    "PT_DECLINED_OTHER",
    "PT_UNREACHABLE",
    "HCP_CANCELLED",
    "DECEASED",
)
MODIFIED = "2025-12-31T00:00:00Z"


def collide_cases(extracts: Path, seed: int) -> None:
    """Add to a world its status events, verifications and authorizations, and cases that end."""
    dice = random.Random(seed)
    for extract, rows in (
        ("crm/account", _account_versions(dice)),
        ("access/hub_enrollment", _enrollments(dice)),
        ("access/hub_status_history", _status_events(dice)),
        ("access/benefit_verification", _verifications(dice)),
        ("access/prior_auth", _authorizations(dice)),
    ):
        add_delta(extracts / extract, rows, 2)


def _instant(dice: random.Random) -> str:
    if dice.random() < 0.4:
        return dice.choice(INSTANTS)
    at = FIRST_DAY + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _account_versions(dice: random.Random) -> Iterator[Row]:
    """Versions of few days; half seconds keep their stamps apart from all others."""
    for account_id in PEOPLE:
        minutes = dice.sample(range(24 * 60), k=4)
        for minute in minutes:
            day = dice.choice(("2024-06-01", "2025-03-01", "2025-03-02"))
            yield {
                "Id": account_id,
                "IsDeleted": "false",
                "IsPersonAccount": "true",
                "Name": "Name",
                "NPI_vod__c": dice.choice(NPIS),
                "Territory_vod__c": dice.choice(("T1", "T2;T1", "T3; T2", "")),
                "CreatedDate": "2020-01-01T00:00:00Z",
                "SystemModstamp": f"{day}T{minute // 60:02}:{minute % 60:02}:00.500Z",
            }


def _enrollments(dice: random.Random) -> Iterator[Row]:
    """A newer version of every case, with an end for many."""
    for case_id in CASES:
        yield {
            "case_id": case_id,
            "case_type": dice.choice(("NEW", "NEW", "RESTART", "REAUTH", "TRANSFER", "")),
            "patient_token": f"T{dice.randrange(8)}",
            "hcp_npi": dice.choice(PRESCRIBERS),
            "ndc11": dice.choice(NDCS),
            "payer_type": dice.choice((*PAYERS, "")),
            "payer_id": ("PY1", "PY2", "")[int(case_id[2:]) % 3],
            "referral_source": dice.choice(("HCP_FAX", "EPORTAL", "")),
            "received_ts": _instant(dice),
            "consent_status": dice.choice((*["OBTAINED"] * 12, "REVOKED")),
            "enrolled_ts": dice.choice((_instant(dice), "")),
            "closed_ts": dice.choice((_instant(dice), "")),
            "close_reason": dice.choice(REASONS),
            "modified_ts": MODIFIED,
        }


def _status_events(dice: random.Random) -> Iterator[Row]:
    for case_id in CASES_AND_UNKNOWN:
        for seq in dice.sample(range(1, 30), k=dice.randrange(9)):
            yield {
                "case_id": case_id,
                "seq": seq,
                "status": dice.choice(("NEW", "PENDING", "")),
                "sub_status": dice.choice(SUB_STATUSES),
                "status_ts": _instant(dice),
                "owner_org": dice.choice(OWNERS),
            }


def _verifications(dice: random.Random) -> Iterator[Row]:
    for number in range(150):
        yield {
            "bv_id": f"BV{number}",
            "case_id": dice.choice(CASES_AND_UNKNOWN),
            "requested_ts": "2024-01-01T00:00:00Z",
            "completed_ts": dice.choice((_instant(dice), "")),
            "outcome": dice.choice(("COVERED", "COVERED_PA", "COVERED_ST", "NOT_COVERED", "")),
            "modified_ts": MODIFIED,
        }


def _authorizations(dice: random.Random) -> Iterator[Row]:
    """Appeals of earlier ids, of one never delivered, and of themselves, across cases."""
    for number in range(240):
        pa_id = f"PA{number}"
        earlier = f"PA{dice.randrange(max(number, 1))}" if number else "PA999"
        yield {
            "pa_id": pa_id,
            "case_id": dice.choice(CASES_AND_UNKNOWN),
            "attempt_no": dice.choice(("", 1, 2, 3)),
            "parent_pa_id": dice.choice(("", "", "", earlier, earlier, "PA998", "PA999", pa_id)),
            "submitted_ts": _instant(dice),
            "response_ts": dice.choice((_instant(dice), _instant(dice), "")),
            "final_result": dice.choice(
                ("approved", "modified", "denied", "denied", "pended", "cancelled", "")
            ),
            "modified_ts": MODIFIED,
        }
