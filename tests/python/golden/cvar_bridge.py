"""How gross CVAR moved from one month to the next, by territory."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from golden.ledgers import to_the_cent
from golden.months import last_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from golden.customers import Sources
    from golden.cvar import Score

UNASSIGNED = "unassigned"
MOVES = (
    "opening",
    "entered",
    "exposure_change",
    "worsened",
    "improved",
    "left_active",
    "closing",
)


def bridges_of(sources: Sources, scores: Iterable[Score]) -> dict[tuple[int, str], Counter[str]]:
    """Cents of each move by month and closing territory, of months scored like the one before."""
    scored = {(score.customer_id, score.month): score for score in scores if score.model}
    first_month = min((month for _, month in scored), default=0)
    bridges: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for (customer_id, month), score in scored.items():
        if month > first_month:
            territory = sources.territory_on(customer_id, last_day(month)) or UNASSIGNED
            bridges[month, territory].update(_moves(scored.get((customer_id, month - 1)), score))
    return bridges


def _moves(before: Score | None, now: Score) -> dict[str, int]:
    opening, closing = _cents(before.gross) if before else 0, _cents(now.gross)
    moves = {"opening": opening, "closing": closing}
    if before is None or before.rate is None:
        return {**moves, "entered": closing}
    if now.rate is None:
        return {**moves, "left_active": opening}
    exposure = _cents(to_the_cent((now.forward - before.forward) * (before.rate + now.rate) / 2))
    rest = closing - opening - exposure
    return {
        **moves,
        "exposure_change": exposure,
        "worsened": max(0, rest),
        "improved": max(0, -rest),
    }


def _cents(amount: float) -> int:
    return round(amount * 100)
