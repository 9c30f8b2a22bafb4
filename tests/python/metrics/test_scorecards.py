"""Every line of a scorecard leads to its metric and its mart, and says what they say."""

from __future__ import annotations

import csv
import math
from calendar import monthrange
from datetime import date
from pathlib import Path

import pytest
from worlds import published

from cxe import metrics
from cxe.metrics import Metrics

REPOSITORY = Path(__file__).resolve().parents[3]
WINDOW_MONTHS = 12
# Of the scorecard by territory, those that are metrics of a month and territory.
BY_TERRITORY = (
    "net_value",
    "customer_value",
    "forward_value",
    "gross_cvar",
    "experience_cvar",
    "recoverable_cvar",
    "cvar_rate",
    "clv",
    "relationship_health",
    "rated_customers",
    "promises_settled",
    "promises_kept",
    "promise_kept_rate",
    "mature_start_cases",
    "unfulfilled_cases",
    "unfulfilled_share",
)


COUNTS_AND_SUMS = frozenset(BY_TERRITORY) - {
    "cvar_rate",
    "relationship_health",
    "promise_kept_rate",
    "unfulfilled_share",
}


def seed_rows(name: str) -> list[dict[str, str]]:
    with (REPOSITORY / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(float(str(one)), float(str(other)), rel_tol=1e-9, abs_tol=1e-9)


def first_of_window(month: date) -> date:
    months = month.year * 12 + month.month - WINDOW_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def answer(layer: Metrics, metric: str, month: date) -> object:
    """What the metrics layer says for the months of a window."""
    last_day = month.replace(day=monthrange(month.year, month.month)[1])
    table = layer.query(metric, since=first_of_window(month), until=last_day)
    return table.column(metric)[0].as_py() if table.num_rows else None


def differences(home: Path, windows: int) -> list[str]:
    """Lines whose value is not what their metric answers, in the newest windows."""
    explained = {
        row["metric"] for row in seed_rows("scorecard_metrics") if row["no_evidence_means"]
    }
    with published(home) as connection, metrics.connect(home) as layer:
        months = connection.execute(
            "select distinct month from marts.fct_scorecard_values order by 1 desc"
        ).fetchall()
        found = []
        for (month,) in months[:windows]:
            rows = connection.execute(
                "select metric, value from marts.fct_scorecard_values where month = ?", [month]
            ).fetchall()
            assert {metric for metric, _ in rows} == {
                row["metric"] for row in seed_rows("scorecard_metrics")
            }
            for metric, value in rows:
                answered = answer(layer, metric, month)
                # Where no fit measures an effect the metric is 0, the line not measurable.
                if value is None and answered == 0 and metric in explained:
                    continue
                if not same(value, answered):
                    found.append(f"{metric} of {month}: {value} is not {answered}")
    return found


def test_metrics_of_lines_stand_in_the_metrics_layer(sample_home: Path) -> None:
    with metrics.connect(sample_home) as layer:
        for row in seed_rows("scorecard_metrics"):
            metric = layer.catalog[row["metric"]]
            assert row["mart"] in metric.models, row["metric"]
            assert row["better"] == metric.better, row["metric"]


def test_a_target_with_one_end_knows_which_way_is_better() -> None:
    better = {row["metric"]: row["better"] for row in seed_rows("scorecard_metrics")}
    for row in seed_rows("scorecard_lines"):
        if row["target_low"] and not row["target_high"]:
            assert better[row["metric"]] == "higher", row["metric"]
        if row["target_high"] and not row["target_low"]:
            assert better[row["metric"]] == "lower", row["metric"]


def test_every_metric_of_the_scorecards_is_on_a_line() -> None:
    on_lines = {row["metric"] for row in seed_rows("scorecard_lines")} - {""}
    assert on_lines == {row["metric"] for row in seed_rows("scorecard_metrics")}


@pytest.mark.parametrize("scorecard", ["leadership", "seven_shifts"])
def test_saved_queries_ask_for_the_metrics_of_the_lines(sample_home: Path, scorecard: str) -> None:
    with metrics.connect(sample_home) as layer:
        query = layer.saved_queries[f"{scorecard}_scorecard"]
    asked = {str(metric) for metric in query["query_params"]["metrics"]}
    lines = [row for row in seed_rows("scorecard_lines") if row["scorecard"] == scorecard]
    assert asked == {row["metric"] for row in lines} - {""}


def test_values_are_what_the_metrics_layer_answers(sample_home: Path) -> None:
    assert differences(sample_home, windows=2) == []


@pytest.mark.thorough
def test_values_of_all_windows_are_what_the_metrics_layer_answers(sample_home: Path) -> None:
    assert differences(sample_home, windows=99) == []


def test_a_world_of_fills_alone_has_lines_that_cannot_be_measured(synthea_home: Path) -> None:
    assert differences(synthea_home, windows=1) == []
    with published(synthea_home) as connection:
        lines = connection.execute(
            "select metric, status, not_measurable_because from marts.leadership_scorecard"
            " where month = (select max(month) from marts.leadership_scorecard)"
        ).fetchall()
    assert len(lines) == sum(
        row["scorecard"] == "leadership" for row in seed_rows("scorecard_lines")
    )
    assert {status for metric, status, _ in lines if metric == "barrier_removal_rate"} == {
        "not_measurable"
    }
    assert all(reason for _, status, reason in lines if status == "not_measurable")


def test_performance_by_territory_is_what_the_metrics_layer_answers(sample_home: Path) -> None:
    with published(sample_home) as connection, metrics.connect(sample_home) as layer:
        table = layer.query(*BY_TERRITORY, by=("month", "territory"))
        answered = {(row["metric_time__month"], row["territory"]): row for row in table.to_pylist()}
        columns = ", ".join(BY_TERRITORY)
        result = connection.execute(
            f"select month, territory, {columns} from marts.fct_performance_scorecard"
        )
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    assert rows
    unknown = dict.fromkeys(BY_TERRITORY)
    by_key = {
        (row["month"], None if row["territory"] == "unassigned" else row["territory"]): row
        for row in rows
    }
    # What the layer answers for outside of the panel has no row here.
    months = {month for month, _ in by_key}
    for key in by_key.keys() | {key for key in answered if key[0] in months}:
        row, expected = by_key.get(key, unknown), answered.get(key, unknown)
        wrong = [
            name
            for name in BY_TERRITORY
            # Nothing to count is null there and 0 here.
            if not same(row[name], expected[name])
            and not (name in COUNTS_AND_SUMS and not row[name] and not expected[name])
        ]
        assert not wrong, (key, wrong)
