"""From receipt to the first delivered fill: survival, competing ends, medians.

Every formula is spelled out sum by sum; nothing is shared with the warehouse.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from golden.journeys import Journey

ENDS = ("delivered", "denied", "abandoned", "other")
CENSORED = "censored"
NORMAL_975 = 1.959963984540054
TOLERANCE = 1e-12

# Days until an end, and which end it was.
Duration = tuple[int, str]
Group = tuple[date | None, str]


@dataclass(frozen=True)
class Day:
    """A day on which a case of the group ended or was censored; `ends` counts those by end.

    `standard_error` is null once nobody is left, limits also while nothing was delivered.
    """

    days: int
    at_risk: int
    ends: Counter[str]
    survival: float
    standard_error: float | None
    survival_lower: float | None
    survival_upper: float | None
    still_waiting: float
    incidence: dict[str, float]


@dataclass(frozen=True)
class Medians:
    """Days until half are delivered, with the 95 % limits; null where that is never reached."""

    cases: int
    delivered: int
    median_days: int | None
    median_days_lower: int | None
    median_days_upper: int | None


def duration_of(journey: Journey, as_of: date) -> Duration:
    received_on = journey.received_at.date()
    if journey.days_received_to_delivered is not None:
        return journey.days_received_to_delivered, "delivered"
    ended_on = journey.closed_at.date() if journey.closed_at else as_of
    days = max(0, (ended_on - received_on).days)
    if journey.closed_at is None or journey.outcome == "started":
        return days, CENSORED
    if journey.outcome == "denied":
        return days, "denied"
    return days, "abandoned" if journey.is_abandoned else "other"


def durations_by_group(journeys: Iterable[Journey], as_of: date) -> Mapping[Group, list[Duration]]:
    """Start journeys by month received (None for all) and payer type ('all' for all)."""
    groups: dict[Group, list[Duration]] = defaultdict(list)
    for journey in journeys:
        if journey.is_start_journey:
            month = journey.received_at.date().replace(day=1)
            for received_month in (None, month):
                for payer_type in ("all", journey.payer_type or "unknown"):
                    groups[received_month, payer_type].append(duration_of(journey, as_of))
    return groups


def survival_curve(durations: Sequence[Duration]) -> Iterator[Day]:
    """Kaplan-Meier with Greenwood's error and log-log limits; Aalen-Johansen for every end."""
    ends_on: dict[int, Counter[str]] = defaultdict(Counter)
    for days, end in durations:
        ends_on[days][end] += 1
    at_risk = len(durations)
    survival = still_waiting = 1.0
    greenwood = 0.0
    incidence = dict.fromkeys(ENDS, 0.0)
    for days, ends in sorted(ends_on.items()):
        delivered = ends["delivered"]
        survival *= 1 - delivered / at_risk
        if survival > 0:
            greenwood += delivered / (at_risk * (at_risk - delivered))
        for end in ENDS:
            incidence[end] += still_waiting * ends[end] / at_risk
        still_waiting *= 1 - (ends.total() - ends[CENSORED]) / at_risk
        lower, upper = _log_log_limits(survival, greenwood)
        yield Day(
            days=days,
            at_risk=at_risk,
            ends=ends,
            survival=survival,
            standard_error=survival * math.sqrt(greenwood) if survival > 0 else None,
            survival_lower=lower,
            survival_upper=upper,
            still_waiting=still_waiting,
            incidence=dict(incidence),
        )
        at_risk -= ends.total()


def _log_log_limits(survival: float, greenwood: float) -> tuple[float | None, float | None]:
    if not 0 < survival < 1:
        return None, None
    width = NORMAL_975 * math.sqrt(greenwood) / abs(math.log(survival))
    return survival ** math.exp(width), survival ** math.exp(-width)


def medians(curve: Sequence[Day]) -> Medians:
    def first_day_at_half(values: Iterable[float | None]) -> int | None:
        return next(
            (
                day.days
                for day, value in zip(curve, values, strict=True)
                if day.survival == 0 or (value is not None and value <= 0.5 + TOLERANCE)
            ),
            None,
        )

    return Medians(
        cases=curve[0].at_risk,
        delivered=sum(day.ends["delivered"] for day in curve),
        median_days=first_day_at_half(day.survival for day in curve),
        median_days_lower=first_day_at_half(day.survival_lower for day in curve),
        median_days_upper=first_day_at_half(day.survival_upper for day in curve),
    )
