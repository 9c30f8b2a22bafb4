"""The fractional logit recovers what made the data, respects its bounds and owns its errors."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.evidences import shares_at
from cxe.calibration.fit import Logit, fit_share

TRUE = np.array([0.8, 1.2, -0.7, 0.0])
FREE = np.full(3, np.inf)
Sample = tuple[np.ndarray, ...]


@pytest.fixture(scope="module")
def sample() -> Sample:
    """20,000 rows of 2,000 customers: covariates, shares, weights, customers."""
    rng = np.random.default_rng(7)
    covariates = rng.normal(0.5, 2.0, (20_000, 3))
    expected = shares_at(covariates, TRUE)
    shares = rng.beta(5 * expected + 1e-9, 5 * (1 - expected) + 1e-9)
    return covariates, shares, rng.lognormal(0, 1, 20_000), np.repeat(np.arange(2_000), 10)


def fitted(sample: Sample, ridge: float = 0.0, **bounds: np.ndarray) -> Logit:
    return fit_share(*sample, **({"lowest": -FREE, "highest": FREE} | bounds), ridge=ridge)


def test_coefficients_that_made_the_data_are_found_within_their_errors(sample: Sample) -> None:
    logit = fitted(sample)
    errors = np.sqrt(np.diag(logit.covariance))
    assert (errors < 0.05).all()
    assert (np.abs(logit.coefficients - TRUE) < 3 * errors).all()


def test_predictions_are_calibrated_in_money_whatever_the_penalty(sample: Sample) -> None:
    covariates, shares, weights, _ = sample
    predicted = shares_at(covariates, fitted(sample, ridge=0.5).coefficients)
    # The intercept is free of the penalty: its first-order condition is that the money adds up.
    assert weights @ predicted == pytest.approx(weights @ shares, rel=1e-8)


def test_a_coefficient_that_would_have_the_wrong_sign_is_nothing_and_certain(
    sample: Sample,
) -> None:
    logit = fitted(sample, lowest=np.array([-np.inf, 0.0, -np.inf]))
    assert logit.coefficients[2] == 0
    assert not logit.covariance[2].any()
    assert logit.coefficients[1] > 0.5


def test_a_covariate_that_does_not_vary_says_nothing(sample: Sample) -> None:
    covariates, *others = sample
    still = covariates.copy()
    still[:, 1] = 0.3
    assert fitted((still, *others), ridge=0.001).coefficients[2] == 0


def test_units_of_a_covariate_do_not_matter(sample: Sample) -> None:
    covariates, *others = sample
    scaled = covariates * np.array([100.0, 1.0, 0.01])
    coefficients = fitted((scaled, *others), ridge=0.01).coefficients
    coefficients[1:] *= np.array([100.0, 1.0, 0.01])
    assert coefficients == pytest.approx(fitted(sample, ridge=0.01).coefficients, rel=1e-6)


def test_rows_repeated_within_a_customer_add_no_certainty(sample: Sample) -> None:
    covariates, shares, weights, clusters = sample
    once = fitted(sample)
    thrice = fitted(
        tuple(np.concatenate([part] * 3) for part in (covariates, shares, weights, clusters))
    )
    assert thrice.covariance == pytest.approx(once.covariance, rel=1e-6)
