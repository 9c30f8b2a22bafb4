"""How well CVAR was foreseen, and what its model rests on: part of the page on CVAR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from cxe.report import charts
from cxe.report.answers import Column
from cxe.report.blocks import Block
from cxe.report.formats import month_text, text
from cxe.report.joins import joined
from cxe.report.sentences import (
    leaders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxe.report.answers import Answer, Row
    from cxe.report.source import Source

_NO_FIT = "No fit: no model could be calibrated yet."
_NOTHING_OVER = "No backtest yet: no quarter that was predicted is over."
# Between these the money predicted for the next quarter can be defended (how to recalibrate).
_DEFENSIBLE = (0.9, 1.1)
# A correlation nearer to 0 is no link worth the name.
_HARDLY = -0.1
_QUARTER = Column("quarter_ahead", "Quarter ahead")
_LOSSES = ("predicted_loss", "realized_loss", "cvar_calibration_ratio")
_RANKINGS = {
    "capture": "This model",
    "capture_by_rfm": "RFM",
    "capture_by_value": "Run rate",
}
# What is added to or taken from a covariate to see what it does to the odds of staying.
_HISTORY = {
    "log_run_rate": ("Run rate", "twice as large"),
    "log_tenure": ("Time since the first value", "twice as long"),
    "log_accrual_months": ("Months with value", "twice as many"),
    "log_recent_fills": ("Fills in the last three months", "twice as many"),
    "last_quarter_ratio": ("Last quarter over the run rate", "a tenth more"),
    "last_month_ratio": ("Last month over the run rate", "a tenth more"),
    "last_day_ratio": ("Last day over the run rate", "a tenth more"),
    "months_since_start": ("Months since the last new patient", "one more"),
    "medicaid_share": ("Share of Medicaid patients", "ten points more"),
    "medicare_d_share": ("Share of Medicare D patients", "ten points more"),
}
_ACCURACY = """
    select quarter as quarter_ahead, sum(customers) as customer_months,
        sum(wape * actual_value) / nullif(sum(actual_value), 0) as wape,
        sum(spearman * customers) / nullif(sum(customers), 0) as spearman
    from marts.fct_cvar_backtest where band = 'all' group by quarter order by quarter
"""
_CAPTURES = """
    select quarter as quarter_ahead, min(month) as first_month, max(month) as last_month,
        sum(top_decile_capture * realized_loss) / nullif(sum(realized_loss), 0) as capture,
        sum(top_decile_capture_by_value * realized_loss) / nullif(sum(realized_loss), 0)
            as capture_by_value,
        sum(top_decile_capture_by_rfm * realized_loss) / nullif(sum(realized_loss), 0)
            as capture_by_rfm
    from marts.fct_cvar_backtest where band = 'all'
    group by quarter having sum(realized_loss) > 0 order by quarter
"""
_SHARES = f"""
    select band, quarter as quarter_ahead, sum(customers) as customer_months,
        sum(predicted_loss) / sum(expected_value + predicted_loss) as predicted_share,
        sum(realized_loss) / sum(expected_value + predicted_loss) as realized_share
    from marts.fct_cvar_backtest where band <> 'all'
    group by band, quarter having sum(expected_value + predicted_loss) > 0
    order by quarter, list_position({list(charts.BANDS)}, band)
"""
_EVIDENCE = """
    select fitted_as_of, experience_improvement / nullif(experience_improvement_error, 0) as errors,
        keeps_experience
    from ops.cvar_coefficients where term = 'intercept' and quarter = 1 order by fitted_as_of
"""
_FITS = """
    select quarter, fitted_quarter, window_first_month, window_last_month, customer_months,
        customers, model_version, fitted_as_of
    from ops.cvar_coefficients
    where term = 'intercept'
        and fitted_as_of = (select max(fitted_as_of) from ops.cvar_coefficients)
    order by quarter
