"""What each promise starts with and what delivers it, from the records themselves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from golden.cases import earliest, end_of_day, start_of_day
from golden.customers import end_of_merges, happened
from golden.interactions import ARRIVED, INQUIRY_SUBMITTED
from golden.surveys import DETRACTORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from golden.cases import Case
    from golden.core import World
    from golden.customers import Sources
    from golden.files import Record
    from golden.surveys import Survey

STOPS_WITHIN = timedelta(hours=24)
STAYS_STOPPED = timedelta(hours=720)
NEEDS_PRIOR_AUTH = frozenset({"COVERED_PA", "COVERED_ST"})
NO_FAULT_OF_OURS = frozenset({"HCP_CANCELLED", "DECEASED"})


@dataclass(frozen=True)
class Made:
    """A promise made, by the record it was made on.

    Attributes:
        called_off_at: when what it was about went away, whether or not it still mattered.
        violated_at: when somebody did what was promised not to happen.
    """

    promise_id: str
    record_id: str
    started_at: datetime
    delivered_at: datetime | None
    customer_id: str | None
    organization_id: str | None = None
    case_id: str | None = None
    priority: str | None = None
    called_off_at: datetime | None = None
    violated_at: datetime | None = None


def promises_made(
    world: World, cases: Mapping[str, Case], surveys: Iterable[Survey]
) -> Iterator[Made]:
    """Every promise started by `as_of`; what happened later stands as not happened."""
    yield from _on_support_cases(world.sources)
    yield from _on_inquiries(world.sources)
    yield from _on_optouts(world.sources)
    yield from _on_cases(world.sources, cases)
    yield from _on_barriers(world.sources)
    yield from _on_detractors(world, surveys)


def _on_support_cases(sources: Sources) -> Iterator[Made]:
    changes: dict[str, list[Record]] = defaultdict(list)
    for change in sources.live("case_history"):
        changes[change["CaseId"]].append(change)
    for case in sources.live("case"):
        if not happened(case["CreatedDate"], sources.as_of):
            continue
        case_id, started_at = case["Id"], case["CreatedDate"]
        customer_id, organization_id = sources.parties(case["AccountId"])
        priority = _priority_at_creation(case, changes[case_id])
        for promise_id, delivered_at in (
            ("case_first_response", _if_happened(sources, case["First_Response_Date__c"])),
            ("case_resolution", _resolved_at(sources, case, changes[case_id])),
        ):
            yield Made(
                promise_id,
                case_id,
                started_at,
                delivered_at,
                customer_id,
                organization_id,
                priority=priority,
            )
        if case["Type"] == "Adverse Event":
            forwarded_at = _if_happened(sources, case["Safety_Forwarded_Date__c"])
            yield Made(
                "ae_forwarded", case_id, started_at, forwarded_at, customer_id, organization_id
            )


def _priority_at_creation(case: Record, changes: list[Record]) -> str:
    # A change to come still tells what was there before it.
    of_priority = [
        change for change in changes if change["Field"] == "Priority" and change["CreatedDate"]
    ]
    if of_priority:
        first = min(of_priority, key=lambda change: (change["CreatedDate"], change["Id"]))
        return first["OldValue"] or "Medium"
    return case["Priority"] or "Medium"


def _resolved_at(sources: Sources, case: Record, changes: list[Record]) -> datetime | None:
    """The last closing, unless the case was opened again after it."""
    of_status = [
        change
        for change in changes
        if change["Field"] == "Status" and happened(change["CreatedDate"], sources.as_of)
    ]
    closed = [change["CreatedDate"] for change in of_status if change["NewValue"] == "Closed"]
    if happened(case["ClosedDate"], sources.as_of):
        closed.append(case["ClosedDate"])
    reopened = [
        change["CreatedDate"]
        for change in of_status
        if change["OldValue"] == "Closed" and change["NewValue"] != "Closed"
    ]
    last: datetime | None = max(closed, default=None)
    return None if last is None or any(at > last for at in reopened) else last


def _on_inquiries(sources: Sources) -> Iterator[Made]:
    for inquiry in sources.live("medical_inquiry_vod__c"):
        if inquiry["Status_vod__c"] in INQUIRY_SUBMITTED and happened(
            inquiry["Submitted_Date__c"], sources.as_of
        ):
            yield Made(
                "inquiry_response",
                inquiry["Id"],
                inquiry["Submitted_Date__c"],
                _if_happened(sources, inquiry["Fulfilled_Date__c"]),
                *sources.parties(inquiry["Account_vod__c"]),
            )


def _on_optouts(sources: Sources) -> Iterator[Made]:
    """An opt-out is honoured by what does not happen: nothing delivers it but time."""

    def person(account_id: str) -> str:
        return end_of_merges(sources.records["account"], account_id) or account_id

    opted_in, mailed = defaultdict(list), defaultdict(list)
    consents = [
        consent
        for consent in sources.live("multichannel_consent_vod__c")
        if happened(consent["Capture_Datetime_vod__c"], sources.as_of)
        and "@" in (consent["Channel_Value_vod__c"] or "@")
    ]
    for consent in consents:
        if consent["Opt_Type_vod__c"] == "Opt_In_vod":
            opted_in[person(consent["Account_vod__c"])].append(consent["Capture_Datetime_vod__c"])
    for email in sources.live("sent_email_vod__c"):
        if email["Status_vod__c"] in ARRIVED and happened(
            email["Email_Sent_Date_vod__c"], sources.as_of
        ):
            mailed[person(email["Account_vod__c"])].append(email["Email_Sent_Date_vod__c"])
    for consent in consents:
        if consent["Opt_Type_vod__c"] != "Opt_Out_vod":
            continue
        who, started_at = person(consent["Account_vod__c"]), consent["Capture_Datetime_vod__c"]
        over_at = started_at + STAYS_STOPPED
        opted_in_at = earliest(at for at in opted_in[who] if started_at < at < over_at)
        mailed_at = earliest(
            at
            for at in mailed[who]
            if started_at + STOPS_WITHIN < at <= over_at
            and (opted_in_at is None or at < opted_in_at)
        )
        is_kept = mailed_at is None and opted_in_at is None and happened(over_at, sources.as_of)
        customer_id, organization_id = sources.parties(consent["Account_vod__c"])
        yield Made(
            "optout_honoured",
            consent["Id"],
            started_at,
            over_at if is_kept else None,
            customer_id,
            organization_id,
            called_off_at=opted_in_at,
            violated_at=mailed_at,
        )


def _on_cases(sources: Sources, cases: Mapping[str, Case]) -> Iterator[Made]:
    welcomes: dict[str, list[datetime]] = defaultdict(list)
    for contact in sources.live("nurse_contact"):
        if (
            contact["direction"] == "OUTBOUND"
            and contact["outcome"] == "REACHED"
            and happened(contact["start_ts"], sources.as_of)
        ):
            welcomes[contact["case_id"]].append(contact["start_ts"])
    for case in cases.values():
        for promise_id, record_id, started_at, delivered_at in _steps(case, welcomes[case.case_id]):
            if started_at is not None:
                yield Made(
                    promise_id,
                    record_id,
                    started_at,
                    delivered_at,
                    case.customer_id,
                    case_id=case.case_id,
                    called_off_at=_called_off_at(case),
                )


def _steps(
    case: Case, welcomes: list[datetime]
) -> Iterator[tuple[str, str, datetime | None, datetime | None]]:
    """Promise, record, start and delivery of each step a case may take."""
    yield "enrollment_complete", case.case_id, case.received_at, case.enrolled_at
    for verification in case.benefit_verifications:
        yield (
            "benefits_verified",
            verification.bv_id,
            verification.requested_at,
            verification.completed_at,
        )
    needed_at = earliest(
        verification.completed_at
        for verification in case.benefit_verifications
        if verification.outcome in NEEDS_PRIOR_AUTH
    )
    yield "pa_submitted", case.case_id, needed_at, case.pa_submitted_at
    for request in case.prior_auths:
        decided_at = request.response_at if request.is_decided else None
        yield "pa_decided", request.pa_id, request.submitted_at, decided_at
    if case.first_fill is None:
        yield "first_ship", case.case_id, case.coverage_ready_at, None
        return
    shipped_on, delivered_on = case.first_fill.shipped_on, case.first_fill.delivered_on
    shipped_at = start_of_day(shipped_on)
    delivered_at = end_of_day(delivered_on) if delivered_on else None
    welcomed_at = earliest(at for at in welcomes if at >= shipped_at)
    yield "first_ship", case.case_id, case.coverage_ready_at, end_of_day(shipped_on)
    yield "delivered", case.case_id, shipped_at, delivered_at
    yield "nurse_welcome", case.case_id, shipped_at, welcomed_at


def _called_off_at(case: Case) -> datetime | None:
    reason = case.close_reason or ""
    return case.closed_at if reason.startswith("PT_") or reason in NO_FAULT_OF_OURS else None


def _on_barriers(sources: Sources) -> Iterator[Made]:
    for barrier in sources.live("access_barrier__c"):
        if happened(barrier["Identified_Date__c"], sources.as_of):
            resolution = barrier["Resolution__c"]
            resolved_at = _if_happened(sources, barrier["Resolved_Date__c"])
            customer_id, organization_id = sources.parties(barrier["Account_vod__c"])
            yield Made(
                "barrier_resolved",
                barrier["Id"],
                barrier["Identified_Date__c"],
                resolved_at if resolution == "Removed" else None,
                customer_id,
                organization_id,
                called_off_at=resolved_at if resolution == "Withdrawn" else None,
            )


def _on_detractors(world: World, surveys: Iterable[Survey]) -> Iterator[Made]:
    calls: dict[str | None, list[datetime]] = defaultdict(list)
    for interaction in world.interactions:
        if interaction.type == "call":
            calls[interaction.customer_id].append(interaction.occurred_at)
    for survey in surveys:
        if survey.customer_id is not None and survey.nps in DETRACTORS:
            recorded_at = survey.recorded_at
            called_at = earliest(at for at in calls[survey.customer_id] if at > recorded_at)
            yield Made(
                "detractor_follow_up",
                survey.response_id,
                recorded_at,
                called_at,
                survey.customer_id,
            )


def _if_happened(sources: Sources, at: datetime | None) -> datetime | None:
    return at if happened(at, sources.as_of) else None
