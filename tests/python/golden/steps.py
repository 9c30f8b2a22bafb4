"""Steps of hub cases: waits, rework, handoffs between organisations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from golden.cases import end_of_day
from golden.customers import happened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from golden.cases import Case
    from golden.core import World
    from golden.files import Record

HOUR = timedelta(hours=1)
STANDARD_HOURS_OF_OWNER = {"HUB": 48, "HCP": 72, "PAYER": 120, "SP": 72, "PATIENT": 72}


@dataclass(frozen=True)
class Step:
    """What a case was in from one status event to the next; `seq` is the event's number."""

    case_id: str
    seq: int
    customer_id: str | None
    step: str
    entered_at: datetime
    left_at: datetime | None
    wait_hours: float | None
    owner_org: str | None
    is_rework: bool
    is_handoff: bool
    is_high_risk_handoff: bool


def steps_by_case(world: World, cases: Mapping[str, Case]) -> Mapping[str, list[Step]]:
    """Steps in order, by case id."""
    events: dict[str, list[Record]] = defaultdict(list)
    for event in world.sources.live("hub_status_history"):
        if event["case_id"] in cases and happened(event["status_ts"], world.as_of):
            events[event["case_id"]].append(event)
    cut_off = end_of_day(world.as_of)
    return {
        case_id: list(
            _steps_of(
                cases[case_id],
                sorted(of_case, key=lambda event: (event["status_ts"], event["seq"])),
                cut_off,
            )
        )
        for case_id, of_case in events.items()
    }


def _steps_of(case: Case, events: list[Record], cut_off: datetime) -> Iterator[Step]:
    seen: set[str] = set()
    for number, event in enumerate(events):
        before = events[number - 1] if number else None
        at: datetime = event["status_ts"]
        after: datetime | None = (
            events[number + 1]["status_ts"] if number + 1 < len(events) else None
        )
        # The case is with the hub from receipt on.
        entered_at = at if before else min(case.received_at, at)
        left_at = after
        if after is None and case.closed_at is not None and case.closed_at >= entered_at:
            left_at = case.closed_at
        waited_until = cut_off if left_at is None and case.closed_at is None else left_at
        is_handoff = before is not None and _is_handoff(before, event)
        answered_at = cut_off if after is None and case.outcome == "open" else after
        standard = STANDARD_HOURS_OF_OWNER.get(event["owner_org"])
        sub_status = event["sub_status"]
        yield Step(
            case_id=case.case_id,
            seq=event["seq"],
            customer_id=case.customer_id,
            step=(_code(event) or "unspecified").lower(),
            entered_at=entered_at,
            left_at=left_at,
            wait_hours=(waited_until - entered_at) / HOUR if waited_until else None,
            owner_org=event["owner_org"],
            is_rework=before is not None and sub_status in seen and _code(before) != sub_status,
            is_handoff=is_handoff,
            is_high_risk_handoff=(
                is_handoff
                and standard is not None
                and answered_at is not None
                and answered_at - at > standard * HOUR
            ),
        )
        if sub_status is not None:
            seen.add(sub_status)


def _code(event: Record) -> str | None:
    code: str | None = event["sub_status"] or event["status"]
    return code


def _is_handoff(before: Record, event: Record) -> bool:
    owners = {before["owner_org"], event["owner_org"]}
    return None not in owners and len(owners) > 1
