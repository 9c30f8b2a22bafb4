"""What a run publishes equals what plain Python computes from the same files."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from worlds import Cxe, published

from golden.case_collisions import collide_cases
from golden.collisions import collision_world
from golden.compare import Rows, assert_same_rows, computed, rows
from golden.core import World, compute
from golden.economics_collisions import collide_economics
from golden.economics_marts import assert_same_economics
from golden.feedback_collisions import collide_feedback
from golden.fills import Fill
from golden.flywheel_marts import assert_same_flywheel
from golden.health_marts import assert_same_health
from golden.interactions import count_interactions
from golden.journey_marts import assert_same_journeys, assert_same_promises
from golden.operations_collisions import collide_operations
from golden.operations_marts import assert_same_operations
from golden.value_marts import assert_same_value_bridge

if TYPE_CHECKING:
    from pathlib import Path

FILL_COLUMNS = (
    "customer_id, case_id, product_id, pharmacy_id, payer_type, dispense_type, shipped_on,"
    " delivered_on, quantity, days_supply, net_value, margin, fill_number, is_start,"
    " is_first_fill_of_case"
)
INTERACTION_COLUMNS = (
    "customer_id, organization_id, function, direction, is_two_way, product_id, occurred_at,"
    " touch_cost, customer_minutes"
)
MONTH_COLUMNS = "accrued_value, realized_value, run_rate, is_active, lapsed, is_writer_silent"


@dataclass(frozen=True)
class Totals:
    """One month of all customers."""

    accrued_value: Decimal
    realized_value: Decimal
    run_rate: float
    active_customers: int


COLLISION_WORLDS = 8
COLLISION_WORLDS_IN_EVERY_RUN = 1


def expected_fills(world: World) -> Rows:
    return {(fill_id(fill),): vars(fill) for fill in world.fills}


def fill_id(fill: Fill) -> str:
    key = f"{fill.pharmacy_id or ''}|{fill.rx_number}|{fill.fill_number}"
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


def expected_interactions(world: World) -> Rows:
    return {
        (f"{interaction.type}:{interaction.record_id}",): vars(interaction)
        for interaction in world.interactions
    }


def expected_months(world: World) -> Rows:
    return {(month.customer_id, month.month): vars(month) for month in world.months}


def expected_customers(world: World) -> Rows:
    return {(customer.customer_id,): vars(customer) for customer in world.customers.values()}


def assert_same_marts(home: Path, world: World) -> None:
    """Customers, fills, interactions and customer-months, each row and each column."""
    assert_same_rows(
        rows(home, "dim_customers", "customer_id", "npi, is_inferred"), expected_customers(world)
    )
    assert_same_rows(rows(home, "fct_fills", "fill_id", FILL_COLUMNS), expected_fills(world))
    assert_same_rows(
        rows(home, "fct_interactions", "interaction_id", INTERACTION_COLUMNS),
        expected_interactions(world),
    )
    assert_same_rows(
        rows(home, "fct_customer_value", "customer_id, month", MONTH_COLUMNS),
        expected_months(world),
    )


def published_totals(home: Path, month: date) -> Totals:
    with published(home) as connection:
        found = connection.execute(
            "select sum(accrued_value), sum(realized_value), sum(run_rate),"
            " count(*) filter (where is_active) from marts.fct_customer_value where month = ?",
            [month],
        ).fetchone()
    assert found is not None
    accrued, realized, run_rate, active = found
    return Totals(accrued, realized, float(run_rate), active)


def computed_totals(world: World, month: date) -> Totals:
    of_month = [row for row in world.months if row.month == month]
    return Totals(
        accrued_value=sum((row.accrued_value for row in of_month), Decimal(0)),
        realized_value=sum((row.realized_value for row in of_month), Decimal(0)),
        run_rate=math.fsum(row.run_rate for row in of_month),
        active_customers=sum(row.is_active for row in of_month),
    )


@pytest.fixture(scope="session")
def cdnow(shared_data: Path) -> Path:
    return folder_of(shared_data, "cdnow")


@pytest.fixture(scope="session")
def synthea(shared_data: Path) -> Path:
    return folder_of(shared_data, "synthea")


def folder_of(shared_data: Path, name: str) -> Path:
    if not (shared_data / name).is_dir():
        pytest.skip(f"third-party input is not at ../shared/data/{name}")
    return shared_data / name


def test_cdnow_file_holds_the_totals_its_source_states(cdnow: Path) -> None:
    world = computed(cdnow)
    assert world.as_of == date(1998, 6, 30)
    assert len(world.customers) == 23_570
    assert len(world.fills) == 69_659
    assert sum(fill.net_value for fill in world.fills) == Decimal("2500315.63")


def test_cdnow_may_1998_is_published_as_computed_from_the_file(
    cdnow: Path, cdnow_home: Path
) -> None:
    expected = computed_totals(computed(cdnow), date(1998, 5, 1))
    actual = published_totals(cdnow_home, date(1998, 5, 1))
    assert actual.accrued_value == expected.accrued_value
    assert actual.realized_value == expected.realized_value
    assert actual.run_rate == pytest.approx(expected.run_rate, rel=1e-9)
    assert actual.active_customers == expected.active_customers


def test_cdnow_marts_equal_the_second_computation(cdnow: Path, cdnow_home: Path) -> None:
    assert_same_marts(cdnow_home, computed(cdnow))


def test_synthea_by_default_ends_the_day_before_its_delivery(
    synthea: Path, synthea_home: Path
) -> None:
    world = computed(synthea)
    assert world.as_of == date(2024, 6, 29)
    assert len(world.customers) == 166
    assert len(world.fills) == 24_655
    assert_same_marts(synthea_home, world)


def test_synthea_holds_every_fill_as_of_its_last_day(
    synthea: Path, synthea_complete_home: Path
) -> None:
    world = computed(synthea, date(2024, 6, 30))
    assert len(world.customers) == 166
    assert len(world.fills) == 24_663
    assert_same_marts(synthea_complete_home, world)


def test_sample_world_counts_the_same_interactions(
    sample_extracts: Path, sample_home: Path
) -> None:
    with published(sample_home) as connection:
        found = connection.execute(
            "select split_part(interaction_id, ':', 1), function, direction, is_two_way,"
            " strftime(occurred_at, '%Y-%m'), count(*) from marts.fct_interactions group by all"
        ).fetchall()
    assert {row[:-1]: row[-1] for row in found} == count_interactions(
        computed(sample_extracts).interactions
    )


def test_sample_world_marts_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_marts(sample_home, computed(sample_extracts))


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(n, marks=[] if n < COLLISION_WORLDS_IN_EVERY_RUN else [pytest.mark.thorough])
        for n in range(COLLISION_WORLDS)
    ],
)
def test_where_everything_collides_marts_equal_the_second_computation(
    seed: int, quick_cxe: Cxe, tmp_path: Path
) -> None:
    extracts, home = tmp_path / "extracts", tmp_path / "home"
    collision_world(extracts, seed)
    collide_cases(extracts, seed)
    collide_economics(extracts, seed)
    collide_feedback(extracts, seed)
    collide_operations(extracts, seed)
    quick_cxe("run", "--extracts", extracts, "--home", home)
    world = compute(extracts)
    assert_same_marts(home, world)
    assert_same_journeys(home, world)
    assert_same_promises(home, world)
    assert_same_health(home, world)
    assert_same_value_bridge(home, extracts)
    assert_same_economics(home, extracts)
    assert_same_flywheel(home, extracts)
    assert_same_operations(home, extracts)
