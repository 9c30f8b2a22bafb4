"""Specialty and segment of an account as they were on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxe.contract import load_contract
from golden.core import PROJECT_DIR
from golden.files import modified_at, read_files, versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True)
class Profile:
    """What a customer is compared by."""

    specialty: str | None
    segment: str | None

    @property
    def is_known(self) -> bool:
        return self.specialty is not None and self.segment is not None


NOBODY = Profile(None, None)
# Profiles of an account with the days from which they were valid, in order.
Histories = dict[str, list[tuple["date", Profile]]]


def profiles_in(extracts: Path) -> Histories:
    """Histories by account, from every version delivered."""
    account = load_contract(PROJECT_DIR)["crm", "account"]
    by_account: dict[str, dict[date, Profile]] = defaultdict(dict)
    for version in versions(account, read_files(extracts, account)):
        # The newest version of a day comes last and stands.
        by_account[version["Id"]][modified_at(version).date()] = Profile(
            version["Specialty_1_vod__c"], version["Segmentations_vod__c"]
        )
    return {account_id: list(by_day.items()) for account_id, by_day in by_account.items()}


def profile_on(
    histories: Mapping[str, Sequence[tuple[date, Profile]]], customer_id: str, day: date
) -> Profile:
    """The version valid on a day; the first is from always."""
    history = histories.get(customer_id, [(day, NOBODY)])
    begun = bisect_right(history, day, key=lambda version: version[0])
    return history[max(begun, 1) - 1][1]
