"""Faults of whole files: missing, cut, doubled, exchanged, unreadable."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from guard.delivered import (
    Fault,
    Plant,
    Records,
    Row,
    Rows,
    day_of,
    delivered_whole,
    earlier_files,
    file_of,
    read,
    rows_changed,
    write,
)


def _missing(name: str) -> Plant:
    def plant(extracts: Path) -> None:
        file_of(extracts, name).unlink()

    return plant


def _late(name: str, days: int, stamp: str) -> Plant:
    """Delivered some days before the others, so without what came later."""

    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        day = (date.fromisoformat(day_of(path)) - timedelta(days=days)).isoformat()
        records = read(path)
        records.rows = [row for row in records.rows if row[stamp][:10] < day]
        write(path, records)
        path.rename(path.with_name(path.name.replace(day_of(path), day)))

    return plant


def _half(name: str) -> Plant:
    return rows_changed(name, lambda rows: rows[: len(rows) // 2])


def _shrunk(name: str, rows_left: int) -> Plant:
    return rows_changed(name, lambda rows: rows[:rows_left])


def _empty(name: str) -> Plant:
    return rows_changed(name, lambda _: [])


def _times_five(name: str, key: str) -> Plant:
    """Every row five times, under keys of its own."""

    def repeat(rows: Rows) -> Rows:
        return [row | {key: f"{row[key]}{copy or ''}"} for copy in range(5) for row in rows]

    return rows_changed(name, repeat)


def _twice(name: str, **other: str) -> Plant:
    """Every key twice in the file, with two contents."""
    return rows_changed(name, lambda rows: [*rows, *(row | other for row in rows)])


def _of_last_time(name: str) -> Plant:
    def plant(extracts: Path) -> None:
        shutil.copyfile(earlier_files(extracts, name)[-1], file_of(extracts, name))

    return plant


def _exchanged(one: str, other: str) -> Plant:
    def plant(extracts: Path) -> None:
        paths = [file_of(extracts, name) for name in (one, other)]
        contents = [path.read_bytes() for path in paths]
        for path, content in zip(paths, reversed(contents), strict=True):
            path.write_bytes(content)

    return plant


def _semicolons(name: str) -> Plant:
    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        write(path, read(path), delimiter=";")

    return plant


def _without_header(name: str) -> Plant:
    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        write(path, read(path), has_header=False)

    return plant


def _renamed(name: str, column: str, new_name: str) -> Plant:
    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        records = read(path)
        header = [new_name if old == column else old for old in records.header]
        assert header != records.header
        rows = [
            {new_name if old == column else old: value for old, value in row.items()}
            for row in records.rows
        ]
        write(path, Records(header, records.notes, rows))

    return plant


def _cut_off(name: str) -> Plant:
    """The first half of the bytes, and a few more, so that the last line is broken."""

    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        content = path.read_bytes()
        end = content.index(b"\n", len(content) // 2) + 20
        path.write_bytes(content[:end])

    return plant


def _cut_off_gzip(name: str) -> Plant:
    def plant(extracts: Path) -> None:
        path = file_of(extracts, name)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return plant


def _unchanged(_: Row) -> Row:
    return {}


def _accounts_shrunk(extracts: Path) -> None:
    delivered_whole("account", _unchanged, SystemModstamp="T12:00:00-05:00")(extracts)
    _shrunk("account", 10)(extracts)


FAULTS = (
    *(
        Fault(
            f"{said}_missing",
            f"No file of {name} came with a delivery of all other extracts, a month after the last",
            "raw",
            "block",
            _missing(name),
        )
        for said, name in (
            ("dispenses", "sp_dispense"),
            ("calls", "call2_vod__c"),
            ("enrolments", "hub_enrollment"),
            ("case_statuses", "hub_status_history"),
            ("support_cases", "case"),
        )
    ),
    Fault(
        "accounts_missing",
        "No account file came for a month",
        "raw",
        "block",
        _missing("account"),
    ),
    Fault(
        "surveys_missing",
        "No survey file came for a month",
        "raw",
        "block",
        _missing("survey_response"),
    ),
    Fault(
        "nurse_contacts_ten_days_late",
        "The nurse contacts end ten days before the others; only a warning, because feeds run"
        " late now and then and a contact that is still to come breaks no promise yet",
        "raw",
        "warn",
        _late("nurse_contact", 10, "modified_ts"),
    ),
    Fault(
        "emails_three_days_late",
        "The e-mail feed ends three days before the others; only a warning, because the as-of date"
        " then ends with it and nothing is counted as missing",
        "raw",
        "warn",
        _late("sent_email_vod__c", 3, "SystemModstamp"),
    ),
    *(
        Fault(
            f"{said}_half", f"Only the first half of the rows of {name} came", "raw", "block", plant
        )
        for said, name, plant in (
            ("dispenses", "sp_dispense", _half("sp_dispense")),
            ("calls", "call2_vod__c", _half("call2_vod__c")),
            ("enrolments", "hub_enrollment", _half("hub_enrollment")),
            ("case_statuses", "hub_status_history", _half("hub_status_history")),
            ("users", "user, a full list,", _half("user")),
        )
    ),
    Fault(
        "dispenses_times_five",
        "Every dispense came five times under prescription numbers of its own",
        "raw",
        "block",
        _times_five("sp_dispense", "rx_number"),
    ),
    Fault(
        "calls_times_five",
        "Every call came five times under ids of its own",
        "raw",
        "block",
        _times_five("call2_vod__c", "Id"),
    ),
    Fault(
        "dispense_keys_twice",
        "Every claim stands twice in the file, with two quantities",
        "raw",
        "block",
        _twice("sp_dispense", quantity="7"),
    ),
    Fault(
        "enrolment_keys_twice",
        "Every hub case stands twice in the file, for two payer types",
        "raw",
        "block",
        _twice("hub_enrollment", payer_type="CASH"),
    ),
    Fault(
        "price_list_shrunk",
        "The price list, a full one, came with three of its rows",
        "raw",
        "block",
        _shrunk("product_price", 3),
    ),
    Fault(
        "accounts_shrunk",
        "The CRM sent a full list of accounts that holds ten of them",
        "raw",
        "block",
        _accounts_shrunk,
    ),
    *(
        Fault(
            f"{said}_empty",
            f"The file of {name} holds its header only, in a month like any other",
            "raw",
            "block",
            _empty(name),
        )
        for said, name in (
            ("dispenses", "sp_dispense"),
            ("calls", "call2_vod__c"),
            ("enrolments", "hub_enrollment"),
        )
    ),
    Fault(
        "dispenses_of_last_time",
        "The dispense file of the delivery before came again under today's name",
        "raw",
        "block",
        _of_last_time("sp_dispense"),
    ),
    Fault(
        "calls_of_last_time",
        "The call file of the delivery before came again under today's name",
        "raw",
        "block",
        _of_last_time("call2_vod__c"),
    ),
    Fault(
        "enrolments_and_dispenses_exchanged",
        "The files of enrolments and dispenses lie in each other's place",
        "landing",
        "block",
        _exchanged("hub_enrollment", "sp_dispense"),
    ),
    Fault(
        "calls_and_cases_exchanged",
        "The files of calls and support cases lie in each other's place",
        "landing",
        "block",
        _exchanged("call2_vod__c", "case"),
    ),
    Fault(
        "calls_with_semicolons",
        "The call file is separated by semicolons",
        "landing",
        "block",
        _semicolons("call2_vod__c"),
    ),
    Fault(
        "dispenses_without_header",
        "The dispense file begins with its first record instead of its header",
        "landing",
        "block",
        _without_header("sp_dispense"),
    ),
    Fault(
        "received_renamed",
        "The enrolments call their required column received_ts ReceivedOn",
        "landing",
        "block",
        _renamed("hub_enrollment", "received_ts", "ReceivedOn"),
    ),
    Fault(
        "first_response_renamed",
        "The support cases call First_Response_Date__c FirstResponse__c: it lands as an unknown"
        " column, and no case looks answered",
        "raw",
        "block",
        _renamed("case", "First_Response_Date__c", "FirstResponse__c"),
    ),
    Fault(
        "dispenses_cut_off",
        "The dispense file ends in the middle, and in the middle of a line",
        "raw",
        "block",
        _cut_off("sp_dispense"),
    ),
    Fault(
        "emails_cut_off",
        "The compressed e-mail file ends in the middle",
        "landing",
        "block",
        _cut_off_gzip("sent_email_vod__c"),
    ),
)
