"""Variability of kept promises: control charts over time, funnel plots between units."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from golden.months import first_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from golden.promises import Promise

UNIT_TYPES = ("function", "channel_group", "territory")
# 3 / 1.128: limits three deviations wide, estimated from moving ranges.
RANGES_WIDE = Fraction(266, 100)
BASELINE_MONTHS = 8
RUN_LENGTH = 8
NORMAL_975, NORMAL_999 = 1.959963984540054, 3.090232306167813
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Chart:
    """Mean and natural process limits of what came before."""

    mean: Fraction
    lower: Fraction
    upper: Fraction


@dataclass(frozen=True)
class UnitMonth:
    """Promises of a unit settled in a month; `month` is its first day, the rest are shares.

    `chart` and `signal` are null while there is too little to compare with, `funnel` holds the
    95 % and `funnel_998` the 99.8 % limits, lower and upper.
    """

    unit_type: str
    unit: str
    month: date
    n: int
    kept: int
    chart: Chart | None
    signal: str | None
    funnel: tuple[float, float]
    funnel_998: tuple[float, float]
    funnel_position: str

    @property
    def kept_rate(self) -> float:
        return self.kept / self.n


# Settled and kept, by month.
Series = dict[int, tuple[int, int]]


def signals_of(promises: Iterable[Promise], last_month: date) -> Iterator[UnitMonth]:
    """Every unit in every month, up to the last, in which one of its promises settled."""
    settled = [
        (promise, month)
        for promise in promises
        if promise.settled_at is not None
        and (month := month_of(promise.settled_at.date())) <= month_of(last_month)
    ]
    for unit_type in UNIT_TYPES:
        n: Counter[tuple[str, int]] = Counter()
        kept: Counter[tuple[str, int]] = Counter()
        for promise, month in settled:
            unit = getattr(promise, unit_type)
            if unit is not None:
                n[unit, month] += 1
                kept[unit, month] += promise.status == "kept"
        units: dict[str, Series] = defaultdict(dict)
        for unit, month in sorted(n):
            units[unit][month] = n[unit, month], kept[unit, month]
        pooled = _pooled(units.values())
        for unit, series in units.items():
            yield from _months_of(unit_type, unit, series, pooled)


def _pooled(units: Iterable[Series]) -> Mapping[int, Fraction]:
    """Kept rate of all units together, by month."""
    n: Counter[int] = Counter()
    kept: Counter[int] = Counter()
    for series in units:
        for month, (settled, of_these_kept) in series.items():
            n[month] += settled
            kept[month] += of_these_kept
    return {month: Fraction(kept[month], n[month]) for month in n}


def _months_of(
    unit_type: str, unit: str, series: Series, pooled: Mapping[int, Fraction]
) -> Iterator[UnitMonth]:
    rates: list[Fraction] = []
    for month, (n, kept) in series.items():
        chart = chart_of(rates) if len(rates) >= BASELINE_MONTHS else None
        rate = Fraction(kept, n)
        rates.append(rate)
        funnel = funnel_limits(pooled[month], n, NORMAL_975)
        funnel_998 = funnel_limits(pooled[month], n, NORMAL_999)
        yield UnitMonth(
            unit_type=unit_type,
            unit=unit,
            month=first_day(month),
            n=n,
            kept=kept,
            chart=chart,
            signal=signal_of(chart, rates) if chart else None,
            funnel=funnel,
            funnel_998=funnel_998,
            funnel_position=funnel_position(rate, funnel, funnel_998),
        )


def chart_of(values: Sequence[Fraction]) -> Chart:
    """XmR chart of two or more values in order of time."""
    mean = sum(values, Fraction(0)) / len(values)
    ranges = [abs(later - earlier) for earlier, later in pairwise(values)]
    width = RANGES_WIDE * sum(ranges, Fraction(0)) / len(ranges)
    return Chart(mean, mean - width, mean + width)


def signal_of(chart: Chart, rates: Sequence[Fraction]) -> str:
    """What the last of the rates, in order of time, says against the chart of those before it."""
    if rates[-1] < chart.lower - TOLERANCE:
        return "below"
    if rates[-1] > chart.upper + TOLERANCE:
        return "above"
    run = rates[-RUN_LENGTH:]
    if all(rate < chart.mean - TOLERANCE for rate in run):
        return "run_below"
    if all(rate > chart.mean + TOLERANCE for rate in run):
        return "run_above"
    return "none"


def funnel_limits(pooled_rate: Fraction, n: int, deviations: float) -> tuple[float, float]:
    """Limits within which the rate of `n` cases lies by chance if its true rate is the pooled."""
    width = deviations * math.sqrt(pooled_rate * (1 - pooled_rate) / n)
    return max(0.0, pooled_rate - width), min(1.0, pooled_rate + width)


def funnel_position(
    rate: Fraction, funnel: tuple[float, float], funnel_998: tuple[float, float]
) -> str:
    for position, is_there in (
        ("below", rate < funnel_998[0] - TOLERANCE),
        ("above", rate > funnel_998[1] + TOLERANCE),
        ("low", rate < funnel[0] - TOLERANCE),
        ("high", rate > funnel[1] + TOLERANCE),
    ):
        if is_there:
            return position
    return "within"
