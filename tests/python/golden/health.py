"""Relationship health of every customer in every month, and how much experience varies.

Sums are exact: a deviation of nothing is nothing, and near ties are decided by what is there.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from statistics import pstdev
from typing import TYPE_CHECKING

from golden.cases import end_of_day
from golden.months import first_day, last_day, month_of
from golden.observations import OWN_PROMISE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.cases import Case
    from golden.core import World
    from golden.interactions import Interaction
    from golden.observations import Observation
    from golden.promises import Promise

MONTHS, MONTHS_OF_CASES, MONTHS_OF_VARIABILITY = 6, 12, 12
MONTHS_OF_CHANGE = 3
MATURITY = timedelta(days=90)
SHRINKAGE_K = 5
DEVIATION_WITHOUT_COHERENCE = 0.5
MIN_EVIDENCE = 3
MIN_OBSERVATIONS_TO_VARY = 4
TOLERANCE = 1e-9

# Of two components equally far below, the first named is the weakest.
WEIGHTS = {
    "trust": Fraction(25, 100),
    "ease": Fraction(15, 100),
    "responsiveness": Fraction(15, 100),
    "coherence": Fraction(15, 100),
    "reciprocity": Fraction(10, 100),
    "fulfillment": Fraction(10, 100),
    "sentiment": Fraction(10, 100),
}
LOWEST_OF_BAND = {"strong": 75, "steady": 60, "fragile": 45}
COMPONENT_OF_KIND = {
    "promise": "trust",
    "ces": "ease",
    "csat": "sentiment",
    "nps": "sentiment",
    "emotion": "sentiment",
    "reaction": "sentiment",
}
RESPONSES = frozenset({"case_first_response", "inquiry_response", "detractor_follow_up"})
CHANNEL_GROUPS = ("field", "digital", "access", "support")
NO_RECIPROCITY = frozenset({"enrollment", "support_case"})
ALL, ALL_OF_VARIABILITY = "all", "all of variability"

# In these parts weights are whole, and so are their products with q and q x q.
PARTS = 14_400


@dataclass(frozen=True)
class Sums:
    """How many signals, and their weight, weight x q and weight x q x q summed, in parts."""

    n: int = 0
    weight: int = 0
    q: int = 0
    q_squared: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.n + other.n,
            self.weight + other.weight,
            self.q + other.q,
            self.q_squared + other.q_squared,
        )


NOTHING = Sums()
SERIES = (*WEIGHTS, *CHANNEL_GROUPS, ALL, ALL_OF_VARIABILITY)
# Somebody without evidence has the means of all: what scores are measured against.
NOBODY = dict.fromkeys(SERIES, NOTHING)
# Series of a signal, whose it is, and the months in whose windows it falls.
Felt = tuple[str, str, range, Sums]
# By series, customer (None: all of them together) and month.
Windows = dict[tuple[str, str | None, int], Sums]


@dataclass(frozen=True)
class Health:
    """A customer's month; `month` is its first day, scores run from 0 to 100, null if undefined.

    `scores` and `counts` are by component.
    """

    customer_id: str
    month: date
    scores: dict[str, float | None]
    counts: dict[str, int]
    n_observations: int
    evidence: float
    health: float | None
    band: str
    health_change_3m: float | None
    weakest_component: str | None
    emotional_engagement: float | None
    burden_hours: float
    q_stddev: float | None
    q_cv: float | None
    between_channel_s: float | None
    overdue_promises: int


def health_of(
    world: World,
    cases: Mapping[str, Case],
    promises: Iterable[Promise],
    observations: Iterable[Observation],
) -> Iterator[Health]:
    """Every customer from the month first seen to the last month, in order."""
    windows = _windows(
        [
            *_of_observations(observations),
            *_of_interactions(world.interactions),
            *_of_cases(cases.values()),
        ]
    )
    minutes = _minutes(world.interactions)
    overdue = _overdue(cases, promises)
    healths: dict[tuple[str, int], Fraction | None] = {}
    spine = sorted((row.customer_id, month_of(row.month)) for row in world.months)
    pools = {month: _of_month(windows, None, month) for _, month in spine}
    references = {month: _scores(NOBODY, pooled)[0] for month, pooled in pools.items()}
    for customer_id, month in spine:
        own = _of_month(windows, customer_id, month)
        scores, between_channel_s = _scores(own, pools[month])
        health = _weighted_mean(scores)
        healths[customer_id, month] = health
        before = healths.get((customer_id, month - MONTHS_OF_CHANGE))
        evidence = own[ALL].weight / PARTS
        q_stddev, q_cv = _variability(own[ALL_OF_VARIABILITY])
        yield Health(
            customer_id=customer_id,
            month=first_day(month),
            scores={component: _float(scores.get(component)) for component in WEIGHTS},
            counts={
                component: own[ALL if component == "coherence" else component].n
                for component in WEIGHTS
            },
            n_observations=own[ALL].n,
            evidence=evidence,
            health=_float(health),
            band=_band(health, evidence),
            health_change_3m=(None if health is None or before is None else float(health - before)),
            weakest_component=_weakest(scores, references[month]),
            emotional_engagement=_float(
                _mean([scores[name] for name in ("sentiment", "reciprocity") if name in scores])
            ),
            burden_hours=minutes[customer_id, month] / 60,
            q_stddev=q_stddev,
            q_cv=q_cv,
            between_channel_s=between_channel_s,
            overdue_promises=overdue[customer_id, month],
        )


def _of_observations(observations: Iterable[Observation]) -> Iterator[Felt]:
    for observation in observations:
        if observation.customer_id is None or not observation.weight:
            continue
        month = month_of(observation.at.date())
        window = range(month, month + MONTHS)
        sums = _one(observation.q, observation.weight)
        series = [ALL]
        if observation.kind in COMPONENT_OF_KIND:
            series.append(COMPONENT_OF_KIND[observation.kind])
        if observation.promise_id in RESPONSES:
            series.append("responsiveness")
        if observation.channel_group is not None:
            series.append(observation.channel_group)
        for name in series:
            yield name, observation.customer_id, window, sums
        long_window = range(month, month + MONTHS_OF_VARIABILITY)
        yield ALL_OF_VARIABILITY, observation.customer_id, long_window, sums


def _of_interactions(interactions: Iterable[Interaction]) -> Iterator[Felt]:
    for touch in interactions:
        if touch.customer_id is not None and touch.type not in NO_RECIPROCITY:
            month = month_of(touch.occurred_at.date())
            is_mutual = touch.direction == "inbound" or touch.is_two_way
            window = range(month, month + MONTHS)
            yield "reciprocity", touch.customer_id, window, _one(Fraction(is_mutual))


def _of_cases(cases: Iterable[Case]) -> Iterator[Felt]:
    """A case counts as not started until the month of its first fill, and as started from then."""
    for case in cases:
        if case.customer_id is None or not case.is_start_journey:
            continue
        received_on = case.received_at.date()
        mature = month_of(received_on + MATURITY)
        over = month_of(received_on) + MONTHS_OF_CASES
        started = month_of(case.first_fill.shipped_on) if case.first_fill else over
        not_yet, from_then_on = range(mature, min(started, over)), range(max(started, mature), over)
        yield "fulfillment", case.customer_id, not_yet, _one(Fraction(0))
        yield "fulfillment", case.customer_id, from_then_on, _one(Fraction(1))


@cache
def _one(q: Fraction, weight: Fraction = Fraction(1)) -> Sums:
    return Sums(1, _in_parts(weight), _in_parts(weight * q), _in_parts(weight * q * q))


def _in_parts(value: Fraction) -> int:
    parts = value * PARTS
    assert parts.denominator == 1, f"{value} is no whole number of parts"
    return parts.numerator


def _windows(signals: Iterable[Felt]) -> Windows:
    # Signals of one month fall into the same windows: summed first, they are few.
    of_ranges: dict[tuple[str, str | None, range], Sums] = defaultdict(Sums)
    for series, customer_id, months, sums in signals:
        for whose in (customer_id, None):
            of_ranges[series, whose, months] += sums
    windows: Windows = defaultdict(Sums)
    for (series, whose, months), sums in of_ranges.items():
        for month in months:
            windows[series, whose, month] += sums
    return windows


def _shrunk_mean(own: Sums, pooled: Sums) -> Fraction:
    prior = SHRINKAGE_K * PARTS
    return Fraction(own.q * pooled.weight + prior * pooled.q, (own.weight + prior) * pooled.weight)


def _of_month(windows: Windows, whose: str | None, month: int) -> dict[str, Sums]:
    return {series: windows.get((series, whose, month), NOTHING) for series in SERIES}


def _scores(
    own: Mapping[str, Sums], pooled: Mapping[str, Sums]
) -> tuple[dict[str, Fraction], float | None]:
    """Scores of the components that are defined, and the deviation between channel groups."""
    scores = {
        component: 100 * _shrunk_mean(own[component], pooled[component])
        for component in WEIGHTS
        if pooled[component].weight
    }
    deviation = _deviation_between_channels(own, pooled)
    if deviation is not None:
        scores["coherence"] = Fraction(100 * (1 - min(1, deviation / DEVIATION_WITHOUT_COHERENCE)))
    return scores, deviation


def _deviation_between_channels(
    own: Mapping[str, Sums], pooled: Mapping[str, Sums]
) -> float | None:
    means = [
        float(_shrunk_mean(own[group], pooled[group]))
        for group in CHANNEL_GROUPS
        if pooled[group].weight
    ]
    return pstdev(means) if len(means) > 1 else None


def _mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def _weighted_mean(scores: Mapping[str, Fraction]) -> Fraction | None:
    if not scores:
        return None
    weighted = (WEIGHTS[component] * score for component, score in scores.items())
    return sum(weighted, Fraction(0)) / sum(WEIGHTS[component] for component in scores)


def _band(health: Fraction | None, evidence: float) -> str:
    if health is None or evidence < MIN_EVIDENCE:
        return "unrated"
    return next((band for band, lowest in LOWEST_OF_BAND.items() if health >= lowest), "critical")


def _weakest(scores: Mapping[str, Fraction], references: Mapping[str, Fraction]) -> str | None:
    """The component that costs most health, if there is one below what is usual."""
    below = {
        component: WEIGHTS[component] * (references[component] - scores[component])
        for component in WEIGHTS
        if component in scores
    }
    furthest = max(below.values(), default=Fraction(0))
    if furthest <= TOLERANCE:
        return None
    return next(
        component for component, distance in below.items() if distance >= furthest - TOLERANCE
    )


def _variability(observed: Sums) -> tuple[float | None, float | None]:
    """Deviation of q and its ratio to the mean."""
    if observed.n < MIN_OBSERVATIONS_TO_VARY:
        return None, None
    mean = Fraction(observed.q, observed.weight)
    deviation = math.sqrt(Fraction(observed.q_squared, observed.weight) - mean**2)
    return deviation, deviation / float(mean) if mean else None


def _minutes(interactions: Iterable[Interaction]) -> Counter[tuple[str, int]]:
    minutes: Counter[tuple[str, int]] = Counter()
    for touch in interactions:
        if touch.customer_id is not None:
            month = month_of(touch.occurred_at.date())
            minutes[touch.customer_id, month] += touch.customer_minutes or 0
    return minutes


def _overdue(cases: Mapping[str, Case], promises: Iterable[Promise]) -> Counter[tuple[str, int]]:
    """Our own promises due in the window that are still owed at the month's end."""
    overdue: Counter[tuple[str, int]] = Counter()
    for promise in promises:
        if (
            promise.customer_id is None
            or promise.accountable not in OWN_PROMISE
            or promise.promise_id == "optout_honoured"
        ):
            continue
        case = cases[promise.case_id] if promise.case_id else None
        ends = (promise.delivered_at, promise.voided_at, case.closed_at if case else None)
        due = month_of(promise.due_at.date())
        for month in range(due, due + MONTHS):
            month_end = end_of_day(last_day(month))
            if all(end is None or end > month_end for end in ends):
                overdue[promise.customer_id, month] += 1
    return overdue


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
