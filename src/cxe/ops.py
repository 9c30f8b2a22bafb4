"""The schema `ops`: what ran, and what every check said."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from cxe import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import duckdb

    from cxe.home import Home

# As `start_run` makes them.
RUN_ID = re.compile(r"\d{8}T\d{9}Z")

CREATE = """
create schema if not exists ops;
create table if not exists ops.runs (
    run_id varchar primary key,
    status varchar not null,
    started_at timestamp not null,
    finished_at timestamp,
    as_of_date date,
    as_known_on date,
    files_landed bigint,
    files_rejected bigint,
    cxe_version varchar not null,
    message varchar
);
comment on table ops.runs is 'One row per run of cxe on this home.';
create table if not exists ops.quality_results (
    run_id varchar not null,
    layer varchar not null,
    check_name varchar not null,
    relation varchar,
    severity varchar not null,
    status varchar not null,
    failures bigint,
    description varchar,
    remedy varchar,
    query_path varchar,
    checked_at timestamp not null
);
-- Homes of earlier versions have the table without these.
alter table ops.quality_results add column if not exists owner varchar;
alter table ops.quality_results add column if not exists examples varchar;
comment on table ops.quality_results is 'One row per run and check: what it found.';
create table if not exists ops.cvar_coefficients (
    model_version varchar not null,
    fitted_as_of date not null,
    quarter bigint not null,
    fitted_quarter bigint not null,
    window_first_month date not null,
    window_last_month date not null,
    customer_months bigint not null,
    customers bigint not null,
    keeps_experience boolean not null,
    experience_improvement double not null,
    experience_improvement_error double not null,
    term varchar not null,
    coefficient double not null,
    standard_error double not null
);
comment on table ops.cvar_coefficients is
'One row per origin month, quarter ahead and term of the retained-share model.';
create table if not exists ops.cvar_covariances (
    fitted_as_of date not null,
    quarter bigint not null,
    term varchar not null,
    other_term varchar not null,
    covariance double not null
);
comment on table ops.cvar_covariances is
'One row per origin month, quarter ahead and unordered pair of terms.';
create or replace view ops.files as select * from raw._files;
-- The rejected text itself may hold personal data and stays in raw.
create or replace view ops.rejects as
select file_id, line_number, reason, column_name from raw._rejects;
"""
CREATE_AFTER_BUILD = """
create or replace view ops.row_accounts as select * from staging.stg_landing__row_accounts;
"""


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        layer: raw, staging, intermediate or marts.
        severity: `error` blocks publishing, `warn` is reported.
        status: pass, warn, fail, accepted (it would have failed, and a person let it pass) or error
            (the check or its model could not run).
        failures: rows that fail, None where it could not run.
        query_path: compiled query, or page below the home, that shows them.
        owner: who answers for what is checked, where the check says so.
        examples: up to three findings, a line each; keys, files, figures, never personal data.
    """

    layer: str
    check_name: str
    relation: str | None
    severity: str
    status: str
    failures: int | None
    description: str
    remedy: str
    query_path: str | None
    owner: str | None = None
    examples: str | None = None


def utc_now() -> datetime:
    """Now in UTC, without a zone, as the warehouse stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def start_run(connection: duckdb.DuckDBPyConnection, home: Home) -> str:
    """Open a run, with the raw tables in place; runs that never ended are closed as interrupted.

    Returns:
        The run id: its start in UTC, to the millisecond; ids sort in time.
    """
    connection.execute(CREATE)
    started_at = utc_now()
    run_id = f"{started_at:%Y%m%dT%H%M%S}{started_at.microsecond // 1000:03d}Z"
    # A run may have been cut off after its version was in place and before it could say so.
    connection.execute(
        "update ops.runs set status = case when run_id = ? then 'published' else 'interrupted' end,"
        " finished_at = ? where finished_at is null",
        [home.published_version(), started_at],
    )
    connection.execute(
        "insert into ops.runs (run_id, status, started_at, cxe_version)"
        " values (?, 'running', ?, ?)",
        [run_id, started_at, __version__],
    )
    return run_id


def end_run(
    connection: duckdb.DuckDBPyConnection, run_id: str, status: str, message: str | None = None
) -> None:
    """Close a run with its outcome (built, published or failed)."""
    connection.execute(
        "update ops.runs set status = ?, finished_at = ?, message = ? where run_id = ?",
        [status, utc_now(), message, run_id],
    )


def record_landing(
    connection: duckdb.DuckDBPyConnection, run_id: str, landed: int, rejected: int
) -> None:
    """Keep how many files this run landed and rejected."""
    connection.execute(
        "update ops.runs set files_landed = ?, files_rejected = ? where run_id = ?",
        [landed, rejected, run_id],
    )


def record_period(
    connection: duckdb.DuckDBPyConnection, run_id: str
) -> tuple[date | None, date | None]:
    """Keep up to which day the run's world reaches.

    Returns:
        As-of date and knowledge date.
    """
    connection.execute(CREATE_AFTER_BUILD)
    period: tuple[date | None, date | None] | None = connection.execute(
        "select as_of_date, as_known_on from intermediate.int_reporting_period"
    ).fetchone()
    as_of_date, as_known_on = period or (None, None)
    connection.execute(
        "update ops.runs set as_of_date = ?, as_known_on = ? where run_id = ?",
        [as_of_date, as_known_on, run_id],
    )
    return as_of_date, as_known_on


def last_period(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[date | None, date | None]:
    """As-of date and knowledge date of the newest run that built; None before there was one."""
    period: tuple[date | None, date | None] | None = connection.execute(
        "select as_of_date, as_known_on from ops.runs where as_of_date is not null"
        " order by run_id desc limit 1"
    ).fetchone()
    return period or (None, None)


def record_checks(
    connection: duckdb.DuckDBPyConnection, run_id: str, checks: Iterable[CheckResult]
) -> None:
    """Add the results of one layer's checks."""
    rows = [asdict(check) for check in checks]
    if rows:
        # As parameters, row by row, they take ten milliseconds each.
        connection.register("checks_of_layer", pa.Table.from_pylist(rows))
        connection.execute(
            "insert into ops.quality_results by name"
            " select $run_id as run_id, *, $checked_at as checked_at from checks_of_layer",
            {"run_id": run_id, "checked_at": utc_now()},
        )
        connection.unregister("checks_of_layer")
