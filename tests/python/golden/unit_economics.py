"""What winning and serving customers costs, and what they bring, by month and territory."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.economics_panel import (
    MONTHS_OF_YEAR,
    panel_of,
    territory_at,
    touches_by_customer,
    year_to,
)
from golden.months import month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from golden.compare import Rows
    from golden.core import World
    from golden.customers_won import CustomerWon
    from golden.hidden_tax import HiddenTax

COUNTS = (
    "new_customers",
    "reactivated_customers",
    "break_even_decided_customers",
    "broken_even_customers",
)
AMOUNTS = (
    "acquisition_cost",
    "reacquisition_cost",
    "touch_cost",
    "cost_to_serve",
    "realized_value",
    "hidden_tax_cost",
)
AMOUNTS_OF_A_YEAR = frozenset({"cost_to_serve", "realized_value"})


def unit_economics_of(
    world: World,
    won: Iterable[CustomerWon],
    hidden_tax: Mapping[tuple[date, str, str], HiddenTax],
) -> Rows:
    """Counts and money by month and territory; none of a year that began before the panel."""
    # Counts and cents.
    economics: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    touches = touches_by_customer(world)
    for row in world.months:
        month, cents = month_of(row.month), touches[row.customer_id].cents
        economics[row.month, territory_at(world, row.customer_id, month)].update(
            touch_cost=cents[month],
            cost_to_serve=sum(cents[each] for each in year_to(month)),
            realized_value=int(row.realized_value * 100),
        )
    for winning in won:
        economics[winning.month, winning.territory].update(_of_winning(winning))
    for (month_begins_on, territory, _), tax in hidden_tax.items():
        cents_of_tax = int(tax.hidden_tax_cost * 100)
        economics[month_begins_on, territory].update(hidden_tax_cost=cents_of_tax)
    whole_years = panel_of(world)[MONTHS_OF_YEAR - 1 :]
    return {
        (month, territory): {
            **{count: sums[count] for count in COUNTS},
            **{
                amount: None
                if amount in AMOUNTS_OF_A_YEAR and month_of(month) not in whole_years
                else Decimal(sums[amount]) / 100
                for amount in AMOUNTS
            },
        }
        for (month, territory), sums in economics.items()
    }


def _of_winning(winning: CustomerWon) -> dict[str, int]:
    cents = int(winning.acquisition_cost * 100)
    if winning.kind == "reactivated":
        return {"reactivated_customers": 1, "reacquisition_cost": cents}
    return {
        "new_customers": 1,
        "acquisition_cost": cents,
        "break_even_decided_customers": int(winning.is_break_even_decided),
        "broken_even_customers": int(bool(winning.is_broken_even)),
    }
