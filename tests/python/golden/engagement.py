"""How much customers are touched, what more of it yields, and whether they are left in between."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.economics_panel import (
    MONTHS_OF_YEAR,
    Touches,
    panel_of,
    spine_of,
    touches_by_customer,
    year_to,
)
from golden.months import first_day, last_day, month_of
from golden.profiles import profile_on, profiles_in, states_in, version_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from golden.core import World
    from golden.ledgers import Ledger

DECILES = 10
BUSIEST_MONTHS = 3
# With as many touches as busiest months the share is 1 whatever happened.
MIN_MARKETING_TOUCHES = 4


@dataclass(frozen=True)
class Effort:
    """What a customer was touched in a year, and the starts of that year."""

    touches: int
    starts: int
    cents: int


@dataclass(frozen=True)
class Decile:
    """Customers of a month who were touched about as often as each other in the year up to it."""

    month: date
    decile: int
    customers: int
    touches: int
    fewest_touches: int
    most_touches: int
    starts: int
    starts_per_100_customers: float
    touch_cost: Decimal


def deciles_of(world: World, ledgers: Mapping[str, Ledger]) -> Iterator[Decile]:
    """Of customers seen for a year or longer: the few touches of a newcomer mean a short time."""
    touches, spine = touches_by_customer(world), spine_of(world)
    for month in panel_of(world):
        efforts = [
            _effort(touches[customer_id], ledgers[customer_id], year_to(month))
            for customer_id, months in spine.items()
            if month in months[MONTHS_OF_YEAR - 1 :]
        ]
        for decile, own in by_decile(efforts).items():
            starts = sum(effort.starts for effort in own)
            yield Decile(
                month=first_day(month),
                decile=decile,
                customers=len(own),
                touches=sum(effort.touches for effort in own),
                fewest_touches=min(effort.touches for effort in own),
                most_touches=max(effort.touches for effort in own),
                starts=starts,
                starts_per_100_customers=100 * starts / len(own),
                touch_cost=Decimal(sum(effort.cents for effort in own)) / 100,
            )


def _effort(touches: Touches, ledger: Ledger, months: range) -> Effort:
    return Effort(
        touches=sum(touches.outbound[month] for month in months),
        starts=sum(fill.is_start and month_of(fill.shipped_on) in months for fill in ledger.fills),
        cents=sum(touches.cents[month] for month in months),
    )


def by_decile(efforts: Sequence[Effort]) -> dict[int, list[Effort]]:
    """Least touched first; customers touched equally often share the lowest decile of theirs."""
    deciles: dict[int, list[Effort]] = defaultdict(list)
    fewer: dict[int, int] = {}
    for rank, effort in enumerate(sorted(efforts, key=lambda each: each.touches)):
        ahead = fewer.setdefault(effort.touches, rank)
        deciles[1 + DECILES * ahead // len(efforts)].append(effort)
    return deciles


@dataclass(frozen=True)
class Continuity:
    """A customer's year up to a month: was there an answer, did touches come all at once?"""

    customer_id: str
    month: date
    specialty: str | None
    segment: str | None
    territory: str | None
    state: str | None
    engaged_months: int
    continuity: float
    marketing_touches: int
    busiest_marketing_touches: int
    launch_and_leave: float | None


def continuities_of(world: World, extracts: Path) -> Iterator[Continuity]:
    """Every customer from the twelfth month on."""
    touches, profiles, states = (
        touches_by_customer(world),
        profiles_in(extracts),
        states_in(extracts),
    )
    for customer_id, months in spine_of(world).items():
        own = touches[customer_id]
        for month in months[MONTHS_OF_YEAR - 1 :]:
            profile = profile_on(profiles, customer_id, last_day(month))
            engaged = sum(own.two_way[each] > 0 for each in year_to(month))
            marketing = sorted(own.marketing[each] for each in year_to(month))
            busiest = sum(marketing[-BUSIEST_MONTHS:])
            yield Continuity(
                customer_id=customer_id,
                month=first_day(month),
                specialty=profile.specialty,
                segment=profile.segment,
                territory=world.sources.territory_on(customer_id, last_day(month)),
                state=version_on(states, customer_id, last_day(month), None),
                engaged_months=engaged,
                continuity=engaged / MONTHS_OF_YEAR,
                marketing_touches=sum(marketing),
                busiest_marketing_touches=busiest,
                launch_and_leave=(
                    busiest / sum(marketing) if sum(marketing) >= MIN_MARKETING_TOUCHES else None
                ),
            )
