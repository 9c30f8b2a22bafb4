"""The main job as its users see it: what is published, what blocks it, who may write when."""

from __future__ import annotations

import errno
import fcntl
import json
import re
import shutil
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import Cxe, published

from cxe import pipeline
from cxe.build import BuildResult
from cxe.errors import CxeError, InputError
from cxe.home import Home, open_warehouse
from cxe.pipeline import KEEP_VERSIONS, RunResult
from cxe.progress import Progress
from cxe.publish import publish
from cxe.simulate import simulate

MARTS = {
    "dim_customers",
    "dim_customer_history",
    "dim_organizations",
    "dim_products",
    "dim_staff",
    "dim_months",
    "dim_days",
    "fct_interactions",
    "fct_fills",
    "fct_customer_value",
    "fct_cvar",
    "fct_cvar_drivers",
    "fct_cvar_bridge",
    "fct_cvar_backtest",
    "fct_cvar_lead",
    "fct_clv",
    "dim_promises",
    "fct_fulfillment_journeys",
    "fct_fulfillment_steps",
    "fct_time_to_therapy",
    "fct_time_to_therapy_medians",
    "fct_prescribe_journeys",
    "fct_promises",
    "fct_barriers",
    "fct_moments",
    "fct_experience_observations",
    "fct_relationship_health",
    "fct_variability_signals",
    "fct_value_bridge",
    "fct_open_cases",
    "fct_prior_auths",
    "fct_reauthorizations_due",
    "fct_starts_weekly",
    "fct_barrier_removal",
    "fct_customers_won",
    "fct_diminishing_returns",
    "fct_engagement_continuity",
    "fct_expectation_gaps",
    "fct_experience_retention",
    "fct_experience_value_links",
    "fct_feedback_loops",
    "fct_hidden_tax",
    "fct_launch_curve",
    "fct_stage_losses",
    "fct_unit_economics",
    "fct_value_bridge_by_product",
    "fct_copay",
    "fct_engagement_reach",
    "fct_organization_value",
    "fct_performance_scorecard",
    "fct_persistence",
    "fct_pharmacy_performance",
    "fct_scorecard_values",
    "leadership_scorecard",
    "seven_shifts_scorecard",
}


@pytest.fixture(scope="module")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("tiny")
    simulate(world, hcps=20, months=6, seed=7)
    return world / "extracts"


@pytest.fixture(scope="module")
def tiny_home(cxe: Cxe, tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tiny_home")
    cxe("run", "--extracts", tiny_world, "--home", home)
    return home


@pytest.fixture
def home(tiny_home: Path, tmp_path: Path) -> Path:
    """A home with one published version, free to spoil."""
    shutil.copytree(tiny_home, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def test_only_marts_and_evidence_are_published(sample_home: Path) -> None:
    with published(sample_home) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    assert {name for schema, name in tables if schema == "marts"} == MARTS
    assert {schema for schema, _ in tables} == {"marts", "ops"}


def test_too_little_history_means_no_value_at_risk_and_a_card_that_says_why(
    tiny_home: Path,
) -> None:
    with published(tiny_home) as connection:
        statuses = connection.execute(
            "select distinct calibration_status, gross_cvar from marts.fct_cvar"
        ).fetchall()
    assert statuses == [("uncalibrated", None)]
    card = (tiny_home / "published" / "current" / "reports" / "model_card.md").read_text("utf-8")
    assert "wants 9 months of history, of which there are 6, and 200 active" in card


def test_parquet_beside_the_database_holds_the_same_rows(sample_home: Path) -> None:
    with published(sample_home) as connection:
        for mart in MARTS:
            parquet = sample_home / "published" / "current" / "marts" / f"{mart}.parquet"
            difference = connection.execute(
                f"select count(*) from (from marts.{mart} except all from '{parquet}')"
            ).fetchone()
            assert difference == (0,), mart


def test_every_published_table_and_column_explains_itself(sample_home: Path) -> None:
    with published(sample_home) as connection:
        silent = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'marts' and comment is null"
        ).fetchall()
    assert silent == []


def test_no_personal_data_is_published_but_customer_names(
    sample_home: Path, sample_extracts: Path
) -> None:
    secrets = _secrets(sample_extracts)
    with published(sample_home) as connection:
        text_columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where data_type = 'VARCHAR' and schema_name in ('marts', 'ops')"
        ).fetchall()
        leaks = []
        for schema, table, column in text_columns:
            values = connection.execute(
                f'select distinct "{column}" from {schema}.{table} where "{column}" is not null'
            ).fetchall()
            for (value,) in values:
                is_name = (table, column) == ("dim_customers", "customer_name")
                if value in secrets["tokens"] or (value in secrets["names"] and not is_name):
                    leaks.append((table, column))
                if re.search(r"[^\s@]+@[^\s@]+\.\w+", value):
                    leaks.append((table, column))
    assert leaks == []


