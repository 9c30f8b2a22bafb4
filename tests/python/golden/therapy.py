"""How long a patient stays on therapy: supply carried over from fill to fill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GRACE_DAYS = 45
TREATMENT_PERIOD_DAYS = 365
SHORTEST_TREATMENT_PERIOD_DAYS = 91


@dataclass(frozen=True)
class Supply:
    """A fill's days from `begins_on` to the day before `ends_on`: after those of the one before."""

    shipped_on: date
    begins_on: date
    ends_on: date


def carried_over(fills: Iterable[tuple[date, int]]) -> list[Supply]:
    """Supplies of fills given as ship date and days of supply, in the order they shipped."""
    supplies: list[Supply] = []
    for shipped_on, days in fills:
        begins_on = max(shipped_on, supplies[-1].ends_on) if supplies else shipped_on
        supplies.append(Supply(shipped_on, begins_on, begins_on + timedelta(days=days)))
    return supplies


def stopped_on(supplies: Sequence[Supply], as_of: date) -> date | None:
    """End of the first supply that was followed by too long a gap."""
    next_shipped = [later.shipped_on for _, later in pairwise(supplies)]
    for supply, until in zip(supplies, [*next_shipped, as_of], strict=True):
        if (until - supply.ends_on).days > GRACE_DAYS:
            return supply.ends_on
    return None


def persistent_on(supplies: Sequence[Supply], days: int, as_of: date) -> date | None:
    """The day `days` after the first fill, if the therapy is known to have gone on until then.

    A gap still open at `as_of` is not known to be bridged: it counts once supply or fill follow.
    """
    reached_on = supplies[0].shipped_on + timedelta(days=days)
    stop = stopped_on(supplies, as_of)
    goes_on = supplies[-1].ends_on >= reached_on or supplies[-1].shipped_on >= reached_on
    if reached_on > as_of or (stop is not None and stop < reached_on) or not goes_on:
        return None
    return reached_on


def proportion_of_days_covered(supplies: Sequence[Supply], last_day: date) -> float | None:
    """Share of the treatment period, first fill to `last_day`, that the supplies cover.

    Null by the rules of PQA: fills on fewer than two days of the period, or a period too short.
    """
    first_day = supplies[0].shipped_on
    period = (last_day - first_day).days + 1
    days_shipped = {supply.shipped_on for supply in supplies if supply.shipped_on <= last_day}
    if len(days_shipped) < 2 or period < SHORTEST_TREATMENT_PERIOD_DAYS:
        return None
    after = last_day + timedelta(days=1)
    covered = sum(
        (min(supply.ends_on, after) - min(supply.begins_on, after)).days for supply in supplies
    )
    return covered / period
