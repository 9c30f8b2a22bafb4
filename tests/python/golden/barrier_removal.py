"""What became, by the end of a month, of the barriers found in the year up to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.barriers import barriers_of
from golden.cases import cases_of
from golden.cvar_bridge import UNASSIGNED
from golden.economics_panel import MONTHS_OF_YEAR, panel_of, year_to
from golden.months import first_day, last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from golden.barriers import Barrier
    from golden.core import World

UNKNOWN = "unknown"
HALF = Fraction(1, 2) + Fraction(1, 10**12)
# Advice and reimbursement help are not to be rewarded by the money they bring.
NOT_PAID_BY_VALUE = frozenset({"medical", "access"})
VALUED_IN_PERSON = frozenset({"sales", "marketing", "support"})


@dataclass(frozen=True)
class Unit:
    """The company, or a part of it; `function` is the one it is or works for."""

    unit_type: str
    unit: str
    function: str | None = None


@dataclass(frozen=True)
class Removal:
    """Barriers of a unit; `value_unblocked` is null where it would tell one person's merit."""

    month: date
    unit_type: str
    unit: str
    function: str | None
    identified: int
    escalated: int
    removed: int
    removed_without_escalation: int
    withdrawn: int
    median_days: int | None
    started_after_removal: int
    value_unblocked: Decimal | None


def removals_of(world: World) -> Iterator[Removal]:
    """From the panel's first whole year on: every unit with a barrier in the year up to a month."""
    barriers = barriers_of(world.sources, cases_of(world))
    for month in panel_of(world)[MONTHS_OF_YEAR - 1 :]:
        of_units: dict[Unit, list[Barrier]] = defaultdict(list)
        for barrier in barriers:
            if month_of(barrier.identified_at.date()) in year_to(month):
                for unit in _units(barrier):
                    of_units[unit].append(barrier)
        hidden = units_without_value(of_units)
        for unit, own in of_units.items():
            yield _removal(unit, month, own, is_value_shown=unit not in hidden)


def _units(barrier: Barrier) -> Iterator[Unit]:
    yield Unit("company", "all")
    yield Unit("territory", barrier.territory or UNASSIGNED)
    yield Unit("function", barrier.function or UNKNOWN, barrier.function)
    yield Unit("person", barrier.staff_id or UNKNOWN, barrier.function)


def _removal(
    unit: Unit, month: int, barriers: Sequence[Barrier], *, is_value_shown: bool
) -> Removal:
    until = last_day(month)
    removed = [barrier for barrier in barriers if _resolution(barrier, until) == "removed"]
    unblocked = sum((barrier.value_unblocked for barrier in removed), Decimal(0))
    return Removal(
        month=first_day(month),
        unit_type=unit.unit_type,
        unit=unit.unit,
        function=unit.function,
        identified=len(barriers),
        escalated=sum(_is_over(barrier.escalated_at, until) for barrier in barriers),
        removed=len(removed),
        removed_without_escalation=sum(
            not _is_over(barrier.escalated_at, until) for barrier in removed
        ),
        withdrawn=sum(_resolution(barrier, until) == "withdrawn" for barrier in barriers),
        median_days=median_days(_duration(barrier, until) for barrier in barriers),
        started_after_removal=sum(barrier.started_after_removal for barrier in removed),
        value_unblocked=unblocked if is_value_shown else None,
    )


def _is_over(at: datetime | None, until: date) -> bool:
    return at is not None and at.date() <= until


def _resolution(barrier: Barrier, until: date) -> str | None:
    return barrier.resolution if _is_over(barrier.resolved_at, until) else None


def _duration(barrier: Barrier, until: date) -> tuple[int, bool]:
    """Days to removal, and whether that is how it ended: giving up only ends the watching."""
    resolution, ended_on = _resolution(barrier, until), until
    if barrier.resolved_at is not None and resolution in {"removed", "withdrawn"}:
        ended_on = barrier.resolved_at.date()
    # Resolved before it was found: that took no time.
    return max(0, (ended_on - barrier.identified_at.date()).days), resolution == "removed"


def median_days(durations: Iterable[tuple[int, bool]]) -> int | None:
    """First day by which, after Kaplan and Meier, half are removed; None if that never comes.

    Who is censored on a day was at risk on it.
    """
    removed: Counter[int] = Counter()
    watched: Counter[int] = Counter()
    for days, is_removed in durations:
        watched[days] += 1
        removed[days] += is_removed
    at_risk, survival = watched.total(), Fraction(1)
    for days in sorted(watched):
        survival *= 1 - Fraction(removed[days], at_risk)
        if survival <= HALF:
            return days
        at_risk -= watched[days]
    return None


def units_without_value(barriers: Mapping[Unit, Sequence[Barrier]]) -> set[Unit]:
    """Units of one month whose value is one adviser's, or tells it by what it leaves of a sum."""
    of_type: dict[str, list[Unit]] = defaultdict(list)
    for unit in barriers:
        of_type[unit.unit_type].append(unit)
    advisers = {
        barrier.staff_id
        for company in of_type["company"]
        for barrier in barriers[company]
        if barrier.function in NOT_PAID_BY_VALUE
    }
    hidden = {
        unit
        for unit in of_type["person"]
        if len(advisers) == 1 or unit.function not in VALUED_IN_PERSON
    }
    for unit_type in ("function", "territory"):
        units = of_type[unit_type]
        own = {unit for unit in units if _is_of_one_adviser(barriers[unit])}
        if len(own) == 1:
            others = [unit for unit in units if unit not in own]
            others.sort(
                key=lambda unit: (
                    unit.function not in NOT_PAID_BY_VALUE,
                    len(barriers[unit]),
                    unit.unit,
                )
            )
            own.update(others[:1])
        hidden |= own
    return hidden


def _is_of_one_adviser(barriers: Iterable[Barrier]) -> bool:
    owners = {(barrier.staff_id, barrier.function) for barrier in barriers}
    return len(owners) == 1 and all(function in NOT_PAID_BY_VALUE for _, function in owners)
