"""Customer value: what was realized, what is to come at this pace, and what is under way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from golden.ledgers import Ledger, to_the_cent
from golden.months import last_day, month_of
from golden.pipeline_value import NO_PIPELINE, Pipeline
from golden.profiles import Histories, Profile, profile_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from golden.core import World

QUARTERS = (1, 2, 3, 4)
DISCOUNT_RATE = 0.10
HEADROOM_PERCENTILE = 0.75


@dataclass(frozen=True)
class Value:
    """A customer's month; `month` is its first day, `headroom` null without anyone to compare."""

    customer_id: str
    month: date
    forward_value: float
    pipeline_value: float
    open_cases: int
    unpriced_cases: int
    customer_value: float
    headroom: float | None


def discount(quarter: int) -> float:
    """Of money that comes, in the middle of its quarter, so many quarters ahead."""
    return float((1 + DISCOUNT_RATE) ** (-(3 * quarter - 1.5) / 12))


def values_of(
    world: World,
    ledgers: Mapping[str, Ledger],
    pipelines: Mapping[tuple[str, int], Pipeline],
    histories: Histories,
) -> Iterator[Value]:
    """Every customer-month of the panel."""

    def profile(customer_id: str, month: date) -> Profile:
        return profile_on(histories, customer_id, last_day(month_of(month)))

    run_rates: dict[tuple[date, Profile], list[float]] = defaultdict(list)
    for row in world.months:
        if row.is_active:
            run_rates[row.month, profile(row.customer_id, row.month)].append(row.run_rate)
    high = {peers: np.quantile(own, HEADROOM_PERCENTILE) for peers, own in run_rates.items()}
    for row in world.months:
        month = month_of(row.month)
        ledger = ledgers[row.customer_id]
        forward = 0.0
        if row.is_active:
            rate = float(ledger.run_rate(ledger.value, month))
            forward = to_the_cent(sum(3 * rate * discount(quarter) for quarter in QUARTERS))
        pipeline = pipelines.get((row.customer_id, month), NO_PIPELINE)
        own_profile = profile(row.customer_id, row.month)
        peers = (row.month, own_profile)
        yield Value(
            customer_id=row.customer_id,
            month=row.month,
            forward_value=forward,
            pipeline_value=pipeline.value,
            open_cases=pipeline.open_cases,
            unpriced_cases=pipeline.unpriced_cases,
            customer_value=float(row.realized_value) + forward + pipeline.value,
            headroom=(
                max(0.0, float(high[peers]) - row.run_rate)
                if own_profile.is_known and peers in high
                else None
            ),
        )
