"""Real customers without experience extracts: nothing is blamed on experience, money adds up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from lifetimes import BetaGeoFitter
from worlds import published

from calibration.backtests import backtest

# From here on the run rates of the first buyers have filled up.
FIRST_MONTH = "1997-10-01"


def test_no_experience_extracts_mean_no_experience_cvar(cdnow_home: Path) -> None:
    with published(cdnow_home) as connection:
        statuses = connection.execute(
            "select calibration_status, max(experience_cvar), max(value_protected),"
            " max(gross_cvar) > 0 from marts.fct_cvar group by all order by all"
        ).fetchall()
    assert statuses == [("no_experience_effect", 0, 0, True), ("uncalibrated", None, None, None)]


def test_money_predicted_to_be_lost_is_lost(cdnow_home: Path) -> None:
    found = backtest(cdnow_home, 1, FIRST_MONTH)
    assert 0.9 <= found.ratio <= 1.1
    assert found.capture >= found.capture_by_value


@pytest.mark.filterwarnings("ignore")
def test_buy_till_you_die_model_finds_no_more_of_the_loss(cdnow_home: Path) -> None:
    """BG/NBD (Fader, Hardie and Lee 2005) on the same customers and months.

    It expects purchases, so that its loss is what its expectation falls short of the run rate.
    """
    with duckdb.connect(str(cdnow_home / "warehouse" / "cxe.duckdb"), read_only=True) as connection:
        fills = connection.execute(
            "select customer_id, shipped_on, cast(sum(net_value) as double) as net_value"
            " from marts.fct_fills group by all order by all"
        ).fetchall()
        rows = connection.execute(
            "select month, customer_id, cast(run_rate as double), cast(realized_loss as double)"
            " from intermediate.int_cvar_quarters_scored"
            " where quarter = 1 and realized_loss is not null and month >= cast(? as date)"
            " order by all",
            [FIRST_MONTH],
        ).fetchall()
    purchases = pd.DataFrame(fills, columns=["customer_id", "bought_on", "net_value"])
    purchases["bought_on"] = pd.to_datetime(purchases["bought_on"])
    outcomes = pd.DataFrame(rows, columns=["month", "customer_id", "run_rate", "lost"])
    captured = sum(
        _captured(purchases, outcomes[outcomes["month"] == month], month)
        for month in outcomes["month"].unique()
    )
    assert backtest(cdnow_home, 1, FIRST_MONTH).capture >= captured / outcomes["lost"].sum()


def _captured(purchases: pd.DataFrame, outcomes: pd.DataFrame, month: date) -> float:
    """Loss with the tenth of customers that BG/NBD expects to fall short most."""
    month_ends_on = pd.Timestamp(month) + pd.offsets.MonthEnd(0)
    known = purchases[purchases["bought_on"] <= month_ends_on].groupby("customer_id")
    first, last = known["bought_on"].min(), known["bought_on"].max()
    repeats, seen = known.size() - 1, (last - first).dt.days / 7
    age = (month_ends_on - first).dt.days / 7
    model = BetaGeoFitter()
    model.fit(repeats, seen, age)
    expected = known["net_value"].mean() * np.asarray(
        model.conditional_expected_number_of_purchases_up_to_time(13, repeats, seen, age)
    )
    shortfall = 3 * outcomes["run_rate"] - outcomes["customer_id"].map(expected)
    first_tenth = shortfall.nlargest(-(-len(outcomes) // 10)).index
    return float(outcomes.loc[first_tenth, "lost"].sum())
