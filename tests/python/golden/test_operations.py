"""The marts of operations as published equal what plain Python computes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from worlds import MID_MONTH

from golden.operations_known import Known, known_in
from golden.operations_marts import Valued, assert_same_operations, operations_of, valued_in
from golden.operations_persistence import Followed, months_on_therapy, persistences_of
from golden.operations_pharmacies import pharmacies_of
from golden.operations_prior_auths import authorizations_of
from golden.operations_starts import Target, target_in_force

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sample(sample_extracts: Path) -> Known:
    return known_in(sample_extracts)


@pytest.fixture(scope="module")
def sample_valued(sample: Known, sample_home: Path) -> Valued:
    return valued_in(sample_home, sample.world.last_month)


def test_sample_world_operations_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_operations(sample_home, sample_extracts)


def test_operations_where_value_is_recoverable_equal_the_second_computation(
    experience_extracts: Path, experience_home: Path
) -> None:
    last_month = known_in(experience_extracts).world.last_month
    assert any(valued_in(experience_home, last_month).recoverable.values())
    assert_same_operations(experience_home, experience_extracts)


def test_operations_without_cases_equal_the_second_computation(
    shared_data: Path, synthea_home: Path
) -> None:
    assert_same_operations(synthea_home, shared_data / "synthea")


@pytest.mark.thorough
def test_operations_of_a_day_in_mid_month_equal_the_second_computation(
    sample_extracts: Path, mid_month_home: Path
) -> None:
    assert_same_operations(mid_month_home, sample_extracts, MID_MONTH)


def test_compared_home_holds_every_kind_of_row(sample: Known, sample_valued: Valued) -> None:
    marts = {mart.table: mart.rows.values() for mart in operations_of(sample, sample_valued)}
    for table, column, kinds in (
        ("fct_starts_weekly", "target_starts", {0.5, 1.0, 1.5}),
        ("fct_starts_weekly", "restarts", {0, 1}),
        ("fct_starts_weekly", "free_starts", {0, 1}),
        ("fct_open_cases", "case_type", {"NEW", "RESTART", "REAUTH", "TRANSFER"}),
        ("fct_open_cases", "highest_milestone", {"received", "pa_submitted", "coverage_ready"}),
        ("fct_open_cases", "next_promise_id", {None, "first_ship", "pa_decided"}),
        ("fct_open_cases", "is_overdue", {True, False}),
        ("fct_open_cases", "has_open_barrier", {True, False}),
        ("fct_prior_auths", "attempts", {1, 2, 3}),
        ("fct_prior_auths", "appeal_outcome", {None, "pending", "approved", "denied", "cancelled"}),
        ("fct_prior_auths", "is_first_pass", {None, True, False}),
        ("fct_prior_auths", "denial_reason", {None, "STEP_THERAPY", "MISSING_INFO"}),
        ("fct_reauthorizations_due", "is_renewal_started", {True, False}),
        ("fct_pharmacy_performance", "pharmacy_id", {"unassigned", "SP01"}),
        ("fct_pharmacy_performance", "funnel_position", {None, "within", "high", "above"}),
        ("fct_pharmacy_performance", "reversed_fills", {0, 1, 2}),
        ("fct_pharmacy_performance", "transfers_out", {0, 1}),
        ("fct_persistence", "cohort_month", {None}),
        ("fct_persistence", "main_close_reason", {None, "DENIED", "PT_DECLINED_COST"}),
        ("fct_copay", "assisted_persistence", {None, 1.0}),
        ("fct_organization_value", "starts_moved", {None, 0, 1}),
        ("fct_engagement_reach", "segment", {"A", "B"}),
    ):
        missing = kinds - {row[column] for row in marts[table]}
        assert not missing, f"{table}.{column} is never any of {missing}"


def test_who_enters_a_month_on_therapy_left_the_one_before_neither_way(sample: Known) -> None:
    for before, after in pairwise(persistences_of(sample)):
        if after.month_on_therapy > 1:
            assert after.at_risk == before.at_risk - before.stopped - before.censored


def test_a_fill_that_came_to_a_pharmacy_left_another(sample: Known) -> None:
    out, into = Counter[tuple[date, str]](), Counter[tuple[date, str]]()
    for row in pharmacies_of(sample):
        out[row.month, row.product_id] += row.transfers_out
        into[row.month, row.product_id] += row.transfers_in
    assert out == into
    assert out.total() > 0


def test_requests_of_cases_are_those_of_their_journeys(sample: Known) -> None:
    chains, final, approved = Counter[str](), Counter[str](), Counter[str]()
    for row in authorizations_of(sample):
        chains[row.case_id] += 1
        final[row.case_id] += row.is_approved is not None
        approved[row.case_id] += bool(row.is_approved)
    for case_id, journey in sample.journeys.items():
        assert (chains[case_id], final[case_id], approved[case_id]) == (
            journey.pa_chains,
            journey.pa_chains_final,
            journey.pa_chains_approved,
        )


def followed(*, stop_day: int | None = None, days_followed: int = 400) -> Followed:
    return Followed(
        shipped_on=date(2025, 1, 1),
        product_id=None,
        stop_day=stop_day,
        days_followed=days_followed,
        pdc=None,
        close_reason=None,
    )


def test_survival_is_that_of_the_worked_example() -> None:
    """Worked by hand.

    Five begin; two stop by day 30, one on day 31, one is last seen on day 45:
    3/5, then 3/5 x 2/3 = 2/5, and the fifth stays.
    """
    cohort = [
        followed(stop_day=20),
        followed(stop_day=30),
        followed(stop_day=31),
        followed(days_followed=45),
        followed(),
    ]
    months = list(months_on_therapy(cohort))
    assert [(row.at_risk, row.stopped, row.censored) for row in months[:3]] == [
        (5, 2, 0),
        (3, 1, 1),
        (1, 0, 0),
    ]
    assert [row.survival for row in months] == pytest.approx([3 / 5, *[2 / 5] * 11])


def test_target_of_a_territory_goes_before_a_later_one_of_all() -> None:
    own = Target("Velora", "T000", date(2025, 1, 1), Decimal("1.5"))
    first, second = (
        Target("Velora", None, date(year, 1, 1), Decimal(starts))
        for year, starts in ((2024, 1), (2026, 2))
    )
    targets = [second, own, first]
    for territory, week, target in (
        ("T000", date(2023, 12, 25), None),
        ("T000", date(2024, 12, 30), first),
        ("T000", date(2025, 1, 6), own),
        ("T000", date(2026, 1, 5), own),
        ("T001", date(2025, 1, 6), first),
        ("T001", date(2026, 1, 5), second),
        ("unassigned", date(2026, 1, 5), None),
    ):
        in_force = target_in_force(targets, territory, week)
        assert in_force == (target.weekly_starts if target else None), (territory, week)
