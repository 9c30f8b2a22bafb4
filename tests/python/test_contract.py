"""The input contract says what the source systems hand over, and refuses what it cannot mean."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxe.contract import Column, Extract, load_contract
from cxe.errors import CxeError

ROOT = Path(__file__).parents[2]

EXTRACTS = {
    "crm": (
        "account user product_vod__c call2_vod__c call2_detail_vod__c call2_key_message_vod__c "
        "sent_email_vod__c multichannel_activity_vod__c multichannel_consent_vod__c "
        "medical_inquiry_vod__c em_attendee_vod__c access_barrier__c"
    ),
    "access": (
        "hub_enrollment hub_status_history benefit_verification prior_auth sp_dispense "
        "nurse_contact product_price copay_assist"
    ),
    "support": "case case_history survey_response",
}
DRIVING = {
    "call2_vod__c",
    "sent_email_vod__c",
    "hub_enrollment",
    "hub_status_history",
    "prior_auth",
    "sp_dispense",
    "case",
}
KEY_PARTS_THAT_MAY_BE_EMPTY = {
    "sp_dispense": {"sp_id", "payer_sequence"},
    "product_price": {"payer_type"},
}
APPEND_ONLY_COLUMNS = {"hub_status_history": "load_ts", "case_history": "CreatedDate"}

TINY: dict[str, Any] = {
    "name": "account",
    "identifier": "crm__account",
    "description": "One row per account.",
    "config": {"meta": {"key": ["Id"], "freshness_days": 8, "entity": "accounts"}},
    "columns": [
        {
            "name": "Id",
            "description": "Account id.",
            "config": {"meta": {"type": "id", "required": True}},
        }
    ],
}


@pytest.fixture(scope="module")
def contract() -> dict[tuple[str, str], Extract]:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, Any]]:
    """The YAML entry of every extract by its name, as dbt sees it too."""
    found = {}
    for system in EXTRACTS:
        path = ROOT / f"models/staging/{system}/_{system}__sources.yml"
        for table in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"][0]["tables"]:
            found[table["name"]] = table
    return found


@pytest.fixture
def tiny() -> dict[str, Any]:
    return copy.deepcopy(TINY)


def load_tiny(project_dir: Path, table: dict[str, Any]) -> Extract:
    path = project_dir / "models/staging/crm/_crm__sources.yml"
    path.parent.mkdir(parents=True)
    sources = {"sources": [{"name": "crm", "schema": "raw", "tables": [table]}]}
    path.write_text(yaml.safe_dump(sources), encoding="utf-8")
    return load_contract(project_dir)["crm", "account"]


def column(
    contract: dict[tuple[str, str], Extract], system: str, extract: str, name: str
) -> Column:
    return next(col for col in contract[system, extract].columns if col.name == name)


def test_every_extract_is_there_and_no_other(contract: dict[tuple[str, str], Extract]) -> None:
    expected = {(system, name) for system, names in EXTRACTS.items() for name in names.split()}
    assert len(expected) == 23
    assert set(contract) == expected


def test_key_columns_are_required_unless_the_contract_lets_them_be_empty(
    contract: dict[tuple[str, str], Extract], tables: dict[str, dict[str, Any]]
) -> None:
    for extract in contract.values():
        meta = tables[extract.name]["config"]["meta"]
        optional = {col.name for col in extract.columns if not col.required} & set(extract.key)
        assert optional == KEY_PARTS_THAT_MAY_BE_EMPTY.get(extract.name, set()), extract.name
        assert optional == set(meta.get("key_parts_that_may_be_empty", [])), extract.name
        assert extract.key
        assert set(extract.key) <= set(extract.column_names), extract.name


def test_exactly_the_seven_driving_extracts_drive_the_as_of_date(
    contract: dict[tuple[str, str], Extract],
) -> None:
    assert {extract.name for extract in contract.values() if extract.drives_as_of_date} == DRIVING


def test_versions_are_ordered_by_the_system_stamp(
    contract: dict[tuple[str, str], Extract],
) -> None:
    usual = {"crm": "SystemModstamp", "access": "modified_ts", "support": "SystemModstamp"}
    special = {**APPEND_ONLY_COLUMNS, "survey_response": "RecordedDate"}
    for extract in contract.values():
        expected = special.get(extract.name, usual[extract.system])
        assert extract.version_column == expected, extract.name
        assert column(contract, extract.system, extract.name, expected).type == "ts"


def test_an_extract_with_a_delete_flag_says_how_it_deletes(
    contract: dict[tuple[str, str], Extract], tables: dict[str, dict[str, Any]]
) -> None:
    for extract in contract.values():
        expected = None
        if "IsDeleted" in extract.column_names:
            expected = {"column": "IsDeleted", "value": "true"}
        if extract.name == "sp_dispense":
            expected = {"column": "record_indicator", "value": "2"}
        assert tables[extract.name]["config"]["meta"].get("deleted_when") == expected, extract.name


def test_no_two_columns_of_an_extract_differ_only_in_case(
    contract: dict[tuple[str, str], Extract],
) -> None:
    for extract in contract.values():
        lowered = [name.lower() for name in extract.column_names]
        assert len(set(lowered)) == len(lowered), extract.name


def test_codes_are_text_as_delivered_and_not_what_yaml_makes_of_it(
    tables: dict[str, dict[str, Any]],
) -> None:
    for name, table in tables.items():
        for col in table["columns"]:
            meta = col["config"]["meta"]
            if "codes" in meta:
                assert meta["type"] == "text", f"{name}.{col['name']}"
                assert all(isinstance(code, str) for code in meta["codes"]), f"{name}.{col['name']}"


@pytest.mark.parametrize(
    ("system", "extract", "name", "codes"),
    [
        ("access", "sp_dispense", "record_indicator", "0 1 2"),
        ("access", "sp_dispense", "reject_code", "70 75 76 78 79 88"),
        ("access", "prior_auth", "action_code", "A1 A2 A3 A4 A6 C CT NA"),
        ("crm", "account", "Do_Not_Call_vod__c", "No_vod Yes_vod"),
        ("support", "case", "Priority", "High Medium Low"),
    ],
)
def test_code_lists_hold_the_vendor_codes(
    contract: dict[tuple[str, str], Extract], system: str, extract: str, name: str, codes: str
) -> None:
    assert column(contract, system, extract, name).codes == tuple(codes.split())


def test_personal_data_is_marked(contract: dict[tuple[str, str], Extract]) -> None:
    marked: dict[str, str] = {"business": "", "patient": ""}
    for extract in contract.values():
        for col in extract.columns:
            if col.pii != "none":
                marked[col.pii] += f"{extract.name}.{col.name} "
    assert marked["patient"].split() == [
        "hub_enrollment.patient_token",
        "sp_dispense.rx_number",
        "sp_dispense.patient_token",
        "case.Subject",
        "survey_response.Comment",
    ]
    assert marked["business"].split() == [
        "hub_enrollment.hcp_npi",
        "sp_dispense.prescriber_npi",
        "account.Name",
        "account.FirstName",
        "account.LastName",
        "account.NPI_vod__c",
        "multichannel_consent_vod__c.Channel_Value_vod__c",
        "user.Name",
        "case_history.OldValue",
        "case_history.NewValue",
        "survey_response.RecipientEmail",
        "survey_response.IPAddress",
    ]


def test_only_the_survey_export_has_more_header_lines(
    contract: dict[tuple[str, str], Extract],
) -> None:
    extra = {e.name: e.extra_header_lines for e in contract.values() if e.extra_header_lines}
    assert extra == {"survey_response": 2}


def test_a_minimal_extract_loads_with_the_defaults(tmp_path: Path, tiny: dict[str, Any]) -> None:
    extract = load_tiny(tmp_path, tiny)
    assert extract.raw_table == "crm__account"
    assert extract.folder == "crm/account"
    assert extract.version_column is None
    assert not extract.drives_as_of_date
    assert extract.extra_header_lines == 0
    assert extract.columns[0].pii == "none"


def test_an_unknown_setting_of_an_extract_is_refused(tmp_path: Path, tiny: dict[str, Any]) -> None:
    tiny["config"]["meta"]["fresh"] = 2
    with pytest.raises(CxeError, match=r"_crm__sources.yml: crm\.account: unknown meta \['fresh'"):
        load_tiny(tmp_path, tiny)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("requird", True, r"unknown meta \['requird'\]"),
        ("type", "varchar", "type 'varchar' is none of"),
        ("pii", "secret", "pii 'secret' is none of"),
    ],
)
def test_a_misspelt_column_setting_is_refused_with_its_place(
    tmp_path: Path, tiny: dict[str, Any], setting: str, value: object, message: str
) -> None:
    tiny["columns"][0]["config"]["meta"][setting] = value
    with pytest.raises(CxeError, match=rf"_crm__sources.yml: crm\.account\.Id: {message}"):
        load_tiny(tmp_path, tiny)


def test_an_identifier_that_is_not_system_and_extract_is_refused(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    tiny["identifier"] = "account"
    with pytest.raises(CxeError, match=r"crm\.account: identifier must be crm__account"):
        load_tiny(tmp_path, tiny)


@pytest.mark.parametrize(
    "mention",
    [
        {"key": ["Nope"]},
        {"key_parts_that_may_be_empty": ["Nope"]},
        {"version_column": "Nope"},
        {"deleted_when": {"column": "Nope", "value": "true"}},
    ],
)
def test_a_setting_that_names_a_column_not_listed_is_refused(
    tmp_path: Path, tiny: dict[str, Any], mention: dict[str, Any]
) -> None:
    tiny["config"]["meta"].update(mention)
    with pytest.raises(CxeError, match=r"crm\.account names columns it does not list: \['Nope'\]"):
        load_tiny(tmp_path, tiny)


def test_a_folder_without_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CxeError, match="run from a cxe checkout"):
        load_contract(tmp_path)
