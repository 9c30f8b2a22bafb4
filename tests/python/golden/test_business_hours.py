"""The warehouse's business hours equal those of an implementation that walks day by day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.business_hours import add_business_hours, business_time_between, holidays

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).resolve().parents[3]
INTERVALS, AT_A_TIME = 10_000, 50
MICROSECOND, HOUR = timedelta(microseconds=1), timedelta(hours=1)
HOLIDAYS = holidays()
# What int_promises_timed does with its promises, over intervals.
INTERVALS_TIMED = """
with timed as (
    select
        intervals.number,
        {{ business_microseconds('intervals.started_at', 'start_days') }} as begins_after,
        {{ business_microseconds('intervals.ended_at', 'end_days') }} as ends_after,
        intervals.standard_hours * 3600000000 as standard
    from intervals
    inner join business_days as start_days
        on {{ business_date('intervals.started_at') }} = start_days.day
    inner join business_days as end_days
        on {{ business_date('intervals.ended_at') }} = end_days.day
)
select
    timed.ends_after - timed.begins_after,
    {{ business_instant('(timed.begins_after + timed.standard)', 'due_days') }}
from timed
inner join business_days as due_days
    on due_days.is_business_day and due_days.business_days_before
        = {{ business_day_number('timed.begins_after + timed.standard') }}
order by timed.number
"""

Interval = tuple[datetime, datetime, int]
Timed = tuple[int, datetime]


class Clock:
    """The warehouse's business clock: compiled macros over the built calendar."""

    def __init__(self, query: str, home: Path) -> None:
        self.query = query
        self.connection = duckdb.connect()
        warehouse = home / "warehouse" / "cxe.duckdb"
        self.connection.execute(f"attach '{warehouse}' as built (read_only)")
        self.connection.execute(
            "create table business_days as from built.intermediate.int_business_days"
        )
        self.connection.execute("detach built")

    def times(self, intervals: Sequence[Interval]) -> list[Timed]:
        """Microseconds of business time within each interval, and when its standard is due."""
        self.connection.register(
            "intervals",
            pa.table(
                {
                    "number": range(len(intervals)),
                    "started_at": [start.replace(tzinfo=None) for start, _, _ in intervals],
                    "ended_at": [end.replace(tzinfo=None) for _, end, _ in intervals],
                    "standard_hours": [hours for _, _, hours in intervals],
                }
            ),
        )
        rows = self.connection.execute(self.query).fetchall()
        return [(taken, due.replace(tzinfo=UTC)) for taken, due in rows]


def compiled(folder: Path, **variables: str) -> str:
    """The query as dbt renders it."""
    (folder / "warehouse").mkdir(parents=True)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), "--quiet", "compile", "--output", "json",
            "--inline", INTERVALS_TIMED, "--vars", json.dumps(variables),
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "CXE_HOME": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    query: str = json.loads(done.stdout)["compiled"]
    return query


@pytest.fixture(scope="module")
def clock(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(compiled(tmp_path_factory.mktemp("clock") / "home"), sample_home)


@settings(
    max_examples=INTERVALS // AT_A_TIME,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    drawn=st.lists(
        st.tuples(
            st.datetimes(datetime(2015, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)),
            st.timedeltas(timedelta(), timedelta(days=60)),
            st.integers(1, 200),
        ),
        min_size=AT_A_TIME,
        max_size=AT_A_TIME,
    )
)
def test_business_hours_agree_on_ten_thousand_random_intervals(
    clock: Clock, drawn: list[tuple[datetime, timedelta, int]]
) -> None:
    intervals = [(start, start + length, hours) for start, length, hours in drawn]
    assert clock.times(intervals) == [
        (
            business_time_between(start, end, HOLIDAYS) // MICROSECOND,
            add_business_hours(start, hours, HOLIDAYS),
        )
        for start, end, hours in intervals
    ]


def test_business_hours_follow_the_wall_clock_of_their_time_zone(
    sample_home: Path, tmp_path: Path
) -> None:
    query = compiled(tmp_path / "home", business_timezone="America/New_York")
    # Friday 16:30 in New York; clocks go forward on Sunday. 1.5 hours are left on Friday, and 2.5
    # of the standard's 4 on Monday: due at 10:30, which is 14:30 UTC now. Until 15:00 UTC 4.5 pass.
    friday = datetime(2025, 3, 7, 21, 30, tzinfo=UTC)
    monday = datetime(2025, 3, 10, 15, 0, tzinfo=UTC)
    assert Clock(query, sample_home).times([(friday, monday, 4)]) == [
        (4.5 * HOUR // MICROSECOND, datetime(2025, 3, 10, 14, 30, tzinfo=UTC))
    ]
