"""The journey marts of a home against those computed from its extracts: each row and column."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pytest

from golden.barriers import Barrier, barriers_of
from golden.cases import cases_of
from golden.compare import Rows, assert_same_rows, rows
from golden.journeys import Journey, journeys_of
from golden.moments import Moment, moments_of
from golden.observations import observations_of
from golden.prescribe import PrescribeJourney, prescribe_journeys_of
from golden.promises import Promise, promises_of
from golden.steps import Step, steps_by_case
from golden.surveys import surveys_of
from golden.time_to_therapy import (
    ENDS,
    Day,
    Medians,
    durations_by_group,
    medians,
    survival_curve,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from golden.core import World
    from golden.time_to_therapy import Group

DAY_COLUMNS = (
    "at_risk, delivered, denied, abandoned, other, censored, survival, standard_error,"
    " survival_lower, survival_upper, still_waiting, incidence_delivered, incidence_denied,"
    " incidence_abandoned, incidence_other"
)
PROMISE_COLUMNS = (
    "promise_id, customer_id, organization_id, case_id, channel_group, function, accountable,"
    " territory, priority, started_at, due_at, delivered_at, voided_at, settled_at, status,"
    " standard_hours, promise_ratio"
)
BARRIER_COLUMNS = (
    "customer_id, organization_id, case_id, barrier_type, function, escalated_to, territory,"
    " identified_at, escalated_at, resolved_at, resolution, started_after_removal, value_unblocked"
)
MOMENT_COLUMNS = (
    "moment, customer_id, territory, occurred_at, outcome, promises_settled, promises_broken,"
    " mean_q, is_window_over"
)


def columns_of(record: type, *, but: Iterable[str]) -> str:
    return ", ".join(field.name for field in fields(record) if field.name not in set(but))


JOURNEY_COLUMNS = columns_of(Journey, but=["case_id"])
STEP_COLUMNS = columns_of(Step, but=["case_id", "seq"])
MEDIAN_COLUMNS = columns_of(Medians, but=[])
PRESCRIBE_COLUMNS = columns_of(PrescribeJourney, but=["customer_id", "product_id"]) + ", stage"


@dataclass(frozen=True)
class Journeys:
    """A world's journeys, computed."""

    journeys: list[Journey]
    steps: list[Step]
    curves: dict[Group, list[Day]]
    prescribe: list[PrescribeJourney]


def journeys_in(world: World) -> Journeys:
    cases = cases_of(world)
    steps = steps_by_case(world, cases)
    journeys = list(journeys_of(world, cases, steps))
    return Journeys(
        journeys=journeys,
        steps=[step for of_case in steps.values() for step in of_case],
        curves={
            group: list(survival_curve(durations))
            for group, durations in durations_by_group(journeys, world.as_of).items()
        },
        prescribe=list(prescribe_journeys_of(world, cases)),
    )


def expected_days(curves: dict[Group, list[Day]]) -> Rows:
    return {
        (*group, day.days): {
            **vars(day),
            **{end: day.ends[end] for end in (*ENDS, "censored")},
            **{f"incidence_{end}": share for end, share in day.incidence.items()},
        }
        for group, curve in curves.items()
        for day in curve
    }


def assert_same_journeys(home: Path, world: World) -> None:
    """Five marts, each row and each column."""
    expected = journeys_in(world)
    for table, key, columns, expected_rows in (
        (
            "fct_fulfillment_journeys",
            "case_id",
            JOURNEY_COLUMNS,
            {(journey.case_id,): vars(journey) for journey in expected.journeys},
        ),
        (
            "fct_fulfillment_steps",
            "case_id, seq",
            STEP_COLUMNS,
            {(step.case_id, step.seq): vars(step) for step in expected.steps},
        ),
        (
            "fct_time_to_therapy",
            "received_month, payer_type, days",
            DAY_COLUMNS,
            expected_days(expected.curves),
        ),
        (
            "fct_time_to_therapy_medians",
            "received_month, payer_type",
            MEDIAN_COLUMNS,
            {group: vars(medians(curve)) for group, curve in expected.curves.items()},
        ),
        (
            "fct_prescribe_journeys",
            "customer_id, product_id",
            PRESCRIBE_COLUMNS,
            {
                (journey.customer_id, journey.product_id): {
                    **vars(journey),
                    "stage": journey.stage,
                }
                for journey in expected.prescribe
            },
        ),
    ):
        assert_same_table(home, table, key, columns, expected_rows)


@dataclass(frozen=True)
class Kept:
    """What became of the promises of a world."""

    promises: list[Promise]
    barriers: list[Barrier]
    moments: list[Moment]


def kept_in(world: World) -> Kept:
    cases = cases_of(world)
    surveys = list(surveys_of(world.sources))
    promises = promises_of(world, cases, surveys)
    barriers = barriers_of(world.sources, cases)
    observations = observations_of(world.sources, promises, surveys)
    return Kept(promises, barriers, moments_of(world, cases, promises, barriers, observations))


def assert_same_promises(home: Path, world: World) -> None:
    """Promises, barriers and moments."""
    expected = kept_in(world)
    for table, key, columns, expected_rows in (
        (
            "fct_promises",
            "promise_instance_id",
            PROMISE_COLUMNS,
            {
                (f"{promise.promise_id}:{promise.record_id}",): vars(promise)
                for promise in expected.promises
            },
        ),
        (
            "fct_barriers",
            "barrier_id",
            BARRIER_COLUMNS,
            {(barrier.barrier_id,): vars(barrier) for barrier in expected.barriers},
        ),
        (
            "fct_moments",
            "moment_id",
            MOMENT_COLUMNS,
            {(f"{moment.moment}:{moment.record_id}",): vars(moment) for moment in expected.moments},
        ),
    ):
        assert_same_table(home, table, key, columns, expected_rows)


def assert_same_table(
    home: Path, table: str, key: str, columns: str, expected: Rows, absolute: float = 0.0
) -> None:
    try:
        assert_same_rows(rows(home, table, key, columns), expected, absolute)
    except AssertionError as error:
        pytest.fail(f"{table}: {error}")
