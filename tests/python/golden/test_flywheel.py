"""The flywheel marts as published equal what plain Python computes from the files."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

import duckdb
import pytest
from worlds import MID_MONTH

from golden.compare import computed
from golden.flywheel_experience import least_squares_slope, percentile
from golden.flywheel_links import (
    OUTCOMES,
    PARTS_OF_OUTCOME,
    Followed,
    Rated,
    Stratum,
    followed_in,
    link_of,
    months_followed,
)
from golden.flywheel_marts import (
    Flywheel,
    assert_same_flywheel,
    assert_same_product_bridge,
    flywheel_in,
)
from golden.ledgers import ledgers_of
from golden.profiles import profiles_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHUFFLES = 200
DRAWS_OF_TIES = 10
MART_SHUFFLES = 20
RELATIONSHIPS = '"cxe"."intermediate"."int_relationships_scored"'
COMPONENTS = (
    *("trust", "ease", "responsiveness", "coherence", "reciprocity", "fulfillment"),
    *("sentiment", "health"),
)


@pytest.fixture(scope="module")
def sample(sample_extracts: Path) -> Flywheel:
    return flywheel_in(sample_extracts)


@pytest.fixture(scope="module")
def followed(sample_extracts: Path) -> list[list[Followed]]:
    """Active customers of the sample world, by month."""
    world = computed(sample_extracts)
    ledgers, histories = ledgers_of(world.fills), profiles_in(sample_extracts)
    return [followed_in(world, ledgers, histories, month) for month in months_followed(world)]


def test_sample_world_flywheel_equals_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_flywheel(sample_home, sample_extracts)


def test_flywheel_without_experience_equals_the_second_computation(
    shared_data: Path, synthea_home: Path
) -> None:
    assert_same_flywheel(synthea_home, shared_data / "synthea")


@pytest.mark.thorough
def test_flywheel_of_an_earlier_day_amid_a_month_equals_the_second_computation(
    sample_extracts: Path, mid_month_home: Path
) -> None:
    assert_same_flywheel(mid_month_home, sample_extracts, MID_MONTH)


@pytest.mark.thorough
def test_cdnow_value_bridge_by_product_equals_the_second_computation(
    shared_data: Path, cdnow_home: Path
) -> None:
    assert_same_product_bridge(cdnow_home, shared_data / "cdnow")


def test_sample_world_holds_what_is_known_and_what_is_not(sample: Flywheel) -> None:
    assert any(row.retention_difference_low is not None for row in sample.retentions)
    assert {(row.journey, row.lost > 0) for row in sample.losses} == {
        (journey, is_lost) for journey in ("fulfillment", "prescribe") for is_lost in (True, False)
    }
    assert len({row.median_days_to_therapy for row in sample.launch_weeks}) > 1
    assert {row.is_improving_faster for row in sample.gaps} == {True, False, None}
    assert {row.is_answered_in_time for row in sample.feedback} >= {True, False}
    assert {row.is_acted_on for row in sample.feedback} == {True, False, None}
    assert {row.nps_change is None for row in sample.feedback} == {True, False}
    assert {link.is_distinct for link in sample.links.values()} == {True, False, None}


def test_every_start_that_was_entered_is_lost_somewhere_or_made(sample: Flywheel) -> None:
    entered, lost, made = Counter[str](), Counter[str](), Counter[str]()
    for row in sample.losses:
        entered[row.journey] += row.entered if row.stage_number == 1 else 0
        lost[row.journey] += row.lost
        made[row.journey] += row.entered if row.stage == "started" else 0
    assert entered == lost + made


def test_a_quartile_lies_between_two_values() -> None:
    # Three quarters of the way from the first of 4 to the last is a quarter from 3 to 7.
    assert percentile([Fraction(value) for value in (7, 1, 3, 2)], Fraction(3, 4)) == 4


def test_a_slope_is_that_of_the_line_of_least_squares() -> None:
    # Deviations -1 0 1 from the mean month, times 1 4 3: 2, over the sum of their squares 2.
    assert least_squares_slope([(10, Fraction(1)), (11, Fraction(4)), (12, Fraction(3))]) == 1


def test_difference_of_two_strata_is_that_of_the_worked_example() -> None:
    """Worked by hand.

    Quintiles of 55 customers hold 11: 6 of the lowest and 5 of the highest are in stratum A, 5
    and 6 in B, and the others in neither. In A the highest are 1 throughout, the lowest 0 three
    times and 1 three times: d = .5, variance .3 / 6 = .05, weight 30/11. In B the lowest are 0,
    the highest 1 twice and 0 four times: d = 1/3, variance 4/15 / 6 = 2/45, weight 30/11.
    The difference is 5/12, its error sqrt(.05 + 2/45) / 2.
    """
    low = [("A", 0)] * 3 + [("A", 1)] * 3 + [("B", 0)] * 5
    high = [("A", 1)] * 5 + [("B", 1)] * 2 + [("B", 0)] * 4
    link = link_of(
        Rated(score, Stratum(segment, 0), outcome * PARTS_OF_OUTCOME)
        for score, (segment, outcome) in enumerate([*low, *[("C", 1)] * 33, *high])
    )
    error = (0.05 + 2 / 45) ** 0.5 / 2
    assert (link.customers, link.strata) == (55, 2)
    assert (link.low_quintile_customers, link.high_quintile_customers) == (11, 11)
    assert link.low_quintile_mean == pytest.approx(3 / 11)
    assert link.high_quintile_mean == pytest.approx(7 / 11)
    assert link.difference == pytest.approx(5 / 12)
    assert link.difference_low == pytest.approx(5 / 12 - 1.959964 * error)
    assert link.difference_high == pytest.approx(5 / 12 + 1.959964 * error)
    assert link.is_distinct


def test_scores_dealt_at_random_look_linked_as_rarely_as_they_should(
    followed: list[list[Followed]],
) -> None:
    # The strata of one month of the sample world are too small for five and five: the months are
    # looked at together, and the scores of each month dealt anew among its own customers.
    dice = random.Random(20260101)

    def dealt(customers: list[Followed]) -> list[float]:
        scores = [(rank + 0.5) / len(customers) for rank in range(len(customers))]
        dice.shuffle(scores)
        return scores

    found = Counter[str]()
    for _ in range(SHUFFLES):
        scores = [dealt(customers) for customers in followed]
        for outcome in OUTCOMES:
            found[outcome] += bool(is_distinct(followed, scores, outcome))
    # Of 200 draws 10 by chance, give or take a standard error of sqrt(200 x .05 x .95) = 3.1;
    # three of them on either side are 1 to 19.
    assert all(1 <= found[outcome] <= 19 for outcome in OUTCOMES), found


def test_scores_that_follow_the_outcome_are_found(followed: list[list[Followed]]) -> None:
    dice = random.Random(20260102)
    for outcome in OUTCOMES:
        for _ in range(DRAWS_OF_TIES):
            scores = [ranked(customers, outcome, dice.random) for customers in followed]
            assert is_distinct(followed, scores, outcome)


def share_distinct(home: Path, scores: str) -> tuple[int, int]:
    """Links that look distinct, and links with limits, by the mart's own SQL on other scores.

    Args:
        home: with a warehouse and what dbt compiled for it.
        scores: rows to take instead of those of relationships.
    """
    compiled = home / "target" / "compiled" / "cxe" / "models" / "marts" / "flywheel"
    sql = (compiled / "fct_experience_value_links.sql").read_text(encoding="utf-8")
    assert RELATIONSHIPS in sql
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home}/warehouse/cxe.duckdb' as cxe (read_only)")
        connection.execute(f"create temp table other_scores as {scores}")
        counts = connection.execute(
            "select count(*) filter (where is_distinct), count(is_distinct)"
            f" from ({sql.replace(RELATIONSHIPS, 'other_scores')})"
        ).fetchone()
    assert counts is not None
    return counts


def shuffled(seed: int) -> str:
    """Scores of each month, handed to its customers anew; components stay together."""
    return f"""
        with places as (
            select
                customer_id,
                month,
                row_number() over (partition by month order by customer_id) as place,
                row_number() over (
                    partition by month order by md5(customer_id || '{seed}')
                ) as other_place
            from {RELATIONSHIPS}
        )

        select scores.* replace (takers.customer_id as customer_id)
        from {RELATIONSHIPS} as scores
        inner join places as givers using (customer_id, month)
        inner join places as takers
            on givers.month = takers.month and givers.other_place = takers.place
    """


# What becomes of the customer is the score.
FORESEEN = f"""
    select scores.* replace (
        {", ".join(f"valued.outcome as {component}" for component in COMPONENTS)}
    )
    from {RELATIONSHIPS} as scores
    left join (
        select
            customer_id, month, cast(quarter_1_value / active_window_value as double) as outcome
        from cxe.intermediate.int_customer_months_valued
        where is_active
    ) as valued using (customer_id, month)
