"""What moved accrued value by product, and how much of it experience kept."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.ledgers import Ledger, ledgers_of, trailing
from golden.months import first_day, last_day, month_of
from golden.value_bridge import MONTHS_OF_QUARTER, amounts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.core import World
    from golden.fills import Fill
    from golden.health import Health

UNKNOWN = "unknown"
WELL_SERVED = frozenset({"strong", "steady"})
UNRATED = "unrated"
FIRST_MONTH_OF_RETENTION = 7
MIN_CUSTOMERS_FOR_LIMITS = 5
NORMAL_975 = 1.959963984540054


def product_bridges_of(world: World) -> dict[tuple[date, str, str], Counter[str]]:
    """Cents of each amount by month, territory and product; each of a customer's by itself.

    A product counts for a customer from the first month in which a fill of it covers a day.
    """
    by_product: dict[str, list[Fill]] = defaultdict(list)
    for fill in world.fills:
        by_product[fill.product_id or UNKNOWN].append(fill)
    bridges: dict[tuple[date, str, str], Counter[str]] = defaultdict(Counter)
    for product_id, fills in by_product.items():
        for customer_id, ledger in ledgers_of(fills).items():
            for month in range(min(ledger.value), month_of(world.last_month) + 1):
                territory = world.sources.territory_on(customer_id, last_day(month)) or UNASSIGNED
                key = (first_day(month), territory, product_id)
                bridges[key].update(amounts_of(ledger, month))
    return bridges


@dataclass(frozen=True)
class Retention:
    """Value kept over a quarter of customers served well, and of the others; money."""

    month: date
    well_served_customers: int
    well_served_opening: Decimal
    well_served_kept: Decimal
    well_served_retention: float | None
    less_served_customers: int
    less_served_opening: Decimal
    less_served_kept: Decimal
    less_served_retention: float | None
    retention_difference: float | None
    retention_difference_low: float | None
    retention_difference_high: float | None


def retentions_of(
    world: World, ledgers: Mapping[str, Ledger], health: Iterable[Health]
) -> Iterator[Retention]:
    """Every month of the panel from the seventh on."""
    rated: dict[int, list[Health]] = defaultdict(list)
    for row in health:
        if row.band != UNRATED:
            rated[month_of(row.month)].append(row)
    for month in world.panel[FIRST_MONTH_OF_RETENTION - 1 :]:
        well, less = _Group([]), _Group([])
        for row in rated[month - MONTHS_OF_QUARTER]:
            value = ledgers[row.customer_id].value
            opening = trailing(value, month - MONTHS_OF_QUARTER, MONTHS_OF_QUARTER)
            if opening > 0:
                closing = trailing(value, month, MONTHS_OF_QUARTER)
                group = well if row.band in WELL_SERVED else less
                group.customers.append((opening, min(opening, closing)))
        yield _retention(month, well, less)


@dataclass(frozen=True)
class _Group:
    """Opening and kept value of customers, in cents."""

    customers: list[tuple[int, int]]

    @property
    def opening(self) -> int:
        return sum(opening for opening, _ in self.customers)

    @property
    def kept(self) -> int:
        return sum(kept for _, kept in self.customers)

    @property
    def retention(self) -> Fraction | None:
        return Fraction(self.kept, self.opening) if self.customers else None

    @property
    def variance(self) -> Fraction:
        """Of the retention, a ratio of two sums, by linearisation."""
        n, retention = len(self.customers), Fraction(self.kept, self.opening)
        squares = sum((kept - retention * opening) ** 2 for opening, kept in self.customers)
        return Fraction(n, n - 1) * squares / self.opening**2


def _retention(month: int, well: _Group, less: _Group) -> Retention:
    difference = low = high = None
    if well.retention is not None and less.retention is not None:
        difference = float(well.retention - less.retention)
        if min(len(well.customers), len(less.customers)) >= MIN_CUSTOMERS_FOR_LIMITS:
            margin = NORMAL_975 * math.sqrt(well.variance + less.variance)
            low, high = difference - margin, difference + margin
    return Retention(
        month=first_day(month),
        well_served_customers=len(well.customers),
        well_served_opening=money(well.opening),
        well_served_kept=money(well.kept),
        well_served_retention=None if well.retention is None else float(well.retention),
        less_served_customers=len(less.customers),
        less_served_opening=money(less.opening),
        less_served_kept=money(less.kept),
        less_served_retention=None if less.retention is None else float(less.retention),
        retention_difference=difference,
        retention_difference_low=low,
        retention_difference_high=high,
    )


def money(cents: int) -> Decimal:
    return Decimal(cents) / 100
