"""The fits behind CVAR made a second time: the same likelihood by another optimiser."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize

from golden.covariates import BASELINE, COVARIATES, SCORES
from golden.cvar import DRIVER_TERMS
from golden.value import QUARTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from golden.covariates import Snapshot

    Vector = NDArray[np.float64]

RIDGE = 0.001
MONTHS_SKIPPED = 3
MONTHS_OF_WINDOW = 12
MIN_SNAPSHOTS = 3
MIN_CUSTOMER_MONTHS = 200
EVIDENCE_Z = NormalDist().inv_cdf(0.95)
SPREAD_OF_A_CONSTANT = 1e-12
TERMS = ("intercept", *COVARIATES)
INTERCEPT = np.eye(len(TERMS))[0]
# The slope that may be left at the optimum, per row, and how far from it that can be with ridge.
FLAT = 1e-8
FURTHEST_OFF = FLAT / RIDGE
# Of an intercept: it takes any share to next to nothing or everything.
FURTHEST_MOVE = 50.0
TOLERANCES = {"ftol": 1e-16, "maxiter": 1_000}


@dataclass(frozen=True)
class Rows:
    """Snapshots as arrays: terms with a leading 1, what is retained NaN while it is not known."""

    customers: list[str]
    terms: Vector
    run_rates: Vector
    retained: Vector

    def retained_in(self, quarter: int) -> Vector:
        shares: Vector = self.retained[:, quarter - 1]
        return shares


@dataclass(frozen=True)
class Sample:
    """Rows of a fit of one quarter ahead; a covariate that is constant has deviation 1."""

    window: range
    rows: Rows
    retained: Vector
    weights: Vector
    mean: Vector
    deviation: Vector
    is_constant: NDArray[np.bool_]

    @property
    def to_standardised(self) -> Vector:
        """Takes coefficients in the covariates' own units, intercept first, to those of the fit."""
        scale = np.diag([1, *self.deviation])
        scale[0, 1:] = self.mean
        return scale

    def mean_share(self, coefficients: Vector, *, moved: float = 0.0) -> float:
        """Retained by a model on average, weighted, its intercept moved."""
        shares = 1 / (1 + np.exp(-(self.rows.terms @ coefficients + moved)))
        return float(np.average(shares, weights=self.weights))


@dataclass(frozen=True)
class Estimate:
    """Coefficients in the covariates' own units, intercept first, and their covariance."""

    coefficients: Vector
    covariance: Vector


@dataclass(frozen=True)
class Fit:
    """Two models of one sample; its quarter ahead is an earlier one where the fit is chained."""

    fitted_quarter: int
    sample: Sample
    baseline: Estimate
    full: Estimate

    def estimate(self, *, with_experience: bool) -> Estimate:
        return self.full if with_experience else self.baseline


@dataclass(frozen=True)
class Improvement:
    """What experience added to the quasi-likelihood out of sample, per unit of mean weight."""

    total: float
    error: float

    @property
    def is_evident(self) -> bool:
        return self.total > EVIDENCE_Z * self.error


# By origin month and quarter ahead.
Fits = dict[tuple[int, int], Fit]


def rows_by_month(snapshots: Iterable[Snapshot]) -> dict[int, Rows]:
    months: dict[int, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        months[snapshot.month].append(snapshot)
    return {month: _rows(own) for month, own in months.items()}


def _rows(snapshots: Sequence[Snapshot]) -> Rows:
    return Rows(
        customers=[snapshot.customer_id for snapshot in snapshots],
        terms=np.array([[1, *snapshot.covariates] for snapshot in snapshots]),
        run_rates=np.array([float(snapshot.run_rate) for snapshot in snapshots]),
        retained=np.array(
            [
                [math.nan if share is None else float(share) for share in snapshot.retained]
                for snapshot in snapshots
            ]
        ),
    )


def fits_of(of_month: Mapping[int, Rows], months: range) -> Fits:
    """Every fit that the panel's months allow."""
    return {
        (origin, quarter): fit
        for origin in months
        for quarter, fit in _fits_at(of_month, months, origin).items()
    }


def _fits_at(of_month: Mapping[int, Rows], months: range, origin: int) -> dict[int, Fit]:
    fitted: list[Fit] = []
    for quarter in QUARTERS:
        sample = _sample(of_month, months, origin, quarter)
        if sample is None:
            break
        baseline = _estimate(sample, with_experience=False)
        full = _estimate(sample, with_experience=True)
        # Without a driver the full model is the baseline: nothing sets them apart but rounding,
        # which must not count as an improvement.
        has_driver = full.coefficients[DRIVER_TERMS].any()
        fitted.append(Fit(quarter, sample, baseline, full if has_driver else baseline))
    if not fitted:
        return {}
    return {
        quarter: fitted[quarter - 1] if quarter <= len(fitted) else _chained(fitted, quarter)
        for quarter in QUARTERS
    }


def _sample(
    of_month: Mapping[int, Rows], months: range, origin: int, quarter: int
) -> Sample | None:
    """The newest snapshots whose outcome is known at the origin, if there are enough."""
    newest = origin - 3 * quarter
    window = range(max(months.start + MONTHS_SKIPPED, newest - MONTHS_OF_WINDOW + 1), newest + 1)
    parts = [of_month[month] for month in window if month in of_month]
    customer_months = sum(len(part.customers) for part in parts)
    if len(window) < MIN_SNAPSHOTS or customer_months < MIN_CUSTOMER_MONTHS:
        return None
    rows = Rows(
        customers=[customer for part in parts for customer in part.customers],
        terms=np.concatenate([part.terms for part in parts]),
        run_rates=np.concatenate([part.run_rates for part in parts]),
        retained=np.concatenate([part.retained for part in parts]),
    )
    retained = rows.retained_in(quarter)
    assert not np.isnan(retained).any(), "a quarter in a sample is not over"
    covariates, weights = rows.terms[:, 1:], rows.run_rates / rows.run_rates.mean()
    is_constant = np.ptp(covariates, axis=0) < SPREAD_OF_A_CONSTANT
    mean = np.average(covariates, axis=0, weights=weights)
    deviation = np.sqrt(np.average((covariates - mean) ** 2, axis=0, weights=weights))
    deviation[is_constant] = 1
    return Sample(window, rows, retained, weights, mean, deviation, is_constant)


def _estimate(sample: Sample, *, with_experience: bool) -> Estimate:
    bounds = np.array(_bounds(sample, with_experience=with_experience))
    found = _optimum(sample, bounds)
    is_held = (bounds == 0).any(axis=1) & (np.abs(found) < FURTHEST_OFF)
    found[is_held] = 0
    coefficients = np.linalg.inv(sample.to_standardised) @ found
    return Estimate(coefficients, _covariance(sample, coefficients, ~is_held))


def _optimum(sample: Sample, bounds: Vector) -> Vector:
    """Coefficients of the least objective, on the standardised scale."""
    terms = (sample.rows.terms - [0, *sample.mean]) / [1, *sample.deviation]
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
        method="SLSQP",
        bounds=bounds,
        options=TOLERANCES,
    ).x
    lowest, highest = bounds.T
    moves = found - np.clip(found - objective(found)[1], lowest, highest)
    assert np.abs(moves).max() < FLAT, "the objective still falls where the optimiser stopped"
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


