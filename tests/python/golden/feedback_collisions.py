"""Feedback of a world of collisions: answers and barriers of few customers at few instants."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from golden.case_collisions import CASES_AND_UNKNOWN
from golden.collisions import ACCOUNTS, DELIVERIES, USERS, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from golden.collisions import Row

# Days apart by what the window to act on an answer is long, to the microsecond.
INSTANTS = tuple(
    datetime.fromisoformat(at)
    for at in (
        "2025-03-01T00:00:00+00:00",
        "2025-03-15T00:00:00+00:00",
        "2025-03-15T00:00:00.000001+00:00",
        "2025-12-18T00:00:00+00:00",
        "2025-12-18T00:00:00.000001+00:00",
        "2025-12-31T23:59:59+00:00",
        "2026-01-05T00:00:00+00:00",
    )
)
FEW_ACCOUNTS = ACCOUNTS[:12]
TOUCHPOINTS = ("CALL", "EMAIL", "CASE", "ENROLLMENT", "DELIVERY", "EVENT", "RELATIONSHIP", "")
EMOTIONS = ("Delighted", "Satisfied", "Neutral", "Frustrated", "Angry", "Puzzled", "")
# Of a survey export: below the names the questions, and where they were imported from.
SURVEY_HEADER_LINES = 3


def collide_feedback(extracts: Path, seed: int) -> None:
    """Add to a world its survey responses and the barriers that were found."""
    dice = random.Random(seed)
    delivery = f"{DELIVERIES[-1]}__full"
    write_file(
        extracts / "support/survey_response",
        delivery,
        list(_responses(dice)),
        header_lines=SURVEY_HEADER_LINES,
    )
    write_file(extracts / "crm/access_barrier__c", delivery, list(_barriers(dice)))


def _instant(dice: random.Random) -> datetime:
    if dice.random() < 0.5:
        return dice.choice(INSTANTS)
    return INSTANTS[0] + timedelta(minutes=dice.randrange(300 * 24 * 60))


def _responses(dice: random.Random) -> Iterator[Row]:
    """Answers beyond their scale, and customers that only a case leads to."""
    for number in range(160):
        yield {
            "ResponseId": f"R{number:03}",
            "RecordedDate": _instant(dice).isoformat(),
            "Finished": dice.choice(("1", "1", "1", "0", "")),
            "AccountId": dice.choice((*FEW_ACCOUNTS, "A99", "")),
            "CaseId": "",
            "HubCaseId": dice.choice((*CASES_AND_UNKNOWN, "")),
            "Touchpoint": dice.choice(TOUCHPOINTS),
            "CSAT": dice.choice((1, 3, 5, 6, "")),
            "CES": dice.choice((1, 4, 7, 0, "")),
            "NPS": dice.choice((0, 3, 6, 6, 7, 10, 11, "")),
            "Emotion": dice.choice(EMOTIONS),
        }


def _barriers(dice: random.Random) -> Iterator[Row]:
    """Some resolved before they were found, or by nobody known."""
    for number in range(60):
        yield {
            "Id": f"D{number:02}",
            "IsDeleted": dice.choice(("0", "0", "0", "1")),
            "Account_vod__c": dice.choice((*FEW_ACCOUNTS, "A99")),
            "OwnerId": dice.choice((*USERS, "U99")),
            "Hub_Case_Id__c": dice.choice((*CASES_AND_UNKNOWN, "")),
            "Barrier_Type__c": dice.choice(("Affordability", "Missing_Information")),
            "Identified_Date__c": _instant(dice).isoformat(),
            "Escalated_Date__c": dice.choice((_instant(dice).isoformat(), "")),
            "Escalated_To__c": dice.choice(("Access", "Support", "")),
            "Resolved_Date__c": dice.choice((_instant(dice).isoformat(), "")),
            "Resolution__c": dice.choice(("Removed", "Removed", "Withdrawn", "Not_Removed", "")),
            "SystemModstamp": "2025-12-31T00:00:00Z",
        }
