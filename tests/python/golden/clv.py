"""Customer lifetime value: margin so far, what winning the customer cost, and what history adds."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from golden.core import PROJECT_DIR
from golden.ledgers import Ledger, to_the_cent
from golden.months import month_of
from golden.value import QUARTERS, discount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from golden.core import World
    from golden.covariates import Snapshot
    from golden.interactions import Interaction

QUARTERS_AHEAD = 12


@dataclass(frozen=True)
class LifetimeValue:
    """A customer's month; `residual` and `clv` are null where retention is not known yet."""

    customer_id: str
    month: date
    margin_to_date: float
    acquisition_cost: float
    residual: float | None
    clv: float | None


def lifetime_values_of(
    world: World, ledgers: Mapping[str, Ledger], snapshots: Iterable[Snapshot]
) -> Iterator[LifetimeValue]:
    """Every customer-month of the panel."""
    seen = _retained_shares_seen(ledgers, snapshots)
    costs = _acquisition_costs(world.interactions, ledgers)

    @cache
    def factor(band: int, month: int) -> float | None:
        """Of the band, or the nearest younger one of which every quarter ahead is known."""
        younger = [lowest for lowest in _lowest_months_of_bands() if lowest <= band]
        factors = (_quarters_of_margin(seen, lowest, month) for lowest in reversed(younger))
        return next((known for known in factors if known is not None), None)

    for row in world.months:
        month, ledger = month_of(row.month), ledgers[row.customer_id]
        margin = sum(cents for at, cents in ledger.margin.items() if at <= month) / 100
        cost = sum(cents for at, cents in costs[row.customer_id].items() if at <= month) / 100
        residual: float | None = 0.0
        if row.is_active:
            quarters = factor(tenure_band(ledger.tenure(month)), month)
            run_rate = float(ledger.run_rate(ledger.margin, month))
            residual = None if quarters is None else to_the_cent(3 * run_rate * quarters)
        yield LifetimeValue(
            customer_id=row.customer_id,
            month=row.month,
            margin_to_date=margin,
            acquisition_cost=cost,
            residual=residual,
            clv=None if residual is None else margin - cost + residual,
        )


@cache
def _lowest_months_of_bands() -> list[int]:
    """Each of them stands for its band, the youngest first."""
    with (PROJECT_DIR / "seeds" / "tenure_bands.csv").open(encoding="utf-8") as seed:
        return sorted(int(row["lowest_months"]) for row in csv.DictReader(seed))


def tenure_band(months: int) -> int:
    return max(lowest for lowest in _lowest_months_of_bands() if lowest <= months)


# By tenure band and quarter ahead: the months in which shares became known, with these.
SharesSeen = dict[tuple[int, int], list[tuple[int, float]]]


def _retained_shares_seen(
    ledgers: Mapping[str, Ledger], snapshots: Iterable[Snapshot]
) -> SharesSeen:
    seen: SharesSeen = defaultdict(list)
    for snapshot in snapshots:
        band = tenure_band(ledgers[snapshot.customer_id].tenure(snapshot.month))
        for quarter, share in zip(QUARTERS, snapshot.retained, strict=True):
            if share is not None:
                seen[band, quarter].append((snapshot.month + 3 * quarter, float(share)))
    return seen


def _quarters_of_margin(seen: SharesSeen, band: int, month: int) -> float | None:
    """Today's worth of all quarters ahead, a quarter of margin at today's pace being one."""
    retained = []
    for quarter in QUARTERS:
        known = [share for at, share in seen.get((band, quarter), ()) if at <= month]
        if not known:
            return None
        retained.append(math.fsum(known) / len(known))
    while len(retained) < QUARTERS_AHEAD:
        third, fourth = retained[2:4]
        retained.append(retained[-1] * fourth / third if third else 0.0)
    return math.fsum(discount(at) * share for at, share in enumerate(retained, start=1))


def _acquisition_costs(
    interactions: Iterable[Interaction], ledgers: Mapping[str, Ledger]
) -> Mapping[str, Counter[int]]:
    """Cents by customer and month spent on touches before the day of the first fill."""
    costs: dict[str, Counter[int]] = defaultdict(Counter)
    for touch in interactions:
        if touch.customer_id is None or touch.direction != "outbound":
            continue
        day = touch.occurred_at.date()
        fills = ledgers[touch.customer_id].fills
        if not fills or day < fills[0].shipped_on:
            cents = (touch.touch_cost or Decimal(0)) * 100
            costs[touch.customer_id][month_of(day)] += int(cents)
    return costs
