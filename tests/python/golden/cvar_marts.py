"""The value marts of a home against those computed from its extracts and its stored fits."""

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
from golden.compare import computed
from golden.covariates import COVARIATES, snapshots_of
from golden.cvar import Model, Risk, obstructed_months, scores_of
from golden.cvar_backtest import backtests_of
from golden.cvar_bridge import MOVES, bridges_of
from golden.fit import fits_of, optimum, origins_keeping_experience
from golden.health_marts import relationships_in
from golden.journey_marts import assert_same_table
from golden.journeys import journeys_of
from golden.ledgers import ledgers_of, to_the_cent
from golden.months import first_day, month_of
from golden.pipeline_value import pipelines_of
from golden.profiles import profiles_in
from golden.steps import steps_by_case
from golden.value import QUARTERS, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from golden.compare import Rows
    from golden.core import World
    from golden.covariates import Snapshot
    from golden.cvar import Score
    from golden.health import Health
    from golden.ledgers import Ledger

TERMS = ("intercept", *COVARIATES)
CUSTOMER_MONTH = "customer_id, month"
A_CENT, NEXT_TO_NOTHING = 0.010001, 1e-9
SAME_COEFFICIENT = 1e-4
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
                coefficients=np.zeros((len(QUARTERS), len(TERMS))),
                covariances=np.zeros((len(QUARTERS), len(TERMS), len(TERMS))),
            ),
        )
        assert (model.model_version, model.keeps_experience) == (version, keeps_experience)
        model.coefficients[quarter - 1, TERMS.index(term)] = coefficient
    for origin, quarter, *terms, covariance in covariances:
        one, other = (TERMS.index(term) for term in terms)
        for place in ((one, other), (other, one)):
            of_origin[origin].covariances[quarter - 1, *place] = covariance
    return list(of_origin.values())


def expected_values(known: Known, extracts: Path) -> Rows:
    world = known.world
    cases = cases_of(world)
    journeys = list(journeys_of(world, cases, steps_by_case(world, cases)))
    pipelines = pipelines_of(world.fills, journeys, known.months)
    values = values_of(world, known.ledgers, pipelines, profiles_in(extracts))
    return {(value.customer_id, value.month): vars(value) for value in values}


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


def assert_same_value(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Six marts, each row and each column, by the fits the home has stored."""
    known = known_in(extracts, as_of)
    scores = computed_scores(known, stored_models(home))
    backtests = backtests_of(scores, known.snapshots, known.ledgers, known.health)
    lifetime_values = lifetime_values_of(known.world, known.ledgers, known.snapshots)
    for table, key, money, others, expected in (
        (
            "fct_customer_value",
            CUSTOMER_MONTH,
            "forward_value, pipeline_value, customer_value, headroom",
            "open_cases, unpriced_cases",
            expected_values(known, extracts),
        ),
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
    assert_identities(home)


def assert_identities(home: Path) -> None:
    """What a tolerance of a cent would let pass: published parts add up exactly."""
    with published(home) as connection:
        for identity, (rows, is_broken) in IDENTITIES.items():
            example = connection.execute(f"select * from {rows} where {is_broken} limit 1")
            if broken := example.fetchone():
                pytest.fail(f"{identity}: not in {broken}")


def assert_same_fits(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Every fit refitted, and of the first, middle and last origin by a second optimiser too."""
    known = known_in(extracts, as_of)
    fits = fits_of(known.snapshots, known.months)
    models = stored_models(home)
    keeping = origins_keeping_experience(fits, known.snapshots)
    assert {model.fitted_as_of: model.keeps_experience for model in models} == keeping
    for model in models:
        for quarter, stored in zip(QUARTERS, model.coefficients, strict=True):
            fit = fits[model.fitted_as_of, quarter]
            expected = fit.full if model.keeps_experience else fit.baseline
            np.testing.assert_allclose(
                fit.sample.standardised(stored),
                expected,
                rtol=0,
                atol=SAME_COEFFICIENT,
                err_msg=f"{first_day(model.fitted_as_of)}, {quarter} quarters ahead: {TERMS}",
            )
    origins = sorted(keeping)
    for origin in {origins[at] for at in (0, len(origins) // 2, -1)} if origins else set[int]():
        for quarter in QUARTERS:
            fit = fits[origin, quarter]
            for found, with_experience in ((fit.baseline, False), (fit.full, True)):
                again = optimum(fit.sample, with_experience=with_experience, method="SLSQP")
                np.testing.assert_allclose(again, found, rtol=0, atol=SAME_COEFFICIENT)
