"""Second deliveries that are out of the ordinary and healthy: the guard must let them pass."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from guard.delivered import (
    Plant,
    Row,
    Rows,
    day_of,
    delivered_whole,
    file_of,
    read,
    rows_changed,
    together,
    write,
)

_NEW_PRODUCT = {
    "Id": "a00000000000090AAA",
    "Name": "Solenta",
    "Product_Type_vod__c": "Brand",
    "NDC11__c": "50999090001",
    "Launch_Date__c": "2025-12-01",
    "SystemModstamp": "2025-12-01T00:00:00Z",
}


def plain(_: Path) -> None:
    """As it comes."""


def prices_up(rows: Rows) -> Rows:
    """Every price that holds goes up by four percent from the first of December on."""
    newest: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        newest[row["ndc11"], row["payer_type"]] = row
    return [
        *rows,
        *(
            row
            | {
                "valid_from": "2025-12-01",
                "net_unit_price": f"{float(row['net_unit_price']) * 1.04:.2f}",
                "modified_ts": "2025-11-20T00:00:00Z",
            }
            for row in newest.values()
        ),
    ]


def _launched(rows: Rows) -> Rows:
    return [*rows, _NEW_PRODUCT]


def _priced(rows: Rows) -> Rows:
    price = {
        "ndc11": _NEW_PRODUCT["NDC11__c"],
        "payer_type": "",
        "valid_from": "2025-12-01",
        "net_unit_price": "950",
        "margin_rate": "0.8",
        "modified_ts": "2025-11-20T00:00:00Z",
    }
    return [*rows, price]


def _detailed(rows: Rows) -> Rows:
    """Every tenth discussion is about the new product."""
    return [
        row | {"Product_vod__c": _NEW_PRODUCT["Id"]} if number % 10 == 0 else row
        for number, row in enumerate(rows)
    ]


def _moved(row: Row) -> Row:
    return {"Territory_vod__c": "T900"} if row["Id"][:15].endswith("3") else {}


def _with_a_rep(rows: Rows) -> Rows:
    rep = rows[0] | {
        "Id": "005000000000900AAA",
        "Name": "Noor Vega",
        "Territory__c": "T900",
        "CreatedDate": "2025-12-01T00:00:00Z",
        "SystemModstamp": "2025-12-01T00:00:00Z",
    }
    return [*rows, rep]


def bank_holidays(extracts: Path) -> None:
    """Nobody called, mailed or answered in the week before the last: those events are not there."""
    end = date.fromisoformat(day_of(file_of(extracts, "call2_vod__c"))) - timedelta(days=4)
    week = {(end - timedelta(days=back)).isoformat() for back in range(7)}
    gone = {
        name: _drop(extracts, name, at, week, first=10)
        for name, at in (
            ("call2_vod__c", "Call_Datetime_vod__c"),
            ("sent_email_vod__c", "Email_Sent_Date_vod__c"),
            ("case", "CreatedDate"),
        )
    }
    for name, column, parent in (
        ("call2_detail_vod__c", "Call2_vod__c", "call2_vod__c"),
        ("call2_key_message_vod__c", "Call2_vod__c", "call2_vod__c"),
        ("multichannel_activity_vod__c", "Call_vod__c", "call2_vod__c"),
        ("case_history", "CaseId", "case"),
        ("survey_response", "CaseId", "case"),
    ):
        _drop(extracts, name, column, gone[parent])


def _drop(
    extracts: Path, name: str, column: str, unwanted: set[str], first: int | None = None
) -> set[str]:
    """Leave out records by (the first characters of) a column; gives their keys."""
    path = file_of(extracts, name)
    records = read(path)
    key = records.header[0]
    gone = {row[key] for row in records.rows if row[column][:first] in unwanted}
    records.rows = [row for row in records.rows if row[key] not in gone]
    write(path, records)
    return gone


VARIATIONS: dict[str, Plant] = {
    "plain": plain,
    "prices_up": rows_changed("product_price", prices_up),
    "new_product": together(
        rows_changed("product_vod__c", _launched),
        rows_changed("product_price", _priced),
        rows_changed("call2_detail_vod__c", _detailed),
    ),
    "new_territory": together(
        delivered_whole("account", _moved, SystemModstamp="T12:00:00-05:00"),
        rows_changed("user", _with_a_rep),
    ),
    "bank_holidays": bank_holidays,
}
