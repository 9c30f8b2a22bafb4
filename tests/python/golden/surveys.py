"""Survey responses and whose they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from golden.customers import happened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from golden.customers import Sources
    from golden.files import Record

DETRACTORS, PROMOTERS = range(7), range(9, 11)


@dataclass(frozen=True)
class Survey:
    """A recorded response; answers outside their scale are None."""

    response_id: str
    customer_id: str | None
    recorded_at: datetime
    touchpoint: str | None
    is_finished: bool
    csat: int | None
    ces: int | None
    nps: int | None
    emotion: str | None


def surveys_of(sources: Sources) -> Iterator[Survey]:
    accounts_of_cases = {case["Id"]: case["AccountId"] for case in sources.live("case")}
    for response in sources.live("survey_response"):
        if happened(response["RecordedDate"], sources.as_of):
            yield Survey(
                response_id=response["ResponseId"],
                customer_id=_customer(sources, response, accounts_of_cases),
                recorded_at=response["RecordedDate"],
                touchpoint=response["Touchpoint"],
                is_finished=bool(response["Finished"]),
                csat=_on_scale(response["CSAT"], range(1, 6)),
                ces=_on_scale(response["CES"], range(1, 8)),
                nps=_on_scale(response["NPS"], range(11)),
                emotion=response["Emotion"],
            )


def _customer(sources: Sources, response: Record, accounts_of_cases: dict[str, str]) -> str | None:
    """By the account, else by the support case's, else by the prescriber of the hub case."""
    for account_id in (response["AccountId"], accounts_of_cases.get(response["CaseId"])):
        customer_id, _ = sources.parties(account_id)
        if customer_id is not None:
            return customer_id
    hub_case = sources.cases.get(response["HubCaseId"])
    if hub_case is None or not happened(hub_case["received_ts"], sources.as_of):
        return None
    return sources.customer_of_npi(hub_case["hcp_npi"])


def _on_scale(answer: int | None, scale: range) -> int | None:
    return answer if answer in scale else None


def net_promoter_score(answers: Sequence[int]) -> tuple[float, float]:
    """Promoters less detractors per hundred answers, and its standard error."""
    votes = [(answer in PROMOTERS) - (answer in DETRACTORS) for answer in answers]
    return 100 * fmean(votes), 100 * pstdev(votes) / math.sqrt(len(votes))
