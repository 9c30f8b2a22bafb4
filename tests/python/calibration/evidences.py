"""Evidence made up for tests: customers whose retained share follows a known law."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from cxe.calibration.rolling import BASELINE, DRIVERS, Evidence, Parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGNS = np.array([1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
PARAMETERS = Parameters(
    window_months=12,
    skipped_months=3,
    min_snapshots=3,
    min_customer_months=200,
    ridge=0.001,
    evidence_z=1.6448536269514722,
)


def made_up(
    *, trust_effect: float, months: int = 24, customers: int = 150, seed: int = 1
) -> Evidence:
    """Customers active in every month; what they keep falls by quarter and rises with trust.

    Args:
        trust_effect: change of the linear index per unit of trust.
    """
    rng = np.random.default_rng(seed)
    month = np.repeat(np.arange(months), customers)
    customer = np.tile(np.arange(customers), months)
    covariates = rng.normal(size=(len(month), len(BASELINE) + len(DRIVERS)))
    # Experience belongs to a customer: it hardly moves from month to month.
    own = rng.uniform(0.2, 1, (customers, len(DRIVERS)))
    covariates[:, len(BASELINE) :] = own[customer] + rng.normal(0, 0.02, (len(month), len(DRIVERS)))
    retained = np.full((len(month), 4), np.nan)
    trust = covariates[:, len(BASELINE)]
    for quarter in range(4):
        index = 2 - 0.4 * quarter + 0.5 * covariates[:, 0] + trust_effect * (trust - 0.6)
        share = expit(index)
        known = month + 3 * (quarter + 1) < months
        retained[known, quarter] = rng.beta(6 * share, 6 * (1 - share))[known]
    return Evidence(
        months=tuple(date(2022 + at // 12, at % 12 + 1, 1) for at in range(months)),
        signs=SIGNS,
        references=np.array([0.85, 0.75, 0.75, 0.40, 0.30, 0.0]),
        month=month,
        customer=customer,
        rate=rng.lognormal(8, 0.5, customers)[customer],
        covariates=covariates,
        retained=retained,
    )


def shares_at(
    covariates: NDArray[np.float64], coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic of the linear index, written out."""
    index = coefficients[0] + (covariates * coefficients[1:]).sum(axis=1)
    return np.asarray(1 / (1 + np.exp(-index)))