def _secrets(extracts: Path) -> dict[str, set[str]]:
    def values(folder: str, column: str) -> set[str]:
        files = [
            str(path) for path in (extracts / folder).iterdir() if not path.name.startswith(".")
        ]
        reader = "read_parquet" if files[0].endswith(".parquet") else "read_csv"
        options = "" if reader == "read_parquet" else ", all_varchar = true"
        rows = duckdb.execute(
            f'select distinct "{column}" from {reader}({files}, union_by_name = true{options})'
        ).fetchall()
        return {row[0] for row in rows if row[0]}

    people = duckdb.execute(
        "select distinct Name from read_csv(?, all_varchar = true, union_by_name = true)"
        " where lower(IsPersonAccount) in ('true', '1', 'y')",
        [[str(path) for path in (extracts / "crm/account").iterdir()]],
    ).fetchall()
    tokens = values("access/sp_dispense", "patient_token")
    tokens |= values("access/sp_dispense", "rx_number")
    assert tokens
    assert people
    return {"tokens": tokens, "names": values("crm/user", "Name") | {row[0] for row in people}}


def test_a_reader_keeps_its_version_and_new_readers_never_fail(home: Path) -> None:
    failures: list[str] = []
    reads = 0
    over = threading.Event()

    def read_on() -> None:
        nonlocal reads
        while not over.wait(0.02):
            try:
                with published(home) as connection:
                    connection.execute("select sum(net_value) from marts.fct_fills").fetchall()
                reads += 1
            except duckdb.Error as error:
                failures.append(str(error))

    old = published(home)
    before = old.execute("select count(*) from marts.fct_interactions").fetchone()
    thread = threading.Thread(target=read_on)
    thread.start()
    try:
        with open_warehouse(Home(home)) as connection:
            for run_id in ("29990101T000000000Z", "29990102T000000000Z", "29990103T000000000Z"):
                publish(connection, Home(home), run_id, KEEP_VERSIONS)
    finally:
        over.set()
        thread.join()
    assert failures == []
    assert reads > 0
    # The version the old reader opened is pruned by now (3 are kept); its open file is not.
    assert old.execute("select count(*) from marts.fct_interactions").fetchone() == before
    versions = [path for path in (home / "published").iterdir() if not path.is_symlink()]
    assert len(versions) == 3
    assert (home / "published" / "current").resolve() == max(versions).resolve()


