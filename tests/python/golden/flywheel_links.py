"""Whether customers who rate highest on a component keep more value than those who rate lowest."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.clv import tenure_band
from golden.flywheel_value import NORMAL_975, UNKNOWN, UNRATED
from golden.health import WEIGHTS
from golden.ledgers import trailing
from golden.months import first_day, last_day, month_of
from golden.profiles import profile_on
from golden.value_bridge import MONTHS_OF_QUARTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from golden.core import World
    from golden.health import Health
    from golden.ledgers import Ledger
    from golden.profiles import Histories

HEALTH = "health"
COMPONENTS = (*WEIGHTS, HEALTH)
OUTCOMES = ("retention", "growth")
FIRST_MONTH_OF_LINKS = 4
MIN_CUSTOMERS_OF_QUINTILE = 5
QUINTILES = 5
PARTS_OF_OUTCOME = 10**9


@dataclass(frozen=True)
class Stratum:
    """Customers that are compared with each other only: youngest month of the tenure band."""

    segment: str
    tenure: int


@dataclass(frozen=True)
class Rated:
    """A customer's score, and in parts what became of the value."""

    score: float
    stratum: Stratum
    outcome: int


@dataclass(frozen=True)
class Link:
    """Difference of an outcome between the highest and the lowest fifth; null without strata."""

    customers: int
    strata: int
    low_quintile_customers: int
    high_quintile_customers: int
    low_quintile_mean: float | None
    high_quintile_mean: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None

    @property
    def is_distinct(self) -> bool | None:
        if self.difference_low is None or self.difference_high is None:
            return None
        return self.difference_low > 0 or self.difference_high < 0


@dataclass(frozen=True)
class Followed:
    """An active customer at a month's end, and what became of the value a quarter later."""

    customer_id: str
    stratum: Stratum
    outcomes: Mapping[str, int]


def links_of(
    world: World,
    ledgers: Mapping[str, Ledger],
    histories: Histories,
    health: Iterable[Health],
) -> Iterator[tuple[tuple[date, str, str], Link]]:
    """Links by month, component and outcome, wherever an active customer has the score."""
    scores = {(row.customer_id, month_of(row.month)): _scores(row) for row in health}
    for month in months_followed(world):
        followed = followed_in(world, ledgers, histories, month)
        for component in COMPONENTS:
            of_component = [
                (score, each)
                for each in followed
                if (score := scores[each.customer_id, month][component]) is not None
            ]
            for outcome in OUTCOMES if of_component else ():
                yield (
                    (first_day(month), component, outcome),
                    link_of(
                        Rated(score, each.stratum, each.outcomes[outcome])
                        for score, each in of_component
                    ),
                )


def _scores(row: Health) -> dict[str, float | None]:
    return {**row.scores, HEALTH: None if row.band == UNRATED else row.health}


def months_followed(world: World) -> range:
    """From the fourth month of the panel, each with its quarter over."""
    return world.panel[FIRST_MONTH_OF_LINKS - 1 : -MONTHS_OF_QUARTER]


def followed_in(
    world: World, ledgers: Mapping[str, Ledger], histories: Histories, month: int
) -> list[Followed]:
    """Customers with value in the quarter that ends with a month."""
    followed = []
    for customer_id in {row.customer_id for row in world.months if row.month == first_day(month)}:
        ledger = ledgers[customer_id]
        before = trailing(ledger.value, month, MONTHS_OF_QUARTER)
        if before > 0:
            after = trailing(ledger.value, month + MONTHS_OF_QUARTER, MONTHS_OF_QUARTER)
            segment = profile_on(histories, customer_id, last_day(month)).segment
            followed.append(
                Followed(
                    customer_id=customer_id,
                    stratum=Stratum(segment or UNKNOWN, tenure_band(ledger.tenure(month))),
                    outcomes={
                        "retention": _in_parts(min(Fraction(1), Fraction(after, before))),
                        "growth": _in_parts(Fraction(2 * (after - before), after + before)),
                    },
                )
            )
    return followed


def _in_parts(outcome: Fraction) -> int:
    return round(outcome * PARTS_OF_OUTCOME)


def link_of(rated: Iterable[Rated]) -> Link:
    """The difference of means within strata, weighted by how much each of them tells."""
    customers = list(rated)
    used = [
        (low, high)
        for low, high in _extremes(customers)
        if min(len(low), len(high)) >= MIN_CUSTOMERS_OF_QUINTILE
    ]
    lowest = [outcome for low, _ in used for outcome in low]
    highest = [outcome for _, high in used for outcome in high]
    difference, margin = _difference(used) if used else (None, None)
    return Link(
        customers=len(customers),
        strata=len(used),
        low_quintile_customers=len(lowest),
        high_quintile_customers=len(highest),
        low_quintile_mean=_in_whole(_mean(lowest)) if used else None,
        high_quintile_mean=_in_whole(_mean(highest)) if used else None,
        difference=difference,
        difference_low=None if difference is None or not margin else difference - margin,
        difference_high=None if difference is None or not margin else difference + margin,
    )


def _extremes(customers: Sequence[Rated]) -> Iterable[tuple[list[int], list[int]]]:
    """Outcomes of the lowest and of the highest fifth by score, by stratum."""
    ordered = sorted(each.score for each in customers)
    extremes: dict[Stratum, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for each in customers:
        # Equals share the lowest rank; counted from nought, it is how many are below.
        quintile = 1 + QUINTILES * bisect_left(ordered, each.score) // len(ordered)
        if quintile in {1, QUINTILES}:
            extremes[each.stratum][quintile == QUINTILES].append(each.outcome)
    return extremes.values()


def _difference(strata: Iterable[tuple[list[int], list[int]]]) -> tuple[float, float]:
    """The adjusted difference, and the half width of its interval."""
    weights = differences = variances = Fraction(0)
    for low, high in strata:
        weight = Fraction(len(low) * len(high), len(low) + len(high))
        weights += weight
        differences += weight * (_mean(high) - _mean(low))
        variances += weight**2 * (_variance_of_mean(low) + _variance_of_mean(high))
    error = math.sqrt(variances) / weights / PARTS_OF_OUTCOME
    return _in_whole(differences / weights), NORMAL_975 * error


def _mean(outcomes: Sequence[int]) -> Fraction:
    return Fraction(sum(outcomes), len(outcomes))


def _variance_of_mean(outcomes: Sequence[int]) -> Fraction:
    n, total = len(outcomes), sum(outcomes)
    squares = n * sum(outcome**2 for outcome in outcomes) - total**2
    return Fraction(squares, n * n * (n - 1))


def _in_whole(parts: Fraction) -> float:
    return float(parts / PARTS_OF_OUTCOME)
