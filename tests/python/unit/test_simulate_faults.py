"""Planted faults: each is there, counted, and nowhere else."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from cxe.errors import InputError
from cxe.simulate import FAULTS, SimulationSummary, simulate

if TYPE_CHECKING:
    from pathlib import Path

NATURAL = {"group_call_child_rows", "merged_account_history"}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("healthy")
    simulate_small(out)
    return out


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SimulationSummary]:
    out = tmp_path_factory.mktemp("spoiled")
    return out, simulate_small(out, faults=("all",))


def simulate_small(out: Path, faults: tuple[str, ...] = ()) -> SimulationSummary:
    return simulate(out, hcps=40, months=6, faults=faults)


def files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for folder in ("extracts", "redelivery")
        for path in (out / folder).rglob("*")
        if path.is_file()
    }


def planted(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "truth" / "faults.json").read_text())
    return found


def rows_at(out: Path, fault: str) -> list[dict[str, str]]:
    """The records at the noted lines; none of the files has records of several lines."""
    rows = []
    for place in planted(out)[fault]["places"]:
        name, line = place.rsplit(":", 1)
        lines = (out / name).read_text(encoding="utf-8-sig").splitlines()
        values = next(csv.reader([lines[int(line) - 1]]))
        rows.append(dict(zip(lines[0].split(","), values, strict=True)))
    return rows


def test_every_fault_says_what_it_is() -> None:
    assert len(FAULTS) == 24
    assert all(description.endswith(".") for description in FAULTS.values())


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - NATURAL))
def test_a_fault_alone_changes_only_the_files_it_names(
    healthy: Path, tmp_path: Path, fault: str
) -> None:
    summary = simulate_small(tmp_path, faults=(fault,))
    found = planted(tmp_path)
    assert summary.faults == {fault: found[fault]["count"]}
    assert found[fault]["count"] > 0
    named = {place.split(":")[0] for place in found[fault]["places"]}
    before, after = files(healthy), files(tmp_path)
    assert {name for name in after if after[name] != before.get(name)} == named
    assert set(before) <= set(after)


def test_all_faults_together_are_all_counted(spoiled: tuple[Path, SimulationSummary]) -> None:
    out, summary = spoiled
    assert set(summary.faults) == set(FAULTS)
    assert all(count > 0 for count in summary.faults.values())
    assert {name: found["count"] for name, found in planted(out).items()} == summary.faults


def test_all_faults_together_are_the_same_each_time(
    spoiled: tuple[Path, SimulationSummary], tmp_path: Path
) -> None:
    simulate_small(tmp_path, faults=("all",))
    assert files(tmp_path) == files(spoiled[0])


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("missing_npi", {"NPI_vod__c": "", "IsPersonAccount": "true"}),
        ("reversal_without_claim", {"transaction_code": "B2", "claim_status": "2"}),
        ("survey_without_account", {"AccountId": "", "CaseId": "", "HubCaseId": ""}),
        ("decimal_comma", {"amount": "48,50"}),
        ("unknown_prescriber", {"case_id": "", "claim_status": "1"}),
    ],
)
def test_the_noted_lines_hold_the_fault(
    spoiled: tuple[Path, SimulationSummary], fault: str, expected: dict[str, str]
) -> None:
    rows = rows_at(spoiled[0], fault)
    assert rows
    assert all(expected.items() <= row.items() for row in rows)


def test_an_appeal_points_to_a_request_nobody_delivered(
    spoiled: tuple[Path, SimulationSummary],
) -> None:
    out, _ = spoiled
    everything = "".join(
        path.read_text() for path in (out / "extracts/access/prior_auth").glob("*.csv")
    )
    for row in rows_at(out, "appeal_without_parent"):
        assert everything.count(row["parent_pa_id"]) == 1


def test_total_lines_have_the_right_number_of_fields_and_too_few(
    spoiled: tuple[Path, SimulationSummary],
) -> None:
    out, _ = spoiled
    widths = []
    for place in planted(out)["trailing_total_line"]["places"]:
        name, line = place.rsplit(":", 1)
        lines = (out / name).read_text().splitlines()
        assert int(line) == len(lines)
        widths.append(lines[-1].count(",") - lines[0].count(","))
    assert widths[0] == 0 > widths[1]


def test_unreadable_files_are_further_deliveries(spoiled: tuple[Path, SimulationSummary]) -> None:
    out, _ = spoiled
    found = planted(out)
    (empty,) = found["empty_file"]["places"]
    (truncated,) = found["truncated_gzip"]["places"]
    (header_only,) = found["header_only_file"]["places"]
    assert all("__delta__2." in name for name in (empty, truncated, header_only))
    assert (out / empty).read_bytes() == b""
    assert (out / header_only).read_bytes().count(b"\n") == 1
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress((out / truncated).read_bytes())


def test_a_name_sent_again_holds_other_bytes(spoiled: tuple[Path, SimulationSummary]) -> None:
    out, _ = spoiled
    (again,) = planted(out)["resent_name_other_bytes"]["places"]
    first = again.replace("redelivery/", "extracts/", 1)
    assert (out / again).read_bytes() != (out / first).read_bytes()


def test_an_unknown_fault_is_refused_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing_npi"):
        simulate_small(tmp_path, faults=("mising_npi",))
    assert not (tmp_path / "extracts").exists()
