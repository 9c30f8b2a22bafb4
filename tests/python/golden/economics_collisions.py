"""Touches, support cases and barriers for a world of collisions: few people, times on the limits.

Touches lie whole days apart or a second more, support cases whole weeks.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from golden.collisions import (
    ACCOUNTS,
    ATTENDEES,
    HUB_CASES,
    ORGANIZATIONS,
    PEOPLE,
    PRODUCTS,
    USERS,
    add_delta,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from golden.collisions import Row

# The last of these days lie after the world's last one.
FIRST_DAY = datetime(2025, 2, 1, tzinfo=UTC)
DAYS = 340
DAYS_OF_EMAILS = 100
# Some barriers are found by somebody nobody knows.
OWNERS = (*USERS, "U99")
CASES = tuple(f"X{number}" for number in range(120))
MODIFIED = "2025-12-31T00:00:00Z"


def collide_economics(extracts: Path, seed: int) -> None:
    """Add to a world e-mails, support cases with their changes, and barriers."""
    dice = random.Random(seed)
    for extract, rows in (
        ("crm/sent_email_vod__c", _emails(dice)),
        ("crm/access_barrier__c", _barriers(dice)),
        ("support/case", _support_cases(dice)),
        ("support/case_history", _changes(dice)),
    ):
        add_delta(extracts / extract, rows, 3)


def _instant(dice: random.Random, *, days: int = DAYS, step: int = 1) -> str:
    """Midnight of every `step`-th of so many days, or a second later."""
    at = FIRST_DAY + timedelta(
        days=dice.randrange(0, days, step), seconds=dice.choice((0, 0, 0, 1))
    )
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _emails(dice: random.Random) -> Iterator[Row]:
    for number in range(200):
        yield {
            "Id": f"F{number}",
            "IsDeleted": "false",
            "Account_vod__c": dice.choice((*PEOPLE[-4:], *ORGANIZATIONS[:1])),
            "Product_vod__c": dice.choice((PRODUCTS[0], PRODUCTS[0], PRODUCTS[1], "")),
            "Campaign__c": dice.choice(("", "campaign")),
            "Email_Sent_Date_vod__c": _instant(dice, days=DAYS_OF_EMAILS),
            "Status_vod__c": "Delivered_vod",
            "Clicked_vod__c": dice.choice(("true", "false")),
            "SystemModstamp": MODIFIED,
        }


def _support_cases(dice: random.Random) -> Iterator[Row]:
    for case_id in CASES:
        yield {
            "Id": case_id,
            "IsDeleted": dice.choice((*["false"] * 9, "true")),
            "AccountId": dice.choice((*ATTENDEES, *PEOPLE[-3:], *ORGANIZATIONS[:2], "A99")),
            "Origin": "Phone",
            "Priority": dice.choice(("High", "Low", "")),
            "CreatedDate": _instant(dice, step=7),
            "ClosedDate": dice.choice((_instant(dice), "")),
            "SystemModstamp": MODIFIED,
        }


def _changes(dice: random.Random) -> Iterator[Row]:
    """Cases closed that were closed already, opened again as nothing, or never delivered."""
    for number in range(400):
        field = dice.choice(("Status", "Status", "Status", "Priority"))
        values = ("Closed", "Closed", "Working", "") if field == "Status" else ("High", "Low", "")
        yield {
            "Id": f"H{number}",
            "CaseId": dice.choice((*CASES, "X999")),
            "Field": field,
            "OldValue": dice.choice(values),
            "NewValue": dice.choice(values),
            "CreatedDate": _instant(dice),
        }


def _barriers(dice: random.Random) -> Iterator[Row]:
    for number in range(150):
        yield {
            "Id": f"B{number}",
            "IsDeleted": dice.choice((*["false"] * 9, "true")),
            "Account_vod__c": dice.choice(ACCOUNTS),
            "OwnerId": dice.choice(OWNERS),
            "Hub_Case_Id__c": dice.choice((*HUB_CASES, "HC999", "")),
            "Barrier_Type__c": dice.choice(("PA_Denial", "")),
            "Identified_Date__c": _instant(dice, step=5),
            "Escalated_Date__c": dice.choice((_instant(dice, step=5), "")),
            "Escalated_To__c": dice.choice(("Access", "Medical", "")),
            "Resolved_Date__c": dice.choice((_instant(dice, step=5), _instant(dice, step=5), "")),
            "Resolution__c": dice.choice(
                ("Removed", "Removed", "Removed", "Not_Removed", "Withdrawn", "")
            ),
            "SystemModstamp": MODIFIED,
        }
