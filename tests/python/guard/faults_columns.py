"""Faults of columns: two exchanged, one without a value."""

from __future__ import annotations

from guard.delivered import Fault, each, emptied, swapped

FAULTS = (
    *(
        Fault(f"{one}_and_{other}_swapped", f"{says} stand in each other's column", *at, plant)
        for one, other, says, at, plant in (
            (
                "npi",
                "ndc",
                "NPI and NDC of the dispenses",
                ("raw", "block"),
                swapped("sp_dispense", "prescriber_npi", "ndc11"),
            ),
            (
                "quantity",
                "days_supply",
                "Quantity and days of supply",
                ("staging", "block"),
                swapped("sp_dispense", "quantity", "days_supply"),
            ),
            (
                "written",
                "shipped",
                "The days a prescription was written and shipped",
                ("intermediate", "block"),
                swapped("sp_dispense", "date_written", "ship_date"),
            ),
            (
                "received",
                "enrolled",
                "The times a hub case was received and enrolled",
                ("staging", "block"),
                each(
                    "hub_enrollment",
                    lambda row: {
                        "received_ts": row["enrolled_ts"],
                        "enrolled_ts": row["received_ts"],
                    },
                    lambda row: bool(row["enrolled_ts"]),
                ),
            ),
            (
                "case_id",
                "account_id",
                "Id and AccountId of the support cases",
                ("raw", "block"),
                swapped("case", "Id", "AccountId"),
            ),
            (
                "status",
                "sub_status",
                "Status and sub-status of the hub's history",
                ("raw", "block"),
                each(
                    "hub_status_history",
                    lambda row: {"status": row["sub_status"], "sub_status": row["status"]},
                    lambda row: bool(row["sub_status"]),
                ),
            ),
            (
                "account",
                "owner",
                "Account and owner of the calls",
                ("raw", "block"),
                swapped("call2_vod__c", "Account_vod__c", "OwnerId"),
            ),
        )
    ),
    Fault(
        "call_times_emptied",
        "No call says when it took place",
        "raw",
        "block",
        emptied("call2_vod__c", "Call_Datetime_vod__c"),
    ),
    Fault(
        "case_accounts_emptied",
        "No support case says whose it is",
        "raw",
        "block",
        emptied("case", "AccountId"),
    ),
    *(
        Fault(f"{said}_emptied", says, "raw", "block", emptied(name, column))
        for said, says, name, column in (
            (
                "first_responses",
                "No support case has a first answer",
                "case",
                "First_Response_Date__c",
            ),
            (
                "status_owners",
                "No status of a hub case says who has to act",
                "hub_status_history",
                "owner_org",
            ),
            ("payer_types", "No enrolment says who pays", "hub_enrollment", "payer_type"),
            (
                "dispense_cases",
                "No dispense says to which hub case it belongs",
                "sp_dispense",
                "case_id",
            ),
            (
                "campaigns",
                "No e-mail has a campaign, so that all look like letters of a rep",
                "sent_email_vod__c",
                "Campaign__c",
            ),
        )
    ),
)