def test_a_failing_gate_publishes_nothing_and_says_what_to_do(
    cxe: Cxe, home: Path, tmp_path: Path
) -> None:
    version = (home / "published" / "current").readlink()
    folder = tmp_path / "extracts" / "crm" / "account"
    folder.mkdir(parents=True)
    (folder / "account__2026-01-02__delta.csv").write_text(
        "Id,IsDeleted,MasterRecordId,IsPersonAccount,Name,CreatedDate,SystemModstamp\n"
        "CYCLE1,true,CYCLE2,true,One,2025-01-01,2026-01-01T00:00:00Z\n"
        "CYCLE2,true,CYCLE1,true,Two,2025-01-01,2026-01-01T00:00:00Z\n"
    )
    done = cxe("run", "--extracts", tmp_path / "extracts", "--home", home, code=3)
    assert "int_accounts_resolved" in done.stderr
    assert "2 rows fail" in done.stderr
    assert "MasterRecordId" in done.stderr
    assert "intermediate" in done.stderr
    assert (home / "published" / "current").readlink() == version
    status = json.loads(cxe("status", "--home", home, "--json").stdout)
    assert status["runs"][0]["status"] == "failed"
    assert "fail" in {check["status"] for check in status["checks_to_look_at"]}
    # A build that failed its gate cannot be published by hand either.
    assert "cxe build" in cxe("publish", "--home", home, code=2).stderr


