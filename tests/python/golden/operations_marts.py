"""The marts of operations of a home against those computed from its extracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worlds import PROVENANCE, published

from golden.compare import assert_same_rows
from golden.economics_marts import Mart
from golden.flywheel_marts import by_key
from golden.journey_marts import assert_same_table, columns_of
from golden.operations_cases import OpenCase, open_cases_of
from golden.operations_copay import Copay, copays_of
from golden.operations_known import known_in
from golden.operations_panel import Organization, Reach, Worth, organizations_of, reaches_of
from golden.operations_persistence import Persistence, persistences_of
from golden.operations_pharmacies import Pharmacy, pharmacies_of
from golden.operations_prior_auths import (
    Authorization,
    Reauthorization,
    authorizations_of,
    reauthorizations_of,
)
from golden.operations_starts import WeekOfStarts, start_targets, weeks_of_starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from golden.compare import Rows
    from golden.operations_known import Known

# Limits and shares may be next to nothing: there is no relative precision in them.
ABSOLUTE_TOLERANCE = 1e-9
# Ids of the records that rows stem from: no columns of the marts.
RECORD_IDS = frozenset({"opener_id", "approval_id"})


@dataclass(frozen=True)
class Valued:
    """What a home says its customers are worth, which tests of value and CVAR look into."""

    worths: Mapping[tuple[str, date], Worth]
    recoverable: Mapping[str, Decimal | None]


def valued_in(home: Path, last_month: date) -> Valued:
    """Every customer-month, and recoverable CVAR in the last month of the panel."""
    with published(home) as connection:
        found = connection.execute(
            "select customer_id, month, customer_value, gross_cvar, recoverable_cvar"
            " from marts.fct_customer_value left join marts.fct_cvar using (customer_id, month)"
        ).fetchall()
    return Valued(
        worths={
            (customer_id, month): Worth(value, gross)
            for customer_id, month, value, gross, _ in found
        },
        recoverable={
            customer_id: recoverable
            for customer_id, month, _, _, recoverable in found
            if month == last_month
        },
    )


def operations_of(known: Known, valued: Valued) -> Iterator[Mart]:
    """Nine marts."""
    for table, key, record, found in (
        (
            "fct_starts_weekly",
            "week, product_id, territory",
            WeekOfStarts,
            weeks_of_starts(known, start_targets()),
        ),
        ("fct_open_cases", "case_id", OpenCase, open_cases_of(known, valued.recoverable)),
        ("fct_prior_auths", "chain_id", Authorization, authorizations_of(known)),
        (
            "fct_reauthorizations_due",
            "case_id",
            Reauthorization,
            reauthorizations_of(known, valued.recoverable),
        ),
        (
            "fct_pharmacy_performance",
            "pharmacy_id, month, product_id",
            Pharmacy,
            pharmacies_of(known),
        ),
        (
            "fct_persistence",
            "cohort_month, product_id, month_on_therapy",
            Persistence,
            persistences_of(known),
        ),
        ("fct_copay", "month, product_id, payer_type", Copay, copays_of(known)),
        (
            "fct_organization_value",
            "organization_id, month",
            Organization,
            organizations_of(known, valued.worths),
        ),
        ("fct_engagement_reach", "month, territory, segment", Reach, reaches_of(known)),
    ):
        yield _mart(table, key, record, found)


def _mart(table: str, key: str, record: type, found: Iterable[Any]) -> Mart:
    columns = columns_of(record, but={*key.split(", "), *RECORD_IDS})
    return Mart(table, key, columns, by_key(key, found))


def assert_same_operations(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """Nine marts, each row and each column, and where their rows come from."""
    known = known_in(extracts, as_of)
    marts = list(operations_of(known, valued_in(home, known.world.last_month)))
    for mart in marts:
        assert_same_columns(home, mart)
        assert_same_table(home, mart.table, mart.key, mart.columns, mart.rows, ABSOLUTE_TOLERANCE)
    assert_same_sources(home, {mart.table: mart.rows for mart in marts})


def assert_same_columns(home: Path, mart: Mart) -> None:
    """No column of a mart that nothing is compared with."""
    with published(home) as connection:
        described = connection.execute(f"describe marts.{mart.table}").fetchall()
    compared = {*mart.key.split(", "), *mart.columns.split(", ")}
    assert {column for column, *_ in described} - PROVENANCE == compared, mart.table


def assert_same_sources(home: Path, expected: Mapping[str, Rows]) -> None:
    """Rows that stem from a record name the row that brought it, as other marts of it do."""
    decided = (
        "select split_part(promise_instance_id, ':', 2), source_row_id"
        " from marts.fct_promises where promise_id = 'pa_decided'"
    )
    received = "select case_id, source_row_id from marts.fct_fulfillment_journeys"
    for table, key, record_id, sources in (
        ("fct_open_cases", "case_id", "case_id", received),
        ("fct_prior_auths", "chain_id", "opener_id", decided),
        ("fct_reauthorizations_due", "case_id", "approval_id", decided),
    ):
        with published(home) as connection:
            row_of = dict(connection.execute(sources).fetchall())
            found = connection.execute(f"select {key}, source_row_id from marts.{table}").fetchall()
        assert_same_rows(
            {name: {"source_row_id": row_id} for name, row_id in found},
            {
                name: {"source_row_id": row_of[row[record_id]]}
                for (name,), row in expected[table].items()
            },
        )
