"""Faults of codes, ids, territories, consents and personal data."""

from __future__ import annotations

from pathlib import Path

from guard.delivered import (
    Fault,
    Plant,
    Row,
    Rows,
    constant,
    delivered_whole,
    each,
    earlier_files,
    emptied,
    file_of,
    read,
    rows_changed,
    some,
    together,
    values,
    write,
)

_STAMP = "T12:00:00-05:00"


def _accounts(change: dict[str, str], *, only_people: bool = True) -> Plant:
    """All accounts delivered again, with other values."""
    return delivered_whole(
        "account",
        lambda row: change if row["IsPersonAccount"] == "true" or not only_people else {},
        SystemModstamp=_STAMP,
    )


def _territory_gone(row: Row) -> Row:
    return {"Territory_vod__c": ""} if row["Territory_vod__c"].startswith("T000") else {}


def _territory_moved(row: Row) -> Row:
    return {"Territory_vod__c": "T001"} if row["Territory_vod__c"].startswith("T000") else {}


def _one_digit_off(text: str) -> str:
    return f"{text[:4]}{(int(text[4]) + 1) % 10}{text[5:]}"


def _one_row(name: str, change: Row) -> Plant:
    def change_one(rows: Rows) -> Rows:
        return [rows[0] | change, *rows[1:]]

    return rows_changed(name, change_one)


def _renumbered(name: str, column: str) -> Plant:
    """Ids of another numbering: the records they point to do not exist."""
    return values(name, [column], lambda text: f"{text[:2]}9{text[3:]}")


def _all_reversed(rows: Rows) -> Rows:
    reversals = [
        row | {"transaction_code": "B2", "claim_status": "2", "reversal_reason": "BILLING_ERROR"}
        for row in rows
        if row["transaction_code"] == "B1" and row["claim_status"] == "1"
    ]
    return [*rows, *reversals]


def _emails_after_opt_outs(extracts: Path) -> None:
    """The month's e-mails go to those who had opted out before it."""
    consents = "multichannel_consent_vod__c"
    newest: dict[str, Row] = {}
    for path in earlier_files(extracts, consents):
        for row in read(path).rows:
            before = newest.get(row["Account_vod__c"])
            if before is None or before["Capture_Datetime_vod__c"] < row["Capture_Datetime_vod__c"]:
                newest[row["Account_vod__c"]] = row
    opted_out = sorted(
        account for account, row in newest.items() if row["Opt_Type_vod__c"] == "Opt_Out_vod"
    )
    path = file_of(extracts, "sent_email_vod__c")
    records = read(path)
    for number, row in enumerate(records.rows):
        row["Account_vod__c"] = opted_out[number % len(opted_out)]
    write(path, records)


_CODES = (
    Fault(
        "calls_all_planned",
        "All calls of the month are still planned, none was submitted",
        "staging",
        "block",
        constant("call2_vod__c", Status_vod__c="Planned_vod"),
    ),
    Fault(
        "hub_statuses_all_pending",
        "All statuses of the month are PENDING",
        "staging",
        "block",
        constant("hub_status_history", status="PENDING"),
    ),
    Fault(
        "authorizations_all_denied",
        "All prior authorisations are denied",
        "staging",
        "block",
        constant("prior_auth", final_result="denied", action_code="A3"),
    ),
    Fault(
        "claims_all_rejected",
        "All claims of the month are rejected, so that nothing was shipped",
        "staging",
        "block",
        constant("sp_dispense", claim_status="0"),
    ),
    Fault(
        "emails_all_bounced",
        "All e-mails of the month bounced",
        "staging",
        "block",
        constant("sent_email_vod__c", Status_vod__c="Bounced_vod"),
    ),
    Fault(
        "emails_all_clicked",
        "All e-mails of the month were clicked, as by a mail scanner",
        "staging",
        "block",
        constant(
            "sent_email_vod__c",
            Opened_vod__c="1",
            Open_Count_vod__c="1",
            Clicked_vod__c="1",
            Click_Count_vod__c="1",
        ),
    ),
    Fault(
        "transaction_codes_in_lower_case",
        "The pharmacies write b1 and b2",
        "raw",
        "block",
        values("sp_dispense", ["transaction_code"], str.lower),
    ),
    Fault(
        "call_codes_in_lower_case",
        "The CRM writes call status and channel in lower case",
        "raw",
        "block",
        values("call2_vod__c", ["Status_vod__c", "Call_Channel_vod__c"], str.lower),
    ),
    Fault(
        "unseen_channel_in_many_calls",
        "Three in ten calls have a channel no list names",
        "raw",
        "block",
        some("call2_vod__c", 30, lambda _: {"Call_Channel_vod__c": "Hologram_vod"}),
    ),
    Fault(
        "one_unseen_case_type",
        "One support case has a type no list names; only a warning, because codes are added all the"
        " time and one case moves no number",
        "raw",
        "warn",
        _one_row("case", {"Type": "Wearable"}),
    ),
    Fault(
        "free_goods_all",
        "All dispenses of the month are free goods",
        "staging",
        "block",
        constant("sp_dispense", dispense_type="PAP"),
    ),
)

