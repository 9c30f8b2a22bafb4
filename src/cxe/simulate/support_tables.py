"""Support's extracts, from what the desk did."""

from __future__ import annotations

import numpy as np

from cxe.simulate import support
from cxe.simulate.clock import NEVER, Array
from cxe.simulate.crm_tables import account_id
from cxe.simulate.tables import Change, Column, Table, code, sf_id

_FIRST_AGENT = 900_000
_SUBJECTS = (
    "Status of an enrollment",
    "Shipment has not arrived",
    "Question about dosing",
    "Portal login, password reset",
    'Caller says "nobody answers"',
    "Prior authorization form",
)
# From bad to good; one breaks the line, as free text does.
_COMMENTS = (
    "Weeks of waiting,\nand nobody calls back.",
    "Took more calls than it should",
    "Fine overall",
    'The team made it "just work", thank you',
)
_ADDRESSES = tuple(f"192.0.2.{number}" for number in range(1, 255))


def cases(rows: dict[str, Array]) -> Table:
    """case: a reopened case is the same record with its closing moved."""
    size = len(rows["at"])
    not_yet = np.full(size, NEVER)
    again = rows["closed_again"]
    return Table(
        columns={
            "Id": sf_id("500", np.arange(size)),
            "IsDeleted": Column("bool", np.zeros(size, dtype=np.int8)),
            "CaseNumber": Column("id", np.arange(size), ("", "")),
            "AccountId": account_id(rows["account"]),
            "Hub_Case_Id__c": Column("id", rows["hub_case"], ("HC", "")),
            "Type": code(rows["kind"], support.CASE_TYPES),
            "Origin": code(rows["origin"], support.ORIGINS),
            "Priority": code(rows["priority"], support.PRIORITIES),
            "Status": code(np.zeros(size, dtype=np.int8), support.STATUSES),
            "IsEscalated": Column("bool", np.zeros(size, dtype=np.int8)),
            "OwnerId": sf_id("005", _FIRST_AGENT + rows["agent"]),
            "CreatedDate": Column("ts", rows["at"]),
            "First_Response_Date__c": Column("ts", not_yet),
            "ClosedDate": Column("ts", not_yet),
            "Safety_Forwarded_Date__c": Column("ts", not_yet),
            "Subject": code(rows["subject"], _SUBJECTS),
        },
        created=rows["at"],
        stamp="SystemModstamp",
        changes=(
            Change(rows["raised_at"], {"Priority": rows["priority"] - 1}),
            Change(rows["forwarded"], {"Safety_Forwarded_Date__c": rows["forwarded"]}),
            Change(rows["answered"], {"Status": 1, "First_Response_Date__c": rows["answered"]}),
            Change(
                rows["escalated"],
                {
                    "Status": 2,
                    "IsEscalated": 1,
                    "OwnerId": _FIRST_AGENT + support.second_line(rows["agent"]),
                },
            ),
            Change(rows["closed"], {"Status": 3, "ClosedDate": rows["closed"]}),
            Change(rows["reopened"], {"Status": 1, "ClosedDate": NEVER}),
            Change(again, {"Status": 3, "ClosedDate": again}),
        ),
    )


def case_history(rows: dict[str, Array]) -> Table:
    """case_history: append-only, old and new value in words."""
    agents = [f"Agent {number:02d}" for number in range(support.AGENTS)]
    words = [*support.STATUSES, *agents, *support.PRIORITIES]
    offset = np.array([0, len(support.STATUSES), len(support.STATUSES) + len(agents)])
    size = len(rows["at"])
    return Table(
        columns={
            "Id": sf_id("017", np.arange(size)),
            "CaseId": sf_id("500", rows["case"]),
            "Field": code(rows["field"], ("Status", "Owner", "Priority")),
            "OldValue": code(offset[rows["field"]] + rows["old"], words),
            "NewValue": code(offset[rows["field"]] + rows["new"], words),
        },
        created=rows["at"],
        stamp="CreatedDate",
    )


def surveys(rows: dict[str, Array]) -> Table:
    """survey_response."""
    size = len(rows["at"])
    return Table(
        columns={
            "ResponseId": Column("id", np.arange(size), ("R_", "")),
            "Finished": Column("bool", rows["finished"]),
            "AccountId": account_id(rows["account"]),
            "CaseId": sf_id("500", rows["case"]),
            "HubCaseId": Column("id", rows["hub_case"], ("HC", "")),
            "Touchpoint": code(rows["touchpoint"], support.TOUCHPOINTS),
            "CSAT": Column("int", rows["csat"]),
            "CES": Column("int", rows["ces"]),
            "NPS": Column("int", rows["nps"]),
            "Emotion": code(
                rows["emotion"], ("Delighted", "Satisfied", "Neutral", "Frustrated", "Angry")
            ),
            "Comment": code(rows["comment"], _COMMENTS),
            "RecipientEmail": Column("id", rows["hcp"], ("hcp", "@mail.example")),
            "IPAddress": code(np.arange(size) * 31 % len(_ADDRESSES), _ADDRESSES),
        },
        created=rows["at"],
        stamp="RecordedDate",
    )
