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
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

SIZES = {"S": (1_000, 24), "C": (1_000, 36), "M": (10_000, 36), "L": (100_000, 36)}
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
SCORING_MODELS = ("int_cvar_quarters_scored", "int_cvar_scored")
CALIBRATION = """
import duckdb, pathlib, sys, time
from cxe.calibration.warehouse import calibrate, parameters_of, read_variables
parameters = parameters_of(read_variables(pathlib.Path(sys.argv[2])))
with duckdb.connect(sys.argv[1]) as connection:
    assert calibrate(connection, parameters, anew=True)
"""
# Metrics as people ask for them, and the SQL that an analyst would write instead.
QUESTIONS = {
    ("gross_cvar", "territory"): """
        select territory, sum(gross_cvar) from marts.fct_cvar
        where month = (select max(month) from marts.fct_cvar)
        group by territory order by territory
    """,
    ("net_value", "month,segment"): """
        select month, segment, sum(accrued_value) from marts.fct_customer_value
        group by all order by all
    """,
    ("relationship_health", "month"): """
        select month, avg(health) from marts.fct_relationship_health group by month order by month
    """,
    ("promise_kept_rate", "principle,month"): """
        select
            principle, date_trunc('month', settled_at),
            count(*) filter (where status = 'kept')
            / nullif(count(*) filter (where status in ('kept', 'broken')), 0)
        from marts.fct_promises left join marts.dim_promises using (promise_id)
        where settled_at is not null group by all order by all
    """,
    ("shipped_value", "customer__specialty"): """
        select specialty, sum(net_value)
        from marts.fct_fills left join marts.dim_customers using (customer_id)
        group by all order by all
    """,
    ("net_value_growth_yoy", "month"): """
        select month, value / nullif(lag(value, 12) over (order by month), 0) - 1
        from (
            select month, sum(accrued_value)::double as value from marts.fct_customer_value
            group by month
        ) order by month
    """,
    ("net_value_trailing_12m", "month"): """
        select month, sum(sum(accrued_value)) over (order by month rows 11 preceding)
        from marts.fct_value_bridge group by month order by month
    """,
    ("step_wait_hours_p90", "owner_org"): """
        select owner_org, quantile_cont(wait_hours, 0.9) from marts.fct_fulfillment_steps
        group by all order by all
    """,
}
METRIC_TIMES = """
import json, statistics, sys, time
from cxe import metrics
questions = json.loads(sys.argv[2])
def median(run):
    times = []
    for _ in range(12):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])
with metrics.connect(sys.argv[1]) as layer:
    for metric, by, sql in questions:
        asked = median(lambda: layer.query(metric, by=by.split(",")))
        written = median(lambda: layer._connection.execute(sql).fetch_arrow_table())
        print(json.dumps([metric, by, asked, written]))
"""
# Seconds by step of a run. The raw layer's models exist for its gate alone.
GUARD_TIMES = """
import json, sys, time
from cxe.cli import main
from cxe.progress import Progress
steps = []
Progress.step = lambda _, name: steps.append((name, time.perf_counter()))
started = time.perf_counter()
main(["run", "--quiet", "--extracts", sys.argv[1], "--home", sys.argv[2]], standalone_mode=False)
ended = time.perf_counter()
ends = [at for _, at in steps[1:]] + [ended]
gates = sum(
    end - at
    for (name, at), end in zip(steps, ends)
    if name.startswith("guard ") or name == "build raw"
)
print(json.dumps([gates, ended - started]))
"""
BARE_LOAD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("set threads = 2")
connection.execute(
    "create table t as select * from read_csv(?, all_varchar = true)", [sys.argv[2]]
)
"""
# What relationship health is made of, drawn at random: customer, month, and what came of it.
HEALTH_TABLES = {
    "int_customer_months": """
        select 'C' || c as customer_id, month,
            cast(month + interval 1 month as date) as next_month
        from range(100000) as customers(c),
            (select cast(range as date) as month
             from range(date '2023-01-01', date '2026-01-01', interval 1 month))
        """,
    "int_months": """
        select cast(range as date) as month, cast(range + interval 1 month as date) as next_month,
            last_day(cast(range as date)) as last_day_on
        from range(date '2023-01-01', date '2026-01-01', interval 1 month)
        """,
    "int_reporting_period": """
        select date '2025-12-31' as as_of_date, date '2026-01-01' as as_known_on,
            date '2026-01-01' as ends_before, date '2025-12-01' as last_month
        """,
    "int_observations_unioned": """
        select 'O' || o as observation_id, 'C' || hash(o) % 100000 as customer_id,
            if(o % 10 < 5, 'first_ship', null) as promise_id,
            ['promise', 'promise', 'promise', 'promise', 'promise', 'csat', 'ces', 'nps',
             'reaction', 'email'][o % 10 + 1] as kind,
            ['access', 'access', 'support', 'support', 'field', 'field', 'access', 'field', 'field',
             'digital'][o % 10 + 1] as channel_group,
            'access' as function, 'delivery' as touchpoint,
            cast(hash(o + 1) % 2 * 60 as integer) as q_sixtieths,
            cast(if(o % 10 < 8, 1, 0.25) as decimal(4, 2)) as weight,
            timestamp '2023-01-01' + to_seconds(cast(hash(o + 2) % 94608000 as bigint))
                as observed_at,
            cast(o as bigint) as source_row_id
        from range(20000000) as observations(o)
        """,
    "int_interactions_unioned": """
        select 'C' || hash(i) % 100000 as customer_id,
            if(i % 4 = 0, 'email', 'call') as interaction_type, 'outbound' as direction,
            i % 3 = 0 as is_two_way, cast(10 as bigint) as customer_minutes,
            timestamp '2023-01-01' + to_seconds(cast(hash(i + 2) % 94608000 as bigint))
                as occurred_at
        from range(10000000) as interactions(i)
        """,
    "int_cases_resolved": """
        select 'H' || h as case_id, 'C' || hash(h) % 100000 as customer_id,
            true as is_start_journey, received_at,
            if(h % 4 > 0, cast(received_at as date) + 20, null) as first_shipped_on,
            received_at + interval 40 day as closed_at
        from (select h, timestamp '2023-01-01'
                + to_seconds(cast(hash(h + 2) % 94608000 as bigint)) as received_at
              from range(1000000) as cases(h))
        """,
    "int_promises_settled": """
        select 'C' || hash(p) % 100000 as customer_id, 'H' || p % 1000000 as case_id,
            'first_ship' as promise_id, 'company' as accountable,
            ['sales', 'access', 'support'][p % 3 + 1] as function,
            ['field', 'access', 'support'][p % 3 + 1] as channel_group,
            'T' || p % 40 as territory, if(p % 4 > 0, 'kept', 'broken') as status, due_at,
            due_at + interval 1 day * (p % 60 - 40) as delivered_at,
            cast(null as timestamp) as voided_at, due_at as settled_at
        from (select p, timestamp '2023-01-01'
                + to_seconds(cast(hash(p + 2) % 94608000 as bigint)) as due_at
              from range(10000000) as promises(p))
        """,
}
HEALTH_MODELS = (
    "int_evidence_monthly",
    "int_evidence_windowed",
    "int_evidence_pooled",
    "fct_experience_observations",
    "fct_relationship_health",
    "fct_variability_signals",
)


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
    seconds, cost = _run_models(home, JOURNEY_MODELS, "4GB")
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


def bench_health(work: Path) -> list[Line]:
    """Relationship health of 100,000 customers x 36 months from 20M observations, in 8 GB."""
    extracts, _ = world(work, "S")
    home = work / "home_health"
    shutil.rmtree(home, ignore_errors=True)
    cxe("run", "--extracts", extracts, "--home", home)
    with duckdb.connect(str(home / "warehouse/cxe.duckdb")) as connection:
        for table, query in HEALTH_TABLES.items():
            connection.execute(f"create or replace table intermediate.{table} as {query}")
    seconds, cost = _run_models(home, HEALTH_MODELS, "8GB")
    shutil.rmtree(home)
    return [
        Line(
            "health of 100,000 customers x 36 months, 20M observations",
            f"{seconds:.0f} s, {cost.peak_mib:,.0f} MiB",
            "< 120 s in 8 GB",
            seconds < 120,
        )
    ]


def bench_cvar(work: Path) -> list[Line]:
    """Calibration on the customers of M, scoring of those of L, copied from 1,000 of them."""
    extracts, _ = world(work, "C")
    home = work / "home_cvar"
    shutil.rmtree(home, ignore_errors=True)
    cxe("run", "--extracts", extracts, "--home", home)
    warehouse = home / "warehouse/cxe.duckdb"
    _multiply_covariates(warehouse, 10)
    fitting = cost_of("-c", CALIBRATION, warehouse, Path.cwd())
    active = _multiply_covariates(warehouse, 10)
    seconds, cost = _run_models(home, SCORING_MODELS, "8GB")
    shutil.rmtree(home)
    return [
        Line(
            "calibration of 10,000 HCPs x 36 months",
            f"{fitting.wall:.0f} s, {fitting.peak_mib:,.0f} MiB",
            "< 60 s",
            fitting.wall < 60,
        ),
        Line(
            f"scoring of 100,000 HCPs x 36 months, {active:,} active",
            f"{seconds:.0f} s, {cost.peak_mib:,.0f} MiB",
            "< 30 s",
            seconds < 30,
        ),
    ]


def _multiply_covariates(warehouse: Path, copies: int) -> int:
    """Copy the active customers of a built warehouse under other ids; rows there are then."""
    table = "intermediate.int_cvar_covariates"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"create or replace table {table} as"
            " select original.* replace (customer_id || '-' || copy as customer_id)"
            f" from {table} as original, range({copies}) as copies(copy)"
        )
        return len(connection.table(table))


def _run_models(home: Path, models: tuple[str, ...], memory_limit: str) -> tuple[float, Cost]:
    """Build models anew, one at a time: seconds without dbt's start, and the whole process."""
    cost = cost_of(
        *(Path(sys.executable).with_name("dbt"), "--quiet", "run", "--select", *models),
        environment={
            "CXE_HOME": str(home),
            "CXE_MEMORY_LIMIT": memory_limit,
            "CXE_THREADS": "1",
            "DBT_TARGET_PATH": str(home / "target"),
            "DBT_LOG_PATH": str(home / "logs"),
        },
    )
    results = json.loads((home / "target/run_results.json").read_text())
    return float(results["elapsed_time"]), cost


