"""Rolling origins of a home added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worlds import published

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Backtest:
    """One quarter ahead, all snapshots: money predicted over money lost, and shares of that.

    Attributes:
        ratio: predicted over realized loss.
        capture: share of the realized loss with the tenth of customers predicted to lose most.
        capture_by_value: the same, ranked by run rate.
    """

    ratio: float
    capture: float
    capture_by_value: float


def backtest(home: Path, quarter: int, first_month: str = "1900-01-01") -> Backtest:
    with published(home) as connection:
        row = connection.execute(
            "select sum(predicted_loss) / sum(realized_loss),"
            " sum(top_decile_capture * realized_loss) / sum(realized_loss),"
            " sum(top_decile_capture_by_value * realized_loss) / sum(realized_loss)"
            " from marts.fct_cvar_backtest"
            " where band = 'all' and quarter = ? and month >= cast(? as date)",
            [quarter, first_month],
        ).fetchone()
    assert row and None not in row, "nothing to test against"
    return Backtest(*map(float, row))
