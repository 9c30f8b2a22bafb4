"""The relationship marts of a home against those computed from its extracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from golden.cases import cases_of
from golden.health import WEIGHTS, Health, health_of
from golden.journey_marts import assert_same_table
from golden.observations import Observation, observations_of
from golden.promises import promises_of
from golden.signals import UnitMonth, signals_of
from golden.surveys import surveys_of

if TYPE_CHECKING:
    from pathlib import Path

    from golden.compare import Rows
    from golden.core import World

OBSERVATION_COLUMNS = (
    "customer_id, promise_id, kind, channel_group, function, touchpoint, q, weight, observed_at"
)
HEALTH_COLUMNS = (
    ", ".join([*WEIGHTS, *(f"n_{component}" for component in WEIGHTS)])
    + ", n_observations, evidence, health, band, health_change_3m, weakest_component,"
    " emotional_engagement, burden_hours, q_stddev, q_cv, between_channel_s, overdue_promises"
)
SIGNAL_COLUMNS = (
    "n, kept, kept_rate, mean, lower, upper, signal, funnel_lower, funnel_upper,"
    " funnel_lower_998, funnel_upper_998, funnel_position"
)
# Changes and deviations may be next to nothing: there is no relative precision in them.
ABSOLUTE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Relationships:
    """How customers of a world were treated, and how they felt about it."""

    observations: list[Observation]
    health: list[Health]
    signals: list[UnitMonth]


def relationships_in(world: World) -> Relationships:
    cases = cases_of(world)
    surveys = list(surveys_of(world.sources))
    promises = promises_of(world, cases, surveys)
    observations = list(observations_of(world.sources, promises, surveys))
    return Relationships(
        observations=observations,
        health=list(health_of(world, cases, promises, observations)),
        signals=list(signals_of(promises, world.last_month)),
    )


def expected_observations(observations: list[Observation]) -> Rows:
    expected = {
        (f"{observation.kind}:{observation.record_id}",): {
            **vars(observation),
            "q": float(observation.q),
            "weight": float(observation.weight),
            "observed_at": observation.at,
        }
        for observation in observations
    }
    assert len(expected) == len(observations), "kind and source record are no key"
    return expected


def expected_health(health: list[Health]) -> Rows:
    return {
        (row.customer_id, row.month): {
            **vars(row),
            **row.scores,
            **{f"n_{component}": count for component, count in row.counts.items()},
        }
        for row in health
    }


def expected_signals(signals: list[UnitMonth]) -> Rows:
    return {
        (row.unit_type, row.unit, row.month): {
            **vars(row),
            "kept_rate": row.kept_rate,
            "mean": float(row.chart.mean) if row.chart else None,
            "lower": float(row.chart.lower) if row.chart else None,
            "upper": float(row.chart.upper) if row.chart else None,
            "funnel_lower": row.funnel[0],
            "funnel_upper": row.funnel[1],
            "funnel_lower_998": row.funnel_998[0],
            "funnel_upper_998": row.funnel_998[1],
        }
        for row in signals
    }


def assert_same_health(home: Path, world: World) -> None:
    """Three marts, each row and each column."""
    expected = relationships_in(world)
    for table, key, columns, expected_rows in (
        (
            "fct_experience_observations",
            "observation_id",
            OBSERVATION_COLUMNS,
            expected_observations(expected.observations),
        ),
        (
            "fct_relationship_health",
            "customer_id, month",
            HEALTH_COLUMNS,
            expected_health(expected.health),
        ),
        (
            "fct_variability_signals",
            "unit_type, unit, month",
            SIGNAL_COLUMNS,
            expected_signals(expected.signals),
        ),
    ):
        assert_same_table(home, table, key, columns, expected_rows, ABSOLUTE_TOLERANCE)
