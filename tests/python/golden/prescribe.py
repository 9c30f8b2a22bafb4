"""The path to prescribe: how far each customer has come with each product."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from golden.cases import earliest, end_of_day
from golden.months import accrued_cents, first_day, is_writer_silent, last_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from golden.cases import Case
    from golden.core import World
    from golden.fills import Fill
    from golden.interactions import Interaction

STARTS_TO_ADOPT = 3
DAYS_TO_ADOPT = 180
MONTHS_TO_LAPSE = 3
LOYAL_MONTHS = 12


@dataclass(frozen=True)
class PrescribeJourney:
    """Stages of a customer with a product, each with when it was reached; null if it was not."""

    customer_id: str
    product_id: str
    reached_at: datetime | None
    engaged_at: datetime | None
    first_prescription_at: datetime | None
    first_start_at: datetime | None
    adopted_at: datetime | None
    loyal_at: datetime | None
    lapsed_at: datetime | None
    is_writer_silent: bool

    @property
    def stage(self) -> str:
        """What stands now: a loss if there is one, else the highest stage reached."""
        if self.lapsed_at:
            return "lapsed"
        if self.is_writer_silent:
            return "writer_silent"
        for stage, reached_at in (
            ("loyal", self.loyal_at),
            ("adopted", self.adopted_at),
            ("started", self.first_start_at),
            ("prescribed", self.first_prescription_at),
            ("engaged", self.engaged_at),
            ("reached", self.reached_at),
        ):
            if reached_at:
                return stage
        return "none"


def prescribe_journeys_of(world: World, cases: Mapping[str, Case]) -> Iterator[PrescribeJourney]:
    """Every customer and product with an interaction, a hub case or a fill between them."""
    touches: dict[str, list[Interaction]] = defaultdict(list)
    pairs: set[tuple[str | None, str | None]] = set()
    fills: dict[tuple[str | None, str | None], list[Fill]] = defaultdict(list)
    received: dict[tuple[str | None, str | None], list[datetime]] = defaultdict(list)
    for touch in world.interactions:
        pairs.add((touch.customer_id, touch.product_id))
        if touch.customer_id is not None:
            touches[touch.customer_id].append(touch)
    for fill in world.fills:
        pairs.add((fill.customer_id, fill.product_id))
        fills[fill.customer_id, fill.product_id].append(fill)
    for case in cases.values():
        pairs.add((case.customer_id, case.product_id))
        if case.case_type == "NEW":
            received[case.customer_id, case.product_id].append(case.received_at)
    last_month = month_of(world.last_month)
    for customer_id, product_id in pairs:
        if customer_id is None or product_id is None:
            continue
        met = [touch for touch in touches[customer_id] if touch.product_id in {None, product_id}]
        filled = fills[customer_id, product_id]
        starts = sorted(fill.shipped_on for fill in filled if fill.is_start)
        yield PrescribeJourney(
            customer_id=customer_id,
            product_id=product_id,
            reached_at=earliest(
                touch.occurred_at for touch in met if touch.direction == "outbound"
            ),
            engaged_at=earliest(touch.occurred_at for touch in met if touch.is_two_way),
            first_prescription_at=earliest(received[customer_id, product_id]),
            first_start_at=_end_of(starts[0] if starts else None),
            adopted_at=_end_of(_adopted_on(starts)),
            loyal_at=_end_of(_loyal_on(filled, last_month)),
            lapsed_at=_end_of(_lapsed_on(filled, last_month)),
            is_writer_silent=is_writer_silent(starts, last_day(last_month)),
        )


def _end_of(day: date | None) -> datetime | None:
    return end_of_day(day) if day else None


def _adopted_on(starts: Sequence[date]) -> date | None:
    """The first start that is the third within the days to adopt."""
    for first, third in zip(starts, starts[STARTS_TO_ADOPT - 1 :], strict=False):
        if (third - first).days <= DAYS_TO_ADOPT:
            return third
    return None


def _loyal_on(fills: Iterable[Fill], last_month: int) -> date | None:
    """Last day of the first month whose trailing year is covered enough for one patient."""
    by_patient: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        if fill.patient is not None:
            by_patient[fill.patient].append(fill)
    months = [
        month
        for of_patient in by_patient.values()
        if (month := _first_loyal_month(_covered_days(of_patient), last_month)) is not None
    ]
    return last_day(min(months)) if months else None


def _covered_days(fills: Iterable[Fill]) -> Counter[int]:
    """Different days covered, by month; overlapping supplies are not carried over."""
    days = {
        fill.shipped_on + timedelta(days=number)
        for fill in fills
        for number in range(fill.days_supply)
    }
    return Counter(month_of(day) for day in days)


def _first_loyal_month(covered: Counter[int], last_month: int) -> int | None:
    for month in range(min(covered), last_month + 1):
        trailing = range(month - LOYAL_MONTHS + 1, month + 1)
        days = (last_day(month) - first_day(trailing[0])).days + 1
        # At least 80 %, in whole numbers.
        if 5 * sum(covered[each] for each in trailing) >= 4 * days:
            return month
    return None


def _lapsed_on(fills: Sequence[Fill], last_month: int) -> date | None:
    """End of the months without value that follow the last one with value, once they are over."""
    with_value = [
        month for month, cents in accrued_cents(fills).items() if cents > 0 and month <= last_month
    ]
    if not with_value or max(with_value) + MONTHS_TO_LAPSE > last_month:
        return None
    return last_day(max(with_value) + MONTHS_TO_LAPSE)
