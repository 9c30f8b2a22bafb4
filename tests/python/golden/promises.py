"""Promises: the terms of each, and whether it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from golden.business_hours import add_business_hours, business_time_between, holidays
from golden.cases import end_of_day
from golden.promises_made import promises_made

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set
    from datetime import date

    from golden.cases import Case
    from golden.core import World
    from golden.promises_made import Made
    from golden.surveys import Survey

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Terms:
    """What was promised; hours by priority, under None where they do not depend on it.

    Attributes:
        is_timed: whether the sooner the better, so that the time taken says something.
    """

    touchpoint: str
    channel_group: str
    function: str
    accountable: str
    hours: Mapping[str | None, int]
    clock: str = "elapsed"
    is_timed: bool = True


PROMISES = {
    "case_first_response": Terms(
        "case",
        "support",
        "support",
        "company",
        {"High": 4, "Medium": 8, "Low": 16},
        clock="business",
    ),
    "case_resolution": Terms(
        "case",
        "support",
        "support",
        "company",
        {"High": 20, "Medium": 40, "Low": 80},
        clock="business",
    ),
    "ae_forwarded": Terms("case", "support", "medical", "company", {None: 24}),
    "inquiry_response": Terms(
        "inquiry", "digital", "medical", "company", {None: 20}, clock="business"
    ),
    "optout_honoured": Terms(
        "email", "digital", "marketing", "company", {None: 720}, is_timed=False
    ),
    "enrollment_complete": Terms("enrollment", "access", "access", "partner", {None: 48}),
    "benefits_verified": Terms("coverage", "access", "access", "partner", {None: 48}),
    "pa_submitted": Terms("coverage", "access", "access", "office", {None: 72}),
    "pa_decided": Terms("coverage", "access", "access", "payer", {None: 120}),
    "first_ship": Terms("delivery", "access", "access", "partner", {None: 96}),
    "delivered": Terms("delivery", "access", "access", "partner", {None: 72}),
    "nurse_welcome": Terms("delivery", "access", "access", "company", {None: 120}),
    "barrier_resolved": Terms("barrier", "field", "access", "company", {None: 240}),
    "detractor_follow_up": Terms("feedback", "field", "sales", "company", {None: 120}),
}


@dataclass(frozen=True)
class Promise:
    """One promise made to someone, and what became of it."""

    promise_id: str
    record_id: str
    customer_id: str | None
    organization_id: str | None
    case_id: str | None
    channel_group: str
    function: str
    accountable: str
    territory: str | None
    priority: str | None
    started_at: datetime
    due_at: datetime
    delivered_at: datetime | None
    voided_at: datetime | None
    settled_at: datetime | None
    status: str
    standard_hours: int
    promise_ratio: float | None


def promises_of(
    world: World, cases: Mapping[str, Case], surveys: Iterable[Survey]
) -> list[Promise]:
    """Every promise made by `as_of`, as it stands at the last instant of that day."""
    days_off, cut_off = holidays(), end_of_day(world.as_of)
    promises = []
    for made in promises_made(world, cases, surveys):
        terms = PROMISES[made.promise_id]
        hours = terms.hours[made.priority]
        due_at = (
            add_business_hours(made.started_at, hours, days_off)
            if terms.clock == "business"
            else made.started_at + hours * HOUR
        )
        status, settled_at, voided_at = _judge(made, due_at, cut_off)
        is_settled = status in {"kept", "broken"}
        elapsed = _elapsed(made.started_at, made.delivered_at or cut_off, terms, days_off)
        promises.append(
            Promise(
                promise_id=made.promise_id,
                record_id=made.record_id,
                customer_id=made.customer_id,
                organization_id=made.organization_id,
                case_id=made.case_id,
                channel_group=terms.channel_group,
                function=terms.function,
                accountable=terms.accountable,
                territory=world.sources.territory_on(made.customer_id, made.started_at.date()),
                priority=made.priority,
                started_at=made.started_at,
                due_at=due_at,
                delivered_at=made.delivered_at,
                voided_at=voided_at,
                settled_at=settled_at,
                status=status,
                standard_hours=hours,
                promise_ratio=elapsed / (hours * HOUR) if is_settled and terms.is_timed else None,
            )
        )
    return promises


def _judge(
    made: Made, due_at: datetime, cut_off: datetime
) -> tuple[str, datetime | None, datetime | None]:
    """Status, when it settled and when it became void."""
    if made.violated_at is not None:
        return "broken", made.violated_at, None
    delivered_at, called_off_at = made.delivered_at, made.called_off_at
    if called_off_at is not None and called_off_at < min(due_at, delivered_at or due_at):
        return "void", None, called_off_at
    if (delivered_at or cut_off) > due_at:
        return "broken", due_at, None
    return ("open" if delivered_at is None else "kept"), delivered_at, None


def _elapsed(start: datetime, end: datetime, terms: Terms, days_off: Set[date]) -> timedelta:
    if terms.clock == "business":
        return business_time_between(start, end, days_off)
    return max(end - start, timedelta())
