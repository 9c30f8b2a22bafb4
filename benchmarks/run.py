"""Speed and memory on this machine: `make bench`. Ratios of one run count, absolute times do not.

    python benchmarks/run.py [--only NAME ...] [--work DIR] [--json FILE]

Each measurement runs the command line as a process of its own and reads wall time, CPU time and
peak memory from the operating system.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

SIZES = {"S": (1_000, 24), "M": (10_000, 36), "L": (100_000, 36)}
LANDING_ROWS = 10_000_000
STATUS_EVENTS = 8_000_000
# Tables by which the path to fulfilment is built, with the columns that tell cases apart.
CASE_TABLES = {
    "staging.stg_access__enrollments": ("case_id", "patient_key"),
    "staging.stg_access__case_statuses": ("case_id",),
    "staging.stg_access__benefit_verifications": ("benefit_verification_id", "case_id"),
    "staging.stg_access__prior_auths": ("prior_auth_id", "case_id", "parent_prior_auth_id"),
    "intermediate.int_fills_resolved": ("fill_id", "case_id", "patient_key"),
}
JOURNEY_MODELS = (
    "int_cases_resolved",
    "int_prior_auths_chained",
    "int_case_steps",
    "int_therapies_followed",
    "int_cases_followed",
    "int_therapy_waits_estimated",
    "fct_fulfillment_journeys",
    "fct_fulfillment_steps",
    "fct_time_to_therapy",
    "fct_time_to_therapy_medians",
)
BARE_LOAD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("set threads = 2")
connection.execute(
    "create table t as select * from read_csv(?, all_varchar = true)", [sys.argv[2]]
)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of wall and CPU time, peak memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float


@dataclass(frozen=True)
class Line:
    """One measured thing, its bar and whether it holds (None: nothing to hold)."""

    what: str
    figure: str
    bar: str
    holds: bool | None


def cost_of(*arguments: object, environment: dict[str, str] | None = None) -> Cost:
    """Run the project's Python and measure it.

    Raises:
        SystemExit: it failed.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{arguments} failed with {os.waitstatus_to_exitcode(status)}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def cxe(*arguments: object, environment: dict[str, str] | None = None) -> Cost:
    """Run the command line quietly."""
    return cost_of("-m", "cxe", *arguments, environment=environment)


def world(work: Path, size: str) -> tuple[Path, Cost | None]:
    """Extracts of a size, made once per work folder, and what making them took."""
    out = work / f"world_{size}"
    if (out / "extracts").exists():
        return out / "extracts", None
    hcps, months = SIZES[size]
    cost = cxe("simulate", out, "--hcps", hcps, "--months", months)
    return out / "extracts", cost


def bench_simulate(work: Path) -> list[Line]:
    """The sample world: 1,000 HCPs x 24 months."""
    shutil.rmtree(work / "world_S", ignore_errors=True)
    _, cost = world(work, "S")
    assert cost is not None
    return [Line("simulate S", f"{cost.wall:.1f} s", "<= 20 s", cost.wall <= 20)]


def bench_landing(work: Path) -> list[Line]:
    """Landing with full provenance against a bare load of the same file."""
    folder = work / "landing/extracts/crm/call2_vod__c"
    file = folder / "call2_vod__c__2026-01-01__full.csv"
    if not file.exists():
        folder.mkdir(parents=True)
        _write_calls(file)
    ratios, peaks, walls = [], [], []
    for attempt in range(3):
        home, bare = work / f"landing/home_{attempt}", work / f"landing/bare_{attempt}.duckdb"
        for path in (home, bare):
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)
        base = cost_of("-c", BARE_LOAD, bare, file)
        ours = cxe("land", "--extracts", work / "landing/extracts", "--home", home)
        ratios.append(ours.wall / base.wall)
        walls.append((ours.wall, base.wall))
        peaks.append(ours.peak_mib)
        shutil.rmtree(home)
        bare.unlink()
    ratio, peak = sorted(ratios)[1], max(peaks)
    ours_wall, base_wall = sorted(walls)[1]
    return [
        Line(
            f"landing {LANDING_ROWS:,} rows / bare load",
            f"{ratio:.2f}x ({ours_wall:.1f} s / {base_wall:.1f} s)",
            "<= 1.8x",
            ratio <= 1.8,
        ),
        Line("landing, peak memory", f"{peak:,.0f} MiB", "<= 1,536 MiB", peak <= 1536),
    ]


