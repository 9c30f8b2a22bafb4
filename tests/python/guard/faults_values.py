"""Faults of values: times, money, amounts, answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from guard.delivered import (
    Fault,
    Plant,
    Row,
    Rows,
    constant,
    contract,
    each,
    emptied,
    rows_changed,
    together,
    values,
)

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:([T ])(\d\d):(\d\d):(\d\d))?(.*)")
_US = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


def _times(name: str) -> list[str]:
    """Columns that say when something happened; not the one that orders versions."""
    extract = contract()[name]
    return [
        column.name
        for column in extract.columns
        if column.type in {"ts", "date"} and column.name != extract.version_column
    ]


def _with_year(text: str, years: int) -> str:
    iso, us = _ISO.fullmatch(text), _US.fullmatch(text)
    if iso:
        return f"{int(iso[1]) + years}{text[4:]}"
    assert us, text
    return f"{text[:6]}{int(us[3]) + years}"


def _day_before_month(text: str) -> str:
    iso, us = _ISO.fullmatch(text), _US.fullmatch(text)
    if iso:
        return f"{iso[1]}-{iso[3]}-{iso[2]}{text[10:]}"
    assert us, text
    return f"{us[2]}/{us[1]}/{us[3]}"


def _at_midnight(text: str) -> str:
    iso = _ISO.fullmatch(text)
    assert iso, text
    return f"{text[:11]}00:00:00{iso[8]}" if iso[4] else text


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _epoch(text: str) -> str:
    return str(round(_instant(text).timestamp() * 1000))


def _later(hours: int) -> Callable[[str], str]:
    def later(text: str) -> str:
        at = datetime.fromisoformat(text[:19]) + timedelta(hours=hours)
        return f"{at:%Y-%m-%d}{text[10]}{at:%H:%M:%S}{text[19:]}"

    return later


def _times_shifted(name: str, years: int) -> Plant:
    return values(name, _times(name), lambda text: _with_year(text, years))


def _number(text: str) -> str:
    """A number as sources write it."""
    return f"{float(text):.4f}".rstrip("0").rstrip(".")


def _scaled(name: str, column: str, factor: float) -> Plant:
    return values(name, [column], lambda text: _number(str(float(text) * factor)))


def _in_germany(text: str) -> str:
    return f"{float(text):,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _answers(columns: dict[str, Callable[[int], int]]) -> Plant:
    def change(row: Row) -> Row:
        return {name: str(new(int(row[name]))) for name, new in columns.items() if row[name]}

    return each("survey_response", change)


def _prices(suits: Callable[[Row], bool]) -> Plant:
    def keep(rows: Rows) -> Rows:
        kept = [row for row in rows if suits(row)]
        assert len(kept) < len(rows)
        return kept

    return rows_changed("product_price", keep)


def _without_velora(row: Row) -> bool:
    return row["ndc11"] != "50999010001"


def _claims(row: Row) -> bool:
    return row["transaction_code"] == "B1"


_TIMES = (
    Fault(
        "dispenses_a_year_ahead",
        "All days and times of the dispenses lie a year too late",
        "staging",
        "block",
        _times_shifted("sp_dispense", 1),
    ),
    Fault(
        "dispenses_a_year_back",
        "All days and times of the dispenses lie a year too early",
        "staging",
        "block",
        _times_shifted("sp_dispense", -1),
    ),
    Fault(
        "calls_a_year_back",
        "All calls took place a year too early",
        "staging",
        "block",
        _times_shifted("call2_vod__c", -1),
    ),
    Fault(
        "ship_days_before_months",
        "The pharmacies write day before month: half of the days cannot be read, the others are"
        " other days",
        "raw",
        "block",
        values("sp_dispense", ["date_written", "ship_date", "delivered_date"], _day_before_month),
    ),
    Fault(
        "cases_at_midnight",
        "The support cases come with days only: all that happened did so at midnight",
        "staging",
        "block",
        values("case", _times("case"), _at_midnight),
    ),
    Fault(
        "emails_in_milliseconds",
        "The e-mails say when they were sent in milliseconds since 1970",
        "raw",
        "block",
        values("sent_email_vod__c", ["Email_Sent_Date_vod__c"], _epoch),
    ),
    Fault(
        "enrolments_half_a_day_late",
        "The hub's times of receipt and enrolment are twelve hours late, as after a mix-up of am"
        " and pm",
        "staging",
        "block",
        values("hub_enrollment", ["received_ts", "enrolled_ts", "consent_ts"], _later(12)),
    ),
    Fault(
        "cases_closed_in_one_second",
        "All support cases were closed in the same second, as after a migration",
        "staging",
        "block",
        constant("case", Status="Closed", ClosedDate="2025-12-31T12:00:00Z"),
    ),
)

_MONEY = (
    Fault(
        "prices_times_100",
        "The price list is in cents",
        "staging",
        "block",
        _scaled("product_price", "net_unit_price", 100),
    ),
    Fault(
        "prices_by_100",
        "The price list is a hundredth of what it was",
        "staging",
        "block",
        _scaled("product_price", "net_unit_price", 0.01),
    ),
    Fault(
        "prices_in_another_currency",
        "The price list is in another currency, a tenth lower, from its first day on",
        "marts",
        "block",
        _scaled("product_price", "net_unit_price", 0.9),
    ),
    Fault(
        "margin_in_percent",
        "The margin is in percent instead of a share",
        "staging",
        "block",
        _scaled("product_price", "margin_rate", 100),
    ),
    Fault(
        "prices_without_a_product",
        "The price list has no price of one product",
        "raw",
        "block",
        _prices(_without_velora),
    ),
    Fault(
        "prices_without_payer_types",
        "The price list has no price of its own for any payer type: the column came empty, and two"
        " prices claim to hold for all",
        "raw",
        "block",
        emptied("product_price", "payer_type"),
    ),
    Fault(
        "prices_with_currency",
        "Prices are written with currency, thousands point and decimal comma: EUR 1.234,50",
        "raw",
        "block",
        values("product_price", ["net_unit_price"], lambda text: f"EUR {_in_germany(text)}"),
    ),
    Fault(
        "margin_with_comma",
        "Margin rates are written with a decimal comma",
        "raw",
        "block",
        values("product_price", ["margin_rate"], lambda text: text.replace(".", ",")),
    ),
    Fault(
        "copay_with_comma",
        "Copay assistance is written with a decimal comma",
        "raw",
        "block",
        values("copay_assist", ["amount"], lambda text: text.replace(".", ",")),
    ),
    Fault(
        "patient_pay_times_100",
        "What patients paid is in cents",
        "raw",
        "block",
        _scaled("sp_dispense", "patient_pay", 100),
    ),
)

_AMOUNTS = (
    Fault(
        "quantity_times_1000",
        "Quantities are in thousandths",
        "staging",
        "block",
        _scaled("sp_dispense", "quantity", 1000),
    ),
    Fault(
        "supply_of_3000_days",
        "Every fill lasts 3000 days",
        "staging",
        "block",
        each("sp_dispense", lambda _: {"days_supply": "3000"}, _claims),
    ),
    Fault(
        "quantities_negative",
        "Claims come with negative quantities, as reversals do elsewhere",
        "staging",
        "block",
        values("sp_dispense", ["quantity"], lambda text: f"-{text}", _claims),
    ),
    Fault(
        "contacts_in_milliseconds",
        "Nurse contacts last as many milliseconds as they did seconds",
        "staging",
        "block",
        _scaled("nurse_contact", "duration_s", 1000),
    ),
    Fault(
        "call_minutes_in_seconds",
        "Calls last as many seconds as they did minutes",
        "staging",
        "block",
        _scaled("call2_vod__c", "Duration_vod__c", 60),
    ),
)

_ANSWERS = (
    Fault(
        "answers_upside_down",
        "The survey's scales are turned: the best answer is the lowest",
        "staging",
        "block",
        _answers({"CSAT": lambda x: 6 - x, "CES": lambda x: 8 - x, "NPS": lambda x: 10 - x}),
    ),
    Fault(
        "ease_upside_down",
        "The survey counts effort instead of ease: 7 is the hardest",
        "staging",
        "block",
        _answers({"CES": lambda x: 8 - x}),
    ),
    Fault(
        "nps_up_to_100",
        "The likelihood to recommend comes on a scale up to 100",
        "staging",
        "block",
        _answers({"NPS": lambda x: 10 * x}),
    ),
    Fault(
        "answers_all_alike",
        "All surveys of the month give the same answers",
        "staging",
        "block",
        together(
            _answers({"CSAT": lambda _: 5, "CES": lambda _: 7, "NPS": lambda _: 10}),
            values("survey_response", ["Emotion"], lambda _: "Delighted"),
        ),
    ),
    Fault(
        "surveys_unfinished",
        "No survey counts as finished, as after a change of the export's words for yes and no",
        "staging",
        "block",
        constant("survey_response", Finished="0"),
    ),
)

_PROMISES = (
    Fault(
        "case_promises_open",
        "No support case was answered or closed in the month",
        "raw",
        "block",
        emptied("case", "First_Response_Date__c", "ClosedDate"),
    ),
    Fault(
        "enrolment_promises_open",
        "No hub case was enrolled in the month",
        "raw",
        "block",
        emptied("hub_enrollment", "enrolled_ts"),
    ),
    Fault(
        "verification_promises_open",
        "No benefit verification was completed",
        "raw",
        "block",
        emptied("benefit_verification", "completed_ts"),
    ),
    Fault(
        "authorization_promises_open",
        "No prior authorisation was answered",
        "raw",
        "block",
        emptied("prior_auth", "response_ts", "final_result", "action_code"),
    ),
    Fault(
        "inquiry_promises_open",
        "No medical inquiry was fulfilled",
        "raw",
        "block",
        emptied("medical_inquiry_vod__c", "Fulfilled_Date__c"),
    ),
)

FAULTS = (*_TIMES, *_MONEY, *_AMOUNTS, *_ANSWERS, *_PROMISES)
