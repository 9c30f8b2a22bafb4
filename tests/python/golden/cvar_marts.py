"""The marts of CVAR and CLV of a home, and its fits, against those computed from its extracts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from worlds import published

from golden.barriers import barriers_of
from golden.cases import cases_of
from golden.clv import lifetime_values_of
from golden.compare import assert_same_rows, computed
from golden.covariates import snapshots_of
from golden.cvar import Model, Risk, obstructed_months, scores_of
from golden.cvar_backtest import backtests_of
from golden.cvar_bridge import MOVES, bridges_of
from golden.fit import TERMS, fits_of, improvements_of, rows_by_month
from golden.health_marts import relationships_in
from golden.journey_marts import assert_same_table
from golden.ledgers import ledgers_of, to_the_cent
from golden.months import first_day, month_of
from golden.value import QUARTERS
from golden.value_marts import A_CENT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from golden.compare import Rows
    from golden.core import World
    from golden.covariates import Snapshot
    from golden.cvar import Score
    from golden.fit import Fit, Improvement
    from golden.health import Health
    from golden.ledgers import Ledger

CUSTOMER_MONTH = "customer_id, month"
NEXT_TO_NOTHING = 1e-9
SAME_COEFFICIENT, SAME_COVARIANCE = 1e-4, 1e-5
SHARE_COLUMNS = tuple(
    f"{share}_share_q{quarter}" for share in ("retained", "reference") for quarter in QUARTERS
)
RISK_COLUMNS = (
    "gross_cvar",
    "gross_cvar_low",
    "gross_cvar_high",
    "experience_cvar",
    "experience_cvar_low",
    "experience_cvar_high",
    "value_protected",
    "recoverable_cvar",
)
FIT_COLUMNS = (
    "fitted_quarter",
    "window_first_month",
    "window_last_month",
    "customer_months",
    "customers",
    "keeps_experience",
    "experience_improvement",
    "experience_improvement_error",
)
# What sums to the cent, as the condition under which a published row breaks it.
IDENTITIES = {
    "customer value is what it is made of": (
        "marts.fct_customer_value",
        "customer_value <> realized_value + forward_value + pipeline_value",
    ),
    "gross CVAR lies within forward value and its bounds": (
        "marts.fct_cvar join marts.fct_customer_value using (customer_id, month)",
        "not (0 <= gross_cvar_low and gross_cvar_low <= gross_cvar"
        " and gross_cvar <= gross_cvar_high and gross_cvar_high <= forward_value)",
    ),
    "drivers add up to what experience puts at risk or protects": (
        "marts.fct_cvar join (select customer_id, month, sum(contribution) as contributions"
        " from marts.fct_cvar_drivers group by all) using (customer_id, month)",
        "contributions <> experience_cvar - value_protected",
    ),
    "the bridge closes": (
        "marts.fct_cvar_bridge",
        "opening + entered + exposure_change + worsened - improved - left_active <> closing",
    ),
    "bridges end at the whole of gross CVAR": (
        "(select month, sum(closing) as closing from marts.fct_cvar_bridge group by all)"
        " join (select month, sum(gross_cvar) as gross_cvar from marts.fct_cvar group by all)"
        " using (month)",
        "closing <> gross_cvar",
    ),
    "standard errors are the roots of variances": (
        "ops.cvar_coefficients join ops.cvar_covariances using (fitted_as_of, quarter, term)",
        "other_term = term and not abs(standard_error - sqrt(greatest(covariance, 0))) <= 1e-9",
    ),
    "lifetime value is what it is made of": (
        "marts.fct_clv",
        "clv <> margin_to_date - acquisition_cost + residual",
    ),
}


@dataclass(frozen=True)
class Known:
    """What the value marts are computed from; `months` are those of the panel, as numbers."""

    world: World
    months: range
    health: list[Health]
    ledgers: dict[str, Ledger]
    snapshots: list[Snapshot]


@cache
def known_in(extracts: Path, as_of: date | None = None) -> Known:
    world = computed(extracts, as_of)
    health, ledgers = relationships_in(world).health, ledgers_of(world.fills)
    last_month = month_of(world.last_month)
    first_month = min((month_of(row.month) for row in world.months), default=last_month)
    return Known(
        world=world,
        months=range(first_month, last_month + 1),
        health=health,
        ledgers=ledgers,
        snapshots=list(snapshots_of(world, ledgers, health)),
    )


def stored_models(home: Path) -> list[Model]:
    """The fits a home publishes, oldest first."""
    with published(home) as connection:
        coefficients = connection.execute(
            "select fitted_as_of, quarter, term, coefficient, model_version, keeps_experience"
            " from ops.cvar_coefficients order by all"
        ).fetchall()
        covariances = connection.execute(
            "select fitted_as_of, quarter, term, other_term, covariance from ops.cvar_covariances"
        ).fetchall()
    of_origin: dict[date, Model] = {}
    for origin, quarter, term, coefficient, version, keeps_experience in coefficients:
        model = of_origin.setdefault(
            origin,
            Model(
                model_version=version,
                fitted_as_of=month_of(origin),
                keeps_experience=keeps_experience,
                coefficients=np.full((len(QUARTERS), len(TERMS)), np.nan),
                covariances=np.full((len(QUARTERS), len(TERMS), len(TERMS)), np.nan),
            ),
        )
        assert (model.model_version, model.keeps_experience) == (version, keeps_experience)
        model.coefficients[quarter - 1, TERMS.index(term)] = coefficient
    for origin, quarter, *terms, covariance in covariances:
        one, other = (TERMS.index(term) for term in terms)
        for place in ((one, other), (other, one)):
            of_origin[origin].covariances[quarter - 1, *place] = covariance
    for model in of_origin.values():
        assert not np.isnan(model.coefficients).any(), f"a term is missing: {model}"
        assert not np.isnan(model.covariances).any(), f"a pair of terms is missing: {model}"
    return list(of_origin.values())


def computed_scores(known: Known, models: Iterable[Model]) -> list[Score]:
    world = known.world
    cases = cases_of(world)
    barriers = barriers_of(world.sources, cases)
    obstructed = obstructed_months(cases.values(), barriers, known.health, known.months[-1])
    return list(scores_of(world, list(models), known.snapshots, obstructed))


def expected_scores(scores: Iterable[Score]) -> Rows:
    return {(score.customer_id, first_day(score.month)): _score_row(score) for score in scores}


def _score_row(score: Score) -> dict[str, Any]:
    model, risk = score.model, score.risk
    row: dict[str, Any] = dict.fromkeys((*SHARE_COLUMNS, "cvar_rate"))
    if model is None:
        uncalibrated = dict.fromkeys((*RISK_COLUMNS, "model_version", "fitted_as_of"))
        return {**row, **uncalibrated, "calibration_status": "uncalibrated"}
    row |= {
        "calibration_status": "calibrated" if model.keeps_experience else "no_experience_effect",
        "model_version": model.model_version,
        "fitted_as_of": first_day(model.fitted_as_of),
    }
    if risk is None:
        return {**row, **dict.fromkeys(RISK_COLUMNS, 0.0)}
    shares = (float(share) for share in (*risk.retained, *risk.reference))
    return {
        **row,
        **dict(zip(SHARE_COLUMNS, shares, strict=True)),
        **dict(zip(RISK_COLUMNS, (*_amounts(risk), score.recoverable), strict=True)),
        "cvar_rate": score.rate,
    }


def _amounts(risk: Risk) -> Iterable[float]:
    yield from map(to_the_cent, (risk.gross, *risk.gross_bounds))
    yield max(0.0, risk.experience)
    yield from map(to_the_cent, risk.experience_bounds)
    yield max(0.0, -risk.experience)


def expected_drivers(scores: Iterable[Score]) -> Rows:
    return {
        (score.customer_id, first_day(score.month), driver): {"contribution": contribution}
        for score in scores
        if score.risk
        for driver, contribution in score.risk.contributions.items()
    }


def expected_bridges(known: Known, scores: Iterable[Score]) -> Rows:
    return {
        (first_day(month), territory): {move: moves[move] / 100 for move in MOVES}
        for (month, territory), moves in bridges_of(known.world.sources, scores).items()
    }


def assert_same_cvar(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Five marts, each row and each column, by the fits the home has stored."""
    known = known_in(extracts, as_of)
    scores = computed_scores(known, stored_models(home))
    backtests = backtests_of(scores, known.snapshots, known.ledgers, known.health)
    lifetime_values = lifetime_values_of(known.world, known.ledgers, known.snapshots)
    for table, key, money, others, expected in (
        (
            "fct_cvar",
            CUSTOMER_MONTH,
            ", ".join(RISK_COLUMNS),
            ", ".join(
                ["calibration_status, model_version, fitted_as_of, cvar_rate", *SHARE_COLUMNS]
            ),
            expected_scores(scores),
        ),
        (
            "fct_cvar_drivers",
            f"{CUSTOMER_MONTH}, driver",
            "contribution",
            "",
            expected_drivers(scores),
        ),
        (
            "fct_cvar_bridge",
            "month, territory",
            ", ".join(MOVES),
            "",
            expected_bridges(known, scores),
        ),
        (
            "fct_cvar_backtest",
            "month, quarter, band",
            "predicted_loss, realized_loss, expected_value, actual_value",
            "customers, calibration_ratio, wape, top_decile_capture, top_decile_capture_by_value,"
            " top_decile_capture_by_rfm, spearman",
            {(row.month, row.quarter, row.band): vars(row) for row in backtests},
        ),
        (
            "fct_clv",
            CUSTOMER_MONTH,
            "margin_to_date, acquisition_cost, residual, clv",
            "",
            {(row.customer_id, row.month): vars(row) for row in lifetime_values},
        ),
    ):
        assert_same_table(home, table, key, money, expected, A_CENT)
        if others:
            assert_same_table(home, table, key, others, expected, NEXT_TO_NOTHING)


