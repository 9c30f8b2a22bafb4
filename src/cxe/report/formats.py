"""How values look: one way for each unit."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = "\N{EN DASH}"
# Digits behind the point, by unit; what is counted has none.
_DECIMALS = {
    "score": 1,
    "days": 1,
    "hours": 1,
    "points": 1,
    "ratio": 2,
    "weight": 1,
    "loops per case": 2,
    "hours per start": 1,
    "starts per 100 customers": 1,
    "touches per customer-month": 1,
    "number": 3,
}
_SHARES = {"share": 1, "share per month": 2}


def text(value: Any, unit: str) -> str:
    """A value for a reader; a dash for what is not known.

    Args:
        value: a number, a day, a text or None.
        unit: of the metric, `month` for the first day of one, empty for text.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return month_text(value) if unit == "month" else value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return _number(value, unit)
    return str(value)


def month_text(month: date) -> str:
    """A month as `Dec 2025`."""
    return f"{month:%b %Y}"


def months_text(months: Sequence[date]) -> str:
    """From when to when days lie, by their months: `Jan 2025 to Dec 2025`."""
    first, last = month_text(min(months)), month_text(max(months))
    return first if first == last else f"{first} to {last}"


def spelled(code: str) -> str:
    """A code as words, unless it looks like words already."""
    return code.replace("_", " ").capitalize() if code.islower() or code.isupper() else code


def plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def _number(value: float | Decimal, unit: str) -> str:
    if unit in _SHARES:
        return _signless_zero(f"{value * 100:,.{_SHARES[unit]}f}") + "%"
    return _signless_zero(f"{value:,.{_DECIMALS.get(unit, 0)}f}")


def _signless_zero(number: str) -> str:
    """Without the minus of what was rounded to nothing."""
    return number[1:] if number.startswith("-") and not number.strip("-0.,") else number
