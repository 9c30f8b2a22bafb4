"""What a customer's fills come to month by month, in whole cents; months are numbers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.months import accrued_cents, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from golden.fills import Fill

MONTHS_OF_RUN_RATE = 6


@dataclass(frozen=True)
class Ledger:
    """A customer's fills in the order they shipped, and the value and margin they accrue."""

    fills: tuple[Fill, ...]
    value: Counter[int]
    margin: Counter[int]
    first_accrual: int | None

    def tenure(self, month: int) -> int:
        """Months since the first accrual, negative before it; it must exist."""
        assert self.first_accrual is not None
        return month - self.first_accrual

    def run_rate(self, cents: Counter[int], month: int) -> Fraction:
        """Value or margin per month, in money; it runs from the first month with value."""
        if self.first_accrual is None or month < self.first_accrual:
            return Fraction(0)
        months = min(MONTHS_OF_RUN_RATE, self.tenure(month) + 1)
        return Fraction(trailing(cents, month, MONTHS_OF_RUN_RATE), 100 * months)


def ledgers_of(fills: Iterable[Fill]) -> dict[str, Ledger]:
    """Ledgers by customer; a customer without fills has an empty one."""
    by_customer: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        if fill.customer_id is not None:
            by_customer[fill.customer_id].append(fill)
    ledgers: dict[str, Ledger] = defaultdict(lambda: _ledger([]))
    ledgers.update({customer_id: _ledger(own) for customer_id, own in by_customer.items()})
    return ledgers


def _ledger(fills: list[Fill]) -> Ledger:
    value = accrued_cents(fills)
    return Ledger(
        fills=tuple(fills),
        value=value,
        margin=accrued_cents(replace(fill, net_value=fill.margin) for fill in fills),
        first_accrual=min((month for month, cents in value.items() if cents), default=None),
    )


def trailing(cents: Counter[int], month: int, months: int) -> int:
    return sum(cents[each] for each in range(month - months + 1, month + 1))


def months_covered(fill: Fill) -> range:
    """Months with a day that the fill supplies."""
    return range(month_of(fill.shipped_on), month_of(_last_day_supplied(fill)) + 1)


def _last_day_supplied(fill: Fill) -> date:
    return fill.shipped_on + timedelta(days=fill.days_supply - 1)


def to_the_cent(amount: float | Fraction) -> float:
    """Rounded half up."""
    return math.floor(amount * 100 + Fraction(1, 2)) / 100
