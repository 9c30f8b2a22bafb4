"""Where starts are lost on both paths, and how products take off after their launch."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.flywheel_value import money
from golden.journeys import MATURITY_DAYS
from golden.months import first_day, month_of
from golden.pipeline_value import first_years_of, worths_of
from golden.time_to_therapy import duration_of, medians, survival_curve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from golden.core import World
    from golden.fills import Fill
    from golden.journeys import Journey
    from golden.prescribe import PrescribeJourney

STAGES = {
    "fulfillment": (
        "received",
        "enrolled",
        "benefits_verified",
        "pa_submitted",
        "pa_decided",
        "coverage_ready",
        "started",
    ),
    "prescribe": ("reached", "engaged", "prescribed", "started"),
}
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Loss:
    """A stage of a journey in a month and a territory; money is in the one currency."""

    month: date
    territory: str
    journey: str
    stage: str
    stage_number: int
    entered: int
    lost: int
    value_lost: Decimal
    unpriced: int


@dataclass(frozen=True)
class _Path:
    """How far somebody came: the number of the last stage reached, and with which product."""

    month: int
    territory: str
    journey: str
    last_stage: int
    product_id: str | None


def losses_of(
    world: World, journeys: Iterable[Journey], prescribing: Iterable[PrescribeJourney]
) -> Iterator[Loss]:
    """Every stage of a journey that somebody began in a month of the panel and a territory."""
    groups: dict[tuple[int, str, str], list[_Path]] = defaultdict(list)
    for path in (*_of_cases(world, journeys), *_of_prescribing(world, prescribing)):
        if path.month in world.panel:
            groups[path.month, path.territory, path.journey].append(path)
    worths = worths_of(first_years_of(world.fills), month_of(world.last_month))
    prices = {product_id: _cents(worth) for product_id, worth in worths.items()}
    for (month, territory, journey), paths in groups.items():
        stages = STAGES[journey]
        for number, stage in enumerate(stages, start=1):
            stayed = [path for path in paths if path.last_stage == number]
            lost = stayed if number < len(stages) else []
            yield Loss(
                month=first_day(month),
                territory=territory,
                journey=journey,
                stage=stage,
                stage_number=number,
                entered=sum(path.last_stage >= number for path in paths),
                lost=len(lost),
                value_lost=money(sum(prices.get(path.product_id, 0) for path in lost)),
                unpriced=sum(path.product_id not in prices for path in lost),
            )


def _cents(worth: Fraction) -> int:
    """What a cast of a double to whole cents makes of it: halves go up."""
    return math.floor(float(worth) * 100 + 0.5)


def _of_cases(world: World, journeys: Iterable[Journey]) -> Iterator[_Path]:
    for journey in journeys:
        received_on = journey.received_at.date()
        if journey.is_start_journey and (world.as_of - received_on).days >= MATURITY_DAYS:
            yield _Path(
                month=month_of(received_on),
                territory=journey.territory or UNASSIGNED,
                journey="fulfillment",
                last_stage=_last(
                    [
                        journey.received_at,
                        journey.enrolled_at,
                        journey.benefits_verified_at,
                        journey.pa_submitted_at,
                        journey.pa_decided_at,
                        journey.coverage_ready_at,
                        journey.first_shipped_at,
                    ]
                ),
                product_id=journey.product_id,
            )


def _of_prescribing(world: World, journeys: Iterable[PrescribeJourney]) -> Iterator[_Path]:
    for journey in journeys:
        instants = [
            journey.reached_at,
            journey.engaged_at,
            journey.first_prescription_at,
            journey.first_start_at,
        ]
        known = [at for at in instants if at is not None]
        if not known:
            continue
        begun_on = min(known).date()
        if begun_on + timedelta(days=MATURITY_DAYS) <= world.as_of:
            yield _Path(
                month=month_of(begun_on),
                territory=world.sources.territory_on(journey.customer_id, begun_on) or UNASSIGNED,
                journey="prescribe",
                last_stage=_last(instants),
                product_id=journey.product_id,
            )


def _last(instants: Sequence[object | None]) -> int:
    """Number of the last one there is; stages before it may have been left out."""
    return max(number for number, at in enumerate(instants, start=1) if at is not None)


@dataclass(frozen=True)
class LaunchWeek:
    """A product by the end of a week since its launch; everything counts from the launch on."""

    product_id: str
    week: int
    week_ends_on: date
    prescribers: int
    cases: int
    starts: int
    starts_per_prescriber: float | None
    mature_cases: int
    unfulfilled_cases: int
    unfulfilled_share: float | None
    median_days_to_therapy: int | None


def launch_weeks_of(world: World, journeys: Iterable[Journey]) -> Iterator[LaunchWeek]:
    """Every week that is over of products launched within the days of the panel and the world."""
    cases: dict[str | None, list[Journey]] = defaultdict(list)
    for journey in journeys:
        if journey.is_start_journey:
            cases[journey.product_id].append(journey)
    starts: dict[str | None, list[Fill]] = defaultdict(list)
    for fill in world.fills:
        if fill.is_start and fill.customer_id is not None:
            starts[fill.product_id].append(fill)
    for product_id, launched_on in _launches(world).items():
        if world.panel and first_day(world.panel[0]) <= launched_on <= world.as_of:
            yield from _weeks(world, product_id, launched_on, cases[product_id], starts[product_id])


def _launches(world: World) -> Mapping[str, date]:
    return {
        product["Id"]: product["Launch_Date__c"]
        for product in world.sources.live("product_vod__c")
        if product["Launch_Date__c"] is not None
    }


def _weeks(
    world: World,
    product_id: str,
    launched_on: date,
    cases: Sequence[Journey],
    starts: Sequence[Fill],
) -> Iterator[LaunchWeek]:
    days_over = (world.as_of - launched_on).days + 1
    for week in range(days_over // 7):
        next_week = launched_on + (week + 1) * WEEK
        received = [case for case in cases if launched_on <= case.received_at.date() < next_week]
        shipped = [fill for fill in starts if launched_on <= fill.shipped_on < next_week]
        known = {case.customer_id for case in received} - {None}
        prescribers = len(known | {fill.customer_id for fill in shipped})
        mature = [case.is_unfulfilled for case in received if case.is_mature]
        curve = list(survival_curve([duration_of(case, world.as_of) for case in received]))
        yield LaunchWeek(
            product_id=product_id,
            week=week,
            week_ends_on=next_week - timedelta(days=1),
            prescribers=prescribers,
            cases=len(received),
            starts=len(shipped),
            starts_per_prescriber=len(shipped) / prescribers if prescribers else None,
            mature_cases=len(mature),
            unfulfilled_cases=mature.count(True),
            unfulfilled_share=mature.count(True) / len(mature) if mature else None,
            median_days_to_therapy=medians(curve).median_days if curve else None,
        )
