"""One fit per origin month, from what was known then; experience stays only if it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.evidences import PARAMETERS, made_up, shares_at
from cxe.calibration.controls import next_year, shuffled
from cxe.calibration.rolling import BASELINE, Evidence, Origin, origins

# Behind the intercept and the baseline.
TRUST = 1 + len(BASELINE)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return made_up(trust_effect=3.0)


@pytest.fixture(scope="module")
def fitted(evidence: Evidence) -> list[Origin]:
    return list(origins(evidence, PARAMETERS))


def test_the_first_fit_waits_for_three_snapshots_with_a_known_quarter(
    fitted: list[Origin],
) -> None:
    # Months 3, 4, 5 are the first snapshots; the quarter after month 5 is over at the end of 8.
    assert fitted[0].month == 8
    assert [origin.month for origin in fitted] == list(range(8, 24))


def test_a_fit_knows_nothing_of_later_months(evidence: Evidence, fitted: list[Origin]) -> None:
    last = 15
    known = evidence.month <= last
    retained = evidence.retained[known].copy()
    for quarter in range(4):
        retained[evidence.month[known] + 3 * (quarter + 1) > last, quarter] = np.nan
    earlier = replace(
        evidence,
        months=evidence.months[: last + 1],
        month=evidence.month[known],
        customer=evidence.customer[known],
        rate=evidence.rate[known],
        covariates=evidence.covariates[known],
        retained=retained,
    )
    then = list(origins(earlier, PARAMETERS))
    assert [origin.month for origin in then] == list(range(8, last + 1))
    for origin, same in zip(then, fitted, strict=False):
        assert origin.keeps_experience == same.keeps_experience
        for quarter in (1, 2, 3, 4):
            one, other = origin.logit(quarter), same.logit(quarter)
            assert np.array_equal(one.coefficients, other.coefficients)


def test_an_experience_effect_is_kept_and_found(fitted: list[Origin]) -> None:
    assert fitted[-1].keeps_experience
    trust = fitted[-1].logit(1).coefficients[TRUST]
    assert trust == pytest.approx(3.0, abs=0.5)


def test_experience_is_not_kept_before_it_has_predicted_anything(fitted: list[Origin]) -> None:
    assert not fitted[0].keeps_experience
    assert not fitted[0].logit(1).coefficients[TRUST:].any()


def test_what_is_not_there_is_hardly_ever_found() -> None:
    kept = [
        origin.keeps_experience
        for seed in range(5)
        for origin in origins(made_up(trust_effect=0.0, seed=seed), PARAMETERS)
    ]
    assert sum(kept) <= 0.1 * len(kept)


def test_a_quarter_without_enough_snapshots_goes_on_falling(
    evidence: Evidence, fitted: list[Origin]
) -> None:
    first = fitted[0]
    assert [fit.fitted_quarter for fit in first.quarters] == [1, 1, 1, 1]
    rows = evidence.rows(3, 5)
    weights = evidence.rate[rows] / evidence.rate[rows].sum()
    baseline = evidence.covariates[rows, : len(BASELINE)]
    means = [weights @ shares_at(baseline, fit.baseline.coefficients) for fit in first.quarters]
    # Only one quarter is known: each further one keeps the share that the first one kept.
    assert means == pytest.approx([means[0] ** quarter for quarter in (1, 2, 3, 4)], abs=1e-9)


def test_later_origins_fit_every_quarter_to_its_own_outcomes(fitted: list[Origin]) -> None:
    # The fourth quarter after month 5 is over at the end of month 17.
    by_month = {origin.month: origin for origin in fitted}
    assert [fit.fitted_quarter for fit in by_month[16].quarters] == [1, 2, 3, 3]
    assert [fit.fitted_quarter for fit in by_month[17].quarters] == [1, 2, 3, 4]


def test_a_fit_wants_enough_customers() -> None:
    few = made_up(trust_effect=0.0, customers=20)
    # 20 customers fill 200 customer-months with ten snapshots: months 3 to 12, known at 15.
    assert next(origins(few, PARAMETERS)).month == 15


def test_experience_of_others_adds_nothing(evidence: Evidence) -> None:
    control = shuffled(evidence, PARAMETERS)
    assert control.origins > 3
    assert control.z is not None
    assert control.z < PARAMETERS.evidence_z


def test_experience_of_next_year_is_no_better_than_that_of_today() -> None:
    control = next_year(made_up(trust_effect=3.0, months=36), PARAMETERS)
    assert control.origins > 3
    assert control.z is not None
    assert control.z < PARAMETERS.evidence_z