"""
# Odds factor of a step towards better experience: a tenth of the scale, one promise fewer.
_EFFECTS = """
    select driver, quarter, exp(step * coefficient) as odds,
        exp(step * coefficient - 1.96 * abs(step) * standard_error) as odds_low,
        exp(step * coefficient + 1.96 * abs(step) * standard_error) as odds_high
    from ops.cvar_coefficients
    inner join (values ('trust', 0.1), ('ease', 0.1), ('sentiment', 0.1), ('reciprocity', 0.1),
        ('variability', -0.1), ('overdue', -1)) as steps (driver, step) on term = driver
    where keeps_experience
        and fitted_as_of = (select max(fitted_as_of) from ops.cvar_coefficients)
    order by quarter, odds desc, driver
"""
_HISTORY_ODDS = """
    select term, max(odds) filter (quarter = 1) as quarter_1,
        max(odds) filter (quarter = 2) as quarter_2, max(odds) filter (quarter = 3) as quarter_3,
        max(odds) filter (quarter = 4) as quarter_4
    from (select term, quarter, exp(coefficient * case when term like 'log_%' then ln(2)
            when term = 'months_since_start' then 1 else 0.1 end) as odds
        from ops.cvar_coefficients
        where fitted_as_of = (select max(fitted_as_of) from ops.cvar_coefficients))
    where term like 'log_%' or term like '%_ratio' or term like '%_share'
        or term = 'months_since_start'
    group by term order by abs(ln(quarter_1)) desc, term
