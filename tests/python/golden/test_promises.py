"""Promises, barriers and moments as published equal what plain Python computes from the files."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import published

from golden.business_hours import add_business_hours, business_hours_between
from golden.compare import computed
from golden.journey_marts import assert_same_promises, kept_in
from golden.promises import PROMISES

if TYPE_CHECKING:
    from pathlib import Path

STATUSES = ("kept", "broken", "open", "void")
# A Friday.
HOLIDAYS = frozenset({date(2025, 7, 4)})
TUESDAY, THURSDAY, HOLIDAY = date(2025, 7, 1), date(2025, 7, 3), date(2025, 7, 4)
SATURDAY, MONDAY = date(2025, 7, 5), date(2025, 7, 7)
PLAIN_FRIDAY, MONDAY_AFTER = date(2025, 7, 11), date(2025, 7, 14)


def test_sample_world_promises_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_promises(sample_home, computed(sample_extracts))


def test_sample_world_counts_and_kept_rates_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    with published(sample_home) as connection:
        found = connection.execute(
            "select promise_id,"
            + "".join(f" count(*) filter (where status = '{status}')," for status in STATUSES)
            + " avg(case status when 'kept' then 1 when 'broken' then 0 end)"
            " from marts.fct_promises group by promise_id"
        ).fetchall()
    counts = Counter((p.promise_id, p.status) for p in kept_in(computed(sample_extracts)).promises)
    assert {row[0]: row[1:5] for row in found} == {
        promise_id: tuple(counts[promise_id, status] for status in STATUSES)
        for promise_id in PROMISES
    }
    assert {row[0]: row[5] for row in found} == pytest.approx(
        {
            promise_id: counts[promise_id, "kept"]
            / (counts[promise_id, "kept"] + counts[promise_id, "broken"])
            for promise_id in PROMISES
        },
        rel=1e-9,
    )


def test_sample_world_holds_every_promise_moment_and_outcome(sample_extracts: Path) -> None:
    sample = kept_in(computed(sample_extracts))
    assert {promise.promise_id for promise in sample.promises} == set(PROMISES)
    assert {promise.status for promise in sample.promises} == set(STATUSES)
    assert {barrier.resolution for barrier in sample.barriers} == {
        None,
        "removed",
        "not_removed",
        "withdrawn",
    }
    assert any(barrier.value_unblocked for barrier in sample.barriers)
    assert len({moment.moment for moment in sample.moments}) == 7
    assert {moment.outcome for moment in sample.moments} == {"upheld", "missed", "unseen"}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        pytest.param(at(TUESDAY, 9), at(TUESDAY, 11, 30), 2.5, id="one day"),
        pytest.param(at(TUESDAY, 6), at(TUESDAY, 9), 1, id="from before opening"),
        pytest.param(at(TUESDAY, 17), at(TUESDAY, 23), 1, id="until after closing"),
        pytest.param(at(TUESDAY, 19), at(THURSDAY, 7), 10, id="overnight, one full day"),
        pytest.param(at(PLAIN_FRIDAY, 17), at(MONDAY_AFTER, 9), 2, id="over a weekend"),
        pytest.param(at(SATURDAY, 10), at(MONDAY, 10), 2, id="from a Saturday"),
        pytest.param(at(THURSDAY, 16), at(MONDAY, 9, 30), 3.5, id="over a holiday and a weekend"),
        pytest.param(at(HOLIDAY, 9), at(HOLIDAY, 17), 0, id="on a holiday"),
        pytest.param(at(TUESDAY, 12), at(TUESDAY, 9), 0, id="backwards"),
    ],
)
def test_business_hours_count_open_hours_only(start: datetime, end: datetime, hours: float) -> None:
    assert business_hours_between(start, end, HOLIDAYS) == hours


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        pytest.param(at(TUESDAY, 9), 4, at(TUESDAY, 13), id="one day"),
        pytest.param(at(TUESDAY, 6), 4, at(TUESDAY, 12), id="from before opening"),
        pytest.param(at(TUESDAY, 19), 14, at(THURSDAY, 12), id="from after closing"),
        pytest.param(at(PLAIN_FRIDAY, 16), 4, at(MONDAY_AFTER, 10), id="over a weekend"),
        pytest.param(at(SATURDAY, 10), 4, at(MONDAY, 12), id="from a Saturday"),
        pytest.param(at(THURSDAY, 16), 4, at(MONDAY, 10), id="over a holiday and a weekend"),
        pytest.param(at(THURSDAY, 14), 4, at(MONDAY, 8), id="used up at closing"),
        pytest.param(at(TUESDAY, 18), 20, at(MONDAY, 8), id="two full days"),
    ],
)
def test_business_hours_added_end_where_the_standard_is_used_up(
    start: datetime, hours: int, due: datetime
) -> None:
    assert add_business_hours(start, hours, HOLIDAYS) == due


@given(
    start=st.datetimes(datetime(2025, 6, 20), datetime(2025, 7, 20), timezones=st.just(UTC)),
    hours=st.integers(1, 100),
)
def test_due_instant_is_the_last_within_the_standard(start: datetime, hours: int) -> None:
    due = add_business_hours(start, hours, HOLIDAYS)
    a_moment_later = due + timedelta(microseconds=1)
    assert business_hours_between(start, due, HOLIDAYS) == hours
    assert business_hours_between(start, a_moment_later, HOLIDAYS) > hours