"""


def test_the_mart_finds_a_link_that_is_there_and_none_where_scores_are_shuffled(
    experience_home: Path,
) -> None:
    """Of shuffled scores 95 % limits leave 5 %, a little more with five customers in a stratum."""
    found, compared = share_distinct(experience_home, FORESEEN)
    assert compared > 40
    assert found > 0.9 * compared
    counts = [share_distinct(experience_home, shuffled(seed)) for seed in range(MART_SHUFFLES)]
    assert sum(found for found, _ in counts) <= 0.1 * sum(compared for _, compared in counts)


def is_distinct(
    followed: list[list[Followed]], scores: list[list[float]], outcome: str
) -> bool | None:
    return link_of(
        Rated(score, each.stratum, each.outcomes[outcome])
        for customers, of_month in zip(followed, scores, strict=True)
        for each, score in zip(customers, of_month, strict=True)
    ).is_distinct


def ranked(customers: list[Followed], outcome: str, break_tie: Callable[[], float]) -> list[float]:
    """Shares of the customers at or below each, by outcome; equals stand in no order."""
    keys = [(each.outcomes[outcome], break_tie()) for each in customers]
    rank = {key: at for at, key in enumerate(sorted(keys), start=1)}
    return [rank[key] / len(customers) for key in keys]
