"""The sample world: deterministic, in the contract's shape, without knowledge of the future."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from cxe.contract import Extract, load_contract
from cxe.errors import InputError
from cxe.home import PROJECT_DIR
from cxe.simulate import SimulationSummary, simulate
from cxe.simulate.clock import (
    HOUR,
    NEVER,
    after_office_hours,
    calendar,
    office_clock,
    seconds,
)
from cxe.simulate.tables import Column, Table
from cxe.simulate.write import write_extract

if TYPE_CHECKING:
    from pathlib import Path

HCPS, MONTHS = 40, 6
CONTRACT = load_contract(PROJECT_DIR)
EXTRACTS = sorted(CONTRACT)
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulationSummary]:
    out = tmp_path_factory.mktemp("world")
    return out, simulate_small(out)


def simulate_small(
    out: Path, *, seed: int = 1, experience_effect: float = 1.0
) -> SimulationSummary:
    return simulate(out, hcps=HCPS, months=MONTHS, seed=seed, experience_effect=experience_effect)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def files_of(out: Path, extract: Extract) -> list[Path]:
    return sorted((out / "extracts" / extract.folder).iterdir())


def delivered_on(path: Path) -> datetime:
    return datetime.combine(date.fromisoformat(path.name.split("__")[-2]), datetime.min.time(), UTC)


def table(path: Path, extract: Extract) -> tuple[list[str], Rows]:
    """Header and records as text, whatever the container."""
    if path.suffix == ".parquet":
        arrow = pq.read_table(path)
        rows = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in arrow.to_pylist()
        ]
        return arrow.column_names, rows
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows = list(reader)
    return list(reader.fieldnames or ()), rows[extract.extra_header_lines :]


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def is_luhn_valid(npi: str) -> bool:
    """The standard's rule: double every second digit of 80840 + NPI from the right."""
    digits = [int(digit) for digit in reversed("80840" + npi)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def newest(out: Path, system: str, name: str) -> dict[str, dict[str, str]]:
    """The last delivered version of each record of an extract with a one-column key."""
    extract = CONTRACT[system, name]
    versions: dict[str, dict[str, str]] = {}
    for path in sorted(files_of(out, extract), key=delivered_on):
        versions |= {row[extract.key[0]]: row for row in table(path, extract)[1]}
    return versions


def test_same_arguments_give_the_same_bytes(
    world: tuple[Path, SimulationSummary], tmp_path: Path
) -> None:
    simulate_small(tmp_path)
    assert contents(tmp_path) == contents(world[0])


def test_another_seed_gives_another_world(
    world: tuple[Path, SimulationSummary], tmp_path: Path
) -> None:
    simulate_small(tmp_path, seed=2)
    here, there = contents(tmp_path / "extracts"), contents(world[0] / "extracts")
    calls = [name for name in here if "call2_vod__c" in name]
    assert all(here[name] != there.get(name) for name in calls)


@pytest.mark.parametrize(("system", "name"), EXTRACTS)
def test_columns_are_those_of_the_contract(
    world: tuple[Path, SimulationSummary], system: str, name: str
) -> None:
    extract = CONTRACT[system, name]
    headers = [table(path, extract)[0] for path in files_of(world[0], extract)]
    assert headers
    assert all(header == list(extract.column_names) for header in headers)


@pytest.mark.parametrize(("system", "name"), EXTRACTS)
def test_values_are_those_of_the_contract(
    world: tuple[Path, SimulationSummary], system: str, name: str
) -> None:
    extract = CONTRACT[system, name]
    rows = [row for path in files_of(world[0], extract) for row in table(path, extract)[1]]
    assert rows
    for column in extract.columns:
        values = {row[column.name] for row in rows}
        assert not (column.required and "" in values), column.name
        if column.codes:
            assert values - {""} <= set(column.codes), column.name


@pytest.mark.parametrize(("system", "name"), EXTRACTS)
def test_keys_are_unique_in_each_file(
    world: tuple[Path, SimulationSummary], system: str, name: str
) -> None:
    extract = CONTRACT[system, name]
    for path in files_of(world[0], extract):
        keys = [tuple(row[part] for part in extract.key) for row in table(path, extract)[1]]
        assert len(keys) == len(set(keys)), path.name


@pytest.mark.parametrize(("system", "name"), EXTRACTS)
def test_no_version_is_stamped_after_its_delivery(
    world: tuple[Path, SimulationSummary], system: str, name: str
) -> None:
    extract = CONTRACT[system, name]
    assert extract.version_column is not None
    for path in files_of(world[0], extract):
        stamps = [instant(row[extract.version_column]) for row in table(path, extract)[1]]
        assert all(stamp < delivered_on(path) for stamp in stamps), path.name


@pytest.mark.parametrize(
    ("system", "name", "columns"),
    [
        ("access", "hub_enrollment", ("consent_ts", "enrolled_ts", "closed_ts")),
        ("access", "benefit_verification", ("completed_ts",)),
        ("access", "prior_auth", ("response_ts",)),
        ("crm", "medical_inquiry_vod__c", ("Fulfilled_Date__c",)),
        ("crm", "access_barrier__c", ("Escalated_Date__c", "Resolved_Date__c")),
        ("crm", "sent_email_vod__c", ("Last_Activity_Date_vod__c",)),
        ("support", "case", ("First_Response_Date__c", "ClosedDate", "Safety_Forwarded_Date__c")),
    ],
)
def test_a_delivery_knows_nothing_that_happened_after_it(
    world: tuple[Path, SimulationSummary], system: str, name: str, columns: tuple[str, ...]
) -> None:
    extract = CONTRACT[system, name]
    known = 0
    for path in files_of(world[0], extract):
        for row in table(path, extract)[1]:
            times = [instant(row[column]) for column in columns if row[column]]
            known += len(times)
            assert all(time < delivered_on(path) for time in times), path.name
    assert known


def test_a_case_delivered_open_comes_again_when_it_is_closed(
    world: tuple[Path, SimulationSummary],
) -> None:
    extract = CONTRACT["access", "hub_enrollment"]
    full, *deltas = sorted(files_of(world[0], extract), key=delivered_on)
    open_then = {row["case_id"] for row in table(full, extract)[1] if not row["closed_ts"]}
    closed_later = {
        row["case_id"] for path in deltas for row in table(path, extract)[1] if row["closed_ts"]
    }
    assert open_then & closed_later


def test_every_extract_is_delivered_on_every_date_news_or_none(tmp_path: Path) -> None:
    simulate(tmp_path, hcps=20, months=12, seed=4)
    dates = {
        extract.name: [delivered_on(path) for path in files_of(tmp_path, extract)]
        for extract in CONTRACT.values()
    }
    assert len(set(map(tuple, dates.values()))) == 1
    sizes = [
        len(table(path, extract)[1])
        for extract in CONTRACT.values()
        for path in files_of(tmp_path, extract)
    ]
    assert 0 in sizes


def test_a_delivery_without_news_keeps_its_columns_in_parquet_too(tmp_path: Path) -> None:
    extract = CONTRACT["access", "nurse_contact"]
    one = np.zeros(1, np.int64)
    kinds = {"start_ts": "ts", "modified_ts": "ts", "duration_s": "int"}
    columns = {name: Column(kinds.get(name, "code"), one, ("X",)) for name in extract.column_names}
    first, *later = write_extract(
        tmp_path, extract, Table(columns, one, None), calendar(12, date(2025, 12, 31))
    )
    assert first.rows == 1
    assert later
    for delivery in later:
        arrow = pq.read_table(delivery.path)
        assert arrow.num_rows == 0
        assert arrow.schema == pq.read_schema(first.path)


def test_the_last_delivery_of_every_extract_follows_the_last_day(tmp_path: Path) -> None:
    simulate(tmp_path, hcps=20, months=3, last_day=date(2024, 5, 17))
    for extract in CONTRACT.values():
        newest_date = max(delivered_on(path) for path in files_of(tmp_path, extract))
        assert newest_date == datetime(2024, 5, 18, tzinfo=UTC), extract.name


def test_npis_pass_the_luhn_check(world: tuple[Path, SimulationSummary]) -> None:
    assert is_luhn_valid("1234567893")
    assert not is_luhn_valid("1234567890")
    npis = {row["NPI_vod__c"] for row in newest(world[0], "crm", "account").values()} - {""}
    assert len(npis) == HCPS
    assert all(is_luhn_valid(npi) for npi in npis)


def test_merged_accounts_lead_to_a_survivor_some_over_two_steps(
    world: tuple[Path, SimulationSummary],
) -> None:
    accounts = newest(world[0], "crm", "account")
    losers = [row for row in accounts.values() if row["MasterRecordId"]]
    assert losers
    assert all(row["IsDeleted"] == "true" for row in losers)
    masters = [accounts[row["MasterRecordId"]] for row in losers]
    chained = [master for master in masters if master["MasterRecordId"]]
    assert chained
    ends = [accounts[master["MasterRecordId"]] for master in chained]
    assert all(end["IsDeleted"] == "false" and end["NPI_vod__c"] for end in ends)


def test_hub_and_pharmacy_prescribers_are_in_the_crm(
    world: tuple[Path, SimulationSummary],
) -> None:
    known = {row["NPI_vod__c"] for row in newest(world[0], "crm", "account").values()}
    for name, column in (("hub_enrollment", "hcp_npi"), ("sp_dispense", "prescriber_npi")):
        extract = CONTRACT["access", name]
        for path in files_of(world[0], extract):
            assert {row[column] for row in table(path, extract)[1]} <= known


def test_the_truth_stands_beside_the_extracts_and_never_among_them(
    world: tuple[Path, SimulationSummary],
) -> None:
    out, summary = world
    truth = {path.name for path in (out / "truth").iterdir()}
    assert truth == {"hcp_months.parquet", "hcps.parquet", "faults.json"}
    folders = {
        path.parent.relative_to(out / "extracts").as_posix()
        for path in (out / "extracts").rglob("*")
        if path.is_file()
    }
    assert folders == {extract.folder for extract in CONTRACT.values()}
    assert summary.files == sum(1 for name in contents(out) if name.startswith("extracts/"))


def test_the_truth_has_every_month_of_every_hcp(world: tuple[Path, SimulationSummary]) -> None:
    months = pq.read_table(world[0] / "truth" / "hcp_months.parquet").to_pylist()
    assert len(months) == len({(row["npi"], row["month"]) for row in months}) == HCPS * MONTHS
    assert all(0 <= row["trust"] <= 1 and 0 <= row["stop_hazard"] <= 1 for row in months)


def test_the_summary_counts_the_delivered_rows(world: tuple[Path, SimulationSummary]) -> None:
    out, summary = world
    assert set(summary.rows) == {extract.folder for extract in CONTRACT.values()}
    for extract in CONTRACT.values():
        rows = sum(len(table(path, extract)[1]) for path in files_of(out, extract))
        assert summary.rows[extract.folder] == rows


def test_prescribers_who_stop_had_less_trust_than_those_who_stay(tmp_path: Path) -> None:
    simulate(tmp_path, hcps=400, months=12)
    months = pq.read_table(tmp_path / "truth" / "hcp_months.parquet")
    columns = {name: months[name].to_numpy() for name in ("trust", "is_writer", "is_stopped")}
    trust, writes, stopped = (columns[name].reshape(12, 400) for name in columns)
    at_risk = writes[:-1] & ~stopped[:-1]
    stops_next = at_risk & stopped[1:]
    stays = at_risk & ~stopped[1:]
    assert trust[1:][stops_next].mean() < trust[1:][stays].mean() - 0.05


def test_without_an_experience_effect_every_prescriber_has_the_same_hazard(tmp_path: Path) -> None:
    simulate_small(tmp_path, experience_effect=0)
    months = pq.read_table(tmp_path / "truth" / "hcp_months.parquet")
    assert len(set(months["stop_hazard"].to_pylist())) == 1
    assert len(set(months["trust"].to_pylist())) > 100


def test_who_stopped_enrolls_no_new_patient_afterwards(tmp_path: Path) -> None:
    simulate(tmp_path, hcps=200, months=9)
    people = pq.read_table(tmp_path / "truth" / "hcps.parquet").to_pylist()
    stopped = {row["npi"]: row["stopped_month"] for row in people if row["stopped_month"]}
    late = [
        row
        for row in newest(tmp_path, "access", "hub_enrollment").values()
        if row["case_type"] != "REAUTH"
        and row["hcp_npi"] in stopped
        and instant(row["received_ts"]).date().replace(day=1) > stopped[row["hcp_npi"]]
    ]
    assert len(stopped) > 10
    assert late == []


def test_a_folder_with_extracts_is_not_written_over(world: tuple[Path, SimulationSummary]) -> None:
    with pytest.raises(InputError, match="not empty"):
        simulate_small(world[0])


def test_office_hours_skip_the_night_and_the_weekend() -> None:
    friday = seconds(date(2025, 1, 3))
    start = np.array([friday + 17 * HOUR, friday + 20 * HOUR, NEVER])
    ends = after_office_hours(start, np.array([2.0, 2.0, 2.0]))
    monday = friday + 72 * HOUR
    # One hour on Friday and one on Monday; from after closing time two on Monday; never.
    assert ends.tolist() == [monday + 9 * HOUR, monday + 10 * HOUR, NEVER]
    week = office_clock(friday + 7 * 24 * HOUR) - office_clock(friday)
    assert week == 50 * HOUR
