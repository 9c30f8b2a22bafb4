"""What was predicted to be lost against what was, of every month whose outcome is known."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from golden.ledgers import Ledger, to_the_cent, trailing
from golden.months import first_day, month_of
from golden.value import QUARTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from golden.covariates import Snapshot
    from golden.cvar import Score
    from golden.health import Health

ALL_BANDS = "all"
MONTHS_OF_FREQUENCY = MONTHS_OF_VALUE = 12
QUINTILES = 5
# Amounts of money are equal when their first decimals are: the rest is how they were computed.
DECIMALS_RANKED = 6


@dataclass(frozen=True)
class Backtest:
    """A month, quarter ahead and health band; ratios are null where nothing divides them."""

    month: date
    quarter: int
    band: str
    customers: int
    predicted_loss: float
    realized_loss: float
    calibration_ratio: float | None
    expected_value: float
    actual_value: float
    wape: float | None
    top_decile_capture: float | None
    top_decile_capture_by_value: float | None
    top_decile_capture_by_rfm: float | None
    spearman: float | None


@dataclass(frozen=True)
class _Outcome:
    """An active customer's quarter ahead, in money."""

    customer_id: str
    run_rate: float
    rfm: int
    predicted: float
    realized: float
    expected: float
    actual: float


def backtests_of(
    scores: Iterable[Score],
    snapshots: Iterable[Snapshot],
    ledgers: Mapping[str, Ledger],
    health: Iterable[Health],
) -> Iterator[Backtest]:
    bands = {(row.customer_id, month_of(row.month)): row.band for row in health}
    rfm = _rfm_scores(snapshots, ledgers)
    risks = {(score.customer_id, score.month): score.risk for score in scores}
    groups: dict[tuple[int, int, str], list[_Outcome]] = defaultdict(list)
    for snapshot in snapshots:
        key = (snapshot.customer_id, snapshot.month)
        risk = risks[key]
        if risk is None:
            continue
        for quarter, expected_share, share in zip(
            QUARTERS, risk.retained, snapshot.retained, strict=True
        ):
            if share is None:
                continue
            pace = 3 * snapshot.run_rate
            cents = trailing(ledgers[snapshot.customer_id].value, snapshot.month + 3 * quarter, 3)
            outcome = _Outcome(
                customer_id=snapshot.customer_id,
                run_rate=float(snapshot.run_rate),
                rfm=rfm[key],
                predicted=float(pace) * (1 - float(expected_share)),
                realized=float(pace * (1 - share)),
                expected=float(pace) * float(expected_share),
                actual=cents / 100,
            )
            for band in (bands[key], ALL_BANDS):
                groups[snapshot.month, quarter, band].append(outcome)
    for (month, quarter, band), outcomes in groups.items():
        yield _backtest(first_day(month), quarter, band, outcomes)


def _backtest(month: date, quarter: int, band: str, outcomes: Sequence[_Outcome]) -> Backtest:
    predicted = sum(outcome.predicted for outcome in outcomes)
    realized = sum(outcome.realized for outcome in outcomes)
    actual = sum(outcome.actual for outcome in outcomes)
    errors = sum(abs(outcome.expected - outcome.actual) for outcome in outcomes)
    return Backtest(
        month=month,
        quarter=quarter,
        band=band,
        customers=len(outcomes),
        predicted_loss=to_the_cent(predicted),
        realized_loss=to_the_cent(realized),
        calibration_ratio=predicted / realized if realized else None,
        expected_value=to_the_cent(sum(outcome.expected for outcome in outcomes)),
        actual_value=to_the_cent(actual),
        wape=errors / actual if actual else None,
        top_decile_capture=_captured(
            sorted(outcomes, key=lambda one: (-_ranked(one.predicted), one.customer_id))
        ),
        top_decile_capture_by_value=_captured(
            sorted(outcomes, key=lambda one: (-one.run_rate, one.customer_id))
        ),
        top_decile_capture_by_rfm=_captured(
            sorted(outcomes, key=lambda one: (-one.rfm, -one.run_rate, one.customer_id))
        ),
        spearman=_spearman(
            [_ranked(one.predicted) for one in outcomes],
            [_ranked(one.realized) for one in outcomes],
        ),
    )


def _ranked(amount: float) -> float:
    return round(amount, DECIMALS_RANKED)


def _captured(ranking: Sequence[_Outcome]) -> float | None:
    """Share of the realized loss in the first tenth."""
    realized = sum(outcome.realized for outcome in ranking)
    top = ranking[: -(-len(ranking) // 10)]
    return sum(outcome.realized for outcome in top) / realized if realized else None


def _spearman(values: Sequence[float], others: Sequence[float]) -> float | None:
    if len(set(values)) < 2 or len(set(others)) < 2:
        return None
    return float(np.corrcoef(_mean_ranks(values), _mean_ranks(others))[0, 1])


def _mean_ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _, which, counts = np.unique(list(values), return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return ranks[which]


def _rfm_scores(
    snapshots: Iterable[Snapshot], ledgers: Mapping[str, Ledger]
) -> dict[tuple[str, int], int]:
    """Recency, frequency and value by quintile among the active customers of the month."""
    by_month: dict[int, list[str]] = defaultdict(list)
    for snapshot in snapshots:
        by_month[snapshot.month].append(snapshot.customer_id)
    scores = {}
    for month, customers in by_month.items():
        traits = [_rfm(ledgers[customer_id], month) for customer_id in customers]
        ranked = [sorted(values) for values in zip(*traits, strict=True)]
        for customer_id, own in zip(customers, traits, strict=True):
            scores[customer_id, month] = sum(
                # Rounded up, the fifth that the share of those not better falls into.
                -(-QUINTILES * bisect_right(values, value) // len(values))
                for values, value in zip(ranked, own, strict=True)
            )
    return scores


def _rfm(ledger: Ledger, month: int) -> tuple[int, int, int]:
    """The more the better, each."""
    shipped = [at for fill in ledger.fills if (at := month_of(fill.shipped_on)) <= month]
    recent = sum(at > month - MONTHS_OF_FREQUENCY for at in shipped)
    return max(shipped), recent, trailing(ledger.value, month, MONTHS_OF_VALUE)
