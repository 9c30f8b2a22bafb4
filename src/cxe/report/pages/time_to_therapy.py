"""Path to fulfillment: how long patients wait for therapy, and what ends the wait."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt

from cxe.report import bars, charts, small_cells
from cxe.report.answers import HIDDEN, Column
from cxe.report.blocks import Block
from cxe.report.joins import beside, resting_on
from cxe.report.pages.words import PAYERS
from cxe.report.sentences import (
    capitalised,
    is_hiding,
    of_shown,
    spread,
)
from cxe.report.small_cells import hide, small_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cxe.report.answers import Answer, Row
    from cxe.report.months import Months
    from cxe.report.source import Source

LAST_DAY = 90
# Days by which one asks what has become of cases.
MARKS = (7, 14, 21, 30, 60, 90)
_CURVE = ("delivered_share", "lower", "upper")
_MEDIAN = "time_to_therapy_median_days"
_ENDS = {
    "delivered": "Delivered",
    "waiting": "Still waiting",
    "given_up": "Given up or other end",
    "denied": "Denied",
}


def blocks(source: Source, year: Months) -> list[Block]:
    """Time from receipt to the first delivery, of all journeys to a start ever received.

    Args:
        source: the published version.
        year: months whose cases are old enough to judge.
    """
    payers = _medians(source, "payer_type")
    return [
        _curve(source, payers),
        _by_payer(source),
        _ends(source),
        _median_by_payer(payers),
        _median_by_month(source, year),
    ]


def _curves(source: Source, payers: str) -> Answer:
    """Share delivered by day, which moves only where more than 10 patients move it."""
    counts = ("so_far", "left_waiting")
    found = source.read(
        f"""
        select
            payer_type,
            days,
            1 - survival as delivered_share,
            1 - survival_upper as lower,
            1 - survival_lower as upper,
            sum(delivered) over (partition by payer_type order by days) as so_far,
            at_risk - delivered - denied - abandoned - other - censored as left_waiting
        from marts.fct_time_to_therapy
        where
            received_month is null and {payers}
            and days <= {LAST_DAY} and at_risk > {small_cells.LARGEST_SMALL_CELL}
        order by payer_type, days
        """,
        [
            Column("payer_type", "Payer type"),
            Column("days", "Days since receipt", "day"),
            Column("delivered_share", "Delivered", "share"),
            Column("lower", "Lower 95 % limit", "share"),
            Column("upper", "Upper 95 % limit", "share"),
            *(Column(name, "", "cases") for name in counts),
        ],
    )
    rows = []
    for payer in dict.fromkeys(row["payer_type"] for row in found.rows):
        of = found.where(payer_type=payer)
        hidden = small_steps([row["so_far"] for row in of])
        for place, row in enumerate(of):
            is_small = place in hidden or row["left_waiting"] <= small_cells.LARGEST_SMALL_CELL
            rows.append({**row, **dict.fromkeys(_CURVE if is_small else (), HIDDEN)})
    shown = [column.name for column in found.columns if column.name not in counts]
    return replace(found, rows=rows).only(*shown).named("payer_type", PAYERS)


def _curve(source: Source, medians: Answer) -> Block:
    answer = _curves(source, "payer_type = 'all'")
    points = answer.known("delivered_share")
    summary = "No case has waited for therapy."
    if points and points[0]["delivered_share"]:
        summary = (
            f"Had no wait ended otherwise, {answer.text(points[0], 'delivered_share')} of all new "
            f"and restarted cases would have been delivered within "
            f"{answer.text(points[0], 'days')} days."
        )
    for row in medians.where(payer_type="all"):
        if row[_MEDIAN] is not None:
            summary += (
                f" Half would have been within {medians.text(row, _MEDIAN)} days (95 % limits "
                f"{medians.text(row, 'lower')} to {medians.text(row, 'upper')})."
            )
    if points:
        summary += " All cases ever received."
    base = alt.Chart(charts.ROWS).transform_filter("isValid(datum.delivered_share)")
    chart = alt.layer(
        base.transform_filter("isValid(datum.lower)")
        .mark_area(opacity=0.22, interpolate="step-after", color=charts.ACCENT)
        .encode(_days(), alt.Y("lower:Q"), alt.Y2("upper:Q")),
        base.mark_line(interpolate="step-after").encode(
            _days(),
            _delivered(),
            tooltip=charts.tooltips(answer, "days", *_CURVE),
        ),
    )
    return Block(
        "time-to-therapy",
        "How many cases are delivered by which day",
        summary,
        answer,
        charts.spec(chart) if points else None,
        shown=["days", *_CURVE],
        note="Kaplan-Meier estimate with its 95 % limits. Cases that ended otherwise count up to "
        "their end, so nobody is left out. The curve moves once more than 10 further cases were "
        "delivered and ends where 10 or fewer are left waiting.",
    )


def _by_payer(source: Source) -> Block:
    answer = _curves(source, "payer_type <> 'all'")
    points = answer.known("delivered_share")
    names = [name for code, name in PAYERS.items() if code not in {"all", None}]
    there = [name for name in names if name in {row["payer_type_name"] for row in points}]
    chart = (
        alt.Chart(charts.ROWS)
        .transform_filter("isValid(datum.delivered_share)")
        .mark_line(interpolate="step-after")
        .encode(
            _days(),
            _delivered(),
            alt.Color(
                "payer_type_name:N",
                **charts.colours(there, charts.SERIES[: len(there)], columns=2),
            ),
            alt.StrokeDash(
                "payer_type_name:N",
                scale=alt.Scale(domain=there),
                legend=alt.Legend(title=None, columns=2),
            ),
            tooltip=charts.tooltips(answer, "payer_type_name", "days", "delivered_share"),
        )
    )
    # Rows come by falling share, and a curve never falls: the first of a payer is its end.
    ends = {row["payer_type_name"]: row for row in reversed(points)}
    summary = "No payer type has more than 10 delivered cases."
    if points:
        said = [
            f"{name} {answer.text(ends[name], 'delivered_share')} by day "
            f"{answer.text(ends[name], 'days')}"
            for name in there
        ]
        summary = f"At the last day on which the curve moves: {', '.join(said)}."
    return Block(
        "time-to-therapy-by-payer",
        "How many cases are delivered by which day, by payer type",
        summary,
        answer,
        charts.spec(chart) if points else None,
        shown=["payer_type_name", "days", *_CURVE],
        note="Limits stand in the table. A flat end is a curve of which no more can be shown.",
    )


def _ends(source: Source) -> Block:
    """What had become of cases by some days."""
    marks = ", ".join(f"({day})" for day in MARKS)
    found = source.read(
        f"""
        with waits as (
            select
                marks.day,
                arg_max(incidence_delivered, days) as delivered,
                arg_max(incidence_denied, days) as denied,
                arg_max(incidence_abandoned + incidence_other, days) as given_up,
                arg_max(still_waiting, days) as waiting,
                sum(delivered) as delivered_cases,
                sum(denied) as denied_cases,
                sum(abandoned) + sum(other) as given_up_cases,
                arg_max(at_risk - delivered - denied - abandoned - other - censored, days)
                    as waiting_cases
            from marts.fct_time_to_therapy
            inner join (values {marks}) as marks (day) on days <= marks.day
            where received_month is null and payer_type = 'all'
            group by marks.day
            having waiting_cases > {small_cells.LARGEST_SMALL_CELL}
        )
        select day, ending, share, cases
        from waits
        unpivot (
            (share, cases) for ending in (
                (delivered, delivered_cases) as 'delivered',
                (waiting, waiting_cases) as 'waiting',
                (given_up, given_up_cases) as 'given_up',
                (denied, denied_cases) as 'denied'
            )
        )
        order by day, ending
        """,
        [
            Column("day", "By day", "day"),
            Column("ending", "What became of cases"),
            Column("share", "Share", "share"),
            Column("cases", "Cases", "cases"),
        ],
    )
    answer = replace(found, rows=_safe(found.rows)).named("ending", _ENDS)
    hidden = {row["day"] for row in answer.rows if row["share"] is HIDDEN}
    last = max((row["day"] for row in answer.rows if row["day"] not in hidden), default=None)
    summary = "Too few cases wait to say what becomes of them."
    if last is not None:
        said = [
            f"{answer.text(row, 'share')} {row['ending_name'].lower()}"
            for row in sorted(
                answer.where(day=last), key=lambda row: list(_ENDS).index(row["ending"])
            )
        ]
        summary = f"Within {last} days of receipt: {', '.join(said)}. All cases ever received."
    order = list(_ENDS.values())
    colours = (charts.SERIES[0], charts.NEUTRAL, charts.SERIES[4], charts.SERIES[1])
    chart = (
        alt.Chart(charts.ROWS)
        .transform_joinaggregate(_known="valid(share)", groupby=["day"])
        .transform_filter(f"datum._known == {len(_ENDS)}")
        .transform_calculate(
            _by="'Day ' + datum.day",
            _place=f"indexof({order}, datum.ending_name)",
            _label="datum.share >= 0.1 ? format(datum.share, '.0%') : ''",
        )
        .encode(
            alt.Y("_by:N", title=None, sort=[f"Day {day}" for day in MARKS], axis=_bare_axis()),
            tooltip=charts.tooltips(answer, "day", "ending_name", "share"),
        )
    )
    share = alt.X(
        "share:Q",
        title="Share of cases",
        stack="zero",
        scale=alt.Scale(domain=[0, 1]),
        axis=charts.value_axis("share"),
    )
    stacked = alt.layer(
        chart.mark_bar(height=alt.RelativeBandSize(band=0.66)).encode(
            share,
            alt.Color("ending_name:N", **charts.colours(order, colours, columns=2)),
            alt.Order("_place:Q"),
        ),
        chart.mark_text(align="right", dx=-5, color="var(--panel)", fontWeight=600).encode(
            alt.X("share:Q", stack="zero"),
            alt.Order("_place:Q"),
            detail="ending_name:N",
            text="_label:N",
        ),
    )
    days = len({row["day"] for row in answer.rows} - hidden)
    return Block(
        "ends",
        "What has become of cases, by days since receipt",
        summary,
        answer,
        charts.spec(stacked, bars.rows_height(days) + 56) if days else None,
        shown=["day", "ending_name", "share"],
        note="What really happened (Aalen-Johansen): shares of a day add up to all cases. A day "
        "is drawn where that tells of no 10 cases or fewer.",
    )


def _safe(rows: Sequence[Row]) -> list[Row]:
    """Shares of each day, without what few patients tell from the day before or from all cases."""
    found = [{**row, "patients": row["cases"]} for row in rows]
    for ending in _ENDS:
        of = [row for row in found if row["ending"] == ending]
        for place in small_steps([row["cases"] for row in of]):
            of[place]["patients"] = 1
    return [
        row
        for day in dict.fromkeys(row["day"] for row in found)
        for row in hide(
            [row for row in found if row["day"] == day],
            ["ending"],
            {"share": ["patients"], "cases": ["patients"]},
            {"patients": "patients"},
        )
    ]


def _medians(source: Source, cut: str) -> Answer:
    """The median with its limits, by payer type or month."""
    read, of = {
        "payer_type": ("payer_type", "received_month is null"),
        "month": ("received_month", "payer_type = 'all' and received_month is not null"),
    }[cut]
    limits = source.read(
        f"""
        select
            {read} as {cut},
            median_days_lower as lower,
            median_days_upper as upper,
            delivered,
            cases
        from marts.fct_time_to_therapy_medians
        where {of}
        order by 1
        """,
        [
            Column(cut, "Month" if cut == "month" else "Payer type", "month" * (cut == "month")),
            Column("lower", "Lower 95 % limit", "days"),
            Column("upper", "Upper 95 % limit", "days"),
            Column("delivered", "", "cases"),
        ],
    )
    found = beside(source.ask(_MEDIAN, by=[cut]), limits)
    shown = (_MEDIAN, "lower", "upper")
    standing = {name: ["delivered"] for name in shown}
    return resting_on(found, limits.only(cut, "delivered"), standing).only(cut, *shown)


def _median_by_payer(medians: Answer) -> Block:
    answer = medians.named("payer_type", PAYERS)
    names = [row["payer_type_name"] for row in answer.known(_MEDIAN)]
    summary = "No payer type has a median yet."
    payers = answer.filtered(lambda row: row["payer_type"] != "all")
    runs = spread(payers, payers.rows, _MEDIAN, "payer_type_name", "days")
    if runs:
        told = (
            "had no wait ended otherwise, the time within which half of the cases would have been "
            f"delivered runs {runs}. All cases ever received."
        )
        summary = capitalised(of_shown(told, is_hiding(payers.rows, _MEDIAN)))
    base = (
        alt.Chart(charts.ROWS)
        .transform_calculate(
            _label=f"isValid(datum.{_MEDIAN}) ? datum.{_MEDIAN} + ' days' : '\N{BULLET}'"
        )
        .encode(
            bars.categories("payer_type_name", names),
            tooltip=charts.tooltips(answer, "payer_type_name", _MEDIAN, "lower", "upper"),
        )
    )
    days = bars.lengths(answer[_MEDIAN], title="Days, with 95 % limits")
    chart = alt.layer(
        base.mark_rule(strokeWidth=3, color=charts.ACCENT, opacity=0.4).encode(
            alt.X("lower:Q"), alt.X2("upper:Q")
        ),
        base.mark_point(size=110, color=charts.ACCENT).encode(days),
        bars.labels(base),
    )
    return Block(
        "median-by-payer",
        "Median time to therapy by payer type",
        summary,
        answer,
        charts.spec(chart, bars.rows_height(len(names))) if names else None,
        shown=["payer_type_name", _MEDIAN, "lower", "upper"],
        note="Kaplan-Meier medians: cases that ended otherwise count up to their end.",
    )


def _median_by_month(source: Source, year: Months) -> Block:
    answer = _medians(source, "month")
    points = sorted(answer.known(_MEDIAN), key=lambda row: row["month"])
    summary = "No month of receipt that is old enough to judge has a median."
    # What became of newer cases is not known yet.
    mature = [row for row in points if row["month"] <= year.until]
    if mature:
        first, last = mature[0], mature[-1]
        summary = (
            "Had no wait ended otherwise, half of the cases received in "
            f"{answer.text(last, 'month')} would have been delivered within "
            f"{answer.text(last, _MEDIAN)} days"
        )
        if last is not first:
            summary += f", of {answer.text(first, 'month')} within {answer.text(first, _MEDIAN)}"
        summary += "; newer months are too young to judge." if mature != points else "."
    base = alt.Chart(charts.ROWS).transform_filter(f"isValid(datum.{_MEDIAN})")
    month = charts.months(title="Month of receipt")
    chart = alt.layer(
        base.mark_area(opacity=0.22, color=charts.ACCENT).encode(
            month, alt.Y("lower:Q"), alt.Y2("upper:Q")
        ),
        base.mark_line(point=True).encode(
            month,
            charts.values(answer[_MEDIAN]),
            tooltip=charts.tooltips(answer, "month", _MEDIAN, "lower", "upper"),
        ),
    )
    return Block(
        "median-by-month",
        "Median time to therapy by month of receipt",
        summary,
        answer,
        charts.spec(chart) if points else None,
        note="Kaplan-Meier medians, with 95 % limits. An upper limit that is not known yet leaves "
        "a gap in the band.",
    )


def _days() -> alt.X:
    return alt.X(
        "days:Q", title="Days since receipt", axis=alt.Axis(tickCount=6, tickMinStep=1, grid=False)
    )


def _delivered() -> alt.Y:
    return alt.Y(
        "delivered_share:Q",
        title="Share delivered",
        scale=alt.Scale(domain=[0, 1]),
        axis=charts.value_axis("share"),
    )


def _bare_axis() -> alt.Axis:
    return alt.Axis(ticks=False, domain=False, labelPadding=8)
