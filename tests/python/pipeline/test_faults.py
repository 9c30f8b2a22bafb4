"""Every fault that real extracts contain, planted into one world, with what becomes of it."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from golden.compare import computed
from golden.health_marts import assert_same_health
from golden.journey_marts import assert_same_journeys, assert_same_promises
from worlds import Cxe, mart_differences, published

from cxe.simulate import FAULTS, simulate

# Faults that say the same thing twice, or say it in another form, must change no mart.
HARMLESS = (
    "same_record_in_full_and_delta",
    "time_zone_mix",
    "changed_header_order",
    "crlf_and_bom",
    "trailing_total_line",
    "empty_file",
    "header_only_file",
    "truncated_gzip",
    "reversal_without_claim",
)


@dataclass(frozen=True)
class Dirty:
    """A world with every fault, its home after one run, and what that run said."""

    world: Path
    home: Path
    planted: dict[str, dict[str, Any]]
    said: str

    def places(self, fault: str, extract: str = "") -> list[tuple[str, int]]:
        """(path below the extracts root, line) of each instance."""
        found = []
        for place in self.planted[fault]["places"]:
            path, _, line = place.removeprefix("extracts/").partition(":")
            if extract in path:
                found.append((path, int(line or 0)))
        assert found, fault
        return found

    def rows(self, fault: str, extract: str = "") -> list[dict[str, str]]:
        """The planted records as delivered."""
        found = []
        for path, line in self.places(fault, extract):
            with (self.world / "extracts" / path).open(encoding="utf-8-sig", newline="") as file:
                lines = file.read().splitlines()
            names, values = next(csv.reader([lines[0]])), next(csv.reader([lines[line - 1]]))
            found.append(dict(zip(names, values, strict=False)))
        return found

    def files(self, fault: str) -> list[tuple[str, str]]:
        """(status, message) of the planted files."""
        with published(self.home) as connection:
            return [
                (status, message or "")
                for path, _ in self.places(fault)
                for status, message in connection.execute(
                    "select status, message from ops.files where path = ?", [path]
                ).fetchall()
            ]

    def staged(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """A query on the warehouse at work."""
        with duckdb.connect(str(self.home / "warehouse/cxe.duckdb"), read_only=True) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def count(self, query: str, *parameters: Any) -> int:
        """The one number a query gives."""
        return int(self.staged(query, *parameters)[0][0])


@pytest.fixture(scope="module")
def dirty(cxe: Cxe, tmp_path_factory: pytest.TempPathFactory) -> Dirty:
    root = tmp_path_factory.mktemp("dirty")
    simulate(root / "world", hcps=60, months=10, seed=3, faults=("all",))
    done = cxe("run", "--extracts", root / "world/extracts", "--home", root / "home")
    planted = json.loads((root / "world/truth/faults.json").read_text())
    return Dirty(root / "world", root / "home", planted, done.stdout)


def test_every_known_fault_is_planted(dirty: Dirty) -> None:
    assert set(dirty.planted) == set(FAULTS)
    assert all(fault["count"] > 0 for fault in dirty.planted.values())


def test_rows_read_are_landed_or_rejected_for_every_file(dirty: Dirty) -> None:
    assert dirty.count("select count(*) from raw._files where rows_landed > 0") > 0
    assert dirty.staged("from raw._files where rows_read <> rows_landed + rows_rejected") == []


def test_what_the_run_says_holds_no_delivered_text(dirty: Dirty) -> None:
    names = {row["Name"] for row in dirty.rows("missing_npi")}
    rejected = dirty.staged("select raw_text from raw._rejects")
    assert not any(name in dirty.said for name in names)
    assert not any(text in dirty.said for (text,) in rejected)


def test_harmless_faults_change_no_mart(unchecked_cxe: Cxe, tmp_path: Path) -> None:
    simulate(tmp_path / "clean", hcps=30, months=6, seed=4)
    simulate(tmp_path / "dirty", hcps=30, months=6, seed=4, faults=HARMLESS)
    for world in ("clean", "dirty"):
        home = tmp_path / f"{world}_home"
        unchecked_cxe("run", "--extracts", tmp_path / world / "extracts", "--home", home)
    differences = mart_differences(tmp_path / "clean_home", tmp_path / "dirty_home")
    assert differences == {}


def test_dirty_journeys_promises_and_health_equal_the_second_computation(dirty: Dirty) -> None:
    world = computed(dirty.world / "extracts")
    assert_same_journeys(dirty.home, world)
    assert_same_promises(dirty.home, world)
    assert_same_health(dirty.home, world)


def test_attendees_of_a_group_call_count_once_each_and_the_organisation_not_at_all(
    dirty: Dirty,
) -> None:
    doubled = dirty.staged(
        "select group_call_id, account_id from intermediate.int_calls_attended"
        " group by all having count(*) > 1"
    )
    parents = dirty.count(
        "select count(*) from intermediate.int_calls_attended as attended"
        " join staging.stg_crm__calls as calls using (call_id)"
        " where calls.attendee_type = 'Group_Account_vod'"
    )
    assert doubled == []
    assert parents == 0


def test_history_of_a_merged_account_belongs_to_its_survivor(dirty: Dirty) -> None:
    merged = dirty.count(
        "select count(*) from staging.stg_crm__calls as calls"
        " join intermediate.int_accounts_resolved as accounts using (account_id)"
        " join marts.fct_interactions as interactions"
        " on interactions.interaction_id = 'call:' || calls.call_id"
        " where accounts.is_merged"
        " and interactions.customer_id = accounts.survivor_account_id"
    )
    lost = dirty.count(
        "select count(*) from marts.fct_interactions as interactions"
        " join intermediate.int_accounts_resolved as accounts"
        " on interactions.customer_id = accounts.account_id where accounts.is_merged"
    )
    assert merged > 0
    assert lost == 0


def test_an_account_without_npi_stays_a_customer(dirty: Dirty) -> None:
    for row in dirty.rows("missing_npi"):
        found = dirty.staged("select npi from marts.dim_customers where customer_id = ?", row["Id"])
        assert found == [(None,)]


def test_a_failing_npi_is_kept_as_delivered(dirty: Dirty) -> None:
    for row in dirty.rows("failing_npi"):
        found = dirty.staged("select npi from marts.dim_customers where customer_id = ?", row["Id"])
        assert found == [(row["NPI_vod__c"],)]


def test_deleted_records_are_gone_from_staging_and_marts(dirty: Dirty) -> None:
    for row in dirty.rows("soft_deletes", "call2"):
        assert dirty.count("select count(*) from raw.crm__call2_vod__c where Id = ?", row["Id"]) > 1
        assert (
            dirty.count("select count(*) from staging.stg_crm__calls where call_id = ?", row["Id"])
            == 0
        )
        assert (
            dirty.count(
                "select count(*) from marts.fct_interactions where interaction_id = 'call:' || ?",
                row["Id"],
            )
            == 0
        )


def test_the_same_record_in_full_and_delta_counts_once(dirty: Dirty) -> None:
    for row in dirty.rows("same_record_in_full_and_delta"):
        assert dirty.count("select count(*) from raw.crm__call2_vod__c where Id = ?", row["Id"]) > 1
        assert (
            dirty.count("select count(*) from staging.stg_crm__calls where call_id = ?", row["Id"])
            == 1
        )


def test_an_appeal_without_its_request_stays(dirty: Dirty) -> None:
    for row in dirty.rows("appeal_without_parent"):
        found = dirty.staged(
            "select appeals.parent_prior_auth_id, requests.prior_auth_id"
            " from staging.stg_access__prior_auths as appeals"
            " left join staging.stg_access__prior_auths as requests"
            " on appeals.parent_prior_auth_id = requests.prior_auth_id"
            " where appeals.prior_auth_id = ?",
            row["pa_id"],
        )
        assert found == [(row["parent_pa_id"], None)]
        chain = dirty.staged(
            "select chain_id, is_appeal, is_first_request"
            " from intermediate.int_prior_auths_chained where prior_auth_id = ?",
            row["pa_id"],
        )
        assert chain == [(row["parent_pa_id"], True, False)]


def test_a_fill_before_its_enrolment_keeps_its_case(dirty: Dirty) -> None:
    for row in dirty.rows("fill_before_enrolment", "sp_dispense"):
        found = dirty.staged(
            "select fills.case_id, fills.shipped_on < cast(enrollments.received_at as date)"
            " from marts.fct_fills as fills"
            " join staging.stg_access__enrollments as enrollments using (case_id)"
            " where fills.case_id = ? order by fills.shipped_on limit 1",
            row["case_id"],
        )
        assert found == [(row["case_id"], True)]
        journey = dirty.staged(
            "select outcome, milestone_fault from marts.fct_fulfillment_journeys where case_id = ?",
            row["case_id"],
        )
        assert journey == [("started", "shipped_before_received")]


def test_a_reversal_without_its_claim_undoes_nothing(dirty: Dirty) -> None:
    for row in dirty.rows("reversal_without_claim"):
        staged = "select count(*) from staging.stg_access__dispenses where rx_number = ?"
        resolved = (
            "select count(*) from marts.fct_fills"
            " where fill_id = md5(coalesce(?, '') || '|' || ? || '|' || ?)"
        )
        assert dirty.count(staged, row["rx_number"]) == 1
        assert dirty.count(resolved, row["sp_id"], row["rx_number"], row["fill_number"]) == 0


def test_a_shipment_of_an_unknown_prescriber_makes_an_inferred_customer(dirty: Dirty) -> None:
    for row in dirty.rows("unknown_prescriber"):
        customer = f"npi:{row['prescriber_npi']}"
        inferred = "select is_inferred from marts.dim_customers where customer_id = ?"
        assert dirty.staged(inferred, customer) == [(True,)]
        assert (
            dirty.count("select count(*) from marts.fct_fills where customer_id = ?", customer) > 0
        )


def test_a_reopened_case_is_open_again(dirty: Dirty) -> None:
    for row in dirty.rows("reopened_case", "/case/"):
        found = dirty.staged(
            "select status, closed_at from staging.stg_support__cases where support_case_id = ?",
            row["Id"],
        )
        assert found == [(row["Status"], None)]
        promise = dirty.staged(
            "select delivered_at, status in ('open', 'broken') from marts.fct_promises"
            " where promise_instance_id = 'case_resolution:' || ?",
            row["Id"],
        )
        assert promise == [(None, True)]


def test_a_survey_without_account_stays_without_customer(dirty: Dirty) -> None:
    felt = []
    for row in dirty.rows("survey_without_account"):
        found = dirty.staged(
            "select account_id, support_case_id, hub_case_id"
            " from staging.stg_support__survey_responses where survey_response_id = ?",
            row["ResponseId"],
        )
        assert found == [(None, None, None)]
        felt += dirty.staged(
            "select customer_id from marts.fct_experience_observations"
            " where split_part(observation_id, ':', 2) = ?",
            row["ResponseId"],
        )
    assert felt
    assert set(felt) == {(None,)}


def test_both_consents_of_one_day_stand_with_their_time(dirty: Dirty) -> None:
    ids = [row["Id"] for row in dirty.rows("consent_flip_one_day")]
    found = dirty.staged(
        "select account_id, count(*), count(distinct opt_type), max_by(opt_type, captured_at)"
        " from staging.stg_crm__consents where list_contains(?, consent_id) group by all",
        ids,
    )
    assert found
    assert {row[1:] for row in found} == {(2, 2, "Opt_In_vod")}
    opted_out = [
        row["Id"] for row in dirty.rows("consent_flip_one_day") if "Out" in row["Opt_Type_vod__c"]
    ]
    promises = dirty.staged(
        "select status from marts.fct_promises where list_contains(?, promise_instance_id)",
        [f"optout_honoured:{consent}" for consent in opted_out],
    )
    assert promises == [("void",)] * len(opted_out)


def test_a_code_never_seen_before_is_kept_and_reported(dirty: Dirty) -> None:
    row = dirty.rows("unseen_code", "call2")[0]
    staged = "select channel from staging.stg_crm__calls where call_id = ?"
    assert dirty.staged(staged, row["Id"]) == [(row["Call_Channel_vod__c"],)]
    assert "codes_unseen" in dirty.said


def test_a_decimal_comma_is_null_and_counted(dirty: Dirty) -> None:
    for row in dirty.rows("decimal_comma", "copay_assist"):
        found = dirty.staged(
            "select assistance_value, unparsed_values from staging.stg_access__copay_claims"
            " where copay_claim_id = ?",
            row["claim_id"],
        )
        assert found == [(None, 1)]
    counted = dirty.count(
        "select unparsed_values from ops.row_accounts where extract = 'copay_assist'"
    )
    assert counted == len(dirty.rows("decimal_comma", "copay_assist"))
    assert "every_value_could_be_parsed" in dirty.said


def test_what_is_dated_after_the_end_of_the_world_has_not_happened(dirty: Dirty) -> None:
    for row in dirty.rows("future_dates", "call2"):
        interaction = "select count(*) from marts.fct_interactions where interaction_id = ?"
        assert (
            dirty.count("select count(*) from staging.stg_crm__calls where call_id = ?", row["Id"])
            == 1
        )
        assert dirty.count(interaction, f"call:{row['Id']}") == 0
    last_day = dirty.staged("select as_of_date from intermediate.int_reporting_period")[0][0]
    assert dirty.staged("from marts.fct_fills where shipped_on > ?", last_day) == []
    assert dirty.staged("from marts.fct_interactions where occurred_at >= ? + 1", last_day) == []


def test_instants_written_in_four_ways_are_the_same_instants(dirty: Dirty, tmp_path: Path) -> None:
    simulate(tmp_path / "clean", hcps=60, months=10, seed=3)
    ids = [row["Id"] for row in dirty.rows("time_zone_mix")]
    (clean,) = (tmp_path / "clean/extracts/crm/medical_inquiry_vod__c").glob("*__full.csv")
    with clean.open(newline="") as file:
        expected = {row["Id"]: row["Submitted_Date__c"] for row in csv.DictReader(file)}
    raw = dict(
        dirty.staged(
            "select Id, any_value(Submitted_Date__c) from raw.crm__medical_inquiry_vod__c"
            " where _file_id = (select file_id from raw._files where path = ?) group by Id",
            dirty.places("time_zone_mix")[0][0],
        )
    )
    rewritten = 0
    for record in ids:
        rewritten += raw[record] != expected[record]
        same = duckdb.execute(
            "select cast(? as timestamptz) = cast(? as timestamptz)",
            [_with_zone(raw[record]), _with_zone(expected[record])],
        ).fetchone()
        assert same == (True,)
    assert rewritten > 0


def _with_zone(stamp: str) -> str:
    """No offset means UTC, by contract."""
    return stamp if re.search(r"(Z|[+-]\d\d:?\d\d)$", stamp) else f"{stamp}Z"


def test_a_changed_header_order_lands_by_name(dirty: Dirty) -> None:
    path, _ = dirty.places("changed_header_order")[0]
    with (dirty.world / "extracts" / path).open(newline="") as file:
        first = next(csv.DictReader(file))
    found = dirty.staged(
        "select Status, Priority, CreatedDate from raw.support__case"
        " where Id = ? and _file_id = (select file_id from raw._files where path = ?)",
        first["Id"],
        path,
    )
    assert found == [(first["Status"], first["Priority"], first["CreatedDate"])]


def test_a_total_line_is_rejected_or_no_record(dirty: Dirty) -> None:
    fitting, short = dirty.places("trailing_total_line")
    landed = dirty.staged(
        "select claim_id from raw.access__copay_assist where _row_number = ?"
        " and _file_id = (select file_id from raw._files where path = ?)",
        fitting[1],
        fitting[0],
    )
    assert len(landed) == 1
    staged = "select count(*) from staging.stg_access__copay_claims where copay_claim_id = ?"
    assert dirty.count(staged, landed[0][0]) == 0
    rejected = dirty.staged(
        "select line_number from raw._rejects where file_id ="
        " (select file_id from raw._files where path = ?)",
        short[0],
    )
    assert rejected == [(short[1],)]


def test_a_windows_file_lands_without_its_marks(dirty: Dirty) -> None:
    path, _ = dirty.places("crlf_and_bom")[0]
    assert (dirty.world / "extracts" / path).read_bytes().startswith(b"\xef\xbb\xbf")
    marked = dirty.count(
        "select count(*) from raw.crm__account where SystemModstamp like '%' || chr(13)"
        " or Id like '%' || chr(65279) || '%'"
    )
    assert marked == 0
    assert dirty.files("crlf_and_bom")[0][0] == "landed"


@pytest.mark.parametrize(
    ("fault", "says"), [("empty_file", "header"), ("truncated_gzip", "cut off")]
)
def test_an_unreadable_file_is_rejected_with_its_remedy(
    fault: str, says: str, dirty: Dirty
) -> None:
    ((status, message),) = dirty.files(fault)
    assert status == "rejected"
    assert says in message
    assert "deliver the file again" in message
    assert dirty.places(fault)[0][0] in dirty.said


def test_a_header_only_file_lands_no_row(dirty: Dirty) -> None:
    ((status, _),) = dirty.files("header_only_file")
    assert status in {"landed", "repeat"}


def test_a_known_name_with_other_bytes_is_a_new_delivery_and_says_so(
    cxe: Cxe, dirty: Dirty, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(dirty.home, home, symlinks=True)
    done = cxe("land", "--extracts", dirty.world / "redelivery", "--home", home, "--json")
    (file,) = json.loads(done.stdout)["files"]
    assert file["status"] == "landed"
    assert file["rows_landed"] > 0
    assert "Other bytes" in file["message"]
