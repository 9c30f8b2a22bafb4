"""What is known of an active customer at a month's end, and how much of the pace was kept after."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from golden.core import PROJECT_DIR
from golden.ledgers import Ledger, months_covered, trailing
from golden.months import last_day, month_of
from golden.value import QUARTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.core import World
    from golden.fills import Fill
    from golden.health import Health

BASELINE = (
    "log_run_rate",
    "log_tenure",
    "log_accrual_months",
    "log_recent_fills",
    "last_quarter_ratio",
    "last_month_ratio",
    "last_day_ratio",
    "months_since_start",
    "medicaid_share",
    "medicare_d_share",
)
SCORES = ("trust", "ease", "sentiment", "reciprocity")
DRIVERS = (*SCORES, "variability", "overdue")
COVARIATES = (*BASELINE, *DRIVERS)
MOST_MONTHS_SINCE_START = 12
MOST_OVERDUE = 5


@dataclass(frozen=True)
class Snapshot:
    """An active customer's month, as a number; covariates in the order of their names.

    `retained` is the share of the pace kept in each quarter ahead, null while not known.
    """

    customer_id: str
    month: int
    run_rate: Fraction
    covariates: tuple[float, ...]
    retained: tuple[Fraction | None, ...]

    @property
    def at_reference(self) -> tuple[float, ...]:
        """Covariates had every experience been at its promise level."""
        references = experience_references()
        return (*self.covariates[: len(BASELINE)], *(references[driver] for driver in DRIVERS))


@cache
def experience_references() -> dict[str, float]:
    with (PROJECT_DIR / "seeds" / "experience_reference.csv").open(encoding="utf-8") as seed:
        return {row["driver"]: float(row["reference"]) for row in csv.DictReader(seed)}


def snapshots_of(
    world: World, ledgers: Mapping[str, Ledger], health: Iterable[Health]
) -> Iterator[Snapshot]:
    """Every month of every active customer, by month and customer."""
    health_of = {(row.customer_id, row.month): row for row in health}
    patients = {customer_id: _patients(ledger.fills) for customer_id, ledger in ledgers.items()}
    last_month = month_of(world.last_month)
    active = [row for row in world.months if row.is_active]
    for row in sorted(active, key=lambda row: (row.month, row.customer_id)):
        month, ledger = month_of(row.month), ledgers[row.customer_id]
        run_rate = ledger.run_rate(ledger.value, month)
        yield Snapshot(
            customer_id=row.customer_id,
            month=month,
            run_rate=run_rate,
            covariates=(
                *_baseline(ledger, patients[row.customer_id], month),
                *_experience(health_of[row.customer_id, row.month]),
            ),
            retained=tuple(
                min(Fraction(1), trailing(ledger.value, end, 3) / (300 * run_rate))
                if end <= last_month
                else None
                for end in (month + 3 * quarter for quarter in QUARTERS)
            ),
        )


Patients = dict[tuple[int, str | None], set[str]]
OF_ANY_PAYER = "any"


def _patients(fills: Iterable[Fill]) -> Patients:
    """Patients with a day of the month covered, by payer type and of any."""
    patients: Patients = defaultdict(set)
    for fill in fills:
        if fill.patient is not None:
            for month in months_covered(fill):
                for payer in (fill.payer_type, OF_ANY_PAYER):
                    patients[month, payer].add(fill.patient)
    return patients


def _baseline(ledger: Ledger, patients: Patients, month: int) -> Iterator[float]:
    run_rate = ledger.run_rate(ledger.value, month)
    shipped = [month_of(fill.shipped_on) for fill in ledger.fills]
    starts = [month_of(fill.shipped_on) for fill in ledger.fills if fill.is_start]
    last_start = max((start for start in starts if start <= month), default=None)
    yield math.log1p(run_rate)
    yield math.log1p(ledger.tenure(month))
    yield math.log1p(sum(cents > 0 and at <= month for at, cents in ledger.value.items()))
    yield math.log1p(sum(month - 2 <= at <= month for at in shipped))
    yield float(trailing(ledger.value, month, 3) / (300 * run_rate))
    yield float(ledger.value[month] / (100 * run_rate))
    yield float(_last_day_cents(ledger.fills, month) * last_day(month).day / (100 * run_rate))
    yield float(
        MOST_MONTHS_SINCE_START
        if last_start is None
        else min(MOST_MONTHS_SINCE_START, month - last_start)
    )
    everyone = len(patients[month, OF_ANY_PAYER])
    for payer in ("MEDICAID", "MEDICARE_D"):
        yield len(patients[month, payer]) / everyone if everyone else 0.0


def _last_day_cents(fills: Iterable[Fill], month: int) -> int:
    """What the fills that supply a month's last day accrue on it, each rounded as its total is."""
    cents = 0
    for fill in fills:
        days = (last_day(month) - fill.shipped_on).days + 1
        if 0 < days <= fill.days_supply:
            until, before = (
                (2 * int(fill.net_value * 100) * each + fill.days_supply) // (2 * fill.days_supply)
                for each in (days, days - 1)
            )
            cents += until - before
    return cents


def _experience(health: Health) -> Iterator[float]:
    references = experience_references()
    for component in SCORES:
        score = health.scores[component]
        yield references[component] if score is None else score / 100
    yield references["variability"] if health.q_stddev is None else health.q_stddev
    yield float(min(MOST_OVERDUE, health.overdue_promises))