def _covariance(sample: Sample, coefficients: Vector, is_free: NDArray[np.bool_]) -> Vector:
    """Liang and Zeger's, clustered by customer; terms that a bound holds do not vary."""
    terms = sample.rows.terms[:, is_free]
    shares = 1 / (1 + np.exp(-sample.rows.terms @ coefficients))
    penalty = RIDGE * len(terms) * np.diag([0, *sample.deviation**2])
    curvature = (terms.T * (sample.weights * shares * (1 - shares))) @ terms
    inverse = np.linalg.inv(curvature + penalty[np.ix_(is_free, is_free)])
    _, cluster = np.unique(sample.rows.customers, return_inverse=True)
    of_customers = np.zeros((cluster.max() + 1, terms.shape[1]))
    np.add.at(of_customers, cluster, terms * (sample.weights * (sample.retained - shares))[:, None])
    correction = len(of_customers) / (len(of_customers) - 1)
    covariance = np.zeros((len(is_free), len(is_free)))
    covariance[np.ix_(is_free, is_free)] = (
        correction * inverse @ of_customers.T @ of_customers @ inverse
    )
    return covariance


def quasi_likelihood(retained: Vector, index: Vector) -> Vector:
    value: Vector = retained * index - np.logaddexp(0, index)
    return value


def _chained(fitted: Sequence[Fit], quarter: int) -> Fit:
    """The longest fit, its mean share falling on as it fell from the quarter before."""
    longest, before = fitted[-1], fitted[-2] if len(fitted) > 1 else None
    steps = quarter - longest.fitted_quarter

    def fallen(*, with_experience: bool) -> Estimate:
        estimate = longest.estimate(with_experience=with_experience)
        share = longest.sample.mean_share(estimate.coefficients)
        share_before = 1.0
        if before is not None:
            earlier = before.estimate(with_experience=with_experience)
            share_before = longest.sample.mean_share(earlier.coefficients)
        target = share * min(1.0, share / share_before) ** steps
        move = brentq(
            lambda move: longest.sample.mean_share(estimate.coefficients, moved=move) - target,
            -FURTHEST_MOVE,
            FURTHEST_MOVE,
        )
        return replace(estimate, coefficients=estimate.coefficients + move * INTERCEPT)

    return replace(
        longest, baseline=fallen(with_experience=False), full=fallen(with_experience=True)
    )


def improvements_of(fits: Fits, of_month: Mapping[int, Rows]) -> dict[int, Improvement]:
    """What experience had added, at each origin, to the predictions of earlier origins."""
    tried = {
        (origin, quarter): _gains(fit, quarter, of_month[origin])
        for (origin, quarter), fit in fits.items()
        if origin in of_month
    }
    return {
        # A fit predicts months after its origin: with those over, the origin is an earlier one.
        origin: _improvement(
            [
                gains
                for (earlier, quarter), gains in tried.items()
                if earlier + 3 * quarter <= origin
            ]
        )
        for origin in {origin for origin, _ in fits}
    }


# Customer, run rate, and by how much experience improved the quasi-likelihood per unit of it.
Gain = tuple[str, float, float]


def _gains(fit: Fit, quarter: int, rows: Rows) -> list[Gain]:
    retained = rows.retained_in(quarter)
    gains = quasi_likelihood(retained, rows.terms @ fit.full.coefficients) - quasi_likelihood(
        retained, rows.terms @ fit.baseline.coefficients
    )
    return list(zip(rows.customers, rows.run_rates.tolist(), gains.tolist(), strict=True))


def _improvement(tries: Iterable[Sequence[Gain]]) -> Improvement:
    of_customers: dict[str, float] = defaultdict(float)
    run_rates = []
    for gains in tries:
        for customer, run_rate, gain in gains:
            of_customers[customer] += run_rate * gain
            run_rates.append(run_rate)
    mean = math.fsum(run_rates) / len(run_rates) if run_rates else 1.0
    return Improvement(
        total=math.fsum(of_customers.values()) / mean,
        error=math.hypot(*of_customers.values()) / mean,
    )