def bench_metrics(work: Path) -> list[Line]:
    """Metrics of M: asked by name, warm, against SQL written by hand; and a cold command."""
    extracts, _ = world(work, "M")
    home = work / "home_M"
    if not (home / "published" / "current").exists():
        cxe("run", "--extracts", extracts, "--home", home)
    questions = [(metric, by, sql) for (metric, by), sql in QUESTIONS.items()]
    done = subprocess.run(
        [sys.executable, "-c", METRIC_TIMES, str(home), json.dumps(questions)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = []
    for line in done.stdout.splitlines():
        metric, by, asked, written = json.loads(line)
        allowed = 1.5 * written + 0.020
        lines.append(
            Line(
                f"{metric} by {by} at M, warm",
                f"{1000 * asked:.0f} ms, by hand {1000 * written:.0f} ms",
                f"<= {1000 * allowed:.0f} ms (1.5x + 20 ms)",
                asked <= allowed,
            )
        )
    asking = ("metrics", "query", "gross_cvar", "--by", "territory", "--home", home)
    cold = min(cxe(*asking).wall for _ in range(3))
    lines.append(Line("cxe metrics query, cold", f"{cold:.1f} s", "<= 2.5 s", cold <= 2.5))
    return lines


def bench_report(work: Path) -> list[Line]:
    """The report of M, written again by a command of its own; what a browser loads for a page."""
    extracts, _ = world(work, "M")
    home = work / "home_report"
    shutil.rmtree(home, ignore_errors=True)
    cxe("run", "--extracts", extracts, "--home", home)
    cost = min((cxe("report", "--home", home) for _ in range(3)), key=lambda cost: cost.wall)
    site = home / "reports/current"
    pages = {page.name: page.stat().st_size for page in site.glob("*.html")}
    assets = sum(asset.stat().st_size for asset in (site / "assets").iterdir())
    largest = max(pages, key=lambda name: pages[name])
    megabytes = (pages[largest] + assets) / 1e6
    shutil.rmtree(home)
    return [
        Line(
            f"report: {len(pages)} pages at M",
            f"{cost.wall:.1f} s, {cost.peak_mib:,.0f} MiB",
            "<= 20 s",
            cost.wall <= 20,
        ),
        Line(
            f"report: {largest} at M, with its scripts",
            f"{megabytes:.1f} MB",
            "<= 5 MB",
            megabytes <= 5,
        ),
    ]


def bench_guard(work: Path) -> list[Line]:
    """The gates of a run of M, whose last delivery is compared with what was published before."""
    extracts, _ = world(work, "M")
    home, early = work / "home_guard", work / "early_M"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(early, ignore_errors=True)
    newest = max(path.name.split("__")[-2] for path in extracts.rglob("user__*__full.csv"))
    for path in extracts.rglob("*__*.*"):
        if f"__{newest}__" not in path.name:
            (early / path.relative_to(extracts)).parent.mkdir(parents=True, exist_ok=True)
            (early / path.relative_to(extracts)).symlink_to(path)
    cxe("run", "--extracts", early, "--home", home)
    done = subprocess.run(
        [sys.executable, "-c", GUARD_TIMES, str(extracts), str(home)],
        capture_output=True,
        text=True,
        check=True,
    )
    gates, whole = json.loads(done.stdout.splitlines()[-1])
    shutil.rmtree(home)
    share = gates / whole
    figure = f"{gates:.0f} s of {whole:.0f} s, {100 * share:.0f} %"
    return [Line("gates of a run of M", figure, "<= 20 %", share <= 0.2)]


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


BENCHMARKS: dict[str, Callable[[Path], list[Line]]] = {
    "simulate": bench_simulate,
    "landing": bench_landing,
    "growth": lambda work: bench_growth(work, ("S", "M")),
    "journeys": bench_journeys,
    "health": bench_health,
    "cvar": bench_cvar,
    "metrics": bench_metrics,
    "report": bench_report,
    "guard": bench_guard,
    "memory": bench_memory,
    "growth-large": lambda work: bench_growth(work, ("L",)),
}
IN_EVERY_BENCH = [name for name in BENCHMARKS if name != "growth-large"]


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", choices=BENCHMARKS, default=IN_EVERY_BENCH)
    parser.add_argument("--work", type=Path, help="keep worlds here between calls")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        lines: list[Line] = []
        for name in options.only:
            lines += BENCHMARKS[name](work)
    table = Table("what", "figure", "bar", "holds")
    for line in lines:
        holds = "" if line.holds is None else "yes" if line.holds else "NO"
        table.add_row(line.what, line.figure, line.bar, holds)
    Console(width=110).print(table)
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in lines], indent=2) + "\n")


if __name__ == "__main__":
    main()
