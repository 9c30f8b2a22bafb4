"""The journey marts of fulfilment and prescribing equal what plain Python computes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from worlds import published

from golden.cases import PriorAuth, cases_of, prior_auths_of
from golden.chains import chains_by_case
from golden.compare import computed
from golden.core import World
from golden.journey_marts import assert_same_journeys, journeys_in
from golden.steps import steps_by_case
from golden.therapy import carried_over, persistent_on, proportion_of_days_covered
from golden.time_to_therapy import (
    ENDS,
    Day,
    Duration,
    Medians,
    medians,
    survival_curve,
)

if TYPE_CHECKING:
    from pathlib import Path


def expected_headlines(world: World) -> dict[str, float | None]:
    cases = cases_of(world)
    steps = [step for of_case in steps_by_case(world, cases).values() for step in of_case]
    of_case = chains_by_case(prior_auths_of(cases))
    chains = [chain for of_one in of_case.values() for chain in of_one]
    final = [chain.last for chain in chains if chain.last.is_decided]
    first = [chain.first_request for chain in chains if chain.first_request]
    answered = [request for request in first if request.is_decided]
    mature = [
        case
        for case in cases.values()
        if case.is_start_journey and (world.as_of - case.received_at.date()).days >= 90
    ]
    journeys = journeys_in(world)
    return {
        "unfulfilled_share": sum(not case.fills for case in mature) / len(mature),
        "pa_approval_rate": sum(request.is_approved for request in final) / len(final),
        "pa_first_pass_rate": sum(request.is_approved for request in answered) / len(answered),
        "handoffs": sum(step.is_handoff for step in steps),
        "high_risk_handoffs": sum(step.is_high_risk_handoff for step in steps),
        "rework_loops": sum(step.is_rework for step in steps),
        "median_days": medians(journeys.curves[None, "all"]).median_days,
    }


def published_headlines(home: Path) -> dict[str, float | None]:
    with published(home) as connection:
        result = connection.execute(
            """
            select
                count(*) filter (where is_unfulfilled)
                    / count(is_unfulfilled) as unfulfilled_share,
                sum(pa_chains_approved) / sum(pa_chains_final) as pa_approval_rate,
                sum(pa_first_passes) / sum(pa_first_responses) as pa_first_pass_rate,
                sum(handoffs) as handoffs,
                sum(high_risk_handoffs) as high_risk_handoffs,
                sum(rework_loops) as rework_loops,
                (
                    select median_days from marts.fct_time_to_therapy_medians
                    where received_month is null and payer_type = 'all'
                ) as median_days
            from marts.fct_fulfillment_journeys
            """
        )
        names = [column[0] for column in result.description]
        found = result.fetchone()
    assert found is not None
    return dict(zip(names, found, strict=True))


def test_sample_world_headline_numbers_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    expected = expected_headlines(computed(sample_extracts))
    assert all(expected.values()), "a number that is nothing compares nothing"
    assert published_headlines(sample_home) == pytest.approx(expected, rel=1e-9)


def test_sample_world_journeys_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_journeys(sample_home, computed(sample_extracts))


# Freireich and others, 1963: weeks in remission on 6-MP and on placebo; + is censored.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def trial(weeks: str) -> list[Day]:
    durations: list[Duration] = [
        (int(week.rstrip("+")), "censored" if week.endswith("+") else "delivered")
        for week in weeks.split()
    ]
    return list(survival_curve(durations))


def test_kaplan_meier_gives_the_published_values_of_the_6mp_trial() -> None:
    treated = {day.days: day for day in trial(TREATED)}
    placebo = {day.days: day for day in trial(PLACEBO)}
    assert [round(treated[week].survival, 4) for week in (6, 10, 23)] == [0.8571, 0.7529, 0.4482]
    assert [round(placebo[week].survival, 4) for week in (1, 8)] == [0.9048, 0.3810]
    assert placebo[23].survival == 0
    # Greenwood's errors of the same trial, as SAS and R print them.
    errors = [treated[week].standard_error for week in (6, 10, 23)]
    assert errors == [pytest.approx(error, abs=5e-5) for error in (0.0764, 0.0963, 0.1346)]


def test_medians_are_those_of_the_6mp_trial_with_log_log_limits() -> None:
    treated, placebo = medians(trial(TREATED)), medians(trial(PLACEBO))
    assert treated == Medians(21, 9, 23, 13, None)
    assert placebo == Medians(21, 21, 8, 4, 11)


def test_limits_lie_around_survival_and_end_with_it() -> None:
    for day in trial(PLACEBO):
        if day.survival == 0:
            assert (day.standard_error, day.survival_lower, day.survival_upper) == (None,) * 3
        else:
            assert day.survival_lower is not None
            assert day.survival_upper is not None
            assert 0 < day.survival_lower < day.survival < day.survival_upper < 1


def test_waiting_and_every_end_add_up_to_all_cases(sample_extracts: Path) -> None:
    curves = journeys_in(computed(sample_extracts)).curves
    assert {end for curve in curves.values() for day in curve for end in day.ends} > set(ENDS)
    for curve in curves.values():
        for day in curve:
            assert math.isclose(day.still_waiting + sum(day.incidence.values()), 1)


def test_days_covered_are_those_of_the_pqa_examples() -> None:
    moved_once = carried_over(
        [(date(2021, 3, 25), 90), (date(2021, 7, 5), 90), (date(2021, 9, 25), 90)]
    )
    assert moved_once[-1].begins_on == date(2021, 10, 3)
    assert proportion_of_days_covered(moved_once, date(2021, 12, 31)) == 270 / 282
    whole_year = carried_over(
        [
            (date(2021, 1, 1), 90),
            (date(2021, 3, 25), 90),
            (date(2021, 7, 5), 90),
            (date(2021, 10, 15), 90),
        ]
    )
    assert whole_year[1].begins_on == date(2021, 4, 1)
    assert proportion_of_days_covered(whole_year, date(2021, 12, 31)) == 348 / 365


@pytest.mark.parametrize(
    ("second_fill", "as_of", "is_persistent"),
    [
        # Supply of the first fill ends on 31 January; 45 days later is 17 March.
        (date(2021, 3, 17), date(2021, 12, 31), True),
        (date(2021, 3, 18), date(2021, 12, 31), False),
        (date(2021, 3, 17), date(2021, 3, 31), False),
        (date(2021, 1, 1), date(2021, 3, 31), False),
        (date(2021, 1, 1), date(2021, 4, 1), False),
    ],
)
def test_therapy_persists_over_a_gap_within_the_grace_days(
    second_fill: date, as_of: date, is_persistent: bool
) -> None:
    supplies = carried_over([(date(2021, 1, 1), 30), (second_fill, 30)])
    reached_on = date(2021, 4, 1) if is_persistent else None
    assert persistent_on(supplies, 90, as_of) == reached_on


def test_appeals_of_a_request_never_delivered_are_one_chain_without_a_first_response() -> None:
    answers = [("PA2", "PA1", "denied"), ("PA3", "PA2", "approved"), ("PA4", "PA1", None)]
    requests = [
        PriorAuth(
            pa_id=pa_id,
            case_id="HC1",
            attempt_no=None,
            parent_pa_id=parent,
            submitted_at=datetime(2025, 1, day, tzinfo=UTC),
            response_at=datetime(2025, 2, day, tzinfo=UTC) if result else None,
            result=result,
        )
        for day, (pa_id, parent, result) in enumerate(answers, start=1)
    ]
    (approved,) = chains_by_case(requests[:2])["HC1"]
    assert approved.first_request is None
    assert approved.decided_at == datetime(2025, 2, 2, tzinfo=UTC)
    (still_out,) = chains_by_case(requests)["HC1"]
    assert still_out.decided_at is None
