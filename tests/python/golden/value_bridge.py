"""What moved accrued value from the quarter before to the one a month ends, by territory."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.ledgers import Ledger, trailing
from golden.months import last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from golden.core import World

MONTHS_OF_QUARTER = 3
AMOUNTS = (
    "accrued_value",
    "opening",
    "new",
    "reactivated",
    "expansion",
    "contraction",
    "churned",
    "closing",
)


def value_bridges_of(
    world: World, ledgers: Mapping[str, Ledger]
) -> dict[tuple[date, str], Counter[str]]:
    """Cents of each amount by month and the territory its customers have on the last day of it."""
    bridges: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    for row in world.months:
        month = month_of(row.month)
        territory = world.sources.territory_on(row.customer_id, last_day(month)) or UNASSIGNED
        bridges[row.month, territory].update(amounts_of(ledgers[row.customer_id], month))
    return bridges


def amounts_of(ledger: Ledger, month: int) -> dict[str, int]:
    """Cents of each amount that is not nothing."""
    opening, closing = _quarter(ledger, month - MONTHS_OF_QUARTER), _quarter(ledger, month)
    return {
        "accrued_value": ledger.value[month],
        "opening": opening,
        "closing": closing,
        **_moves(opening, closing, had_earlier_value=_had_value_before_quarter(ledger, month)),
    }


def _moves(opening: int, closing: int, *, had_earlier_value: bool) -> dict[str, int]:
    if opening and closing:
        return {
            "expansion": max(0, closing - opening),
            "contraction": max(0, opening - closing),
        }
    if opening:
        return {"churned": opening}
    return {"reactivated" if had_earlier_value else "new": closing}


def _quarter(ledger: Ledger, month: int) -> int:
    return trailing(ledger.value, month, MONTHS_OF_QUARTER)


def _had_value_before_quarter(ledger: Ledger, month: int) -> bool:
    first = ledger.first_accrual
    return first is not None and first <= month - MONTHS_OF_QUARTER
