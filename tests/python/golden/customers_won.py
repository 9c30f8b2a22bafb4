"""Customers won, new or back again: what that cost, and when their margin had paid for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from golden.economics_panel import (
    MONTHS_OF_YEAR,
    MONTHS_SKIPPED,
    panel_of,
    territory_at,
    touches_by_customer,
)
from golden.months import first_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from golden.core import World
    from golden.economics_panel import Touches
    from golden.ledgers import Ledger

MONTHS_WITHOUT_VALUE = 3


@dataclass(frozen=True)
class CustomerWon:
    """A customer in the month of winning; whether it paid is null until a year is over."""

    customer_id: str
    month: date
    kind: str
    territory: str
    acquisition_cost: Decimal
    break_even_month: date | None
    months_to_break_even: int | None
    is_break_even_decided: bool
    is_broken_even: bool | None


def customers_won_of(world: World, ledgers: Mapping[str, Ledger]) -> Iterator[CustomerWon]:
    panel, touches = panel_of(world), touches_by_customer(world)
    for customer_id, ledger in ledgers.items():
        for month, kind in _winnings(ledger, panel[MONTHS_SKIPPED:]).items():
            cents = _cents_to_win(ledger, touches[customer_id], month, kind)
            margins = accumulate(ledger.margin[each] for each in range(month, panel.stop))
            months_to_break_even = next(
                (months for months, earned in enumerate(margins, start=1) if earned >= cents), None
            )
            is_decided = month + MONTHS_OF_YEAR - 1 in panel
            yield CustomerWon(
                customer_id=customer_id,
                month=first_day(month),
                kind=kind,
                territory=territory_at(world, customer_id, month),
                acquisition_cost=Decimal(cents) / 100,
                break_even_month=(
                    first_day(month + months_to_break_even - 1) if months_to_break_even else None
                ),
                months_to_break_even=months_to_break_even,
                is_break_even_decided=is_decided,
                is_broken_even=(
                    months_to_break_even is not None and months_to_break_even <= MONTHS_OF_YEAR
                    if is_decided
                    else None
                ),
            )


def _winnings(ledger: Ledger, months: range) -> dict[int, str]:
    """Months in which the customer was won, and whether for the first time."""
    if not ledger.fills:
        return {}
    won = {
        month: "reactivated"
        for month in months
        if ledger.value[month] > 0
        and not any(ledger.value[month - back] for back in range(1, MONTHS_WITHOUT_VALUE + 1))
        and _last_month_with_value_before(ledger, month) is not None
    }
    first = month_of(ledger.fills[0].shipped_on)
    return {**won, first: "new"} if first in months else won


def _last_month_with_value_before(ledger: Ledger, month: int) -> int | None:
    return max(
        (each for each, cents in ledger.value.items() if cents and each < month), default=None
    )


def _cents_to_win(ledger: Ledger, touches: Touches, month: int, kind: str) -> int:
    """Spent before the day of the fill that won, since the value had run out if there was any."""
    begins_on = date.min
    won_on = ledger.fills[0].shipped_on
    if kind == "reactivated":
        last_month = _last_month_with_value_before(ledger, month)
        assert last_month is not None
        begins_on = first_day(last_month + 1)
        shipped = (fill.shipped_on for fill in ledger.fills if month_of(fill.shipped_on) == month)
        won_on = min(shipped, default=first_day(month))
    return sum(cents for day, cents in touches.spent if begins_on <= day < won_on)
