"""What every view of the economics needs: months of the panel, territories, touches by month."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.months import last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from golden.core import World

MONTHS_OF_YEAR = 12
# Who bought before the extracts begin is not new, and nobody knows when the buying began.
MONTHS_SKIPPED = 3


@dataclass(frozen=True)
class Touches:
    """A customer's touches by month; `cents` and `spent` are what the outbound ones cost.

    `spent` is by day, in no order.
    """

    outbound: Counter[int] = field(default_factory=Counter)
    marketing: Counter[int] = field(default_factory=Counter)
    two_way: Counter[int] = field(default_factory=Counter)
    cents: Counter[int] = field(default_factory=Counter)
    spent: list[tuple[date, int]] = field(default_factory=list)


def panel_of(world: World) -> range:
    """Months from the first event of any customer to the last one."""
    first = min(month_of(row.month) for row in world.months)
    return range(first, month_of(world.last_month) + 1)


def spine_of(world: World) -> dict[str, range]:
    """Months of every customer, from the one first seen to the panel's last."""
    first: dict[str, int] = {}
    for row in world.months:
        month = month_of(row.month)
        first[row.customer_id] = min(month, first.get(row.customer_id, month))
    end = month_of(world.last_month) + 1
    return {customer_id: range(month, end) for customer_id, month in first.items()}


def territory_on(world: World, customer_id: str | None, day: date) -> str:
    return world.sources.territory_on(customer_id, day) or UNASSIGNED


def territory_at(world: World, customer_id: str, month: int) -> str:
    """On the month's last day."""
    return territory_on(world, customer_id, last_day(month))


def touches_by_customer(world: World) -> Mapping[str, Touches]:
    touches: dict[str, Touches] = defaultdict(Touches)
    for touch in world.interactions:
        if touch.customer_id is None:
            continue
        own, day = touches[touch.customer_id], touch.occurred_at.date()
        month = month_of(day)
        own.two_way[month] += touch.is_two_way
        if touch.direction == "outbound":
            cents = int((touch.touch_cost or 0) * 100)
            own.outbound[month] += 1
            own.marketing[month] += touch.function == "marketing"
            own.cents[month] += cents
            own.spent.append((day, cents))
    return touches


def year_to(month: int) -> range:
    """The trailing twelve months."""
    return range(month - MONTHS_OF_YEAR + 1, month + 1)
