"""How long therapies last: by the month they began, product, and month of 30 days on therapy."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.operations_known import first_of_month, therapy_of
from golden.therapy import carried_over, stopped_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from golden.operations_known import Known

DAYS_OF_A_MONTH = 30
MONTHS_ON_THERAPY = 12
ALL_PRODUCTS = "all"


@dataclass(frozen=True)
class Persistence:
    """Who of a cohort entered a month on therapy, and stopped in it; no cohort month means all."""

    cohort_month: date | None
    product_id: str
    month_on_therapy: int
    at_risk: int
    stopped: int
    censored: int
    survival: float
    pdc_mean: float | None
    main_close_reason: str | None


@dataclass(frozen=True)
class Followed:
    """A case that started; days count from the day of its first ship."""

    shipped_on: date
    product_id: str | None
    stop_day: int | None
    days_followed: int
    pdc: float | None
    close_reason: str | None

    def is_at_risk(self, month: int) -> bool:
        begins = DAYS_OF_A_MONTH * (month - 1)
        return month == 1 or (
            self.days_followed >= begins and (self.stop_day is None or self.stop_day > begins)
        )

    def stops_in(self, month: int) -> bool:
        """The first day belongs to the first month, every other to the month it completes."""
        if self.stop_day is None:
            return False
        return month == max(1, math.ceil(self.stop_day / DAYS_OF_A_MONTH))


def persistences_of(known: Known) -> Iterator[Persistence]:
    cohorts: dict[tuple[date | None, str], list[Followed]] = defaultdict(list)
    for therapy in _followed(known):
        for month in (None, first_of_month(therapy.shipped_on)):
            cohorts[month, ALL_PRODUCTS].append(therapy)
            if therapy.product_id is not None:
                cohorts[month, therapy.product_id].append(therapy)
    for (cohort_month, product_id), own in cohorts.items():
        yield from months_on_therapy(own, cohort_month, product_id)


def _followed(known: Known) -> Iterator[Followed]:
    as_of = known.world.as_of
    for journey in known.journeys_to_a_start:
        case = known.cases[journey.case_id]
        first = case.first_fill
        if first is None:
            continue
        therapy = therapy_of(first)
        # A fill of nobody known is followed by the case's own.
        fills = case.fills if therapy is None else known.therapies[therapy]
        stop = stopped_on(
            carried_over(
                (fill.shipped_on, fill.days_supply)
                for fill in fills
                if fill.shipped_on >= first.shipped_on
            ),
            as_of,
        )
        yield Followed(
            shipped_on=first.shipped_on,
            product_id=journey.product_id,
            stop_day=(stop - first.shipped_on).days if stop else None,
            days_followed=(as_of - first.shipped_on).days,
            pdc=journey.pdc,
            close_reason=case.close_reason,
        )


def months_on_therapy(
    cohort: Sequence[Followed], cohort_month: date | None = None, product_id: str = ALL_PRODUCTS
) -> Iterator[Persistence]:
    """Months of 30 days that somebody entered."""
    survival = Fraction(1)
    covered = [Fraction(therapy.pdc) for therapy in cohort if therapy.pdc is not None]
    for month in range(1, MONTHS_ON_THERAPY + 1):
        at_risk = [therapy for therapy in cohort if therapy.is_at_risk(month)]
        if not at_risk:
            break
        stopped = [therapy for therapy in at_risk if therapy.stops_in(month)]
        censored = [
            therapy
            for therapy in at_risk
            if not therapy.stops_in(month) and therapy.days_followed < DAYS_OF_A_MONTH * month
        ]
        survival *= 1 - Fraction(len(stopped), len(at_risk))
        yield Persistence(
            cohort_month=cohort_month,
            product_id=product_id,
            month_on_therapy=month,
            at_risk=len(at_risk),
            stopped=len(stopped),
            censored=len(censored),
            survival=float(survival),
            pdc_mean=float(sum(covered, Fraction(0)) / len(covered)) if covered else None,
            main_close_reason=_most_frequent(
                therapy.close_reason
                for therapy in stopped
                if therapy.close_reason not in {None, "STARTED"}
            ),
        )


def _most_frequent(reasons: Iterator[str | None]) -> str | None:
    """Of those as frequent the first by name."""
    counts = Counter(reason for reason in reasons if reason is not None)
    return min(counts, key=lambda reason: (-counts[reason], reason), default=None)
