"""Value of every customer in every month.

A month is a number here, year x 12 + month - 1, so that windows are plain ranges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import accumulate, pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from golden.fills import Fill
    from golden.interactions import Interaction


@dataclass(frozen=True)
class CustomerMonth:
    """Value of a customer in a month; `month` is its first day, money is in the one currency."""

    customer_id: str
    month: date
    accrued_value: Decimal
    realized_value: Decimal
    run_rate: float
    is_active: bool
    lapsed: bool | None
    is_writer_silent: bool


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


@cache
def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


@cache
def last_day(month: int) -> date:
    return first_day(month + 1) - timedelta(days=1)


def last_complete_month(as_of: date) -> int:
    month = month_of(as_of)
    return month if as_of == last_day(month) else month - 1


@cache
def _six_months_after(day: date) -> date:
    """Same day of the month, or the month's last day where it is shorter."""
    month = month_of(day) + 6
    return min(first_day(month) + timedelta(days=day.day - 1), last_day(month))


def customer_months(
    fills: list[Fill], interactions: list[Interaction], last_month: int
) -> Iterator[CustomerMonth]:
    """Every customer from the month of the first interaction, case or fill to the last month."""
    first_seen: dict[str, int] = {}
    fills_of: dict[str, list[Fill]] = defaultdict(list)
    # Hub cases need no mention: each one received is an interaction.
    for customer_id, day in [
        *((fill.customer_id, fill.shipped_on) for fill in fills),
        *((touch.customer_id, touch.occurred_at.date()) for touch in interactions),
    ]:
        if customer_id is not None:
            first_seen[customer_id] = min(month_of(day), first_seen.get(customer_id, month_of(day)))
    for fill in fills:
        if fill.customer_id is not None:
            fills_of[fill.customer_id].append(fill)
    for customer_id, first_month in first_seen.items():
        yield from _months_of(
            customer_id, fills_of[customer_id], range(first_month, last_month + 1)
        )


def _months_of(customer_id: str, fills: list[Fill], months: range) -> Iterator[CustomerMonth]:
    cents = accrued_cents(fills)
    # A customer accrues nothing before the first fill, so sums may start at the first month.
    so_far = list(accumulate(cents[month] for month in months))
    starts = sorted(fill.shipped_on for fill in fills if fill.is_start)
    first_accrual = min((month for month, amount in cents.items() if amount), default=None)
    for at, month in enumerate(months):
        is_active = _trailing(so_far, at, months=3) != 0
        lapsed: bool | None = False
        if is_active:
            lapsed = _trailing(so_far, at + 3, months=3) == 0 if at + 3 < len(months) else None
        run_rate = 0.0
        if first_accrual is not None and first_accrual <= month:
            run_rate = _trailing(so_far, at, months=6) / 100 / min(6, month - first_accrual + 1)
        yield CustomerMonth(
            customer_id=customer_id,
            month=first_day(month),
            accrued_value=_money(cents[month]),
            realized_value=_money(_trailing(so_far, at, months=12)),
            run_rate=run_rate,
            is_active=is_active,
            lapsed=lapsed,
            is_writer_silent=is_writer_silent(starts, last_day(month)),
        )


@cache
def _money(cents: int) -> Decimal:
    return Decimal(cents) / 100


def accrued_cents(fills: Iterable[Fill]) -> Counter[int]:
    """Value in cents by month.

    What the days so far have earned is rounded, not each month's part: the parts add up.
    """
    accrued: Counter[int] = Counter()
    for fill in fills:
        cents, supply = int(fill.net_value * 100), fill.days_supply
        month, days, earned = month_of(fill.shipped_on), 0, 0
        while days < supply:
            days = min(supply, (last_day(month) - fill.shipped_on).days + 1)
            earned_by_now = (2 * cents * days + supply) // (2 * supply)
            accrued[month] += earned_by_now - earned
            earned = earned_by_now
            month += 1
    return accrued


def _trailing(so_far: list[int], at: int, *, months: int) -> int:
    return so_far[at] - (so_far[at - months] if at >= months else 0)


def is_writer_silent(all_starts: list[date], month_end: date) -> bool:
    starts = all_starts[: bisect_right(all_starts, month_end)]
    if not starts or month_end <= _six_months_after(starts[-1]):
        return False
    gaps = [(later - earlier).days for earlier, later in pairwise(starts)]
    return not gaps or (month_end - starts[-1]).days > 2 * median(gaps)
