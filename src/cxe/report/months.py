"""Months in a row, such as those that a block is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxe.report.answers import Column
from cxe.report.formats import months_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source


@dataclass(frozen=True)
class Months:
    """Months in a row.

    Attributes:
        since: first day.
        until: last day.
        count: how many they are.
        none: what to say where they are none.
    """

    since: date
    until: date
    count: int
    none: str = "no complete month"

    def __str__(self) -> str:
        """For a sentence: `Jan 2025 to Dec 2025`."""
        return months_text([self.since, self.until]) if self.count else self.none

    def holds(self, column: str) -> str:
        """SQL that is true for instants and days of a column that lie in these months."""
        return f"{column} >= date '{self.since}' and {column} < date '{self.until}' + 1"


# In which nothing happened.
_NO_MONTH = Months(date(1900, 1, 1), date(1900, 1, 31), 0)
_NONE_MATURE = replace(_NO_MONTH, none="in months old enough to judge (none is yet)")


def span(rows: Sequence[Row]) -> str:
    """From when to when rows speak, for a sentence."""
    return months_text([row["month"] for row in rows])


def last_months(source: Source, many: int) -> Months:
    """The newest months; a world without a complete one has a span in which nothing happened."""
    return months_of(source.months[-many:]) or _NO_MONTH


def last_year(source: Source) -> Months:
    """The newest twelve months of the panel; fewer in a world that has no more."""
    as_of: date = source.run["as_of_date"]
    return months_of(source.months[-12:]) or Months(as_of.replace(day=1), as_of, 1)


def mature_year(source: Source) -> Months:
    """The newest twelve months all of whose cases are old enough to judge.

    Args:
        source: the published version.

    Returns:
        Fewer months in a world that has no more; those of no case where none is old enough.
    """
    mature = source.read(
        """
        select months.month
        from marts.dim_months as months
        where not exists (
            select 1 from marts.fct_fulfillment_journeys as cases
            where not cases.is_mature and cases.received_at < months.month + interval 1 month
        )
        order by months.month desc
        limit 12
        """,
        [Column("month", "Month", "month")],
    )
    return months_of([row["month"] for row in mature.rows]) or _NONE_MATURE


def months_back(source: Source, days: int) -> Months:
    """All months of the panel that ended so many days before the as-of date."""
    as_of = source.run["as_of_date"]
    ended = ((month, months_of([month]) or _NO_MONTH) for month in source.months)
    old = [month for month, of in ended if of.until + timedelta(days=days) <= as_of]
    return months_of(old) or _NONE_MATURE


def whole_quarters(found: Sequence[date], many: int) -> Months:
    """The newest whole quarters of months in a row.

    Args:
        found: first days of the months, in order.
        many: quarters at most; fewer, or a span in which nothing happened, where there are no more.
    """
    begun = [month for month in found if month.month % 3 == 1]
    ended = [month for month in found if month.month % 3 == 0]
    whole = [month for month in found if begun and ended and begun[0] <= month <= ended[-1]]
    return months_of(whole[-3 * many :]) or _NO_MONTH


def with_quarters(answer: Answer) -> Answer:
    """Quarters in words that sort as they follow each other."""
    days = {row["quarter"] for row in answer.rows}
    return answer.named("quarter", {day: f"{day.year} Q{(day.month + 2) // 3}" for day in days})


def months_of(found: Sequence[date]) -> Months | None:
    """From the first to the last of some months, given by their first days."""
    if not found:
        return None
    last = max(found)
    following = last.replace(year=last.year + last.month // 12, month=last.month % 12 + 1)
    return Months(min(found), following - timedelta(days=1), len(found))
