"""Brand-defining moments: each occurrence, and how the fourteen days after it went."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.cases import end_of_day, start_of_day
from golden.customers import happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.barriers import Barrier
    from golden.cases import Case
    from golden.core import World
    from golden.interactions import Interaction
    from golden.observations import Observation
    from golden.promises import Promise

WINDOW = timedelta(days=14)
GOOD_ENOUGH = Fraction(6, 10)
MOMENT_OF_CASE_TYPE = {"Complaint": "complaint", "Adverse Event": "adverse_event_report"}


@dataclass(frozen=True)
class Moment:
    """A moment of a known customer; promises and mean q are those of the days after it."""

    moment: str
    record_id: str
    customer_id: str
    territory: str | None
    occurred_at: datetime
    outcome: str
    promises_settled: int
    promises_broken: int
    mean_q: float | None
    is_window_over: bool


Occurrence = tuple[str, str, str | None, datetime]


def moments_of(
    world: World,
    cases: Mapping[str, Case],
    promises: Iterable[Promise],
    barriers: Iterable[Barrier],
    observations: Iterable[Observation],
) -> list[Moment]:
    """Every moment by `as_of`."""
    promises_to: dict[str, list[Promise]] = defaultdict(list)
    for promise in promises:
        if promise.customer_id is not None:
            promises_to[promise.customer_id].append(promise)
    observed: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        if observation.customer_id is not None:
            observed[observation.customer_id].append(observation)
    occurrences = [
        *_of_cases(cases),
        *_of_support_cases(world),
        *_of_escalations(barriers),
        *_of_first_inquiries(world),
        *_of_first_calls_after_broken_promises(world, promises_to),
    ]
    return [
        _moment(world, occurrence, customer_id, promises_to[customer_id], observed[customer_id])
        for occurrence in occurrences
        if (customer_id := occurrence[2]) is not None
    ]


def _moment(
    world: World,
    occurrence: Occurrence,
    customer_id: str,
    promises: list[Promise],
    observations: list[Observation],
) -> Moment:
    moment, record_id, _, occurred_at = occurrence
    window_ends = occurred_at + WINDOW
    settled = [
        promise
        for promise in promises
        if promise.settled_at is not None and occurred_at < promise.settled_at <= window_ends
    ]
    broken = [promise for promise in settled if promise.status == "broken"]
    felt = [
        observation for observation in observations if occurred_at < observation.at <= window_ends
    ]
    weight = sum((observation.weight for observation in felt), Fraction(0))
    mean_q = (
        sum(observation.weight * observation.q for observation in felt) / weight if weight else None
    )
    if broken or (mean_q is not None and mean_q < GOOD_ENOUGH):
        outcome = "missed"
    elif not settled and mean_q is None:
        outcome = "unseen"
    else:
        outcome = "upheld"
    return Moment(
        moment=moment,
        record_id=record_id,
        customer_id=customer_id,
        territory=world.sources.territory_on(customer_id, occurred_at.date()),
        occurred_at=occurred_at,
        outcome=outcome,
        promises_settled=len(settled),
        promises_broken=len(broken),
        mean_q=None if mean_q is None else float(mean_q),
        is_window_over=window_ends <= end_of_day(world.as_of),
    )


def _mean_q(observations: list[Observation]) -> Fraction | None:
    weight = sum((observation.weight for observation in observations), Fraction(0))
    weighted = (observation.weight * observation.q for observation in observations)
    return sum(weighted, Fraction(0)) / weight if weight else None


def _of_cases(cases: Mapping[str, Case]) -> Iterator[Occurrence]:
    for case in cases.values():
        for request in case.prior_auths:
            if request.result == "denied" and request.response_at is not None:
                yield "pa_denial", request.pa_id, case.customer_id, request.response_at
        if case.first_fill is not None:
            shipped_at = start_of_day(case.first_fill.shipped_on)
            yield "first_shipment", case.case_id, case.customer_id, shipped_at


def _of_support_cases(world: World) -> Iterator[Occurrence]:
    for case in world.sources.live("case"):
        moment = MOMENT_OF_CASE_TYPE.get(case["Type"])
        if moment and happened(case["CreatedDate"], world.as_of):
            customer_id, _ = world.sources.parties(case["AccountId"])
            yield moment, case["Id"], customer_id, case["CreatedDate"]


def _of_escalations(barriers: Iterable[Barrier]) -> Iterator[Occurrence]:
    for barrier in barriers:
        if barrier.escalated_at is not None:
            yield (
                "barrier_escalation",
                barrier.barrier_id,
                barrier.customer_id,
                barrier.escalated_at,
            )


def _of_first_inquiries(world: World) -> Iterator[Occurrence]:
    for customer_id, inquiries in _by_customer(world, "inquiry").items():
        first = inquiries[0]
        yield "first_inquiry", first.record_id, customer_id, first.occurred_at


def _of_first_calls_after_broken_promises(
    world: World, promises_to: Mapping[str, list[Promise]]
) -> Iterator[Occurrence]:
    for customer_id, calls in _by_customer(world, "call").items():
        broke = [
            promise.settled_at
            for promise in promises_to.get(customer_id, ())
            if promise.status == "broken" and promise.settled_at is not None
        ]
        previous_call_at = None
        for call in calls:
            at = call.occurred_at
            if at != previous_call_at and any(
                broke_at < at and (previous_call_at is None or broke_at >= previous_call_at)
                for broke_at in broke
            ):
                yield "first_call_after_broken_promise", call.record_id, customer_id, at
            previous_call_at = at


def _by_customer(world: World, kind: str) -> dict[str, list[Interaction]]:
    """Interactions of one type by customer, in order of time, then record."""
    by_customer: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in world.interactions:
        if interaction.type == kind and interaction.customer_id is not None:
            by_customer[interaction.customer_id].append(interaction)
    for interactions in by_customer.values():
        interactions.sort(key=lambda interaction: (interaction.occurred_at, interaction.record_id))
    return by_customer
