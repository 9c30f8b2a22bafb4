"""Business hours, day by day: Monday to Friday 08:00-18:00 UTC, holidays off."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set

HOLIDAYS = Path(__file__).resolve().parents[3] / "seeds" / "holidays.csv"
OPENS, CLOSES = time(8, tzinfo=UTC), time(18, tzinfo=UTC)
SATURDAY = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def holidays() -> frozenset[date]:
    """The company's holidays."""
    with HOLIDAYS.open(encoding="utf-8", newline="") as seed:
        return frozenset(date.fromisoformat(row["holiday_on"]) for row in csv.DictReader(seed))


def is_business_day(day: date, holidays: Set[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def business_time_between(start: datetime, end: datetime, holidays: Set[date]) -> timedelta:
    """Time of `start` .. `end` within business hours; zero if `end` is not after `start`."""
    total = timedelta()
    day = start.date()
    while day <= end.date():
        if is_business_day(day, holidays):
            opens, closes = datetime.combine(day, OPENS), datetime.combine(day, CLOSES)
            total += max(min(end, closes) - max(start, opens), timedelta())
        day += DAY
    return total


def business_hours_between(start: datetime, end: datetime, holidays: Set[date]) -> Fraction:
    """Hours of `start` .. `end` within business hours, exactly."""
    return in_hours(business_time_between(start, end, holidays))


def in_hours(elapsed: timedelta) -> Fraction:
    return Fraction(elapsed // timedelta(microseconds=1), HOUR // timedelta(microseconds=1))


def add_business_hours(start: datetime, hours: int, holidays: Set[date]) -> datetime:
    """The last instant by which no more than `hours` (> 0) business hours have passed.

    Hours used up exactly at 18:00 last until 08:00 of the next business day.
    """
    left = hours * HOUR
    day = start.date()
    while True:
        if is_business_day(day, holidays):
            begins = max(start, datetime.combine(day, OPENS))
            available = max(datetime.combine(day, CLOSES) - begins, timedelta())
            if left < available:
                return begins + left
            left -= available
        day += DAY