def test_a_second_run_on_the_same_home_is_told_to_wait(
    cxe: Cxe, home: Path, tiny_world: Path
) -> None:
    with (home / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = cxe("run", "--extracts", tiny_world, "--home", home, code=4)
    assert "Another run" in done.stderr
    assert "--home" in done.stderr


def test_two_runs_at_once_end_as_one_published_and_one_busy(
    cxe: Cxe, home: Path, tiny_world: Path
) -> None:
    codes: list[int] = []

    def run() -> None:
        codes.append(cxe("run", "--extracts", tiny_world, "--home", home, code=None).returncode)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 4]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "--extracts", "nowhere"), "nowhere"),
        (("run", "--extracts", "{empty}"), "no file"),
        (("build",), "cxe land"),
        (("publish",), "cxe build"),
        (("report",), "cxe run"),
        (("status",), "cxe run"),
        (("run", "--as-of", "31.12.2025"), "does not match"),
        (("simulate", "{empty}", "--faults", "trailing_totl_line"), "trailing_total_line"),
    ],
)
def test_bad_usage_exits_2_and_names_the_remedy(
    arguments: tuple[str, ...], says: str, cxe: Cxe, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    filled = [part.format(empty=tmp_path / "empty") for part in arguments]
    home = () if filled[0] == "simulate" else ("--home", tmp_path / "home")
    done = cxe(*filled, *home, code=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_build_then_publish_is_run_in_steps(cxe: Cxe, tiny_world: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    landed = json.loads(cxe("land", "--extracts", tiny_world, "--home", home, "--json").stdout)
    assert {file["status"] for file in landed["files"]} == {"landed", "repeat"}
    assert not (home / "published" / "current").exists()
    cxe("build", "--home", home)
    assert not (home / "published" / "current").exists()
    done = json.loads(cxe("publish", "--home", home, "--json").stdout)
    assert Path(done["published"]).name == (home / "published" / "current").readlink().name
    assert Path(done["report"]) == home / "reports" / "current" / "index.html"


def test_the_report_of_a_version_is_the_same_bytes_whenever_it_is_written(
    cxe: Cxe, sample_home: Path, tmp_path: Path
) -> None:
    version = (sample_home / "published" / "current").readlink()
    assert (sample_home / "reports" / "current").readlink() == version
    for part in ("published", "quality"):
        shutil.copytree(sample_home / part, tmp_path / part, symlinks=True)
    done = cxe("report", "--home", tmp_path)
    assert done.stdout.splitlines() == [
        f"Report: {tmp_path / 'reports' / 'current' / 'index.html'}",
        f"Work list: {tmp_path / 'work_lists' / 'current' / 'work-list.html'} "
        "(single cases: do not pass it on)",
    ]
    for site, first_page in (("reports", "index.html"), ("work_lists", "work-list.html")):
        written = _files(tmp_path / site / "current")
        assert first_page in {str(path) for path in written}
        assert written == _files(sample_home / site / "current")


def _files(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_status_names_the_report_of_the_published_version_only(cxe: Cxe, home: Path) -> None:
    def report() -> Any:
        found = json.loads(cxe("status", "--home", home, "--json").stdout)
        assert (found["work_list"] is None) is (found["report"] is None)
        return found["report"]

    assert report() == str(home / "reports" / "current" / "index.html")
    with open_warehouse(Home(home)) as connection:
        connection.execute(
            "insert into ops.runs select * replace ('29990101T000000000Z' as run_id) from ops.runs"
            " where status = 'published' limit 1"
        )
        publish(connection, Home(home), "29990101T000000000Z", KEEP_VERSIONS)
    assert report() is None
    assert "`cxe report` writes it" in cxe("status", "--home", home).stdout
    cxe("report", "--home", home, "--json")
    assert report() == str(home / "reports" / "current" / "index.html")


def _run_what_is_built(home: Home, monkeypatch: pytest.MonkeyPatch) -> RunResult:
    """A whole run, but for the building: that was done."""
    monkeypatch.setattr(pipeline, "guarding", lambda *_, **__: nullcontext("no guard"))
    monkeypatch.setattr(pipeline, "build", lambda *_, **__: BuildResult(()))
    return pipeline.run(home, Progress(), extracts=None)


def _publish_what_is_built(home: Home, _: pytest.MonkeyPatch) -> RunResult:
    shutil.rmtree(home.published)
    home.published.mkdir()
    with open_warehouse(home) as connection:
        connection.execute("update ops.runs set status = 'built'")
    return pipeline.publish_last_build(home, Progress())


@pytest.mark.parametrize("publish_anew", [_run_what_is_built, _publish_what_is_built])
@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Free space"),
        (InputError("The published data cannot answer this."), "cannot answer this"),
    ],
)
def test_a_report_that_cannot_be_written_leaves_the_version_published(
    publish_anew: Callable[[Home, pytest.MonkeyPatch], RunResult],
    failure: Exception,
    says: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Home) -> Path:
        raise failure

    monkeypatch.setattr("cxe.report.site.write_report", fail)
    with pytest.raises(CxeError, match=r"is published, but .* `cxe report`") as raised:
        publish_anew(Home(home), monkeypatch)
    assert says in str(raised.value)
    assert raised.value.exit_code == 1
    version = (home / "published" / "current").readlink().name
    with open_warehouse(Home(home)) as connection:
        last = "select run_id, status from ops.runs order by run_id desc limit 1"
        assert connection.execute(last).fetchone() == (version, "published")
    monkeypatch.undo()
    assert pipeline.report(Home(home), Progress()).exists()
    assert (home / "reports" / "current").readlink().name == version


def test_a_version_is_published_with_its_model_card_and_no_reports_of_others(home: Path) -> None:
    with open_warehouse(Home(home)) as connection:
        folder = publish(connection, Home(home), "29990101T000000000Z", KEEP_VERSIONS)
    kept = {path.name for path in (folder / "reports").iterdir()}
    assert kept == {"model_card.md", "model_card.json"}


def test_every_number_walks_back_to_its_file_row(sample_home: Path, sample_extracts: Path) -> None:
    with published(sample_home) as connection:
        fills = connection.execute(
            "select fill_number, quantity, source_row_id // 4294967296, source_row_id % 4294967296"
            " from marts.fct_fills order by source_row_id"
        ).fetchall()
        files = dict(connection.execute("select file_id, path from ops.files").fetchall())
    for fill_number, quantity, file_id, row_number in fills[:: len(fills) // 25]:
        path = sample_extracts / files[file_id]
        assert path.suffix != ".parquet"
        line = duckdb.execute(
            "select split(content, chr(10))[?] from read_text(?)", [row_number, str(path)]
        ).fetchone()
        assert line is not None
        fields = line[0].strip().split(",")
        assert str(fill_number) in fields
        assert any(_is_number(field) and float(field) == float(quantity) for field in fields)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None
