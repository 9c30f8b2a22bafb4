"""The fits behind CVAR made a second time: the same likelihood by another optimiser."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from golden.covariates import BASELINE, COVARIATES, SCORES
from golden.value import QUARTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from golden.covariates import Snapshot

    Vector = NDArray[np.float64]

RIDGE = 0.001
MONTHS_OF_WINDOW = 12
MIN_SNAPSHOTS = 3
MIN_CUSTOMER_MONTHS = 200
EVIDENCE_Z = NormalDist().inv_cdf(0.95)
SPREAD_OF_A_CONSTANT = 1e-12
# The slope that is left at the optimum, per row; ridge makes it a bound on the distance to it.
FLAT = 1e-8
TOLERANCES = {
    "L-BFGS-B": {"ftol": 0, "gtol": FLAT / 10, "maxcor": 40, "maxiter": 10_000},
    "SLSQP": {"ftol": 1e-16, "maxiter": 1_000},
}

ByMonth = dict[int, list["Snapshot"]]


@dataclass(frozen=True)
class Sample:
    """Rows of a fit on standardised covariates; constant ones are 0 and have deviation 1."""

    covariates: Vector
    retained: Vector
    weights: Vector
    mean: Vector
    deviation: Vector
    is_constant: NDArray[np.bool_]

    def standardised(self, coefficients: Vector) -> Vector:
        """Coefficients in the covariates' own units, intercept first, on the scale of the fit."""
        slopes = coefficients[1:]
        return np.array([coefficients[0] + slopes @ self.mean, *(slopes * self.deviation)])


@dataclass(frozen=True)
class Fit:
    """Coefficients on the standardised scale, intercept first, of two models of one sample."""

    sample: Sample
    baseline: Vector
    full: Vector


# By origin month and quarter ahead.
Fits = dict[tuple[int, int], Fit]


def _by_month(snapshots: Iterable[Snapshot]) -> ByMonth:
    months: ByMonth = defaultdict(list)
    for snapshot in snapshots:
        months[snapshot.month].append(snapshot)
    return months


def fits_of(snapshots: Iterable[Snapshot], months: range) -> Fits:
    """Every fit that the panel's months allow, at every origin."""
    of_month = _by_month(snapshots)
    fits: Fits = {}
    for origin in months:
        fitted: dict[int, Fit] = {}
        for quarter in QUARTERS:
            sample = _sample(of_month, months, origin, quarter)
            if sample is not None:
                fitted[quarter] = Fit(
                    sample,
                    baseline=optimum(sample, with_experience=False),
                    full=optimum(sample, with_experience=True),
                )
        if fitted:
            longest = fitted[max(fitted)]
            fits |= {(origin, quarter): fitted.get(quarter, longest) for quarter in QUARTERS}
    return fits


def _sample(of_month: ByMonth, months: range, origin: int, quarter: int) -> Sample | None:
    """The newest snapshots whose outcome is known at the origin, if there are enough."""
    newest = origin - 3 * quarter
    window = range(max(months.start, newest - MONTHS_OF_WINDOW + 1), newest + 1)
    rows = [snapshot for month in window for snapshot in of_month.get(month, ())]
    if len(window) < MIN_SNAPSHOTS or len(rows) < MIN_CUSTOMER_MONTHS:
        return None
    covariates = np.array([snapshot.covariates for snapshot in rows])
    run_rates = np.array([float(snapshot.run_rate) for snapshot in rows])
    weights = run_rates / run_rates.mean()
    is_constant = np.ptp(covariates, axis=0) < SPREAD_OF_A_CONSTANT
    mean = np.average(covariates, axis=0, weights=weights)
    deviation = np.sqrt(np.average((covariates - mean) ** 2, axis=0, weights=weights))
    deviation[is_constant] = 1
    return Sample(
        covariates=np.where(is_constant, 0, (covariates - mean) / deviation),
        retained=_retained(rows, quarter),
        weights=weights,
        mean=mean,
        deviation=deviation,
        is_constant=is_constant,
    )


