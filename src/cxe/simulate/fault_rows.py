"""Faults of single records, added to the last delivery of an extract."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from cxe.simulate.world import luhn_check_digit

if TYPE_CHECKING:
    from cxe.simulate.fault_files import Plot, Row

_FEW = 3
_YEARS_AHEAD = 2


def _is_person(row: Row) -> bool:
    return (
        row["IsPersonAccount"] == "true" and row["IsDeleted"] == "false" and bool(row["NPI_vod__c"])
    )


def _is_paid_fill(row: Row) -> bool:
    return (
        row["transaction_code"] == "B1"
        and row["claim_status"] == "1"
        and row["payer_sequence"] in {"", "1"}
        and bool(row["ship_date"])
    )


def missing_npi(plot: Plot) -> int:
    """A later version of an account without its NPI."""
    rows = plot.sample("account", _FEW, _is_person)
    return _new_versions(plot, "account", rows, {"NPI_vod__c": ""})


def failing_npi(plot: Plot) -> int:
    """A later version of an account whose NPI fails its check digit."""
    rows = plot.sample("account", _FEW, _is_person)
    for row in rows:
        npi = row["NPI_vod__c"]
        row["NPI_vod__c"] = f"{npi[:-1]}{(int(npi[-1]) + 1) % 10}"
    return _new_versions(plot, "account", rows, {})


def soft_deletes(plot: Plot) -> int:
    """Calls and inquiries that are deleted later."""
    calls = plot.sample("call2_vod__c", _FEW, lambda row: row["Status_vod__c"] == "Submitted_vod")
    deleted = _new_versions(plot, "call2_vod__c", calls, {"IsDeleted": "true"})
    inquiries = plot.sample("medical_inquiry_vod__c", 2)
    return deleted + _new_versions(plot, "medical_inquiry_vod__c", inquiries, {"IsDeleted": "true"})


def same_record_in_full_and_delta(plot: Plot) -> int:
    """Unchanged records of the full file once more in a delta."""
    return plot.append("call2_vod__c", plot.sample("call2_vod__c", _FEW))


def appeal_without_parent(plot: Plot) -> int:
    """Appeals of requests that were never delivered."""
    rows = plot.sample("prior_auth", _FEW, lambda row: bool(row["response_ts"]))
    for row in rows:
        row["pa_id"] = f"PA{plot.new_number()}"
        row["parent_pa_id"] = f"PA{plot.new_number()}"
        row["attempt_no"] = "2"
    return plot.append("prior_auth", rows)


def fill_before_enrolment(plot: Plot) -> int:
    """New patients who were shipped to five days before the hub had received their enrolment."""
    fills = plot.sample("sp_dispense", _FEW, _is_paid_fill)
    enrollments = plot.sample("hub_enrollment", _FEW)
    for fill, enrollment in zip(fills, enrollments, strict=True):
        number = plot.new_number()
        fill.update(_own_patient(number), case_id=f"HC{number}")
        shipped = datetime.strptime(fill["ship_date"], "%m/%d/%Y").replace(tzinfo=UTC)
        received = plot.timestamp("hub_enrollment", shipped + timedelta(days=5, hours=9))
        enrolled = plot.timestamp("hub_enrollment", shipped + timedelta(days=6, hours=9))
        enrollment |= {
            "case_id": fill["case_id"],
            "case_type": "NEW",
            "patient_token": fill["patient_token"],
            "hcp_npi": fill["prescriber_npi"],
            "ndc11": fill["ndc11"],
            "received_ts": received,
            "consent_status": "OBTAINED",
            "consent_ts": received,
            "missing_info_reason": "",
            "enrolled_ts": enrolled,
            "closed_ts": "",
            "close_reason": "",
            "modified_ts": enrolled,
        }
    plot.append("hub_enrollment", enrollments)
    return plot.append("sp_dispense", fills)


def reversal_without_claim(plot: Plot) -> int:
    """B2 rows of prescriptions that were never billed."""
    rows = plot.sample("sp_dispense", _FEW, _is_paid_fill)
    for row in rows:
        row |= {
            "rx_number": str(plot.new_number()),
            "transaction_code": "B2",
            "claim_status": "2",
            "ship_date": "",
            "delivered_date": "",
            "reversal_reason": "BILLING_ERROR",
        }
    return plot.append("sp_dispense", rows)


def unknown_prescriber(plot: Plot) -> int:
    """Paid fills of prescribers the CRM does not know; their NPIs are valid."""
    rows = plot.sample("sp_dispense", _FEW, _is_paid_fill)
    # The world's own NPIs begin with 1.
    payloads = 200_000_000 + plot.rng.choice(100_000_000, len(rows), replace=False)
    npis = payloads * 10 + luhn_check_digit(payloads)
    for row, npi in zip(rows, npis, strict=True):
        row.update(_own_patient(plot.new_number()), prescriber_npi=str(npi), case_id="")
    return plot.append("sp_dispense", rows)


def reopened_case(plot: Plot) -> int:
    """Closed cases that are open again in the last delivery, with the history row that tells."""
    rows = plot.sample("case", _FEW, lambda row: row["Status"] == "Closed")
    history = [
        {
            "Id": f"017000{plot.new_number()}AAA",
            "CaseId": row["Id"],
            "Field": "Status",
            "OldValue": "Closed",
            "NewValue": "Working",
            "CreatedDate": plot.instant("case_history"),
        }
        for row in rows
    ]
    _new_versions(plot, "case", rows, {"Status": "Working", "ClosedDate": ""})
    return plot.append("case_history", history)


def survey_without_account(plot: Plot) -> int:
    """Answers that lead to no customer: no account, no case, no hub case."""
    rows = plot.sample("survey_response", _FEW)
    for row in rows:
        row |= {"AccountId": "", "CaseId": "", "HubCaseId": "", "Comment": ""}
        row["ResponseId"] = f"R_{plot.new_number()}"
        row["RecordedDate"] = plot.instant("survey_response", days_ago=1)
    return plot.append("survey_response", rows)


def consent_flip_one_day(plot: Plot) -> int:
    """Opt-out in the morning, opt-in in the afternoon."""
    name = "multichannel_consent_vod__c"
    rows = []
    for row in plot.sample(name, _FEW):
        for opt_type, hour in (("Opt_Out_vod", 9), ("Opt_In_vod", 15)):
            at = plot.instant(name, days_ago=3, hour=hour)
            rows.append(
                row
                | {
                    "Id": f"a09000{plot.new_number()}AAA",
                    "Opt_Type_vod__c": opt_type,
                    "Opt_Expiration_Date_vod__c": "",
                    "Capture_Datetime_vod__c": at,
                    "SystemModstamp": at,
                }
            )
    return plot.append(name, rows) // 2


def unseen_code(plot: Plot) -> int:
    """Codes no list names: a call channel and a case type."""
    calls = plot.sample("call2_vod__c", 2, lambda row: row["Status_vod__c"] == "Submitted_vod")
    unseen = _new_versions(plot, "call2_vod__c", calls, {"Call_Channel_vod__c": "Hologram_vod"})
    cases = plot.sample("case", 1)
    return unseen + _new_versions(plot, "case", cases, {"Type": "Wearable"})


def decimal_comma(plot: Plot) -> int:
    """Amounts with a comma for a point."""
    rows = plot.sample("copay_assist", _FEW)
    for row in rows:
        row["claim_id"] = f"CP{plot.new_number()}"
        row["amount"] = "48,50"
    return plot.append("copay_assist", rows)


def future_dates(plot: Plot) -> int:
    """Submitted calls and shipments dated years ahead."""
    day = plot.last_day
    ahead = date(day.year + _YEARS_AHEAD, day.month, 15)
    at = datetime(ahead.year, ahead.month, ahead.day, 10, tzinfo=UTC)
    calls = plot.sample("call2_vod__c", 2, lambda row: row["Status_vod__c"] == "Submitted_vod")
    for call in calls:
        call["Id"] = f"a04000{plot.new_number()}AAA"
    dated = {"Call_Datetime_vod__c": plot.timestamp("call2_vod__c", at), "Parent_Call_vod__c": ""}
    ahead_of_time = _new_versions(plot, "call2_vod__c", calls, dated)
    fills = plot.sample("sp_dispense", 2, _is_paid_fill)
    for fill in fills:
        fill.update(_own_patient(plot.new_number()), case_id="", delivered_date="")
        fill["ship_date"] = plot.day("sp_dispense", ahead)
    return ahead_of_time + plot.append("sp_dispense", fills)


def _new_versions(plot: Plot, name: str, rows: list[Row], changed: Row) -> int:
    stamp = plot.last(name).extract.version_column
    if stamp is None:
        raise ValueError(f"{name} has no version column")
    now = plot.instant(name)
    return plot.append(name, [row | changed | {stamp: now} for row in rows])


def _own_patient(number: int) -> Row:
    return {
        "rx_number": str(number),
        "patient_token": f"PT{number + 200_000_000}",
        "fill_number": "1",
    }
