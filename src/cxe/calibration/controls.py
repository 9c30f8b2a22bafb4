"""Negative controls: what must not help a prediction, and by how much it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cxe.calibration.rolling import BASELINE, clustered_sum, fits_at, weighed_likelihood

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cxe.calibration.fit import Floats
    from cxe.calibration.rolling import Evidence, Parameters

_NEXT_YEAR = 12
_QUARTER = 3
_SHUFFLE_SEED = 0


@dataclass(frozen=True)
class Control:
    """A model that should not predict better than the one it is compared with.

    Attributes:
        gain: in quasi-log-likelihood of the next quarter, out of sample, weighted with the run rate
            over its mean; above 0 the control predicted better.
        error: its standard error, clustered by customer.
        origins: how many origin months it was tried on.
        customer_months: how many predictions were compared.
    """

    gain: float
    error: float
    origins: int
    customer_months: int

    @property
    def z(self) -> float | None:
        """Gain in standard errors; None where nothing could be compared."""
        return self.gain / self.error if self.error else None


def shuffled(evidence: Evidence, parameters: Parameters) -> Control:
    """Experience of other customers of the same month against no experience at all."""
    rng = np.random.default_rng(_SHUFFLE_SEED)
    rows = np.arange(len(evidence.month))
    for month in range(len(evidence.months)):
        within = evidence.rows(month, month)
        rows[within] = rng.permutation(rows[within])
    control = _with_drivers(evidence, _drivers(evidence)[rows])
    return _compared(control, evidence, parameters, against_experience=False)


def next_year(evidence: Evidence, parameters: Parameters) -> Control:
    """Experience of a year later against that of today, for customers active in both months."""
    width = int(evidence.customer.max(initial=0)) + 1
    keys = evidence.month * width + evidence.customer
    order = np.argsort(keys)
    wanted = keys + _NEXT_YEAR * width
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    later = order[at] if len(keys) else at
    found = keys[later] == wanted if len(keys) else np.zeros(0, dtype=bool)
    today = replace(
        evidence,
        month=evidence.month[found],
        customer=evidence.customer[found],
        rate=evidence.rate[found],
        covariates=evidence.covariates[found],
        retained=evidence.retained[found],
    )
    control = _with_drivers(today, _drivers(evidence)[later[found]])
    return _compared(control, today, parameters, against_experience=True)


def _drivers(evidence: Evidence) -> Floats:
    return evidence.covariates[:, len(BASELINE) :]


def _with_drivers(evidence: Evidence, drivers: Floats) -> Evidence:
    covariates = np.column_stack([evidence.covariates[:, : len(BASELINE)], drivers])
    return replace(evidence, covariates=covariates)


def _compared(
    control: Evidence, evidence: Evidence, parameters: Parameters, *, against_experience: bool
) -> Control:
    """Out-of-sample gain of a control, over every third origin month, next quarter only."""
    customers = int(evidence.customer.max(initial=0)) + 1
    by_customer, weight, compared, tried = np.zeros(customers), 0.0, 0, 0
    for month in _origins(evidence):
        rows = evidence.rows(month, month)
        tested = next(fits_at(control, parameters, month), None)
        standing = next(fits_at(evidence, parameters, month), None)
        if tested is None or standing is None or rows.start == rows.stop:
            continue
        other = standing.full if against_experience else standing.baseline
        gains = weighed_likelihood(control, tested.full, rows, 1)
        gains -= weighed_likelihood(evidence, other, rows, 1)
        np.add.at(by_customer, evidence.customer[rows], gains)
        weight += float(evidence.rate[rows].sum())
        compared += rows.stop - rows.start
        tried += 1
    gain, error = clustered_sum(by_customer, weight, compared)
    return Control(gain, error, tried, compared)


def _origins(evidence: Evidence) -> Iterable[int]:
    """Months whose next quarter is known for all their rows, three months apart."""
    known = ~np.isnan(evidence.retained[:, 0])
    if not known.any():
        return ()
    return range(int(evidence.month[known].max()), -1, -_QUARTER)
