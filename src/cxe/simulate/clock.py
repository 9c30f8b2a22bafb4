"""Time in the sample world: whole seconds since 1970 (UTC) in int64, and office hours.

Whole seconds in plain integers keep the month loop fast; `NEVER` is later than any cut-off, so that
`at < cut_off` is false for events that do not happen.
"""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

NEVER = 2**62
HOUR = 3600
DAY = 24 * HOUR
_WEEK = 7 * DAY
_MONDAY_OFFSET = 3 * DAY  # 1970-01-01 was a Thursday
_OPENS = 8 * HOUR
OFFICE_DAY = 10 * HOUR
_OFFICE_WEEK = 5 * OFFICE_DAY


def seconds(day: date) -> int:
    """Start of a day, in seconds since 1970."""
    return timegm(day.timetuple())


@dataclass(frozen=True)
class Calendar:
    """The months of the world.

    Attributes:
        starts: first second of each month, and of the one after the last.
        first_days: first day of each month.
        end: first second that is no longer part of the world.
    """

    starts: Array
    first_days: tuple[date, ...]
    end: int

    @property
    def months(self) -> int:
        """How many months the world lasts."""
        return len(self.first_days)

    def month_of(self, at: Array) -> Array:
        """Month index of each second, -1 for one outside the world."""
        index = np.searchsorted(self.starts, at, side="right") - 1
        return np.where((index >= self.months) | (at >= self.end), -1, index)


def calendar(months: int, last_day: date) -> Calendar:
    """Months up to and including the one that holds `last_day`."""
    last = last_day.year * 12 + last_day.month - 1
    numbers = range(last - months + 1, last + 2)
    days = [date(number // 12, number % 12 + 1, 1) for number in numbers]
    end = seconds(last_day + timedelta(days=1))
    starts = np.array([seconds(day) for day in days], dtype=np.int64)
    starts[-1] = end
    return Calendar(starts, tuple(days[:-1]), end)


def office_clock(at: Array | int) -> Array:
    """Office seconds (Monday to Friday, 08:00-18:00) passed since a Monday in 1969."""
    week, rest = np.divmod(np.asarray(at) + _MONDAY_OFFSET, _WEEK)
    day, second = np.divmod(rest, DAY)
    today = np.where(day < 5, np.clip(second - _OPENS, 0, OFFICE_DAY), 0)  # noqa: PLR2004
    passed: Array = week * _OFFICE_WEEK + np.minimum(day, 5) * OFFICE_DAY + today
    return passed


def _office_instant(office_seconds: Array) -> Array:
    week, rest = np.divmod(office_seconds, _OFFICE_WEEK)
    day, second = np.divmod(rest, OFFICE_DAY)
    instant: Array = week * _WEEK + day * DAY + _OPENS + second - _MONDAY_OFFSET
    return instant


def after_office_hours(start: Array, hours: Array) -> Array:
    """The instant at which `hours` of office time have passed since `start`."""
    finite = np.minimum(start, 2**40)
    end = _office_instant(office_clock(finite) + (hours * HOUR).astype(np.int64))
    return np.where(start >= NEVER, NEVER, np.maximum(end, finite))


def later(start: Array, delay_seconds: Array | float) -> Array:
    """`start` plus a delay, where there is a start."""
    return np.where(start >= NEVER, NEVER, start + np.asarray(delay_seconds).astype(np.int64))


def office_times(rng: np.random.Generator, start: int, end: int, size: int) -> Array:
    """Random instants in the office hours between two instants."""
    low, high = office_clock(start), office_clock(end)
    return _office_instant(rng.integers(low, np.maximum(high, low + 1), size))