def _write_calls(file: Path) -> None:
    duckdb.execute(
        f"""
        copy (
            select
                'C' || lpad(i::varchar, 17, '0') as "Id",
                'false' as "IsDeleted",
                'A' || lpad((i % 100000)::varchar, 17, '0') as "Account_vod__c",
                'U' || lpad((i % 300)::varchar, 17, '0') as "OwnerId",
                null as "Parent_Call_vod__c",
                'true' as "Is_Parent_Call_vod__c",
                'Person_Account_vod' as "Attendee_Type_vod__c",
                strftime(timestamp '2023-01-01' + to_seconds(i * 9), '%Y-%m-%dT%H:%M:%SZ')
                    as "Call_Datetime_vod__c",
                'Detail' as "Call_Type_vod__c",
                'Face_to_face_vod' as "Call_Channel_vod__c",
                'Submitted_vod' as "Status_vod__c",
                (i % 60)::varchar as "Duration_vod__c",
                strftime(timestamp '2023-01-01' + to_seconds(i * 9 + 60), '%Y-%m-%dT%H:%M:%SZ')
                    as "SystemModstamp"
            from range({LANDING_ROWS}) as numbers(i)
        ) to '{file}' (header)
        """
    )


def bench_growth(work: Path, sizes: tuple[str, ...]) -> list[Line]:
    """A whole run by size: wall time and memory, and how they grow."""
    lines, costs = [], {}
    for size in sizes:
        extracts, simulated = world(work, size)
        if simulated:
            lines.append(Line(f"simulate {size}", f"{simulated.wall:.0f} s", "", None))
        home = work / f"home_{size}"
        shutil.rmtree(home, ignore_errors=True)
        costs[size] = cxe("run", "--extracts", extracts, "--home", home)
        cost = costs[size]
        lines.append(Line(f"run {size}", f"{cost.wall:.0f} s, {cost.peak_mib:,.0f} MiB", "", None))
        shutil.rmtree(home)
    return lines


def bench_journeys(work: Path) -> list[Line]:
    """The path to fulfilment from a million cases with eight status events each, in 4 GB."""
    extracts, _ = world(work, "S")
    home = work / "home_journeys"
    shutil.rmtree(home, ignore_errors=True)
    cxe("run", "--extracts", extracts, "--home", home)
    cases = _multiply_cases(home / "warehouse/cxe.duckdb")
    dbt = [Path(sys.executable).with_name("dbt"), "--quiet", "run", "--select", *JOURNEY_MODELS]
    environment = {
        "CXE_HOME": str(home),
        "CXE_MEMORY_LIMIT": "4GB",
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
    }
    cost = cost_of(*dbt, environment=environment)
    results = json.loads((home / "target/run_results.json").read_text())
    seconds = results["elapsed_time"]
    shutil.rmtree(home)
    return [
        Line(
            f"journeys of {cases:,} cases, {STATUS_EVENTS:,} events",
            f"{seconds:.0f} s, {cost.peak_mib:,.0f} MiB",
            "< 60 s in 4 GB",
            seconds < 60,
        )
    ]


def _multiply_cases(warehouse: Path) -> int:
    """Copy the cases of a built warehouse under other ids; how many there are then."""
    with duckdb.connect(str(warehouse)) as connection:

        def count(table: str) -> int:
            return len(connection.table(table))

        copies = STATUS_EVENTS // count("staging.stg_access__case_statuses")
        for table, columns in CASE_TABLES.items():
            renamed = ", ".join(f"{column} || '-' || copy as {column}" for column in columns)
            connection.execute(
                f"create table multiplied as select original.* replace ({renamed})"
                f" from {table} as original, range({copies}) as copies(copy)"
            )
            connection.execute(f"truncate {table}")
            connection.execute(f"insert into {table} from multiplied")
            connection.execute("drop table multiplied")
        return count("staging.stg_access__enrollments")


def bench_memory(work: Path) -> list[Line]:
    """A run of M with 2 GB for DuckDB finishes."""
    extracts, _ = world(work, "M")
    home = work / "home_small"
    shutil.rmtree(home, ignore_errors=True)
    cost = cxe(
        "run", "--extracts", extracts, "--home", home, environment={"CXE_MEMORY_LIMIT": "2GB"}
    )
    shutil.rmtree(home)
    return [Line("run M with memory limit 2 GB", f"{cost.wall:.0f} s", "finishes", True)]


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = ("simulate", "landing", "growth", "journeys", "memory", "growth-large")
    parser.add_argument("--only", nargs="*", choices=names, default=names[:-1])
    parser.add_argument("--work", type=Path, help="keep worlds here between calls")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        lines: list[Line] = []
        for name in options.only:
            if name == "simulate":
                lines += bench_simulate(work)
            elif name == "landing":
                lines += bench_landing(work)
            elif name == "growth":
                lines += bench_growth(work, ("S", "M"))
            elif name == "growth-large":
                lines += bench_growth(work, ("L",))
            elif name == "journeys":
                lines += bench_journeys(work)
            else:
                lines += bench_memory(work)
    table = Table("what", "figure", "bar", "holds")
    for line in lines:
        holds = "" if line.holds is None else "yes" if line.holds else "NO"
        table.add_row(line.what, line.figure, line.bar, holds)
    Console(width=110).print(table)
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in lines], indent=2) + "\n")


if __name__ == "__main__":
    main()
