"""Hub cases that are open: where each stands, who has it, what it waits for, what it is worth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.cases import end_of_day
from golden.pipeline_value import MILESTONES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from golden.journeys import Journey
    from golden.operations_known import Known
    from golden.promises import Promise
    from golden.steps import Step

NOTHING = Decimal(0)


@dataclass(frozen=True)
class OpenCase:
    """A case without a fill and not closed; `work_rank` 1 is the one to look at first."""

    case_id: str
    customer_id: str | None
    product_id: str | None
    territory: str | None
    case_type: str
    highest_milestone: str
    sub_status: str | None
    owner_org: str | None
    days_open: int
    days_in_status: int
    next_promise_id: str | None
    next_due_at: datetime | None
    overdue_promises: int
    oldest_overdue_promise_id: str | None
    oldest_overdue_due_at: datetime | None
    is_overdue: bool
    has_open_barrier: bool
    recoverable_cvar: Decimal
    work_rank: int
    received_at: datetime
    entered_status_at: datetime | None


def open_cases_of(known: Known, recoverable: Mapping[str, Decimal | None]) -> list[OpenCase]:
    """Cases by rank.

    Args:
        known: the world.
        recoverable: recoverable CVAR in the last month of the panel, by customer.
    """
    promises: dict[str | None, list[Promise]] = defaultdict(list)
    hindered = {barrier.barrier_id: barrier.case_id for barrier in known.barriers}
    for promise in known.promises:
        is_of_barrier = promise.promise_id == "barrier_resolved"
        case_id = hindered[promise.record_id] if is_of_barrier else promise.case_id
        promises[case_id].append(promise)
    obstructed = {barrier.case_id for barrier in known.barriers if barrier.resolved_at is None}
    cases = [
        _open_case(
            journey,
            known.steps.get(journey.case_id, ()),
            promises[journey.case_id],
            has_open_barrier=journey.case_id in obstructed,
            recoverable=recoverable.get(journey.customer_id or "") or NOTHING,
            cut_off=end_of_day(known.world.as_of),
        )
        for journey in known.journeys.values()
        if journey.outcome == "open"
    ]
    cases.sort(
        key=lambda case: (
            -case.recoverable_cvar,
            not case.is_overdue,
            -case.days_in_status,
            case.case_id,
        )
    )
    return [replace(case, work_rank=rank) for rank, case in enumerate(cases, start=1)]


def _open_case(
    journey: Journey,
    steps: Sequence[Step],
    promises: Sequence[Promise],
    *,
    has_open_barrier: bool,
    recoverable: Decimal,
    cut_off: datetime,
) -> OpenCase:
    last = steps[-1] if steps else None
    reached = [name for name in MILESTONES if getattr(journey, name) is not None]
    # Without promises of their own the two are null together.
    due_at, promise_id = min(
        ((promise.due_at, promise.promise_id) for promise in promises if promise.status == "open"),
        default=(None, None),
    )
    overdue = [
        (promise.due_at, promise.promise_id)
        for promise in promises
        if promise.status == "broken" and promise.delivered_at is None
    ]
    return OpenCase(
        case_id=journey.case_id,
        customer_id=journey.customer_id,
        product_id=journey.product_id,
        territory=journey.territory,
        case_type=journey.case_type,
        highest_milestone=reached[-1].removesuffix("_at"),
        sub_status=last.step if last else None,
        owner_org=last.owner_org if last else None,
        # Of a duration the days are those that are whole.
        days_open=(cut_off - journey.received_at).days,
        days_in_status=(cut_off - (last.entered_at if last else journey.received_at)).days,
        next_promise_id=promise_id,
        next_due_at=due_at,
        overdue_promises=len(overdue),
        oldest_overdue_promise_id=min(overdue)[1] if overdue else None,
        oldest_overdue_due_at=min(overdue)[0] if overdue else None,
        is_overdue=bool(overdue),
        has_open_barrier=has_open_barrier,
        recoverable_cvar=recoverable,
        work_rank=0,
        received_at=journey.received_at,
        entered_status_at=last.entered_at if last else None,
    )