def _retained(rows: Iterable[Snapshot], quarter: int) -> Vector:
    shares = [row.retained[quarter - 1] for row in rows]
    assert None not in shares, "a quarter in a sample is not over"
    return np.array([float(share) for share in shares if share is not None])


def optimum(sample: Sample, *, with_experience: bool, method: str = "L-BFGS-B") -> Vector:
    """Coefficients of the least objective, whichever method finds them."""
    bounds = _bounds(sample, with_experience=with_experience)
    terms = np.column_stack([np.ones(len(sample.covariates)), sample.covariates])
    is_penalised = np.arange(len(bounds)) > 0

    def objective(coefficients: Vector) -> tuple[float, Vector]:
        """Its value and slope, per row."""
        index, penalised = terms @ coefficients, coefficients * is_penalised
        likelihoods = sample.weights * quasi_likelihood(sample.retained, index)
        errors = sample.weights * (1 / (1 + np.exp(-index)) - sample.retained)
        return (
            float(RIDGE / 2 * penalised @ penalised - likelihoods.mean()),
            terms.T @ errors / len(errors) + RIDGE * penalised,
        )

    found: Vector = minimize(
        objective,
        np.zeros(len(bounds)),
        jac=True,
        method=method,
        bounds=bounds,
        options=TOLERANCES[method],
    ).x
    lowest, highest = np.array(bounds).T
    moves = found - np.clip(found - objective(found)[1], lowest, highest)
    assert np.abs(moves).max() < FLAT, f"{method} stopped where the objective still falls"
    return found


def _bounds(sample: Sample, *, with_experience: bool) -> list[tuple[float, float]]:
    """None on the intercept; better experience never lowers what is retained."""
    bounds = [(-math.inf, math.inf)]
    for name, is_constant in zip(COVARIATES, sample.is_constant, strict=True):
        if is_constant or (name not in BASELINE and not with_experience):
            bounds.append((0, 0))
        elif name in BASELINE:
            bounds.append((-math.inf, math.inf))
        else:
            bounds.append((0, math.inf) if name in SCORES else (-math.inf, 0))
    return bounds


def quasi_likelihood(retained: Vector, index: Vector) -> Vector:
    value: Vector = retained * index - np.logaddexp(0, index)
    return value


def origins_keeping_experience(fits: Fits, snapshots: Iterable[Snapshot]) -> dict[int, bool]:
    """Whether, at each origin, experience had made the predictions of earlier ones better."""
    of_month = _by_month(snapshots)
    tried = {
        (origin, quarter): _improvements(fit, quarter, of_month.get(origin, ()))
        for (origin, quarter), fit in fits.items()
    }
    kept = {}
    for origin in {origin for origin, _ in fits}:
        of_customers: Counter[str] = Counter()
        for (earlier, quarter), improvements in tried.items():
            # A fit predicts months after its origin: with those over, the origin is an earlier one.
            if earlier + 3 * quarter <= origin:
                of_customers.update(improvements)
        # Weights are divided by their mean on both sides: it makes no difference.
        error = math.sqrt(sum(total**2 for total in of_customers.values()))
        kept[origin] = sum(of_customers.values()) > EVIDENCE_Z * error
    return kept


def _improvements(fit: Fit, quarter: int, rows: Sequence[Snapshot]) -> dict[str, float]:
    """By how much experience improved the quasi-likelihood of each customer of an origin."""
    known = [row for row in rows if row.retained[quarter - 1] is not None]
    if not known:
        return {}
    sample = fit.sample
    covariates = (np.array([row.covariates for row in known]) - sample.mean) / sample.deviation
    terms = np.column_stack([np.ones(len(known)), covariates])
    retained = _retained(known, quarter)
    gains = quasi_likelihood(retained, terms @ fit.full) - quasi_likelihood(
        retained, terms @ fit.baseline
    )
    return {
        row.customer_id: float(row.run_rate) * float(gain)
        for row, gain in zip(known, gains, strict=True)
    }
