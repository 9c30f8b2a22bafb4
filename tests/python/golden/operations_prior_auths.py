"""Prior authorizations from request to answer, and approvals that end while a therapy goes on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from golden.cases import earliest
from golden.chains import latest
from golden.customers import happened
from golden.operations_cases import NOTHING
from golden.operations_known import therapy_of
from golden.therapy import GRACE_DAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from golden.cases import Case, PriorAuth
    from golden.chains import Chain
    from golden.fills import Fill
    from golden.operations_known import Known, Therapy

REAUTHORIZATION_WINDOW = timedelta(days=120)
GRACE = timedelta(days=GRACE_DAYS)


@dataclass(frozen=True)
class Authorization:
    """A request with its appeals: what was answered first, what in the end."""

    chain_id: str
    case_id: str
    customer_id: str | None
    product_id: str | None
    territory: str | None
    payer_id: str | None
    payer_type: str | None
    attempts: int
    appeals: int
    first_result: str | None
    final_result: str | None
    denial_reason: str | None
    appeal_outcome: str | None
    is_first_pass: bool | None
    is_approved: bool | None
    days_to_first_decision: int | None
    days_to_decision: int | None
    approval_ends_on: date | None
    submitted_at: datetime
    decided_at: datetime | None
    opener_id: str


def authorizations_of(known: Known) -> Iterator[Authorization]:
    for chain in known.chains:
        case, first, last = known.cases[chain.case_id], chain.first_request, chain.last
        is_answered = first is not None and first.is_decided
        yield Authorization(
            chain_id=chain.chain_id,
            case_id=chain.case_id,
            customer_id=case.customer_id,
            product_id=case.product_id,
            territory=known.journeys[chain.case_id].territory,
            payer_id=chain.opener.payer_id or case.payer_id,
            payer_type=case.payer_type,
            attempts=len(chain.prior_auths),
            appeals=len(chain.appeals),
            first_result=first.result if first else None,
            final_result=last.result,
            denial_reason=_denial_reason(chain.prior_auths),
            appeal_outcome=_appeal_outcome(chain.appeals),
            is_first_pass=first.is_approved if first and is_answered else None,
            is_approved=last.is_approved if last.is_decided else None,
            days_to_first_decision=(
                _whole_days(first.submitted_at, first.response_at)
                if first and is_answered
                else None
            ),
            days_to_decision=_whole_days(chain.opener.submitted_at, chain.decided_at),
            approval_ends_on=last.authorization_ends_on if last.is_approved else None,
            submitted_at=chain.opener.submitted_at,
            decided_at=chain.decided_at,
            opener_id=chain.opener.pa_id,
        )


def _denial_reason(prior_auths: Iterable[PriorAuth]) -> str | None:
    """Of the latest denial, given or not."""
    denied = [
        (request.response_at, request.pa_id, request.denial_reason)
        for request in prior_auths
        if request.result == "denied"
    ]
    return max(denied, key=lambda denial: denial[:2])[2] if denied else None


def _appeal_outcome(appeals: Sequence[PriorAuth]) -> str | None:
    """Pending until it is known what the answer says."""
    if not appeals:
        return None
    return latest(appeals).result or "pending"


def _whole_days(start: datetime, end: datetime | None) -> int | None:
    """None of an answer that is dated before its request."""
    return max(0, (end - start).days) if end else None


@dataclass(frozen=True)
class Reauthorization:
    """An approval that ends soon, of a patient on therapy."""

    case_id: str
    customer_id: str | None
    product_id: str | None
    territory: str | None
    pharmacy_id: str | None
    approval_ends_on: date
    days_left: int
    last_shipped_on: date
    supply_ends_on: date
    is_renewal_started: bool
    renewal_started_at: datetime | None
    recoverable_cvar: Decimal
    approved_at: datetime
    approval_id: str


def reauthorizations_of(
    known: Known, recoverable: Mapping[str, Decimal | None]
) -> Iterator[Reauthorization]:
    """At most one per patient and product: of the approval that ends last.

    Args:
        known: the world.
        recoverable: recoverable CVAR in the last month of the panel, by customer.
    """
    as_of = known.world.as_of
    cases: dict[Therapy, list[Case]] = defaultdict(list)
    for case in known.cases.values():
        if (therapy := therapy_of(case)) is not None:
            cases[therapy].append(case)
    refused = {
        request.pa_id
        for chain in known.chains
        if chain.last.is_decided and not chain.last.is_approved
        for request in chain.prior_auths
    }
    ended = _ended_on(known)
    for therapy, approval in _last_approvals(known).items():
        fills = known.therapies.get(therapy, ())
        ends_on, approved_at = approval.authorization_ends_on, approval.response_at
        assert ends_on is not None
        assert approved_at is not None
        if not (as_of <= ends_on <= as_of + REAUTHORIZATION_WINDOW and _goes_on(fills, as_of)):
            continue
        if fills[-1].shipped_on <= ended.get(therapy, date.min):
            continue
        case = known.cases[approval.case_id]
        renewed_at = _renewed_at(cases[therapy], refused, approved_at)
        yield Reauthorization(
            case_id=case.case_id,
            customer_id=case.customer_id,
            product_id=case.product_id,
            territory=known.journeys[case.case_id].territory,
            pharmacy_id=fills[-1].pharmacy_id,
            approval_ends_on=ends_on,
            days_left=(ends_on - as_of).days,
            last_shipped_on=fills[-1].shipped_on,
            supply_ends_on=_supplied_until(fills),
            is_renewal_started=renewed_at is not None,
            renewal_started_at=renewed_at,
            recoverable_cvar=recoverable.get(case.customer_id or "") or NOTHING,
            approved_at=approved_at,
            approval_id=approval.pa_id,
        )


def _last_approvals(known: Known) -> dict[Therapy, PriorAuth]:
    granted = [chain.last for chain in known.chains if _is_dated_approval(chain)]
    granted.sort(
        key=lambda request: (request.authorization_ends_on, request.submitted_at, request.pa_id)
    )
    return {
        therapy: request
        for request in granted
        if (therapy := therapy_of(known.cases[request.case_id])) is not None
    }


def _is_dated_approval(chain: Chain) -> bool:
    return chain.last.is_approved and chain.last.authorization_ends_on is not None


def _supplied_until(fills: Iterable[Fill]) -> date:
    return max(fill.shipped_on + timedelta(days=fill.days_supply) for fill in fills)


def _goes_on(fills: Sequence[Fill], as_of: date) -> bool:
    return bool(fills) and _supplied_until(fills) + GRACE >= as_of


def _ended_on(known: Known) -> dict[Therapy, date]:
    """Since when therapies are over whose newest status, of all their cases, says discontinued."""
    newest: dict[Therapy, tuple[datetime, int, str, str]] = {}
    for event in known.world.sources.live("hub_status_history"):
        case = known.cases.get(event["case_id"])
        therapy = therapy_of(case) if case else None
        if therapy is None or not happened(event["status_ts"], known.world.as_of):
            continue
        told = (event["status_ts"], event["seq"], event["case_id"], event["status"])
        newest[therapy] = max(told, newest.get(therapy, told))
    return {
        therapy: at.date()
        for therapy, (at, _, _, status) in newest.items()
        if status == "DISCONTINUED"
    }


def _renewed_at(
    cases: Iterable[Case], refused: Collection[str], approved_at: datetime
) -> datetime | None:
    """When a case to renew came in, or anything was requested, after the approval.

    What was refused in the end, or closed without a fill, renews nothing.
    """
    return earliest(
        at
        for case in cases
        for at in (
            *(
                [case.received_at]
                if case.case_type == "REAUTH" and case.outcome in {"open", "started"}
                else []
            ),
            *(request.submitted_at for request in case.prior_auths if request.pa_id not in refused),
        )
        if at > approved_at
    )
