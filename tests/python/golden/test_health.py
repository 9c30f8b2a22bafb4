"""Observations, health and variability as published equal what plain Python computes."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from worlds import Cxe, published

from golden.compare import computed
from golden.health import LOWEST_OF_BAND, WEIGHTS
from golden.health_marts import Relationships, assert_same_health, relationships_in
from golden.signals import (
    NORMAL_975,
    Chart,
    chart_of,
    funnel_limits,
    signal_of,
)
from golden.surveys import net_promoter_score

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

ENOUGH_OBSERVATIONS = 8


@pytest.fixture(scope="module")
def sample(sample_extracts: Path) -> Relationships:
    return relationships_in(computed(sample_extracts))


def test_sample_world_relationships_equal_the_second_computation(
    sample_extracts: Path, sample_home: Path
) -> None:
    assert_same_health(sample_home, computed(sample_extracts))


def test_health_of_a_month_does_not_change_when_later_events_arrive(
    quick_cxe: Cxe, sample_home: Path, tmp_path: Path
) -> None:
    # No claim of these months is billed again later and no support case opened again, which would
    # restate them by definition.
    home = tmp_path / "home"
    shutil.copytree(sample_home, home, symlinks=True)
    quick_cxe("build", "--home", home, "--as-of", "2025-08-31")
    quick_cxe("publish", "--home", home)
    until_august = "select * from marts.fct_relationship_health where month <= date '2025-08-01'"
    with published(home) as then, published(sample_home) as now:
        rows_then = then.execute(f"{until_august} order by all").fetchall()
        rows_now = now.execute(f"{until_august} order by all").fetchall()
        last_month_then = then.execute(
            "select max(month) from marts.fct_relationship_health"
        ).fetchone()
    assert last_month_then == (date(2025, 8, 1),)
    assert rows_then == rows_now


def test_sample_world_holds_every_kind_band_weakness_and_signal(sample: Relationships) -> None:
    assert {observation.kind for observation in sample.observations} == {
        "promise",
        "csat",
        "ces",
        "nps",
        "emotion",
        "reaction",
        "email",
    }
    assert {observation.channel_group for observation in sample.observations} == {
        "field",
        "digital",
        "access",
        "support",
    }
    assert any(observation.customer_id is None for observation in sample.observations)
    assert any(not observation.weight for observation in sample.observations)
    # What takes more customers than these is in test_worlds.py: the extremes of each scale.
    assert {row.band for row in sample.health} == {*LOWEST_OF_BAND, "unrated"}
    assert {row.weakest_component for row in sample.health} == {*WEIGHTS, None}
    assert any(row.scores["fulfillment"] is None for row in sample.health)
    assert any(row.overdue_promises for row in sample.health)
    assert {row.signal for row in sample.signals} >= {
        *(None, "none", "below", "run_below", "run_above")
    }
    assert {row.funnel_position for row in sample.signals} >= {"below", "low", "within", "high"}


def test_health_follows_the_hidden_trust(sample: Relationships, sample_extracts: Path) -> None:
    truth = pq.read_table(sample_extracts.parent / "truth" / "hcp_months.parquet").to_pylist()
    trust = {(row["account_id"], row["month"]): row["trust"] for row in truth}
    known = [row for row in sample.health if row.n_observations >= ENOUGH_OBSERVATIONS]
    assert len(known) >= 1000
    assert (
        rank_correlation(
            (row.health for row in known), (trust[row.customer_id, row.month] for row in known)
        )
        >= 0.5
    )


def rank_correlation(values: Iterable[Any], others: Iterable[Any]) -> float:
    """Spearman's; equals share the mean of their ranks."""
    return float(np.corrcoef(mean_ranks(values), mean_ranks(others))[0, 1])


def mean_ranks(values: Iterable[Any]) -> NDArray[np.float64]:
    _, which, counts = np.unique(list(values), return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return ranks[which]


def test_rank_correlation_is_that_of_a_worked_example_with_ties() -> None:
    # Ranks 1 2.5 2.5 4 and 1 2 3 4: covariance 4.5, squares 4.5 and 5.
    assert rank_correlation([1, 5, 5, 9], [0, 1, 2, 3]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_control_chart_is_that_of_the_published_vector() -> None:
    vector = "11 4 6 4 5 7 5 4 7 12 4 2 4 5 6 4 2 2 5 9 5 6 5 9"
    chart = chart_of([Fraction(value) for value in vector.split()])
    assert round(float(chart.mean), 4) == 5.5417
    assert [round(float(limit), 4) for limit in (chart.lower, chart.upper)] == [-1.3975, 12.4808]


def test_net_promoter_score_and_its_error_are_the_published_ones() -> None:
    score, error = net_promoter_score([10] * 30 + [9] * 20 + [8] * 20 + [7] * 10 + [6] * 20)
    assert score == pytest.approx(30)
    assert round(error, 2) == 7.81


@pytest.mark.parametrize(
    ("percents", "signal"),
    [
        pytest.param([50] * 7 + [39], "below", id="beyond the lower limit"),
        pytest.param([50] * 7 + [61], "above", id="beyond the upper limit"),
        pytest.param([50] * 7 + [40], "none", id="on the lower limit"),
        pytest.param([49] * 8, "run_below", id="eight in a row below"),
        pytest.param([51] * 8, "run_above", id="eight in a row above"),
        pytest.param([50] + [51] * 7, "none", id="seven in a row"),
        pytest.param([50] * 8, "none", id="on the mean"),
    ],
)
def test_signals_are_points_outside_or_eight_on_one_side(percents: list[int], signal: str) -> None:
    chart = Chart(Fraction(50, 100), Fraction(40, 100), Fraction(60, 100))
    assert signal_of(chart, [Fraction(percent, 100) for percent in percents]) == signal


def test_funnel_limits_are_binomial_and_stay_within_0_and_1() -> None:
    # sqrt(.8 x .2 / 100) = .04; of four cases .2.
    assert funnel_limits(Fraction(4, 5), 100, NORMAL_975) == pytest.approx(
        (0.8 - 0.04 * 1.959964, 0.8 + 0.04 * 1.959964)
    )
    assert funnel_limits(Fraction(4, 5), 4, NORMAL_975) == pytest.approx((0.4080072, 1))


def test_every_unit_type_counts_the_same_promises_of_known_units(sample: Relationships) -> None:
    settled = Counter[str]()
    for row in sample.signals:
        settled[row.unit_type] += row.n
    assert settled["function"] == settled["channel_group"] >= settled["territory"] > 0
