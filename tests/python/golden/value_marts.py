"""The value marts of a home against those computed from its extracts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from golden.cases import cases_of
from golden.compare import computed
from golden.journey_marts import assert_same_table
from golden.journeys import journeys_of
from golden.ledgers import ledgers_of
from golden.pipeline_value import pipelines_of
from golden.profiles import profiles_in
from golden.steps import steps_by_case
from golden.value import values_of
from golden.value_bridge import AMOUNTS, value_bridges_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

A_CENT = 0.010001


def assert_same_value(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """What the mart of value holds besides the columns of `months.py`, row by row."""
    world = computed(extracts, as_of)
    cases = cases_of(world)
    journeys = list(journeys_of(world, cases, steps_by_case(world, cases)))
    pipelines = pipelines_of(world.fills, journeys, world.panel)
    values = values_of(world, ledgers_of(world.fills), pipelines, profiles_in(extracts))
    expected = {(value.customer_id, value.month): vars(value) for value in values}
    key = "customer_id, month"
    money = "forward_value, pipeline_value, customer_value, headroom"
    assert_same_table(home, "fct_customer_value", key, money, expected, A_CENT)
    counts = "open_cases, unpriced_cases"
    assert_same_table(home, "fct_customer_value", key, counts, expected)


def assert_same_value_bridge(home: Path, extracts: Path, as_of: date | None = None) -> None:
    """What moved value between quarters: each territory and amount, to the cent."""
    world = computed(extracts, as_of)
    bridges = value_bridges_of(world, ledgers_of(world.fills))
    expected = {
        key: {amount: Decimal(cents[amount]) / 100 for amount in AMOUNTS}
        for key, cents in bridges.items()
    }
    assert_same_table(home, "fct_value_bridge", "month, territory", ", ".join(AMOUNTS), expected)