def assert_identities(home: Path) -> None:
    """What a tolerance of a cent would let pass: published parts add up exactly."""
    with published(home) as connection:
        for identity, (rows, is_broken) in IDENTITIES.items():
            example = connection.execute(f"select * from {rows} where {is_broken} limit 1")
            if broken := example.fetchone():
                pytest.fail(f"{identity}: not in {broken}")


def assert_same_fits(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Every fit made again, and what experience had been worth to earlier predictions."""
    known = known_in(extracts, as_of)
    of_month = rows_by_month(known.snapshots)
    fits = fits_of(of_month, known.months)
    improvements = improvements_of(fits, of_month)
    expected = {
        (first_day(origin), quarter): _fit_row(fit, improvements[origin])
        for (origin, quarter), fit in fits.items()
    }
    assert_same_rows(stored_fits(home), expected, SAME_COEFFICIENT)
    for model in stored_models(home):
        for quarter, coefficients, covariance in zip(
            QUARTERS, model.coefficients, model.covariances, strict=True
        ):
            fit = fits[model.fitted_as_of, quarter]
            estimate = fit.estimate(with_experience=model.keeps_experience)
            scale = fit.sample.to_standardised
            for difference, tolerance in (
                (scale @ (coefficients - estimate.coefficients), SAME_COEFFICIENT),
                (scale @ (covariance - estimate.covariance) @ scale.T, SAME_COVARIANCE),
            ):
                np.testing.assert_allclose(
                    difference,
                    0,
                    atol=tolerance,
                    err_msg=f"{first_day(model.fitted_as_of)}, {quarter} quarters ahead: {TERMS}",
                )


def stored_fits(home: Path) -> Rows:
    """What a home says of its fits, by origin and quarter ahead."""
    with published(home) as connection:
        found = connection.execute(
            f"select distinct fitted_as_of, quarter, {', '.join(FIT_COLUMNS)}"
            " from ops.cvar_coefficients"
        ).fetchall()
    stored = {row[:2]: dict(zip(FIT_COLUMNS, row[2:], strict=True)) for row in found}
    assert len(stored) == len(found), "terms of a fit differ in what they say of it"
    return stored


def _fit_row(fit: Fit, improvement: Improvement) -> dict[str, Any]:
    window, customers = fit.sample.window, fit.sample.rows.customers
    return {
        "fitted_quarter": fit.fitted_quarter,
        "window_first_month": first_day(window[0]),
        "window_last_month": first_day(window[-1]),
        "customer_months": len(customers),
        "customers": len(set(customers)),
        "keeps_experience": improvement.is_evident,
        "experience_improvement": improvement.total,
        "experience_improvement_error": improvement.error,
    }
