"""How far functions fall behind what customers know from the best, and what feedback leads to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.cases import start_of_day
from golden.months import first_day, month_of
from golden.surveys import DETRACTORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.barriers import Barrier
    from golden.core import World
    from golden.observations import Observation
    from golden.promises import Promise
    from golden.surveys import Survey

ALL = "all"
MONTHS_OF_GAP = 12
MONTHS_OF_SLOPE = 6
MIN_EVIDENCE = 3
EXPECTATION_PERCENTILE = Fraction(3, 4)
DAYS_TO_ACT = timedelta(days=14)
OPENED = frozenset({"support_case", "enrollment"})


@dataclass(frozen=True)
class Gap:
    """A function, or all of them, in a month against the bar that the best set."""

    month: date
    function: str
    mean_q: float
    evidence: Decimal
    bar: float
    gap: float
    gap_slope_6m: float | None
    is_improving_faster: bool | None


@dataclass(frozen=True)
class _Felt:
    """Weight, and weight x q."""

    weight: Fraction = Fraction(0)
    q: Fraction = Fraction(0)

    def __add__(self, other: _Felt) -> _Felt:
        return _Felt(self.weight + other.weight, self.q + other.q)

    @property
    def mean(self) -> Fraction:
        return self.q / self.weight


NOTHING = _Felt()


def gaps_of(world: World, observations: Iterable[Observation]) -> Iterator[Gap]:
    """Every function with evidence in a month of the panel from the twelfth on."""
    # By month, and by function and touchpoint or all of them.
    felt: dict[int, dict[tuple[str, str | None], _Felt]] = defaultdict(lambda: defaultdict(_Felt))
    for observation in observations:
        if observation.weight:
            own = _Felt(observation.weight, observation.weight * observation.q)
            cells: list[tuple[str, str | None]] = [(ALL, None)]
            if observation.function is not None:
                cells.append((observation.function, None))
                if observation.touchpoint is not None:
                    cells.append((observation.function, observation.touchpoint))
            month = month_of(observation.at.date())
            for cell in cells:
                felt[month][cell] += own
    gaps: dict[tuple[str, int], Fraction] = {}
    for month in world.panel[MONTHS_OF_GAP - 1 :]:
        window: dict[tuple[str, str | None], _Felt] = defaultdict(_Felt)
        for each in range(month - MONTHS_OF_GAP + 1, month + 1):
            for cell, sums in felt[each].items():
                window[cell] += sums
        bar = _bar(window)
        if bar is None:
            continue
        for (function, touchpoint), sums in window.items():
            if touchpoint is None:
                gaps[function, month] = bar - sums.mean
                slope = _slope(function, month, gaps)
                yield Gap(
                    month=first_day(month),
                    function=function,
                    mean_q=float(sums.mean),
                    evidence=Decimal(sums.weight.numerator) / sums.weight.denominator,
                    bar=float(bar),
                    gap=float(bar - sums.mean),
                    gap_slope_6m=None if slope is None else float(slope),
                    is_improving_faster=None if slope is None else slope < 0,
                )


def _bar(window: Mapping[tuple[str, str | None], _Felt]) -> Fraction | None:
    """The upper quartile over touchpoints of what the best function does there."""
    best: dict[str, Fraction] = {}
    for (_, touchpoint), sums in window.items():
        if touchpoint is not None and sums.weight >= MIN_EVIDENCE:
            best[touchpoint] = max(sums.mean, best.get(touchpoint, sums.mean))
    return percentile(best.values(), EXPECTATION_PERCENTILE) if best else None


def percentile(values: Iterable[Fraction], share: Fraction) -> Fraction:
    """Between two values, in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _slope(function: str, month: int, gaps: Mapping[tuple[str, int], Fraction]) -> Fraction | None:
    """Of the least squares line through the newest months; all of them must be there."""
    months = range(month - MONTHS_OF_SLOPE + 1, month + 1)
    if any((function, each) not in gaps for each in months):
        return None
    return least_squares_slope([(each, gaps[function, each]) for each in months])


def least_squares_slope(points: Iterable[tuple[int, Fraction]]) -> Fraction:
    points = list(points)
    mean_x = Fraction(sum(x for x, _ in points), len(points))
    moments = sum(((x - mean_x) * y for x, y in points), Fraction(0))
    return moments / sum((x - mean_x) ** 2 for x, _ in points)


@dataclass(frozen=True)
class Feedback:
    """An answer of a detractor, and what followed; null for what has not, or not yet."""

    survey_response_id: str
    customer_id: str
    territory: str | None
    touchpoint: str | None
    nps: int
    recorded_at: datetime
    promise_status: str | None
    answered_at: datetime | None
    is_answered_in_time: bool | None
    is_acted_on: bool | None
    next_responded_at: datetime | None
    next_nps: int | None
    nps_change: int | None


def feedback_of(
    world: World,
    surveys: Iterable[Survey],
    promises: Iterable[Promise],
    barriers: Iterable[Barrier],
) -> Iterator[Feedback]:
    """Every finished answer of a known customer from 0 to 6."""
    promised = {
        promise.record_id: promise
        for promise in promises
        if promise.promise_id == "detractor_follow_up"
    }
    opened: dict[str | None, list[datetime]] = defaultdict(list)
    for barrier in barriers:
        opened[barrier.customer_id].append(barrier.identified_at)
    for touch in world.interactions:
        if touch.type in OPENED:
            opened[touch.customer_id].append(touch.occurred_at)
    rated: dict[str, list[tuple[datetime, str, int, Survey]]] = defaultdict(list)
    for survey in surveys:
        if survey.is_finished and survey.nps is not None and survey.customer_id is not None:
            rated[survey.customer_id].append(
                (survey.recorded_at, survey.response_id, survey.nps, survey)
            )
    for customer_id, answers in rated.items():
        answers.sort(key=lambda answer: answer[:2])
        for at, (recorded_at, response_id, nps, survey) in enumerate(answers):
            if nps not in DETRACTORS:
                continue
            next_at, _, next_nps, _ = answers[at + 1] if at + 1 < len(answers) else _NO_ANSWER
            promise = promised.get(response_id)
            yield Feedback(
                survey_response_id=response_id,
                customer_id=customer_id,
                territory=world.sources.territory_on(customer_id, recorded_at.date()),
                touchpoint=survey.touchpoint.lower() if survey.touchpoint else None,
                nps=nps,
                recorded_at=recorded_at,
                promise_status=promise.status if promise else None,
                answered_at=promise.delivered_at if promise else None,
                is_answered_in_time=_IN_TIME.get(promise.status if promise else ""),
                is_acted_on=_is_acted_on(world, recorded_at, opened[customer_id]),
                next_responded_at=next_at,
                next_nps=next_nps,
                nps_change=None if next_nps is None else next_nps - nps,
            )


_NO_ANSWER = (None, None, None, None)
_IN_TIME = {"kept": True, "broken": False}


def _is_acted_on(world: World, at: datetime, opened: Iterable[datetime]) -> bool | None:
    """What happened counts once the days to act are over: else only the prompt would be known."""
    if at + DAYS_TO_ACT > start_of_day(world.as_of + timedelta(days=1)):
        return None
    return any(at < each <= at + DAYS_TO_ACT for each in opened)