"""


def blocks(source: Source, card: Mapping[str, Any]) -> list[Block]:
    """Backtest, lead and model, for a world with a fit.

    Args:
        source: the published version.
        card: of its model; empty where it is not at hand.
    """
    return [
        _backtest(source),
        _calibration(source),
        _accuracy(source),
        _ranking(source),
        _lead(source),
        _evidence(source, card),
        _fits(source),
        _history(source),
    ]


def _backtest(source: Source) -> Block:
    answer = source.ask(*_LOSSES, by=["month"], where=["quarter_ahead = 1"])
    title = "Next quarter's loss, predicted and realized, by snapshot month"
    if not answer.rows:
        return Block("backtest", title, _NOTHING_OVER, answer)
    total = source.ask(*_LOSSES, where=["quarter_ahead = 1"])
    row = total.rows[0]
    labels = {"predicted_loss": "Predicted", "realized_loss": "Realized"}
    lines = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(labels), as_=["measure", "amount"])
        .transform_calculate(label="datum.measure === 'predicted_loss' ? 'Predicted' : 'Realized'")
        .mark_line(point=True)
        .encode(
            charts.months(title="Snapshot month", labelOverlap="parity"),
            alt.Y("amount:Q", title="Loss (currency)", axis=charts.value_axis("currency")),
            alt.Color("label:N", **charts.colours(list(labels.values()), charts.SERIES[:2])),
            alt.StrokeDash(
                "measure:N",
                scale=alt.Scale(domain=list(labels), range=[[5, 4], [1, 0]]),
                legend=None,
            ),
            tooltip=charts.tooltips(answer, "month", *_LOSSES),
        )
    )
    first, last = answer.rows[0]["month"], answer.rows[-1]["month"]
    return Block(
        "backtest",
        title,
        f"Snapshots of {month_text(first)} to {month_text(last)}, all territories: what was "
        "predicted "
        "to be lost in the quarter after was "
        f"{total.text(row, 'cvar_calibration_ratio')} times what was lost. "
        f"{_judged(row['cvar_calibration_ratio'])}",
        answer,
        charts.spec(lines),
        note="Every prediction knew only what had happened by its snapshot. Ratios of single "
        "months swing, so losses are added up before they are divided. These sums are no money: "
        "quarters of neighbouring snapshots overlap, and each loss counts up to three times.",
    )


def _judged(ratio: float | None) -> str:
    low, high = _DEFENSIBLE
    if ratio is None:
        return "Nothing was lost, so nothing can be compared."
    if ratio > high:
        return f"Too gloomy: {low} to {high} is what we would defend."
    if ratio < low:
        return f"Too rosy: {low} to {high} is what we would defend."
    return f"Within {low} to {high}, which we would defend."


def _calibration(source: Source) -> Block:
    answer = source.read(
        _SHARES,
        [
            Column("band", "Health band"),
            _QUARTER,
            Column("customer_months", "Customer-months", "customer-months"),
            Column("predicted_share", "Predicted loss", "share"),
            Column("realized_share", "Realized loss", "share"),
        ],
    )
    title = "Loss by health band: predicted against realized share of the run rate"
    if not answer.rows:
        return Block("calibration", title, _NOTHING_OVER, answer)
    diagonal = (
        alt.Chart(charts.ROWS)
        .transform_aggregate(x="max(predicted_share)", y="max(realized_share)")
        .transform_calculate(none="0", end="max(datum.x, datum.y)")
        .mark_rule(strokeDash=[4, 4], color=charts.SOFT)
        .encode(
            alt.X("none:Q", title="Predicted loss, share of run rate"),
            alt.Y("none:Q", title="Realized loss, share of run rate"),
            alt.X2("end:Q"),
            alt.Y2("end:Q"),
        )
    )
    found = [band for band in charts.BANDS if answer.where(band=band)]
    points = (
        alt.Chart(charts.ROWS)
        .mark_point(size=90, filled=True, opacity=0.9)
        .encode(
            alt.X(
                "predicted_share:Q",
                title="Predicted loss, share of run rate",
                axis=charts.value_axis("share"),
            ),
            alt.Y(
                "realized_share:Q",
                title="Realized loss, share of run rate",
                axis=charts.value_axis("share"),
            ),
            alt.Color("band:N", **charts.colours(found, [charts.BANDS[band] for band in found])),
            alt.Shape(
                "quarter_ahead:N",
                scale=alt.Scale(
                    domain=[1, 2, 3, 4], range=["circle", "square", "triangle-up", "diamond"]
                ),
                legend=alt.Legend(
                    title="Quarter ahead",
                    orient="bottom",
                    symbolFillColor=charts.SOFT,
                    symbolStrokeColor=charts.SOFT,
                ),
            ),
            tooltip=charts.tooltips(
                answer, "band", "quarter_ahead", "predicted_share", "realized_share"
            ),
        )
    )
    nearest = [row for row in answer.rows if row["quarter_ahead"] == 1]
    said = ", ".join(
        f"{row['band']} {answer.text(row, 'predicted_share')} predicted and "
        f"{answer.text(row, 'realized_share')} lost"
        for row in nearest
    )
    return Block(
        "calibration",
        title,
        f"All snapshots whose quarter is over. Next quarter: {said}.",
        answer,
        charts.spec(alt.layer(diagonal, points), height=300),
        note="On the dashed line as much was lost as predicted; below it less. Health is not "
        "fitted to these losses: that worse bands lose more is a test of both.",
    )


def _accuracy(source: Source) -> Block:
    asked = source.ask(*_LOSSES, by=["quarter_ahead"])
    errors = source.read(
        _ACCURACY,
        [
            _QUARTER,
            Column("customer_months", "Customer-months", "customer-months"),
            Column("wape", "WAPE", "share"),
            Column("spearman", "Rank correlation", "ratio"),
        ],
    )
    answer = joined(asked, errors)
    if not answer.rows:
        return Block("accuracy", "How far predictions were off", _NOTHING_OVER, answer)
    first, last = answer.rows[0], answer.rows[-1]
    return Block(
        "accuracy",
        "How far predictions were off, by quarter ahead",
        f"Calibration ratio {answer.text(first, 'cvar_calibration_ratio')} for the next quarter, "
        f"{answer.text(last, 'cvar_calibration_ratio')} for quarter "
        f"{answer.text(last, 'quarter_ahead')}: above 1 more was predicted than lost. Single "
        f"customers are further off: {answer.text(first, 'wape')} of the next quarter's value.",
        answer,
        note="WAPE: absolute differences of expected and actual value per customer, growth "
        "included, over actual value. Rank correlation of predicted and realized loss, mean over "
        "snapshots: 1 is the same order of customers, 0 none. Far quarters have been over for few "
        "snapshots, most of them early ones.",
    )


def _ranking(source: Source) -> Block:
    answer = source.read(
        _CAPTURES,
        [
            _QUARTER,
            Column("first_month", "First snapshot", "month"),
            Column("last_month", "Last snapshot", "month"),
            *(Column(name, label, "share") for name, label in _RANKINGS.items()),
        ],
    )
    title = "Who will lose most: share of the loss found in the tenth ranked first"
    if not answer.rows:
        return Block("ranking", title, _NOTHING_OVER, answer)
    folded = (
        alt.Chart(charts.ROWS)
        .transform_fold(list(_RANKINGS), as_=["ranking", "share"])
        .transform_calculate(
            label="datum.ranking === 'capture' ? 'This model' :"
            " datum.ranking === 'capture_by_rfm' ? 'RFM' : 'Run rate'"
        )
    )
    names = list(_RANKINGS.values())
    dots = folded.mark_point(size=110, filled=True).encode(
        alt.X(
            "share:Q",
            title="Share of realized loss in the first tenth",
            axis=charts.value_axis("share"),
            scale=alt.Scale(zero=True),
        ),
        alt.Y("quarter_ahead:O", title="Quarter ahead", axis=alt.Axis(grid=True)),
        alt.Color("label:N", **charts.colours(names, charts.SERIES[:3])),
        alt.Shape(
            "label:N", scale=alt.Scale(domain=names, range=["circle", "square", "triangle-up"])
        ),
        tooltip=charts.tooltips(answer, "quarter_ahead", *_RANKINGS),
    )
    row = answer.rows[0]
    return Block(
        "ranking",
        title,
        f"All territories, snapshots of {answer.text(row, 'first_month')} to "
        f"{answer.text(row, 'last_month')}, next quarter: the tenth of customers with the largest "
        f"predicted loss held "
        f"{answer.text(row, 'capture')} of what was lost; the largest tenth by run rate "
        f"{answer.text(row, 'capture_by_value')}, the best by RFM "
        f"{answer.text(row, 'capture_by_rfm')}. A tenth of customers drawn by lot "
        "would hold a tenth.",
        answer,
        charts.spec(dots, height=220),
        note="RFM ranks by recency, frequency and monetary value, in fifths, ties by run rate; "
        "where the best fifth by RFM holds the largest customers too, both lists begin alike. The "
        "largest customers are rarely the ones who leave.",
    )


def _lead(source: Source) -> Block:
    answer = source.read(
        "select lag_months, correlation, customer_months from marts.fct_cvar_lead"
        " order by lag_months",
        [
            Column("lag_months", "Lag", "months"),
            Column("correlation", "Correlation", "ratio"),
            Column("customer_months", "Changes compared", "customer-months"),
        ],
    )
    title = "Does CVAR move before lifetime value? Correlation by lag"
    known = [row for row in answer.rows if row["correlation"] is not None]
    if not known:
        return Block(
            "lead",
            title,
            "Not known yet: there are no two changes of CVAR and lifetime value to compare.",
            answer,
        )
    bars = (
        alt.Chart(charts.ROWS)
        .transform_joinaggregate(strongest="min(correlation)")
        .transform_calculate(
            kind="datum.correlation === datum.strongest && datum.correlation < 0"
            " ? 'most negative' : 'other lags'"
        )
        .mark_bar(size=16)
        .encode(
            alt.X(
                "lag_months:O",
                title="Months from CVAR to lifetime value",
                axis=alt.Axis(labelAngle=0),
            ),
            alt.Y("correlation:Q", title="Rank correlation", axis=charts.value_axis("ratio")),
            alt.Color(
                "kind:N",
                **charts.colours(["most negative", "other lags"], [charts.ACCENT, charts.NEUTRAL]),
            ),
            tooltip=charts.tooltips(answer, "lag_months", "correlation", "customer_months"),
        )
    )
    return Block(
        "lead",
        title,
        _lead_said(answer, min(known, key=lambda row: row["correlation"])),
        answer,
        charts.spec(bars, height=240),
        note="Changes over a quarter, all active customers and months together. Below zero: where "
        "the CVAR rate rose, lifetime value (which knows nothing of experience) fell that many "
        "months later. Changes overlap, so neighbouring lags resemble each other.",
    )


def _lead_said(answer: Answer, row: Row) -> str:
    said = (
        f"correlation {answer.text(row, 'correlation')} over "
        f"{answer.text(row, 'customer_months')} changes, the most negative of all lags (0 would be "
        "no link, -1 a perfect one)."
    )
    if row["correlation"] > _HARDLY:
        return f"Hardly at any lag: {said}"
    if row["lag_months"] == 0:
        return f"No: lifetime value fell in the same months in which the CVAR rate rose, {said}"
    plural = "s" if row["lag_months"] > 1 else ""
    return (
        "Yes: where the CVAR rate rose, lifetime value fell "
        f"{answer.text(row, 'lag_months')} month{plural} later, {said}"
    )


def _evidence(source: Source, card: Mapping[str, Any]) -> Block:
    wanted = card["parameters"]["evidence_z"] if card else None
    answer = source.read(
        _EVIDENCE,
        [
            Column("fitted_as_of", "Fitted as of", "month"),
            Column("errors", "Improvement (standard errors)", "ratio"),
            Column("keeps_experience", "Experience kept"),
        ],
    )
    title = "Does experience predict? Its improvement of earlier predictions"
    if all(row["errors"] is None for row in answer.rows):
        return Block(
            "evidence",
            title,
            "Not tested: there is no experience in the delivered extracts, or no earlier "
            "prediction that it could improve.",
            answer,
        )
    kept = [row["fitted_as_of"] for row in answer.rows if row["keeps_experience"]]
    last = answer.rows[-1]
    lines = alt.Chart(charts.ROWS).encode(
        charts.months("fitted_as_of", "Month of the fit", labelOverlap="parity"),
        alt.Y("errors:Q", title="Improvement (standard errors)", axis=charts.value_axis("number")),
    )
    asked = [
        alt.Chart(charts.ROWS)
        .mark_rule(strokeDash=[4, 4], color=charts.SOFT)
        .encode(alt.Y(datum=z))
        for z in [wanted]
        if z is not None
    ]
    chart = alt.layer(
        lines.mark_line(color=charts.NEUTRAL),
        lines.mark_point(size=70, filled=True).encode(
            alt.Color(
                "state:N",
                **charts.colours(["kept", "left out"], [charts.ACCENT, charts.NEUTRAL]),
            ),
            alt.Shape(
                "state:N", scale=alt.Scale(domain=["kept", "left out"], range=["circle", "cross"])
            ),
            tooltip=charts.tooltips(answer, "fitted_as_of", "errors", "keeps_experience"),
        ),
        *asked,
    ).transform_calculate(state="datum.keeps_experience ? 'kept' : 'left out'")
    return Block(
        "evidence",
        title,
        f"As of {month_text(last['fitted_as_of'])}, experience had improved the predictions of "
        f"earlier months by {answer.text(last, 'errors')} standard errors"
        + (f"; {text(wanted, 'ratio')} are asked for (dashed)" if wanted is not None else "")
        + f". It was kept in {len(kept)} of {len(answer.rows)} fits.",
        answer,
        charts.spec(chart, height=240),
        note="Out of sample, all quarters ahead and all drivers together: one test of the whole, "
        "no picking. The evidence grows with every month that is over.",
    )


def _fits(source: Source) -> Block:
    answer = source.read(
        _FITS,
        [
            Column("quarter", "Quarter ahead"),
            Column("fitted_quarter", "Fitted to quarter"),
            Column("window_first_month", "First snapshot", "month"),
            Column("window_last_month", "Last snapshot", "month"),
            Column("customer_months", "Customer-months", "customer-months"),
            Column("customers", "Customers", "customers"),
            Column("model_version", "Model"),
            Column("fitted_as_of", "Fitted as of", "month"),
        ],
    )
    if not answer.rows:
        return Block("fits", "What the fit in force rests on", _NO_FIT, answer)
    row = answer.rows[0]
    chained = [
        answer.text(row, "quarter")
        for row in answer.rows
        if row["quarter"] != row["fitted_quarter"]
    ]
    summary = (
        f"Model {row['model_version']}, fitted as of {month_text(row['fitted_as_of'])}: the next "
        f"quarter from {answer.text(row, 'customer_months')} customer-months of "
        f"{answer.text(row, 'customers')} active customers."
    )
    if chained:
        summary += (
            f" Quarter {' and '.join(chained)} had too few snapshots of its own and takes the "
            "longest quarter fitted, its level chained."
        )
    return Block(
        "fits",
        "What the fit in force rests on",
        summary,
        answer,
        shown=[column.name for column in answer.columns[:6]],
        note="One fractional logit per quarter ahead, weighted with the run rate so that money is "
        "calibrated, on the newest snapshots whose outcome was known.",
    )


def effects(source: Source, drivers: Mapping[str, str]) -> Block:
    """What drivers of experience go with in the fit in force, which has to hold them.

    Args:
        source: the published version.
        drivers: readers' words for them.
    """
    answer = source.read(
        _EFFECTS,
        [
            Column("driver", "Driver"),
            Column("quarter", "Quarter ahead"),
            Column("odds_low", "Low", "ratio"),
            Column("odds", "Odds of staying, times", "ratio"),
            Column("odds_high", "High", "ratio"),
        ],
    ).named("driver", drivers)
    names = list(dict.fromkeys(row["driver_name"] for row in answer.rows))
    base = alt.Chart(charts.ROWS).encode(
        alt.Y("driver_name:N", sort=names, title=None),
        alt.YOffset("quarter:O"),
        alt.Color(
            "quarter:O",
            scale=alt.Scale(domain=[1, 2, 3, 4], range=charts.SERIES[:4]),
            legend=alt.Legend(title="Quarter ahead"),
        ),
    )

    def across(field: str) -> alt.X:
        return alt.X(
            f"{field}:Q",
            title="Odds of staying, times",
            scale=alt.Scale(zero=False),
            axis=charts.value_axis("ratio"),
        )

    chart = alt.layer(
        alt.Chart(charts.ROWS)
        .mark_rule(strokeDash=[4, 4], color=charts.SOFT)
        .encode(alt.X(datum=1)),
        base.mark_rule(strokeWidth=2).encode(across("odds_low"), alt.X2("odds_high:Q")),
        base.mark_point(size=60, filled=True).encode(
            across("odds"),
            tooltip=charts.tooltips(
                answer, "driver_name", "quarter", "odds_low", "odds", "odds_high"
            ),
        ),
    )
    said = []
    for quarter in dict.fromkeys(row["quarter"] for row in (*answer.rows[:1], *answer.rows[-1:])):
        most = leaders(answer, answer.where(quarter=quarter), "odds", "driver_name")
        if most:
            said.append(f"{most.names.lower()} for quarter {quarter} ({most.text} times)")
    return Block(
        "effects",
        "What a step towards better experience goes with",
        f"{_in_force(source)}, all territories. Odds of staying go up most with "
        f"{', with '.join(said) or 'nothing that is known'}.",
        answer,
        charts.spec(chart, height=360),
        shown=["driver_name", "quarter", "odds_low", "odds", "odds_high"],
        note="A step is ten points of a score, .1 less variability or one overdue promise fewer, "
        "all else equal. Lines: 95 % of the uncertainty of the fit. Signs are bounded: a bare 1 "
        "stands at its bound, and the data do not carry that driver. Associated, not caused.",
    )


def _in_force(source: Source) -> str:
    """Which fit is in force."""
    return f"Fit in force at the end of {month_text(source.months[-1])}"


def _history(source: Source) -> Block:
    read = source.read(
        _HISTORY_ODDS,
        [
            Column("term", "What"),
            *(Column(f"quarter_{place}", f"Quarter {place}", "ratio") for place in range(1, 5)),
        ],
    )
    answer = read.named(
        "term", {term: f"{name} ({step})" for term, (name, step) in _HISTORY.items()}
    )
    title = "What history says: odds of staying, times"
    # In the order of how far they are from 1 either way.
    row = next((row for row in answer.rows if row["quarter_1"] is not None), None)
    if row is None:
        return Block("history", title, _NO_FIT, answer)
    return Block(
        "history",
        title,
        f"{_in_force(source)}, all territories. Most for the next quarter: {row['term_name']}, "
        f"odds of staying {answer.text(row, 'quarter_1')} times as large.",
        answer,
        shown=["term_name", "quarter_1", "quarter_2", "quarter_3", "quarter_4"],
        note="Above 1 more of the value stays, below 1 less, all else equal. How uncertain each is "
        "stands in the model card; not all of them differ from 1 by more than chance.",
    )
