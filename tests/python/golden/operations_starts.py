"""Starts by week, product and territory beside what was aimed at."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.core import PROJECT_DIR
from golden.cvar_bridge import UNASSIGNED
from golden.economics_panel import territory_on
from golden.months import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from golden.core import World
    from golden.fills import Fill
    from golden.operations_known import Known

WEEK = timedelta(days=7)
# Who had started before the extracts begin seems to start in the first of them.
MONTHS_OF_PATIENTS_BEFORE = 3
START_TARGETS = PROJECT_DIR / "seeds" / "start_targets.csv"


@dataclass(frozen=True)
class WeekOfStarts:
    """Starts of a product in a territory and the week that begins on a Monday."""

    week: date
    product_id: str
    territory: str
    starts: int
    new_starts: int
    restarts: int
    other_starts: int
    paid_starts: int
    free_starts: int
    target_starts: float | None
    attainment: float | None


@dataclass(frozen=True)
class Target:
    """Starts aimed at per week from a day on; without a territory in each that has no own."""

    product_name: str
    territory: str | None
    valid_from: date
    weekly_starts: Decimal


def start_targets() -> list[Target]:
    with START_TARGETS.open(encoding="utf-8", newline="") as seed:
        return [
            Target(
                product_name=row["product_name"],
                territory=row["territory"] or None,
                valid_from=date.fromisoformat(row["valid_from"]),
                weekly_starts=Decimal(row["weekly_starts"]),
            )
            for row in csv.DictReader(seed)
        ]


def weeks_of_starts(known: Known, targets: Sequence[Target]) -> Iterator[WeekOfStarts]:
    """Every week that is over since the first start of a product, with starts or without."""
    world = known.world
    begun = list(world.panel[MONTHS_OF_PATIENTS_BEFORE:])
    counted_from = first_day(begun[0]) if begun else date.max
    shipped: dict[tuple[str, str], dict[date, list[Fill]]] = defaultdict(lambda: defaultdict(list))
    first_week: dict[str, date] = {}
    for fill in world.fills:
        is_counted = monday_of(fill.shipped_on) >= counted_from
        if fill.is_start and fill.product_id is not None and is_counted:
            territory = territory_on(world, fill.customer_id, fill.shipped_on)
            week = monday_of(fill.shipped_on)
            shipped[fill.product_id, territory][week].append(fill)
            first_week[fill.product_id] = min(week, first_week.get(fill.product_id, week))
    of_product = _by_product(world, targets)
    for product_id, own in of_product.items():
        for target in own:
            if target.territory is not None:
                shipped.setdefault((product_id, target.territory), defaultdict(list))
    for (product_id, territory), by_week in shipped.items():
        week = first_week.get(product_id, world.as_of)
        while week + WEEK - timedelta(days=1) <= world.as_of:
            yield _week(
                known,
                week,
                product_id,
                territory,
                by_week.get(week, []),
                target_in_force(of_product.get(product_id, []), territory, week),
            )
            week += WEEK


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _by_product(world: World, targets: Sequence[Target]) -> Mapping[str, list[Target]]:
    """Targets of the products that have the name."""
    return {
        product["Id"]: [target for target in targets if target.product_name == product["Name"]]
        for product in world.sources.live("product_vod__c")
    }


def target_in_force(targets: Sequence[Target], territory: str, week: date) -> Decimal | None:
    """The newest of the territory, else of all; nobody aims at starts nobody is assigned to."""
    for named in (territory, None) if territory != UNASSIGNED else ():
        begun = [
            target for target in targets if target.territory == named and target.valid_from <= week
        ]
        if begun:
            return max(begun, key=lambda target: target.valid_from).weekly_starts
    return None


def _week(
    known: Known,
    week: date,
    product_id: str,
    territory: str,
    starts: Sequence[Fill],
    target: Decimal | None,
) -> WeekOfStarts:
    cases = [known.cases.get(fill.case_id or "") for fill in starts]
    types = [case.case_type if case else None for case in cases]
    paid = sum(fill.net_value > 0 for fill in starts)
    return WeekOfStarts(
        week=week,
        product_id=product_id,
        territory=territory,
        starts=len(starts),
        new_starts=types.count("NEW"),
        restarts=types.count("RESTART"),
        other_starts=sum(case_type not in {"NEW", "RESTART"} for case_type in types),
        paid_starts=paid,
        free_starts=len(starts) - paid,
        target_starts=None if target is None else float(target),
        attainment=len(starts) / float(target) if target else None,
    )
