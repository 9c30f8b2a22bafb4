"""Hub cases with what happened to each: verifications, prior authorizations, fills."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from golden.customers import happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from golden.core import World
    from golden.fills import Fill

APPROVED = frozenset({"approved", "modified"})
DECIDED = APPROVED | {"denied"}
ABANDONED = frozenset({"pt_declined_cost", "pt_declined_other", "pt_unreachable", "hcp_cancelled"})
START_JOURNEYS = frozenset({"NEW", "RESTART"})


@dataclass(frozen=True)
class BenefitVerification:
    """`outcome` and `completed_at` are null until it is completed, `requested_at` if unknown."""

    bv_id: str
    case_id: str
    requested_at: datetime | None
    completed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class PriorAuth:
    """A request or an appeal that was submitted; null until answered is what the answer says.

    That is `response_at`, `result`, `denial_reason` and `authorization_ends_on`.
    """

    pa_id: str
    case_id: str
    attempt_no: int | None
    parent_pa_id: str | None
    submitted_at: datetime
    response_at: datetime | None
    result: str | None
    payer_id: str | None = None
    denial_reason: str | None = None
    authorization_ends_on: date | None = None

    @property
    def is_decided(self) -> bool:
        return self.result in DECIDED

    @property
    def is_approved(self) -> bool:
        return self.result in APPROVED


@dataclass(frozen=True)
class Case:
    """A hub case received; times are UTC instants, null for what has not happened.

    Verifications and authorizations stand in no order, fills in the order they shipped.
    """

    case_id: str
    customer_id: str | None
    product_id: str | None
    ndc: str | None
    patient: str | None
    case_type: str
    payer_id: str | None
    payer_type: str | None
    referral_source: str | None
    received_at: datetime
    enrolled_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    benefit_verifications: tuple[BenefitVerification, ...]
    prior_auths: tuple[PriorAuth, ...]
    fills: tuple[Fill, ...]

    @property
    def benefits_verified_at(self) -> datetime | None:
        return earliest(verification.completed_at for verification in self.benefit_verifications)

    @property
    def pa_submitted_at(self) -> datetime | None:
        return earliest(request.submitted_at for request in self.prior_auths)

    @property
    def coverage_ready_at(self) -> datetime | None:
        return earliest(
            [
                *(request.response_at for request in self.prior_auths if request.is_approved),
                *(
                    verification.completed_at
                    for verification in self.benefit_verifications
                    if verification.outcome == "COVERED"
                ),
            ]
        )

    @property
    def first_fill(self) -> Fill | None:
        return self.fills[0] if self.fills else None

    @property
    def first_delivered_on(self) -> date | None:
        return min((fill.delivered_on for fill in self.fills if fill.delivered_on), default=None)

    @property
    def outcome(self) -> str:
        if self.fills:
            return "started"
        if self.closed_at is None:
            return "open"
        if self.close_reason == "STARTED":
            return "reversed"
        return (self.close_reason or "unspecified").lower()

    @property
    def is_start_journey(self) -> bool:
        return self.case_type in START_JOURNEYS


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def start_of_day(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def end_of_day(day: date) -> datetime:
    """Last instant of a day: as a delivery, a date counts as its end."""
    return datetime.combine(day, time.max, UTC)


def cases_of(world: World) -> dict[str, Case]:
    """Hub cases received by `as_of`, by case id; those with consent revoked are none."""
    sources = world.sources
    fills: dict[str | None, list[Fill]] = defaultdict(list)
    for fill in world.fills:
        fills[fill.case_id].append(fill)
    verifications = _by_case(_benefit_verifications(world))
    requests = _by_case(_prior_auths(world))
    cases = {}
    for record in sources.cases.values():
        case_id = record["case_id"]
        if not happened(record["received_ts"], world.as_of):
            continue
        closed_at = _if_happened(record["closed_ts"], world.as_of)
        cases[case_id] = Case(
            case_id=case_id,
            customer_id=sources.customer_of_npi(record["hcp_npi"]),
            product_id=sources.product_by_ndc.get(record["ndc11"]),
            ndc=record["ndc11"],
            patient=record["patient_token"],
            case_type=record["case_type"] or "NEW",
            payer_id=record["payer_id"],
            payer_type=record["payer_type"],
            referral_source=record["referral_source"],
            received_at=record["received_ts"],
            enrolled_at=_if_happened(record["enrolled_ts"], world.as_of),
            closed_at=closed_at,
            close_reason=record["close_reason"] if closed_at else None,
            benefit_verifications=tuple(verifications[case_id]),
            prior_auths=tuple(requests[case_id]),
            fills=tuple(fills[case_id]),
        )
    return cases


def prior_auths_of(cases: Mapping[str, Case]) -> list[PriorAuth]:
    """Every request and appeal of a known case."""
    return [request for case in cases.values() for request in case.prior_auths]


def _if_happened(at: datetime | None, as_of: date) -> datetime | None:
    return at if happened(at, as_of) else None


def _by_case(records: Iterable[Any]) -> dict[str, list[Any]]:
    by_case: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        by_case[record.case_id].append(record)
    return by_case


def _benefit_verifications(world: World) -> Iterable[BenefitVerification]:
    for record in world.sources.live("benefit_verification"):
        completed_at = _if_happened(record["completed_ts"], world.as_of)
        yield BenefitVerification(
            bv_id=record["bv_id"],
            case_id=record["case_id"],
            requested_at=_if_happened(record["requested_ts"], world.as_of),
            completed_at=completed_at,
            outcome=record["outcome"] if completed_at else None,
        )


def _prior_auths(world: World) -> Iterable[PriorAuth]:
    for record in world.sources.live("prior_auth"):
        if not happened(record["submitted_ts"], world.as_of):
            continue
        response_at = _if_happened(record["response_ts"], world.as_of)
        yield PriorAuth(
            pa_id=record["pa_id"],
            case_id=record["case_id"],
            attempt_no=record["attempt_no"],
            # A request that names itself appeals nothing.
            parent_pa_id=(
                record["parent_pa_id"] if record["parent_pa_id"] != record["pa_id"] else None
            ),
            submitted_at=record["submitted_ts"],
            response_at=response_at,
            result=record["final_result"] if response_at else None,
            payer_id=record["payer_id"],
            denial_reason=record["denial_reason"] if response_at else None,
            authorization_ends_on=record["auth_end_date"] if response_at else None,
        )
