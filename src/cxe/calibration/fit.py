"""The fractional logit: a share in [0, 1] from covariates, by penalised quasi-likelihood.

Source: Papke and Wooldridge (1996), "Econometric methods for fractional response variables".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, solve
from scipy.optimize import lsq_linear
from scipy.special import expit

from cxe.errors import CxeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_STEPS = 100
_STEP_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Logit:
    """A fitted share: logistic(coefficients[0] + covariates @ coefficients[1:]).

    Attributes:
        coefficients: intercept and one per covariate, in the covariates' own units.
        covariance: of the coefficients, robust to clusters; 0 for those held at a bound.
    """

    coefficients: Floats
    covariance: Floats


def index(covariates: Floats, coefficients: Floats) -> Floats:
    """Linear index of each row (n x k) under intercept and coefficients (1 + k)."""
    return np.asarray(coefficients[0] + covariates @ coefficients[1:])


def share(covariates: Floats, coefficients: Floats) -> Floats:
    """Expected share of each row (n x k), in (0, 1)."""
    return np.asarray(expit(index(covariates, coefficients)))


def quasi_log_likelihood(shares: Floats, linear_index: Floats) -> Floats:
    """Bernoulli quasi-log-likelihood of each share at its linear index; 0 is perfect."""
    return -(np.logaddexp(0, linear_index) - shares * linear_index)


def fit_share(
    covariates: Floats,
    shares: Floats,
    weights: Floats,
    clusters: NDArray[np.intp],
    *,
    lowest: Floats,
    highest: Floats,
    ridge: float,
) -> Logit:
    """Fit expected shares, with the sign of some coefficients given.

    Minimises the weighted negative quasi-log-likelihood, weights scaled to mean 1, plus
    ridge x n / 2 x the sum of squares of the coefficients of standardised covariates (not of the
    intercept, so that the fit is calibrated in total). Newton steps, each a least-squares problem
    with bounds; the problem is convex, so the answer does not depend on a start.

    Args:
        covariates: n x k.
        shares: n, in [0, 1].
        weights: n, positive.
        clusters: n, which rows belong together in the covariance.
        lowest, highest: k, bounds of the coefficients; 0 or infinite.
        ridge: penalty per observation.

    Raises:
        CxeError: no convergence.
    """
    observations = len(shares)
    weights = weights * (observations / weights.sum())
    centre = np.average(covariates, axis=0, weights=weights)
    spread = np.sqrt(np.average((covariates - centre) ** 2, axis=0, weights=weights))
    # A covariate that does not vary can say nothing: its coefficient stays 0.
    scale = np.where(spread > 1e-12 * (1 + np.abs(centre)), spread, np.inf)
    design = np.column_stack([np.ones(observations), (covariates - centre) / scale])
    penalty = ridge * observations * np.r_[0.0, np.ones(len(scale))]
    bounds = (np.r_[-np.inf, lowest], np.r_[np.inf, highest])

    def objective(beta: Floats) -> float:
        likelihood = weights @ quasi_log_likelihood(shares, design @ beta)
        return float(penalty @ beta**2 / 2 - likelihood)

    def slopes(beta: Floats) -> tuple[Floats, Floats]:
        expected = expit(design @ beta)
        gradient = design.T @ (weights * (expected - shares)) + penalty * beta
        curvature = (weights * expected * (1 - expected))[:, None] * design
        return gradient, design.T @ curvature + np.diag(penalty)

    beta = np.zeros(design.shape[1])
    for _ in range(_MOST_STEPS):
        gradient, hessian = slopes(beta)
        root = cholesky(hessian)
        target = root @ beta - solve(root.T, gradient, lower=True)
        step = lsq_linear(root, target, bounds, method="bvls").x - beta
        length, before = 1.0, objective(beta)
        while objective(beta + length * step) > before and length > _STEP_TOLERANCE:
            length /= 2
        beta = np.clip(beta + length * step, *bounds)
        if np.abs(length * step).max() < _STEP_TOLERANCE:
            break
    else:
        raise CxeError(
            "The retained-share model did not converge: look for extreme values in "
            "intermediate.int_cvar_covariates."
        )
    covariance = _clustered(design, shares, weights, clusters, beta, bounds, slopes(beta)[1])
    # Back to the covariates' own units: divide by the spread, and let the intercept take the means.
    back = np.diag(np.r_[1.0, 1 / scale])
    back[0, 1:] = -centre / scale
    return Logit(back @ beta, back @ covariance @ back.T)


def _clustered(
    design: Floats,
    shares: Floats,
    weights: Floats,
    clusters: NDArray[np.intp],
    beta: Floats,
    bounds: tuple[Floats, Floats],
    hessian: Floats,
) -> Floats:
    """Sandwich covariance of the coefficients that are free, clustered (Liang and Zeger 1986)."""
    free = (beta > bounds[0]) & (beta < bounds[1])
    scores = (weights * (shares - expit(design @ beta)))[:, None] * design
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    sums = np.add.reduceat(scores[order], starts, axis=0)
    covariance = np.zeros_like(hessian)
    bread = np.linalg.inv(hessian[np.ix_(free, free)])
    meat = sums[:, free].T @ sums[:, free] * (len(starts) / max(1, len(starts) - 1))
    covariance[np.ix_(free, free)] = bread @ meat @ bread
    return covariance
