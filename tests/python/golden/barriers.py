"""Barriers in the way of a patient start: what became of each, and what its removal unblocked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.customers import happened
from golden.interactions import FUNCTION_OF_USER_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from golden.cases import Case
    from golden.customers import Sources
    from golden.files import Record

DAYS_OF_VALUE = timedelta(days=365)


@dataclass(frozen=True)
class Barrier:
    """A barrier found, by whom; money is in the one currency."""

    barrier_id: str
    customer_id: str | None
    organization_id: str | None
    case_id: str | None
    barrier_type: str | None
    staff_id: str | None
    function: str | None
    escalated_to: str | None
    territory: str | None
    identified_at: datetime
    escalated_at: datetime | None
    resolved_at: datetime | None
    resolution: str | None
    started_after_removal: bool
    value_unblocked: Decimal


def barriers_of(sources: Sources, cases: Mapping[str, Case]) -> list[Barrier]:
    """Barriers identified by `as_of`."""
    found = [
        barrier
        for barrier in sources.live("access_barrier__c")
        if happened(barrier["Identified_Date__c"], sources.as_of)
    ]
    last_removed = _last_removed_before_start(sources, found, cases)
    return [_barrier(sources, barrier, cases, last_removed) for barrier in found]


def _barrier(
    sources: Sources,
    record: Record,
    cases: Mapping[str, Case],
    last_removed: Mapping[str, Record],
) -> Barrier:
    customer_id, organization_id = sources.parties(record["Account_vod__c"])
    case = cases.get(record["Hub_Case_Id__c"])
    owner = sources.records["user"].get((record["OwnerId"],), {})
    is_escalated = happened(record["Escalated_Date__c"], sources.as_of)
    is_resolved = happened(record["Resolved_Date__c"], sources.as_of)
    carries_value = case is not None and last_removed.get(case.case_id) is record
    return Barrier(
        barrier_id=record["Id"],
        customer_id=customer_id,
        organization_id=organization_id,
        case_id=case.case_id if case else None,
        barrier_type=_lower(record["Barrier_Type__c"]),
        staff_id=owner.get("Id"),
        function=FUNCTION_OF_USER_TYPE.get(owner.get("User_Type_vod__c", "")),
        escalated_to=_lower(record["Escalated_To__c"]) if is_escalated else None,
        territory=sources.territory_on(customer_id, record["Identified_Date__c"].date()),
        identified_at=record["Identified_Date__c"],
        escalated_at=record["Escalated_Date__c"] if is_escalated else None,
        resolved_at=record["Resolved_Date__c"] if is_resolved else None,
        resolution=_lower(record["Resolution__c"]) if is_resolved else None,
        started_after_removal=_started_after_removal(sources, record, case),
        value_unblocked=_value_of_first_year(case) if case and carries_value else Decimal(0),
    )


def _last_removed_before_start(
    sources: Sources, barriers: Iterable[Record], cases: Mapping[str, Case]
) -> dict[str, Record]:
    """The barrier that stood last in the way of each case's start."""
    removed = [
        barrier
        for barrier in barriers
        if _started_after_removal(sources, barrier, cases.get(barrier["Hub_Case_Id__c"]))
    ]
    removed.sort(key=lambda barrier: (barrier["Resolved_Date__c"], barrier["Id"]))
    return {barrier["Hub_Case_Id__c"]: barrier for barrier in removed}


def _started_after_removal(sources: Sources, barrier: Record, case: Case | None) -> bool:
    return (
        case is not None
        and case.first_fill is not None
        and barrier["Resolution__c"] == "Removed"
        and happened(barrier["Resolved_Date__c"], sources.as_of)
        and case.first_fill.shipped_on >= barrier["Resolved_Date__c"].date()
    )


def _value_of_first_year(case: Case) -> Decimal:
    first_shipped_on = case.fills[0].shipped_on
    return sum(
        (
            fill.net_value
            for fill in case.fills
            if fill.shipped_on < first_shipped_on + DAYS_OF_VALUE
        ),
        Decimal(0),
    )


def _lower(code: str | None) -> str | None:
    return None if code is None else code.lower()
