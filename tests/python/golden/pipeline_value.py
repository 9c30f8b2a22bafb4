"""Pipeline value: what the open journeys to a start are worth by what became of earlier ones."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.cases import end_of_day
from golden.ledgers import to_the_cent
from golden.months import last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from golden.fills import Fill
    from golden.journeys import Journey

MILESTONES = (
    "received_at",
    "enrolled_at",
    "benefits_verified_at",
    "pa_submitted_at",
    "pa_decided_at",
    "coverage_ready_at",
)
MONTHS_OF_JOURNEYS = 24
MATURITY = timedelta(days=90)
DAYS_OF_A_START = 365


@dataclass(frozen=True)
class Pipeline:
    """A customer's open journeys at the end of a month; those unpriced add no value."""

    value: float
    open_cases: int
    unpriced_cases: int


NO_PIPELINE = Pipeline(0.0, 0, 0)


def pipelines_of(
    fills: Iterable[Fill], journeys: Iterable[Journey], months: range
) -> dict[tuple[str, int], Pipeline]:
    """Pipelines by customer and month, of those with a journey open."""
    to_a_start = [journey for journey in journeys if journey.is_start_journey]
    first_years = first_years_of(fills)
    pipelines: dict[tuple[str, int], Pipeline] = {}
    for month in months:
        month_end = end_of_day(last_day(month))
        chances = _chances(to_a_start, month)
        worths = worths_of(first_years, month)
        prices: dict[str, list[Fraction | None]] = defaultdict(list)
        for journey in to_a_start:
            if journey.customer_id is not None and _is_open(journey, month_end):
                furthest = [name for name in MILESTONES if _reached(journey, name, month_end)][-1]
                chance, worth = chances.get(furthest), worths.get(journey.product_id)
                prices[journey.customer_id].append(
                    None if chance is None or worth is None else chance * worth
                )
        for customer_id, own in prices.items():
            pipelines[customer_id, month] = Pipeline(
                value=to_the_cent(sum((price for price in own if price is not None), Fraction(0))),
                open_cases=len(own),
                unpriced_cases=own.count(None),
            )
    return pipelines


def _is_open(journey: Journey, at: datetime) -> bool:
    ends = (journey.closed_at, journey.first_shipped_at)
    return journey.received_at <= at and all(end is None or end > at for end in ends)


def _reached(journey: Journey, milestone: str, by: datetime) -> bool:
    at: datetime | None = getattr(journey, milestone)
    return at is not None and at <= by


def _chances(journeys: Iterable[Journey], month: int) -> dict[str, Fraction]:
    """Share of starts among the mature journeys that reached a milestone, by milestone."""
    month_end = end_of_day(last_day(month))
    mature = [
        journey
        for journey in journeys
        if month - MONTHS_OF_JOURNEYS < month_of(journey.received_at.date())
        and journey.received_at.date() + MATURITY <= last_day(month)
    ]
    chances = {}
    for milestone in MILESTONES:
        started = [
            _reached(journey, "first_shipped_at", month_end)
            for journey in mature
            if _reached(journey, milestone, month_end)
        ]
        if started:
            chances[milestone] = Fraction(sum(started), len(started))
    return chances


@dataclass(frozen=True)
class FirstYear:
    """What a start accrued in its first year."""

    product_id: str
    last_day: date
    cents: int


def first_years_of(fills: Iterable[Fill]) -> list[FirstYear]:
    by_therapy: dict[tuple[str | None, str | None], list[Fill]] = defaultdict(list)
    for fill in fills:
        by_therapy[fill.patient, fill.product_id].append(fill)
    return [
        FirstYear(
            product_id=start.product_id,
            last_day=start.shipped_on + timedelta(days=DAYS_OF_A_START - 1),
            cents=sum(
                _earned(fill, DAYS_OF_A_START - (fill.shipped_on - start.shipped_on).days)
                for fill in therapy
                if 0 <= (fill.shipped_on - start.shipped_on).days < DAYS_OF_A_START
            ),
        )
        for therapy in by_therapy.values()
        for start in therapy
        if start.is_start and start.product_id is not None
    ]


def _earned(fill: Fill, days_left: int) -> int:
    """Cents accrued on the first days of the supply, rounded half up."""
    days, supply = min(fill.days_supply, days_left), fill.days_supply
    return (2 * int(fill.net_value * 100) * days + supply) // (2 * supply)


def worths_of(first_years: Iterable[FirstYear], month: int) -> Mapping[str | None, Fraction]:
    """Mean value of a start by product, from starts observed for a year."""
    cents: dict[str, list[int]] = defaultdict(list)
    for year in first_years:
        if year.last_day <= last_day(month):
            cents[year.product_id].append(year.cents)
    return {product: Fraction(sum(own), 100 * len(own)) for product, own in cents.items()}