_IDS = (
    Fault(
        "enrolment_npis_corrupt",
        "Four in ten enrolments have an NPI with one wrong digit",
        "raw",
        "block",
        some("hub_enrollment", 40, lambda row: {"hcp_npi": _one_digit_off(row["hcp_npi"])}),
    ),
    Fault(
        "dispense_npis_corrupt",
        "Four in ten dispenses have a prescriber NPI with one wrong digit",
        "raw",
        "block",
        some(
            "sp_dispense",
            40,
            lambda row: {"prescriber_npi": _one_digit_off(row["prescriber_npi"])},
        ),
    ),
    Fault(
        "call_accounts_of_15_characters",
        "The calls name accounts by ids of 15 characters, which no account has",
        "staging",
        "block",
        values("call2_vod__c", ["Account_vod__c"], lambda text: text[:15]),
    ),
    Fault(
        "case_accounts_of_15_characters",
        "The support cases name accounts by ids of 15 characters, which no account has",
        "staging",
        "block",
        values("case", ["AccountId"], lambda text: text[:15]),
    ),
    Fault(
        "patient_token_constant",
        "All dispenses of the month are one patient's",
        "staging",
        "block",
        constant("sp_dispense", patient_token="PT000000000"),
    ),
    Fault(
        "status_cases_renumbered",
        "The hub's history names cases by numbers no case has",
        "staging",
        "block",
        _renumbered("hub_status_history", "case_id"),
    ),
    Fault(
        "dispense_cases_renumbered",
        "The dispenses name hub cases by numbers no case has",
        "staging",
        "block",
        _renumbered("sp_dispense", "case_id"),
    ),
    Fault(
        "ndcs_of_ten_digits",
        "The dispenses name products by NDCs of ten digits, which no product has",
        "raw",
        "block",
        values("sp_dispense", ["ndc11"], lambda text: text[:10]),
    ),
    Fault(
        "all_claims_reversed",
        "Every paid claim of the month is reversed at once",
        "staging",
        "block",
        rows_changed("sp_dispense", _all_reversed),
    ),
)

_ACCOUNTS = (
    Fault(
        "accounts_all_deleted",
        "All accounts came again, marked as deleted",
        "raw",
        "block",
        _accounts({"IsDeleted": "true"}, only_people=False),
    ),
    Fault(
        "territory_emptied",
        "All accounts of one territory came again without a territory",
        "staging",
        "block",
        delivered_whole("account", _territory_gone, SystemModstamp=_STAMP),
    ),
    Fault(
        "territory_moved",
        "All accounts of one territory came again in another",
        "intermediate",
        "block",
        delivered_whole("account", _territory_moved, SystemModstamp=_STAMP),
    ),
    Fault(
        "one_territory_for_all",
        "All accounts came again in one territory",
        "staging",
        "block",
        _accounts({"Territory_vod__c": "T001"}, only_people=False),
    ),
    Fault(
        "segments_all_a",
        "All HCPs came again in segment A",
        "staging",
        "block",
        _accounts({"Segmentations_vod__c": "A"}),
    ),
    Fault(
        "npis_emptied",
        "All HCPs came again without NPI, so that no fill finds its customer",
        "staging",
        "block",
        _accounts({"NPI_vod__c": ""}),
    ),
    Fault(
        "account_states_emptied",
        "No account that came has a state, by which cuts are made; only a warning, because a few"
        " accounts a month move no cut",
        "raw",
        "warn",
        emptied("account", "State__c"),
    ),
    Fault(
        "users_all_medical",
        "All users are medical staff",
        "raw",
        "block",
        constant("user", User_Type_vod__c="Medical_vod"),
    ),
)

_CONSENT = (
    Fault(
        "consents_all_opted_out",
        "All consents came again as opt-outs of the last day",
        "staging",
        "block",
        delivered_whole(
            "multichannel_consent_vod__c",
            lambda _: {"Opt_Type_vod__c": "Opt_Out_vod"},
            Capture_Datetime_vod__c="T12:00:00Z",
            SystemModstamp="T12:00:00Z",
        ),
    ),
    Fault(
        "emails_after_opt_outs",
        "All e-mails of the month went to customers who had opted out before",
        "intermediate",
        "block",
        _emails_after_opt_outs,
    ),
    Fault(
        "consents_all_revoked",
        "All patients of the month's hub cases revoked their consent, so that their fills vanish",
        "staging",
        "block",
        constant("hub_enrollment", consent_status="REVOKED"),
    ),
)

_PERSONAL_DATA = (
    Fault(
        "emails_in_campaign",
        "The campaign of the e-mails is the recipient's address",
        "raw",
        "block",
        each(
            "sent_email_vod__c",
            lambda row: {"Campaign__c": f"hcp{row['Account_vod__c'][3:15]}@mail.example"},
        ),
    ),
    Fault(
        "email_in_territory",
        "Accounts came again with the address of their rep as territory",
        "raw",
        "block",
        _accounts({"Territory_vod__c": "mara.nordin@company.example"}),
    ),
    Fault(
        "patient_names_in_case_ids",
        "The hub's case ids are the patients' names and birthdays",
        "raw",
        "block",
        together(
            *(
                values(name, ["case_id"], lambda text: f"Jane Roe 1961-04-{text[-2:]} {text[-6:]}")
                for name in ("hub_enrollment", "sp_dispense", "hub_status_history")
            )
        ),
    ),
    Fault(
        "phone_numbers_in_pharmacy",
        "The pharmacy of a dispense is the patient's telephone number",
        "raw",
        "block",
        each("sp_dispense", lambda row: {"sp_id": f"+1 617 555 {row['rx_number'][-4:]}"}),
    ),
    Fault(
        "patient_email_in_referral_source",
        "One enrolment in ten names a patient's e-mail address as its source",
        "raw",
        "block",
        some("hub_enrollment", 10, lambda _: {"referral_source": "jane.roe@mail.example"}),
    ),
)

FAULTS = (*_CODES, *_IDS, *_ACCOUNTS, *_CONSENT, *_PERSONAL_DATA)
