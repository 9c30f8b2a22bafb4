"""The flywheel marts of a home against those computed from its extracts: each row and column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from golden.barriers import barriers_of
from golden.cases import cases_of
from golden.compare import computed, rows
from golden.flywheel_experience import Feedback, Gap, feedback_of, gaps_of
from golden.flywheel_journeys import LaunchWeek, Loss, launch_weeks_of, losses_of
from golden.flywheel_links import Link, links_of
from golden.flywheel_value import Retention, money, product_bridges_of, retentions_of
from golden.health import health_of
from golden.journey_marts import assert_same_table, columns_of
from golden.journeys import journeys_of
from golden.ledgers import ledgers_of
from golden.observations import observations_of
from golden.prescribe import prescribe_journeys_of
from golden.profiles import profiles_in
from golden.promises import promises_of
from golden.steps import steps_by_case
from golden.surveys import surveys_of
from golden.value_bridge import AMOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from golden.compare import Rows
    from golden.core import World

# Differences, limits and slopes may be next to nothing: there is no relative precision in them.
ABSOLUTE_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Flywheel:
    """What of the flywheel rests on the journeys, the experience and the value of customers."""

    retentions: list[Retention]
    losses: list[Loss]
    launch_weeks: list[LaunchWeek]
    gaps: list[Gap]
    feedback: list[Feedback]
    links: dict[tuple[date, str, str], Link]


@cache
def flywheel_in(extracts: Path, as_of: date | None = None) -> Flywheel:
    world = computed(extracts, as_of)
    cases = cases_of(world)
    surveys = list(surveys_of(world.sources))
    promises = promises_of(world, cases, surveys)
    observations = list(observations_of(world.sources, promises, surveys))
    health = list(health_of(world, cases, promises, observations))
    journeys = list(journeys_of(world, cases, steps_by_case(world, cases)))
    ledgers = ledgers_of(world.fills)
    return Flywheel(
        retentions=list(retentions_of(world, ledgers, health)),
        losses=list(losses_of(world, journeys, prescribe_journeys_of(world, cases))),
        launch_weeks=list(launch_weeks_of(world, journeys)),
        gaps=list(gaps_of(world, observations)),
        feedback=list(feedback_of(world, surveys, promises, barriers_of(world.sources, cases))),
        links=dict(links_of(world, ledgers, profiles_in(extracts), health)),
    )


def assert_same_product_bridge(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """What moved value between quarters: each territory, product and amount, to the cent."""
    expected = expected_product_bridge(computed(extracts, as_of))
    key = "month, territory, product_id"
    assert_same_table(home, "fct_value_bridge_by_product", key, ", ".join(AMOUNTS), expected)


def expected_product_bridge(world: World) -> Rows:
    return {
        key: {amount: money(cents[amount]) for amount in AMOUNTS}
        for key, cents in product_bridges_of(world).items()
    }


def assert_same_flywheel(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Seven marts, each row and each column."""
    assert_same_product_bridge(home, extracts, as_of)
    expected = flywheel_in(extracts, as_of)
    for table, key, record, found in (
        ("fct_experience_retention", "month", Retention, expected.retentions),
        ("fct_stage_losses", "month, territory, journey, stage", Loss, expected.losses),
        ("fct_launch_curve", "product_id, week", LaunchWeek, expected.launch_weeks),
        ("fct_feedback_loops", "survey_response_id", Feedback, expected.feedback),
    ):
        columns = columns_of(record, but=key.split(", "))
        assert_same_table(home, table, key, columns, by_key(key, found), ABSOLUTE_TOLERANCE)
    assert_same_gaps(home, expected.gaps)
    assert_same_table(
        home,
        "fct_experience_value_links",
        "month, component, outcome",
        columns_of(Link, but=[]) + ", is_distinct",
        {
            key: {**vars(link), "is_distinct": link.is_distinct}
            for key, link in expected.links.items()
        },
        ABSOLUTE_TOLERANCE,
    )


def assert_same_gaps(home: Path, gaps: Iterable[Gap]) -> None:
    """A slope of nothing, but for rounding, has no direction: none is compared there."""
    table, key, direction = "fct_expectation_gaps", "month, function", "is_improving_faster"
    columns = columns_of(Gap, but=[*key.split(", "), direction])
    assert_same_table(home, table, key, columns, by_key(key, gaps), ABSOLUTE_TOLERANCE)
    published = rows(home, table, key, direction)
    flat = {
        (gap.month, gap.function): published[gap.month, gap.function]
        for gap in gaps
        if gap.gap_slope_6m is not None and abs(gap.gap_slope_6m) < ABSOLUTE_TOLERANCE
    }
    assert_same_table(home, table, key, direction, {**by_key(key, gaps), **flat})


def by_key(key: str, records: Iterable[object]) -> Rows:
    """Fields of records by those that make up the key; they must be one."""
    found = [vars(record) for record in records]
    expected = {tuple(row[name] for name in key.split(", ")): row for row in found}
    assert len(expected) == len(found), f"{key} is no key of what was computed"
    return expected
