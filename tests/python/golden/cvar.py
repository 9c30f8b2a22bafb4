"""Customer Value at Risk by the coefficients of a fit, and what each experience driver adds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from golden.cases import end_of_day
from golden.covariates import BASELINE, DRIVERS
from golden.ledgers import to_the_cent
from golden.months import last_day, month_of
from golden.value import QUARTERS, discount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray

    from golden.barriers import Barrier
    from golden.cases import Case
    from golden.core import World
    from golden.covariates import Snapshot
    from golden.health import Health

    Vector = NDArray[np.float64]

CONFIDENCE_Z = 1.959963984540054
SAME_INDEX = 1e-9
DRIVER_TERMS = slice(1 + len(BASELINE), None)
RECOVERABLE_DRIVERS = ("trust", "overdue")


@dataclass(frozen=True)
class Model:
    """A stored fit: by quarter ahead coefficients and their covariances, the intercept first."""

    model_version: str
    fitted_as_of: int
    keeps_experience: bool
    coefficients: Vector
    covariances: Vector

    def retained_shares(self, terms: Vector) -> Vector:
        # Row by row, so that equal covariates have equal shares to the last bit.
        shares: Vector = 1 / (1 + np.exp(-(self.coefficients * terms).sum(axis=1)))
        return shares


@dataclass(frozen=True)
class Risk:
    """What an active customer may lose; money unrounded but for `experience` and contributions.

    `experience` is positive where experience below its promise level costs value.
    """

    forward: float
    gross: float
    gross_bounds: tuple[float, float]
    experience: float
    experience_bounds: tuple[float, float]
    retained: Vector
    reference: Vector
    contributions: dict[str, float]


@dataclass(frozen=True)
class Score:
    """A row of customer and month, the month by number; `risk` is null unless active and scored."""

    customer_id: str
    month: int
    model: Model | None
    risk: Risk | None
    recoverable: float

    @property
    def gross(self) -> float:
        return to_the_cent(self.risk.gross) if self.risk else 0.0

    @property
    def forward(self) -> float:
        return to_the_cent(self.risk.forward) if self.risk else 0.0

    @property
    def rate(self) -> float | None:
        return self.risk.gross / self.risk.forward if self.risk else None


def model_at(models: Iterable[Model], month: int) -> Model | None:
    """The latest fit known by the month."""
    known = (model for model in models if model.fitted_as_of <= month)
    return max(known, key=lambda model: model.fitted_as_of, default=None)


def scores_of(
    world: World,
    models: Iterable[Model],
    snapshots: Iterable[Snapshot],
    obstructed: set[tuple[str, int]],
) -> Iterator[Score]:
    """Every customer-month of the panel."""
    active = {(snapshot.customer_id, snapshot.month): snapshot for snapshot in snapshots}
    by_month = {
        month: model_at(models, month) for month in {month_of(row.month) for row in world.months}
    }
    for row in world.months:
        key = (row.customer_id, month_of(row.month))
        model, snapshot = by_month[key[1]], active.get(key)
        risk = risk_of(model, snapshot) if model and snapshot else None
        recoverable = 0.0
        if risk and key in obstructed:
            recoverable = sum(
                max(0.0, risk.contributions.get(driver, 0.0)) for driver in RECOVERABLE_DRIVERS
            )
        yield Score(*key, model, risk, recoverable)


def risk_of(model: Model, snapshot: Snapshot) -> Risk:
    terms = np.array([1, *snapshot.covariates])
    terms_at_reference = np.array([1, *snapshot.at_reference])
    weights = 3 * float(snapshot.run_rate) * np.array([discount(quarter) for quarter in QUARTERS])
    retained = model.retained_shares(terms)
    reference = model.retained_shares(terms_at_reference)
    slope, slope_at_reference = retained * (1 - retained), reference * (1 - reference)
    forward, gross = float(weights.sum()), float(weights @ (1 - retained))
    by_quarter = weights * (reference - retained)
    experience = float(by_quarter.sum())
    gross_margin = _margin(weights, model, np.outer(slope, terms))
    experience_margin = _margin(
        weights, model, np.outer(slope_at_reference, terms_at_reference) - np.outer(slope, terms)
    )
    differences = (model.coefficients * (terms_at_reference - terms))[:, DRIVER_TERMS]
    return Risk(
        forward=forward,
        gross=gross,
        gross_bounds=(max(0.0, gross - gross_margin), min(forward, gross + gross_margin)),
        experience=to_the_cent(experience),
        experience_bounds=(
            max(0.0, experience - experience_margin),
            max(0.0, experience + experience_margin),
        ),
        retained=retained,
        reference=reference,
        contributions=(
            _contributions(differences, by_quarter, weights * slope, to_the_cent(experience))
            if model.keeps_experience
            else {}
        ),
    )


def _margin(weights: Vector, model: Model, gradients: Vector) -> float:
    """Half the width of the interval, were the quarters' errors to go all the same way."""
    variances = np.einsum("qi,qij,qj->q", gradients, model.covariances, gradients)
    return CONFIDENCE_Z * float(weights @ np.sqrt(np.maximum(variances, 0)))


def _contributions(
    differences: Vector, by_quarter: Vector, derivatives: Vector, total: float
) -> dict[str, float]:
    """Shares of the total in cents; what is rounded is the sum so far, so that they add up."""
    index = differences.sum(axis=1)
    is_same = np.abs(index) < SAME_INDEX
    per_index = np.where(is_same, derivatives, by_quarter / np.where(is_same, 1, index))
    so_far = [to_the_cent(part) for part in accumulate(per_index @ differences)]
    parts = [later - earlier for earlier, later in pairwise([0.0, *so_far[:-1], total])]
    return dict(zip(DRIVERS, parts, strict=True))


def obstructed_months(
    cases: Iterable[Case], barriers: Iterable[Barrier], health: Iterable[Health], last_month: int
) -> set[tuple[str, int]]:
    """Customers and months that end with a barrier, a hub case or a promise still open."""
    open_months: dict[str, set[int]] = defaultdict(set)
    for barrier in barriers:
        if barrier.customer_id is not None:
            ends = [barrier.resolved_at]
            open_months[barrier.customer_id] |= _open_at(barrier.identified_at, ends, last_month)
    for case in cases:
        if case.customer_id is not None:
            shipped_at = end_of_day(case.first_fill.shipped_on) if case.first_fill else None
            ends = [case.closed_at, shipped_at]
            open_months[case.customer_id] |= _open_at(case.received_at, ends, last_month)
    for row in health:
        if row.overdue_promises:
            open_months[row.customer_id].add(month_of(row.month))
    return {(customer_id, month) for customer_id, own in open_months.items() for month in own}


def _open_at(start: datetime, ends: Iterable[datetime | None], last_month: int) -> set[int]:
    first_end = min((end for end in ends if end is not None), default=None)
    return {
        month
        for month in range(month_of(start.date()), last_month + 1)
        if first_end is None or first_end > end_of_day(last_day(month))
    }
