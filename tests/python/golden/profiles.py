"""Specialty, segment and state of an account as they were on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cxe.contract import load_contract
from golden.core import PROJECT_DIR
from golden.files import modified_at, read_files, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from golden.files import Record


@dataclass(frozen=True)
class Profile:
    """What a customer is compared by."""

    specialty: str | None
    segment: str | None

    @property
    def is_known(self) -> bool:
        return self.specialty is not None and self.segment is not None


NOBODY = Profile(None, None)
T = TypeVar("T")
# What an account was, with the days from which it was so, in order.
History = dict[str, list[tuple["date", T]]]
Histories = History[Profile]


def profiles_in(extracts: Path) -> Histories:
    """Histories by account, from every version delivered."""
    return _histories(
        extracts,
        lambda version: Profile(version["Specialty_1_vod__c"], version["Segmentations_vod__c"]),
    )


def states_in(extracts: Path) -> History[str | None]:
    return _histories(extracts, lambda version: version["State__c"])


def parents_in(extracts: Path) -> History[str | None]:
    """Accounts that accounts belonged to, by the ids of their day."""
    return _histories(extracts, lambda version: version["Primary_Parent_vod__c"])


def _histories(extracts: Path, read: Callable[[Record], T]) -> History[T]:
    account = load_contract(PROJECT_DIR)["crm", "account"]
    by_account: dict[str, dict[date, T]] = defaultdict(dict)
    for version in versions(account, read_files(extracts, account)):
        # The newest version of a day comes last and stands.
        by_account[version["Id"]][modified_at(version).date()] = read(version)
    return {account_id: list(by_day.items()) for account_id, by_day in by_account.items()}


def profile_on(
    histories: Mapping[str, Sequence[tuple[date, Profile]]], customer_id: str, day: date
) -> Profile:
    return version_on(histories, customer_id, day, NOBODY)


def version_on(
    histories: Mapping[str, Sequence[tuple[date, T]]], customer_id: str, day: date, unknown: T
) -> T:
    """The version valid on a day; the first is from always."""
    history = histories.get(customer_id, [(day, unknown)])
    begun = bisect_right(history, day, key=lambda version: version[0])
    return history[max(begun, 1) - 1][1]
