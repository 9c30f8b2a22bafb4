"""Experience observations: every signal about how the experience felt, q from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from golden.customers import happened
from golden.interactions import ARRIVED, FUNCTION_OF_USER_TYPE, UNWANTED
from golden.promises import PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from golden.customers import Sources
    from golden.promises import Promise
    from golden.surveys import Survey

FULL, FAINT, NONE = Fraction(1), Fraction(1, 4), Fraction(0)
OWN_PROMISE = frozenset({"company", "partner"})
Q_OF_EMOTION = {
    "Delighted": Fraction(1),
    "Satisfied": Fraction(3, 4),
    "Neutral": Fraction(1, 2),
    "Frustrated": Fraction(1, 4),
    "Angry": Fraction(0),
}
Q_OF_REACTION = {
    "Positive_vod": Fraction(1),
    "Neutral_vod": Fraction(1, 2),
    "Negative_vod": Fraction(0),
}
# Channel group and function of what a survey asks about.
SURVEYED = {
    "CALL": ("field", "sales"),
    "EVENT": ("field", "marketing"),
    "RELATIONSHIP": ("field", None),
    "EMAIL": ("digital", "marketing"),
    "ENROLLMENT": ("access", "access"),
    "DELIVERY": ("access", "access"),
    "CASE": ("support", "support"),
}


@dataclass(frozen=True)
class Observation:
    """One signal, named by its kind and source record; `q` and `weight` are exact."""

    kind: str
    record_id: str
    customer_id: str | None
    at: datetime
    q: Fraction
    weight: Fraction
    channel_group: str | None
    function: str | None
    touchpoint: str | None
    promise_id: str | None = None


def observations_of(
    sources: Sources, promises: Iterable[Promise], surveys: Iterable[Survey]
) -> Iterator[Observation]:
    yield from _settled_promises(promises)
    for survey in surveys:
        if survey.is_finished:
            yield from _answers(survey)
    yield from _reactions(sources)
    yield from _emails(sources)


def _settled_promises(promises: Iterable[Promise]) -> Iterator[Observation]:
    for promise in promises:
        if promise.settled_at is not None:
            yield Observation(
                kind="promise",
                record_id=f"{promise.promise_id}:{promise.record_id}",
                customer_id=promise.customer_id,
                at=promise.settled_at,
                q=Fraction(promise.status == "kept"),
                weight=FULL if promise.accountable in OWN_PROMISE else NONE,
                channel_group=promise.channel_group,
                function=promise.function,
                touchpoint=PROMISES[promise.promise_id].touchpoint,
                promise_id=promise.promise_id,
            )


def _answers(survey: Survey) -> Iterator[Observation]:
    answers = {
        "csat": None if survey.csat is None else Fraction(survey.csat - 1, 4),
        "ces": None if survey.ces is None else Fraction(survey.ces - 1, 6),
        "nps": None if survey.nps is None else Fraction(survey.nps, 10),
        "emotion": Q_OF_EMOTION.get(survey.emotion or ""),
    }
    channel_group, function = SURVEYED.get(survey.touchpoint or "", (None, None))
    for kind, q in answers.items():
        if q is not None:
            yield Observation(
                kind=kind,
                record_id=survey.response_id,
                customer_id=survey.customer_id,
                at=survey.recorded_at,
                q=q,
                weight=FULL,
                channel_group=channel_group,
                function=function,
                touchpoint=survey.touchpoint.lower() if survey.touchpoint else None,
            )


def _reactions(sources: Sources) -> Iterator[Observation]:
    calls = {
        call["Id"]: call
        for call in sources.live("call2_vod__c")
        if call["Status_vod__c"] == "Submitted_vod"
        and happened(call["Call_Datetime_vod__c"], sources.as_of)
    }
    for message in sources.live("call2_key_message_vod__c"):
        q = Q_OF_REACTION.get(message["Reaction_vod__c"] or "")
        if q is not None and message["Call2_vod__c"] in calls:
            call = calls[message["Call2_vod__c"]]
            owner = sources.records["user"].get((call["OwnerId"],), {})
            customer_id, _ = sources.parties(message["Account_vod__c"])
            yield Observation(
                kind="reaction",
                record_id=message["Id"],
                customer_id=customer_id,
                at=call["Call_Datetime_vod__c"],
                q=q,
                weight=FAINT,
                channel_group="field",
                function=FUNCTION_OF_USER_TYPE.get(owner.get("User_Type_vod__c", "")),
                touchpoint="call",
            )


def _emails(sources: Sources) -> Iterator[Observation]:
    for email in sources.live("sent_email_vod__c"):
        sent_at = email["Email_Sent_Date_vod__c"]
        at = email["Last_Activity_Date_vod__c"] or sent_at
        is_unwanted = email["Status_vod__c"] in UNWANTED
        if (
            email["Status_vod__c"] in ARRIVED
            and happened(sent_at, sources.as_of)
            and happened(at, sources.as_of)
            and (is_unwanted or email["Clicked_vod__c"])
        ):
            customer_id, _ = sources.parties(email["Account_vod__c"])
            yield Observation(
                kind="email",
                record_id=email["Id"],
                customer_id=customer_id,
                at=at,
                q=Fraction(not is_unwanted),
                weight=FULL if is_unwanted else FAINT,
                channel_group="digital",
                function="marketing" if email["Campaign__c"] else "sales",
                touchpoint="email",
            )
