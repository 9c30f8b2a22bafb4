"""Interactions: what each record of contact counts as, and with whom."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.customers import end_of_merges, happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from golden.customers import Sources
    from golden.files import Record

TOUCH_COSTS = Path(__file__).resolve().parents[3] / "seeds" / "touch_costs.csv"
ARRIVED = frozenset({"Delivered_vod", "Sent_vod", "Unsubscribed_vod", "Marked_Spam_vod"})
UNWANTED = frozenset({"Unsubscribed_vod", "Marked_Spam_vod"})
INQUIRY_SUBMITTED = frozenset({None, "Submitted_vod", "Closed_vod"})
FUNCTION_OF_USER_TYPE = {
    "Sales_vod": "sales",
    "Medical_vod": "medical",
    "Access_vod": "access",
    "Marketing_vod": "marketing",
}


@dataclass(frozen=True)
class Interaction:
    """A touch between the company and a customer or an organisation."""

    type: str
    record_id: str
    customer_id: str | None
    organization_id: str | None
    function: str | None
    direction: str
    is_two_way: bool
    product_id: str | None
    occurred_at: datetime
    touch_cost: Decimal | None
    customer_minutes: int | None


def count_interactions(interactions: Iterable[Interaction]) -> Counter[tuple[Any, ...]]:
    """Count by type, function, direction, two-way and month: where a difference is, at a glance."""
    return Counter(
        (
            interaction.type,
            interaction.function,
            interaction.direction,
            interaction.is_two_way,
            f"{interaction.occurred_at:%Y-%m}",
        )
        for interaction in interactions
    )


def interactions_of(sources: Sources) -> Iterator[Interaction]:
    touches = [*_calls(sources), *_other_crm_touches(sources), *_access_and_support(sources)]
    costs = _touch_costs()
    for touch in touches:
        account = sources.survivor(touch.account_id)
        customer_id, organization_id = touch.customer_id, None
        if account and account["IsPersonAccount"]:
            customer_id = account["Id"]
        elif account:
            organization_id = account["Id"]
        cost, minutes = costs.get((touch.function, touch.channel), (None, None))
        yield Interaction(
            type=touch.type,
            record_id=touch.record_id,
            customer_id=customer_id,
            organization_id=organization_id,
            function=touch.function,
            direction=touch.direction,
            is_two_way=touch.is_two_way,
            product_id=sources.product(touch.product_id),
            occurred_at=touch.at,
            touch_cost=cost,
            customer_minutes=minutes,
        )


@dataclass(frozen=True)
class _Touch:
    """An interaction by what its record refers to."""

    type: str
    record_id: str
    at: datetime
    function: str | None
    channel: str
    direction: str = "inbound"
    is_two_way: bool = True
    account_id: str | None = None
    customer_id: str | None = None
    product_id: str | None = None


def _calls(sources: Sources) -> Iterator[_Touch]:
    accounts = sources.records["account"]
    calls = {call["Id"]: call for call in sources.live("call2_vod__c")}

    def group(call_id: str) -> str:
        return (call_id in calls and calls[call_id]["Parent_Call_vod__c"]) or call_id

    def person(account_id: str) -> str:
        return end_of_merges(accounts, account_id) or account_id

    answered = {
        (group(message["Call2_vod__c"]), person(message["Account_vod__c"]))
        for message in sources.live("call2_key_message_vod__c")
        if message["Reaction_vod__c"] in {"Positive_vod", "Negative_vod"}
        and message["Call2_vod__c"] in calls
    }
    details: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for detail in sources.live("call2_detail_vod__c"):
        priority = detail["Detail_Priority_vod__c"]
        details[detail["Call2_vod__c"]].append(
            (
                float("inf") if priority is None else priority,
                detail["Id"],
                detail["Product_vod__c"],
            )
        )
    made = [
        call
        for call in calls.values()
        if call["Status_vod__c"] == "Submitted_vod"
        and happened(call["Call_Datetime_vod__c"], sources.as_of)
        and _is_with_a_person(sources, call)
    ]
    met: set[tuple[str, str]] = set()
    for call in sorted(made, key=lambda call: (call["Call_Datetime_vod__c"], call["Id"])):
        call_id = call["Id"]
        meeting = (group(call_id), person(call["Account_vod__c"]))
        if meeting in met:
            continue
        met.add(meeting)
        owner = sources.records["user"].get((call["OwnerId"],), {})
        channel = (call["Call_Channel_vod__c"] or "unspecified").removesuffix("_vod").lower()
        yield _Touch(
            type="call",
            record_id=call_id,
            at=call["Call_Datetime_vod__c"],
            function=FUNCTION_OF_USER_TYPE.get(owner.get("User_Type_vod__c", "")),
            channel=channel,
            direction="outbound",
            is_two_way=meeting in answered,
            account_id=call["Account_vod__c"],
            product_id=min(details[call_id])[2] if call_id in details else None,
        )


def _is_with_a_person(sources: Sources, call: Record) -> bool:
    accounts = sources.records["account"]
    # A deleted account is no customer, but it still tells whether a person was called on.
    account = accounts.get((end_of_merges(accounts, call["Account_vod__c"]),))
    if account is None:
        return call["Attendee_Type_vod__c"] in {None, "Person_Account_vod"}
    return bool(account["IsPersonAccount"])


def _other_crm_touches(sources: Sources) -> Iterator[_Touch]:
    for email in sources.live("sent_email_vod__c"):
        if email["Status_vod__c"] in ARRIVED and happened(
            email["Email_Sent_Date_vod__c"], sources.as_of
        ):
            yield _Touch(
                type="email",
                record_id=email["Id"],
                at=email["Email_Sent_Date_vod__c"],
                function="marketing" if email["Campaign__c"] else "sales",
                channel="email",
                direction="outbound",
                is_two_way=bool(email["Clicked_vod__c"]) and email["Status_vod__c"] not in UNWANTED,
                account_id=email["Account_vod__c"],
                product_id=email["Product_vod__c"],
            )
    for attendee in sources.live("em_attendee_vod__c"):
        if attendee["Status_vod__c"] == "Attended_vod" and happened(
            attendee["Event_Start__c"], sources.as_of
        ):
            yield _Touch(
                type="event",
                record_id=attendee["Id"],
                at=attendee["Event_Start__c"],
                function="marketing",
                channel="event",
                direction="outbound",
                account_id=attendee["Account_vod__c"],
            )
    for visit in sources.live("multichannel_activity_vod__c"):
        if visit["Call_vod__c"] is None and happened(visit["Start_DateTime_vod__c"], sources.as_of):
            yield _Touch(
                type="digital",
                record_id=visit["Id"],
                at=visit["Start_DateTime_vod__c"],
                function="marketing",
                channel="digital",
                account_id=visit["Account_vod__c"],
            )
    for inquiry in sources.live("medical_inquiry_vod__c"):
        if inquiry["Status_vod__c"] in INQUIRY_SUBMITTED and happened(
            inquiry["Submitted_Date__c"], sources.as_of
        ):
            yield _Touch(
                type="inquiry",
                record_id=inquiry["Id"],
                at=inquiry["Submitted_Date__c"],
                function="medical",
                channel="inquiry",
                account_id=inquiry["Account_vod__c"],
                product_id=inquiry["Product_vod__c"],
            )


def _access_and_support(sources: Sources) -> Iterator[_Touch]:
    for case in sources.cases.values():
        if happened(case["received_ts"], sources.as_of):
            yield _Touch(
                type="enrollment",
                record_id=case["case_id"],
                at=case["received_ts"],
                function="access",
                channel=f"hub_{(case['referral_source'] or 'unspecified').lower()}",
                customer_id=sources.customer_of_npi(case["hcp_npi"]),
                product_id=sources.product_by_ndc.get(case["ndc11"]),
            )
    for case in sources.live("case"):
        if happened(case["CreatedDate"], sources.as_of):
            yield _Touch(
                type="support_case",
                record_id=case["Id"],
                at=case["CreatedDate"],
                function="support",
                channel=(case["Origin"] or "unspecified").lower(),
                account_id=case["AccountId"],
            )


def _touch_costs() -> dict[tuple[str | None, str], tuple[Decimal, int]]:
    with TOUCH_COSTS.open(encoding="utf-8", newline="") as seed:
        return {
            (row["function"], row["channel"]): (Decimal(row["cost"]), int(row["customer_minutes"]))
            for row in csv.DictReader(seed)
        }
