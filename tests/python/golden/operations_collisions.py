"""Copay claims, requests and triage for a world of collisions: days on the limits of every rule.

Accounts get organisations, segments and a territory with a target of its own.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from golden.case_collisions import CASES, CASES_AND_UNKNOWN, INSTANTS
from golden.collisions import NPIS, ORGANIZATIONS, PEOPLE, UNKNOWN_ACCOUNTS, add_delta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from golden.collisions import Row

LAST_DAY = date(2025, 12, 31)
# Most fills ship on one of these.
SHIP_DATES = tuple(date(2024, 1, 1) + timedelta(days=158 * number) for number in range(5))
DAYS_AROUND_A_START = (-40, -1, 0, 29, 30, 31, 60)
# Before the last day, on it, and on either end of the window after it.
DAYS_TO_THE_END = (-1, 0, 0, 1, 60, 119, 120, 120, 121)
# The last instant that is ninety days old, and the first that is not.
AROUND_MATURITY = ("2025-10-02T23:59:59Z", "2025-10-03T00:00:00Z")
MODIFIED = "2025-12-31T00:00:00Z"


def collide_operations(extracts: Path, seed: int) -> None:
    """Add to a world what its operations rest on besides cases and fills."""
    dice = random.Random(seed)
    for extract, rows in (
        ("crm/account", _account_versions(dice)),
        ("access/copay_assist", _copay_claims(dice)),
        ("access/prior_auth", _authorizations(dice)),
        ("access/hub_status_history", _triage(dice)),
    ):
        add_delta(extracts / extract, rows, 4)


def _account_versions(dice: random.Random) -> Iterator[Row]:
    """Versions around ends of months; quarter seconds keep their stamps apart from all others."""
    parents = (*ORGANIZATIONS, *ORGANIZATIONS, PEOPLE[-1], UNKNOWN_ACCOUNTS[0], "")
    for account_id in PEOPLE:
        for day in dice.sample(("2024-05-31", "2024-06-01", "2025-02-28", "2025-03-31"), k=2):
            yield {
                "Id": account_id,
                "IsDeleted": "false",
                "IsPersonAccount": "true",
                "Name": "Name",
                "NPI_vod__c": dice.choice(NPIS),
                "Primary_Parent_vod__c": dice.choice(parents),
                "Segmentations_vod__c": dice.choice(("A", "B", "")),
                "Territory_vod__c": dice.choice(("T000", "T000;T1", "T1", "")),
                "CreatedDate": "2020-01-01T00:00:00Z",
                "SystemModstamp": f"{day}T{dice.randrange(24):02}:00:00.250Z",
            }


def _copay_claims(dice: random.Random) -> Iterator[Row]:
    """Claims around first fills, some without an amount that is one."""
    for number in range(200):
        day = dice.choice(SHIP_DATES) + timedelta(days=dice.choice(DAYS_AROUND_A_START))
        yield {
            "claim_id": f"CP{number}",
            "case_id": dice.choice(CASES_AND_UNKNOWN[:50] + CASES_AND_UNKNOWN[-1:]),
            "claim_date": dice.choice((*[f"{day:%Y-%m-%d}"] * 8, "2026-01-02", "soon")),
            "amount": dice.choice(("0.01", "25", "99.99", "-5.10", "7,5", "")),
            "max_out_flag": dice.choice(("Y", "N", "")),
            "modified_ts": MODIFIED,
        }


def _authorizations(dice: random.Random) -> Iterator[Row]:
    """Requests and appeals with a payer, a reason or an end of what was granted."""
    for number in range(240):
        earlier = f"PB{dice.randrange(max(number, 1))}"
        ends_on = LAST_DAY + timedelta(days=dice.choice(DAYS_TO_THE_END))
        yield {
            "pa_id": f"PB{number}",
            "case_id": dice.choice(CASES_AND_UNKNOWN),
            "attempt_no": dice.choice(("", 1, 2)),
            "parent_pa_id": dice.choice(("", "", "", "", earlier)),
            "submitted_ts": dice.choice(INSTANTS),
            "response_ts": dice.choice((*INSTANTS, *AROUND_MATURITY, "")),
            "final_result": dice.choice(
                (*["approved"] * 4, "modified", "denied", "denied", "pended", "")
            ),
            "payer_id": dice.choice(("PY8", "PY9", "")),
            "auth_end_date": dice.choice((f"{ends_on:%Y-%m-%d}", f"{ends_on:%Y-%m-%d}", "")),
            "denial_reason": dice.choice(("STEP_THERAPY", "NON_FORMULARY", "")),
            "modified_ts": MODIFIED,
        }


def _triage(dice: random.Random) -> Iterator[Row]:
    """Cases handed to a pharmacy before and after it shipped, once or again."""
    for case_id in CASES:
        for seq in range(100, 100 + dice.randrange(3)):
            day = dice.choice(SHIP_DATES) + timedelta(days=dice.choice((-30, -4, -1, 0, 3)))
            yield {
                "case_id": case_id,
                "seq": seq,
                "status": "PENDING",
                "sub_status": "SP_TRIAGED",
                "status_ts": f"{day:%Y-%m-%d}T{dice.choice(('00:00:00', '23:59:59'))}Z",
                "owner_org": "SP",
            }
