"""One fit of the retained share per origin month, from what was known then, and no later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from cxe.calibration.fit import Logit, fit_share, index, quasi_log_likelihood

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from numpy.typing import NDArray

    from cxe.calibration.fit import Floats

QUARTERS = (1, 2, 3, 4)
BASELINE = (
    "log_run_rate", "log_tenure", "log_accrual_months", "log_recent_fills", "last_quarter_ratio",
    "last_month_ratio", "last_day_ratio", "months_since_start", "medicaid_share",
    "medicare_d_share",
)  # fmt: skip

# In the order of the macro `cvar_drivers`.
DRIVERS = ("trust", "ease", "sentiment", "reciprocity", "variability", "overdue")


@dataclass(frozen=True)
class Parameters:
    """Parameters of the calibration; all are dbt vars.

    Attributes:
        window_months: newest snapshots with a known outcome that a fit uses.
        skipped_months: first months of the panel that are no snapshots: where the extracts begin,
            run rates of customers who were there before are still filling up.
        min_snapshots: a quarter ahead with fewer takes the fit of the longest one fitted.
        min_customer_months: a fit wants as many.
        ridge: penalty per observation.
        evidence_z: standard errors by which the experience block must have improved the earlier
            origins' predictions to be kept.
    """

    window_months: int
    skipped_months: int
    min_snapshots: int
    min_customer_months: int
    ridge: float
    evidence_z: float


@dataclass(frozen=True)
class Evidence:
    """Active customer-months, sorted by month and customer; n rows.

    Attributes:
        months: first days of the T months of the panel, in order.
        signs: +1 where more of a driver is better, -1 where less is, 0 to leave it free.
        references: promise levels of the drivers, in the covariates' units.
        month: n, position in `months`.
        customer: n, number of the customer.
        rate: n, run rate in money per month.
        covariates: n x (BASELINE + DRIVERS), without nulls.
        retained: n x 4, retained share by quarter ahead, nan where not known yet.
    """

    months: tuple[date, ...]
    signs: Floats
    references: Floats
    month: NDArray[np.intp]
    customer: NDArray[np.intp]
    rate: Floats
    covariates: Floats
    retained: Floats

    @cached_property
    def _limits(self) -> NDArray[np.intp]:
        return np.searchsorted(self.month, np.arange(len(self.months) + 1))

    def rows(self, first: int, last: int) -> slice:
        """Rows of the months first..last, both included."""
        return slice(int(self._limits[max(first, 0)]), int(self._limits[last + 1]))

    @property
    def lowest(self) -> Floats:
        """Bounds of the coefficients from below: better experience never lowers the share."""
        return np.array([-np.inf] * len(BASELINE) + [0.0 if s > 0 else -np.inf for s in self.signs])

    @property
    def highest(self) -> Floats:
        """Bounds from above."""
        return np.array([np.inf] * len(BASELINE) + [0.0 if s < 0 else np.inf for s in self.signs])


@dataclass(frozen=True)
class QuarterFit:
    """The model of one quarter ahead.

    Attributes:
        fitted_quarter: quarter whose outcomes it was fitted to; an earlier one where too few
            outcomes of its own are known.
        first_month, last_month: snapshots used, positions in the panel.
        observations, customers: how many customer-months of how many customers.
        full, baseline: with and without the experience block.
    """

    fitted_quarter: int
    first_month: int
    last_month: int
    observations: int
    customers: int
    full: Logit
    baseline: Logit


@dataclass(frozen=True)
class Origin:
    """What was fitted at the end of a month.

    Attributes:
        month: position in the panel.
        quarters: one model per quarter ahead.
        improvement: by which the experience block improved the quasi-log-likelihood of earlier
            origins' predictions whose outcome is known, all quarters ahead together, weighted with
            the run rate over its mean.
        improvement_error: its standard error, clustered by customer.
        keeps_experience: whether that is enough to keep the block.
    """

    month: int
    quarters: tuple[QuarterFit, ...]
    improvement: float
    improvement_error: float
    keeps_experience: bool

    def logit(self, quarter: int) -> Logit:
        """The model in force for a quarter ahead; the block's coefficients are 0 when dropped."""
        fit = self.quarters[quarter - 1]
        if self.keeps_experience:
            return fit.full
        missing = len(fit.full.coefficients) - len(fit.baseline.coefficients)
        return Logit(
            np.pad(fit.baseline.coefficients, (0, missing)),
            np.pad(fit.baseline.covariance, ((0, missing), (0, missing))),
        )


def origins(evidence: Evidence, parameters: Parameters) -> Iterator[Origin]:
    """Fit every origin month that has enough history, in order of time."""
    fitted: list[Origin] = []
    gains: dict[tuple[int, int], Floats] = {}
    for month in range(len(evidence.months)):
        quarters = tuple(fits_at(evidence, parameters, month))
        if not quarters:
            continue
        improvement, error = _improvement(evidence, fitted, gains, month)
        origin = Origin(
            month, quarters, improvement, error, bool(improvement > parameters.evidence_z * error)
        )
        fitted.append(origin)
        yield origin


def snapshots(parameters: Parameters, origin: int, quarter: int) -> tuple[int, int]:
    """First and last snapshot month of a fit: the newest whose outcome is known at the origin."""
    last = origin - 3 * quarter
    return max(parameters.skipped_months, last - parameters.window_months + 1), last


