"""The metrics of a published version, in Python and on the command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from cxe import metrics
from cxe.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["metrics", *map(str, arguments)])


def test_a_query_gives_arrow_in_the_order_asked_for(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        table = layer.query("net_value", "active_customers", by=["segment", "month"])
    assert isinstance(table, pa.Table)
    assert table.column_names == ["segment", "metric_time__month", "net_value", "active_customers"]
    rows = [(row["segment"], row["metric_time__month"]) for row in table.to_pylist()]
    assert rows == sorted(rows)


def test_conditions_range_order_and_limit_are_obeyed(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        territories = layer.query("net_value", by=["territory"]).to_pydict()
        table = layer.query(
            "net_value",
            by=["month", "territory"],
            where=[f"territory in ('{territories['territory'][0]}', 'T001')", "segment = 'A'"],
            order=["-net_value"],
            limit=3,
            since=date(2025, 7, 1),
            until=date(2025, 9, 30),
        ).to_pydict()
    assert len(table["net_value"]) == 3
    assert table["net_value"] == sorted(table["net_value"], reverse=True)
    assert {month.month for month in table["metric_time__month"]} <= {7, 8, 9}


def test_a_range_may_begin_in_another_century(sample_home: Path) -> None:
    since = date(1997, 7, 1)
    with metrics.connect(sample_home) as layer:
        total = layer.query("net_value")
        assert layer.query("net_value", since=since) == total
        assert str(since) in layer.sql("net_value", since=since, until=date(1998, 6, 30))


def test_a_stock_is_that_of_the_last_month_asked_for(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        by_month = layer.query("customer_value", by=["month"]).to_pylist()
        until = {"until": date(2025, 6, 30)}
        june = layer.query("customer_value", **until).to_pylist()  # type: ignore[arg-type]
        quarters = layer.query("customer_value", by=["quarter"]).to_pylist()
        newest = layer.query("customer_value").to_pylist()
    values = {row["metric_time__month"]: row["customer_value"] for row in by_month}
    assert june[0]["customer_value"] == values[date(2025, 6, 1)]
    assert newest[0]["customer_value"] == values[max(values)]
    assert quarters[-1]["customer_value"] == values[max(values)]


@pytest.mark.parametrize(
    "name", ["net_value_trailing_12m", "net_value_growth_yoy", "gross_cvar_change_mom"]
)
def test_a_range_shortens_the_table_not_the_look_back(sample_home: Path, name: str) -> None:
    with metrics.connect(sample_home) as layer:
        whole = layer.query(name, by=["month"]).to_pylist()
        ranged = layer.query(name, by=["month"], since=date(2025, 9, 15)).to_pylist()
        filtered = layer.query(name, by=["month"], where=["month >= '2025-09-01'"]).to_pylist()
    assert ranged == filtered == whole[-4:]


def test_a_range_begins_where_it_is_asked_to_even_before_2000(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        sql = layer.sql("net_value", by=["month"], since=date(1997, 6, 1), until=date(1998, 6, 30))
    assert "BETWEEN '1997-06-01' AND '1998-06-30'" in sql


def test_a_range_of_weeks_begins_with_the_first_whole_one(sample_home: Path) -> None:
    # A Wednesday: the week that it lies in began in December.
    since = date(2025, 1, 1)
    asked = ("weekly_starts", "start_target")
    with metrics.connect(sample_home) as layer:
        total = layer.query(*asked, since=since).to_pylist()[0]
        by_month = layer.query(*asked, by=["month"], since=since).to_pylist()
        by_week = layer.query(*asked, by=["metric_time__week"], since=since).to_pylist()
    assert by_week[0]["metric_time__week"] == date(2025, 1, 6)
    for name in asked:
        assert total[name] == sum(row[name] for row in by_month)
        assert total[name] == sum(row[name] for row in by_week)


def test_a_conversion_beside_its_own_parts_counts_nothing_twice(sample_home: Path) -> None:
    parts = ["received_start_cases", "delivered_cases"]
    with metrics.connect(sample_home) as layer:
        together = layer.query("delivery_conversion_rate_30d", *parts).to_pylist()[0]
        alone = [layer.query(name).to_pylist()[0][name] for name in together]
    assert list(together.values()) == alone


def test_a_version_answers_by_its_own_definitions(sample_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "published" / "v1"
    source = sample_home / "published" / "current"
    shutil.copytree(source.resolve(), folder)
    manifest = folder / "metrics" / "semantic_manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("status = 'kept'", "status = 'broken'"), encoding="utf-8")
    (tmp_path / "published" / "current").symlink_to("v1")
    with metrics.connect(sample_home) as now, metrics.connect(tmp_path) as then:
        assert now.query("promises_broken") == then.query("promises_broken")
        kept, broken = now.query("promises_kept"), now.query("promises_broken")
        assert then.query("promises_kept").column(0) == broken.column(0) != kept.column(0)


@pytest.mark.parametrize("name", ["promise_kept_rate", "shipped_value", "customer_value"])
def test_whatever_a_metric_is_cut_by_it_is_filtered_by(sample_home: Path, name: str) -> None:
    with metrics.connect(sample_home) as layer:
        whole = layer.query(name).column(0)
        for item in layer.group_bys(name):
            conditions = [f"{item.name} is null or {item.name} is not null"]
            assert layer.query(name, where=conditions).column(0) == whole, item


def test_lineage_leads_to_the_extracts(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        upstream = layer.upstream("promise_kept_rate")
    assert upstream[:2] == ["fct_promises", "int_promises_settled"]
    assert {"support.case", "access.prior_auth", "promises"} <= set(upstream)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("query", "net_valu"), "Nearest: net_value"),
        (("query",), "Name at least one metric"),
        (("query", "net_value", "--by", "channel"), "Possible: customer"),
        (("query", "clv_growth_yoy"), "cut it by month"),
        (("query", "net_value_growth_mom", "--by", "quarter"), "cut it by month"),
        (("query", "clv", "--where", "nonsense ="), "is no condition"),
        (("query", "clv", "--where", "segment > 1"), "cannot answer"),
        (("query", "territory_net_value"), "no metric territory_net_value"),
        (("query", "--saved", "nothing"), "There are: leadership_scorecard"),
        (("query", "clv", "--saved", "leadership_scorecard"), "give --saved alone"),
        (("show", "cvl"), "Nearest: clv"),
        (("query", "clv", "--format", "parquet", "--output", "/nowhere/x"), "cannot be written"),
    ],
)
def test_a_question_that_cannot_be_answered_is_helped(
    sample_home: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments, "--home", sample_home)
    assert done.exit_code == 2
    assert message in done.output


def test_conditions_reach_no_files(sample_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "territories.csv"
    file.write_text("territory\nT001\n", encoding="utf-8")
    condition = f"territory in (select * from read_csv('{file}'))"
    done = run("query", "net_value", "--where", condition, "--home", sample_home)
    assert done.exit_code == 2
    assert "file system operations are disabled" in done.output


def test_a_home_without_a_version_says_so(tmp_path: Path, sample_home: Path) -> None:
    assert "Nothing is published" in run("list", "--home", tmp_path).output
    published = tmp_path / "published"
    (published / "old").mkdir(parents=True)
    (published / "current").symlink_to("old")
    assert "by an older cxe, without metrics" in run("list", "--home", tmp_path).output


def test_every_form_says_the_same(sample_home: Path, tmp_path: Path) -> None:
    asked = ("query", "fills", "shipped_value", "--by", "month", "--home", sample_home)
    rows = json.loads(run(*asked, "--format", "json").output)
    assert rows[0]["metric_time__month"] == "2024-01-01"
    lines = list(csv.DictReader(io.StringIO(run(*asked, "--format", "csv").output)))
    assert [(line["metric_time__month"], float(line["shipped_value"])) for line in lines] == [
        (row["metric_time__month"], row["shipped_value"]) for row in rows
    ]
    file = tmp_path / "fills.parquet"
    assert run(*asked, "--format", "parquet", "--output", file).exit_code == 0
    assert pyarrow.parquet.read_table(file).column("fills").to_pylist() == [
        row["fills"] for row in rows
    ]
    table = run(*asked).output
    assert all(f"{row['fills']:,}" in table for row in rows)


def test_shown_is_what_is_run(sample_home: Path) -> None:
    asked = ("net_value", "--by", "territory", "--home", sample_home)
    sql = json.loads(run("sql", *asked, "--format", "json").output)["sql"]
    assert run("sql", *asked).output == f"{sql}\n"
    database = sample_home / "published" / "current" / "cxe.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        expected = connection.execute(sql).fetchall()
    answered = json.loads(run("query", *asked, "--format", "json").output)
    assert [tuple(row.values()) for row in answered] == [
        (territory, float(value)) for territory, value in expected
    ]
    shown = json.loads(run("show", "net_value", "--format", "json", "--home", sample_home).output)
    assert shown["owner"] == "Commercial finance"
    assert shown["formula"] == "sum of accrued_value"
    assert "accrued_value" in shown["sql"]
    assert "customer__segment" in shown["cut_by"]
    assert "stg_access__dispenses" in shown["upstream"]


def test_the_list_can_be_narrowed(sample_home: Path) -> None:
    listed = json.loads(
        run("list", "--group", "clv", "--tier", 1, "--format", "json", "--home", sample_home).output
    )
    assert [row["name"] for row in listed] == ["clv", "clv_growth_yoy"]


@pytest.mark.parametrize(
    "name", ["performance_scorecard", "leadership_scorecard", "seven_shifts_scorecard"]
)
def test_a_saved_query_shows_every_month(sample_home: Path, name: str) -> None:
    rows = json.loads(
        run("query", "--saved", name, "--format", "json", "--home", sample_home).output
    )
    months = [row["metric_time__month"] for row in rows]
    assert months == sorted(months)
    assert {"2024-01-01", "2025-12-01"} <= set(months)
