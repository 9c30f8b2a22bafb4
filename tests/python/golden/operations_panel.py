"""Customers of the panel together: by organisation, and by territory and segment."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.cvar_bridge import UNASSIGNED
from golden.economics_panel import territory_at
from golden.months import last_day, month_of
from golden.profiles import profile_on, version_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from golden.core import World
    from golden.interactions import Interaction
    from golden.months import CustomerMonth
    from golden.operations_known import Known

MONTHS_OF_A_QUARTER = 3
# Two quarters to compare, after a first one of patients who had started before the extracts begin.
MONTHS_WITHOUT_CHANGE = 8


@dataclass(frozen=True)
class Worth:
    """Money of a customer's month; gross CVAR is null where the month is not calibrated."""

    customer_value: Decimal
    gross_cvar: Decimal | None


@dataclass(frozen=True)
class Organization:
    """An organisation's customers at the end of a month; moved starts stayed inside."""

    organization_id: str
    month: date
    customers: int
    active_customers: int
    writers: int
    starts: int
    accrued_value: Decimal
    customer_value: Decimal
    gross_cvar: Decimal | None
    starts_gained: int | None
    starts_lost: int | None
    starts_moved: int | None
    net_starts_lost: int | None


def organizations_of(
    known: Known, worths: Mapping[tuple[str, date], Worth]
) -> Iterator[Organization]:
    members: dict[tuple[str, date], list[CustomerMonth]] = defaultdict(list)
    for row in known.world.months:
        belongs_on = last_day(month_of(row.month))
        parent = version_on(known.parents, row.customer_id, belongs_on, None)
        _, organization_id = known.world.sources.parties(parent)
        if organization_id is not None:
            members[organization_id, row.month].append(row)
    starts = Counter(
        (fill.customer_id, month_of(fill.shipped_on)) for fill in known.world.fills if fill.is_start
    )
    for (organization_id, month), rows in members.items():
        own_worths = [worths[row.customer_id, month] for row in rows]
        gross = [worth.gross_cvar for worth in own_worths if worth.gross_cvar is not None]
        quarters = [
            (
                _starts_in_quarter(starts, row.customer_id, month_of(month)),
                _starts_in_quarter(starts, row.customer_id, month_of(month) - MONTHS_OF_A_QUARTER),
            )
            for row in rows
        ]
        gained = sum(max(0, now - before) for now, before in quarters)
        lost = sum(max(0, before - now) for now, before in quarters)
        is_compared = month_of(month) in known.world.panel[MONTHS_WITHOUT_CHANGE:]
        yield Organization(
            organization_id=organization_id,
            month=month,
            customers=len(rows),
            active_customers=sum(row.is_active for row in rows),
            writers=sum(now > 0 for now, _ in quarters),
            starts=sum(starts[row.customer_id, month_of(month)] for row in rows),
            accrued_value=sum((row.accrued_value for row in rows), Decimal(0)),
            customer_value=sum((worth.customer_value for worth in own_worths), Decimal(0)),
            gross_cvar=sum(gross, Decimal(0)) if len(gross) == len(rows) else None,
            starts_gained=gained if is_compared else None,
            starts_lost=lost if is_compared else None,
            starts_moved=min(gained, lost) if is_compared else None,
            net_starts_lost=max(0, lost - gained) if is_compared else None,
        )


def _starts_in_quarter(
    starts: Mapping[tuple[str | None, int], int], customer_id: str, month: int
) -> int:
    """Starts in the three months up to this one."""
    months = range(month - MONTHS_OF_A_QUARTER + 1, month + 1)
    return sum(starts.get((customer_id, each), 0) for each in months)


@dataclass(frozen=True)
class Reach:
    """How many customers were touched in a month, how often, and how much came back."""

    month: date
    territory: str
    segment: str
    customers: int
    reached_customers: int
    outbound_touches: int
    interactions: int
    two_way_interactions: int
    reach: float
    frequency: float | None
    two_way_share: float | None


def reaches_of(known: Known) -> Iterator[Reach]:
    touches = _by_customer_month(known.world)
    groups: dict[tuple[date, str, str], list[Sequence[Interaction]]] = defaultdict(list)
    for row in known.world.months:
        month = month_of(row.month)
        group = (
            row.month,
            territory_at(known.world, row.customer_id, month),
            profile_on(known.profiles, row.customer_id, last_day(month)).segment or UNASSIGNED,
        )
        groups[group].append(touches.get((row.customer_id, month), ()))
    for (month_begins_on, territory, segment), by_customer in groups.items():
        outbound = [sum(map(_is_outbound, own)) for own in by_customer]
        reached = sum(count > 0 for count in outbound)
        interactions = sum(map(len, by_customer))
        two_way = sum(
            touch.is_two_way or not _is_outbound(touch) for own in by_customer for touch in own
        )
        yield Reach(
            month=month_begins_on,
            territory=territory,
            segment=segment,
            customers=len(by_customer),
            reached_customers=reached,
            outbound_touches=sum(outbound),
            interactions=interactions,
            two_way_interactions=two_way,
            reach=reached / len(by_customer),
            frequency=sum(outbound) / reached if reached else None,
            two_way_share=two_way / interactions if interactions else None,
        )


def _by_customer_month(world: World) -> dict[tuple[str, int], list[Interaction]]:
    touches: dict[tuple[str, int], list[Interaction]] = defaultdict(list)
    for touch in world.interactions:
        if touch.customer_id is not None:
            touches[touch.customer_id, month_of(touch.occurred_at.date())].append(touch)
    return touches


def _is_outbound(touch: Interaction) -> bool:
    return touch.direction == "outbound"
