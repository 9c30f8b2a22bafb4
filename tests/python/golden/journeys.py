"""The path to fulfilment: one row per hub case, assembled from chains, steps and therapy."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from golden.cases import ABANDONED, earliest, end_of_day, prior_auths_of
from golden.chains import chains_by_case
from golden.therapy import (
    TREATMENT_PERIOD_DAYS,
    Supply,
    carried_over,
    persistent_on,
    proportion_of_days_covered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from golden.cases import Case
    from golden.chains import Chain
    from golden.core import World
    from golden.fills import Fill
    from golden.steps import Step

MATURITY_DAYS = 90


@dataclass(frozen=True)
class Journey:
    """A hub case from receipt to therapy; times are UTC instants, null for what has not happened.

    `pa_*` count request chains with their appeals; `days_*` from instant to instant are fractions
    of days, negative out of order, `days_received_to_delivered` whole days from 0 on.
    """

    case_id: str
    customer_id: str | None
    product_id: str | None
    territory: str | None
    case_type: str
    payer_type: str | None
    referral_source: str | None
    pharmacy_id: str | None
    received_at: datetime
    enrolled_at: datetime | None
    benefits_verified_at: datetime | None
    pa_submitted_at: datetime | None
    pa_decided_at: datetime | None
    coverage_ready_at: datetime | None
    first_shipped_at: datetime | None
    first_delivered_at: datetime | None
    second_fill_at: datetime | None
    persistent_90d: datetime | None
    persistent_180d: datetime | None
    persistent_365d: datetime | None
    closed_at: datetime | None
    outcome: str
    is_start_journey: bool
    is_abandoned: bool
    is_mature: bool
    is_unfulfilled: bool | None
    pa_attempts: int
    appeals: int
    pa_chains: int
    pa_chains_final: int
    pa_chains_approved: int
    pa_first_responses: int
    pa_first_passes: int
    rework_loops: int
    handoffs: int
    high_risk_handoffs: int
    functions_involved: int
    days_received_to_enrolled: float | None
    days_enrolled_to_benefits_verified: float | None
    days_benefits_verified_to_pa_submitted: float | None
    days_pa_submitted_to_pa_decided: float | None
    days_coverage_ready_to_shipped: float | None
    days_shipped_to_delivered: float | None
    days_received_to_delivered: int | None
    pdc: float | None
    milestone_fault: str | None


def journeys_of(
    world: World, cases: Mapping[str, Case], steps: Mapping[str, Sequence[Step]]
) -> Iterator[Journey]:
    chains = chains_by_case(prior_auths_of(cases))
    fills: dict[tuple[str, str | None], list[Fill]] = defaultdict(list)
    for fill in world.fills:
        if fill.patient is not None:
            fills[fill.patient, fill.product_id or fill.ndc].append(fill)
    for case in cases.values():
        therapy: Sequence[Fill] = ()
        if first := case.first_fill:
            of_therapy: Sequence[Fill] = case.fills
            if first.patient is not None:
                of_therapy = fills[first.patient, first.product_id or first.ndc]
            therapy = [fill for fill in of_therapy if fill.shipped_on >= first.shipped_on]
        yield _journey(
            world, case, chains.get(case.case_id, ()), steps.get(case.case_id, ()), therapy
        )


def _journey(
    world: World,
    case: Case,
    chains: Sequence[Chain],
    steps: Sequence[Step],
    therapy: Sequence[Fill],
) -> Journey:
    supplies = carried_over((fill.shipped_on, fill.days_supply) for fill in therapy)
    ships = [end_of_day(fill.shipped_on) for fill in case.fills]
    decided = [chain for chain in chains if chain.decided_at]
    answered = [
        chain.first_request
        for chain in chains
        if chain.first_request and chain.first_request.is_decided
    ]
    received_on = case.received_at.date()
    is_mature = received_on <= world.as_of - timedelta(days=MATURITY_DAYS)
    delivered_on = case.first_delivered_on
    first_shipped_at = ships[0] if ships else None
    first_delivered_at = end_of_day(delivered_on) if delivered_on else None
    pa_decided_at = earliest(chain.decided_at for chain in decided)

    def persistent_at(days: int) -> datetime | None:
        day = persistent_on(supplies, days, world.as_of) if supplies else None
        return end_of_day(day) if day else None

    return Journey(
        case_id=case.case_id,
        customer_id=case.customer_id,
        product_id=case.product_id,
        territory=world.sources.territory_on(case.customer_id, received_on),
        case_type=case.case_type,
        payer_type=case.payer_type,
        referral_source=case.referral_source.lower() if case.referral_source else None,
        pharmacy_id=case.first_fill.pharmacy_id if case.first_fill else None,
        received_at=case.received_at,
        enrolled_at=case.enrolled_at,
        benefits_verified_at=case.benefits_verified_at,
        pa_submitted_at=case.pa_submitted_at,
        pa_decided_at=pa_decided_at,
        coverage_ready_at=case.coverage_ready_at,
        first_shipped_at=first_shipped_at,
        first_delivered_at=first_delivered_at,
        second_fill_at=ships[1] if len(ships) > 1 else None,
        persistent_90d=persistent_at(90),
        persistent_180d=persistent_at(180),
        persistent_365d=persistent_at(365),
        closed_at=case.closed_at,
        outcome=case.outcome,
        is_start_journey=case.is_start_journey,
        is_abandoned=case.outcome in ABANDONED,
        is_mature=is_mature,
        is_unfulfilled=(case.outcome != "started" if is_mature and case.is_start_journey else None),
        pa_attempts=len(case.prior_auths),
        appeals=sum(request.parent_pa_id is not None for request in case.prior_auths),
        pa_chains=len(chains),
        pa_chains_final=len(decided),
        pa_chains_approved=sum(chain.last.is_approved for chain in decided),
        pa_first_responses=len(answered),
        pa_first_passes=sum(request.is_approved for request in answered),
        rework_loops=sum(step.is_rework for step in steps),
        handoffs=sum(step.is_handoff for step in steps),
        high_risk_handoffs=sum(step.is_high_risk_handoff for step in steps),
        functions_involved=len({step.owner_org for step in steps} - {None}),
        days_received_to_enrolled=_days(case.received_at, case.enrolled_at),
        days_enrolled_to_benefits_verified=_days(case.enrolled_at, case.benefits_verified_at),
        days_benefits_verified_to_pa_submitted=_days(
            case.benefits_verified_at, case.pa_submitted_at
        ),
        days_pa_submitted_to_pa_decided=_days(case.pa_submitted_at, pa_decided_at),
        days_coverage_ready_to_shipped=_days(case.coverage_ready_at, first_shipped_at),
        days_shipped_to_delivered=_days(first_shipped_at, first_delivered_at),
        days_received_to_delivered=(
            max(0, (delivered_on - received_on).days) if delivered_on else None
        ),
        pdc=_pdc(supplies, world.as_of) if supplies else None,
        milestone_fault=_milestone_fault(case, first_shipped_at, first_delivered_at, pa_decided_at),
    )


def _days(start: datetime | None, end: datetime | None) -> float | None:
    """Elapsed days between two milestones, negative where the later one came first."""
    return (end - start) / timedelta(days=1) if start and end else None


def _pdc(supplies: Sequence[Supply], as_of: date) -> float | None:
    a_year_on = supplies[0].shipped_on + timedelta(days=TREATMENT_PERIOD_DAYS - 1)
    return proportion_of_days_covered(supplies, min(a_year_on, as_of))


def _milestone_fault(
    case: Case,
    first_shipped_at: datetime | None,
    first_delivered_at: datetime | None,
    pa_decided_at: datetime | None,
) -> str | None:
    """The first fault there is; shipped at the end of its day, a fill is late only by days."""

    def in_order(earlier: datetime | None, later: datetime | None) -> bool:
        return earlier is None or later is None or earlier <= later

    for fault, is_in_order in (
        ("enrolled_before_received", in_order(case.received_at, case.enrolled_at)),
        ("shipped_before_received", in_order(case.received_at, first_shipped_at)),
        ("shipped_before_enrolled", in_order(case.enrolled_at, first_shipped_at)),
        ("pa_decided_before_submitted", in_order(case.pa_submitted_at, pa_decided_at)),
        ("delivered_before_shipped", in_order(first_shipped_at, first_delivered_at)),
        ("closed_before_received", in_order(case.received_at, case.closed_at)),
    ):
        if not is_in_order:
            return fault
    return None