def fits_at(evidence: Evidence, parameters: Parameters, origin: int) -> Iterator[QuarterFit]:
    """The models of all quarters ahead at an origin month; none where history is too short."""
    fitted: list[QuarterFit] = []
    for quarter in QUARTERS:
        first, last = snapshots(parameters, origin, quarter)
        rows = evidence.rows(first, last) if first <= last else slice(0, 0)
        enough = rows.stop - rows.start >= parameters.min_customer_months
        if last - first + 1 >= parameters.min_snapshots and enough:
            fit = QuarterFit(
                quarter,
                first,
                last,
                rows.stop - rows.start,
                len(np.unique(evidence.customer[rows])),
                _fit(evidence, parameters, rows, quarter, evidence.covariates.shape[1]),
                _fit(evidence, parameters, rows, quarter, len(BASELINE)),
            )
            fitted.append(fit)
        elif fitted:
            fit = _chained(evidence, fitted, quarter)
        else:
            return
        yield fit


def _chained(evidence: Evidence, fitted: list[QuarterFit], quarter: int) -> QuarterFit:
    """The longest quarter's model for a later one, its level chained as CLV chains retention.

    Taken as it is it would expect a year to lose no more than a quarter does. The intercept moves
    so that the mean share over the fit's own rows goes on falling by the last known step.
    """
    longest = fitted[-1]
    rows = evidence.rows(longest.first_month, longest.last_month)
    weights = evidence.rate[rows] / evidence.rate[rows].sum()

    def level(logit: Logit, shift: float = 0.0) -> float:
        covariates = evidence.covariates[rows, : len(logit.coefficients) - 1]
        return float(weights @ expit(index(covariates, logit.coefficients) + shift))

    def moved(name: str) -> Logit:
        logit: Logit = getattr(longest, name)
        before = level(getattr(fitted[-2], name)) if len(fitted) > 1 else 1.0
        step = min(1.0, level(logit) / before)
        goal = level(logit) * step ** (quarter - longest.fitted_quarter)
        # The level falls without end as the shift does: the bracket holds whatever the goal.
        shift = brentq(lambda shift: level(logit, shift) - goal, -50, 1e-9, xtol=1e-12)
        coefficients = logit.coefficients.copy()
        coefficients[0] += shift
        return Logit(coefficients, logit.covariance)

    return replace(longest, full=moved("full"), baseline=moved("baseline"))


def _fit(
    evidence: Evidence, parameters: Parameters, rows: slice, quarter: int, covariates: int
) -> Logit:
    return fit_share(
        evidence.covariates[rows, :covariates],
        evidence.retained[rows, quarter - 1],
        evidence.rate[rows],
        evidence.customer[rows],
        lowest=evidence.lowest[:covariates],
        highest=evidence.highest[:covariates],
        ridge=parameters.ridge,
    )


def _improvement(
    evidence: Evidence, fitted: list[Origin], gains: dict[tuple[int, int], Floats], month: int
) -> tuple[float, float]:
    """What the experience block gained out of sample so far, and the standard error of that."""
    by_customer = np.zeros(int(evidence.customer.max()) + 1)
    weight, observations = 0.0, 0
    for origin in fitted:
        rows = evidence.rows(origin.month, origin.month)
        for quarter in QUARTERS:
            if origin.month + 3 * quarter > month:
                continue
            if (origin.month, quarter) not in gains:
                gains[origin.month, quarter] = _gain(
                    evidence, origin.quarters[quarter - 1], rows, quarter
                )
            np.add.at(by_customer, evidence.customer[rows], gains[origin.month, quarter])
            weight += float(evidence.rate[rows].sum())
            observations += rows.stop - rows.start
    return clustered_sum(by_customer, weight, observations)


def _gain(evidence: Evidence, fit: QuarterFit, rows: slice, quarter: int) -> Floats:
    """What the experience block gains in each row, times the run rate."""
    # Without any experience both are the same model, but for how far their steps went.
    if not fit.full.coefficients[len(BASELINE) + 1 :].any():
        return np.zeros(rows.stop - rows.start)
    full = weighed_likelihood(evidence, fit.full, rows, quarter)
    return full - weighed_likelihood(evidence, fit.baseline, rows, quarter)


def clustered_sum(by_customer: Floats, weight: float, observations: int) -> tuple[float, float]:
    """Sum of gains and its standard error, customers independent, at mean weight 1.

    Args:
        by_customer: gains of each customer, summed.
        weight: weights that went into them, summed.
        observations: how many.
    """
    if not observations:
        return 0.0, 0.0
    by_customer = by_customer * (observations / weight)
    return float(by_customer.sum()), float(np.sqrt((by_customer**2).sum()))


def weighed_likelihood(evidence: Evidence, logit: Logit, rows: slice, quarter: int) -> Floats:
    """Quasi-log-likelihood of each row under a model of some of the covariates, times run rate."""
    covariates = evidence.covariates[rows, : len(logit.coefficients) - 1]
    shares = evidence.retained[rows, quarter - 1]
    likelihood = quasi_log_likelihood(shares, index(covariates, logit.coefficients))
    return np.asarray(evidence.rate[rows] * likelihood)
