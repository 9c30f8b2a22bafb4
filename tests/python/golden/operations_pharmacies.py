"""What becomes of cases and fills at each pharmacy."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from golden.cvar_bridge import UNASSIGNED
from golden.files import modified_at
from golden.fills import PRIMARY_CLAIM
from golden.journeys import MATURITY_DAYS
from golden.operations_known import first_of_month
from golden.signals import NORMAL_975, NORMAL_999, funnel_limits, funnel_position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from golden.core import World
    from golden.files import Record
    from golden.operations_known import Known

Key = tuple[str, "date", str]
NOBODY_LOST = (0, 0)


@dataclass(frozen=True)
class Pharmacy:
    """A pharmacy in a month with a product; medians in days, limits of the share lost."""

    pharmacy_id: str
    month: date
    product_id: str
    covered_cases: int
    mature_covered_cases: int
    lost_after_coverage: int
    lost_share: float | None
    pooled_lost_share: float | None
    funnel_lower_95: float | None
    funnel_upper_95: float | None
    funnel_lower_998: float | None
    funnel_upper_998: float | None
    funnel_position: str | None
    triaged_cases: int
    triage_to_ship_days_median: float | None
    fills: int
    delivered_fills: int
    ship_to_delivery_days_median: float | None
    reversed_fills: int
    transfers_out: int
    transfers_in: int


@dataclass
class _Tally:
    """What there is to count; days are those of each case or fill."""

    covered: int = 0
    mature: int = 0
    lost: int = 0
    triage_days: list[int] = field(default_factory=list)
    fills: int = 0
    delivery_days: list[int] = field(default_factory=list)
    reversed: int = 0
    transfers_out: int = 0
    transfers_in: int = 0


def pharmacies_of(known: Known) -> Iterator[Pharmacy]:
    tallies: dict[Key, _Tally] = defaultdict(_Tally)
    _count_cases(known, tallies)
    _count_fills(known, tallies)
    for (pharmacy_id, day, product_id), count in _reversals(known.world).items():
        tallies[_key(pharmacy_id, day, product_id)].reversed += count
    pooled: dict[tuple[date, str], tuple[int, int]] = {}
    for (_, month, product_id), tally in tallies.items():
        lost, mature = pooled.get((month, product_id), NOBODY_LOST)
        pooled[month, product_id] = lost + tally.lost, mature + tally.mature
    for key, tally in tallies.items():
        yield _pharmacy(key, tally, *pooled[key[1:]])


def _key(pharmacy_id: str | None, day: date, product_id: str | None) -> Key:
    return pharmacy_id or UNASSIGNED, first_of_month(day), product_id or UNASSIGNED


def case_pharmacies(world: World) -> dict[str, str | None]:
    """Pharmacies of cases: who was first to claim, whatever became of the claim."""
    claims: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for claim in _primary(world):
        if claim["transaction_code"] == "B1" and claim["case_id"] is not None:
            claims[claim["case_id"]].append(
                (claim["transaction_ts"], claim["sp_id"] or "", claim["rx_number"])
            )
    return {case_id: min(own)[1] or None for case_id, own in claims.items()}


def _primary(world: World) -> list[Record]:
    return [
        transaction
        for transaction in world.sources.transactions
        if transaction["payer_sequence"] in PRIMARY_CLAIM
    ]


def _count_cases(known: Known, tallies: dict[Key, _Tally]) -> None:
    pharmacies = case_pharmacies(known.world)
    mature_on = known.world.as_of - timedelta(days=MATURITY_DAYS)
    for journey in known.journeys_to_a_start:
        pharmacy_id = pharmacies.get(journey.case_id)
        if journey.coverage_ready_at:
            covered_on = journey.coverage_ready_at.date()
            tally = tallies[_key(pharmacy_id, covered_on, journey.product_id)]
            tally.covered += 1
            if covered_on <= mature_on:
                tally.mature += 1
                tally.lost += journey.outcome != "started"
        triaged = [
            step.entered_at.date()
            for step in known.steps.get(journey.case_id, ())
            if step.step == "sp_triaged"
        ]
        if journey.first_shipped_at and triaged:
            shipped_on = journey.first_shipped_at.date()
            days = max(0, (shipped_on - triaged[0]).days)
            tallies[_key(pharmacy_id, shipped_on, journey.product_id)].triage_days.append(days)


def _count_fills(known: Known, tallies: dict[Key, _Tally]) -> None:
    for fill in known.world.fills:
        tally = tallies[_key(fill.pharmacy_id, fill.shipped_on, fill.product_id)]
        tally.fills += 1
        if fill.delivered_on:
            tally.delivery_days.append(max(0, (fill.delivered_on - fill.shipped_on).days))
    for fills in known.therapies.values():
        for before, fill in pairwise(fills):
            # From or to somewhere unknown is not known to be elsewhere.
            if None not in {before.pharmacy_id, fill.pharmacy_id} and (
                before.pharmacy_id != fill.pharmacy_id
            ):
                month, product_id = fill.shipped_on, fill.product_id
                tallies[_key(before.pharmacy_id, month, product_id)].transfers_out += 1
                tallies[_key(fill.pharmacy_id, month, product_id)].transfers_in += 1


def _reversals(world: World) -> Mapping[tuple[str | None, date, str | None], int]:
    """Fills whose last payment was reversed, by day of the last reversal and product paid for."""
    paid: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    reversed_at: dict[tuple[Any, ...], datetime] = {}
    for transaction in _primary(world):
        key = (transaction["sp_id"], transaction["rx_number"], transaction["fill_number"])
        if transaction["transaction_code"] == "B2":
            at = transaction["transaction_ts"]
            reversed_at[key] = max(at, reversed_at.get(key, at))
        elif transaction["transaction_code"] == "B1" and transaction["claim_status"] == "1":
            paid[key].append(transaction)
    counts: dict[tuple[str | None, date, str | None], int] = defaultdict(int)
    for key, own in paid.items():
        last = max(own, key=_recency)
        if key in reversed_at and last["transaction_ts"] < reversed_at[key]:
            product_id = world.sources.product_by_ndc.get(last["ndc11"])
            counts[key[0], reversed_at[key].date(), product_id] += 1
    return counts


def _recency(transaction: Record) -> tuple[Any, ...]:
    return (
        transaction["transaction_ts"],
        modified_at(transaction),
        transaction["payer_sequence"] is not None,
    )


def _pharmacy(key: Key, tally: _Tally, pooled_lost: int, pooled_mature: int) -> Pharmacy:
    pooled = Fraction(pooled_lost, pooled_mature) if pooled_mature else None
    share = Fraction(tally.lost, tally.mature) if tally.mature else None
    funnel: tuple[float | None, float | None] = (None, None)
    funnel_998: tuple[float | None, float | None] = (None, None)
    position = None
    if pooled is not None and share is not None:
        limits, wide_limits = (
            funnel_limits(pooled, tally.mature, deviations)
            for deviations in (NORMAL_975, NORMAL_999)
        )
        funnel, funnel_998 = limits, wide_limits
        position = funnel_position(share, limits, wide_limits)
    return Pharmacy(
        pharmacy_id=key[0],
        month=key[1],
        product_id=key[2],
        covered_cases=tally.covered,
        mature_covered_cases=tally.mature,
        lost_after_coverage=tally.lost,
        lost_share=None if share is None else float(share),
        pooled_lost_share=None if pooled is None else float(pooled),
        funnel_lower_95=funnel[0],
        funnel_upper_95=funnel[1],
        funnel_lower_998=funnel_998[0],
        funnel_upper_998=funnel_998[1],
        funnel_position=position,
        triaged_cases=len(tally.triage_days),
        triage_to_ship_days_median=_median(tally.triage_days),
        fills=tally.fills,
        delivered_fills=len(tally.delivery_days),
        ship_to_delivery_days_median=_median(tally.delivery_days),
        reversed_fills=tally.reversed,
        transfers_out=tally.transfers_out,
        transfers_in=tally.transfers_in,
    )


def _median(days: Sequence[int]) -> float | None:
    return float(median(days)) if days else None
